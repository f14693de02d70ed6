"""Replays: a stored webhook is applied once more; what is known already changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, func, select

from pytake_cli.errors import NotFound
from pytake_cli.services import inbound
from pytake_cli.store.journal import Journal, Quarantine
from pytake_cli.store.numbers import Number
from pytake_cli.store.organisations import Organisation
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


def quarantined(db: Session, org_id: int) -> list[Quarantine]:
    """The updates that wait in the quarantine, as far as the organisation may see them, oldest first.

    It sees its own, and those of webhooks that speak of its numbers; those of unknown numbers only if it is alone.
    """
    waiting = select(Quarantine).where(col(Quarantine.settled_at).is_(None)).order_by(col(Quarantine.id))
    mine = (col(Quarantine.org_id) == org_id) | col(Quarantine.org_id).is_(None)
    return [row for row in db.exec(waiting.where(mine)) if row.org_id == org_id or _is_ours(db, org_id, row)]


def _is_ours(db: Session, org_id: int, row: Quarantine) -> bool:
    webhook = db.get(Journal, row.journal_id) if row.journal_id is not None else None
    return is_visible(db, org_id, webhook) if webhook is not None else _is_alone(db)


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
    """True if the webhook speaks of a number of the organisation, or of none we know and nobody else is here."""
    named = {getattr(update, "phone_number_id", None) for update in parse(row.body)} - {None}
    of_anybody = select(Number.org_id).where(col(Number.phone_number_id).in_(named))
    owners = set(db.connection().execute(of_anybody).scalars())  # past the session's scope: others' numbers hide it
    return org_id in owners or (not owners and _is_alone(db))


def _is_alone(db: Session) -> bool:
    return db.exec(select(func.count()).select_from(Organisation)).one() == 1


def replay(db: Session, row: Journal, now: datetime) -> Replay:
    """Applies the webhook again and settles what of it was quarantined before."""
    assert row.id is not None
    applied = inbound.replay(db, row.id, now)
    updates = len(parse(row.body))
    return Replay(row.id, row.received_at, updates, applied.messages, applied.statuses, applied.quarantined)
