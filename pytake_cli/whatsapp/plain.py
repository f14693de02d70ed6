"""Outgoing messages of the plain types, and their limits: text, files, location, contacts, reaction, pin."""

from __future__ import annotations

import re
from typing import Any

from pytake_cli.whatsapp.limits import (
    asset,
    fail,
    listing,
    mapping,
    one_of,
    only,
    optional_words,
    shown,
    whole_number,
    words,
)
from pytake_cli.whatsapp.outgoing import Outgoing, without_none

TEXT = 4096  # characters
CAPTION = 1024
CONTACTS = 5  # Meta's pages say 257, its API description says 5
WAMID = 256
_BIRTHDAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_NAME_PARTS = ("first_name", "last_name", "middle_name", "suffix", "prefix")

# type -> members beside id and link
MEDIA_MEMBERS: dict[str, tuple[str, ...]] = {
    "image": ("caption",),
    "video": ("caption",),
    "audio": ("voice",),
    "document": ("caption", "filename"),
    "sticker": (),
}


def text(body: str, *, preview_url: bool | None = None) -> Outgoing:
    """A text; with `preview_url` WhatsApp shows a preview of its first address."""
    return _plain("text", without_none({"body": body, "preview_url": preview_url}))


def media(
    kind: str,
    *,
    media_id: str | None = None,
    link: str | None = None,
    caption: str | None = None,
    filename: str | None = None,
    voice: bool | None = None,
) -> Outgoing:
    """An image, video, audio, document or sticker, by the id of an upload or by a public address."""
    members = {"id": media_id, "link": link, "caption": caption, "filename": filename, "voice": voice}
    return _plain(kind, without_none(members))


def image(*, media_id: str | None = None, link: str | None = None, caption: str | None = None) -> Outgoing:
    """A JPEG or PNG."""
    return media("image", media_id=media_id, link=link, caption=caption)


def video(*, media_id: str | None = None, link: str | None = None, caption: str | None = None) -> Outgoing:
    """An MP4 or 3GPP."""
    return media("video", media_id=media_id, link=link, caption=caption)


def audio(*, media_id: str | None = None, link: str | None = None, voice: bool | None = None) -> Outgoing:
    """A sound; `voice` shows it as a voice note and needs OGG with OPUS, mono."""
    return media("audio", media_id=media_id, link=link, voice=voice)


def document(
    *, media_id: str | None = None, link: str | None = None, caption: str | None = None, filename: str | None = None
) -> Outgoing:
    """Any document; `filename` is what the person sees."""
    return media("document", media_id=media_id, link=link, caption=caption, filename=filename)


def sticker(*, media_id: str | None = None, link: str | None = None) -> Outgoing:
    """A WebP of 512 x 512."""
    return media("sticker", media_id=media_id, link=link)


def location(latitude: float, longitude: float, *, name: str | None = None, address: str | None = None) -> Outgoing:
    """A place on the map; the address shows only with a name."""
    place = {"latitude": latitude, "longitude": longitude, "name": name, "address": address}
    return _plain("location", without_none(place))


def contacts(cards: list[dict[str, Any]]) -> Outgoing:
    """Contact cards: [{"name": {"formatted_name": "Ana Lima", "first_name": "Ana"}, "phones": [{"phone": "+55…"}]}]."""
    return Outgoing("contacts", {"type": "contacts", "contacts": cards})


def reaction(wamid: str, emoji: str) -> Outgoing:
    """An emoji on a person's message; the empty string takes it away."""
    return _plain("reaction", {"message_id": wamid, "emoji": emoji})


def pin(wamid: str, *, expiration_days: int | None = 7, unpin: bool = False) -> Outgoing:
    """Pins a message of a group, or unpins it."""
    act = {
        "type": "unpin" if unpin else "pin",
        "message_id": wamid,
        "expiration_days": None if unpin else expiration_days,
    }
    return _plain("pin", without_none(act))


def _plain(kind: str, content: dict[str, Any]) -> Outgoing:
    return Outgoing(kind, {"type": kind, kind: content})


def check_text(raw: dict[str, Any]) -> None:
    """Limits of a text message."""
    only("text", raw, ("body", "preview_url"))
    words("text.body", raw.get("body"), TEXT)


def check_media(kind: str, raw: dict[str, Any]) -> None:
    """Limits of a file message: one of id and link, and only what the type may carry."""
    asset(kind, raw, MEDIA_MEMBERS[kind])
    optional_words(f"{kind}.caption", raw.get("caption"), CAPTION)
    optional_words(f"{kind}.filename", raw.get("filename"), 255)


def check_location(raw: dict[str, Any], where: str = "location") -> None:
    """Limits of a location."""
    only(where, raw, ("latitude", "longitude", "name", "address"))
    for member, most in (("latitude", 90.0), ("longitude", 180.0)):
        value = raw.get(member)
        try:
            degrees = float(value)  # type: ignore[arg-type]  # None and others end in TypeError
        except (TypeError, ValueError):
            fail(f"{where}.{member}", "a number", shown(value))
        if not -most <= degrees <= most:
            fail(f"{where}.{member}", f"from {-most:g} to {most:g} degrees", f"{degrees:g}")
    optional_words(f"{where}.name", raw.get("name"), 1000)
    optional_words(f"{where}.address", raw.get("address"), 1000)


def check_contacts(raw: Any) -> None:
    """Limits of contact cards."""
    for index, card in enumerate(listing("contacts", raw, 1, CONTACTS)):
        where = f"contacts[{index}]"
        mapping(where, card)
        name = mapping(f"{where}.name", card.get("name"))
        words(f"{where}.name.formatted_name", name.get("formatted_name"), 1000)
        if not any(name.get(part) for part in _NAME_PARTS):
            fail(f"{where}.name", f"at least one of {', '.join(_NAME_PARTS)}", "none")
        for number, phone in enumerate(listing(f"{where}.phones", card.get("phones", []), 0, 50)):
            words(f"{where}.phones[{number}].phone", mapping(where, phone).get("phone"), 50)
        birthday = card.get("birthday")
        if birthday is not None and not _BIRTHDAY.fullmatch(str(birthday)):
            fail(f"{where}.birthday", "a date as YYYY-MM-DD", shown(birthday))


def check_reaction(raw: dict[str, Any]) -> None:
    """Limits of a reaction: one emoji, or nothing to remove it."""
    only("reaction", raw, ("message_id", "emoji"))
    words("reaction.message_id", raw.get("message_id"), WAMID)
    emoji = raw.get("emoji")
    if not isinstance(emoji, str):
        fail(
            "reaction.emoji", "one emoji, or an empty string to remove it", "nothing" if emoji is None else shown(emoji)
        )
    if emoji and (len(emoji) > 16 or emoji.isascii() or any(sign.isspace() or sign.isalpha() for sign in emoji)):
        fail("reaction.emoji", "one emoji, or an empty string to remove it", shown(emoji))


def check_pin(raw: dict[str, Any]) -> None:
    """Limits of pinning."""
    only("pin", raw, ("type", "message_id", "expiration_days"))
    kind = one_of("pin.type", raw.get("type"), ("pin", "unpin"))
    words("pin.message_id", raw.get("message_id"), WAMID)
    if kind == "pin" or "expiration_days" in raw:
        whole_number("pin.expiration_days", raw.get("expiration_days"), 1, 30)
