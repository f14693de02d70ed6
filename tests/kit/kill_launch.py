"""Kills launches while they freeze their audience, and the daemon beside them: one whole ledger, or none.

python -m tests.kit.kill_launch --people 100000 --kills 20 [--store postgres]

A campaign is launched by command again and again with the same key until a launch outlives its kill; then comes the
next one. Whoever comes after a kill has a clock a minute further, so that what the dead left is given up at once.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from pytake_cli import clock
from pytake_cli.services.campaign_launch import DEAD_AFTER, PEOPLE_AT_ONCE
from pytake_cli.store import Store
from tests.kit import campaigning, home
from tests.kit.children import Child, wait_until
from tests.kit.home import Home
from tests.kit.kill import store_url
from tests.kit.run_campaign import told

DAEMON_EVERY = 3  # of the kills, one hits the daemon as well
LONGEST_SECONDS = 600.0
FILE = """name: {name}
template: oferta_semana
audience: {{all: true}}
frequency_cap: none
at: "2099-01-01 12:00"
values: {{"1": "cliente", "2": "10%", "button.0": "7"}}
"""
_LEDGER = """
SELECT c.name, c.status, c.recipients, count(r.id) AS people, count(DISTINCT r.contact_id) AS different
FROM recipient r LEFT JOIN campaign c ON c.id = r.campaign_id GROUP BY c.name, c.status, c.recipients
"""


class Launches:
    """One home whose launches are killed."""

    def __init__(self, there: Home, people: int, seed: int) -> None:
        self._home = there
        self._people = people
        self._chance = random.Random(seed)
        self._later = 0.0  # seconds that the clock is ahead
        self._usual = 0.0  # seconds that a launch takes
        self.lines: list[str] = []

    def run(self, kills: int) -> None:
        (self._home.folder / "campaigns").mkdir()
        with self._home.store() as store:
            now = clock.now()
            campaigning.approve(store, self._home.org_id, now)
            campaigning.people(store, self._home.org_id, self._people, now)
        number = done = self._round("r0", 0)
        while done < kills:
            number += 1
            done += self._round(f"r{number}", kills - done)

    def _round(self, name: str, most: int) -> int:
        """One campaign, launched until it is; how many kills that took."""
        (self._home.folder / "campaigns" / f"{name}.yaml").write_text(FILE.format(name=name))
        plan = told(self._home, "campaign", "plan", name)
        assert plan["recipients"] == self._people, plan["problems"]
        left: list[str] = []
        while len(left) < most and not (left and left[-1].endswith("(scheduled)")):
            hits_daemon = len(left) % DAEMON_EVERY == 0
            self._kill_one(plan["id"], name, at_a_point=len(left) % 2 == 0)
            if hits_daemon:
                self._home.daemon.kill()
            left.append(self._left(name))
            self._later += DEAD_AFTER.total_seconds() + 1
            if hits_daemon:
                self._home.daemon.up({"PYTAKE_CLOCK_OFFSET": f"{self._later:g}"})
        first, second = self._whole(plan["id"], name), self._whole(plan["id"], name)
        assert second["replayed"] is True, second
        assert (first["name"], first["recipients"]) == (second["name"], self._people), (first, second)
        self._check(name)
        self.lines.append(f"{name}: killed {len(left)} times, which left {', '.join(left) or '-'}; one whole ledger")
        return len(left)

    def _kill_one(self, plan: str, name: str, *, at_a_point: bool) -> None:
        """At one of the named points between two chunks, or at any moment."""
        chunks = -(-self._people // PEOPLE_AT_ONCE)
        nth = self._chance.randint(1, chunks + 1)
        point = f"campaign.before_chunk:{nth}" if nth <= chunks else "campaign.before_start"
        launcher = self._launch(plan, name, point if at_a_point else "")
        if at_a_point:
            launcher.wait(LONGEST_SECONDS)
        else:
            time.sleep(self._chance.uniform(0.4, 1.0) * self._usual)
            launcher.kill()
        assert launcher.exit_code in (0, -9, 137), launcher.tail()

    def _launch(self, plan: str, name: str, point: str = "") -> Child:
        words = ["--plan", plan, "--expect", str(self._people), "--yes", "--idempotency-key", name, "--json"]
        environ = self._home.environment | {"PYTAKE_CLOCK_OFFSET": f"{self._later:g}"}
        environ |= {"PYTAKE_CRASH_AT": point} if point else {}
        launcher = Child(
            f"launch-{name}", ["-m", "pytake_cli", "campaign", "launch", *words], environ, self._home.folder
        )
        launcher.log.unlink(missing_ok=True)
        launcher.start()
        return launcher

    def _whole(self, plan: str, name: str) -> Any:
        """A launch that nobody kills: what it says."""
        launcher = self._launch(plan, name)
        assert launcher.wait(LONGEST_SECONDS) == 0, launcher.tail()
        self._usual = max(self._usual, time.monotonic() - launcher.started_at)
        return json.loads(launcher.output()[launcher.output().index("{\n") :])

    def _left(self, name: str) -> str:
        with self._home.store() as store:
            return next((f"{row.people} ({row.status})" for row in _ledgers(store) if row.name == name), "0")

    def _check(self, name: str) -> None:
        """One campaign of that name, everybody once, and nothing of what was given up."""
        with self._home.store() as store:
            rows = _ledgers(store)
        for row in rows:
            whole = row.people == row.different == row.recipients == self._people and row.status == "scheduled"
            assert whole, f"{row}"
        assert len([row for row in rows if row.name == name]) == 1, rows


def _ledgers(store: Store) -> list[Any]:
    with store.read() as db:
        return list(db.connection().execute(sa.text(_LEDGER)).all())


def run(folder: Path, people: int, kills: int, seed: int = 1, store: str | None = None) -> list[str]:
    """Rounds of kills in `folder`; raises AssertionError when a ledger is not whole."""
    with store_url(store) as url:
        there = home.make(folder, store_url=url)
        launches = Launches(there, people, seed)
        try:
            there.emulator.up()
            there.daemon.up()
            wait_until(there.daemon.answers, home.READY_SECONDS)
            launches.run(kills)
            assert there.emulator.accepted() == 0, "something was sent"
        finally:
            there.stop()
    return launches.lines


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--store", help="`postgres`, or the URL of an empty PostgreSQL database")
    given = parser.parse_args()
    with home.scratch() as scratch:
        print("\n".join(run(scratch, given.people, given.kills, given.seed, given.store)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
