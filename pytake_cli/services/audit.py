"""Audit: every change worth asking about later, and reads of personal data, in a chain that shows what was altered.

Entries stay when a person's data is erased: they name contacts by id, never by phone or name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col
from sqlmodel import select as select_rows

from pytake_cli import clock
from pytake_cli.services.principals import Principal
from pytake_cli.store import audit
from pytake_cli.store.audit import AuditEntry, AuditHead, audit_entry

NOTED = "audited"


def note(
    db: Session,
    principal: Principal,
    action: str,
    target: str = "",
    details: Mapping[str, Any] | None = None,
    *,
    now: datetime | None = None,
) -> None:
    """Writes that `principal` did `action` (`user.invited`) to `target` (`user:3`), in the caller's transaction."""
    entry = {
        "at": now or clock.now(),
        "actor": principal.name,
        "user_id": principal.user_id,
        "kind": principal.kind,
        "action": action,
        "target": target,
        "details": dict(details or {}),
    }
    audit.append(db, principal.org_id, entry)
    db.info[NOTED] = True


def is_noted(db: Session) -> bool:
    """Whether anything was written into the log in this session."""
    return NOTED in db.info


@dataclass(frozen=True, slots=True)
class Filter:
    """Which entries: all that is given has to fit; `action` also takes a beginning, `user.`"""

    actor: str = ""
    action: str = ""
    target: str = ""
    since: datetime | None = None
    before: int | None = None  # the serial of the entry that the page ends before


def listed(db: Session, org_id: int, wanted: Filter, limit: int | None) -> list[AuditEntry]:
    """Entries, the newest first."""
    query = select_rows(AuditEntry).where(AuditEntry.org_id == org_id)
    if wanted.actor:
        query = query.where(AuditEntry.actor == wanted.actor)
    if wanted.action:
        query = query.where(col(AuditEntry.action).startswith(wanted.action, autoescape=True))
    if wanted.target:
        query = query.where(AuditEntry.target == wanted.target)
    if wanted.since:
        query = query.where(AuditEntry.at >= wanted.since)
    if wanted.before is not None:
        query = query.where(AuditEntry.serial < wanted.before)
    return list(db.exec(query.order_by(col(AuditEntry.serial).desc()).limit(limit)))


@dataclass(frozen=True, slots=True)
class Verdict:
    """What `verify` found: how many entries hang together, the head to publish, and what is wrong, if something is."""

    entries: int
    head: str  # `12:9f86d0…`
    wrong: str = ""  # an English sentence
    serial: int | None = None  # the first entry that is not as it was written


def verify(db: Session, org_id: int, published: str = "") -> Verdict:
    """Follows the whole chain; `published` is a head that was told earlier and has to be in it."""
    before, serial, missing = audit.FIRST, 0, published
    mine = select(audit_entry).where(audit_entry.c.org_id == org_id).order_by(audit_entry.c.serial)
    with db.connection().execute(mine.execution_options(yield_per=1000)) as rows:
        for row in rows.mappings():
            if row["serial"] != serial + 1:
                return Verdict(serial, _head(serial, before), "entries are missing", serial + 1)
            if audit.sealed(before, dict(row)) != row["hash"]:
                return Verdict(serial, _head(serial, before), "the entry was altered", serial + 1)
            serial, before = serial + 1, row["hash"]
            missing = "" if missing == _head(serial, before) else missing
    head = db.get(AuditHead, org_id) or AuditHead(org_id=org_id)
    if (head.serial, head.hash) != (serial, before):
        return Verdict(serial, _head(serial, before), "entries are missing at the end", serial + 1)
    if missing:
        return Verdict(serial, _head(serial, before), "the published head is not in the chain", serial)
    return Verdict(serial, _head(serial, before))


def heads(db: Session) -> list[tuple[int, str]]:
    """The head of every organisation's chain: told day by day outside the store, it shows entries cut off its end."""
    found = db.exec(select_rows(AuditHead).order_by(col(AuditHead.org_id))).all()
    return [(head.org_id, _head(head.serial, head.hash)) for head in found if head.serial]


def _head(serial: int, digest: str) -> str:
    return f"{serial}:{digest}"
