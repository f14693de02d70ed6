"""Media objects: who uploaded or received them, how long ids and download URLs live, types and sizes."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytake_cli.emulator.errors import GraphError, invalid, unknown_object

if TYPE_CHECKING:
    from pytake_cli.emulator.numbers import Number
    from pytake_cli.emulator.world import World

DAY = 86_400.0
UPLOAD_LIFE, INCOMING_LIFE, URL_LIFE = 30 * DAY, 7 * DAY, 300.0  # seconds
MB = 1024 * 1024
KB = 1024
_OFFICE = "application/vnd.openxmlformats-officedocument."
TYPES: dict[str, frozenset[str]] = {
    "audio": frozenset(("audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg")),
    "image": frozenset(("image/jpeg", "image/png")),
    "video": frozenset(("video/mp4", "video/3gpp")),
    "sticker": frozenset(("image/webp",)),
    "document": frozenset(
        (
            "text/plain",
            "application/pdf",
            "application/msword",
            "application/vnd.ms-excel",
            "application/vnd.ms-powerpoint",
            f"{_OFFICE}wordprocessingml.document",
            f"{_OFFICE}spreadsheetml.sheet",
            f"{_OFFICE}presentationml.presentation",
        )
    ),
}
SIZES: dict[str, int] = {"audio": 16 * MB, "image": 5 * MB, "video": 16 * MB, "sticker": 500 * KB, "document": 100 * MB}
STATIC_STICKER = 100 * KB


@dataclass(slots=True)
class Medium:
    """One stored file."""

    id: str
    number_id: str
    mime_type: str
    data: bytes
    expires_at: float
    filename: str = ""
    incoming: bool = False

    @property
    def sha256(self) -> bytes:
        return hashlib.sha256(self.data).digest()


def kind_of(mime_type: str) -> str | None:
    """audio, image, video, sticker or document; None for a type Meta does not take."""
    bare = mime_type.split(";")[0].strip().lower()
    return next((kind for kind, known in TYPES.items() if bare in known), None)


ALIKE: dict[str, tuple[str, ...]] = {"audio": ("audio", "video"), "document": ("document", "image")}  # containers alike


def sniff(data: bytes) -> str | None:
    """The kind that a file's first bytes tell; `vorbis` for Ogg without Opus, which Meta refuses."""
    if data[:4] == b"OggS":
        return "vorbis" if b"vorbis" in data[:64] else "audio"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "sticker"
    if data[4:8] == b"ftyp":
        return "video"
    starts = ((b"\xff\xd8\xff", "image"), (b"\x89PNG\r\n", "image"), (b"%PDF-", "document"))
    return next((kind for start, kind in starts if data.startswith(start)), None)


def is_animated(webp: bytes) -> bool:
    return b"ANIM" in webp[:64]


class MediaStore:
    """Files in memory, by id, and the signed URLs that lead to them for five minutes."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._by_id: dict[str, Medium] = {}
        self._urls: dict[str, tuple[str, float]] = {}

    def upload(self, number: Number, data: bytes, mime_type: str, declared: str, filename: str) -> Medium:
        """Takes a file as `POST /{number}/media` does, with its type and size checks."""
        kind = kind_of(declared)
        if kind is None:
            known = ", ".join(sorted(one for types in TYPES.values() for one in types))
            raise invalid(
                "file", f"must be a file with one of the following types: {known}. Received file of type '{declared}'."
            )
        if mime_type and mime_type.split(";")[0].strip() not in (
            declared.split(";")[0].strip(),
            "application/octet-stream",
        ):
            raise GraphError(131053, f"The type '{declared}' does not match the file's type '{mime_type}'.")
        if not data:
            raise invalid("file", "must not be empty.")
        found = sniff(data)
        if found and found not in ALIKE.get(kind, (kind,)):
            raise GraphError(131053, f"The type '{declared}' does not match the file's content, which is {found}.")
        limit = SIZES[kind] if kind != "sticker" or is_animated(data) else STATIC_STICKER
        if len(data) > limit:
            raise GraphError(131053, f"File size {len(data)} bytes exceeds the limit of {limit} bytes for {kind}.")
        return self.keep(number.id, data, declared, UPLOAD_LIFE, filename)

    def receive(self, number: Number, data: bytes, mime_type: str, filename: str = "") -> Medium:
        """A file a customer sent."""
        medium = self.keep(number.id, data, mime_type, INCOMING_LIFE, filename)
        medium.incoming = True
        return medium

    def keep(self, number_id: str, data: bytes, mime_type: str, life: float, filename: str) -> Medium:
        expires = self._world.timeline.now() + life
        medium = Medium(self._world.ids.number(), number_id, mime_type, data, expires, filename)
        self._by_id[medium.id] = medium
        return medium

    def find(self, media_id: str) -> Medium | None:
        medium = self._by_id.get(media_id)
        if medium is not None and medium.expires_at <= self._world.timeline.now():
            del self._by_id[media_id]
            return None
        return medium

    def get(self, media_id: str, owner: str | None = None) -> Medium:
        """The medium, when it lives and belongs to `owner` (a phone number id)."""
        medium = self.find(media_id)
        if medium is None or (owner and owner != medium.number_id):
            raise unknown_object(media_id)
        return medium

    def delete(self, media_id: str, owner: str | None = None) -> None:
        del self._by_id[self.get(media_id, owner).id]

    def url(self, medium: Medium, host: str) -> str:
        """A fresh download URL, good for five minutes."""
        now = self._world.timeline.now()
        token = self._world.ids.token(40)
        self._urls[token] = (medium.id, now + URL_LIFE)
        while self._urls and self._urls[first := next(iter(self._urls))][1] <= now:
            del self._urls[first]
        return f"{host}/whatsapp_business/attachments/?mid={medium.id}&ext={int(now + URL_LIFE)}&hash={token}"

    def by_url(self, media_id: str, token: str) -> Medium | None:
        known, expires = self._urls.get(token, ("", 0.0))
        if known != media_id or expires <= self._world.timeline.now():
            return None
        return self.find(media_id)

    def describe(self, medium: Medium, host: str) -> dict[str, Any]:
        """The answer to `GET /{media}`."""
        return {
            "messaging_product": "whatsapp",
            "url": self.url(medium, host),
            "mime_type": medium.mime_type,
            "sha256": medium.sha256.hex(),
            "file_size": len(medium.data),
            "id": medium.id,
        }

    def wire(self, medium: Medium, host: str) -> dict[str, Any]:
        """The media object of an incoming message."""
        return {
            "id": medium.id,
            "mime_type": medium.mime_type,
            "sha256": base64.b64encode(medium.sha256).decode(),
            "url": self.url(medium, host),
        }
