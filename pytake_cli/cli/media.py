"""Media: the files that came and went, kept by content; names that others chose are never trusted."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from pytake_cli.cli import noting
from pytake_cli.cli.context import context
from pytake_cli.cli.output import done, emit, say
from pytake_cli.errors import Conflict, InvalidData, NotFound, UsageError
from pytake_cli.locale import _

if TYPE_CHECKING:
    from pytake_cli.store.media import Media

app = typer.Typer(add_completion=False, rich_markup_mode=None)

FIELDS = {
    "id": "number of the file",
    "created_at": "when it came or was attached",
    "direction": "in or out",
    "state": "pending, ready, refused or lost",
    "mime_type": "by its content; as declared while it is pending",
    "size_bytes": "bytes",
    "message_id": "number of its message",
    "filename": "what the sender called it",
    "sha256": "of the content",
    "reason": "why it was refused or lost",
    "wa_media_id": "Meta's id",
    "declared_mime_type": "what the sender said it was",
}
DEFAULT = (
    "id",
    "created_at",
    "direction",
    "state",
    "mime_type",
    "size_bytes",
    "message_id",
    "filename",
    "sha256",
    "reason",
)
ON_SCREEN = ("id", "created_at", "direction", "state", "mime_type", "size_bytes", "message_id", "filename")


@app.command("list")
def list_(
    conversation: Annotated[str | None, typer.Option("--conversation", metavar="ID", help="Only of this one.")] = None,
    state: Annotated[
        Literal["pending", "ready", "refused", "lost"] | None, typer.Option("--state", help="Only in this state.")
    ] = None,
    direction: Annotated[Literal["in", "out"] | None, typer.Option("--direction", help="Who sent it.")] = None,
    limit: Annotated[
        int | None, typer.Option("-l", "--limit", metavar="N", help="At most so many; 0: all.", min=0)
    ] = None,
) -> None:
    """Lists files, newest first.

    $ pytake media list --conversation 5008
    $ pytake media list --state refused
    """
    from sqlmodel import col, select

    from pytake_cli.services import conversations
    from pytake_cli.store.media import Media
    from pytake_cli.store.messages import Message

    ctx = context()
    query = select(Media).order_by(col(Media.id).desc()).limit(ctx.limit(limit))
    if state:
        query = query.where(Media.state == state)
    if direction:
        query = query.where(Media.direction == direction)
    with ctx.store.read(ctx.org_id) as db:
        if conversation:
            own = select(Message.id).where(Message.conversation_id == conversations.get(db, conversation).id)
            query = query.where(col(Media.message_id).in_(own))
        rows = [_row(media) for media in db.exec(query)]
    default = ON_SCREEN if ctx.output.form in ("table", "plain") else DEFAULT
    emit(rows, FIELDS, default=default, empty=_("no files match"))


def _row(media: Media) -> dict[str, Any]:
    return {
        **{name: getattr(media, name) for name in FIELDS},
        "mime_type": media.mime_type or media.declared_mime_type,
    }


@app.command("get")
def get(
    id_: Annotated[str, typer.Argument(metavar="ID", help="Number of the file; conversation show names it.")],
    output: Annotated[
        str | None,
        typer.Option(
            "-o", "--output", metavar="FILE|DIR|-", help="Where to; - is stdout. Here by default; no file is replaced."
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrites the file.")] = False,
) -> None:
    """Copies a file out. Without a name it is called media-ID.ending, by its content and not by the sender's words.

    $ pytake media get 12 -o foto.jpg
    $ pytake media get 12 -o - | file -
    """
    media = _find(id_)
    path = _content(media)
    noting.saw("media.read", f"media:{media.id}")
    if output == "-":
        _to_stdout(path)
        return
    target = Path(output or ".")
    if target.is_dir():
        target = target / safe_name(media)
    if context().dry_run:
        say(_("would be: {what}").format(what=str(target)))
        return
    _copy(path, target, force)
    emit({"id": media.id, "path": str(target), "size_bytes": media.size_bytes, "sha256": media.sha256}, _GOT)
    done(_("{path}: {size} bytes, {kind}").format(path=str(target), size=media.size_bytes, kind=media.mime_type))


def _content(media: Media) -> Path:
    """Where the file is, if it is here."""
    from pytake_cli.services.media import folder

    path = folder() / media.path
    if media.state != "ready" or not media.path or not path.is_file():
        raise NotFound(
            "PT-MEDIA-STATE",
            "the file of media {id} is not here: {state}",
            why="{reason}" if media.reason else "",
            fix="pytake media list",
            id=media.id,
            state=media.state if media.state != "ready" else "lost",
            reason=media.reason,
        )
    return path


_GOT = {"path": "where it was copied to", "id": "number of the file", "size_bytes": "bytes", "sha256": "of the content"}


def _find(ref: str) -> Media:
    from sqlmodel import select

    from pytake_cli.store.media import Media

    ctx = context()
    digits = ref.removeprefix("media:")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 18):
        raise InvalidData("PT-MEDIA-REF", "{ref} is not the number of a file", fix="pytake media list", ref=ref)
    with ctx.store.read(ctx.org_id) as db:
        found = db.exec(select(Media).where(Media.id == int(digits))).first()
    if found is None:
        raise NotFound("PT-MEDIA", "there is no file {id}", fix="pytake media list", id=digits)
    return found


def safe_name(media: Media) -> str:
    """A name made of the number and the content's type: nothing in it comes from outside."""
    import mimetypes

    kind = media.mime_type.split(";")[0].strip()
    return f"media-{media.id}{mimetypes.guess_extension(kind) or '.bin'}"


def _copy(path: Path, target: Path, force: bool) -> None:
    """Never through a symlink, never over a file unless told to."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | (os.O_TRUNC if force else os.O_EXCL)
    try:
        descriptor = os.open(target, flags, 0o600)
    except FileExistsError as error:
        raise Conflict("PT-MEDIA-EXISTS", "{path} is there already", fix="--force", path=str(target)) from error
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise UsageError(
            "PT-MEDIA-TARGET",
            "cannot write {path}: {reason}",
            fix="pytake media get ID -o DIR",
            path=str(target),
            reason=reason,
        ) from error
    with path.open("rb") as source, os.fdopen(descriptor, "wb") as file:
        shutil.copyfileobj(source, file)


def _to_stdout(path: Path) -> None:
    if sys.stdout.isatty():
        raise UsageError(
            "PT-MEDIA-TTY", "stdout is this terminal: a file would garble it", fix="-o FILE, or … -o - | less"
        )
    sys.stdout.flush()
    with path.open("rb") as source:
        shutil.copyfileobj(source, sys.stdout.buffer)
    sys.stdout.buffer.flush()
