"""The audit log: what was done by whom, each entry sealed with the one before; the database refuses changes."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy import DDL, Index, event
from sqlmodel import Field, Session

from pytake_cli.store.rows import Owned, insert, json, primary_key, reference, time
from pytake_cli.store.types import BigId

FIRST = "0" * 64  # what stands before an organisation's first entry


class AuditEntry(Owned, table=True):
    __tablename__ = "audit_entry"
    __table_args__ = (
        Index("uq_audit_entry_serial", "org_id", "serial", unique=True),
        Index("ix_audit_entry_at", "org_id", "at"),
    )

    id: int | None = primary_key()
    org_id: int = reference("organisation.id")
    serial: int  # 1, 2, 3 … within the organisation
    at: datetime = time()
    actor: str  # whose name it was then
    user_id: int | None = Field(default=None, sa_type=BigId)
    kind: str  # as of the principal: session, token, local
    action: str  # such as `user.invited`
    target: str = ""  # such as `user:3`
    details: dict[str, Any] = json(dict)
    hash: str  # SHA-256 of the hash before and of this entry


class AuditHead(Owned, table=True):
    """The last entry of each organisation; whoever appends holds this row, so that the chain has no forks."""

    __tablename__ = "audit_head"

    org_id: int = reference("organisation.id", primary_key=True)
    serial: int = 0
    hash: str = FIRST


class AuditErasure(Owned, table=True):
    """An organisation that is being deleted, within that one transaction: its entries may go."""

    __tablename__ = "audit_erasure"

    org_id: int = reference("organisation.id", primary_key=True)


audit_entry = AuditEntry.__table__  # type: ignore[attr-defined]
audit_head = AuditHead.__table__  # type: ignore[attr-defined]
audit_erasure = AuditErasure.__table__  # type: ignore[attr-defined]

_MAY_GO = "EXISTS (SELECT 1 FROM audit_erasure WHERE org_id = OLD.org_id)"
# database -> what makes it refuse changes; migration 0004 has a copy
GUARDS = {
    "sqlite": (
        """CREATE TRIGGER audit_entry_no_update BEFORE UPDATE ON audit_entry
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END""",
        f"""CREATE TRIGGER audit_entry_no_delete BEFORE DELETE ON audit_entry
WHEN NOT {_MAY_GO}
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END""",
    ),
    "postgresql": (
        f"""CREATE OR REPLACE FUNCTION audit_entry_guard() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
IF TG_OP = 'DELETE' AND {_MAY_GO} THEN RETURN OLD; END IF;
RAISE EXCEPTION 'the audit log is append-only'; END $$""",
        """CREATE TRIGGER audit_entry_no_change BEFORE UPDATE OR DELETE ON audit_entry
FOR EACH ROW EXECUTE FUNCTION audit_entry_guard()""",
    ),
}
for _dialect, _statements in GUARDS.items():
    for _statement in _statements:
        event.listen(audit_entry, "after_create", DDL(_statement).execute_if(dialect=_dialect))  # type: ignore[no-untyped-call]


def append(db: Session, org_id: int, entry: dict[str, Any]) -> None:
    """Adds `entry` (the columns after `serial`, without `hash`) to the organisation's chain."""
    connection = db.connection()
    first = insert(db, audit_head).values(org_id=org_id, serial=0, hash=FIRST).on_conflict_do_nothing()
    connection.execute(first)
    mine = audit_head.c.org_id == org_id
    taken = sa.update(audit_head).where(mine).values(serial=audit_head.c.serial + 1)
    head = connection.execute(taken.returning(audit_head.c.serial, audit_head.c.hash)).one()
    row = {"org_id": org_id, "serial": head.serial, **entry}
    digest = sealed(head.hash, row)
    connection.execute(sa.insert(audit_entry), [row | {"hash": digest}])
    connection.execute(sa.update(audit_head).where(mine).values(hash=digest))


SEALED = ("org_id", "serial", "at", "actor", "user_id", "kind", "action", "target", "details")


def sealed(before: str, row: dict[str, Any]) -> str:
    """The hash of an entry: over the one before and the entry as JSON, its keys sorted."""
    values = {name: row[name] for name in SEALED}
    values["at"] = row["at"].astimezone(UTC).isoformat(timespec="microseconds")
    return hashlib.sha256(before.encode() + orjson.dumps(values, option=orjson.OPT_SORT_KEYS)).hexdigest()


def erase(db: Session, org_id: int) -> int:
    """Takes the log of an organisation out of the store, as goes with deleting it; returns how many entries."""
    connection = db.connection()
    connection.execute(sa.insert(audit_erasure).values(org_id=org_id))
    count = connection.execute(sa.delete(audit_entry).where(audit_entry.c.org_id == org_id)).rowcount
    connection.execute(sa.delete(audit_head).where(audit_head.c.org_id == org_id))
    connection.execute(sa.delete(audit_erasure).where(audit_erasure.c.org_id == org_id))
    return count
