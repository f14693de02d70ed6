"""summary(): one line of text for any message, in or out, for lists, search and notifications."""

from __future__ import annotations

from typing import Any

from pytake_cli.whatsapp.fields import first, table, tables, word
from pytake_cli.whatsapp.incoming import kind_of, text_of

_LIMIT = 200  # characters; a list shows fewer

# type -> its name in square brackets, for what has no words or needs a hint
_NAMES: dict[str, str] = {
    "audio": "audio",
    "button": "",
    "contacts": "contact",
    "document": "document",
    "ephemeral": "disappearing message",
    "image": "image",
    "location": "location",
    "media_placeholder": "media",
    "order": "order",
    "pin": "pin",
    "request_welcome": "opened the chat",
    "revoke": "deleted",
    "sticker": "sticker",
    "system": "",
    "text": "",
    "unknown": "unsupported message",
    "unsupported": "unsupported message",
    "video": "video",
    "voice": "voice",
}


def summary(content: dict[str, Any]) -> str:
    """What a list shows of a message: its words on one line, or a name in brackets such as `[image] caption`."""
    kind = kind_of(content)
    words = _WORDS_OF[kind](content) if kind in _WORDS_OF else text_of(content)
    name = "voice" if kind == "audio" and table(content.get("audio")).get("voice") is True else _NAMES.get(kind, kind)
    if kind in _WORDS_OF and words:
        name = "" if kind == "interactive" else name
    line = " ".join(f"[{name}] {words}".split() if name else words.split())
    return line if len(line) <= _LIMIT else line[: _LIMIT - 1] + "…"


def _interactive(content: dict[str, Any]) -> str:
    raw = table(content.get("interactive"))
    said = text_of(content)
    if said:
        return said
    header = table(raw.get("header"))
    permission = word(table(raw.get("call_permission_reply")).get("response"))
    return first((header.get("text"), permission, raw.get("type"))) or "interactive"


def _template(content: dict[str, Any]) -> str:
    raw = table(content.get("template"))
    values = [
        word(parameter.get("text")) or ""
        for component in tables(raw.get("components"))
        if str(component.get("type")).lower() == "body"
        for parameter in tables(component.get("parameters"))
    ]
    return " · ".join(filter(None, [word(raw.get("name")) or "", *values]))


def _contacts(content: dict[str, Any]) -> str:
    names = []
    for card in tables(content.get("contacts")):
        phones = tables(card.get("phones"))
        name = word(table(card.get("name")).get("formatted_name"))
        names.append(name or (word(phones[0].get("phone")) if phones else None) or "?")
    return ", ".join(names[:5])


def _document(content: dict[str, Any]) -> str:
    raw = table(content.get("document"))
    return " ".join(filter(None, (word(raw.get("filename")), word(raw.get("caption")))))


def _location(content: dict[str, Any]) -> str:
    raw = table(content.get("location"))
    named = first((raw.get("name"), raw.get("address")))
    return named or f"{raw.get('latitude')}, {raw.get('longitude')}"


def _reaction(content: dict[str, Any]) -> str:
    return text_of(content) or "removed"


def _order(content: dict[str, Any]) -> str:
    raw = table(content.get("order"))
    count = len(tables(raw.get("product_items")))
    return " ".join(filter(None, (f"{count} items", word(raw.get("text")))))


def _edit(content: dict[str, Any]) -> str:
    return text_of(content)


# types whose words are put together
_WORDS_OF = {
    "contacts": _contacts,
    "document": _document,
    "edit": _edit,
    "interactive": _interactive,
    "location": _location,
    "order": _order,
    "reaction": _reaction,
    "template": _template,
}
