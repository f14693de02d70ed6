"""Meta's ceiling: 4,000 webhooks and 1,000 sends a second at once on one SQLite file, everything applied."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa

from pytake_cli.store.messages import Message
from tests.bench.figures import Options, Row, cpu_seconds
from tests.bench.figures import load as load_average
from tests.bench.intake import LONGEST_SECONDS, caught_up, load
from tests.bench.sending import SLOW, fill, release
from tests.kit import home
from tests.kit.children import wait_until
from tests.kit.load import PATH

SENDS, DIRECT = 1_000, 1_000  # the emulator's statuses are the other 3,000 webhooks, in bodies of many


def measure(folder: Path, options: Options) -> Iterator[Row]:
    for turn in range(options.times):
        with home.running(folder / f"ceiling-{turn}", emulator=SLOW, acknowledgement="") as here:
            yield from _once(here, options.seconds)


def _once(here: home.Home, seconds: int) -> Iterator[Row]:
    fill(here, SENDS * seconds)
    with here.store() as store, store.write() as db:
        release(db, here.number_id)
    before, started = cpu_seconds(here.daemon.pid), time.perf_counter()
    url, secret = here.daemon.url + PATH, here.secrets["app_secret"]
    got = load(url, secret, count=DIRECT * seconds, connections=32, rate=DIRECT)
    taken, cpu = time.perf_counter() - started, cpu_seconds(here.daemon.pid) - before
    sent = SENDS * seconds - _queued(here)
    wait_until(lambda: _queued(here) == 0, LONGEST_SECONDS, every=0.25)
    late = caught_up(here)
    note = f"{got['count'] / taken:.0f}/s of {DIRECT}/s, and three statuses of each send"
    yield Row("ceiling: acks within, half", "ms", (got["p50"] * 1e3,), "≤ 10", note)
    yield Row("ceiling: acks within, 99 %", "ms", (got["p99"] * 1e3,), "≤ 100", f"{seconds} s, real disk, two cores")
    yield Row("ceiling: sends meanwhile", "/s", (sent / taken,), "1,000")
    yield Row("ceiling: CPU of the daemon", "core", (cpu / taken,), "≤ 0.8", f"load {load_average()}")
    yield Row("ceiling: all applied after", "s", (late,), "~ 0")


def _queued(here: home.Home) -> int:
    with here.store() as store, store.read() as db:
        waiting = sa.select(sa.func.count()).select_from(Message).where(sa.text("status = 'queued'"))
        return int(db.execute(waiting).scalar_one())
