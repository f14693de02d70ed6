"""The composition root of `pytake serve`: everything is made here, started in order, watched, and stopped in order."""

from __future__ import annotations

import asyncio
import ctypes
import gc
import logging
import os
import signal
import ssl
import sys
import threading
from collections.abc import Callable, Coroutine
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from pytake_cli import clock, secrets, settings
from pytake_cli.api import v1 as api
from pytake_cli.api.app import application
from pytake_cli.api.connection import Places
from pytake_cli.api.live import Live
from pytake_cli.api.probes import Probes
from pytake_cli.api.server import Server, tls_context
from pytake_cli.api.signals import Signals
from pytake_cli.api.visitors import Proven, Proxies
from pytake_cli.api.webhook import Door, Keys
from pytake_cli.daemon import front, neighbours, owner
from pytake_cli.daemon import keys as door_keys
from pytake_cli.daemon.automations import Automations
from pytake_cli.daemon.campaigns import Campaigns
from pytake_cli.daemon.clockwork import Clockwork
from pytake_cli.daemon.customer_typing import CustomerTyping
from pytake_cli.daemon.engine_local import LocalEngine
from pytake_cli.daemon.flow_files import FlowFiles
from pytake_cli.daemon.health import Health, Heartbeat
from pytake_cli.daemon.inbox import STATUSES_WAIT_SECONDS, Inbox
from pytake_cli.daemon.intake import Intake
from pytake_cli.daemon.jobs import Jobs
from pytake_cli.daemon.live import Hub
from pytake_cli.daemon.outside.http import allowed as allowed_hosts
from pytake_cli.daemon.routing import Routing
from pytake_cli.daemon.schedules import DUE, Schedules
from pytake_cli.daemon.sender import Sender
from pytake_cli.daemon.timers import Timers
from pytake_cli.errors import ConfigError, PytakeError, StoreUnavailable
from pytake_cli.services import campaign_series, flow_sessions, flow_signals, schedule_runs, sending
from pytake_cli.store import Store, schema
from pytake_cli.store.lock import daemon_lock
from pytake_cli.store.work import Lane

log = logging.getLogger(__name__)

