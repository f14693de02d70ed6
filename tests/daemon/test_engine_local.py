"""The local engine: coalesced by key, once at a time, again if poked meanwhile, lanes apart from each other."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping

import pytest

from pytake_cli.daemon import engine_local
from pytake_cli.daemon.engine import Handler
from pytake_cli.daemon.engine_local import LocalEngine
from pytake_cli.store import Store
from pytake_cli.store.work import Lane, poke


def running(
    visit: Callable[[LocalEngine], Awaitable[None]], handlers: Mapping[str, Handler], **options: object
) -> None:
    """Runs a visit to an engine that works; whatever ends the engine ends the test."""

    async def run() -> None:
        engine = LocalEngine(**options)  # type: ignore[arg-type]
        working = asyncio.ensure_future(engine.run(handlers))
        visiting = asyncio.ensure_future(visit(engine))
        await asyncio.wait([working, visiting], return_when=asyncio.FIRST_COMPLETED, timeout=20)
        await engine.stop(1.0)
        await asyncio.wait_for(visiting, 20.0)
        await asyncio.wait_for(working, 20.0)

    asyncio.run(run())


async def until(what: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not what():
            await asyncio.sleep(0.002)


def test_pokes_of_one_key_are_one_run() -> None:
    runs: Counter[str] = Counter()

    async def handle(key: str, lane: Lane) -> None:
        runs[key] += 1

    async def visit(engine: LocalEngine) -> None:
        for _ in range(1000):
            engine.poke("number", "1")
            engine.poke("number", "2")
        await until(lambda: len(runs) == 2)
        await asyncio.sleep(0.02)
        assert runs == {"1": 1, "2": 1}

    running(visit, {"number": handle})


def test_a_key_that_is_poked_while_it_runs_runs_once_more_and_never_twice_at_once() -> None:
    runs, inside = 0, 0
    gate = asyncio.Event()

    async def handle(key: str, lane: Lane) -> None:
        nonlocal runs, inside
        runs, inside = runs + 1, inside + 1
        assert inside == 1
        await gate.wait()
        inside -= 1

    async def visit(engine: LocalEngine) -> None:
        engine.poke("journal")
        await until(lambda: runs == 1)
        for _ in range(10):
            engine.poke("journal")
        await asyncio.sleep(0.02)
        assert runs == 1
        gate.set()
        await until(lambda: runs == 2)
        await asyncio.sleep(0.02)
        assert runs == 2

    running(visit, {"journal": handle})


def test_no_poke_from_a_thread_is_lost() -> None:
    seen: set[str] = set()

    async def handle(key: str, lane: Lane) -> None:
        seen.add(key)

    async def visit(engine: LocalEngine) -> None:
        def many(start: int) -> None:
            for i in range(start, start + 500):
                engine.poke("job", str(i))

        threads = [threading.Thread(target=many, args=(n * 500,)) for n in range(4)]
        for thread in threads:
            thread.start()
        await until(lambda: len(seen) == 2000)
        for thread in threads:
            thread.join()

    running(visit, {"job": handle})


def test_a_full_campaign_lane_keeps_no_live_poke_waiting() -> None:
    stuck = asyncio.Event()
    lively: list[str] = []

    async def handle(key: str, lane: Lane) -> None:
        if lane == "campaign":
            await stuck.wait()
        else:
            lively.append(key)

    async def visit(engine: LocalEngine) -> None:
        for i in range(100):
            engine.poke("number", str(i), "campaign")
        await asyncio.sleep(0.02)
        engine.poke("number", "1", "live")
        await until(lambda: lively == ["1"])
        stuck.set()

    running(visit, {"number": handle})


def test_slow_jobs_leave_half_of_the_lane_to_others() -> None:
    stuck = asyncio.Event()
    done: list[str] = []

    async def slow(key: str, lane: Lane) -> None:
        await stuck.wait()

    async def quick(key: str, lane: Lane) -> None:
        done.append(key)

    async def visit(engine: LocalEngine) -> None:
        for i in range(50):
            engine.poke("job", str(i))
        await asyncio.sleep(0.02)
        engine.poke("number", "7")
        await until(lambda: done == ["7"])
        assert engine.busy()["live"] == 50
        stuck.set()

    running(visit, {"job": slow, "number": quick}, concurrency={"live": 4, "campaign": 1, "report": 1})


def test_a_handler_that_fails_is_run_again_later_and_others_go_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(engine_local, "FIRST_RETRY", 0.01)
    runs: Counter[str] = Counter()

    async def handle(key: str, lane: Lane) -> None:
        runs[key] += 1
        if key == "1" and runs[key] < 4:
            raise RuntimeError("not yet")

    async def visit(engine: LocalEngine) -> None:
        engine.poke("number", "1")
        engine.poke("number", "2")
        await until(lambda: runs == {"1": 4, "2": 1})

    running(visit, {"number": handle})
    assert [record.message for record in caplog.records] == ["a handler failed"] * 3
    assert "not yet" in caplog.text


def test_whoever_failed_waits_however_often_it_is_poked() -> None:
    runs = 0

    async def handle(key: str, lane: Lane) -> None:
        nonlocal runs
        runs += 1
        raise RuntimeError("never")

    async def visit(engine: LocalEngine) -> None:
        for _ in range(20):
            engine.poke("journal")
            await asyncio.sleep(0.002)
        assert runs == 1

    running(visit, {"journal": handle})


def test_a_poke_can_be_for_later_and_the_soonest_counts() -> None:
    runs: list[float] = []

    async def handle(key: str, lane: Lane) -> None:
        runs.append(asyncio.get_running_loop().time())

    async def visit(engine: LocalEngine) -> None:
        started = asyncio.get_running_loop().time()
        engine.poke("journal", delay=5.0)
        engine.poke("journal", delay=0.05)
        engine.poke("journal", delay=0.5)
        await until(lambda: len(runs) == 1)
        assert 0.04 < runs[0] - started < 0.4

    running(visit, {"journal": handle})


def test_stopping_lets_handlers_finish_and_starts_no_others() -> None:
    finished: list[str] = []

    async def handle(key: str, lane: Lane) -> None:
        await asyncio.sleep(0.05)
        finished.append(key)

    async def run() -> None:
        engine = LocalEngine({"live": 1, "campaign": 1, "report": 1})
        working = asyncio.ensure_future(engine.run({"job": handle}))
        engine.poke("job", "1")
        engine.poke("job", "2")
        await asyncio.sleep(0.02)
        await engine.stop(1.0)
        await working
        assert finished == ["1"]

    asyncio.run(run())


def test_stopping_cuts_off_what_takes_too_long() -> None:
    async def handle(key: str, lane: Lane) -> None:
        await asyncio.sleep(60)

    async def run() -> None:
        engine = LocalEngine()
        working = asyncio.ensure_future(engine.run({"job": handle}))
        engine.poke("job", "1")
        await asyncio.sleep(0.02)
        await asyncio.wait_for(engine.stop(0.05), 20.0)
        await working

    asyncio.run(run())


def test_a_transactions_pokes_fire_after_its_commit_and_never_without(store: Store) -> None:
    seen: list[str] = []

    async def handle(key: str, lane: Lane) -> None:
        seen.append(key)

    async def visit(engine: LocalEngine) -> None:
        store.waker = engine

        def work() -> None:
            with store.write() as db:
                poke(db, "number", 1)
                poke(db, "number", 1)
                assert seen == []
            with pytest.raises(ZeroDivisionError), store.write() as db:
                poke(db, "number", 2)
                raise ZeroDivisionError

        await asyncio.to_thread(work)
        await until(lambda: bool(seen))
        await asyncio.sleep(0.02)
        assert seen == ["1"]

    running(visit, {"number": handle})
