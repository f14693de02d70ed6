"""Bodies that refer to a file of ours as `media:12`: only where Meta's media id stands, never in people's words."""

from __future__ import annotations

from typing import Any

import pytest

from pytake_cli.services.sending import local_media, with_media
from pytake_cli.store import Store
from pytake_cli.whatsapp import messages as wire
from tests.services.test_sending import Outbox

HEADER = {"type": "header", "parameters": [{"type": "image", "image": {"id": "media:7"}}]}


@pytest.mark.parametrize("words", ["media:", "media:5", "media: 3,5 na prova"])
def test_words_that_begin_like_a_reference_are_words(store: Store, words: str) -> None:
    outbox = Outbox(store)
    outbox.queue(outbox.contact("5511968184101"), words)
    [handoff] = outbox.claim()
    assert (handoff.media_id, handoff.request["text"]["body"]) == (None, words)


@pytest.mark.parametrize(
    ("body", "id_"),
    [
        ({"type": "image", "image": {"id": "media:12", "caption": "media:3"}}, 12),
        ({"type": "template", "template": {"name": "p", "components": [HEADER]}}, 7),
        ({"type": "image", "image": {"id": "1037543291543636"}}, None),
        ({"type": "document", "document": {"id": "media:x"}}, None),
        (wire.buttons("media:1?", [("media:2", "Sim"), ("media:3", "Não")]).body, None),
    ],
)
def test_a_reference_is_found_where_metas_id_stands(body: dict[str, Any], id_: int | None) -> None:
    assert local_media(body) == id_


def test_only_the_reference_is_replaced() -> None:
    body = {"type": "image", "image": {"id": "media:12", "caption": "media:12"}}
    assert with_media(body, 12, "99") == {"type": "image", "image": {"id": "99", "caption": "media:12"}}
