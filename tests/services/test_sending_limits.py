"""What Meta allows, kept before Meta is asked: the pair limit, a number's throughput, the 24-hour window."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlmodel import select

from pytake_cli.errors import LimitReached
from pytake_cli.policy import pacing
from pytake_cli.store import Store
from pytake_cli.store.conversations import Conversation
from pytake_cli.store.messages import Message
from pytake_cli.store.numbers import Number
from pytake_cli.whatsapp import messages as wire
from tests.services.test_sending import Outbox


@pytest.fixture
def outbox(store: Store) -> Outbox:
    return Outbox(store)


@pytest.fixture
def ana(outbox: Outbox) -> int:
    return outbox.contact("5511968184101")


def test_the_pair_limit_lets_a_burst_through_and_then_one_in_six_seconds(outbox: Outbox, ana: int) -> None:
    for n in range(50):
        outbox.queue(ana, f"{n}")
    sent = 0
    while handoffs := outbox.claim():
        outbox.accept(handoffs)
        sent += 1
        outbox.later(0.05)
    assert sent == 45
    outbox.later(6)
    assert len(outbox.claim()) == 1


def test_a_number_never_exceeds_its_throughput_in_any_second(outbox: Outbox) -> None:
    with outbox.store.write() as db:
        db.get_one(Number, outbox.number_id).rate_per_second = 80
    for n in range(150):
        outbox.queue(outbox.contact(f"55119000{n:05}"))
    moments: list[datetime] = []
    for _ in range(80):
        handoffs = outbox.claim()
        moments += [outbox.now] * len(handoffs)
        outbox.accept(handoffs)
        outbox.later(0.02)
    most = max(sum(1 for other in moments if moment <= other < moment + timedelta(seconds=1)) for moment in moments)
    assert 70 <= most <= 80 + pacing.burst(72)


def test_free_text_outside_the_window_is_refused_when_queued(outbox: Outbox) -> None:
    silent = outbox.contact("5511900000003", wrote=False)
    with pytest.raises(LimitReached, match="has not written yet") as refusal:
        outbox.queue(silent)
    assert refusal.value.slug == "PT-WA-131047"
    with outbox.store.read() as db:
        assert db.exec(select(Message)).all() == []
        assert db.exec(select(Conversation)).all() == []


def test_a_message_whose_window_closed_while_it_waited_is_not_tried(outbox: Outbox, ana: int) -> None:
    id_ = outbox.queue(ana)
    outbox.later(24 * 3600)
    assert outbox.claim() == []
    late = outbox.message(id_)
    assert (late.status, late.error_code) == ("failed", 131047)


def test_a_template_goes_out_whatever_the_window(outbox: Outbox) -> None:
    silent = outbox.contact("5511900000003", wrote=False)
    template = wire.Outgoing("template", {"type": "template", "template": {"name": "p", "language": {"code": "pt_BR"}}})
    outbox.queue(silent, outgoing=template)
    assert len(outbox.claim()) == 1
