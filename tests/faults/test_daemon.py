"""The daemon's start and end: one per store, and a stop that leaves nothing in doubt."""

from __future__ import annotations

import itertools
import time
from pathlib import Path

import pytest

from tests.kit import bodies
from tests.kit.check import check
from tests.kit.children import free_port, wait_until
from tests.kit.home import Daemon, Home, running
from tests.kit.load import LoadThread
from tests.kit.queueing import Queueing


def test_a_second_daemon_on_the_same_store_is_refused_and_harms_nobody(there: Home) -> None:
    there.meet(3)
    port = free_port()
    second = Daemon(port, {**there.environment, "PYTAKE_SERVE__PORT": str(port)}, there.folder)
    second.log = there.folder / "second.log"
    with second:
        second.start()
        assert second.wait(10) == 6, second.tail()
    assert str(there.daemon.pid) in second.output()
    assert "Traceback" not in second.output()
    assert there.daemon.alive()
    check(there)


def test_a_daemon_that_was_killed_frees_the_store_for_the_next(there: Home) -> None:
    there.daemon.kill()
    assert there.daemon.up() < 10


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
def test_a_daemon_among_others_takes_over_at_once_what_a_killed_one_held(tmp_path: Path, empty_url: str) -> None:
    with running(tmp_path / "there", store_url=empty_url, grace_seconds=3) as home:
        home.meet(3)
        home.emulator.fault("hang")
        with home.store() as store:
            Queueing(store).batch(3)
            wait_until(lambda: _in_doubt(store) > 0, 10)
        home.daemon.kill()
        home.emulator.no_faults()
        home.daemon.up()
        assert "messages were being sent when the last daemon ended" in home.daemon.output()
        check(home, quiet_seconds=30)


def test_sigterm_under_load_finishes_what_is_in_flight_and_leaves_nothing_in_doubt(there: Home) -> None:
    there.meet(20)
    there.emulator.post("config", latency="200ms")
    load = LoadThread(there.load(bodies.stream("messages", 20, seed=9), rate=100, connections=4))
    load.start()
    for number in range(2):
        with there.store() as store:
            Queueing(store, seed=number).batch(60)
            time.sleep(1)
            assert not number or there.daemon.running
            started = time.monotonic()
            assert there.daemon.stop() == 0, there.daemon.tail()
            assert time.monotonic() - started < 25
            assert _in_doubt(store) == 0
        there.daemon.up()
    load.finish(60)
    report = check(there)
    assert report.counts["unconfirmed"] == report.counts["twice, labelled"] == 0


def _in_doubt(store: object) -> int:
    import sqlalchemy as sa

    from pytake_cli.store import Store

    assert isinstance(store, Store)
    with store.read() as db:
        query = sa.text("SELECT count(*) FROM message WHERE status IN ('sending', 'unknown')")
        return int(db.connection().execute(query).scalar_one())


def test_a_second_sigterm_ends_it_at_once(there: Home) -> None:
    there.meet(3)
    there.emulator.fault("hang")
    with there.store() as store:
        Queueing(store).batch(3)
    time.sleep(1)
    there.daemon.ask_to_stop()
    time.sleep(0.5)
    started = time.monotonic()
    there.daemon.ask_to_stop()
    there.daemon.wait(20)
    assert time.monotonic() - started < 10  # what is in flight would be waited for much longer
    there.emulator.no_faults()
    there.daemon.up()
    check(there)


def test_hundreds_of_bodies_with_the_same_message_store_it_once(there: Home) -> None:
    there.meet(1)
    one = bodies.message(bodies.phone(0), "de novo")
    load = LoadThread(there.load(list(itertools.repeat(one, 300)), connections=20))
    load.start()
    result = load.finish(60, stop=False)
    assert result.statuses == {200: 300}
    check(there)
