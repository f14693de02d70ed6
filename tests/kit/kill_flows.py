"""Kills the daemon while its bot talks with many customers, then proves that each got every step once.

python -m tests.kit.kill_flows --kills 50 --customers 200 --seed 7      # random kill -9
python -m tests.kit.kill_flows --store postgres …                        # on a PostgreSQL of its own, or a URL

Half of the customers answer five questions and wait out a pause; the others say one word and nothing more, so that
only timers carry them on. The emulator misbehaves as in tests.kit.kill.
"""

from __future__ import annotations

import argparse
import random
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa

from pytake_cli import clock
from pytake_cli.store import Store, upkeep
from tests.kit import bodies, flows, home
from tests.kit.check import Report, check
from tests.kit.children import wait_until
from tests.kit.home import Home
from tests.kit.kill import STALE_CLAIM_SECONDS, STATUS_FAULTS, add_faults, store_url

QUESTIONS = 5
PATIENCE_SECONDS = 900.0
LOOK_SECONDS = 0.3  # between two looks of the customers at their phones
TALKER, SILENT = "oi", "mudo"


def _talk() -> str:
    """Asks, one after the other, pauses, and says goodbye."""
    steps = [
        f"  q{n}: {{ask: 'Pergunta {n}?', save: a{n}, next: {f'q{n + 1}' if n < QUESTIONS else 'pause'}}}"
        for n in range(1, QUESTIONS + 1)
    ]
    steps += ["  pause: {wait: {for: 2s}, next: bye}", "  bye: {say: 'Fim.', next: end}"]
    names = ", ".join(f"a{n}: {{type: text}}" for n in range(1, QUESTIONS + 1))
    head = ["name: talk", f"triggers: [{{keyword: {TALKER}}}]", f"vars: {{{names}}}", "start: q1", "on_error: bye"]
    return "\n".join([*head, "steps:", *steps])


WAITS = f"""
name: waits
triggers: [{{keyword: {SILENT}}}]
start: ask
on_error: bye
steps:
  ask: {{ask: 'Pergunta 1?', timeout: 3s, on_timeout: nudge, next: bye}}
  nudge: {{say: 'Ainda está aí?', next: pause}}
  pause: {{wait: {{for: 2s}}, next: bye}}
  bye: {{say: 'Fim.', next: end}}
"""
SAID = {
    TALKER: [*(f"Pergunta {n}?" for n in range(1, QUESTIONS + 1)), "Fim."],
    SILENT: ["Pergunta 1?", "Ainda está aí?", "Fim."],
}
_HEARD = """
SELECT i.value, m.text FROM message AS m JOIN identity AS i ON i.contact_id = m.contact_id AND i.kind = 'phone'
WHERE m.origin = 'bot' AND m.status IN ('sent', 'delivered', 'read') ORDER BY m.id
"""


@dataclass(frozen=True, slots=True)
class Plan:
    """How much of what."""

    kills: int = 3
    customers: int = 20
    seed: int = 1
    store: str | None = None
    life_seconds: float = 3.0


@dataclass(slots=True)
class Outcome:
    """What came of it; `wrong` is empty when nothing was."""

    plan: Plan
    report: Report
    seconds: float = 0.0
    counts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def text(self) -> str:
        plan = self.plan
        counted = ", ".join(f"{name} {count}" for name, count in sorted(self.counts.items()))
        return "\n".join(
            (
                f"{plan.kills} kills, {plan.customers} customers, {self.seconds:.0f} s, seed {plan.seed}",
                counted,
                self.report.text(),
                "\n".join(self.wrong[:20]) or "no session lost, no step answered twice, every timer fired once",
            )
        )


class Customers(threading.Thread):
    """Everybody's phone: whoever has got a question answers it, once."""

    def __init__(self, there: Home, count: int) -> None:
        super().__init__(daemon=True)
        self._home = there
        self.word = {bodies.phone(n): (TALKER if n % 2 == 0 else SILENT) for n in range(count)}
        self._answered: set[tuple[str, str]] = set()
        self._stopping = threading.Event()
        self.heard: dict[str, list[str]] = {wa_id: [] for wa_id in self.word}

    def run(self) -> None:
        for wa_id, word in self.word.items():
            self._home.emulator.say(wa_id, word)
        with self._home.store() as store:
            while not self._stopping.is_set() and not self.done():
                self.look(store)
                time.sleep(LOOK_SECONDS)

    def done(self) -> bool:
        return all("Fim." in texts for texts in self.heard.values())

    def stop(self) -> None:
        self._stopping.set()
        self.join(30.0)

    def look(self, store: Store) -> None:
        heard: dict[str, list[str]] = {wa_id: [] for wa_id in self.word}
        with store.read() as db:
            for phone, text in db.connection().execute(sa.text(_HEARD)):
                heard[phone].append(text)
        self.heard = heard
        for wa_id, texts in heard.items():
            for text in texts if self.word[wa_id] == TALKER else ():
                if text.startswith("Pergunta") and (wa_id, text) not in self._answered:
                    self._answered.add((wa_id, text))
                    self._home.emulator.say(wa_id, f"resposta {text.split()[1].rstrip('?')}")


