"""Reads single fields of a webhook leniently: whatever the JSON holds, a value of the right type comes out."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from pytake_cli.whatsapp.updates import EPOCH, MediaRef, Person, WireError

_BSUID = re.compile(r"[A-Z]{2}\.\S.{0,255}")  # wider than Meta's form: strays have been seen, and the value is opaque
_LAST_SECOND = 253_402_300_799  # 9999-12-31T23:59:59Z, the last one datetime knows
_MILLISECONDS_FROM = 1_000_000_000_000  # 2001 in milliseconds; between the two there is no time Meta could mean
_MEDIA_KINDS = ("image", "video", "audio", "voice", "document", "sticker")
_SHA256_BYTES = 32


def word(value: Any) -> str | None:
    """A string, or a number as Meta sometimes sends ids; None for anything else and for the empty string."""
    if type(value) is str:
        return value or None
    if type(value) is int:
        return str(value)
    return None


def table(value: Any) -> dict[str, Any]:
    """The value if it is an object, else an empty one."""
    return value if type(value) is dict else {}


def tables(value: Any) -> list[dict[str, Any]]:
    """The objects of a list; an object that stands where a list belongs counts as a list of one."""
    if type(value) is list:
        return [item for item in value if type(item) is dict]
    return [value] if type(value) is dict else []


def whole(value: Any) -> int | None:
    """An integer, also when it comes as text or as a whole float."""
    if type(value) is int:
        return value
    try:
        if type(value) is str and len(value) < 20:
            return int(value)
        if type(value) is float:
            return int(value)
    except (ValueError, OverflowError):
        return None
    return None


def instant(value: Any) -> datetime | None:
    """A Unix time in seconds or milliseconds, number or text, as aware UTC; None if it cannot be read."""
    seconds = whole(value)
    if seconds is None or seconds < 0:
        return None
    if seconds <= _LAST_SECOND:
        return datetime.fromtimestamp(seconds, UTC)
    if _MILLISECONDS_FROM <= seconds <= _LAST_SECOND * 1000:
        return datetime.fromtimestamp(seconds / 1000, UTC)
    return None


def moment(item: dict[str, Any], otherwise: datetime | None) -> datetime:
    """The item's own `timestamp`, else the envelope's time, else EPOCH."""
    return instant(item.get("timestamp")) or otherwise or EPOCH


def is_bsuid(value: str) -> bool:
    """True for `US.1349…` and `US.ENT.1181…`: an id that must never be read as a phone number."""
    return _BSUID.fullmatch(value) is not None


def person(wa_id: Any, user_id: Any = None, parent_user_id: Any = None) -> Person:
    """A person by ids; a BSUID that stands in the phone's place is put where it belongs."""
    phone, user, parent = word(wa_id), word(user_id), word(parent_user_id)
    if phone is not None and is_bsuid(phone):
        phone, user = None, user or phone
    return Person(phone, user, parent)


class Contacts:
    """The `contacts` beside messages and statuses, found by id and never by position."""

    __slots__ = ("_by_phone", "_by_user", "_only")

    def __init__(self, raw: Any) -> None:
        people = [_contact(item) for item in tables(raw)]
        self._by_phone = {one.wa_id: one for one in people if one.wa_id}
        self._by_user = {one.user_id: one for one in people if one.user_id}
        self._only = people[0] if len(people) == 1 else None

    def complete(self, known: Person) -> Person:
        """The person with what their contact adds; with no id at all, the only contact there is."""
        if known.wa_id is None and known.user_id is None:
            return self._only or known
        found = self._by_user.get(known.user_id) if known.user_id else None
        if found is None and known.wa_id:
            found = self._by_phone.get(known.wa_id)
        if found is None:
            return known
        return Person(
            known.wa_id or found.wa_id,
            known.user_id or found.user_id,
            known.parent_user_id or found.parent_user_id,
            found.name,
            found.username,
        )


def _contact(raw: dict[str, Any]) -> Person:
    ids = person(raw.get("wa_id"), raw.get("user_id"), raw.get("parent_user_id"))
    profile = table(raw.get("profile"))
    username = word(profile.get("username")) or word(raw.get("username"))
    return Person(
        ids.wa_id,
        ids.user_id,
        ids.parent_user_id,
        word(profile.get("name")),
        username.removeprefix("@") if username else None,
    )


def wire_errors(raw: Any) -> tuple[WireError, ...]:
    """Errors of a status, a message or a value: old ones have `details` on top, new ones in `error_data`."""
    return tuple(_wire_error(item) for item in tables(raw))


def _wire_error(raw: dict[str, Any]) -> WireError:
    data = raw.get("error_data")
    details = word(table(data).get("details")) or word(raw.get("details")) or word(data) or word(raw.get("message"))
    return WireError(
        whole(raw.get("code")) or 0, word(raw.get("title")) or word(raw.get("message")) or "", details or ""
    )


def digest(value: Any) -> bytes | None:
    """A SHA-256 as bytes, from base64 (webhooks) or hex (the media call); None if it is neither."""
    if type(value) is not str:
        return None
    try:
        raw = bytes.fromhex(value) if len(value) == 64 else base64.b64decode(value, validate=True)
    except (ValueError, binascii.Error):
        return None
    return raw if len(raw) == _SHA256_BYTES else None


def media_of(kind: str, content: dict[str, Any]) -> MediaRef | None:
    """The file a message carries, if it is of a kind that carries one."""
    if kind not in _MEDIA_KINDS:
        return None
    raw = content.get(kind)
    if type(raw) is not dict:
        return None
    identity = word(raw.get("id"))
    if identity is None:
        return None
    mime_type = (word(raw.get("mime_type")) or "application/octet-stream").replace("\\/", "/")
    return MediaRef(
        identity,
        mime_type,
        digest(raw.get("sha256")),
        word(raw.get("filename")),
        word(raw.get("url")),
        kind == "voice" or raw.get("voice") is True,
        raw.get("animated") is True,
    )


def first(values: Iterable[Any]) -> str | None:
    """The first of the values that is text."""
    return next((found for found in map(word, values) if found), None)
