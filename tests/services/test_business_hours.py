"""Business hours are read from the settings, and mistakes in them are named."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pytake_cli import settings
from pytake_cli.errors import ConfigError
from pytake_cli.policy.hours import is_holiday, is_open
from pytake_cli.services.business_hours import schedules


def test_a_schedule_of_the_settings_says_when_the_shop_is_open() -> None:
    shop = {"mon-fri": ["09:00-18:00"], "holidays": ["2026-12-25"], "special": {"2026-12-24": ["09:00-12:00"]}}
    settings.load({"flows.hours": {"shop": shop, "night": {"tz": "UTC", "mon-sun": ["20:00-06:00"]}}})
    found = schedules("America/Sao_Paulo")
    assert is_open(found["shop"], datetime(2026, 11, 23, 12, 0, tzinfo=UTC))
    assert not is_open(found["shop"], datetime(2026, 11, 23, 11, 59, tzinfo=UTC))
    assert not is_open(found["shop"], datetime(2026, 12, 24, 16, 0, tzinfo=UTC))
    assert is_holiday(found["shop"], datetime(2026, 12, 25, 16, 0, tzinfo=UTC))
    assert is_open(found["night"], datetime(2026, 11, 23, 5, 59, tzinfo=UTC))


@pytest.mark.parametrize("hours", [{"monday": ["09:00-18:00"]}, {"mon": ["9-18"]}, {"tz": "Mars", "mon": []}])
def test_a_mistake_names_the_schedule(hours: dict[str, object]) -> None:
    settings.load({"flows.hours": {"shop": hours}})
    with pytest.raises(ConfigError, match=r"flows\.hours\.shop"):
        schedules("UTC")
