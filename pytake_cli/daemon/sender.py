"""The sender: claims due messages of a number, posts many at once, records what came of them in batches.

    poke number:7 ── handle: claim ──▶ sends, each a task ──▶ outcomes ── recorder ──▶ rows; poke number:7 again

A handler never waits for Meta: it claims what there is room for and returns; recording an outcome makes room and pokes.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from pytake_cli import clock, faults, nearby, secrets, settings
from pytake_cli.daemon.engine import Engine
from pytake_cli.daemon.trouble import Trouble
from pytake_cli.daemon.uploads import NotYet, Uploads
from pytake_cli.errors import SendError, StoreUnavailable
from pytake_cli.services import sending, tokens
from pytake_cli.services.sending import Handoff, Outcome
from pytake_cli.store import Store
from pytake_cli.store.numbers import Number
from pytake_cli.store.work import Lane
from pytake_cli.whatsapp.client import Graph

T = TypeVar("T")
log = logging.getLogger(__name__)

LEASE = 50  # messages claimed at a time: what a crash leaves in doubt stays small
MANY = 10  # messages in a claim, or requests in flight: then a little waiting saves transactions, which cost 2 ms each
CLAIM_SECONDS = 0.05  # between claims, when there are many
RECORD_SECONDS, LONG_RECORD_SECONDS = 0.01, 0.05  # outcomes gather this long; the longer time when there are many
RECORD_AT_ONCE = LEASE  # unless there are so many
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
        self._began = clock.look()
        self._threads = ThreadPoolExecutor(3, "outbox")
        self._lines: dict[int, Line] = {}
        self._tokenless: dict[int, float] = {}  # number id -> when its token was last looked for
        self._opening = asyncio.Lock()
        self._outcomes: list[tuple[Line, Lane, Outcome]] = []
        self._ready = asyncio.Event()
        self._sends: set[asyncio.Task[None]] = set()
        self._held: set[int] = set()  # messages claimed and not yet recorded
        self._claims = 0  # under way in threads
        self._stopping = False
        self.uploads = Uploads(store)
        self.counts: Counter[str] = Counter()  # sent | refused | unreached | unknown | put off

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
            self._claims += 1
            try:
                claim = await self._claim(line, lane, room)
                line.graph.use_url(nearby.graph_url())
                for handoff in claim.handoffs:
                    self._post(line, lane, handoff, now)
            finally:
                self._claims -= 1
            if claim.stopped:
                return await self._look_for_token(line)
            if len(claim.handoffs) < room or claim.wait_seconds is not None:
                pause = max(claim.wait_seconds or 0.0, CLAIM_SECONDS if len(claim.handoffs) >= MANY else 0.0)
                line.not_before[lane] = now + pause
                if claim.wait_seconds is None:
                    return None
        return None

    async def run(self) -> None:
        """Records outcomes for ever; a failure that is not the store's ends the daemon."""
        while True:
            await self._ready.wait()
            if len(self._outcomes) < RECORD_AT_ONCE:
                await asyncio.sleep(LONG_RECORD_SECONDS if len(self._held) > MANY else RECORD_SECONDS)
            self._ready.clear()
            batch, self._outcomes = self._outcomes, []
            await self._record(batch)

    def sweep(self, now: datetime) -> int:
        """Settles what waited too long in the outbox; what is in our hands stays there, whatever the clock says."""
        return sending.sweep(self._store, now, held=self._held.copy())

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
        while (self._claims or self._held) and clock.monotonic() < end:
            await asyncio.sleep(0.01)
        for task in list(self._sends):
            task.cancel()
        await asyncio.gather(*self._sends, return_exceptions=True)
        if self._held:
            log.warning("sends were cut off", extra={"count": len(self._held)})
        for line in self._lines.values():
            await line.graph.close()
        self._threads.shutdown(wait=False, cancel_futures=True)

    @property
    def in_flight(self) -> int:
        return len(self._held)

    async def _claim(self, line: Line, lane: Lane, limit: int) -> sending.Claim:
        asked: dict[str, Any] = {"lane": lane, "me": self._me, "limit": limit, "clock_is_sure": self._began.agrees()}
        return await self._in_thread(lambda: sending.claim(self._store, line.number_id, **asked, now=clock.now()))

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    def _post(self, line: Line, lane: Lane, handoff: Handoff, claimed_at: float) -> None:
        line.in_flight[lane] += 1
        self._held.add(handoff.id)
        task = asyncio.ensure_future(self._send(line, lane, handoff, claimed_at))
        self._sends.add(task)
        task.add_done_callback(self._sends.discard)

    async def _send(self, line: Line, lane: Lane, handoff: Handoff, claimed_at: float) -> None:
        """Posts one message; whatever happens becomes an outcome."""
        outcome: Outcome
        try:
            request = handoff.request
            if handoff.media_id is not None:
                request = await self.uploads.put_in(line.graph, handoff)
            if clock.monotonic() - claimed_at > OLDEST_CLAIM_SECONDS:
                raise NotYet("PT-CLAIM-OLD", "the claim was too old to send")
            sent = await line.graph.send(handoff.phone_number_id, request)
        except SendError as error:
            outcome = Outcome(handoff, error=error)
            self._note_failure(line, lane, error)
        except Exception:
            log.exception("a send failed in a way that nobody foresaw", extra={"message": handoff.id})
            why = "the send failed here; nobody can say how far it got"
            outcome = Outcome(handoff, error=SendError("PT-BUG", why, retryable=False, unknown=True))
            self.counts["unknown"] += 1
        else:
            outcome = Outcome(handoff, sent=sent)
            line.trouble[lane].worked()
            self.counts["sent"] += 1
        faults.point("outbox.after_send")
        self._outcomes.append((line, lane, outcome))
        self._ready.set()

    def _note_failure(self, line: Line, lane: Lane, error: SendError) -> None:
        if isinstance(error, NotYet):
            self.counts["put off"] += 1
            return
        self.counts["unknown" if error.unknown else "unreached" if error.code is None else "refused"] += 1
        if error.code is None:
            line.trouble[lane].failed(clock.monotonic())
        else:
            line.trouble[lane].worked()  # Meta answered

    async def _record(self, batch: list[tuple[Line, Lane, Outcome]]) -> None:
        """Writes outcomes until they are durable: nothing else knows them."""
        outcomes = [outcome for _, _, outcome in batch]
        pause = 0.1
        while True:
            try:
                await self._in_thread(lambda: sending.record(self._store, self._me, outcomes, clock.now()))
                break
            except StoreUnavailable as error:
                log.warning("sends wait to be recorded", extra={"count": len(batch), "reason": str(error)})
                await asyncio.sleep(pause)
                pause = min(2.0, pause * 2)
        self._held.difference_update(outcome.handoff.id for outcome in outcomes)
        for line, lane, _ in batch:
            line.in_flight[lane] -= 1
        for number_id, lane in {(line.number_id, lane) for line, lane, _ in batch}:
            self._engine.poke("number", str(number_id), lane)

    async def _line(self, number_id: int) -> Line | None:
        """The open line of a number; None when there is no such number or no token for it."""
        line = self._lines.get(number_id)
        if line is not None:
            return line
        async with self._opening:
            if number_id in self._lines:
                return self._lines[number_id]
            return await self._open(number_id)

    async def _open(self, number_id: int) -> Line | None:
        now = clock.monotonic()
        if now - self._tokenless.get(number_id, float("-inf")) < TOKEN_SECONDS:
            return None
        number, token = await self._in_thread(lambda: self._look_up(number_id))
        if number is None:
            return None
        if token is None:
            if number_id not in self._tokenless:
                await self._in_thread(lambda: tokens.missing(self._store, number_id, clock.now()))
            self._tokenless[number_id] = now
            return None
        self._tokenless.pop(number_id, None)
        options = settings.current()
        most = options.send.max_in_flight
        graph = Graph(
            token,
            url=nearby.graph_url(),
            version=options.whatsapp.version,
            connect_timeout=options.whatsapp.connect_timeout_seconds,
            read_timeout=options.whatsapp.read_timeout_seconds,
            max_connections=2 * most + 16,  # lanes do not wait for each other's connections
        )
        await graph.__aenter__()
        trouble: dict[Lane, Trouble] = {"live": Trouble(most), "campaign": Trouble(most)}
        line = Line(number_id, number.phone_number_id, token, graph, trouble, token_read_at=now)
        self._lines[number_id] = line
        if tokens.was_the_reason(number):  # refused before this process was; the token may be another by now
            await self._in_thread(lambda: tokens.changed(self._store, number_id, clock.now()))
        return line

    def _look_up(self, number_id: int) -> tuple[Number | None, str | None]:
        with self._store.read() as db:
            number = db.get(Number, number_id)
        return number, secrets.get("access_token", number.phone_number_id) if number else None

    async def _look_for_token(self, line: Line) -> None:
        """Reads the token of a number that stands still, and lets it go on if it is another one now."""
        now = clock.monotonic()
        if now - line.token_read_at < TOKEN_SECONDS:
            return
        line.token_read_at = now
        token = await self._in_thread(lambda: secrets.get("access_token", line.phone_number_id))
        if token is not None and token != line.token:
            line.token = token
            line.graph.use_token(token)
            await self._in_thread(lambda: tokens.changed(self._store, line.number_id, clock.now()))
