"""Values as JSON: `pack` and `unpack` are opposites, for a session's variables; `plain` is for the world outside."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

SCALARS = (str, int, float, bool, type(None))


def pack(value: Any) -> Any:
    """`Decimal("1.5")` is `{"$decimal": "1.5"}`, a date `{"$date": "2026-03-02"}`; all else is itself."""
    if isinstance(value, SCALARS):
        return value
    if isinstance(value, list | tuple):
        return [pack(item) for item in value]
    if isinstance(value, dict):
        packed = {str(key): pack(item) for key, item in value.items()}
        return {"$map": packed} if len(packed) == 1 and next(iter(packed)).startswith("$") else packed
    if isinstance(value, Decimal):
        return {"$decimal": str(value)}
    if isinstance(value, datetime):
        return {"$datetime": value.isoformat()}
    if isinstance(value, date):
        return {"$date": value.isoformat()}
    if isinstance(value, time):
        return {"$time": value.isoformat()}
    return str(value)


_UNPACK: dict[str, Callable[[Any], Any]] = {
    "$decimal": Decimal,
    "$datetime": datetime.fromisoformat,
    "$date": date.fromisoformat,
    "$time": time.fromisoformat,
    "$map": lambda packed: {key: unpack(item) for key, item in packed.items()},
}


def unpack(value: Any) -> Any:
    """What `pack` made."""
    if isinstance(value, list):
        return [unpack(item) for item in value]
    if isinstance(value, dict):
        if len(value) == 1:
            key, item = next(iter(value.items()))
            if key in _UNPACK:
                return _UNPACK[key](item)
        return {key: unpack(item) for key, item in value.items()}
    return value


def plain(value: Any) -> Any:
    """As other programs read it: numbers are numbers, dates are ISO 8601 text."""
    if isinstance(value, SCALARS):
        return value
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() and abs(value) < 2**53 else float(value)
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value)


def size(value: Any) -> int:
    """About how many bytes of JSON it is; never less than half."""
    if isinstance(value, str):
        return len(value) + 2 if value.isascii() else len(value.encode(errors="replace")) + 2
    if isinstance(value, dict):
        return 2 + sum(len(str(key)) + 4 + size(item) for key, item in value.items())
    if isinstance(value, list | tuple):
        return 2 + sum(1 + size(item) for item in value)
    return (
        4 if value is None or isinstance(value, bool) else len(str(value)) + (20 if isinstance(value, Decimal) else 0)
    )


def fingerprint(text: str) -> int:
    """The same number for the same text in every process."""
    return zlib.crc32(text.encode(errors="surrogatepass"))
