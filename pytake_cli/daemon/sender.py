"""The sender: claims due messages of a number, posts many at once, records what came of them in batches.

    poke number:7 ── handle: claim ──▶ sends, each a task ──▶ outcomes ── recorder ──▶ rows; poke number:7 again

A handler never waits for Meta: it claims what there is room for and returns; recording an outcome makes room and pokes.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

from pytake_cli import clock, faults, secrets, settings
from pytake_cli.daemon.engine import Engine
from pytake_cli.daemon.trouble import Trouble
from pytake_cli.daemon.uploads import Uploads
from pytake_cli.errors import SendError, StoreUnavailable
from pytake_cli.services import sending, tokens
from pytake_cli.services.sending import Handoff, Outcome
from pytake_cli.store import Store
from pytake_cli.store.numbers import Number
from pytake_cli.store.work import Lane
from pytake_cli.whatsapp.client import Graph

log = logging.getLogger(__name__)

LEASE = 50  # messages claimed at a time: what a crash leaves in doubt stays small
RECORD_SECONDS = 0.01  # outcomes gather this long
RECORD_AT_ONCE = 50  # unless there are so many
CLAIM_PAUSE: dict[Lane, float] = {"live": 0.02, "campaign": 0.1, "report": 0.1}  # seconds, when the pace is reached
OLDEST_CLAIM_SECONDS = sending.DEAD_CLAIM_SECONDS / 2  # an older one may have been given away: a process was paused
TOKEN_SECONDS = 30.0  # how often a refused or missing token is looked for again


@dataclass(slots=True)
class Line:
    """What the sender knows of one number."""

    number_id: int
    phone_number_id: str
    token: str
    graph: Graph
    trouble: dict[Lane, Trouble]
    in_flight: Counter[Lane] = field(default_factory=Counter)  # claimed and not yet recorded
    not_before: dict[Lane, float] = field(default_factory=dict)
    token_read_at: float = 0.0


class Sender:
    """The handler of `number`, and the recorder beside it."""

    def __init__(self, store: Store, engine: Engine, me: str) -> None:
        self._store = store
        self._engine = engine
        self._me = me
        self._threads = ThreadPoolExecutor(3, "outbox")
        self._lines: dict[int, Line] = {}
        self._tokenless: dict[int, float] = {}  # number id -> when its token was last looked for
        self._opening = asyncio.Lock()
        self._outcomes: list[tuple[Line, Lane, Outcome]] = []
        self._ready = asyncio.Event()
        self._sends: set[asyncio.Task[None]] = set()
        self._unrecorded = 0
        self._stopping = False
        self.uploads = Uploads(store)
        self.counts: Counter[str] = Counter()  # sent | refused | unreached | unknown

    async def handle(self, key: str, lane: Lane) -> None:
        """Claims and posts until nothing is due, the pace is reached or there is no more room."""
        line = await self._line(int(key))
        while line is not None and not self._stopping:
            now = clock.monotonic()
            trouble = line.trouble[lane]
            pause = max(trouble.pause_seconds(now), line.not_before.get(lane, 0.0) - now)
            if pause > 0:
                return self._engine.poke("number", key, lane, delay=pause)
            room = min(trouble.allowed - line.in_flight[lane], LEASE)
            if room <= 0:
                return None  # the recorder pokes when there is some
            claim = await self._in_thread(
                partial(
                    sending.claim,
                    self._store,
                    line.number_id,
                    lane=lane,
                    me=self._me,
                    limit=room,
                    now=clock.now(),
                )
            )
            for handoff in claim.handoffs:
                self._post(line, lane, handoff, now)
            if claim.stopped:
                return await self._look_for_token(line)
            if claim.wait_seconds is not None:
                pause = max(claim.wait_seconds, CLAIM_PAUSE[lane])
                line.not_before[lane] = clock.monotonic() + pause
                return self._engine.poke("number", key, lane, delay=pause)
            if not claim.handoffs:
                return None
        return None

    async def run(self) -> None:
        """Records outcomes for ever; a failure that is not the store's ends the daemon."""
        while True:
            await self._ready.wait()
            if len(self._outcomes) < RECORD_AT_ONCE:
                await asyncio.sleep(RECORD_SECONDS)
            self._ready.clear()
            batch, self._outcomes = self._outcomes, []
            await self._record(batch)

    async def reread_tokens(self) -> None:
        """Takes over tokens that somebody has changed."""
        self._tokenless.clear()
        for line in list(self._lines.values()):
            line.token_read_at = float("-inf")
            await self._look_for_token(line)

    async def close(self, seconds: float) -> None:
        """Claims nothing more, waits for what is in flight and recorded; the rest is `unknown` at the next start."""
        self._stopping = True
        end = clock.monotonic() + seconds
        while self._unrecorded and clock.monotonic() < end:
            await asyncio.sleep(0.01)
        for task in list(self._sends):
            task.cancel()
        await asyncio.gather(*self._sends, return_exceptions=True)
        if self._unrecorded:
            log.warning("sends were cut off", extra={"count": self._unrecorded})
        for line in self._lines.values():
            await line.graph.close()
        self._threads.shutdown(wait=False, cancel_futures=True)

    @property
    def in_flight(self) -> int:
        return self._unrecorded

    async def _in_thread[T](self, work: partial[T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)
