"""Meta's ceiling: 4,000 webhooks and 1,000 sends a second at once on one SQLite file, everything applied."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from pytake_cli.store.journal import Journal
from pytake_cli.store.messages import Message
from tests.bench.figures import Row, cpu_seconds
from tests.bench.intake import load
from tests.bench.sending import SLOW, fill, release
from tests.kit import home
from tests.kit.load import PATH

SECONDS, SENDS, DIRECT = 15, 1_000, 1_000  # the emulator's statuses are the other 3,000 webhooks, in bodies of many


def measure(folder: Path, times: int = 1) -> Iterator[Row]:
    for turn in range(times):
        with home.running(folder / f"ceiling-{turn}", emulator=SLOW, acknowledgement="") as here:
            yield from _once(here)


def _once(here: home.Home) -> Iterator[Row]:
    fill(here, SENDS * SECONDS)
    with here.store() as store, store.write() as db:
        release(db, here.number_id)
    before, started = cpu_seconds(here.daemon.pid), time.perf_counter()
    figures: list[Any] = []
    url, secret = here.daemon.url + PATH, here.secrets["app_secret"]
    options = {"count": DIRECT * SECONDS, "connections": 32, "rate": DIRECT}
    client = threading.Thread(target=lambda: figures.append(load(url, secret, **options)))
    client.start()
    client.join()
    seconds, cpu = time.perf_counter() - started, cpu_seconds(here.daemon.pid) - before
    lag = _lag(here)
    left = _queued(here)
    [got] = figures
    yield Row("ceiling: acks within, half", "ms", (got["p50"] * 1e3,), "≤ 10", f"{DIRECT}/s direct, and statuses")
    yield Row(
        "ceiling: acks within, 99 %", "ms", (got["p99"] * 1e3,), "≤ 100", f"{SECONDS} s, real disk, all on two cores"
    )
    yield Row("ceiling: sends meanwhile", "/s", ((SENDS * SECONDS - left) / seconds,), "1,000")
    yield Row("ceiling: CPU of the daemon", "core", (cpu / seconds,), "≤ 0.8")
    yield Row("ceiling: webhooks left behind", "rows", (lag,), "0")


def _lag(here: home.Home) -> int:
    with here.store() as store, store.read() as db:
        waiting = sa.select(sa.func.count()).select_from(Journal).where(sa.text("applied_at IS NULL"))
        return int(db.execute(waiting).scalar_one())


def _queued(here: home.Home) -> int:
    with here.store() as store, store.read() as db:
        waiting = sa.select(sa.func.count()).select_from(Message).where(sa.text("status = 'queued'"))
        return int(db.execute(waiting).scalar_one())
