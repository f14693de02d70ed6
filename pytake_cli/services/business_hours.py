"""Business hours as the settings have them, for flows."""

from __future__ import annotations

from datetime import date

from pytake_cli import settings
from pytake_cli.errors import ConfigError
from pytake_cli.policy.hours import Schedule, read_schedule


def schedules(tz: str) -> dict[str, Schedule]:
    """Every schedule by its name; one that names no time zone is in `tz`, the organisation's."""
    found: dict[str, Schedule] = {}
    for name, hours in settings.current().flows.hours.items():
        try:
            found[name] = read_schedule(hours.__pydantic_extra__, hours.tz or tz, hours.holidays, hours.special)
        except ValueError as error:
            raise ConfigError(
                "PT-FLOW-HOURS",
                "flows.hours.{name}: {detail}",
                fix="pytake config explain flows.hours",
                name=name,
                detail=str(error),
            ) from None
    return found


def holidays() -> dict[str, frozenset[date]]:
    """The holidays of every schedule by its name, for rules of recurrence that name one."""
    return {name: frozenset(hours.holidays) for name, hours in settings.current().flows.hours.items()}
