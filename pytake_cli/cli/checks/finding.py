"""A finding: what a check saw, how bad it is, how to mend it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

State = Literal["ok", "warning", "error", "skipped"]


@dataclass(frozen=True, slots=True)
class Finding:
    """`text` and `fix` are English templates for str.format with `values`; `mend` is what --fix does about it."""

    check: str
    state: State
    text: str
    slug: str = ""
    fix: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    mend: Callable[[], None] | None = None

    def message(self) -> str:
        return self.text.format(**self.values)

    def advice(self) -> str:
        return self.fix.format(**self.values)


def ok(check: str, text: str, **values: Any) -> Finding:
    return Finding(check, "ok", text, values=values)


def skipped(check: str, text: str, *, fix: str = "", **values: Any) -> Finding:
    """What could not be looked at, because something else is missing first."""
    return Finding(check, "skipped", text, fix=fix, values=values)


def warning(
    slug: str, text: str, *, check: str, fix: str = "", mend: Callable[[], None] | None = None, **values: Any
) -> Finding:
    """Somebody may want to act."""
    return Finding(check, "warning", text, slug, fix, values, mend)


def error(
    slug: str, text: str, *, check: str, fix: str = "", mend: Callable[[], None] | None = None, **values: Any
) -> Finding:
    """Somebody must act: something does not work."""
    return Finding(check, "error", text, slug, fix, values, mend)


def later(text: str) -> str:
    """Marks a text for the catalogue, as `_`; it is translated when it is shown."""
    return text
