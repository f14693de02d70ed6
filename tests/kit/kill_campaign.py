"""Kills the daemon while a campaign runs, again and again: nobody twice, nobody forgotten, unknowns listed.

python -m tests.kit.kill_campaign --people 20000 --kills 50 --seed 7 [--store postgres]
python -m tests.kit.kill_campaign --kind drip                # arms, drip, flow: judged by tests.kit.kill_kinds

The emulator misbehaves meanwhile: 3 % 500, 3 % 429, 5 % accepted and then reset, 30 % of the statuses reordered,
10 % duplicated. Afterwards its own ledger is compared with ours, person by person.
"""

from __future__ import annotations

import argparse
import random
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlmodel import select

from pytake_cli import clock
from pytake_cli.services import campaign_launch, campaigns
from pytake_cli.services.campaign_launch import Order
from pytake_cli.store import Store, ledger_counts
from pytake_cli.store.campaigns import Campaign
from tests.kit import campaigning, flows, home
from tests.kit.check import check
from tests.kit.children import wait_until
from tests.kit.home import Home
from tests.kit.kill import STATUS_FAULTS, add_faults, store_url
from tests.kit.kill_kinds import KINDS, Kind, Seen, answer

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
    kind: str = "template"


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
    planned: Mapping[str, Any] = field(default_factory=dict)
    answered: set[str] = field(default_factory=set)

    def text(self) -> str:
        fates = ", ".join(f"{name} {count}" for name, count in sorted(self.fates.items()))
        return (
            f"{self.kills} kills in {self.seconds:.0f} s; Meta accepted {self.accepted}; ledger: {fates};"
            f" resumed {self.resumed} times, {len(self.answered)} answered\n{self.checks}\n"
            f"{self.twice} twice, {self.forgotten} forgotten"
        )


def begin(there: Home, people: int, kind: Kind) -> Mapping[str, Any]:
    """Everything up to the launch, beside the running daemon; what the plan said."""
    now = clock.now()
    with there.store() as store:
        campaigning.approve(store, there.org_id, now)
        campaigning.people(store, there.org_id, people, now)
        if kind.flow:
            flows.publish(store, there.org_id, kind.flow, now=now)
        plan = campaigning.plan(store, there.org_id, now, **kind.changes)
        campaign_launch.launch(store, plan, Order(key="kill"), clock.now())
        return plan.content


def going(store: Store) -> Sequence[Campaign]:
    """What is not over yet: the campaign, and its later messages."""
    with store.read() as db:
        return db.exec(select(Campaign).where(Campaign.status != "finished")).all()


def resume_if_paused(store: Store) -> int:
    """A person who looks at the failures and goes on: injected faults are no reason to stop here."""
    paused = [each for each in going(store) if each.status == "paused"]
    for each in paused:
        with store.write() as db:
            campaigns.resume(db, db.get_one(Campaign, each.id), clock.now())
    return len(paused)


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
    kind = KINDS[plan.kind]
    outcome.planned = begin(there, plan.people, kind)
    started = time.monotonic()
    with there.store() as store:
        for _ in range(plan.kills):
            time.sleep(chance.uniform(0.0, LONGEST_LIFE))
            there.daemon.kill()
            outcome.kills += 1
            there.daemon.start()
            wait_until(there.daemon.answers, home.READY_SECONDS)
            outcome.resumed += resume_if_paused(store)
            if kind.answers:
                answer(there, outcome.answered)
        while going(store):
            outcome.resumed += resume_if_paused(store)
            if time.monotonic() - started > LONGEST_SECONDS:
                raise AssertionError(f"not finished: {_fates(store)}\n{there.daemon.tail()}")
            time.sleep(0.5)
        outcome.seconds = time.monotonic() - started
    outcome.checks = check(there, quiet_seconds=300).text()
    _compare(plan, there, outcome)
    return outcome


def _fates(store: Store) -> Counter[str]:
    with store.read() as db:
        mine = db.exec(select(Campaign.id)).all()
        return sum((ledger_counts.fates(db, id_ or 0) for id_ in mine), Counter[str]())


def _compare(plan: Plan, there: Home, outcome: Outcome) -> None:
    """The emulator's ledger against ours, campaign by campaign and person by person."""
    with there.store() as store:
        outcome.fates = _fates(store)
        seen = Seen(there, store, outcome.planned, outcome.answered)
        seen.read()
        accepted = seen.accepted
        ours = {(row.campaign, row.phone): row.status or row.state for row in seen.rows}
        outcome.accepted = accepted.total()
        outcome.twice = sum(count > 1 for count in accepted.values())
        known = {"sent", "delivered", "read", "played", "held", "unknown", "failed"}
        outcome.forgotten = sum(ours.get(each) not in known for each in accepted)
        outcome.forgotten += sum(fate in ("pending", "queued", "sending") for fate in ours.values())
        outcome.forgotten += plan.people - sum(campaign == "bf" for campaign, _ in ours)
        told = {each for each, fate in ours.items() if fate in ("sent", "delivered", "read", "played", "held")}
        assert outcome.twice == 0, outcome.text()
        assert outcome.forgotten == 0, outcome.text()
        assert told <= accepted.keys(), f"{len(told - accepted.keys())} told as sent that Meta never took"
        assert sum(outcome.fates.values()) == len(seen.rows), outcome.text()
        wrong = list(KINDS[plan.kind].judge(seen))
        assert not wrong, f"{outcome.text()}\n{len(wrong)} wrong: {'; '.join(wrong[:5])}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=2000)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kind", choices=KINDS, default="template", help="what is launched")
    parser.add_argument("--rate", type=int, default=home.RATE)
    parser.add_argument("--store", help="`postgres`, or the URL of an empty PostgreSQL database")
    parser.add_argument("--folder", type=Path, help="keep everything there, for a look afterwards")
    given = parser.parse_args()
    plan = Plan(given.people, given.kills, given.seed, given.store, given.rate, given.kind)
    with home.scratch() as scratch:
        try:
            print(run(plan, given.folder or scratch).text())
        except AssertionError as error:
            print(error)
            return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
