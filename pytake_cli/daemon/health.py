"""Health: whether the daemon's parts live and how far behind they are, for /healthz, /readyz and /metrics."""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
import traceback
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from pytake_cli import clock
from pytake_cli.api.connection import Places
from pytake_cli.api.webhook import Door
from pytake_cli.daemon.inbox import Inbox
from pytake_cli.daemon.intake import Intake
from pytake_cli.daemon.jobs import Jobs
from pytake_cli.daemon.live import Hub
from pytake_cli.daemon.sender import Sender
from pytake_cli.errors import StoreUnavailable
from pytake_cli.store import Store, figures

log = logging.getLogger(__name__)

BEAT_SECONDS = 0.1
STALL_SECONDS = 2.0  # a loop that does not turn for so long is shown with what holds it
SICK_SECONDS = 15.0  # so long after a stall, or without a sweep, the health check is red
FIGURES_SECONDS = 2.0  # metrics read the store at most so often
PRIORITIES = {0: "live", 1: "automatic", 2: "campaign"}


class Heartbeat:
    """Measures how long the event loop is held up; a thread tells who holds it, since the loop cannot."""

    def __init__(self) -> None:
        self.last = clock.monotonic()
        self.longest = 0.0  # seconds, since the last look
        self.stalled_at = float("-inf")
        self._stop = threading.Event()

    async def run(self) -> None:
        loop_thread = threading.get_ident()
        threading.Thread(target=self._watch, args=(loop_thread,), name="heartbeat", daemon=True).start()
        try:
            while True:
                await asyncio.sleep(BEAT_SECONDS)
                now = clock.monotonic()
                late = now - self.last - BEAT_SECONDS
                self.longest = max(self.longest, late)
                if late > STALL_SECONDS:
                    self.stalled_at = now
                self.last = now
        finally:
            self._stop.set()

    def take_longest(self) -> float:
        longest, self.longest = self.longest, 0.0
        return max(0.0, longest)

    def _watch(self, loop_thread: int) -> None:
        told = 0.0
        while not self._stop.wait(STALL_SECONDS / 4):
            held = clock.monotonic() - self.last
            if held > STALL_SECONDS and told != self.last:
                told = self.last
                frame = sys._current_frames().get(loop_thread)
                where = "".join(traceback.format_stack(frame)[-3:]) if frame else ""
                log.error("the event loop is held up", extra={"seconds": round(held, 1), "where": where})


HANDSHAKES = "pytake_handshakes"


@dataclass(slots=True)
class Health:
    """What the parts report, and what the probes ask."""

    store: Store
    door: Door
    places: Places
    intake: Intake
    inbox: Inbox
    sender: Sender
    jobs: Jobs
    heartbeat: Heartbeat
    live: Hub
    dead: list[str] = field(default_factory=list)  # parts that ended
    swept_at: float = field(default_factory=clock.monotonic)
    store_error: str = ""
    stopping: bool = False
    _figures: figures.Figures | None = None
    _figures_at: float = float("-inf")

    def ailments(self) -> list[str]:
        """What is wrong, in words; empty when all is well."""
        now = clock.monotonic()
        found = [f"{name} is dead" for name in self.dead]
        if now - self.heartbeat.stalled_at < SICK_SECONDS or now - self.heartbeat.last > STALL_SECONDS:
            found.append("the event loop was held up")
        if now - self.swept_at > SICK_SECONDS and not self.store_error:
            found.append("the sweep does not come round")
        return found

    def unready(self) -> list[str]:
        """Why it should get no traffic just now; empty when it should."""
        found = self.ailments()
        if self.stopping:
            found.append("it is stopping")
        if self.store_error or clock.monotonic() - self.intake.failed_at < SICK_SECONDS:
            found.append("the store cannot be used")
        return found

    async def metrics(self) -> bytes:
        return await asyncio.to_thread(self._render)

    def _render(self) -> bytes:
        registry = CollectorRegistry(auto_describe=False)
        registry.register(_Metrics(self))
        return generate_latest(registry)

    def figures(self) -> figures.Figures | None:
        """Of the store, a moment old at most; None while it cannot be read. Not on the event loop."""
        now = clock.monotonic()
        if now - self._figures_at > FIGURES_SECONDS:
            try:
                with self.store.read() as db:
                    self._figures = figures.read(db, clock.now())
            except StoreUnavailable:
                self._figures = None
            self._figures_at = now
        return self._figures

    def wal_bytes(self) -> int:
        if not self.store.is_sqlite:
            return 0
        try:
            return Path(f"{self.store.url.database}-wal").stat().st_size
        except OSError:
            return 0


