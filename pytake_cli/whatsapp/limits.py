"""The measuring tools of check(): each finds one kind of broken limit and names limit, place and what was given."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, NoReturn
from urllib.parse import urlsplit

from pytake_cli.errors import InvalidData

_SPACES = re.compile(r" {5,}")
_SHOWN = 60  # characters of a wrong value that an error repeats


def fail(where: str, limit: str, given: object) -> NoReturn:
    """Raises the error of a broken limit: `text.body: at most 4096 characters; got 5000 characters`."""
    raise InvalidData(
        "PT-WA-LIMIT",
        "{where}: {limit}; got {given}",
        fix="pytake message send -h",
        where=where,
        limit=limit,
        given=given,
    )


def shown(value: object) -> str:
    """A value short enough for an error message."""
    text = value if isinstance(value, str) else type(value).__name__
    return repr(text if len(text) <= _SHOWN else text[:_SHOWN] + "…")


def mapping(where: str, value: Any) -> dict[str, Any]:
    """The value, which must be an object."""
    return value if isinstance(value, dict) else fail(where, "an object", shown(value))


def listing(where: str, value: Any, least: int, most: int) -> list[Any]:
    """The value, which must be a list of `least` to `most` things."""
    if not isinstance(value, list):
        fail(where, "a list", shown(value))
    if not least <= len(value) <= most:
        fail(where, f"{least} to {most} items" if least != most else f"exactly {most} items", f"{len(value)} items")
    return value


def words(where: str, value: Any, most: int) -> str:
    """Text of 1 to `most` characters (Unicode code points) that is more than white space."""
    if not isinstance(value, str) or not value.strip():
        fail(where, "text that is not empty", "nothing" if value is None else shown(value))
    if len(value) > most:
        fail(where, f"at most {most} characters", f"{len(value)} characters")
    return value


def optional_words(where: str, value: Any, most: int) -> None:
    """Like words(), but it may be absent."""
    if value is not None:
        words(where, value, most)


def label(where: str, value: Any, most: int) -> str:
    """Text of one line for a button or a row: no space at either end, no line break."""
    text = words(where, value, most)
    if text != text.strip():
        fail(where, "no space at the beginning or the end", shown(text))
    if "\n" in text or "\r" in text:
        fail(where, "one line", "a line break")
    return text


def unique(where: str, values: Iterable[str]) -> None:
    """Every value once."""
    seen: set[str] = set()
    for value in values:
        if value in seen:
            fail(where, "different values", f"{shown(value)} twice")
        seen.add(value)


def one_of(where: str, value: Any, allowed: Sequence[str]) -> str:
    """One of a few words."""
    if not isinstance(value, str) or value not in allowed:
        fail(where, f"one of {', '.join(allowed)}", "nothing" if value is None else shown(value))
    return value


def only(where: str, value: dict[str, Any], allowed: Iterable[str]) -> None:
    """No member but these: Meta refuses unknown ones with code 100."""
    strange = sorted(set(value) - set(allowed))
    if strange:
        fail(where, f"only the members {', '.join(sorted(allowed))}", ", ".join(strange)[:200])


def web_address(where: str, value: Any, most: int = 2000) -> str:
    """An http or https address with a host."""
    text = words(where, value, most)
    try:
        parts = urlsplit(text)
        host = parts.hostname
    except ValueError:
        host = None
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not host or any(sign.isspace() for sign in text):
        fail(where, "an address that begins with https:// or http://", shown(text))
    return text


def asset(where: str, value: Any, members: Sequence[str] = ()) -> None:
    """A file by exactly one of `id` and `link`, with no other members than `members`."""
    raw = mapping(where, value)
    only(where, raw, ("id", "link", *members))
    if ("id" in raw) == ("link" in raw):
        fail(where, "exactly one of id and link", "both" if "id" in raw else "neither")
    if "id" in raw:
        words(f"{where}.id", raw["id"], 512)
    else:
        web_address(f"{where}.link", raw["link"], 4096)


def whole_number(where: str, value: Any, least: int, most: int) -> int:
    """A whole number within bounds."""
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        fail(where, f"a whole number from {least} to {most}", shown(str(value)))
    return value


def filled_in(where: str, value: Any, most: int = 1024) -> str:
    """A value for a template's variable: no line break, no tab, no more than four spaces in a row."""
    text = words(where, value, most)
    if any(sign in text for sign in "\n\r\t"):
        fail(where, "no line breaks and no tabs", shown(text))
    if _SPACES.search(text):
        fail(where, "at most 4 spaces in a row", shown(text))
    return text


def has_emoji(value: str) -> bool:
    """True if a character is of the planes and blocks where emoji live."""
    return any(
        0x1F000 <= ord(sign) <= 0x1FBFF or 0x2600 <= ord(sign) <= 0x27BF or 0x2B00 <= ord(sign) <= 0x2BFF
        for sign in value
    )
