"""The clockwork: the sweep that finds what no poke told of, and housekeeping. Rows say what is due, ticks only look."""

from __future__ import annotations

import asyncio
import logging
import shutil
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from pytake_cli import clock
from pytake_cli.daemon.automations import Automations
from pytake_cli.daemon.campaigns import Campaigns
from pytake_cli.daemon.engine import Engine
from pytake_cli.daemon.health import Health
from pytake_cli.daemon.jobs import Jobs
from pytake_cli.daemon.routing import Routing
from pytake_cli.daemon.schedules import DUE
from pytake_cli.daemon.sender import Sender
from pytake_cli.errors import StoreUnavailable
from pytake_cli.services import (
    audit,
    campaign_series,
    media,
    retention,
    schedule_runs,
    segment_members,
    sending,
    tokens,
)
from pytake_cli.store import Store, conversations, figures, organisations, timers
from pytake_cli.store import retention as rows

log = logging.getLogger(__name__)

SWEEP_SECONDS = 1.0
ROUTING_SECONDS = 1.0
SILENCE_SECONDS = 30.0  # without a sweep: asleep, without a store, or the clock jumped; no status could be heard then
DISK_SECONDS, DISK_ALARM, DISK_CALM = 60.0, 85, 80  # percent used: told at the first, told again only after the second
WAL_SECONDS, WAL_ALARM_BYTES = 60.0, 256 * 1024 * 1024
SEGMENT_SECONDS = 60.0  # how soon it is told who entered or left a materialised segment
HOUSEKEEPING_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class Tick:
    """Something looked at every so often; `work` runs in a thread."""

    name: str
    seconds: float
    work: Callable[[], None]