class _Metrics(Collector):
    """All metrics, made when asked; labels never hold phone numbers or names."""

    def __init__(self, health: Health) -> None:
        self._health = health

    def collect(self) -> Iterable[Metric]:
        yield from self._door()
        yield from self._work()
        read = self._health.figures()
        yield _gauge("pytake_store_up", "1 while the store can be read", 1 if read else 0)
        if read:
            yield from _waiting(read, clock.now())

    def _door(self) -> Iterator[Metric]:
        health = self._health
        intake = health.intake
        yield _counter("pytake_webhooks_acked", "webhooks made durable and answered 200", intake.acked)
        yield _counter("pytake_webhooks_repeated", "of those, known already", intake.repeated)
        yield _counter("pytake_journal_commits", "transactions of the intake", intake.commits)
        yield _counter(HANDSHAKES, "handshakes answered", health.door.handshakes)
        reasons = {**health.door.refused, "connections": health.places.refused}
        yield _counters("pytake_webhooks_refused", "requests refused at the door", "reason", reasons)

    def _work(self) -> Iterator[Metric]:
        health = self._health
        inbox = health.inbox
        yield _counter("pytake_journal_applied", "journal rows applied", inbox.rows)
        yield _counter("pytake_messages_received", "new messages", inbox.messages)
        yield _counter("pytake_statuses_applied", "statuses applied", inbox.statuses)
        yield _counters("pytake_sends", "requests to Meta by outcome", "outcome", health.sender.counts)
        yield _gauge("pytake_sends_in_flight", "claimed and not yet recorded", health.sender.in_flight)
        jobs = {"done": health.jobs.done, "failed": health.jobs.failed}
        yield _counters("pytake_jobs", "jobs by outcome", "outcome", jobs)
        yield _gauge("pytake_live_connections", "inboxes that follow what happens", len(health.live.listeners))
        yield _counter("pytake_live_events", "events read for them", health.live.counts.events)
        yield _counter("pytake_live_dropped", "inboxes that did not take what they got", health.live.counts.dropped)
        yield _gauge("pytake_loop_stall_seconds", "longest stall since the last look", health.heartbeat.take_longest())
        yield _gauge("pytake_wal_bytes", "size of SQLite's write-ahead log", health.wal_bytes())


def _waiting(read: figures.Figures, now: datetime) -> Iterator[Metric]:
    yield _gauge("pytake_journal_rows", "journal rows not yet applied", read.journal_rows)
    yield _gauge("pytake_journal_lag_seconds", "age of the oldest of them", _age(read.journal_oldest_at, now))
    queued = GaugeMetricFamily("pytake_queued_messages", "messages to be sent", labels=["priority"])
    for priority, name in PRIORITIES.items():
        queued.add_metric([name], read.queued.get(priority, 0))
    yield queued
    yield _gauge("pytake_queued_oldest_seconds", "how long the oldest due one waits", _age(read.queued_oldest_at, now))
    yield _gauge("pytake_unknown_messages", "messages whose fate is unknown", read.unknown)
    yield _gauge("pytake_quarantined", "updates that could not be applied", read.quarantined)
    heard = GaugeMetricFamily("pytake_inbound_age_seconds", "since the number was last written to", labels=["number"])
    for number_id, at in read.last_inbound_at.items():
        heard.add_metric([str(number_id)], _age(at, now))
    yield heard


def _age(at: datetime | None, now: datetime) -> float:
    return max(0.0, (now - at).total_seconds()) if at else 0.0


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)


def _counter(name: str, text: str, value: float) -> Metric:
    return CounterMetricFamily(name, text, value=value)


def _counters(name: str, text: str, label: str, values: dict[str, int]) -> Metric:
    family = CounterMetricFamily(name, text, labels=[label])
    for key, value in sorted(values.items()):
        family.add_metric([key], value)
    return family
