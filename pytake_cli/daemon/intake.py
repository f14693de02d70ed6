"""The intake: signed bodies that arrive together become durable together, and only then are they answered.

One thread writes. While it waits for the disk the next bodies gather; when it is idle a body is written at once.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from collections.abc import Callable
from hashlib import sha256

from pytake_cli import clock
from pytake_cli.errors import StoreUnavailable
from pytake_cli.store import Store
from pytake_cli.store.journal import Received, append

log = logging.getLogger(__name__)

MOST_WAITING = 10_000  # bodies; beyond it Meta is asked to come again
MOST_WAITING_BYTES = 64 * 1024 * 1024
MOST_AT_ONCE = 512  # bodies in a commit
LONGEST_WAIT_SECONDS = 8.0  # an answer is due by then; what becomes durable later is recognised when Meta repeats it

STATUSES = b'"statuses"'  # in a body that tells how far messages got; what people write has its quotes escaped

_Waiting = tuple[Received, "asyncio.Future[None]"]


class Intake:
    """`put` a body: it returns when the body is durable, and raises StoreUnavailable when it cannot be."""

    def __init__(self, store: Store, *, on_commit: Callable[[bool], None]) -> None:
        """`on_commit` hears of bodies that have become durable: False when all of them tell of statuses only."""
        self._store = store
        self._on_commit = on_commit
        self._gathering: list[_Waiting] = []
        self._writing: list[_Waiting] = []
        self._waiting_bytes = 0
        self._batches: queue.SimpleQueue[list[_Waiting] | None] = queue.SimpleQueue()
        self._loop = asyncio.get_running_loop()
        self._died: asyncio.Future[None] = self._loop.create_future()
        self._idle = asyncio.Event()
        self._idle.set()
        self._timer: asyncio.TimerHandle | None = None
        self._thread = threading.Thread(target=self._write_batches, name="intake", daemon=True)
        self.acked = 0
        self.repeated = 0
        self.commits = 0
        self.refused = 0
        self.failed_at = float("-inf")  # monotonic; when a commit failed last

    async def run(self) -> None:
        """Lasts as long as the writer lives; raises what killed it."""
        self._thread.start()
        await self._died

    def put(self, app: str, body: bytes) -> asyncio.Future[None]:
        """The future of a body's durability."""
        if self._waiting_bytes > MOST_WAITING_BYTES or len(self._gathering) >= MOST_WAITING or self._died.done():
            self.refused += 1
            raise StoreUnavailable("PT-INTAKE-FULL", "too many webhooks wait for the disk")
        durable = self._loop.create_future()
        self._waiting_bytes += len(body)
        self._gathering.append((Received(app, body, sha256(body).digest()), durable))
        if not self._writing and len(self._gathering) == 1:
            self._idle.clear()
            self._loop.call_soon(self._commit)  # after the other bodies that this turn of the loop has read
        return durable

    @property
    def waiting(self) -> int:
        """Bodies that are not durable yet."""
        return len(self._writing) + len(self._gathering)

    async def close(self, seconds: float) -> None:
        """Waits until everything that was put is answered, then lets the writer go."""
        try:
            async with asyncio.timeout(seconds):
                await self._idle.wait()
        except TimeoutError:
            log.warning("bodies were left unanswered", extra={"waiting": self.waiting})
        self._batches.put(None)
        if not self._died.done():
            self._died.set_result(None)

    def _commit(self) -> None:
        """Hands what has gathered to the writer."""
        if self._writing or not self._gathering:
            return
        self._writing, self._gathering = self._gathering[:MOST_AT_ONCE], self._gathering[MOST_AT_ONCE:]
        self._timer = self._loop.call_later(LONGEST_WAIT_SECONDS, self._give_up)
        self._batches.put(self._writing)

    def _write_batches(self) -> None:
        """The writer's thread."""
        while (batch := self._batches.get()) is not None:
            try:
                added = append(self._store, [received for received, _ in batch], clock.now())
            except StoreUnavailable as error:
                self._tell(self._settle, error, 0)
            except BaseException as error:
                self._tell(self._die, error)
                return
            else:
                self._tell(self._settle, None, added)

    def _tell(self, what: Callable[..., None], *args: object) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(what, *args)

    def _settle(self, error: StoreUnavailable | None, added: int) -> None:
        """Answers the batch that the writer is done with, and starts the next."""
        batch, self._writing = self._writing, []
        if self._timer is not None:
            self._timer.cancel()
        self._answer(batch, error)
        if error is None:
            self.commits += 1
            self.acked += len(batch)
            self.repeated += len(batch) - added
            if added:
                self._on_commit(any(STATUSES not in received.body for received, _ in batch))
            self.failed_at = float("-inf")
        else:
            self.failed_at = clock.monotonic()
            self.refused += len(batch)
            log.warning("webhooks could not be made durable", extra={"count": len(batch), "reason": str(error)})
        if self._gathering:
            self._commit()
        else:
            self._idle.set()

    def _answer(self, batch: list[_Waiting], error: BaseException | None) -> None:
        for received, durable in batch:
            self._waiting_bytes -= len(received.body)
            if durable.done():
                continue
            if error is None:
                durable.set_result(None)
            else:
                durable.set_exception(error)

    def _give_up(self) -> None:
        """The disk takes too long: everybody who waits is told to come again, the writer goes on."""
        late = StoreUnavailable("PT-INTAKE-LATE", "the store took too long to write")
        for _, durable in self._writing:
            if not durable.done():
                durable.set_exception(late)
        waiting, self._gathering = self._gathering, []
        self._answer(waiting, late)
        self.refused += len(waiting) + len(self._writing)
        if self._writing:
            self._timer = self._loop.call_later(LONGEST_WAIT_SECONDS, self._give_up)

    def _die(self, error: BaseException) -> None:
        batch, self._writing = self._writing + self._gathering, []
        self._gathering = []
        self._answer(batch, StoreUnavailable("PT-INTAKE-LATE", "the store took too long to write"))
        self._idle.set()
        if not self._died.done():
            self._died.set_exception(error)
