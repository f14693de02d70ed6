"""Kills the daemon under load, again and again, then proves that nothing was lost and nothing doubled.

python -m tests.kit.kill --kills 100 --sends 10000 --webhooks 10000 --seed 7     # random kill -9
python -m tests.kit.kill --points                                               # at every named crash point
python -m tests.kit.kill --store postgres …                                     # on a PostgreSQL of its own, or a URL

The emulator misbehaves meanwhile: 3 % 500, 3 % 429, 5 % accepted and then reset, 30 % of the statuses reordered,
10 % duplicated.
"""

from __future__ import annotations

import argparse
import itertools
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from pytake_cli import faults
from tests.kit import bodies, home, postgres
from tests.kit.check import Report, check
from tests.kit.children import wait_until
from tests.kit.home import Home
from tests.kit.load import LoadThread

ACCEPT_SECONDS, SEND_SECONDS = 5.0, 15.0  # the promises: accepting webhooks again, sending again
LONGEST_LIFE = 2.0  # seconds from being ready to the next kill
EARLY_SHARE, EARLY_SECONDS = 0.2, 1.5  # of the kills hit the start itself, so long after it at most
PATIENCE_SECONDS = 1800.0
ENDLESS = 10**9
STALE_CLAIM_SECONDS = 95.0  # on PostgreSQL a dead daemon's claims are given up after 90 s (services/sending.py)
STATUS_FAULTS = {"p_reordered": "0.3", "reorder_delay": "50ms..1s", "p_duplicate": "0.1"}


@dataclass(frozen=True, slots=True)
class Plan:
    """How much of what."""

    kills: int = 20
    sends: int = 1000
    webhooks: int = 1000
    customers: int = 200
    rate: float = 100.0  # sends and webhooks a second, each
    seed: int = 1
    store: str | None = None
    points: tuple[str, ...] = ()  # named crash points instead of random moments
    grace_seconds: float = 20.0
    life_seconds: float = LONGEST_LIFE


@dataclass(slots=True)
class Outcome:
    """What was measured, and the check's report."""

    report: Report
    plan: Plan
    seconds: float = 0.0
    kills: int = 0
    to_accept: list[float] = field(default_factory=list)
    to_send: list[float] = field(default_factory=list)
    load: str = ""
    queueing: str = ""

    def text(self) -> str:
        return "\n".join(
            (
                f"{self.kills} kills in {self.seconds:.0f} s, seed {self.plan.seed}",
                f"accepting again after {_spread(self.to_accept)}, sending again after {_spread(self.to_send)}",
                f"webhooks: {self.load}",
                f"sends: {self.queueing}",
                self.report.text(),
                "0 lost, 0 doubled" if self.report.ok else "FAILED",
            )
        )


def _spread(seconds: list[float]) -> str:
    if not seconds:
        return "(not measured)"
    ordered = sorted(seconds)
    return f"{ordered[len(ordered) // 2]:.2f} s (median), {ordered[-1]:.2f} s at most, of {len(ordered)}"


def add_faults(there: Home) -> None:
    """The misbehaviour of every run: what Meta does on a bad day."""
    there.emulator.fault("error", code=131000, http=500, probability=0.03)
    there.emulator.fault("error", code=130429, http=429, probability=0.03)
    there.emulator.fault("lost", probability=0.05)


