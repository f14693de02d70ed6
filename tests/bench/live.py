"""Inboxes that follow the live wire while customers write: from commit to frame, and what it costs the daemon.

Each reads its list and its counts again as often as the inbox on a terminal does.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import sqlalchemy as sa
from sqlmodel import col

from pytake_cli import clock, secrets
from pytake_cli.services import sessions
from pytake_cli.store import Store
from pytake_cli.store.events import event
from pytake_cli.store.messages import IN, Message
from pytake_cli.store.users import User
from pytake_cli.tui.client import Client, Login, Unreachable
from pytake_cli.tui.pacing import Allowance
from pytake_cli.tui.screens.inbox_talks import PAGE, RENEWED_AT_ONCE, RENEWED_SECONDS
from tests.bench.figures import Options, Row, cpu_seconds, resident_mb
from tests.bench.figures import load as load_average
from tests.bench.intake import caught_up, load
from tests.kit import home
from tests.kit.children import wait_until
from tests.kit.live_client import opened

INBOXES, RATE, SECONDS = 20, 50, 20
PATIENCE_SECONDS = 120.0  # for what was sent to be there, on a machine that does other things as well
LOOK_SECONDS = 0.001  # between looks for what was committed
KEY = "benchmarks-sign-their-tokens-with-this-key"


@dataclass
class Heard:
    """When each event could be read in the store, and when each inbox had it (seconds of one clock)."""

    committed: dict[int, float] = field(default_factory=dict)
    received: list[dict[int, float]] = field(default_factory=list)
    first: int = 0  # the last event before everybody was there
    last: int = 0  # the event of the last message

    def waits(self) -> list[float]:
        """Milliseconds, sorted; an event that an inbox had before the look saw it counts as none."""
        known = self.committed
        return sorted(
            max(0.0, at - known[id_]) * 1000 for inbox in self.received for id_, at in inbox.items() if id_ in known
        )


@dataclass(frozen=True, slots=True)
class Run:
    waits: list[float]
    frames: int
    cpu: float  # ms of the daemon for a customer's message, its acknowledgement and all else included
    quiet_cpu: float  # the same without inboxes
    memory: float  # MB that the inboxes added

    def within(self, share: float) -> float:
        return self.waits[min(int(len(self.waits) * share), len(self.waits) - 1)]


def measure(folder: Path, options: Options) -> Iterator[Row]:
    runs = [_run(folder / f"live-{turn}", turn) for turn in range(options.times)]
    note = f"{INBOXES} inboxes, {RATE} messages/s, {runs[-1].frames / SECONDS:,.0f} frames/s; load {load_average()}"
    yield Row("live: commit to inbox, half within", "ms", tuple(run.within(0.5) for run in runs), "", note)
    yield Row("live: commit to inbox, 95 % within", "ms", tuple(run.within(0.95) for run in runs), "≤ 200")
    cpu, quiet = tuple(run.cpu for run in runs), tuple(run.quiet_cpu for run in runs)
    yield Row("live: CPU of the daemon for a message", "ms", cpu, "", f"{RATE} × that a second is its share of a core")
    yield Row("live: the same without inboxes", "ms", quiet)
    yield Row("live: memory that the inboxes add", "MB", tuple(run.memory for run in runs), "≤ 20")


def _run(folder: Path, seed: int) -> Run:
    with home.running(folder, settings={"PYTAKE_SECRET_JWT_KEY": KEY}) as here:
        tokens = _logins(here)
        load(f"{here.emulator.url}/_emulator/say", "", count=RATE, connections=8, rate=RATE, seed=seed + 100)
        caught_up(here)
        quiet_cpu = _customers_write(here, seed)
        before = resident_mb(here.daemon.pid)
        heard, cpu = asyncio.run(_follow(here, tokens, seed))
        memory = resident_mb(here.daemon.pid) - before
    # before, not everybody was there; afterwards, statuses may still come
    each = [{id_ for id_ in inbox if heard.first < id_ <= heard.last} for inbox in heard.received]
    assert all(ids == each[0] for ids in each), "an inbox missed something"
    return Run(heard.waits(), sum(map(len, heard.received)), cpu, quiet_cpu, memory)


async def _follow(here: home.Home, tokens: list[str], seed: int) -> tuple[Heard, float]:
    """Everybody connects, customers write, everybody has heard everything."""
    heard, over = Heard(), threading.Event()
    async with AsyncExitStack() as stack:
        reading = []
        for token in tokens:
            hello = {"token": token, "topics": ["*"], "rows": True}
            inbox = await stack.enter_async_context(opened(here.daemon.url, hello))
            await inbox.ready()
            into: dict[int, float] = {}
            heard.received.append(into)
            client = Client(here.daemon.url, Login(token))
            stack.push_async_callback(client.close)
            await client.views()  # an inbox that is open has done so, and the API is built by then
            reading.append(asyncio.ensure_future(_read(inbox, into, client)))
        heard.first = await asyncio.to_thread(_one, here, sa.select(sa.func.max(event.c.id)))
        watching = threading.Thread(target=_watch, args=(here.store_url, heard, over))
        watching.start()
        cpu = await asyncio.to_thread(_customers_write, here, seed + 1000)
        heard.last = await asyncio.to_thread(_newest, here)
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not all(max(inbox, default=0) >= heard.last for inbox in heard.received):
                for ended in (task for task in reading if task.done()):
                    raise AssertionError("an inbox was sent away") from ended.exception()
                await asyncio.sleep(0.05)
        over.set()
        await asyncio.to_thread(watching.join)
        for task in reading:
            task.cancel()
        await asyncio.gather(*reading, return_exceptions=True)
    return heard, cpu


def _customers_write(here: home.Home, seed: int) -> float:
    """Milliseconds of the daemon's processor for each of their messages, until all of them are there."""
    count, before, begun = RATE * SECONDS, _messages(here), cpu_seconds(here.daemon.pid)
    load(f"{here.emulator.url}/_emulator/say", "", count=count, connections=8, rate=RATE, seed=seed)
    wait_until(lambda: _messages(here) >= before + count, PATIENCE_SECONDS, every=0.1)
    caught_up(here)
    return (cpu_seconds(here.daemon.pid) - begun) / count * 1000


