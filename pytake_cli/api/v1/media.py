"""/media: the bytes of files that came and went, and uploads to be sent."""

from __future__ import annotations

import mimetypes
import tempfile
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from pathlib import Path
from typing import IO, Annotated, Any, cast

from fastapi import Depends, Query, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel
from sqlmodel import Session, select
from starlette.concurrency import run_in_threadpool

from pytake_cli.api.v1.here import Here, here, needs
from pytake_cli.api.v1.once import Once
from pytake_cli.api.v1.paging import LARGEST_ID, Id
from pytake_cli.api.v1.routes import router as new_router
from pytake_cli.api.v1.templates import account
from pytake_cli.errors import NotFound
from pytake_cli.services import attachments
from pytake_cli.services.media import folder
from pytake_cli.services.sending import LOCAL_MEDIA
from pytake_cli.store.media import READY, Media

router = new_router("media")
READ = [Depends(needs("conversations:read"))]

PART = 64 * 1024
IN_MEMORY = 1024 * 1024
# What a browser may show by itself; everything else is only to be kept.
SHOWN = ("image/jpeg", "image/png", "image/webp", "image/gif", "audio/", "video/", "application/pdf")


class MediaCard(BaseModel):
    id: int
    direction: str
    state: str
    reason: str
    mime_type: str
    size_bytes: int | None
    filename: str
    sha256: str
    message_id: int | None
    created_at: datetime


class Uploaded(BaseModel):
    """`id` goes into a message: `{"media": {"upload": 12, "caption": "…"}}`."""

    id: int
    kind: str
    mime_type: str
    size_bytes: int
    sha256: str
    filename: str


@router.get(
    "/{id}",
    dependencies=READ,
    response_class=StreamingResponse,
    responses={200: {"content": {"application/octet-stream": {}}, "description": "The file"}},
)
def content(id: Id, here: Here = Depends(here)) -> StreamingResponse:
    """The bytes of a file, under a name that nothing from outside is in."""
    with here.read() as db:
        media = _find(db, id)
    path = folder() / media.path
    if media.state != READY or not media.path or not path.is_file():
        raise NotFound(
            "PT-MEDIA-STATE",
            "the file of media {id} is not here: {state}",
            fix="pytake media list",
            id=id,
            state=media.state if media.state != READY else "lost",
        )
    here.saw("media.read", f"media:{id}")
    kind = media.mime_type.partition(";")[0].strip() or "application/octet-stream"
    shown = kind.startswith(SHOWN)
    name = f"media-{id}{mimetypes.guess_extension(kind) or '.bin'}"
    headers = {
        "content-disposition": f'{"inline" if shown else "attachment"}; filename="{name}"',
        "content-length": str(path.stat().st_size),
    }
    return StreamingResponse(_parts(path), media_type=kind if shown else "application/octet-stream", headers=headers)


@router.get("/{id}/about", response_model=MediaCard, dependencies=READ)
def about(id: Id, here: Here = Depends(here)) -> object:
    """What is known of a file."""
    with here.read() as db:
        media = _find(db, id)
    return {**media.model_dump(), "mime_type": media.mime_type or media.declared_mime_type}


@router.post(
    "",
    status_code=201,
    response_model=Uploaded,
    dependencies=[Depends(needs("conversations:write"))],
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
async def upload(
    request: Request,
    kind: Annotated[str, Query(pattern="^(image|video|audio|document|sticker)$")] = "document",
    name: Annotated[str, Query(max_length=200, description="what the reader sees of a document")] = "",
    number: Annotated[int | None, Query(ge=1, le=LARGEST_ID)] = None,
    here: Here = Depends(here),
) -> object:
    """Takes a file in, as the body itself, if Meta would take it as `kind`."""
    with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY) as file:
        async for part in cast("AsyncIterator[bytes]", request.stream()):
            file.write(part)
        file.seek(0)
        return await run_in_threadpool(_keep, here, cast("IO[bytes]", file), kind, name, number)


def _keep(here: Here, file: IO[bytes], kind: str, name: str, number: int | None) -> dict[str, Any]:
    filename = Path(name.replace("\\", "/")).name
    stored = attachments.take_in(file, kind, here.office.most_upload_bytes, name=filename)  # type: ignore[arg-type]
    here.once = Once.begin(here.office.store, here.principal, here.request, here.now, stored.sha256)
    with here.write() as db:
        sender = account(db, here, number)
        reference = attachments.attach(db, sender, stored, filename, here.now)
        id_ = int(reference.removeprefix(LOCAL_MEDIA))
        here.note(db, "media.uploaded", f"media:{id_}")
    return {
        "id": id_,
        "kind": kind,
        "mime_type": stored.mime_type,
        "size_bytes": stored.size,
        "sha256": stored.sha256.hex(),
        "filename": filename,
    }


def _find(db: Session, id_: int) -> Media:
    media = db.exec(select(Media).where(Media.id == id_)).first()
    if media is None:
        raise NotFound("PT-MEDIA", "there is no file {id}", fix="pytake media list", id=id_)
    return media


def _parts(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while part := file.read(PART):
            yield part
