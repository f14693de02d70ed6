"""Values of an organisation's own fields: what people type or a sheet holds, as number, date, bool, choice, text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from typing import Any

from pytake_cli.flow.words import bare, closest
from pytake_cli.policy.people import storable

Value = str | int | float | bool

LONGEST_TEXT = 4000  # characters
TRUE = frozenset({"true", "yes", "y", "1", "sim", "s", "verdadeiro", "v", "x"})
FALSE = frozenset({"false", "no", "n", "0", "nao", "falso", "f"})
_USUAL = re.compile(r"-?[0-9]{1,9}(?:[.,][0-9]{1,2})?")  # what imports read by the million
_PLAIN = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)")
_COMMA = re.compile(r"[+-]?\d*,\d+")  # 10,5
_GROUPED = re.compile(r"[+-]?\d{1,3}(\.\d{3})+,\d+")  # 1.234,56
_GROUPED_ENGLISH = re.compile(r"[+-]?\d{1,3}(,\d{3})+\.\d+")  # 1,234.56
_GROUPS_ONLY = re.compile(r"[+-]?\d{1,3}(,\d{3})+|[+-]?\d{1,3}(\.\d{3}){2,}")  # 1,234 and 1.234.567
_DIGITS = 15  # as many as a float tells apart
_SLASHES = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")


class Misfit(ValueError):
    """Why a text is no value of the type: `template` is for str.format with `values`, and translated when shown."""

    def __init__(self, template: str, **values: Any) -> None:
        super().__init__(template.format(**values) if values else template)
        self.template, self.values = template, values


def read(
    type_: str, given: Value, *, choices: Sequence[str] = (), month_first: bool = False, tz: tzinfo = UTC
) -> Value | None:
    """The value as `contact.fields` keeps it; None for what is empty. Raises Misfit.

    `month_first` says how 03/11/2026 is meant; `tz` whose a time without an offset is.
    """
    if type_ == "number" and isinstance(given, str) and _USUAL.fullmatch(given):
        return _whole_or_not(float(given.replace(",", ".")))
    text = _text(given)
    if not text:
        return None
    match type_:
        case "number":
            return _number(text)
        case "bool":
            return _bool(text)
        case "date":
            return _date(text, month_first, tz)
        case "choice":
            return _choice(text, choices)
        case _:
            if len(text) > LONGEST_TEXT:
                raise Misfit("it is longer than {most} characters", most=LONGEST_TEXT)
            return text


def type_of(value: object) -> str:
    """The type that a value without a declared field has."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, date):
        return "date"
    return "number" if isinstance(value, int | float | Decimal) else "text"


def _text(given: Value) -> str:
    if isinstance(given, bool):
        return "true" if given else "false"
    return storable(str(given)).strip()


def _number(text: str) -> int | float:
    compact = text.replace(" ", "").replace("\u00a0", "")
    if _GROUPED.fullmatch(compact):
        compact = compact.replace(".", "").replace(",", ".")
    elif _GROUPED_ENGLISH.fullmatch(compact):
        compact = compact.replace(",", "")
    elif _GROUPS_ONLY.fullmatch(compact):
        raise Misfit("its separators may mean thousands or decimals; write 1234 or 1.5")
    elif _COMMA.fullmatch(compact):
        compact = compact.replace(",", ".")
    if not _PLAIN.fullmatch(compact) or not compact.isascii():
        raise Misfit("it is no number, such as 10 or 10.5")
    if sum(map(str.isdigit, compact.lstrip("+-0."))) > _DIGITS:
        raise Misfit("it has more than {most} digits; a text field keeps them all", most=_DIGITS)
    return _whole_or_not(float(compact))


def _whole_or_not(value: float) -> int | float:
    return int(value) if value.is_integer() else value


def _bool(text: str) -> bool:
    word = bare(text)
    if word in TRUE:
        return True
    if word in FALSE:
        return False
    raise Misfit("it is neither yes nor no")


def _date(text: str, month_first: bool, tz: tzinfo) -> str:
    slashes = _SLASHES.fullmatch(text)
    try:
        if slashes:
            first, second, year = (int(part) for part in slashes.groups())
            return date(year, *((first, second) if month_first else (second, first))).isoformat()
        if len(text) == len("2026-11-01"):
            return date.fromisoformat(text).isoformat()
        moment = datetime.fromisoformat(text)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=tz)
        return moment.astimezone(UTC).isoformat(timespec="seconds")
    except (ValueError, OverflowError):
        example = "11/01/2026" if month_first else "01/11/2026"
        raise Misfit("it is no date, such as 2026-11-01, {example} or 2026-11-01T09:00", example=example) from None


def _choice(text: str, choices: Sequence[str]) -> str:
    word = bare(text)
    for choice in choices:
        if text == choice or bare(choice) == word:
            return choice
    near = closest(text, choices)
    known = ", ".join(choices)
    if near:
        raise Misfit("did you mean {near}? the choices are {choices}", near=near, choices=known)
    raise Misfit("the choices are {choices}", choices=known)
