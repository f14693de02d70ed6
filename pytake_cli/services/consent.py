"""The consent ledger: who wants what sent, since when, and what proves it. No line is no consent.

A contact's columns repeat the newest line of each purpose, so that audiences and senders need not read the ledger.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, select

from pytake_cli.policy.people import storable
from pytake_cli.services import campaign_replies
from pytake_cli.store import contact_history
from pytake_cli.store.contacts import Consent, Contact, consent, contact
from pytake_cli.store.events import Event

MARKETING, UTILITY, ALL = "marketing", "utility", "all"
GRANTED, STOPPED = "granted", "stopped"  # how a purpose stands; None where nobody said anything
# purpose -> the contact's columns for (when it was stopped, when it was granted); one of them is set, or neither
COLUMNS: dict[str, tuple[str, str | None]] = {
    MARKETING: ("marketing_stopped_at", "marketing_granted_at"),
    UTILITY: ("utility_stopped_at", None),
    ALL: ("opted_out_at", None),
}
NATIVE = frozenset({"webhook", "error"})  # sources by which Meta tells what was pressed in WhatsApp
CHUNK = 500  # contacts a statement


@dataclass(frozen=True, slots=True)
class Line:
    """What goes into the ledger; `at` is when the person said it, which for imports may be long ago."""

    contact_id: int
    purpose: str
    granted: bool
    source: str
    at: datetime
    proof: str = ""
    actor: str = ""


def grant(
    db: Session, contact_id: int, purpose: str, *, source: str, proof: str = "", actor: str = "", at: datetime
) -> None:
    """The contact wants this, unless something newer in the ledger says otherwise."""
    _one(db, Line(contact_id, purpose, True, source, at, proof, actor))


def withdraw(
    db: Session, contact_id: int, purpose: str, *, source: str, proof: str = "", actor: str = "", at: datetime
) -> None:
    """The contact does not want this: from this transaction on nothing of the kind is sent."""
    _one(db, Line(contact_id, purpose, False, source, at, proof, actor))


def _one(db: Session, line: Line) -> None:
    row = db.get_one(Contact, line.contact_id)
    write(db, row.org_id, [line], line.at)
    if not line.granted:
        campaign_replies.opted_out(db, [line.contact_id], line.at)
    payload = {"contact": row.id, "consent": line.purpose, "granted": line.granted}
    db.add(Event(org_id=row.org_id, kind="contact:updated", payload=payload, at=line.at))
    db.refresh(row)


def write(db: Session, org_id: int, lines: Sequence[Line], now: datetime) -> list[int]:
    """Adds lines for any number of contacts and brings their columns up to date; returns who stands otherwise now.

    The history has what changed. No events: whoever changes many says so once. Contacts that the session holds are
    stale afterwards.
    """
    unknown = {line.purpose for line in lines} - COLUMNS.keys()
    assert not unknown, f"no such purpose: {unknown}"
    db.flush()
    changed: set[int] = set()
    for start in range(0, len(lines), CHUNK):
        some = lines[start : start + CHUNK]
        before = _standing(db, org_id, {line.contact_id for line in some})
        assert all(line.contact_id in before for line in some), "a contact of another organisation"
        rows = [_row(org_id, line) for line in some]
        db.connection().execute(sa.insert(consent), rows)
        recount(db, before)
        changed |= _tell(db, org_id, some, before, now)
    return sorted(changed)


def recount(db: Session, contact_ids: Iterable[int]) -> None:
    """Sets the columns of contacts to what the newest lines of their ledgers say."""
    values: dict[str, Any] = {}
    for purpose, (stopped, granted) in COLUMNS.items():
        values[stopped] = _newest(purpose, granted=False)
        if granted is not None:
            values[granted] = _newest(purpose, granted=True)
    db.connection().execute(sa.update(contact).where(contact.c.id.in_(sorted(contact_ids))).values(**values))


def _newest(purpose: str, *, granted: bool) -> Any:
    """When the newest line of the purpose was written if it says so, else NULL."""
    said = consent.c.granted if granted else sa.not_(consent.c.granted)
    mine = sa.select(sa.case((said, consent.c.at))).where(consent.c.contact_id == contact.c.id)
    newest = mine.where(consent.c.purpose == purpose).order_by(consent.c.at.desc(), consent.c.id.desc())
    return newest.limit(1).correlate(contact).scalar_subquery()


def newest(db: Session, contact_id: int, purpose: str) -> Consent | None:
    """The line that holds."""
    mine = select(Consent).where(Consent.contact_id == contact_id, Consent.purpose == purpose)
    return db.exec(mine.order_by(consent.c.at.desc(), consent.c.id.desc()).limit(1)).first()


def _standing(db: Session, org_id: int, contact_ids: Iterable[int]) -> dict[int, dict[str, str | None]]:
    """Contact -> purpose -> granted, stopped or None; their rows are locked until the transaction ends."""
    names = [name for pair in COLUMNS.values() for name in pair if name is not None]
    mine = contact.c.org_id == org_id
    query = sa.select(contact.c.id, *(contact.c[name] for name in names)).order_by(contact.c.id)
    rows = db.connection().execute(query.where(mine, contact.c.id.in_(sorted(contact_ids))).with_for_update())
    return {row.id: {purpose: state(row, purpose) for purpose in COLUMNS} for row in rows}


def state(row: Any, purpose: str) -> str | None:
    """What a contact's columns say of a purpose: `granted`, `stopped` or None."""
    stopped, granted = COLUMNS[purpose]
    if getattr(row, stopped) is not None:
        return STOPPED
    return GRANTED if granted is not None and getattr(row, granted) is not None else None


def _row(org_id: int, line: Line) -> dict[str, Any]:
    said = {"purpose": line.purpose, "granted": line.granted, "at": line.at}
    why = {"source": storable(line.source), "proof": storable(line.proof), "actor": line.actor}
    return {"org_id": org_id, "contact_id": line.contact_id, **said, **why}


def _tell(
    db: Session, org_id: int, lines: Sequence[Line], before: dict[int, dict[str, str | None]], now: datetime
) -> set[int]:
    """A line of history for each purpose of each contact that stands otherwise than before."""
    after = _standing(db, org_id, before)
    last = {(line.contact_id, line.purpose): line for line in lines}
    rows = [
        contact_history.line(
            org_id,
            id_,
            f"consent.{purpose}",
            before[id_][purpose],
            after[id_][purpose],
            actor=line.actor or line.source,
            now=now,
        )
        for (id_, purpose), line in last.items()
        if id_ in after and before[id_][purpose] != after[id_][purpose]
    ]
    contact_history.record(db, rows)
    return {row["contact_id"] for row in rows}
