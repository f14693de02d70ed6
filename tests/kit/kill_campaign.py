"""Kills the daemon while a campaign runs, again and again: nobody twice, nobody forgotten, unknowns listed.

python -m tests.kit.kill_campaign --people 20000 --kills 50 --seed 7 [--store postgres]

The emulator misbehaves meanwhile: 3 % 500, 3 % 429, 5 % accepted and then reset, 30 % of the statuses reordered,
10 % duplicated. Afterwards its own ledger is compared with ours, person by person.
"""

from __future__ import annotations

import argparse
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa

from pytake_cli import clock
from pytake_cli.services import campaign_launch, campaigns
from pytake_cli.services.campaign_launch import Order
from pytake_cli.store import Store, ledger_counts
from pytake_cli.store.campaigns import Campaign
from tests.kit import campaigning, home
from tests.kit.check import check
from tests.kit.children import wait_until
from tests.kit.home import Home
from tests.kit.kill import STATUS_FAULTS, add_faults, store_url

LONGEST_LIFE = 3.0  # seconds from being ready to the next kill
LONGEST_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class Plan:
    """How much of what."""

    people: int = 2000
    kills: int = 5
    seed: int = 1
    store: str | None = None
    rate: int = home.RATE


@dataclass(slots=True)
class Outcome:
    """What was counted on both sides."""

    seconds: float = 0.0
    kills: int = 0
    accepted: int = 0
    resumed: int = 0  # times that the breaker paused it and we went on
    fates: Counter[str] = field(default_factory=Counter)
    twice: int = 0
    forgotten: int = 0
    checks: str = ""

    def text(self) -> str:
        fates = ", ".join(f"{name} {count}" for name, count in sorted(self.fates.items()))
        return (
            f"{self.kills} kills in {self.seconds:.0f} s; Meta accepted {self.accepted}; ledger: {fates};"
            f" resumed {self.resumed} times\n{self.checks}\n{self.twice} twice, {self.forgotten} forgotten"
        )


def begin(there: Home, people: int) -> Campaign:
    """Everything up to the launch, beside the running daemon."""
    now = clock.now()
    with there.store() as store:
        campaigning.approve(store, there.org_id, now)
        campaigning.people(store, there.org_id, people, now)
        plan = campaigning.plan(store, there.org_id, now)
        return campaign_launch.launch(store, plan, Order(key="kill"), clock.now()).campaign


def status(store: Store) -> str:
    return campaigning.campaign(store).status


def resume_if_paused(there: Home, store: Store) -> bool:
    """A person who looks at the failures and goes on: injected faults are no reason to stop here."""
    with store.write() as db:
        campaign = campaigns.get(db, there.org_id, "bf")
        if campaign.status != "paused":
            return False
        campaigns.resume(db, campaign, clock.now())
        return True


def run(plan: Plan, folder: Path) -> Outcome:
    """One whole run; raises AssertionError when an invariant is broken."""
    with store_url(plan.store) as url:
        faults = STATUS_FAULTS | {"limit_pairs": "false"}
        there = home.make(folder, store_url=url, emulator=faults, seed=plan.seed, grace_seconds=10)
        try:
            return _run(plan, there)
        finally:
            there.stop()


def _run(plan: Plan, there: Home) -> Outcome:
    outcome, chance = Outcome(), random.Random(plan.seed)
    there.emulator.up()
    there.daemon.up()
    add_faults(there)
    begin(there, plan.people)
    started = time.monotonic()
    with there.store() as store:
        for _ in range(plan.kills):
            time.sleep(chance.uniform(0.0, LONGEST_LIFE))
            there.daemon.kill()
            outcome.kills += 1
            there.daemon.start()
            wait_until(there.daemon.answers, home.READY_SECONDS)
            outcome.resumed += resume_if_paused(there, store)
        while status(store) != "finished":
            outcome.resumed += resume_if_paused(there, store)
            if time.monotonic() - started > LONGEST_SECONDS:
                raise AssertionError(f"not finished: {_fates(store)}\n{there.daemon.tail()}")
            time.sleep(0.5)
        outcome.seconds = time.monotonic() - started
    outcome.checks = check(there, quiet_seconds=300).text()
    _compare(plan, there, outcome)
    return outcome


def _fates(store: Store) -> Counter[str]:
    with store.read() as db:
        return ledger_counts.fates(db, campaigns.get(db, campaigning.campaign(store).org_id, "bf").id or 0)


def _compare(plan: Plan, there: Home, outcome: Outcome) -> None:
    """The emulator's ledger against ours, person by person."""
    accepted = Counter(entry["to"].lstrip("+") for entry in there.emulator.ledger())
    with there.store() as store:
        outcome.fates = _fates(store)
        with store.read() as db:
            sql = sa.text(
                "SELECT m.address, m.status FROM recipient r LEFT JOIN message m ON m.id = r.message_id ORDER BY r.id"
            )
            rows = db.connection().execute(sql).all()
    ours = {str(row.address).lstrip("+"): row.status for row in rows}
    outcome.accepted = accepted.total()
    outcome.twice = sum(count > 1 for count in accepted.values())
    known = {"sent", "delivered", "read", "played", "held", "unknown", "failed"}
    outcome.forgotten = sum(phone not in ours or ours[phone] not in known for phone in accepted)
    outcome.forgotten += plan.people - len(ours)
    told = {phone for phone, fate in ours.items() if fate in ("sent", "delivered", "read", "played", "held")}
    assert outcome.twice == 0, outcome.text()
    assert outcome.forgotten == 0, outcome.text()
    assert told <= set(accepted), f"{len(told - set(accepted))} told as sent that Meta never took"
    assert sum(outcome.fates.values()) == plan.people, outcome.text()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=2000)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rate", type=int, default=home.RATE)
    parser.add_argument("--store", help="`postgres`, or the URL of an empty PostgreSQL database")
    parser.add_argument("--folder", type=Path, help="keep everything there, for a look afterwards")
    given = parser.parse_args()
    plan = Plan(given.people, given.kills, given.seed, given.store, given.rate)
    with home.scratch() as scratch:
        try:
            print(run(plan, given.folder or scratch).text())
        except AssertionError as error:
            print(error)
            return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
