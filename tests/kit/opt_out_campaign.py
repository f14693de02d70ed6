"""People opt out by the hundred while a campaign runs: nothing of it is accepted for whoever did, once that is applied.

python -m tests.kit.opt_out_campaign --people 6000 --opt-outs 1000 --rate 80 [--store postgres]

By word and by WhatsApp's own button, every second of them just before their turn. "Applied" is when another process
sees it in the store. The emulator is not told that they stopped, so that it refuses nothing in our place.
"""

from __future__ import annotations

import argparse
import random
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from pytake_cli import clock
from pytake_cli.emulator import defaults
from pytake_cli.policy import pacing
from pytake_cli.services import campaign_launch
from pytake_cli.services.campaign_launch import Order
from pytake_cli.store import Store
from pytake_cli.store.contacts import contact, identity
from pytake_cli.store.numbers import Number
from tests.kit import campaigning, home
from tests.kit.check import check
from tests.kit.children import wait_until
from tests.kit.home import Home
from tests.kit.kill import store_url

LOOK_SECONDS = 0.05  # between two looks at who has opted out
ALLOWED_SECONDS = 1.0  # what was in Meta's hands when it was applied (I7)
SOON = 200  # people: whose turn is within some seconds


@dataclass(frozen=True, slots=True)
class Plan:
    """How much of what."""

    people: int = 6000
    opt_outs: int = 1000
    rate: int = 80  # messages a second
    seed: int = 1
    store: str | None = None


@dataclass(slots=True)
class Watch:
    """Notes when each opt-out is first seen in the store, by phone."""

    store: Store
    seen: dict[str, float] = field(default_factory=dict)
    over: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        said = sa.or_(contact.c.opted_out_at.is_not(None), contact.c.marketing_stopped_at.is_not(None))
        query = sa.select(identity.c.value).join(contact, contact.c.id == identity.c.contact_id)
        query = query.where(said, identity.c.kind == "phone")
        while not self.over.wait(LOOK_SECONDS):
            with self.store.read() as db:
                found = db.connection().execute(query).scalars().all()
            now = time.time()
            for phone in found:
                self.seen.setdefault(phone, now)


def run(plan: Plan, folder: Path) -> list[str]:
    """What was counted, a line each; raises AssertionError when somebody got it although they had opted out."""
    with store_url(plan.store) as url:
        emulator = {"limit_pairs": "false"}
        there = home.make(folder, store_url=url, emulator=emulator, acknowledgement="", seed=plan.seed)
        try:
            return _run(plan, there)
        finally:
            there.stop()


def _run(plan: Plan, there: Home) -> list[str]:
    there.emulator.up()
    there.daemon.up()
    now = clock.now()
    with there.store() as store:
        campaigning.approve(store, there.org_id, now)
        campaigning.people(store, there.org_id, plan.people, now)
        with store.write() as db:
            db.get_one(Number, there.number_id).rate_per_second = round(plan.rate / pacing.sending_rate(1000) * 1000)
        campaign_launch.launch(store, campaigning.plan(store, there.org_id, now), Order(), clock.now())
        watch = Watch(store)
        looking = threading.Thread(target=watch.run)
        looking.start()
        try:
            asked = _opt_out(plan, there)
            wait_until(lambda: len(watch.seen) == plan.opt_outs, 300, every=0.2)
        finally:
            watch.over.set()
            looking.join()
        wait_until(lambda: campaigning.campaign(store).status == "finished", 600, every=0.5)
        ledger = campaigning.ledger(store)
    return _judge(plan, there, watch.seen, asked, ledger)


def _opt_out(plan: Plan, there: Home) -> dict[str, float]:
    """Phone -> when it was said, spread over most of the campaign."""
    began, asked = time.time(), {}
    for place, phone in enumerate(_who(plan, there)):
        asked[phone] = time.time()
        if place % 2:
            there.emulator.say(phone, "PARAR")
        else:
            there.emulator.post("event", field="user_preferences", value=_preference(phone))
        ahead = began + 0.7 * plan.people / plan.rate * (place + 1) / plan.opt_outs - time.time()
        time.sleep(max(0.0, ahead))
    return asked


def _who(plan: Plan, there: Home) -> Iterator[str]:
    """Anybody, and somebody whose turn is about to come, by turns; the second half of each kind by word."""
    chance, chosen = random.Random(plan.seed), set[int]()
    while len(chosen) < plan.opt_outs:
        serial = chance.randrange(plan.people)
        if len(chosen) // 2 % 2:
            serial = min(there.emulator.accepted() + chance.randrange(SOON), plan.people - 1)
        if serial not in chosen:
            chosen.add(serial)
            yield campaigning.phone(serial)


def _preference(phone: str) -> dict[str, Any]:
    """WhatsApp's own button, as Meta tells it."""
    said = {"wa_id": phone, "detail": "", "category": "marketing_messages", "value": "stop"}
    return {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "1", "phone_number_id": defaults.PHONE_NUMBER_ID},
        "user_preferences": [said | {"timestamp": int(time.time())}],
    }


def _judge(
    plan: Plan, there: Home, seen: dict[str, float], asked: dict[str, float], ledger: dict[str, int]
) -> list[str]:
    checked = check(there, quiet_seconds=300)
    assert checked.ok, checked.text()
    offers = [entry for entry in there.emulator.ledger() if entry["type"] == "template"]
    accepted = {entry["to"].lstrip("+"): entry["at"] for entry in offers}
    assert len(offers) == len(accepted), "somebody has it twice"
    assert seen.keys() == asked.keys(), "somebody is opted out who did not ask for it"
    after = sorted(accepted[phone] - seen[phone] for phone in seen if accepted.get(phone, 0.0) > seen[phone])
    applied = sorted(seen[phone] - asked[phone] for phone in seen)
    seconds = max(accepted.values()) - min(accepted.values())
    had_it = sum(phone in accepted for phone in seen)
    said = [
        f"{len(accepted)} accepted in {seconds:.0f} s: {len(accepted) / seconds:.0f}/s; {len(seen)} opt-outs meanwhile",
        f"said until applied: median {applied[len(applied) // 2]:.2f} s, longest {applied[-1]:.2f} s",
        f"of them {had_it} had it before, {len(seen) - had_it} got nothing; ledger {ledger}",
        f"{len(after)} accepted after it was applied, the latest {max(after, default=0.0):.2f} s after",
        checked.text(),
    ]
    assert all(late <= ALLOWED_SECONDS for late in after), "\n".join(said)
    assert sum(ledger.values()) == plan.people, "\n".join(said)
    return said


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=6000)
    parser.add_argument("--opt-outs", type=int, default=1000)
    parser.add_argument("--rate", type=int, default=80)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--store", help="`postgres`, or the URL of an empty PostgreSQL database")
    given = parser.parse_args()
    plan = Plan(given.people, given.opt_outs, given.rate, given.seed, given.store)
    with home.scratch() as scratch:
        try:
            print("\n".join(run(plan, scratch)))
        except AssertionError as error:
            print(error)
            return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
