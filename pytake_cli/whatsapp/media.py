"""Files to and from Meta: upload, resolve, download and delete, with limits, digests and care for the token."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

import aiohttp
from yarl import URL

from pytake_cli.errors import InvalidData, LimitReached, NotFound
from pytake_cli.whatsapp.client import Graph
from pytake_cli.whatsapp.failures import Answer, GraphError, failure, unclear
from pytake_cli.whatsapp.fields import digest, whole, word
from pytake_cli.whatsapp.media_files import Arriving
from pytake_cli.whatsapp.media_types import (
    HEAD,
    KINDS,
    STATIC_STICKER,
    agrees,
    bare,
    is_opus,
    kind_of_mime,
    sniff,
    sticker_shape,
)
from pytake_cli.whatsapp.updates import MediaRef

log = logging.getLogger(__name__)

TOKEN_HOSTS = (".fbsbx.com", ".facebook.com", ".fbcdn.net", ".whatsapp.net")  # and the host of Graph itself
TRANSFER_TIMEOUT = 120.0  # seconds without a byte
REDIRECTS = 3
MOST_PIXELS = 50_000_000  # more is no photo: a few bytes can unpack to gigabytes
_UPLOAD_TRIES = 5
_GONE = (404, 410)


@dataclass(frozen=True, slots=True)
class Resolved:
    """Where a file can be fetched for the next five minutes."""

    url: str
    mime_type: str
    sha256: bytes | None
    size: int | None


@dataclass(frozen=True, slots=True)
class Stored:
    """A file that was received. `mime_type` is by its content, `genuine` if declared so, `intact` by its digest."""

    path: Path
    sha256: bytes
    size: int
    mime_type: str
    genuine: bool
    intact: bool


async def upload(
    graph: Graph,
    phone_number_id: str,
    path: Path,
    *,
    mime_type: str | None = None,
    kind: str | None = None,
    filename: str | None = None,
) -> str:
    """The file's media id: good for 30 days and this number only. Raises PT-WA-MEDIA before anything is sent."""
    name = filename or path.name
    declared, size = await asyncio.to_thread(_measure, path, mime_type, kind, name)
    with path.open("rb") as file:
        form = aiohttp.FormData()
        form.add_field("messaging_product", "whatsapp")
        form.add_field("type", declared)
        form.add_field("file", file, filename=_presentable(name), content_type=declared)
        answer = await graph.call("POST", f"{phone_number_id}/media", data=form, read_timeout=TRANSFER_TIMEOUT)
    media_id = word(answer.get("id"))
    if media_id is None:
        raise unclear("Meta answered an upload without an id", Answer(200), safe=True)
    log.info("media uploaded", extra={"media": media_id, "bytes": size, "type": declared})
    return media_id


def check_file(path: Path, *, mime_type: str | None = None, kind: str | None = None, name: str = "") -> str:
    """The type a file will be sent as; raises PT-WA-MEDIA if Meta would not take it. `name`: if it has another one."""
    return _measure(path, mime_type, kind, name or path.name)[0]


def _measure(path: Path, mime_type: str | None, kind: str | None, name: str) -> tuple[str, int]:
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(HEAD)
    found = sniff(head)
    declared = bare(mime_type) if mime_type else _declared(name, found)
    if not agrees(declared, found):
        raise _refused(path, "it is declared as {declared} and is {found}", declared=declared, found=found)
    carried = kind or kind_of_mime(declared)
    limits = KINDS[carried]
    if carried != "document" and declared not in limits.mime_types:
        raise _refused(path, "{kind} takes {types}", kind=carried, types=", ".join(limits.mime_types))
    most = limits.most_bytes
    if carried == "sticker":
        shape = sticker_shape(head)
        if shape is None or (shape.width, shape.height) != (512, 512):
            raise _refused(path, "a sticker has 512 x 512 pixels")
        most = limits.most_bytes if shape.animated else STATIC_STICKER
    if declared == "audio/ogg" and not is_opus(head):
        raise _refused(path, "an OGG file must hold OPUS sound")
    if size == 0 or size > most:
        raise _refused(path, "{kind} has 1 to {most} bytes, and this file {size}", kind=carried, most=most, size=size)
    return ("audio/ogg; codecs=opus" if declared == "audio/ogg" else declared), size