LAST_RESORT_SECONDS = 3.0  # a thread that hangs does not keep a dead daemon alive for longer
RECOVERY_PATIENCE_SECONDS = 30.0  # a start that gives up at the first lock would leave the door shut
SWITCH_SECONDS = 0.001  # how long a thread may keep the others from Python; the default of 5 ms shows in every answer
ARENA_MAX, ARENAS = -8, 2  # glibc's option, and heaps: one a thread kept tens of MB that the others could not use
COLLECT_AFTER = 20_000  # objects made more than given up; with Python's 700 a fifth of the time goes into looking


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says beyond the settings."""

    host: str | None = None
    port: int | None = None
    auto_migrate: bool = False
    behind_proxy: bool = False
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    flow_watch: bool = True
    ready: Callable[[str], None] = lambda url: None  # called with the URL once everything runs

    def address(self) -> tuple[str, int]:
        config = settings.current().serve
        return self.host or config.host, config.port if self.port is None else self.port


def serve(options: Options) -> None:
    """Runs the daemon until it is told to stop; raises what keeps it from starting, or what killed it."""
    os.umask(0o077)
    config = settings.current()
    tls = _tls(options)
    _refuse_open_address(options.address()[0], options)
    proxies = Proxies(config.serve.trusted_proxies)
    allowed_hosts()  # a word that names no host is told now, not at a customer's first call
    keys = door_keys.require()
    for folder in (settings.paths().data, settings.paths().run):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    engine = LocalEngine()
    with ExitStack() as stack:
        store = Store(secrets.fill(config.store.url), waker=engine, make=options.auto_migrate)
        stack.callback(store.close)
        stack.enter_context(daemon_lock(store))
        _check_version(store, options.auto_migrate)
        tune_interpreter()
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(Daemon(store, engine, keys, proxies, tls, options).run())


def tune_interpreter() -> None:
    """Quick turns for the threads, and a garbage collector that neither walks the modules nor every small batch."""
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER, 20, 20)
    with suppress(AttributeError, OSError):  # of glibc only
        ctypes.CDLL(None).mallopt(ARENA_MAX, ARENAS)


def _check_version(store: Store, auto_migrate: bool) -> None:
    if auto_migrate and schema.pending(store):
        schema.migrate(store, settings.paths().data / "backups", clock.now())
    schema.check_current(store)


def _tls(options: Options) -> ssl.SSLContext | None:
    if options.tls_certificate is None and options.tls_key is None:
        return None
    if options.tls_certificate is None or options.tls_key is None:
        raise ConfigError(
            "PT-TLS", "TLS needs both --tls-cert and --tls-key", fix="pytake serve --tls-cert FILE --tls-key FILE"
        )
    return tls_context(options.tls_certificate, options.tls_key)


def _refuse_open_address(host: str, options: Options) -> None:
    """Plain HTTP is for this machine, or for a proxy that does TLS."""
    if options.behind_proxy or options.tls_certificate is not None:
        return
    try:
        inside = ip_address(host).is_loopback
    except ValueError:
        inside = host == "localhost"
    if not inside:
        raise ConfigError(
            "PT-SERVE-OPEN",
            "{host} can be reached from other machines, and there is no TLS",
            why="webhooks carry what people write",
            fix="pytake serve --tls-cert FILE --tls-key FILE, or --behind-proxy if a proxy does TLS",
            host=host,
        )


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory


def _last_resort(seconds: float) -> None:
    """Ends the process, whatever hangs, unless it has ended by itself by then."""

    def end() -> None:
        log.critical("the daemon did not end in time")
        os._exit(1)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()


class Daemon:
    """All parts of the daemon and the order in which they start and stop."""

    def __init__(
        self,
        store: Store,
        engine: LocalEngine,
        keys: Keys,
        proxies: Proxies,
        tls: ssl.SSLContext | None,
        options: Options,
    ) -> None:
        self._store = store
        self._engine = engine
        self._keys = keys
        self._proxies = proxies
        self._tls = tls
        self._options = options
        self._parts: dict[asyncio.Task[None], str] = {}

    async def run(self) -> None:
        """Starts everything, waits for a signal or for a part that ends, stops everything."""
        self._make()
        stop = self._signals()
        await self._recover_in_time()
        run_dir = settings.paths().run
        try:
            self._start()
            config = settings.current().serve
            url = await self._server.listen(*self._options.address(), self._tls)
            self._pokes.open()
            neighbours.announce(run_dir / neighbours.STATE_FILE, url, clock.now())
            log.info("serving", extra={"url": url, "pid": os.getpid()})
            self._options.ready(url)
            await asyncio.wait((*self._parts, stop), return_when=asyncio.FIRST_COMPLETED)
            failure = self._failure()
        finally:
            neighbours.withdraw(run_dir / neighbours.STATE_FILE)
            self._pokes.close()
        if failure is not None:
            _last_resort(LAST_RESORT_SECONDS)
            await self._server.close(0.0)
            raise failure
        _last_resort(config.stop_seconds + LAST_RESORT_SECONDS)
        await self._stop()

    def _make(self) -> None:
        config = settings.current().serve
        store, engine = self._store, self._engine
        me = owner.mine()
        proven = Proven()
        self._ring = door_keys.KeyRing(self._keys)
        self._heartbeat = Heartbeat()
        self._intake = Intake(
            store, on_commit=lambda news: engine.poke("journal", delay=0.0 if news else STATUSES_WAIT_SECONDS)
        )
        self._inbox = Inbox(store, waiting=lambda: self._intake.waiting)
        self._sender = Sender(store, engine, me)
        self._jobs = Jobs(store, me)
        self._timers = Timers(store)
        self._automations = Automations(store, engine)
        self._schedules = Schedules(store, me)
        self._campaigns = Campaigns(store, engine)
        door = Door(
            self._intake.put, self._ring, max_body_bytes=config.max_body_bytes, proxies=self._proxies, proven=proven
        )
        places = Places(
            proven=proven,
            proxies=self._proxies,
            idle_seconds=config.idle_seconds,
            most_body_bytes=config.max_body_bytes,
        )
        self._hub = Hub(store, engine, CustomerTyping(store, self._jobs.graph))
        works = (self._intake, self._inbox, self._sender, self._jobs, self._heartbeat, self._hub)
        self._health = Health(store, door, places, *works)
        probes = Probes(self._health, lambda: self._ring.keys.metrics_token)
        signals = Signals(self._take_signal, self._proxies)
        tls = self._tls is not None or self._options.behind_proxy
        self._office = front.office(store, self._proxies, self._hub, self._health.unready, tls=tls)
        live = Live(self._hub, self._office)
        self._server = Server(application(door, probes, signals, api.application(self._office), live), places)
        parts = (self._sender, self._jobs, self._campaigns, self._automations, self._health)
        self._clockwork = Clockwork(store, engine, *parts, self._hub.present)
        self._pokes = neighbours.PokeSocket(settings.paths().run / neighbours.SOCKET_FILE, engine)

    async def _take_signal(self, token: str, name: str, value: Any, cause: str) -> bool:
        give, answered = flow_signals.give, flow_sessions.answered
        return await asyncio.to_thread(give, self._store, token, name, value, cause, clock.now(), answered)

    async def _recover_in_time(self) -> None:
        """Recovers, also when somebody else is writing to the store for longer than one statement waits."""
        end = clock.monotonic() + RECOVERY_PATIENCE_SECONDS
        while True:
            try:
                return await asyncio.to_thread(self._recover)
            except StoreUnavailable as error:
                if clock.monotonic() > end:
                    raise
                log.warning("the start waits for the store", extra={"reason": str(error)})
                await asyncio.sleep(0.2)

    def _recover(self) -> None:
        """What a crash left behind, put in order before anything moves.

        On SQLite we are alone; on PostgreSQL others may work, and whom we cannot judge is left to the sweep.
        """
        sending.after_clock_went_back(self._store, clock.now())
        is_dead = (lambda owner: True) if self._store.is_sqlite else owner.is_dead
        unknown = sending.recover(self._store, clock.now(), is_dead)
        self._jobs.recover(is_dead)
        schedule_runs.recover(self._store, clock.now(), is_dead)
        schedule_runs.realign(self._store, clock.now())
        campaign_series.realign(self._store, clock.now())
        if unknown:
            log.warning("messages were being sent when the last daemon ended", extra={"count": unknown})

    def _start(self) -> None:
        handlers = {
            "journal": self._inbox.handle,
            "number": self._sender.handle,
            "job": self._jobs.handle,
            "timer": self._timers.handle,
            "automation": self._automations.handle,
            "schedule": self._schedules.handle,
            "campaign": self._campaigns.handle,
            "series": self._campaigns.handle_series,
            "route": Routing(self._store).handle,
            "live": self._hear,
            "secrets": self._reread_secrets,
            "tick": self._tick,
        }
        self._part("heartbeat", self._heartbeat.run())
        self._part("engine", self._engine.run(handlers))
        self._part("intake", self._intake.run())
        self._part("sender", self._sender.run())
        self._part("live", self._hub.run())
        self._part("live hints", self._hub.hints.run())
        self._part("reads", self._office.reads.run(self._store))
        self._part("clockwork", self._clockwork.run())
        self._part("keys", self._ring.run())
        if self._options.flow_watch:
            self._part("flow files", FlowFiles(self._store).run())
        self._part("server", self._server.run())
        self._engine.poke("journal")
        self._engine.poke("timer", "due")  # what became due while nobody worked
        self._engine.poke("automation", "due", "report")
        self._engine.poke("schedule", DUE, "report")

    def _part(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        self._parts[asyncio.ensure_future(work)] = name

    async def _hear(self, key: str, lane: Lane) -> None:
        """Something happened: `key` is empty when it was written here."""
        if not key:
            self._automations.heard()
        await self._hub.handle(key, lane)

    async def _tick(self, key: str, lane: str) -> None:
        await asyncio.to_thread(self._clockwork.sweep)

    async def _reread_secrets(self, key: str, lane: str) -> None:
        await self._ring.reread()
        await self._sender.reread_tokens()

    def _signals(self) -> asyncio.Future[None]:
        """A future that the first SIGTERM or SIGINT fulfils; the second ends the process at once."""
        loop = asyncio.get_running_loop()
        stop: asyncio.Future[None] = loop.create_future()

        def hear(number: int) -> None:
            if stop.done():
                neighbours.withdraw(settings.paths().run / neighbours.STATE_FILE)
                os._exit(128 + number)
            log.info("stopping", extra={"signal": signal.Signals(number).name})
            stop.set_result(None)

        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, hear, number)
        return stop

    def _failure(self) -> PytakeError | None:
        """The error of a part that ended, which none may while the daemon runs: a dead writer must not look alive."""
        for task, name in self._parts.items():
            if not task.done():
                continue
            self._health.dead.append(name)
            cause = None if task.cancelled() else task.exception()
            log.critical("a part of the daemon died", extra={"part": name}, exc_info=cause)
            error = PytakeError(
                "PT-PART-DIED",
                "the daemon ended because its {part} died: {reason}",
                why="a daemon that answers and does not work would be worse",
                fix="pytake serve, and a report of the log if it happens again",
                part=name,
                reason=f"{type(cause).__name__}: {cause}" if cause else "it returned",
            )
            error.__cause__ = cause
            return error
        return None

    async def _stop(self) -> None:
        """No new requests, no new claims; what is in flight is finished and recorded within the time allowed."""
        end = clock.monotonic() + settings.current().serve.stop_seconds

        def left() -> float:
            return max(0.05, end - clock.monotonic())

        self._health.stopping = True
        self._inbox.stop()
        sending_ends = asyncio.ensure_future(self._sender.close(left()))
        schedules_end = asyncio.ensure_future(self._schedules.close(left()))
        await self._server.close(left())
        await asyncio.to_thread(self._office.reads.write, self._store)
        await self._intake.close(left())
        await self._engine.stop(left())
        await sending_ends
        await schedules_end
        await self._hub.close()
        await self._jobs.close()
        self._inbox.close()
        for task in self._parts:
            task.cancel()
        await asyncio.gather(*self._parts, return_exceptions=True)
        log.info("stopped")
