"""What a session may know of the world while one event is applied: values only, taken when the event was."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from pytake_cli.policy.hours import Schedule

if TYPE_CHECKING:
    from pytake_cli.flow.definition import Flow


class Library(Protocol):
    """Flows by name and by version. Definitions never change, so the same ref always gives the same flow."""

    def published(self, name: str) -> Flow | None: ...

    def version(self, ref: str) -> Flow: ...


@dataclass(frozen=True, slots=True)
class Context:
    """`contact`, `conversation`, `org` hold only JSON and dates; the time zone is the contact's, else the org's."""

    library: Library
    contact: Mapping[
        str, Any
    ]  # {"id", "name", "first_name", "phone", "language", "tags": […], "stage", "score", "fields": {…}}
    conversation: Mapping[str, Any] = field(default_factory=dict)
    org: Mapping[str, Any] = field(default_factory=dict)  # {"name", "country", "currency", "tz", "language"}
    tz: str = "America/Sao_Paulo"
    window_closes_at: datetime | None = None  # None: closed
    schedules: Mapping[str, Schedule] = field(default_factory=dict)  # business hours by name
    templates: Mapping[str, Any] = field(default_factory=dict)  # "name/language" -> the definition as synced
