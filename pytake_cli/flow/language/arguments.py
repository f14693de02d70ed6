"""What filters take: values read as the kind they need, or a plain message why not."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal

from pytake_cli.flow.language.operators import bounded, bounded_decimal, kind_of, number_of
from pytake_cli.flow.language.values import EvaluationError, Scope, Value
from pytake_cli.flow.language.writing import text_of
from pytake_cli.flow.locales import Locale, locale_of

_PLAIN = re.compile(r"[-+]?[0-9]{1,39}(?:\.[0-9]{1,39})?", re.ASCII)


def text(scope: Scope, value: object) -> str:
    """Any value as text."""
    return text_of(value, scope)


def number(value: object) -> int | Decimal:
    """A number, or a text that is plainly one: `12.5`; what customers type is read by the question that asks."""
    if isinstance(value, str):
        found = _PLAIN.fullmatch(value.strip())
        if found is None:
            raise EvaluationError("the text is no number")
        plain = found.group()
        read = bounded_decimal(Decimal(plain)) if "." in plain else bounded(int(plain))
        return number_of(read, "it")
    return number_of(value, "it")


def whole(value: object, name: str, least: int, most: int) -> int:
    """A whole number within bounds; `name` is the argument's."""
    if type(value) is not int or not least <= value <= most:
        raise EvaluationError(f"{name} is a whole number from {least} to {most}")
    return value


def flag(value: object, name: str) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise EvaluationError(f"{name} is true or false")
    return value


def items(scope: Scope, value: object) -> list[Value]:
    """The items of a list, the keys of a map; a list of characters is never meant, so text is refused."""
    if isinstance(value, list):
        scope.spend(len(value))
        return value
    if isinstance(value, Mapping):
        scope.spend(len(value))
        return [str(key) for key in value]
    raise EvaluationError(f"a list is needed, not {kind_of(value)}")


def day(scope: Scope, value: object) -> date:
    """A date, with its time if it has one, at the clock of `now`; ISO text is read."""
    if isinstance(value, str):
        value = _from_iso(value)
    if isinstance(value, datetime):
        now = scope.context.get("now")
        if value.tzinfo is not None and isinstance(now, datetime) and now.tzinfo is not None:
            return value.astimezone(now.tzinfo)
        return value
    if isinstance(value, date):
        return value
    raise EvaluationError(f"a date is needed, not {kind_of(value)}")


def moment(scope: Scope, value: object) -> date | time:
    """A date, a time, or both."""
    return value if isinstance(value, time) else day(scope, value)


def locale(scope: Scope) -> Locale:
    """The customs of the language texts are written in."""
    return locale_of(scope.language)


def _from_iso(value: str) -> date:
    plain = value.strip()
    try:
        return date.fromisoformat(plain) if len(plain) <= 10 else datetime.fromisoformat(plain)
    except ValueError:
        raise EvaluationError("the text is no date such as 2026-03-02") from None
