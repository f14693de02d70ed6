"""From a customer's message at the door to the bot's answer at Meta: a flow hears, asks, and the emulator has it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlmodel import Session, func, select

from pytake_cli import clock
from pytake_cli.store import Store
from pytake_cli.store.journal import Journal
from pytake_cli.store.messages import IN, OUT, Message
from pytake_cli.whatsapp.webhooks import Incoming, parse
from tests.bench.figures import Options, Row, cpu_seconds
from tests.bench.figures import load as load_average
from tests.bench.intake import LONGEST_SECONDS, caught_up, load
from tests.kit import flows, home
from tests.kit.children import wait_until

RATE, COUNT = 50, 600
LADDER, HELD_SECONDS, HELD_MS = (10, 25, 50, 75, 100, 125, 150, 200, 250, 300, 400, 600), 10, 1_000.0
FLOW = """
name: bench
triggers: [{any: true}]
vars: {service: {type: text}}
start: ask
on_error: bye
steps:
  ask:
    ask: 'Olá, {{ contact.first_name | default("tudo bem") }}! De que você precisa?'
    choices: {comprar: Comprar, trocar: Trocar, pessoa: Falar com alguém}
    save: service
    timeout: 30m
    on_timeout: bye
    next: bye
  bye: {end: {outcome: done}}
"""


@dataclass(frozen=True, slots=True)
class Run:
    """The waits of one run in milliseconds, sorted, and the daemon's CPU for each answer, its statuses included."""

    waits: list[float]
    cpu_ms: float

    def within(self, share: float) -> float:
        return self.waits[min(int(len(self.waits) * share), len(self.waits) - 1)]


def measure(folder: Path, options: Options) -> Iterator[Row]:
    done = [_run(folder / f"reply-{turn}", RATE, COUNT, turn) for turn in range(options.times)]
    note = f"flow's question at {RATE}/s; load {load_average()}"
    yield Row("answer taken by Meta: half within", "ms", tuple(run.within(0.5) for run in done), "≤ 50", note)
    yield Row("answer taken by Meta: 95 % within", "ms", tuple(run.within(0.95) for run in done), "≤ 200")
    note = "of the daemon: the webhook, the flow, the send, three statuses"
    yield Row("CPU of an answer", "ms", tuple(run.cpu_ms for run in done), "", note)
    yield _highest(folder)


def _highest(folder: Path) -> Row:
    """The last rate of the ladder at which 95 % of the answers come within a second."""
    held, told = 0, []
    for rate in LADDER:
        run = _run(folder / f"held-{rate}", rate, rate * HELD_SECONDS, rate)
        late = run.within(0.95)
        told.append(f"{rate}/s {late:.0f} ms ({run.cpu_ms:.1f})")
        if late > HELD_MS:
            break
        held = rate
    note = f"95 % within (CPU ms each): {', '.join(told)}; load {load_average()}"
    return Row("answers held with 95 % within 1 s", "/s", (float(held),), "", note)


def _run(folder: Path, rate: int, count: int, seed: int) -> Run:
    """The emulator's customers write at the rate; everybody has been answered."""
    options: dict[str, Any] = {"emulator": {"keep_messages": "20000"}}
    with home.running(folder, acknowledgement="", **options) as here:
        with here.store() as store:
            flows.publish(store, here.org_id, FLOW, now=clock.now())
        before = cpu_seconds(here.daemon.pid)
        load(f"{here.emulator.url}/_emulator/say", "", count=count, connections=8, rate=rate, seed=seed)
        with here.store() as store:
            wait_until(lambda: _said(store) >= count, LONGEST_SECONDS, every=0.2)
            caught_up(here)
            with store.read() as db:
                asked = {row.conversation_id for row in db.exec(select(Message).where(Message.direction == IN))}
            wait_until(lambda: here.emulator.accepted() >= len(asked), 60.0, every=0.5)
            wait_until(here.emulator.idle, 60.0, every=0.5)
            caught_up(here)
            cpu_ms = (cpu_seconds(here.daemon.pid) - before) * 1e3 / len(asked)
            with store.read() as db:
                waits = sorted(_waits(db, here.emulator.ledger()))
                assert _refused(db) == 0, "Meta refused answers"
    assert len(waits) == len(asked), f"{len(asked)} asked, {len(waits)} were answered"
    return Run(waits, cpu_ms)


def _said(store: Store) -> int:
    with store.read() as db:
        return db.exec(select(func.count()).where(Message.direction == IN)).one()


def _refused(db: Session) -> int:
    return db.exec(select(func.count()).where(Message.direction == OUT, Message.status == "failed")).one()


def _waits(db: Session, ledger: list[dict[str, Any]]) -> list[float]:
    """Milliseconds from the webhook's receipt to the emulator's acceptance, of the first answer to each customer."""
    came = {
        update.wamid: row.received_at
        for row in db.exec(select(Journal))
        for update in parse(row.body)
        if isinstance(update, Incoming)
    }
    taken = {entry["wamid"]: float(entry["at"]) for entry in ledger}
    asked: dict[int, float] = {}
    answered: dict[int, float] = {}
    for row in db.exec(select(Message).order_by(Message.id)):  # type: ignore[arg-type]
        if row.direction == IN:
            asked.setdefault(row.conversation_id, came[row.wamid or ""].timestamp())
        elif row.direction == OUT and row.wamid in taken:
            answered.setdefault(row.conversation_id, taken[row.wamid])
    return [(answered[id_] - at) * 1e3 for id_, at in asked.items() if id_ in answered]