# for types that content does not tell apart
_BY_SUFFIX = {
    ".doc": "application/msword",
    ".docx": KINDS["document"].mime_types[5],
    ".xls": "application/vnd.ms-excel",
    ".xlsx": KINDS["document"].mime_types[6],
    ".ppt": "application/vnd.ms-powerpoint",
    ".pptx": KINDS["document"].mime_types[7],
    ".m4a": "audio/mp4",
    ".csv": "text/csv",
    ".json": "application/json",
}


def _declared(name: str, found: str) -> str:
    named = _BY_SUFFIX.get(PurePath(name).suffix.lower())
    return named if named is not None and agrees(named, found) else found


def _refused(path: Path, why: str, **values: Any) -> InvalidData:
    return InvalidData("PT-WA-MEDIA", "Meta would not take {file}", why=why, file=path.name, **values)


def _presentable(name: str) -> str:
    plain = "".join(sign for sign in PurePath(name).name if sign.isprintable() and sign not in '"\\')
    return plain[-200:] or "file"


async def resolve(graph: Graph, media_id: str, phone_number_id: str | None = None) -> Resolved:
    """A fresh address of the file; raises PT-WA-MEDIA-LOST if Meta no longer has it."""
    params = {"phone_number_id": phone_number_id} if phone_number_id else None
    try:
        answer = await graph.call("GET", media_id, params=params)
    except GraphError as error:
        if error.code in (33, 100, 803) or error.answer.status in (404, 410):
            raise _lost(media_id) from error
        raise
    url = word(answer.get("url"))
    if url is None:
        raise _lost(media_id)
    return Resolved(
        url, word(answer.get("mime_type")) or "", digest(answer.get("sha256")), whole(answer.get("file_size"))
    )


async def delete(graph: Graph, media_id: str, phone_number_id: str | None = None) -> None:
    """Deletes a file at Meta."""
    params = {"phone_number_id": phone_number_id} if phone_number_id else None
    await graph.call("DELETE", media_id, params=params)


async def download(
    graph: Graph, ref: MediaRef, folder: Path, *, phone_number_id: str | None = None, most_bytes: int
) -> Stored:
    """Fetches a file into `folder`: a stale address is resolved once more, a wrong digest fetched once more.

    Raises PT-WA-MEDIA (too large), PT-WA-MEDIA-LOST (gone for good) or a GraphError to try again later.
    """
    stored: Stored | None = None
    url, expected, mime_type = ref.url, ref.sha256, ref.mime_type
    for _ in range(2):
        if url is None:
            place = await resolve(graph, ref.id, phone_number_id)
            if place.size is not None and place.size > most_bytes:
                raise _too_large(ref.id, most_bytes)
            url, expected = place.url, expected or place.sha256
            mime_type = mime_type or place.mime_type
        stored = await _fetch(graph, ref.id, url, folder, most_bytes, mime_type, expected)
        if stored is not None and stored.intact:
            return stored
        url = None
    if stored is None:
        raise _lost(ref.id)
    log.warning("media digest differs", extra={"media": ref.id})
    return stored


async def _fetch(
    graph: Graph, media_id: str, url: str, folder: Path, most: int, declared: str, expected: bytes | None
) -> Stored | None:
    target = URL(url, encoded=True)
    for _ in range(REDIRECTS + 1):
        _refuse_strange(graph, target)
        with_token = token_may_go(graph.url, target)
        async with graph.fetch(target, with_token=with_token, read_timeout=TRANSFER_TIMEOUT) as response:
            if response.status in (301, 302, 303, 307, 308) and "location" in response.headers:
                target = target.join(URL(response.headers["location"], encoded=True))
                continue
            if response.status in _GONE:
                return None
            if response.status != 200:
                raise failure(response, None, 0.0, safe=True)
            return await _receive(response, media_id, folder, most, declared, expected)
    raise unclear("the download was redirected in circles", safe=True)


