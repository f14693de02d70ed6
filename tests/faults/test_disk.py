"""Disks and locks: what cannot be made durable is refused with 503, what was acknowledged stays, and work goes on."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pytake_cli.store.sqlite import driver
from tests.kit import bodies, disk
from tests.kit.check import check
from tests.kit.children import wait_until
from tests.kit.home import Home, make, running
from tests.kit.load import LoadThread
from tests.kit.queueing import Queueing

RATE = 50.0


@contextmanager
def loaded(home: Home, seconds: float) -> Iterator[LoadThread]:
    """Webhooks at a rate for so long; at the end every one of them has been acknowledged."""
    source = itertools.islice(bodies.stream("messages", 20, seed=4), int(RATE * seconds))
    thread = LoadThread(home.load(source, rate=RATE, connections=4))
    thread.start()
    try:
        yield thread
        result = thread.finish(120, stop=False)
        assert result.given_up == 0
    finally:
        thread.load.stop()


def unavailable(thread: LoadThread) -> int:
    return thread.load.result.statuses[503]


def test_on_a_full_disk_webhooks_get_503_and_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    disk.need_mounts()
    with disk.small(tmp_path / "data", "6m") as data, running(tmp_path / "there", data=data, grace_seconds=3) as home:
        home.meet(10)
        with loaded(home, 6) as load:
            time.sleep(1)
            assert unavailable(load) == 0
            disk.fill(data)
            wait_until(lambda: unavailable(load) > 20, 30)
            taken = len(load.load.result.acked)
            time.sleep(2)
            assert len(load.load.result.acked) - taken < 30, "the disk is not full"
            assert home.daemon.running, home.daemon.tail()
            with home.store() as store, store.read():
                pass  # reading goes on
            disk.free(data)
        with home.store() as store:
            Queueing(store).batch(20)
        check(home)
        assert home.daemon.alive()


def test_files_that_may_not_grow_are_a_full_disk_too(there: Home) -> None:
    there.meet(10)
    with loaded(there, 5) as load:
        there.daemon.limit_file_size((there.data / "pytake.db-wal").stat().st_size)
        wait_until(lambda: unavailable(load) > 10, 30)
        there.daemon.limit_file_size(-1)
    check(there)
    assert there.daemon.alive()


def test_a_read_only_store_is_refused_at_the_start_in_one_line(tmp_path: Path) -> None:
    disk.need_mounts()
    home = make(tmp_path / "there")
    with disk.read_only(home.data):
        home.daemon.start()
        assert home.daemon.wait(20) == 78, home.daemon.tail()
        assert "Traceback" not in home.daemon.output()
        first = home.daemon.output().strip().splitlines()[0]
        assert "store" in first or "read-only" in first, home.daemon.output()
    home.daemon.up()
    assert home.daemon.stop() == 0


@pytest.mark.parametrize("seconds", [3.0, 9.0])
def test_a_store_locked_by_another_process_delays_and_loses_nothing(there: Home, seconds: float) -> None:
    there.meet(10)
    with loaded(there, 3 + seconds) as load:
        time.sleep(1)
        other = driver().connect(there.data / "pytake.db", isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        time.sleep(seconds)
        assert (unavailable(load) > 0) == (seconds > 5), load.load.result.statuses
        assert there.daemon.running
        other.execute("ROLLBACK")
        other.close()
    with there.store() as store:
        Queueing(store).batch(20)
    check(there)


def test_a_start_waits_for_a_store_that_another_process_has_locked(there: Home) -> None:
    there.daemon.kill()
    other = driver().connect(there.data / "pytake.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    there.daemon.start()
    time.sleep(7)  # longer than one statement waits
    assert there.daemon.running, there.daemon.tail()
    other.execute("ROLLBACK")
    other.close()
    wait_until(there.daemon.answers, 10)
    there.meet(1)
