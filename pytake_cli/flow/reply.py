"""What a customer answered, as the engine and the readers of answers see it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

FILES = ("image", "video", "audio", "document")  # kinds that bring a file; a sticker is a gesture, not a file


@dataclass(frozen=True, slots=True)
class Reply:
    """One message from the contact; everything in it is JSON, so that an event log can hold it.

        {"kind": "interactive", "text": "Odontologia", "choice": "odonto", "title": "Odontologia"}
        {"kind": "image", "text": "my knee", "media": {"id": "media:7", "mime_type": "image/jpeg", "size": 81233}}
        {"kind": "location", "location": {"latitude": -23.5, "longitude": -46.6, "name": "MASP"}}

    `contacts` and `location` are Meta's objects; `form` is what a native form answered, already parsed.
    """

    kind: str  # Meta's type: text, button, interactive, image, audio, video, document, sticker, location, contacts, …
    text: str = ""  # the words: body, caption, title of what was tapped, emoji of a reaction
    choice: str | None = None  # id of a tapped button or row, payload of a template's button
    title: str | None = None  # what the tapped button or row said
    media: dict[str, Any] | None = None
    location: dict[str, Any] | None = None
    contacts: tuple[dict[str, Any], ...] = ()
    form: dict[str, Any] | None = None
    wamid: str | None = None
    quoted: str | None = None  # wamid of the message it answers

    def as_message(self) -> dict[str, Any]:
        """What expressions read as `message`: `message.text`, `message.type`, `message.choice`, …"""
        return {
            "type": self.kind,
            "text": self.text,
            "choice": self.choice,
            "title": self.title,
            "media": self.media,
            "location": self.location,
            "contacts": list(self.contacts),
            "form": self.form,
            "id": self.wamid,
            "quoted": self.quoted,
        }

    def to_json(self) -> dict[str, Any]:
        """Only what is set: `{"kind": "text", "text": "oi"}`."""
        found = {field.name: (getattr(self, field.name), field.default) for field in fields(self)}
        kept = {name: value for name, (value, default) in found.items() if value != default}
        return kept | ({"contacts": list(self.contacts)} if self.contacts else {})

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> Reply:
        """The reverse of `to_json`."""
        return cls(**found | {"contacts": tuple(found.get("contacts", ()))})