async def _receive(
    response: aiohttp.ClientResponse, media_id: str, folder: Path, most: int, declared: str, expected: bytes | None
) -> Stored:
    if (response.content_length or 0) > most:
        raise _too_large(media_id, most)
    with Arriving(folder) as file:
        async for part in response.content.iter_chunked(128 * 1024):
            if file.size + len(part) > most:
                raise _too_large(media_id, most)
            file.write(part)
        found = sniff(file.head)
        if found.startswith("image/") and file.pixels() > MOST_PIXELS:
            raise LimitReached(
                "PT-WA-MEDIA",
                "the picture {media} has too many pixels to be shown",
                fix="pytake media list",
                media=media_id,
            )
        path = await asyncio.to_thread(file.keep)
        intact = expected is None or expected == file.sha256
        return Stored(path, file.sha256, file.size, found, agrees(declared, found), intact)


def token_may_go(graph_url: str, target: URL) -> bool:
    """True for Meta's own hosts over HTTPS and for the configured Graph (an emulator); nobody else sees the token."""
    if target.origin() == URL(graph_url).origin():
        return True
    host = f".{(target.host or '').lower()}"
    return target.scheme == "https" and target.explicit_port in (None, 443) and host.endswith(TOKEN_HOSTS)


def _refuse_strange(graph: Graph, target: URL) -> None:
    """Only public HTTPS hosts are asked at all; loopback only if Graph itself (an emulator) is there."""
    home = URL(graph.url)
    host = target.host or ""
    if target.origin() == home.origin() or (_is_inside(home.host or "") and _is_inside(host)):
        return
    if target.scheme != "https" or _is_inside(host):
        raise NotFound(
            "PT-WA-MEDIA-LOST",
            "the file is said to be at {host}, where nothing is fetched from",
            fix="pytake config get whatsapp.graph_url",
            host=host,
        )


def _is_inside(host: str) -> bool:
    if host in ("localhost", ""):
        return True
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return False


def _lost(media_id: str) -> NotFound:
    return NotFound("PT-WA-MEDIA-LOST", "Meta no longer has the file {media}", fix="pytake media list", media=media_id)


def _too_large(media_id: str, most: int) -> LimitReached:
    return LimitReached(
        "PT-WA-MEDIA",
        "the file {media} is larger than {most} bytes",
        fix="raise the setting media.max_bytes",
        media=media_id,
        most=most,
    )


async def upload_sample(graph: Graph, app_id: str, path: Path, mime_type: str) -> str:
    """The handle of a sample (template header, profile picture); an interrupted upload goes on where it was."""
    size = path.stat().st_size
    params: dict[str, str | int] = {
        "file_name": _presentable(path.name),
        "file_length": size,
        "file_type": mime_type,
    }
    session = word((await graph.call("POST", f"{app_id}/uploads", params=params)).get("id"))
    if session is None:
        raise unclear("Meta opened an upload without an id", Answer(200), safe=True)
    offset = 0
    for tries in range(_UPLOAD_TRIES):
        try:
            handle = word((await _upload_from(graph, session, path, offset)).get("h"))
            if handle is not None:
                return handle
        except GraphError as error:
            if tries + 1 == _UPLOAD_TRIES or not (error.unknown or error.retryable):
                raise
        where = await graph.call("GET", session, scheme="OAuth")
        offset = whole(where.get("file_offset")) or 0
    raise unclear("Meta ended an upload without a handle", Answer(200), safe=True)


async def _upload_from(graph: Graph, session: str, path: Path, offset: int) -> dict[str, Any]:
    with path.open("rb") as file:
        file.seek(offset)
        headers = {"file_offset": str(offset), "Content-Type": "application/octet-stream"}
        return await graph.call(
            "POST", session, data=file, headers=headers, scheme="OAuth", read_timeout=TRANSFER_TIMEOUT
        )
