"""Files on their way out: kept under their content's name, and a row that messages refer to as `media:12`."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from sqlmodel import Session, select

from pytake_cli.errors import LimitReached, NotFound
from pytake_cli.services.media import folder
from pytake_cli.services.sending import LOCAL_MEDIA
from pytake_cli.store.media import READY, Media
from pytake_cli.store.messages import OUT
from pytake_cli.store.numbers import Number
from pytake_cli.whatsapp import media as wire
from pytake_cli.whatsapp.media import Stored
from pytake_cli.whatsapp.media_files import Arriving

PART = 256 * 1024  # bytes


def take_in(source: Path | BinaryIO, kind: str, most_bytes: int, *, name: str = "") -> Stored:
    """Copies a file to the media folder, if Meta would take it as `kind`; raises PT-WA-MEDIA if not.

    The `name` of what has none tells apart what content does not: a .docx is a ZIP file, too.
    """
    if not isinstance(source, Path):
        stored = _copy(source, most_bytes)
        return replace(stored, mime_type=wire.check_file(stored.path, kind=kind, name=name))
    if not source.is_file():
        why = "it is neither an address nor the id of an upload"
        raise NotFound(
            "PT-SEND-FILE", "there is no file {path}", fix="pytake message send -h", why=why, path=str(source)
        )
    mime_type = wire.check_file(source, kind=kind)
    with source.open("rb") as file:
        return replace(_copy(file, most_bytes), mime_type=mime_type)


def _copy(source: BinaryIO, most_bytes: int) -> Stored:
    with Arriving(folder()) as arriving:
        while part := source.read(PART):
            if arriving.size + len(part) > most_bytes:
                raise LimitReached(
                    "PT-MEDIA-SIZE",
                    "the file is larger than {most} bytes",
                    fix="pytake config set media.max_bytes N",
                    why="the setting media.max_bytes says so",
                    most=most_bytes,
                )
            arriving.write(part)
        return Stored(arriving.keep(), arriving.sha256, arriving.size, "", genuine=True, intact=True)


def attach(db: Session, number: Number, stored: Stored, filename: str, now: datetime) -> str:
    """The row of the file for this number, made if there is none; what a message's body says instead of Meta's id."""
    assert number.id is not None
    sha256 = stored.sha256.hex()
    known = select(Media).where(
        Media.number_id == number.id,
        Media.direction == OUT,
        Media.sha256 == sha256,
        Media.filename == filename,
        Media.mime_type == stored.mime_type,
        Media.state == READY,
    )
    row = db.exec(known).first()
    if row is None:
        row = Media(
            org_id=number.org_id,
            number_id=number.id,
            direction=OUT,
            sha256=sha256,
            mime_type=stored.mime_type,
            size_bytes=stored.size,
            path=str(stored.path.relative_to(folder())),
            filename=filename,
            state=READY,
            created_at=now,
        )
        db.add(row)
        db.flush()
    return f"{LOCAL_MEDIA}{row.id}"
