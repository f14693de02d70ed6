"""Clocks that jump by an hour, forwards and back: nothing expires, nothing is lost, nothing goes out twice."""

from __future__ import annotations

import itertools
from pathlib import Path

from tests.kit import bodies
from tests.kit.check import check
from tests.kit.clockjump import Jump, offset, shifted
from tests.kit.home import Home, running
from tests.kit.load import LoadThread
from tests.kit.queueing import Queueing

HOUR = 3600.0


def work(home: Home, seed: int) -> None:
    """Some webhooks and some sends, finished before anything else happens."""
    source = itertools.islice(bodies.stream("messages", 15, seed), 100)
    load = LoadThread(home.load(source, connections=4))
    load.start()
    with home.store() as store:
        Queueing(store, seed=seed).batch(30)
    load.finish(60, stop=False)


def test_what_was_queued_before_the_clock_was_set_back_goes_out_at_once(there: Home) -> None:
    there.meet(5)
    there.emulator.fault("error", code=131000, http=500, count=2)
    there.daemon.stop()
    there.daemon.up(offset(HOUR))
    with shifted(HOUR), there.store() as store:
        Queueing(store).batch(10)
        there.daemon.kill()
        Queueing(store).batch(10)
    there.daemon.up()
    check(there, quiet_seconds=30)


def test_a_clock_that_jumps_by_an_hour_forth_and_back_changes_nothing(there: Home) -> None:
    there.meet(15)
    for number, jump in enumerate((HOUR, 0.0, -HOUR, 0.0)):
        there.daemon.kill()
        there.daemon.up(offset(jump))
        with shifted(jump):
            work(there, number)
        report = check(there, quiet_seconds=60)
        assert report.counts["failed"] == 0
        assert report.counts["sends"] == 15 + 30 * (number + 1)
    assert report.counts["twice, labelled"] == 0


def test_a_clock_that_jumps_while_the_daemon_works_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "clock").mkdir()
    jump = Jump(tmp_path / "clock")
    with running(tmp_path / "there", settings=jump.environment, grace_seconds=3) as home:
        home.meet(15)
        for number, by in enumerate((HOUR, -HOUR, 0.0)):
            jump.by(by)
            work(home, number)
            assert check(home, quiet_seconds=60).counts["failed"] == 0