def play(plan: Plan, there: Home) -> Outcome:
    """One whole run; nothing is checked before every customer has heard the last word, or patience is over."""
    started = time.monotonic()
    with there.store() as store:
        for source in (_talk(), WAITS):
            flows.publish(store, there.org_id, source, now=clock.now())
    there.emulator.up()
    there.daemon.up()
    add_faults(there)
    customers = Customers(there, plan.customers)
    customers.start()
    try:
        _kill(plan, there)
        wait_until(customers.done, PATIENCE_SECONDS, every=0.5)
    finally:
        customers.stop()
    there.emulator.no_faults()
    if there.store_url.startswith(
        "postgresql"
    ):  # a dead daemon's claims are given up after a while: let it have passed
        there.daemon.stop()
        there.daemon.up({"PYTAKE_CLOCK_OFFSET": f"{STALE_CLAIM_SECONDS:g}"})
    outcome = Outcome(plan, check(there, quiet_seconds=180.0), time.monotonic() - started)
    _judge(outcome, there, customers)
    return outcome


def _kill(plan: Plan, there: Home) -> None:
    chance = random.Random(plan.seed)
    for _ in range(plan.kills):
        wait_until(there.daemon.answers, home.READY_SECONDS)
        time.sleep(chance.uniform(0.05, plan.life_seconds))
        assert there.daemon.running, f"the daemon ended by itself\n{there.daemon.tail()}"
        there.daemon.kill()
        there.daemon.start()
    wait_until(there.daemon.answers, home.READY_SECONDS)


def _judge(outcome: Outcome, there: Home, customers: Customers) -> None:
    """Every customer heard exactly what the flow says, in its order; sessions and timers agree."""
    with there.store() as store:
        customers.look(store)
        outcome.wrong += [f"{problem}" for problem in upkeep.check(store)]
        counted = {
            "sessions": "SELECT count(*) FROM flow_session",
            "sessions completed": "SELECT count(*) FROM flow_session WHERE status = 'ended' AND outcome = 'completed'",
            "timers fired": "SELECT count(*) FROM timer WHERE fired_at IS NOT NULL",
            "events of timers": "SELECT count(*) FROM flow_event WHERE cause LIKE 'timer:%'",
            "timers left": "SELECT count(*) FROM timer WHERE fired_at IS NULL AND cancelled_at IS NULL",
            "incidents": "SELECT count(*) FROM flow_record WHERE kind = 'incident'",
            "labelled as perhaps doubled": "SELECT count(*) FROM message WHERE possible_duplicate",
        }
        with store.read() as db:
            for name, sql in counted.items():
                outcome.counts[name] = int(db.connection().execute(sa.text(sql)).scalar_one())
    counts, people = outcome.counts, outcome.plan.customers
    for name, wanted in (("sessions", people), ("sessions completed", people), ("timers left", 0), ("incidents", 0)):
        if counts[name] != wanted:
            outcome.wrong.append(f"{name}: {counts[name]}, not {wanted}")
    if counts["timers fired"] != counts["events of timers"]:
        outcome.wrong.append(f"{counts['timers fired']} timers fired and {counts['events of timers']} were heard")
    for wa_id, texts in customers.heard.items():
        if texts != SAID[customers.word[wa_id]]:
            outcome.wrong.append(f"{wa_id} ({customers.word[wa_id]}) heard {texts}")


def run(plan: Plan, folder: Path) -> Outcome:
    """One whole run in `folder`; raises AssertionError when anything is wrong."""
    with store_url(plan.store) as url:
        there = home.make(folder, store_url=url, emulator=STATUS_FAULTS, seed=plan.seed, acknowledgement="")
        try:
            outcome = play(plan, there)
        finally:
            there.stop()
    assert not outcome.wrong, outcome.text()
    return outcome


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--customers", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--life", type=float, default=3.0, help="seconds that it lives at most once ready")
    parser.add_argument("--store", help="`postgres`, or the URL of an empty PostgreSQL database")
    given = parser.parse_args()
    plan = Plan(given.kills, given.customers, given.seed, given.store, given.life)
    with home.scratch() as folder:
        print(run(plan, folder).text())
    return 0


if __name__ == "__main__":
    sys.exit(main())
