"""Which files WhatsApp takes, how large they may be, and what a file really is by its first bytes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import puremagic

KIB, MIB = 1024, 1024 * 1024
HEAD = 4096  # bytes that decide what a file is
UNKNOWN = "application/octet-stream"
_OFFICE = "application/vnd.openxmlformats-officedocument"


@dataclass(frozen=True, slots=True)
class MediaKind:
    """What Meta takes as one kind of file."""

    mime_types: tuple[str, ...]
    most_bytes: int


KINDS: dict[str, MediaKind] = {
    "audio": MediaKind(("audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"), 16 * MIB),
    "image": MediaKind(("image/jpeg", "image/png"), 5 * MIB),
    "video": MediaKind(("video/mp4", "video/3gpp"), 16 * MIB),
    "sticker": MediaKind(("image/webp",), 500 * KIB),
    "document": MediaKind(
        (
            "text/plain",
            "application/pdf",
            "application/msword",
            "application/vnd.ms-excel",
            "application/vnd.ms-powerpoint",
            f"{_OFFICE}.wordprocessingml.document",
            f"{_OFFICE}.spreadsheetml.sheet",
            f"{_OFFICE}.presentationml.presentation",
        ),
        100 * MIB,
    ),
}
STATIC_STICKER = 100 * KIB

# (offset, bytes, type): what WhatsApp carries, and what must never pass as that; the first that fits decides
_SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"GIF8", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (0, b"OggS", "audio/ogg"),
    (0, b"#!AMR", "audio/amr"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"\xff\xfb", "audio/mpeg"),
    (0, b"\xff\xf3", "audio/mpeg"),
    (0, b"\xff\xf2", "audio/mpeg"),
    (0, b"\xff\xf1", "audio/aac"),
    (0, b"\xff\xf9", "audio/aac"),
    (4, b"ftyp3g", "video/3gpp"),
    (4, b"ftypM4A", "audio/mp4"),
    (4, b"ftyp", "video/mp4"),
    (0, b"%PDF-", "application/pdf"),
    (0, b"PK\x03\x04", "application/zip"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (0, b"\x7fELF", "application/x-elf"),
    (0, b"MZ", "application/vnd.microsoft.portable-executable"),
    (0, b"#!", "text/x-script"),
)
_MARKUP = (
    (b"<svg", "image/svg+xml"),
    (b"<!doctype html", "text/html"),
    (b"<html", "text/html"),
    (b"<script", "text/html"),
    (b"<?xml", "application/xml"),
)

_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # start of frame: where the size stands
_JPEG_SEGMENTS = 1000  # a photo has some ten before its frame

# what is found -> what may be declared for it: containers that hold several types, and other names
_SAME: dict[str, tuple[str, ...]] = {
    "application/zip": (
        *(kind for kind in KINDS["document"].mime_types if kind.startswith(_OFFICE)),
        "application/vnd.oasis.opendocument.",
        "application/x-zip-compressed",
        "application/epub+zip",
    ),
    "application/x-ole-storage": ("application/msword", "application/vnd.ms-", "application/x-ole"),
    "application/xml": ("text/xml",),
    "audio/aac": ("audio/x-aac", "audio/aacp"),
    "audio/amr": ("audio/amr-wb",),
    "audio/mp4": ("audio/x-m4a", "audio/aac", "video/mp4"),
    "audio/mpeg": ("audio/mp3", "audio/x-mpeg", "audio/aac"),
    "audio/ogg": ("video/ogg", "application/ogg", "audio/opus"),
    "image/jpeg": ("image/jpg", "image/pjpeg"),
    "text/plain": ("text/", "application/json", "application/x-ndjson", "application/rtf"),
    "video/3gpp": ("audio/3gpp", "video/mp4"),
    "video/mp4": ("audio/mp4", "video/quicktime", "audio/x-m4a", "image/gif", "video/3gpp"),
}


def bare(mime_type: str) -> str:
    """The type without parameters: `audio/ogg; codecs=opus` is `audio/ogg`."""
    return mime_type.partition(";")[0].strip().lower()


def kind_of_mime(mime_type: str) -> str:
    """The kind of message that carries such a file; whatever is not sound, picture or film goes as a document."""
    wanted = bare(mime_type)
    return next((kind for kind, limits in KINDS.items() if wanted in limits.mime_types), "document")


def sniff(head: bytes) -> str:
    """What the first bytes say the file is; `application/octet-stream` if they say nothing."""
    for offset, signature, mime_type in _SIGNATURES:
        if head[offset : offset + len(signature)] == signature:
            return mime_type
    start = head[:HEAD].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    for tag, mime_type in _MARKUP:
        if start.startswith(tag) or (tag == b"<svg" and start.startswith((b"<?xml", b"<!--")) and tag in start):
            return mime_type
    return _text(head) or _other(head)


def agrees(declared: str, found: str) -> bool:
    """True if a file of type `found` may be called `declared`."""
    wanted = bare(declared)
    if wanted == found or wanted in ("", UNKNOWN) or found == UNKNOWN:
        return True
    return wanted.startswith(_SAME.get(found, ())) if found in _SAME else False


def is_opus(head: bytes) -> bool:
    """True for an OGG whose first stream is OPUS, the only one WhatsApp plays."""
    return head[:4] == b"OggS" and b"OpusHead" in head[:200]


@dataclass(frozen=True, slots=True)
class Sticker:
    """The shape of a WebP file."""

    width: int
    height: int
    animated: bool


def sticker_shape(head: bytes) -> Sticker | None:
    """Width, height and whether it moves; None if these bytes are no WebP."""
    if head[:4] != b"RIFF" or head[8:12] != b"WEBP" or len(head) < 30:
        return None
    form = head[12:16]
    if form == b"VP8X":
        width, height = (int.from_bytes(head[at : at + 3], "little") + 1 for at in (24, 27))
        return Sticker(width, height, bool(head[20] & 0x02))
    if form == b"VP8L":
        bits = int.from_bytes(head[21:25], "little")
        return Sticker((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, False)
    width, height = (int.from_bytes(head[at : at + 2], "little") & 0x3FFF for at in (26, 28))
    return Sticker(width, height, False)


def picture_size(read: Callable[[int, int], bytes]) -> tuple[int, int]:
    """Width and height of a PNG, GIF, WebP or JPEG, (0, 0) for anything else; `read` takes an offset and a count."""
    head = read(0, 32)
    if head[:8] == b"\x89PNG\r\n\x1a\n":
        return int.from_bytes(head[16:20]), int.from_bytes(head[20:24])
    if head[:4] == b"GIF8":
        return int.from_bytes(head[6:8], "little"), int.from_bytes(head[8:10], "little")
    shape = sticker_shape(head)
    if shape is not None:
        return shape.width, shape.height
    return _jpeg_size(read) if head[:2] == b"\xff\xd8" else (0, 0)


def _jpeg_size(read: Callable[[int, int], bytes]) -> tuple[int, int]:
    offset = 2
    for _ in range(_JPEG_SEGMENTS):
        segment = read(offset, 9)
        if len(segment) < 9 or segment[0] != 0xFF:
            break
        if segment[1] in _JPEG_FRAMES:
            return int.from_bytes(segment[7:9]), int.from_bytes(segment[5:7])
        offset += 2 + int.from_bytes(segment[2:4])
    return 0, 0


def _text(head: bytes) -> str | None:
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 4:
            return None  # a character cut off at the end is no reason
        text = head[: error.start].decode("utf-8")
    readable = all(sign.isprintable() or sign in "\n\r\t\f\ufeff\u200e\u200f" for sign in text)
    return "text/plain" if text and readable else None


def _other(head: bytes) -> str:
    try:
        found = puremagic.magic_string(head)
    except (puremagic.PureError, ValueError):
        return UNKNOWN
    return next((match.mime_type for match in found if match.mime_type), UNKNOWN)
