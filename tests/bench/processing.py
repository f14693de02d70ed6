"""A backlog of journalled webhooks applied to the store, by the daemon's own inbox, one body an update."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path

import sqlalchemy as sa

from pytake_cli import clock
from pytake_cli.daemon.inbox import Inbox
from pytake_cli.daemon.run import tune_interpreter
from pytake_cli.services import outbound
from pytake_cli.store import Store, facts, schema
from pytake_cli.store.journal import Journal
from pytake_cli.store.messages import Message
from pytake_cli.store.numbers import Number
from pytake_cli.whatsapp import messages as wire
from tests.bench.figures import Options, Row
from tests.kit import bodies
from tests.kit.stores import make_number, make_org

MESSAGES, PEOPLE, SENT = 20_000, 5_000, 10_000


def measure(folder: Path, options: Options) -> Iterator[Row]:
    tune_interpreter()
    taken, raised = zip(*(_once(folder / f"processing-{turn}") for turn in range(options.times)), strict=True)
    yield _row("backlog: messages applied", taken, "≥ 2,000", f"{PEOPLE} people, rows and search index")
    yield _row("backlog: statuses applied", raised, "≥ 20,000", "three a message, each kept as a row")


def _row(name: str, figures: Sequence[tuple[float, float]], target: str, note: str) -> Row:
    cpu = statistics.median(cpu for _, cpu in figures)
    return Row(name, "/s", tuple(rate for rate, _ in figures), target, f"{cpu:.0f} µs of CPU each; {note}")


def _once(folder: Path) -> tuple[tuple[float, float], tuple[float, float]]:
    folder.mkdir(parents=True)
    store = Store(f"sqlite:///{folder}/pytake.db")
    now = clock.now()
    schema.migrate(store, None, now)
    org = make_org(store, now=now)
    number_id = make_number(store, org, now=now)
    with store.read() as db:
        number = db.get_one(Number, number_id)
        instance = facts.get(db, "instance")
    phone_number_id = number.phone_number_id
    said = (bodies.message(bodies.phone(n % PEOPLE), f"oi {n}", number=phone_number_id).data for n in range(MESSAGES))
    messages = _applied(store, said)
    ids = _sent(store, number_id, SENT)
    told = (
        bodies.status(f"wamid.out.{id_}", what, bodies.phone(0), opaque=f"pytake:{instance}.{id_}.1").data
        for id_ in ids
        for what in ("sent", "delivered", "read")
    )
    statuses = _applied(store, (body.replace(b"2000000000001", phone_number_id.encode()) for body in told))
    store.close()
    return messages, statuses


def _applied(store: Store, bodies_: Iterable[bytes]) -> tuple[float, float]:
    """Journals the bodies, then applies them; of the second part updates a second and CPU each."""
    now = clock.now()
    rows = [{"digest": sha256(b).digest(), "app": "", "body": b, "received_at": now} for b in bodies_]
    with store.write() as db:
        db.connection().execute(sa.insert(Journal.__table__), rows)  # type: ignore[attr-defined]
    started = time.perf_counter()
    inbox, cpu = Inbox(store), time.process_time()
    asyncio.run(inbox.handle("", "live"))
    spent = time.process_time() - cpu
    inbox.close()
    assert (inbox.rows, inbox.quarantined) == (len(rows), 0)
    return len(rows) / (time.perf_counter() - started), spent / len(rows) * 1e6


def _sent(store: Store, number_id: int, count: int) -> list[int]:
    """Messages that went out, as the outbox leaves them."""
    now = clock.now()
    with store.write() as db:
        number = db.get_one(Number, number_id)
        first = outbound.queue(db, number=number, contact_id=1, outgoing=wire.text("olá"), origin="agent", now=now)
        row = first.model_dump(exclude={"id"}) | {"status": "sent", "rank": 4}
        insert = sa.insert(Message.__table__).returning(Message.__table__.c.id)  # type: ignore[attr-defined]
        return list(db.connection().execute(insert, [row] * count).scalars())