class Clockwork:
    """Runs the ticks; one that fails for a reason that is not the store's ends the daemon."""

    def __init__(
        self,
        store: Store,
        engine: Engine,
        sender: Sender,
        jobs: Jobs,
        campaigns: Campaigns,
        automations: Automations,
        health: Health,
        present: Callable[[], Collection[int]] = tuple,
    ) -> None:
        self._store = store
        self._engine = engine
        self._sender = sender
        self._jobs = jobs
        self._campaigns = campaigns
        self._automations = automations
        self._health = health
        self._routing = Routing(store, present)
        self._disk_told = False
        self._swept_at = clock.now()
        self._kept_house = clock.look()
        self._published: date | None = None  # the day of the last heads
        self._died: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.ticks: tuple[Tick, ...] = (
            Tick("sweep", SWEEP_SECONDS, self.sweep),
            Tick("routing", ROUTING_SECONDS, self._routing.look),
            Tick("disk", DISK_SECONDS, self.look_at_disk),
            Tick("wal", WAL_SECONDS, self.look_at_wal),
            Tick("segments", SEGMENT_SECONDS, self.refresh_segments),
            Tick("housekeeping", HOUSEKEEPING_SECONDS, self.keep_house),
        )

    async def run(self) -> None:
        scheduler = AsyncIOScheduler(timezone=UTC)
        for tick in self.ticks:
            scheduler.add_job(
                self._run,
                "interval",
                (tick,),
                seconds=tick.seconds,
                coalesce=True,
                max_instances=1,
                misfire_grace_time=None,
            )
        logging.getLogger("apscheduler").setLevel(logging.ERROR)  # a tick that overtakes another is no news
        scheduler.start()
        try:
            await self._watch(scheduler)
        finally:
            scheduler.shutdown(wait=False)

    async def _watch(self, scheduler: AsyncIOScheduler) -> None:
        """Waits for a tick that fails. The scheduler, which goes by the wall clock, is told when that is set back."""
        seen = clock.now()
        while not self._died.done():
            await asyncio.wait((self._died,), timeout=SWEEP_SECONDS)
            now = clock.now()
            if now < seen:
                for job in scheduler.get_jobs():
                    job.modify(next_run_time=now)
            seen = now
        self._died.result()

    async def _run(self, tick: Tick) -> None:
        try:
            await asyncio.to_thread(tick.work)
        except StoreUnavailable as error:
            if not self._health.store_error:
                log.warning("the store cannot be used", extra={"tick": tick.name, "reason": str(error)})
            self._health.store_error = str(error)
        except asyncio.CancelledError:
            pass  # the daemon stops while a tick works
        except Exception as error:
            if not self._died.done():
                self._died.set_exception(error)

    def sweep(self) -> None:
        """Settles what waited too long and pokes whatever is due, in case its poke was lost."""
        now = clock.now()
        if now < self._swept_at:
            sending.after_clock_went_back(self._store, now)
            schedule_runs.realign(self._store, now)
            campaign_series.realign(self._store, now)
        elif (now - self._swept_at).total_seconds() > SILENCE_SECONDS:
            sending.prolong_grace(self._store, now)
        self._sender.sweep(now)
        for job_id in self._jobs.sweep():
            self._engine.poke("job", str(job_id))
        for campaign_id in self._campaigns.sweep(now):
            self._engine.poke("campaign", str(campaign_id), "campaign")
        with self._store.read() as db:
            waiting = figures.unapplied(db)
            due = sending.due(db, now)
            tokens_wanted = tokens.wanted(db)
            timers_due = timers.due(db, now, 1) or conversations.is_due(db, now)
        if waiting:
            self._engine.poke("journal")
        if timers_due:
            self._engine.poke("timer", "due")
        self._poke_schedules(now)
        self._automations.sweep(now)
        for number_id, lane in due:
            self._engine.poke("number", str(number_id), lane)
        for number_id in tokens_wanted:
            self._engine.poke("number", str(number_id))
        self._swept_at = now
        self._health.swept_at = clock.monotonic()
        if self._health.store_error:
            log.info("the store can be used again")
            self._health.store_error = ""

    def _poke_schedules(self, now: datetime) -> None:
        with self._store.read() as db:
            schedules_due = schedule_runs.is_due(db, now)
            series_due = campaign_series.is_due(db, now)
        if schedules_due:
            self._engine.poke("schedule", DUE, "report")
        if series_due:
            self._engine.poke("series", DUE, "report")
        for run_id in schedule_runs.queued(self._store):
            self._engine.poke("schedule", str(run_id), "report")

    def look_at_disk(self) -> None:
        """Tells before the disk is full: then not even deleting helps."""
        if not self._store.is_sqlite:
            return
        usage = shutil.disk_usage(Path(self._store.url.database or ".").parent)
        percent = round(100 * usage.used / usage.total)
        if percent < DISK_CALM:
            self._disk_told = False
        if percent < DISK_ALARM or self._disk_told:
            return
        self._disk_told = True
        with self._store.read() as db:
            orgs = [org.id for org in organisations.everyone(db)]
        for org_id in orgs:
            if org_id is not None:
                media.tell_disk_full(self._store, org_id, percent, clock.now())

    def look_at_wal(self) -> None:
        size = self._health.wal_bytes()
        if size > WAL_ALARM_BYTES:
            log.error("the write-ahead log grows: something reads for too long", extra={"bytes": size})

    def refresh_segments(self) -> None:
        segment_members.refresh_all(self._store, clock.now())

    def keep_house(self) -> None:
        """Forgets what was applied, told and done long ago, a few rows at a time.

        Not if the clock was set since the last time: an hour is left to set it right again.
        """
        before, self._kept_house = self._kept_house, clock.look()
        if not before.agrees():
            log.warning("the clock was set: nothing is forgotten until the next time")
            return
        now = clock.now()
        schedule_runs.realign(self._store, now)
        for _ in retention.run_all(self._store, now):
            pass  # each kind is noted in the log
        rows.optimize(self._store)
        self._publish_heads(now)

    def _publish_heads(self, now: datetime) -> None:
        """Once a day, into the log: `pytake audit verify --head` compares with it later."""
        if self._published == now.date():
            return
        with self._store.read() as db:
            heads = audit.heads(db)
        for org_id, head in heads:
            log.info("audit head", extra={"org": org_id, "head": head})
        self._published = now.date()
