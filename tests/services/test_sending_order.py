"""One contact's messages leave in the order they were queued, whatever Meta answers meanwhile."""

from __future__ import annotations

import pytest

from pytake_cli.store import Store
from tests.services.test_sending import Outbox

TOO_FAST, AT_FAULT = 130429, 131000  # Meta: throughput exceeded; something went wrong


@pytest.fixture
def outbox(store: Store) -> Outbox:
    return Outbox(store)


@pytest.mark.parametrize("code", [TOO_FAST, AT_FAULT, None])
def test_a_refused_message_is_not_overtaken_by_the_next_one(outbox: Outbox, code: int | None) -> None:
    ana, rui = outbox.contact("5511968184101"), outbox.contact("5511968184102")
    first, second = outbox.queue(ana, "primeiro"), outbox.queue(ana, "segundo")
    outbox.refuse(outbox.claim(), code)
    other = outbox.queue(rui)
    assert first not in [handoff.id for handoff in outbox.claim()]
    outbox.later(1.2)  # the number may send again, the first message is not due for certain
    sent: list[int] = []
    for _ in range(40):
        handoffs = outbox.claim()
        outbox.accept(handoffs)
        sent += [handoff.id for handoff in handoffs]
        outbox.later(0.5)
    assert set(sent) | {other} == {first, second, other}
    assert sent.index(first) < sent.index(second)
