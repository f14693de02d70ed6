"""Every real payload goes through the real door: 200, stored as what it is or quarantined, the daemon alive."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from pytake_cli import clock
from pytake_cli.store.numbers import Number
from pytake_cli.whatsapp.webhooks import Incoming, Status, Unknown, parse
from tests.kit.bodies import Body
from tests.kit.check import check
from tests.kit.home import Home, make
from tests.kit.load import Result
from tests.whatsapp.corpus import needs_corpus, payloads

pytestmark = needs_corpus


def add_numbers(home: Home, ids: set[str]) -> None:
    """The numbers that the payloads name belong to our organisation."""
    with home.store() as store, store.write() as db:
        for serial, id_ in enumerate(sorted(ids)):
            db.add(
                Number(
                    org_id=home.org_id,
                    phone_number_id=id_,
                    waba_id=id_,
                    portfolio_id=id_,
                    display=f"+55114000{serial:04}",
                    created_at=clock.now(),
                )
            )


@pytest.fixture(scope="module")
def posted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Home, Result]]:
    """A home whose daemon has taken every webhook of the corpus, byte by byte as it is."""
    bodies = [path.read_bytes() for path in payloads("webhooks")]
    home = make(tmp_path_factory.mktemp("corpus"), grace_seconds=3)
    updates = [update for body in bodies for update in parse(body)]
    add_numbers(home, {id_ for update in updates if (id_ := getattr(update, "phone_number_id", None))})
    try:
        home.emulator.up()
        home.daemon.up()
        result = asyncio.run(home.load([Body(body) for body in bodies], connections=4).run())
        home.meet(1)
        yield home, result
    finally:
        home.stop()


def test_every_payload_is_taken_and_the_daemon_goes_on(posted: tuple[Home, Result]) -> None:
    home, result = posted
    assert set(result.statuses) == {200}
    assert len(result.acked) == len({path.read_bytes() for path in payloads("webhooks")})
    assert home.daemon.alive()
    check(home)


@pytest.mark.parametrize("path", payloads("webhooks"), ids=lambda path: path.stem)
def test_a_payload_is_stored_as_what_it_is_or_quarantined(posted: tuple[Home, Result], path: Path) -> None:
    home, _ = posted
    kinds: dict[str, set[str]] = defaultdict(set)  # samples share wamids: the first one that came was stored
    for other in payloads("webhooks"):
        for update in parse(other.read_bytes()):
            if isinstance(update, Incoming):
                kinds[update.wamid].add(update.kind)
    with home.store() as store, store.read() as db:
        rows = db.connection()
        journal = sa.text("SELECT id FROM journal WHERE body = :body AND applied_at IS NOT NULL")
        id_ = rows.execute(journal, {"body": path.read_bytes()}).scalar_one()
        reasons = sa.text("SELECT reason FROM quarantine WHERE journal_id = :id")
        quarantined = list(rows.execute(reasons, {"id": id_}).scalars())
        for update in parse(path.read_bytes()):
            match update:
                case Incoming(wamid=wamid):
                    found = sa.text("SELECT kind FROM message WHERE wamid = :wamid")
                    stored = rows.execute(found, {"wamid": wamid}).scalar()
                    assert stored in kinds[wamid] or quarantined, f"{wamid} is neither stored nor quarantined"
                case Status(wamid=wamid, status=status):
                    event = sa.text("SELECT count(*) FROM status_event WHERE wamid = :wamid AND status = :status")
                    assert rows.execute(event, {"wamid": wamid, "status": status}).scalar_one() or quarantined
                case Unknown():
                    assert quarantined
                case _:
                    assert not quarantined
