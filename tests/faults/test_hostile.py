"""Hostile bodies, signed: none raises, none blocks, none is lost, and the next good message is stored.

Long runs: `python -m tests.kit.hostile --bodies 100000 --door 5000`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, example, given, settings

from pytake_cli.emulator import defaults
from pytake_cli.services import inbound
from pytake_cli.store import Store, journal
from pytake_cli.store.numbers import Number
from tests.kit import bodies
from tests.kit.hostile import Hostile, digest_all, through_the_door
from tests.kit.hostile_strategies import hostile_bodies
from tests.kit.stores import NOW, make_number, make_org


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Every quarantined update is a warning; thousands of them say nothing."""
    logging.disable()
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture
def shop(store: Store) -> Store:
    """A store with the number that the bodies speak of."""
    number_id = make_number(store, make_org(store))
    with store.write() as db:
        db.get_one(Number, number_id).phone_number_id = defaults.PHONE_NUMBER_ID
    return store


def apply(store: Store, body: bytes, now: datetime = NOW) -> inbound.Applied:
    journal.append(store, [journal.Received("", body, sha256(body).digest())], now)
    return inbound.drain(store, now)


def test_hostile_bodies_are_stored_or_quarantined(shop: Store) -> None:
    tally = digest_all(shop, iter(Hostile(seed=1)), 3000)
    assert tally.bodies == 3000
    assert tally.messages > 200
    assert tally.quarantined > 1000


@settings(
    max_examples=150, deadline=None, phases=(Phase.explicit, Phase.generate), suppress_health_check=list(HealthCheck)
)
@given(hostile_bodies())
@example(b'{"object":"whatsapp_business_account","entry":[{"time":999999999999,"changes":[{}]}]}')
def test_whatever_hypothesis_makes_up_does_not_block_the_journal(shop: Store, body: bytes) -> None:
    apply(shop, body)
    with shop.read() as db:
        waiting = sa.text("SELECT count(*) FROM journal WHERE applied_at IS NULL")
        assert db.connection().execute(waiting).scalar_one() == 0


@pytest.mark.parametrize("at", [0, 253402300799, 253402300799999])
def test_messages_from_the_ends_of_time_are_stored(shop: Store, at: float) -> None:
    good = bodies.message(bodies.phone(1), at=at or 1e-9)
    assert apply(shop, good.data, datetime(2026, 11, 22, tzinfo=UTC)).messages == 1


def test_a_daemon_takes_hostile_bodies_and_goes_on(tmp_path: Path) -> None:
    assert "acked" in through_the_door(tmp_path / "there", seed=3, count=1000, grace_seconds=3)
