"""The intake: durable before it says so, many at a time, and honest when it cannot be."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable

import pytest
import sqlalchemy as sa

from pytake_cli import clock
from pytake_cli.daemon import intake
from pytake_cli.daemon.intake import Intake
from pytake_cli.errors import StoreUnavailable
from pytake_cli.store import Store
from pytake_cli.store.journal import Journal
from tests.kit import bodies

journal = Journal.__table__  # type: ignore[attr-defined]


def taking(store: Store, visit: Callable[[Intake], Awaitable[None]]) -> tuple[Intake, list[int]]:
    """Runs a visit to an intake that works; the intake, and how much was acked at each poke of the journal."""
    poked: list[int] = []

    async def run() -> Intake:
        taker = Intake(store, on_commit=lambda news: poked.append(taker.acked))
        working = asyncio.ensure_future(taker.run())
        await visit(taker)
        await taker.close(2.0)
        await working
        return taker

    return asyncio.run(run()), poked


def stored(store: Store) -> list[bytes]:
    with store.read() as db:
        return [row.body for row in db.connection().execute(sa.select(journal.c.body).order_by(journal.c.id))]


def test_what_was_acknowledged_is_in_the_journal_in_the_order_of_arrival(store: Store) -> None:
    given = [b'{"n":%d}' % i for i in range(1500)]

    async def visit(taker: Intake) -> None:
        await asyncio.gather(*[taker.put("", body) for body in given])

    taker, poked = taking(store, visit)
    assert stored(store) == given
    assert taker.acked == 1500
    assert taker.commits < 20
    assert len(poked) == taker.commits


def test_only_bodies_with_nothing_but_statuses_are_no_news(store: Store) -> None:
    told: list[bool] = []
    said = bodies.message("5511960000000", 'ele disse "statuses": []').data
    status = bodies.status("wamid.1", "read", "5511960000000").data

    async def run() -> None:
        taker = Intake(store, on_commit=told.append)
        working = asyncio.ensure_future(taker.run())
        for together in ([status], [said], [status, said]):
            await asyncio.gather(*[taker.put("", body + b" " * len(told)) for body in together])
        await taker.close(2.0)
        await working

    asyncio.run(run())
    assert told == [False, True, True]


def test_a_single_body_does_not_wait_for_others(store: Store) -> None:
    async def visit(taker: Intake) -> None:
        for i in range(5):
            started = clock.monotonic()
            await taker.put("77", b"%d" % i)
            assert clock.monotonic() - started < 5.0

    taker, _ = taking(store, visit)
    assert taker.commits == 5
    with store.read() as db:
        rows = db.connection().execute(sa.select(journal)).all()
    assert {row.app for row in rows} == {"77"}
    assert all(row.applied_at is None and row.received_at.tzinfo is not None for row in rows)


def test_a_repeated_body_is_acknowledged_and_stored_once(store: Store) -> None:
    async def visit(taker: Intake) -> None:
        await asyncio.gather(*[taker.put("", b"same") for _ in range(500)])
        await taker.put("", b"same")
        await taker.put("", b"same")

    taker, poked = taking(store, visit)
    assert stored(store) == [b"same"]
    assert taker.acked == 502
    assert taker.repeated == 501
    assert len(poked) == 1


def test_any_bytes_are_kept_as_they_are(store: Store) -> None:
    bodies = [b"", b"\x00", os.urandom(100_000), "é'\"%s".encode(), b"\xff" * 3]

    async def visit(taker: Intake) -> None:
        for body in bodies:
            await taker.put("", body)

    taking(store, visit)
    assert stored(store) == bodies


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_store_that_is_full_refuses_and_recovers(store: Store) -> None:
    large = b"x" * 20_000

    async def visit(taker: Intake) -> None:
        await taker.put("", b"before" + large)
        await asyncio.to_thread(limit_pages, 1)
        results = await asyncio.gather(
            *[taker.put("", b"during %d" % i + large) for i in range(20)], return_exceptions=True
        )
        assert all(isinstance(result, StoreUnavailable) for result in results)
        await asyncio.to_thread(limit_pages, 1 << 30)
        await taker.put("", b"after" + large)

    def limit_pages(count: int) -> None:
        with store.writer.connect() as connection:
            connection.exec_driver_sql(f"PRAGMA max_page_count={count}")

    taker, _ = taking(store, visit)
    assert stored(store) == [b"before" + large, b"after" + large]
    assert taker.refused == 20


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_whoever_waits_too_long_for_the_disk_is_told_to_come_again(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "LONGEST_WAIT_SECONDS", 0.1)

    async def visit(taker: Intake) -> None:
        assert store._turn is not None
        await asyncio.to_thread(store._turn.acquire)
        first = taker.put("", b"first")
        await asyncio.sleep(0.02)
        second = taker.put("", b"second")
        results = await asyncio.gather(first, second, return_exceptions=True)
        assert all(isinstance(result, StoreUnavailable) for result in results)
        store._turn.release()
        await taker.put("", b"third")

    taking(store, visit)
    assert stored(store)[-1] == b"third"
    assert b"second" not in stored(store)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_queue_that_is_full_refuses_at_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "MOST_WAITING", 10)

    async def visit(taker: Intake) -> None:
        waiting = [taker.put("", b"%d" % i) for i in range(10)]
        with pytest.raises(StoreUnavailable):
            taker.put("", b"one too many")
        await asyncio.gather(*waiting)
        await taker.put("", b"room again")

    taking(store, visit)
    assert len(stored(store)) == 11


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_bodies_are_bounded_by_their_bytes_too(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "MOST_WAITING_BYTES", 1000)

    async def visit(taker: Intake) -> None:
        large = taker.put("", b"x" * 2000)
        with pytest.raises(StoreUnavailable):
            taker.put("", b"y")
        await large
        await taker.put("", b"y")

    taking(store, visit)


def test_a_writer_that_dies_of_a_bug_ends_the_intake_and_strands_nobody(store: Store) -> None:
    async def run() -> None:
        taker = Intake(store, on_commit=lambda news: None)
        working = asyncio.ensure_future(taker.run())
        await asyncio.sleep(0)
        waiting = taker.put(object(), b"x")  # type: ignore[arg-type]
        with pytest.raises(StoreUnavailable):
            await asyncio.wait_for(waiting, 20.0)
        with pytest.raises(Exception, match=r"(?i)type|adapt"):
            await asyncio.wait_for(working, 20.0)
        with pytest.raises(StoreUnavailable):
            taker.put("", b"y")

    asyncio.run(run())
