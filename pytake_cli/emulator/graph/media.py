"""Media: upload, resolve, download, delete, and the resumable uploads of samples and profile pictures."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import Any

from pytake_cli.emulator.errors import GraphError, invalid, missing, unknown_object
from pytake_cli.emulator.graph.call import SUCCESS, Call, Reply
from pytake_cli.emulator.graph.messages import number_of

UPLOAD_TYPES = frozenset({"application/pdf", "image/jpeg", "image/jpg", "image/png", "video/mp4"})
NOT_FOUND_PAGE = b"<!DOCTYPE html><html><head><title>Not Found</title></head><body>URL signature expired</body></html>"


async def upload(call: Call) -> dict[str, Any]:
    """`POST /{number}/media`, a multipart form."""
    number = number_of(call)
    form, file = await call.form()
    if form.get("messaging_product") != "whatsapp":
        raise GraphError(100, message="(#100) The parameter messaging_product is required.")
    if file is None:
        raise missing("file")
    declared = form.get("type") or file.mime_type
    if "/" not in declared:  # some clients put the kind (`image`) where Meta wants the MIME type
        declared = file.mime_type
    _check_ttl(form.get("ttl_minutes"))
    return {"id": call.world.media.upload(number, file.data, file.mime_type, declared, file.name).id}


def _check_ttl(minutes: str | None) -> None:
    if minutes is not None and not (minutes.isdigit() and 60 <= int(minutes) <= 43_200):
        raise invalid("ttl_minutes", "must be between 60 and 43200.")


async def resolve(call: Call) -> dict[str, Any]:
    medium = call.world.media.get(call.node, call.query.get("phone_number_id"))
    return call.world.media.describe(medium, call.base_url)


async def delete(call: Call) -> dict[str, Any]:
    call.world.media.delete(call.node, call.query.get("phone_number_id"))
    return SUCCESS


async def download(call: Call) -> Reply:
    """`GET /whatsapp_business/attachments/?mid=…&ext=…&hash=…`; the token was checked like any other."""
    medium = call.world.media.by_url(call.query.get("mid", ""), call.query.get("hash", ""))
    if medium is None:
        return Reply(NOT_FOUND_PAGE, 404, "text/html; charset=utf-8")
    if call.world.config.media_redirect and "hop" not in call.query:
        port = call.request.host.rpartition(":")[2]
        target = f"http://localhost:{port}/whatsapp_business/attachments/?{call.query_string}&hop=1"
        return Reply(b"", 302, "text/plain", {"Location": target})
    return Reply(medium.data, 200, medium.mime_type.split(";")[0])


@dataclass(slots=True)
class Session:
    """A resumable upload in progress."""

    id: str
    length: int
    mime_type: str
    name: str
    data: bytearray = field(default_factory=bytearray)


async def open_session(call: Call) -> dict[str, Any]:
    """`POST /{app}/uploads?file_name=…&file_length=…&file_type=…`"""
    length, mime_type = await call.required("file_length", "file_type")
    if mime_type not in UPLOAD_TYPES:
        raise invalid("file_type", f"must be one of {{{', '.join(sorted(UPLOAD_TYPES))}}}.")
    if not str(length).isdigit():
        raise invalid("file_length", "must be a positive integer.")
    token = call.world.ids.token(40)
    session_id = f"upload:MTphdHRh{token}?sig=ARZ{token[:12]}"
    session = Session(session_id, int(length), str(mime_type), str((await call.parameters()).get("file_name", "")))
    call.world.uploads[session_id.partition("?")[0]] = session
    return {"id": session_id}


def _session(call: Call) -> Session:
    session = call.world.uploads.get(call.node)
    if not isinstance(session, Session):
        raise unknown_object(call.node, call.method)
    return session


async def continue_session(call: Call) -> dict[str, Any]:
    """`POST /{upload id}` with `file_offset` and raw bytes; the handle comes once all bytes are there."""
    session = _session(call)
    offset = call.request.headers.get("file_offset", "0")
    if not offset.isdigit() or int(offset) != len(session.data):
        raise GraphError(100, f"The file_offset must be {len(session.data)}.")
    session.data += await call.request.read()
    if len(session.data) > session.length:
        raise GraphError(100, "More bytes than file_length were uploaded.")
    if len(session.data) < session.length:
        return {"id": session.id, "file_offset": len(session.data)}
    parts = (session.name or "file", session.mime_type, call.world.ids.token(24))
    return {"h": "4::" + ":".join(base64.b64encode(part.encode()).decode() for part in parts)}


async def show_session(call: Call) -> dict[str, Any]:
    session = _session(call)
    return {"id": session.id, "file_offset": len(session.data)}