def _messages(here: home.Home) -> int:
    return _one(here, sa.select(sa.func.count()).select_from(Message).where(col(Message.direction) == IN))


def _newest(here: home.Home) -> int:
    return _one(here, sa.select(sa.func.max(event.c.id)).where(event.c.kind == "message:new"))


def _one(here: home.Home, query: Any) -> int:
    with here.store() as store, store.read() as db:
        return int(db.connection().execute(query).scalar_one())


async def _read(inbox: Any, into: dict[int, float], client: Client) -> None:
    allowance, renewing = Allowance(RENEWED_AT_ONCE, RENEWED_SECONDS), None
    while True:
        frame = orjson.loads(await inbox.socket.recv(decode=False))
        if frame.get("id") is not None:
            into[frame["id"]] = time.monotonic()
            if renewing is None or renewing.done():
                renewing = asyncio.ensure_future(_renew(client, allowance))


async def _renew(client: Client, allowance: Allowance) -> None:
    """As `renew_soon` of the inbox does it for what customers write."""
    await asyncio.sleep(allowance.wait(keep=1))
    allowance.take()
    with suppress(Unreachable):  # the run is over
        await client.views()
        await client.conversations(view="all", order="activity", limit=PAGE)


def _watch(url: str, heard: Heard, over: threading.Event) -> None:
    """Notes when each event can first be read."""
    store = Store(url)
    last: int | None = None
    while not over.wait(LOOK_SECONDS):
        with store.read() as db:
            ids = sa.select(event.c.id).where(event.c.id > (last or 0)).order_by(event.c.id)
            found = db.connection().execute(ids).scalars().all()
        now = time.monotonic()
        if last is not None:
            heard.committed.update(dict.fromkeys(found, now))
        last = found[-1] if found else last or 0
    store.close()


def _logins(here: home.Home) -> list[str]:
    import os

    os.environ["PYTAKE_SECRET_JWT_KEY"] = KEY
    secrets.forget()
    now = clock.now()
    with here.store() as store, store.write() as db:
        users = [
            User(org_id=here.org_id, email=f"agent{n}@loja.com", name=f"agent{n}", role="AGENT", created_at=now)
            for n in range(INBOXES)
        ]
        db.add_all(users)
        db.flush()
        return [sessions.start(db, user, now).access for user in users]
