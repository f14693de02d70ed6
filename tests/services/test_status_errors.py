"""Errors that come with a status say something about the message, and only with a code about the number."""

from __future__ import annotations

import pytest

from pytake_cli.store import Store
from pytake_cli.store.numbers import Number
from pytake_cli.whatsapp.webhooks import WireError
from tests.services.test_sending import Outbox


@pytest.mark.parametrize(("code", "stops"), [(0, False), (999_999, False), (131031, True)])
def test_a_failed_status_stops_the_number_only_by_a_code_that_means_it(store: Store, code: int, stops: bool) -> None:
    outbox = Outbox(store)
    message = outbox.queue(outbox.contact("5511968184101"))
    outbox.accept(outbox.claim())
    outbox.report("failed", wamid=f"wamid.{message}", errors=(WireError(code, "Message Undeliverable.", ""),))
    assert outbox.message(message).status == "failed"
    with store.read() as db:
        assert (db.get_one(Number, outbox.number_id).stopped_at is not None) == stops