class Killer:
    """One run: a home under load whose daemon dies and comes back."""

    def __init__(self, plan: Plan, there: Home) -> None:
        self._plan = plan
        self._home = there
        self._chance = random.Random(plan.seed)
        self._deaths: list[tuple[float, float]] = []  # (monotonic, Unix) moments of every restart
        self._kills = 0

    def run(self) -> Outcome:
        plan, there = self._plan, self._home
        there.emulator.up()
        there.daemon.up()
        there.meet(plan.customers)
        add_faults(there)
        endless = bodies.stream("messages", plan.customers, plan.seed)
        source = endless if plan.points else itertools.islice(endless, plan.webhooks)
        options = {"connections": 8, "rate": plan.rate, "repeat": 0.1, "patience_seconds": PATIENCE_SECONDS}
        load = LoadThread(there.load(source, seed=plan.seed, **options))
        started = time.monotonic()
        load.start()
        queueing = self._queue()
        try:
            self._mischief()
            self._come_back({})
            if plan.points:
                queueing.kill()  # which is one more crash: of somebody who writes to the store
            result = load.finish(PATIENCE_SECONDS, stop=bool(plan.points))
            queued = self._queued(queueing)
        finally:
            queueing.kill()
            queueing.wait()
            load.load.stop()
        if there.store_url.startswith("postgresql"):
            self._outlive_claims()
        report = check(there, quiet_seconds=120 + plan.sends / 10)
        outcome = Outcome(report, plan, time.monotonic() - started, self._kills)
        outcome.load, outcome.queueing = result.line(), queued
        self._measure(outcome, sorted(result.acked.values()))
        return outcome

    def _queue(self) -> subprocess.Popen[str]:
        """A process of its own that queues the sends."""
        plan = self._plan
        count = ENDLESS if plan.points else plan.sends
        arguments = ["--count", count, "--rate", plan.rate, "--seed", plan.seed]
        return subprocess.Popen(
            [sys.executable, "-m", "tests.kit.queueing", self._home.store_url, *map(str, arguments)],
            env=self._home.environment,
            cwd=self._home.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def _queued(self, queueing: subprocess.Popen[str]) -> str:
        output, _ = queueing.communicate(timeout=PATIENCE_SECONDS)
        if self._plan.points:
            return "queued until the last point"
        assert queueing.returncode == 0, output
        return output.strip().splitlines()[-1]

    def _mischief(self) -> None:
        if self._plan.points:
            for number, point in enumerate(self._plan.points):
                self._die_at(point, 1 + self._chance.randrange(1 + 3 * (number % 2)))
            return
        for _ in range(self._plan.kills):
            if self._chance.random() < EARLY_SHARE:
                time.sleep(self._chance.uniform(0.1, EARLY_SECONDS))
            else:
                wait_until(self._home.daemon.answers, home.READY_SECONDS)
                time.sleep(self._chance.uniform(0.0, self._plan.life_seconds))
            assert self._home.daemon.running, f"the daemon ended by itself\n{self._home.daemon.tail()}"
            self._kill()
            self._home.daemon.start()

    def _kill(self) -> None:
        self._home.daemon.kill()
        self._kills += 1
        self._deaths.append((time.monotonic(), time.time()))

    def _die_at(self, point: str, passing: int) -> None:
        """Restarts the daemon so that it dies at the n-th passing of a named point, and waits for that."""
        daemon = self._home.daemon
        self._kill()
        daemon.start({"PYTAKE_CRASH_AT": f"{point}:{passing}"})
        code = daemon.wait(60)
        assert code == 137, f"{point}: the daemon ended with {code}\n{daemon.tail()}"
        self._kills += 1
        self._deaths.append((time.monotonic(), time.time()))
        daemon.start()
        wait_until(daemon.answers, home.READY_SECONDS)

    def _come_back(self, extra: dict[str, str]) -> None:
        if not self._home.daemon.running:
            self._home.daemon.start(extra)
        wait_until(self._home.daemon.answers, home.READY_SECONDS)

    def _outlive_claims(self) -> None:
        """Restarts the daemon with a clock that makes every dead claim old, instead of waiting for it."""
        self._home.daemon.stop()
        self._home.daemon.up({"PYTAKE_CLOCK_OFFSET": f"{STALE_CLAIM_SECONDS:g}"})

    def _measure(self, outcome: Outcome, acked: list[float]) -> None:
        """How long after each death the first webhook was taken and the first message accepted, if it lived so long."""
        accepted = [entry["at"] for entry in self._home.emulator.ledger()]
        ends = [*self._deaths[1:], (float("inf"), float("inf"))]
        for (death, death_unix), (next_death, next_unix) in zip(self._deaths, ends, strict=True):
            taken = next((moment for moment in acked if moment > death), None)
            if taken is not None and taken < next_death:
                outcome.to_accept.append(taken - death)
            sent = next((moment for moment in accepted if moment > death_unix + 0.05), None)
            if sent is not None and sent < next_unix:
                outcome.to_send.append(sent - death_unix)


@contextmanager
def store_url(store: str | None) -> Iterator[str | None]:
    """The URL to use: None is an SQLite file of the run, `postgres` a server of the run."""
    if store != "postgres":
        yield store
        return
    server = postgres.start()
    try:
        yield server.create("pytake_kill")
    finally:
        server.stop()


def run(plan: Plan, folder: Path) -> Outcome:
    """One whole run in `folder`; raises AssertionError when an invariant is broken."""
    with store_url(plan.store) as url:
        grace = plan.grace_seconds
        there = home.make(folder, store_url=url, emulator=STATUS_FAULTS, seed=plan.seed, grace_seconds=grace)
        try:
            return Killer(plan, there).run()
        finally:
            there.stop()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--sends", type=int, default=1000)
    parser.add_argument("--webhooks", type=int, default=1000)
    parser.add_argument("--customers", type=int, help="by default one for every 20 sends")
    parser.add_argument("--rate", type=float, default=100.0, help="sends, and webhooks, a second")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--life", type=float, default=LONGEST_LIFE, help="seconds that it lives at most once ready")
    parser.add_argument("--store", help="`postgres`, or the URL of an empty PostgreSQL database")
    parser.add_argument("--points", action="store_true", help="die at every named point instead of at random moments")
    parser.add_argument("--folder", type=Path, help="keep everything there, for a look afterwards")
    given = parser.parse_args()
    points = faults.POINTS if given.points else ()
    customers = given.customers or max(50, given.sends // 20)
    plan = Plan(
        given.kills,
        given.sends,
        given.webhooks,
        customers,
        given.rate,
        given.seed,
        given.store,
        points,
        life_seconds=given.life,
    )
    with home.scratch() as scratch:
        try:
            outcome = run(plan, given.folder or scratch)
        except AssertionError as error:
            print(error)
            return 1
    print(outcome.text())
    slow = max(outcome.to_accept, default=0.0) > ACCEPT_SECONDS or max(outcome.to_send, default=0.0) > SEND_SECONDS
    return 1 if slow else 0


if __name__ == "__main__":
    raise SystemExit(main())
