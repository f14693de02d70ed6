"""From a customer's message at the door to the bot's answer at Meta: a flow hears, asks, and the emulator has it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlmodel import Session, select

from pytake_cli import clock
from pytake_cli.store.journal import Journal
from pytake_cli.store.messages import IN, OUT, Message
from pytake_cli.whatsapp.webhooks import Incoming, parse
from tests.bench.figures import Options, Row
from tests.bench.figures import load as load_average
from tests.bench.intake import caught_up, load
from tests.kit import flows, home
from tests.kit.children import wait_until
from tests.kit.load import PATH

RATE, COUNT = 50, 600
LADDER, HELD_SECONDS, HELD_MS = (100, 150, 200, 250, 300, 400, 600), 10, 1_000.0
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


def measure(folder: Path, options: Options) -> Iterator[Row]:
    p50, p95 = [], []
    for turn in range(options.times):
        waits = _run(folder / f"reply-{turn}", RATE, COUNT, turn)
        p50.append(_share(waits, 0.5))
        p95.append(_share(waits, 0.95))
    note = f"flow's question at {RATE}/s; load {load_average()}"
    yield Row("answer taken by Meta: half within", "ms", tuple(p50), "≤ 50", note)
    yield Row("answer taken by Meta: 95 % within", "ms", tuple(p95), "≤ 200")
    yield _highest(folder)


def _highest(folder: Path) -> Row:
    """The last rate of the ladder at which 95 % of the answers come within a second."""
    held, told = RATE, ""
    for rate in LADDER:
        late = _share(_run(folder / f"held-{rate}", rate, rate * HELD_SECONDS, rate), 0.95)
        told = f"at {rate}/s 95 % within {late:.0f} ms"
        if late > HELD_MS:
            break
        held = rate
    return Row("answers held with 95 % within 1 s", "/s", (float(held),), "", f"{told}; load {load_average()}")


def _run(folder: Path, rate: int, count: int, seed: int) -> list[float]:
    """The waits of one run, sorted; everybody has been answered."""
    with home.running(folder, acknowledgement="", emulator={"keep_messages": "20000"}) as here:
        with here.store() as store:
            flows.publish(store, here.org_id, FLOW, now=clock.now())
        load(here.daemon.url + PATH, here.secrets["app_secret"], count=count, connections=8, rate=rate, seed=seed)
        caught_up(here)
        with here.store() as store, store.read() as db:
            asked = {row.conversation_id for row in db.exec(select(Message).where(Message.direction == IN))}
        wait_until(lambda: here.emulator.accepted() >= len(asked), 60.0, every=0.5)
        with here.store() as store, store.read() as db:
            waits = sorted(_waits(db, here.emulator.ledger()))
    assert len(waits) == len(asked), f"{len(asked)} asked, {len(waits)} were answered"
    return waits


def _share(waits: list[float], share: float) -> float:
    return waits[min(int(len(waits) * share), len(waits) - 1)]


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
