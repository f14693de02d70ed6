"""Webhooks acknowledged durably, closed loop, beside pywa which stores nothing; the same client for all."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from pytake_cli.store.journal import Journal
from tests.bench.figures import Options, Row, cpu_seconds
from tests.bench.peers import SECRET
from tests.kit import home
from tests.kit.children import Child, environment, free_port, http_get, wait_until
from tests.kit.load import PATH

COUNT, CONNECTIONS = 20_000, 64
LONGEST_SECONDS = 120.0


def load(
    url: str, secret: str, *, count: int = COUNT, connections: int = CONNECTIONS, rate: float = 0, seed: int = 1
) -> Any:
    """The client's figures, measured in its own process."""
    arguments = [
        url,
        "--secret",
        secret,
        "--count",
        count,
        "--connections",
        connections,
        "--rate",
        rate,
        "--seed",
        seed,
    ]
    command = [sys.executable, "-m", "tests.bench.client", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LONGEST_SECONDS, check=True)
    figures = json.loads(done.stdout)
    assert not figures["refused"], f"not answered 200: {figures['refused']}"
    return figures


@contextmanager
def peer(kind: str, folder: Path) -> Iterator[tuple[str, int]]:
    """A pywa server; its URL and process id."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    with Child(f"pywa-{kind}", ["-m", "tests.bench.peers", kind, str(port)], environment(folder), folder) as server:
        server.start()
        wait_until(lambda: _answers(port), 30)
        yield f"http://127.0.0.1:{port}/webhooks/whatsapp", server.pid


def _answers(port: int) -> bool:
    try:
        return http_get(port, "/")[0] > 0
    except OSError:
        return False


def measure(folder: Path, options: Options) -> Iterator[Row]:
    rates: dict[str, list[float]] = {"pytake": [], "async": [], "sync": []}
    cpus: dict[str, list[float]] = {"pytake": [], "async": [], "sync": []}
    p50, p99, late = [], [], []
    for turn in range(options.times):
        with home.running(folder / f"intake-{turn}", acknowledgement="") as here:
            before = cpu_seconds(here.daemon.pid)
            figures = load(here.daemon.url + PATH, here.secrets["app_secret"], seed=turn)
            late.append(caught_up(here))
            cpus["pytake"].append((cpu_seconds(here.daemon.pid) - before) / COUNT * 1e6)
            rates["pytake"].append(figures["rate"])
            p50.append(figures["p50"] * 1e3)
            p99.append(figures["p99"] * 1e3)
        for kind in ("async", "sync"):
            with peer(kind, folder / f"peer-{kind}-{turn}") as (url, pid):
                before = cpu_seconds(pid)
                rates[kind].append(load(url, SECRET, count=COUNT // 2, seed=turn)["rate"])
                cpus[kind].append((cpu_seconds(pid) - before) / (COUNT // 2) * 1e6)
    best = sorted(rates["async"])[len(rates["async"]) // 2]
    own = sorted(rates["pytake"])[len(rates["pytake"]) // 2]
    note = f"{own / best:.1f} × pywa async; {_middle(cpus['pytake']):.0f} µs of CPU each, applying included"
    yield Row("webhooks acknowledged durably", "/s", tuple(rates["pytake"]), "≥ 2 × pywa async", note)
    yield Row("· half of them within", "ms", tuple(p50), "", f"{CONNECTIONS} connections, closed loop")
    yield Row("· 99 % of them within", "ms", tuple(p99))
    yield Row("· all of them applied after", "s", tuple(late), "", f"{COUNT} messages, most of them of new people")
    for kind in ("async", "sync"):
        note = f"{_middle(cpus[kind]):.0f} µs of CPU each"
        yield Row(f"peer: pywa {kind}, storing nothing", "/s", tuple(rates[kind]), "", note)


def caught_up(here: home.Home) -> float:
    """Seconds until everything that was journalled is applied."""
    started = time.perf_counter()
    waiting = sa.select(sa.func.count()).select_from(Journal).where(sa.text("applied_at IS NULL"))

    def done() -> bool:
        with store.read() as db:
            return db.connection().execute(waiting).scalar_one() == 0

    with here.store() as store:
        wait_until(done, LONGEST_SECONDS, every=0.1)
    return time.perf_counter() - started


def _middle(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]
