"""Sending through the whole daemon to the emulator that answers after 100 ms: rate held, CPU of the daemon."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa
from sqlmodel import Session

from pytake_cli import clock
from pytake_cli.services import outbound
from pytake_cli.store.messages import Message
from pytake_cli.store.numbers import Number
from pytake_cli.store.work import poke
from pytake_cli.whatsapp import messages as wire
from tests.bench.figures import Options, Row, cpu_seconds, resident_mb
from tests.kit import home
from tests.kit.children import wait_until
from tests.kit.home import Home

PEOPLE, COUNT, RATE = 2_000, 10_000, 1_112  # 1,112 × the headroom of 0.9 is 1,000 a second
LONGEST_SECONDS = 60.0
SLOW = {"latency": "100ms", "sent_delay": "300ms", "delivered_delay": "300ms", "read_delay": "300ms", "batch": "100"}


LATER = SLOW | {"sent_delay": "600s", "delivered_delay": "600s", "read_delay": "600s"}  # no status meanwhile


def measure(folder: Path, options: Options) -> Iterator[Row]:
    for name, emulator, target in (("", LATER, "≤ 0.30"), (", statuses applied", SLOW, "")):
        rates, cpus, memory = [], [], []
        for turn in range(options.times):
            with home.running(folder / f"sending{name}-{turn}", emulator=emulator, acknowledgement="") as here:
                rate, cpu = _once(here)
                rates.append(rate)
                cpus.append(cpu)
                memory.append(resident_mb(here.daemon.pid))
        yield Row(f"sends, 100 ms latency{name}", "/s", tuple(rates), "1,000 a number")
        each = f"{statistics.median(cpus) / statistics.median(rates) * 1e6:.0f} µs a message"
        yield Row("· CPU of the daemon meanwhile", "core", tuple(cpus), target, each)
        yield Row("· memory of the daemon after", "MB", tuple(memory), "≤ 180")


def _once(here: Home) -> tuple[float, float]:
    """Sends a second, from the first claim to the last, and cores used in that time."""
    fill(here, COUNT)
    before, started = cpu_seconds(here.daemon.pid), time.perf_counter()
    with here.store() as store:
        with store.write() as db:
            release(db, here.number_id)
        wait_until(lambda: _count(here, "queued") == 0, LONGEST_SECONDS, every=0.25)
        seconds = time.perf_counter() - started
        cpu = cpu_seconds(here.daemon.pid) - before
        with store.read() as db:
            claims = sa.select(sa.func.min(Message.claimed_at), sa.func.max(Message.claimed_at))
            first, last = db.connection().execute(claims).one()
    assert first
    assert last
    return COUNT / (last - first).total_seconds(), cpu / seconds


def fill(here: Home, count: int) -> None:
    """`count` replies to PEOPLE customers, made ready beside the running daemon and held as cancelled."""
    here.meet(PEOPLE)
    now = clock.now()
    with here.store() as store, store.write() as db:
        number = db.get_one(Number, here.number_id)
        number.rate_per_second = RATE
        first = outbound.queue(db, number=number, contact_id=1, outgoing=wire.text("olá"), origin="agent", now=now)
        first.status = "cancelled"
        rows = db.execute(sa.text("SELECT id, contact_id FROM conversation")).all()
        address = dict(db.execute(sa.text("SELECT contact_id, '+' || value FROM identity WHERE kind = 'phone'")).all())
        base = first.model_dump(exclude={"id"})
        made = []
        for index in range(count - 1):
            conversation, contact = rows[index % len(rows)]
            made.append({**base, "conversation_id": conversation, "contact_id": contact, "address": address[contact]})
        db.connection().execute(sa.insert(Message.__table__), made)  # type: ignore[attr-defined]


def release(db: Session, number_id: int) -> None:
    """Lets go what `fill` held."""
    held = sa.update(Message).where(sa.text("status = 'cancelled'"))
    db.connection().execute(held.values(status="queued", due_at=clock.now()))
    poke(db, "number", number_id)


def _count(here: Home, status: str) -> int:
    with here.store() as store, store.read() as db:
        counting = sa.select(sa.func.count()).select_from(Message).where(sa.text("status = :status"))
        found = db.connection().execute(counting, {"status": status})
        return int(found.scalar_one())
