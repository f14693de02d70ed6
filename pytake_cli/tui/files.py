"""A file that is about to go to a customer: what it is, whether WhatsApp takes it; and the rest of a path."""

from __future__ import annotations

import mimetypes
import os
import shlex
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from urllib.parse import unquote, urlsplit

from pytake_cli.locale import _
from pytake_cli.tui.measure import size
from pytake_cli.tui.safe import Safe, one_line, own

KIB, MIB = 1024, 1024 * 1024
# kind -> the most bytes that WhatsApp takes, and the types; a document may be anything
MOST: dict[str, int] = {
    "image": 5 * MIB, "audio": 16 * MIB, "video": 16 * MIB, "sticker": 500 * KIB, "document": 100 * MIB,
}  # fmt: skip
TYPES: dict[str, str] = {
    "image/jpeg": "image", "image/png": "image", "image/webp": "sticker",
    "audio/aac": "audio", "audio/amr": "audio", "audio/mpeg": "audio", "audio/mp4": "audio", "audio/ogg": "audio",
    "video/mp4": "video", "video/3gpp": "video",
}  # fmt: skip
WITH_CAPTION = ("image", "video", "document")
MOST_CAPTION = 1024  # characters
UNFIT = ("image/", "audio/", "video/")  # of these WhatsApp takes only the types above, also as documents
SHOWN, LOOKED_AT = 8, 2000  # entries of a folder


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file of this machine, as it will go out; `problem`: why it cannot."""

    path: Path
    name: Safe
    kind: str
    mime: str
    bytes: int
    problem: Safe

    @property
    def told(self) -> Safe:
        """`foto.jpg 1.2 MB`."""
        return Safe(f"{self.name} {size(self.bytes)}")


def look_at(path: Path) -> Attachment | None:
    """What the file is by its name and size; the server looks at its content. None: there is no such file."""
    try:
        if not path.is_file():
            return None
        count = path.stat().st_size
    except (OSError, ValueError):
        return None
    mime = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    kind = TYPES.get(mime, "document")
    return Attachment(path, one_line(path.name, 120), kind, mime, count, _problem(path, kind, mime, count))


def _problem(path: Path, kind: str, mime: str, count: int) -> Safe:
    if not os.access(path, os.R_OK):
        return own(_("you may not read this file"))
    if kind == "document" and mime.startswith(UNFIT):
        return own(_("WhatsApp takes no {mime}").format(mime=mime))
    if not count:
        return own(_("the file is empty"))
    if count > MOST[kind]:
        return own(_("larger than WhatsApp takes: {most}").format(most=size(MOST[kind])))
    return Safe("")


def written(typed: str) -> Path:
    """The file that somebody means who types this, or whose terminal does for a file that is dropped on it."""
    text = typed.strip()
    if text.startswith("file://"):
        return Path(unquote(urlsplit(text).path))
    if text[:1] in ("'", '"') or "\\" in text:
        try:
            text = " ".join(shlex.split(text))
        except ValueError:
            pass  # a quote that is still open
    return Path(text).expanduser() if not text.startswith("~") or text[1:2] in ("", "/") else Path(text)


def is_dropped(pasted: str) -> bool:
    """True if this looks like the path of one file, as terminals type it for what is dropped on them."""
    text = pasted.strip()
    if not text or "\n" in text or len(text) > 1000:
        return False
    return text.lstrip("'\"").startswith(("/", "file:///"))


def completed(typed: str) -> tuple[str, list[Safe]]:
    """The path as far as only one way leads on, and what stands there: folders with a slash behind them."""
    folder, _slash, part = typed.rpartition("/")
    base = Path(f"{folder}/" if _slash else ".").expanduser()
    try:
        with os.scandir(base) as entries:
            found = sorted(
                entry.name + "/" * entry.is_dir()
                for entry in islice(entries, LOOKED_AT)
                if entry.name.startswith(part) and (part.startswith(".") or not entry.name.startswith("."))
            )
    except (OSError, ValueError):
        return typed, []
    common = os.path.commonprefix(found) if found else part  # noqa: RUF071 - of letters, not of folders
    return f"{folder}{_slash}{common}", [one_line(name, 60) for name in found[:SHOWN]]
