"""Values of variables as their declared type wants them: `"12,5"` is no number, `"12.5"` is."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any

VarType = str

_TRUE = {"true", "yes", "sim", "1"}
_FALSE = {"false", "no", "não", "nao", "0"}


class Unfit(Exception):
    """The value is not of the type, and nothing makes it so."""


def convert(value: Any, kind: str) -> Any:
    """The value as a `kind`; None and "" clear a variable of any type but text."""
    if value is None or (value == "" and kind != "text"):
        return None
    convert_to = _TO.get(kind)
    if convert_to is None:
        raise Unfit(f"no type {kind}")
    try:
        return convert_to(value)
    except (ValueError, TypeError, InvalidOperation, OverflowError):
        raise Unfit(f"{_shown(value)} is no {kind}") from None


def _shown(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:60]}…"


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, int | float | Decimal):
        return str(value)
    raise ValueError


def _number(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError
    if isinstance(value, int | Decimal):
        return value
    found = Decimal(str(value).strip())
    if not found.is_finite():
        raise ValueError
    return found


def _integer(value: Any) -> int:
    found = _number(value)
    if found != int(found):
        raise ValueError
    return int(found)


def _money(value: Any) -> Any:
    return round(Decimal(_number(value)), 2)


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise ValueError


def _date(value: Any) -> date:
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else date.fromisoformat(str(value).strip()[:10])


def _time(value: Any) -> time:
    if isinstance(value, datetime):
        return value.time()
    return value if isinstance(value, time) else time.fromisoformat(str(value).strip())


def _datetime(value: Any) -> datetime:
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)  # noqa: DTZ001 - a day has no time zone
    return datetime.fromisoformat(str(value).strip())


def _list(value: Any) -> list[Any]:
    if isinstance(value, list | tuple):
        return list(value)
    if isinstance(value, dict):
        raise ValueError
    return [value]


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError
    return value


def _media(value: Any) -> Any:
    if isinstance(value, str) or (isinstance(value, dict) and "id" in value):
        return value
    raise ValueError


_TO = {
    "text": _text,
    "number": _number,
    "integer": _integer,
    "money": _money,
    "boolean": _boolean,
    "date": _date,
    "time": _time,
    "datetime": _datetime,
    "list": _list,
    "object": _object,
    "media": _media,
}
