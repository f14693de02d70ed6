"""Replays: a stored webhook is applied once more; what is known already changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from pytake_cli.errors import NotFound
from pytake_cli.services import inbound
from pytake_cli.store.journal import Journal, Quarantine
from pytake_cli.store.numbers import Number
from pytake_cli.whatsapp.webhooks import parse


@dataclass(frozen=True, slots=True)
class Replay:
    """What came of it: new messages and statuses (0: all was known), and updates that failed again."""

    webhook: int
    received_at: datetime
    updates: int
    messages: int
    statuses: int
    quarantined: int


def quarantined(db: Session, org_id: int) -> list[int]:
    """The webhooks with updates that wait in the quarantine, as far as the organisation may see them, oldest first."""
    waiting = select(Quarantine.journal_id).where(col(Quarantine.settled_at).is_(None)).distinct()
    ids = [id_ for id_ in db.exec(waiting.where(col(Quarantine.journal_id).is_not(None))) if id_ is not None]
    return sorted(id_ for id_ in ids if (row := db.get(Journal, id_)) and is_visible(db, org_id, row))


def find(db: Session, org_id: int, reference: str) -> Journal:
    """The stored webhook `19`, `wh_19` or `webhook:19`, unless it speaks of another organisation's numbers alone."""
    number = reference.removeprefix("webhook:").removeprefix("wh_")
    row = db.get(Journal, int(number)) if number.isascii() and number.isdigit() and len(number) < 19 else None
    if row is None or not is_visible(db, org_id, row):
        raise NotFound(
            "PT-WEBHOOK", "there is no webhook {id} in the journal", fix="pytake trace MESSAGE", id=reference
        )
    return row


def is_visible(db: Session, org_id: int, row: Journal) -> bool:
    """True unless every number that the webhook speaks of belongs to another organisation."""
    named = {getattr(update, "phone_number_id", None) for update in parse(row.body)} - {None}
    of_anybody = select(Number.org_id).where(col(Number.phone_number_id).in_(named))
    owners = set(db.connection().execute(of_anybody).scalars())  # past the session's scope: others' numbers hide it
    return not owners or org_id in owners


def replay(db: Session, row: Journal, now: datetime) -> Replay:
    """Applies the webhook again and settles what of it was quarantined before."""
    assert row.id is not None
    applied = inbound.replay(db, row.id, now)
    updates = len(parse(row.body))
    return Replay(row.id, row.received_at, updates, applied.messages, applied.statuses, applied.quarantined)
