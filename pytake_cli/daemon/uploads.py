"""Files that go out: uploaded once for all messages that carry them, before the message is sent."""

from __future__ import annotations

import asyncio
from typing import Any

from pytake_cli import clock
from pytake_cli.errors import PytakeError, SendError, StoreUnavailable
from pytake_cli.services import media
from pytake_cli.services.sending import Handoff, with_media
from pytake_cli.store import Store
from pytake_cli.whatsapp.client import Graph
from pytake_cli.whatsapp.media import upload

UPLOAD_FAILED = 131053  # Meta's code for a file that cannot be uploaded
PATIENCE_SECONDS = 20.0  # a claim must not grow old: a longer upload goes on, and its messages are claimed again


class NotYet(SendError):
    """Nothing was sent, for a reason that is ours and will pass."""

    def __init__(self, slug: str, message: str, **values: Any) -> None:
        super().__init__(slug, message, retryable=True, **values)


class Uploads:
    """`put_in` gives a request Meta's media id in the place of our row's; a failure is a SendError without doubt."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._under_way: dict[int, asyncio.Future[str]] = {}

    async def put_in(self, graph: Graph, handoff: Handoff) -> dict[str, Any]:
        assert handoff.media_id is not None
        media_id = handoff.media_id
        under_way = self._under_way.get(media_id)
        if under_way is None:
            under_way = self._under_way[media_id] = asyncio.ensure_future(self._upload(graph, handoff, media_id))
            under_way.add_done_callback(lambda done: self._over(media_id, done))
        try:
            wa_media_id = await asyncio.wait_for(asyncio.shield(under_way), PATIENCE_SECONDS)
        except TimeoutError:
            raise NotYet("PT-UPLOADING", "the file is still being uploaded") from None
        request: dict[str, Any] = with_media(handoff.request, media_id, wa_media_id)
        return request

    def _over(self, media_id: int, done: asyncio.Future[str]) -> None:
        del self._under_way[media_id]
        if not done.cancelled():
            done.exception()  # whoever waited has heard of it; if nobody did, the next claim will

    async def _upload(self, graph: Graph, handoff: Handoff, media_id: int) -> str:
        try:
            file = await asyncio.to_thread(media.outgoing, self._store, handoff.org_id, media_id, clock.now())
            if file.wa_media_id:
                return file.wa_media_id
            wa_media_id = await upload(
                graph, handoff.phone_number_id, file.path, mime_type=file.mime_type or None, filename=file.filename
            )
            await asyncio.to_thread(media.uploaded, self._store, media_id, wa_media_id, clock.now())
        except StoreUnavailable as error:
            raise NotYet(error.slug, "the file could not be looked up: {reason}", reason=str(error)) from error
        except SendError as error:
            why = "the file was not uploaded: {reason}"
            raise SendError(error.slug, why, retryable=True, code=error.code, reason=str(error)) from error
        except (PytakeError, OSError) as error:
            why = "the file cannot be sent: {reason}"
            raise SendError("PT-WA-131053", why, retryable=False, code=UPLOAD_FAILED, reason=str(error)) from error
        return wa_media_id
