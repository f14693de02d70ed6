"""Judges the plain message types: text, media, location, contacts, reaction, pin."""

from __future__ import annotations

from typing import Any

from pytake_cli.emulator.errors import GraphError, bad_value, invalid
from pytake_cli.emulator.judge.parts import digits_or_number, items, media, obj, one_of, optional_text, required, text

CAPTION = 1024
MAX_CONTACTS = 257
_MEDIA_KEYS: dict[str, frozenset[str]] = {
    "image": frozenset({"caption"}),
    "video": frozenset({"caption"}),
    "audio": frozenset({"voice"}),
    "document": frozenset({"caption", "filename"}),
    "sticker": frozenset(),
}
_TEXT = frozenset({"body", "preview_url"})
_LOCATION = frozenset({"latitude", "longitude", "name", "address"})
_REACTION = frozenset({"message_id", "emoji"})
_CONTACT = frozenset({"name", "phones", "emails", "addresses", "urls", "org", "birthday", "ims"})
_NAMES = ("first_name", "last_name", "middle_name", "suffix", "prefix")
_CONTACT_LISTS: dict[str, frozenset[str]] = {
    "phones": frozenset({"phone", "wa_id", "type"}),
    "emails": frozenset({"email", "type"}),
    "addresses": frozenset({"street", "city", "state", "zip", "country", "country_code", "type"}),
    "urls": frozenset({"url", "type"}),
    "ims": frozenset({"service", "user_id"}),
}


def judge_text(value: Any) -> None:
    found = obj(value, "text", _TEXT)
    text(found, "body", "text", 4096)
    if not isinstance(found.get("preview_url", False), bool):
        raise invalid("text['preview_url']", "must be a boolean.")


def judge_media(kind: str, value: Any) -> None:
    found = media(value, kind, _MEDIA_KEYS[kind])
    optional_text(found, "caption", kind, CAPTION)
    optional_text(found, "filename", kind, 240)
    if not isinstance(found.get("voice", False), bool):
        raise invalid("audio['voice']", "must be a boolean.")


def judge_location(value: Any) -> None:
    found = obj(value, "location", _LOCATION)
    for key, bound in (("latitude", 90.0), ("longitude", 180.0)):
        if abs(digits_or_number(required(found, key, "location"), f"location['{key}']")) > bound:
            raise bad_value(f"location['{key}'] must be between -{bound:g} and {bound:g}.")
    optional_text(found, "name", "location", 1000)
    optional_text(found, "address", "location", 1000)


def judge_contacts(value: Any) -> None:
    for index, one in enumerate(items({"contacts": value}, "contacts", "contacts", 1, MAX_CONTACTS)):
        path = f"contacts[{index}]"
        found = obj(one, path, _CONTACT)
        name = obj(required(found, "name", path), f"{path}['name']", frozenset({"formatted_name", *_NAMES}))
        text(name, "formatted_name", f"{path}['name']", 1000)
        if not any(name.get(part) for part in _NAMES):
            raise bad_value(f"{path}['name'] needs at least one of {', '.join(_NAMES)} besides formatted_name.")
        for key, allowed in _CONTACT_LISTS.items():
            if found.get(key) is not None:
                for entry in items(found, key, path, 0, 100):
                    obj(entry, f"{path}['{key}']", allowed)
        if found.get("org") is not None:
            obj(found["org"], f"{path}['org']", frozenset({"company", "department", "title"}))
        birthday = found.get("birthday")
        if birthday is not None and (
            not isinstance(birthday, str) or len(birthday) != 10 or birthday[4] + birthday[7] != "--"
        ):
            raise bad_value(f"{path}['birthday'] must be formatted as YYYY-MM-DD.")


def judge_reaction(value: Any) -> None:
    found = obj(value, "reaction", _REACTION)
    text(found, "message_id", "reaction", 512)
    emoji = found.get("emoji", "")
    if not isinstance(emoji, str) or len(emoji) > 30 or (emoji and emoji.isascii() and emoji.isalnum()):
        raise bad_value("reaction['emoji'] must be a single emoji.")


def judge_pin(value: Any) -> None:
    found = obj(value, "pin", frozenset({"type", "message_id", "expiration_days"}))
    one_of(required(found, "type", "pin"), "pin['type']", ("pin", "unpin"))
    text(found, "message_id", "pin", 512)
    days = found.get("expiration_days", 7)
    if not isinstance(days, int | str) or not str(days).isdigit() or not 1 <= int(days) <= 30:
        raise GraphError(131009, "pin['expiration_days'] must be between 1 and 30.")
