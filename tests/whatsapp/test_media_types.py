"""What a file is, is told by its bytes; what it may be called, by what it is."""

from __future__ import annotations

import io
import zipfile

import pytest

from pytake_cli.whatsapp.media_types import (
    KINDS,
    Sticker,
    agrees,
    is_opus,
    kind_of_mime,
    picture_size,
    sniff,
    sticker_shape,
)

OGG = b"OggS\x00\x02" + bytes(22) + b"OpusHead" + bytes(20)


def _zip() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
    return packed.getvalue()


def webp(form: bytes, rest: bytes) -> bytes:
    return b"RIFF\x24\x00\x00\x00WEBP" + form + rest + bytes(20)


# name -> (first bytes, what they are)
FILES: dict[str, tuple[bytes, str]] = {
    "jpeg": (b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01", "image/jpeg"),
    "png": (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "image/png"),
    "gif": (b"GIF89a", "image/gif"),
    "webp": (webp(b"VP8 ", bytes(10)), "image/webp"),
    "ogg": (OGG, "audio/ogg"),
    "amr": (b"#!AMR\n", "audio/amr"),
    "mp3": (b"ID3\x03\x00", "audio/mpeg"),
    "mp3 without tag": (b"\xff\xfb\x90\x00", "audio/mpeg"),
    "aac": (b"\xff\xf1\x50\x80", "audio/aac"),
    "mp4": (b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom", "video/mp4"),
    "m4a": (b"\x00\x00\x00\x18ftypM4A \x00\x00\x00\x00", "audio/mp4"),
    "3gp": (b"\x00\x00\x00\x18ftyp3gp5\x00\x00\x00\x00", "video/3gpp"),
    "pdf": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3", "application/pdf"),
    "office": (_zip(), "application/zip"),
    "old office": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(50), "application/x-ole-storage"),
    "text": ("Olá, tudo bem?\n".encode(), "text/plain"),
    "text cut in a character": (b"abc \xe2\x82", "text/plain"),
    "elf": (b"\x7fELF\x02\x01\x01" + bytes(50), "application/x-elf"),
    "exe": (b"MZ\x90\x00" + bytes(60), "application/vnd.microsoft.portable-executable"),
    "script": (b"#!/bin/sh\nrm -rf /", "text/x-script"),
    "html": (b"\n <!DOCTYPE HTML><html>", "text/html"),
    "svg": (b"<svg xmlns='http://www.w3.org/2000/svg'>", "image/svg+xml"),
    "svg behind a declaration": (b"<?xml version='1.0'?><!-- x --><svg>", "image/svg+xml"),
    "xml": (b"<?xml version='1.0'?><a/>", "application/xml"),
    "nothing": (b"", "application/octet-stream"),
    "noise": (bytes(range(1, 9)) * 4, "application/octet-stream"),
}


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_file_is_what_its_bytes_say(name: str) -> None:
    head, mime_type = FILES[name]
    assert sniff(head) == mime_type


@pytest.mark.parametrize(
    ("declared", "name"),
    [
        ("image/jpeg", "jpeg"),
        ("image/jpg", "jpeg"),
        ("audio/ogg; codecs=opus", "ogg"),
        ("audio/mp4", "mp4"),
        ("video/mp4", "m4a"),
        ("video/mp4", "3gp"),
        (KINDS["document"].mime_types[5], "office"),
        ("application/msword", "old office"),
        ("text/csv", "text"),
        ("application/octet-stream", "pdf"),
        ("image/jpeg", "nothing"),
        ("", "png"),
    ],
)
def test_a_file_may_be_called_by_any_of_its_names(declared: str, name: str) -> None:
    assert agrees(declared, sniff(FILES[name][0]))


@pytest.mark.parametrize(
    ("declared", "name"),
    [
        ("image/jpeg", "html"),
        ("image/jpeg", "elf"),
        ("image/jpeg", "svg"),
        ("image/png", "pdf"),
        ("application/pdf", "office"),
        ("application/pdf", "exe"),
        ("text/plain", "script"),
        ("audio/ogg", "mp3"),
        ("image/webp", "jpeg"),
    ],
)
def test_a_file_that_lies_about_its_type_is_found_out(declared: str, name: str) -> None:
    assert not agrees(declared, sniff(FILES[name][0]))


@pytest.mark.parametrize(
    ("mime_type", "kind"),
    [
        ("image/jpeg", "image"),
        ("image/webp", "sticker"),
        ("audio/ogg; codecs=opus", "audio"),
        ("VIDEO/MP4", "video"),
        ("application/pdf", "document"),
        ("image/gif", "document"),
        ("application/x-unheard-of", "document"),
    ],
)
def test_a_type_belongs_to_one_kind_of_message(mime_type: str, kind: str) -> None:
    assert kind_of_mime(mime_type) == kind


def test_stickers_are_measured_and_seen_to_move() -> None:
    wide = (511).to_bytes(3, "little") * 2
    assert sticker_shape(webp(b"VP8X", bytes(4) + b"\x02\x00\x00\x00" + wide)) == Sticker(512, 512, True)
    assert sticker_shape(webp(b"VP8X", bytes(4) + b"\x10\x00\x00\x00" + wide)) == Sticker(512, 512, False)
    lossless = (511 | 511 << 14).to_bytes(4, "little")
    assert sticker_shape(webp(b"VP8L", bytes(4) + b"\x2f" + lossless)) == Sticker(512, 512, False)
    lossy = bytes(10) + (512).to_bytes(2, "little") * 2
    assert sticker_shape(webp(b"VP8 ", lossy)) == Sticker(512, 512, False)
    assert sticker_shape(b"RIFF") is None


def test_only_opus_counts_in_an_ogg() -> None:
    assert is_opus(OGG)
    assert not is_opus(b"OggS\x00\x02" + bytes(22) + b"\x01vorbis" + bytes(20))


JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(10)
FRAME = b"\xff\xc2\x00\x11\x08\x02\x58\x03\x20" + bytes(10)


@pytest.mark.parametrize(
    ("content", "size"),
    [
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x03\x20\x00\x00\x02\x58", (800, 600)),
        (b"GIF89a\x20\x03\x58\x02", (800, 600)),
        (webp(b"VP8 ", bytes(10) + (800).to_bytes(2, "little") + (600).to_bytes(2, "little")), (800, 600)),
        (JPEG + FRAME, (800, 600)),
        (JPEG + b"\xff\xe1\xff\xff" + bytes(65533) + FRAME, (800, 600)),
        (JPEG + b"\x00", (0, 0)),
        (JPEG + b"\xff\xe1\x00\x00" * 50, (0, 0)),
        (b"", (0, 0)),
        (b"%PDF-1.7", (0, 0)),
    ],
)
def test_a_picture_tells_its_size_without_being_unpacked(content: bytes, size: tuple[int, int]) -> None:
    assert picture_size(lambda offset, count: content[offset : offset + count]) == size
