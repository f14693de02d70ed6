"""From a customer's message at the door to the automatic answer in Meta's hands, at 50 a second."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sqlmodel import Session, select

from pytake_cli.store.journal import Journal
from pytake_cli.store.messages import IN, OUT, Message
from pytake_cli.whatsapp.webhooks import Incoming, parse
from tests.bench.figures import Options, Row
from tests.bench.intake import load
from tests.kit import home
from tests.kit.load import PATH

RATE, COUNT = 50, 600


def measure(folder: Path, options: Options) -> Iterator[Row]:
    p50, p95 = [], []
    for turn in range(options.times):
        with home.running(folder / f"reply-{turn}") as here:
            load(
                here.daemon.url + PATH,
                here.secrets["app_secret"],
                count=COUNT,
                connections=8,
                rate=RATE,
                seed=turn,
            )
            with here.store() as store, store.read() as db:
                waits = sorted(_waits(db))
            p50.append(waits[len(waits) // 2])
            p95.append(waits[int(len(waits) * 0.95)])
    yield Row("answer handed to Meta: half within", "ms", tuple(p50), "≤ 50", f"at {RATE}/s, first message of each")
    yield Row("answer handed to Meta: 95 % within", "ms", tuple(p95), "≤ 200")


def _waits(db: Session) -> list[float]:
    """Milliseconds from the webhook's commit to the claim of its answer, which is handed over at once."""
    came = {
        update.wamid: row.received_at
        for row in db.exec(select(Journal))
        for update in parse(row.body)
        if isinstance(update, Incoming)
    }
    said = {
        row.conversation_id: came[row.wamid or ""] for row in db.exec(select(Message).where(Message.direction == IN))
    }
    answers = db.exec(select(Message).where(Message.direction == OUT)).all()
    return [(a.claimed_at - said[a.conversation_id]).total_seconds() * 1e3 for a in answers if a.claimed_at]
