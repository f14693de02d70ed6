"""The forms of single values in campaign files and flags: `20:00-08:00`, `USD 800`, `5m`, `20/s`."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta, tzinfo
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

from pytake_cli.policy.campaigns import Canary, Cap, Money, Quiet

CURRENCY = "USD"  # of an amount that has none: what Meta's own rate card is in
NONE = ("none", "no", "off", "nenhum", False)  # turns off what would hold by default
_DURATION = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?:in)?)?(?:(\d+)s)?")
_SPAN = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)\s*-\s*([01]?\d|2[0-3]):([0-5]\d)")
_MONEY = re.compile(r"(?:([A-Z]{3})\s*)?(\d+(?:\.\d{1,6})?)(?:\s*([A-Z]{3}))?")
_LANGUAGE = re.compile(r"[a-z]{2,3}([-_][A-Za-z]{2,4})?")


class Unfit(Exception):
    """A value of another form; `expected` says which."""

    def __init__(self, expected: str) -> None:
        super().__init__(expected)
        self.expected = expected


def text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise Unfit("a text")
    return str(value)


def flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise Unfit("true or false")
    return value


def one_of(*words: str) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if value not in words:
            raise Unfit(" or ".join(words))
        return str(value)

    return read


def whole(least: int) -> Callable[[Any], int]:
    def read(value: Any) -> int:
        if isinstance(value, str) and value.isascii() and value.isdecimal():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise Unfit(f"a whole number from {least} on")
        return value

    return read


def share(value: Any) -> int:
    """`10` or `10%`."""
    try:
        found = whole(0)(value.removesuffix("%") if isinstance(value, str) else value)
    except Unfit:
        found = -1
    if not 0 <= found < 100:
        raise Unfit("a share of 100, such as 10")
    return found


def arm_name(value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[a-z0-9_-]{1,20}", value) or value == "holdout":
        raise Unfit("a short name, such as a")
    return value


def template(value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[a-z0-9_]{1,512}", value):
        raise Unfit("a template's name: small letters, digits and _")
    return value


def language(value: Any) -> str:
    if value == "":
        return ""
    if not isinstance(value, str) or not _LANGUAGE.fullmatch(value):
        raise Unfit("a language, such as pt_BR")
    return value.replace("-", "_")


def rate(value: Any) -> float:
    """`20` or `20/s`."""
    try:
        found = float(value.removesuffix("/s") if isinstance(value, str) else value)
    except (TypeError, ValueError):
        found = 0.0
    if isinstance(value, bool) or not 0.01 <= found <= 10_000:
        raise Unfit("messages a second, such as 20/s")
    return found


def duration(value: Any) -> timedelta:
    found = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None or not any(found.groups()):
        raise Unfit("a duration such as 30s, 5m, 2h or 3d")
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    try:
        return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    except OverflowError:
        raise Unfit("a duration such as 30s, 5m, 2h or 3d") from None


def quiet(value: Any, zone: Literal["contact", "org"]) -> Quiet | None:
    if value in NONE:
        return None
    found = _SPAN.fullmatch(value.strip()) if isinstance(value, str) else None
    start, end = (time(int(found[at]), int(found[at + 1])) for at in (1, 3)) if found else (time(), time())
    if start == end:
        raise Unfit("a span of the day, such as 20:00-08:00")
    return Quiet(start, end, zone)


def money(value: Any) -> Money:
    """`USD 800`, `800 USD` or `800`."""
    written = str(value).strip() if isinstance(value, str | int | float) and not isinstance(value, bool) else ""
    found = _MONEY.fullmatch(written)
    if found is None or (found[1] and found[3]):
        raise Unfit("an amount, such as USD 800")
    try:
        micros = int(Decimal(found[2]) * 1_000_000)
    except InvalidOperation:
        raise Unfit("an amount, such as USD 800") from None
    return Money(micros, found[1] or found[3] or CURRENCY)


def cap(value: Any) -> Cap:
    """`{messages: 2, days: 7}`, or none."""
    if value in NONE:
        return Cap(0, 1)
    if not isinstance(value, dict) or set(value) - {"messages", "days"} or "messages" not in value:
        raise Unfit("{messages: 2, days: 7}, or none")
    try:
        found = Cap(whole(1)(value["messages"]), whole(1)(value.get("days", 7)))
    except Unfit:
        raise Unfit("{messages: 2, days: 7}, or none") from None
    if found.days > 365:
        raise Unfit("{messages: 2, days: 7}, or none")
    return found


def canary(value: Any) -> Canary | None:
    """`{size: 50, wait: 5m}`, or none."""
    if value in NONE:
        return None
    if not isinstance(value, dict) or set(value) - {"size", "wait"} or "size" not in value:
        raise Unfit("{size: 50, wait: 5m}, or none")
    try:
        return Canary(whole(1)(value["size"]), duration(value.get("wait", "5m")))
    except Unfit:
        raise Unfit("{size: 50, wait: 5m}, or none") from None


def moment(value: Any, tz: tzinfo) -> datetime:
    """`2026-11-27 09:00`, in the organisation's zone unless it names its own."""
    if isinstance(value, datetime):
        found = value
    else:
        try:
            found = datetime.fromisoformat(value.strip())
        except (AttributeError, ValueError):
            raise Unfit("a time, such as 2026-11-27 09:00") from None
    try:
        return (found if found.tzinfo else found.replace(tzinfo=tz)).astimezone(UTC)
    except OverflowError:
        raise Unfit("a time, such as 2026-11-27 09:00") from None
