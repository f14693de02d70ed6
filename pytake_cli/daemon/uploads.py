"""Files that go out: uploaded once for all messages that carry them, before the message is sent."""

from __future__ import annotations

import asyncio
from typing import Any

from pytake_cli import clock
from pytake_cli.errors import PytakeError, SendError
from pytake_cli.services import media
from pytake_cli.services.sending import Handoff, with_media
from pytake_cli.store import Store
from pytake_cli.whatsapp.client import Graph
from pytake_cli.whatsapp.media import upload

UPLOAD_FAILED = 131053  # Meta's code for a file that cannot be uploaded


class Uploads:
    """`put_in` gives a request Meta's media id in the place of our row's; a failure is a SendError without doubt."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._under_way: dict[int, asyncio.Future[str]] = {}

    async def put_in(self, graph: Graph, handoff: Handoff) -> dict[str, Any]:
        assert handoff.media_id is not None
        media_id = handoff.media_id
        upload = self._under_way.get(media_id)
        if upload is None:
            upload = self._under_way[media_id] = asyncio.ensure_future(self._upload(graph, handoff, media_id))
            upload.add_done_callback(lambda _: self._under_way.pop(media_id, None))
        request: dict[str, Any] = with_media(handoff.request, media_id, await asyncio.shield(upload))
        return request

    async def _upload(self, graph: Graph, handoff: Handoff, media_id: int) -> str:
        try:
            file = await asyncio.to_thread(media.outgoing, self._store, media_id, clock.now())
            if file.wa_media_id:
                return file.wa_media_id
            wa_media_id = await upload(
                graph, handoff.phone_number_id, file.path, mime_type=file.mime_type or None, filename=file.filename
            )
        except SendError as error:
            raise SendError(
                error.slug, "the file was not uploaded: {reason}", retryable=True, code=error.code, reason=str(error)
            ) from error
        except (PytakeError, OSError) as error:
            why = "the file cannot be sent: {reason}"
            raise SendError("PT-WA-131053", why, retryable=False, code=UPLOAD_FAILED, reason=str(error)) from error
        await asyncio.to_thread(media.uploaded, self._store, media_id, wa_media_id, clock.now())
        return wa_media_id
