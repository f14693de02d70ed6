"""The engine inside one process: lanes of asyncio tasks, coalesced by key, remembered nowhere."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from pytake_cli import clock
from pytake_cli.daemon.engine import Handler
from pytake_cli.errors import StoreUnavailable
from pytake_cli.store.work import Lane, Poke

log = logging.getLogger(__name__)

# Handlers that run at once. Lanes do not share: with priorities alone no live reply got through during a campaign.
CONCURRENCY: dict[Lane, int] = {"live": 64, "campaign": 16, "report": 2}
FIRST_RETRY, LAST_RETRY = 0.2, 5.0  # seconds to wait after a handler failed; doubled each time

Key = tuple[str, str]  # kind, key


@dataclass(slots=True)
class _Lane:
    """What waits and what runs; a kind may take half of the lane, so that jobs cannot keep replies waiting."""

    name: Lane
    limit: int
    waiting: dict[str, dict[str, None]] = field(default_factory=dict)  # kind -> keys, in order of their pokes
    running: dict[Key, asyncio.Task[None]] = field(default_factory=dict)
    again: set[Key] = field(default_factory=set)
    failures: dict[Key, int] = field(default_factory=dict)

    def add(self, kind: str, key: str) -> None:
        if (kind, key) in self.running:
            self.again.add((kind, key))
        else:
            self.waiting.setdefault(kind, {})[key] = None

    def take(self) -> Key | None:
        """The next key that may run; kinds take turns."""
        if len(self.running) >= self.limit:
            return None
        share = max(1, self.limit // 2)
        for kind, keys in self.waiting.items():
            if keys and sum(1 for other, _ in self.running if other == kind) < share:
                key = next(iter(keys))
                del keys[key]
                self.waiting[kind] = self.waiting.pop(kind)  # to the end of the line
                return kind, key
        return None


class LocalEngine:
    """See `daemon.engine.Engine`. Pokes are lost with the process; the sweep finds what they stood for."""

    def __init__(self, concurrency: Mapping[Lane, int] = CONCURRENCY) -> None:
        self._lanes = {name: _Lane(name, limit) for name, limit in concurrency.items()}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake = asyncio.Event()
        self._inbox: deque[tuple[Poke, float]] = deque()  # filled by any thread
        self._awaited = False  # the loop has been told to look into the inbox
        self._finished: list[tuple[_Lane, Key, asyncio.Task[None]]] = []
        self._timers: dict[Poke, asyncio.TimerHandle] = {}
        self._handlers: Mapping[str, Handler] = {}
        self._stopping = False

    def in_transaction(self, db: Session, pokes: list[Poke]) -> None:
        pass  # nothing is kept beside the rows

    def after_commit(self, pokes: list[Poke]) -> None:
        for poke in pokes:
            self.poke(poke.kind, poke.key, poke.lane)

    def poke(self, kind: str, key: str = "", lane: Lane = "live", *, delay: float = 0.0) -> None:
        self._inbox.append((Poke(kind, key, lane), delay))
        if not self._awaited and self._loop is not None and not self._loop.is_closed():
            self._awaited = True  # before `run` looks: it lowers the flag first and empties the inbox after
            self._loop.call_soon_threadsafe(self._wake.set)

    async def run(self, handlers: Mapping[str, Handler]) -> None:
        self._loop = asyncio.get_running_loop()
        self._handlers = handlers
        self._wake.set()
        while not self._stopping:
            await self._wake.wait()
            self._wake.clear()
            self._collect()
            for lane in self._lanes.values():
                self._start(lane)

    async def stop(self, seconds: float) -> None:
        self._stopping = True
        self._wake.set()
        for timer in self._timers.values():
            timer.cancel()
        running = [task for lane in self._lanes.values() for task in lane.running.values()]
        if running:
            _, late = await asyncio.wait(running, timeout=seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def busy(self) -> dict[Lane, int]:
        """Handlers that run or wait, by lane."""
        return {
            lane.name: len(lane.running) + sum(len(keys) for keys in lane.waiting.values())
            for lane in self._lanes.values()
        }

    def _collect(self) -> None:
        finished, self._finished = self._finished, []
        for lane, key, task in finished:
            self._finish(lane, key, task)
        self._awaited = False
        while self._inbox:
            poke, delay = self._inbox.popleft()
            lane = self._lanes[poke.lane]
            if poke.kind not in self._handlers:
                log.warning("nobody handles this poke", extra={"kind": poke.kind})
            elif delay > 0:
                self._later(poke, delay)
            elif poke not in self._timers or (poke.kind, poke.key) not in lane.failures:
                lane.add(poke.kind, poke.key)  # one that failed waits for its timer, whoever pokes

    def _start(self, lane: _Lane) -> None:
        while (taken := lane.take()) is not None:
            kind, key = taken
            handler = self._handlers[kind]
            task = asyncio.ensure_future(handler(key, lane.name))
            lane.running[taken] = task
            task.add_done_callback(lambda task, lane=lane, taken=taken: self._done(lane, taken, task))  # type: ignore[misc]

    def _done(self, lane: _Lane, key: Key, task: asyncio.Task[None]) -> None:
        self._finished.append((lane, key, task))
        self._wake.set()

    def _finish(self, lane: _Lane, key: Key, task: asyncio.Task[None]) -> None:
        del lane.running[key]
        again = key in lane.again
        lane.again.discard(key)
        error = None if task.cancelled() else task.exception()
        if error is None:
            lane.failures.pop(key, None)
            if again:
                lane.add(*key)
            return
        failures = lane.failures[key] = lane.failures.get(key, 0) + 1
        delay = clock.jitter(min(LAST_RETRY, FIRST_RETRY * 2 ** min(failures, 20)))
        extra = {
            "kind": key[0],
            "key": key[1],
            "lane": lane.name,
            "failures": failures,
            "retry_seconds": round(delay, 1),
        }
        if isinstance(error, StoreUnavailable):
            log.warning("a handler waits for the store", extra={**extra, "reason": str(error)})
        else:
            log.error("a handler failed", extra=extra, exc_info=error)
        self._later(Poke(*key, lane.name), delay)

    def _later(self, poke: Poke, delay: float) -> None:
        """Pokes again after `delay`; of several waits for one key the shortest counts."""
        loop = asyncio.get_running_loop()
        known = self._timers.get(poke)
        if known is not None:
            if known.when() <= loop.time() + delay:
                return
            known.cancel()
        self._timers[poke] = loop.call_later(delay, self._ring, poke)

    def _ring(self, poke: Poke) -> None:
        self._timers.pop(poke, None)
        self.poke(poke.kind, poke.key, poke.lane)
