"""Imports of contacts and how far each came: a killed one goes on where it was, a finished one is not done again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy import UniqueConstraint
from sqlmodel import Field, Session, select

from pytake_cli.policy.people import BSUID, PHONE
from pytake_cli.store import sqlite
from pytake_cli.store.contact_history import contact_change
from pytake_cli.store.contacts import consent, contact, identity
from pytake_cli.store.rows import Bulk, Owned, among, insert, json, long_text, primary_key, reference, time
from pytake_cli.store.tags import contact_tag, tag
from pytake_cli.store.typed_fields import NUMBER, TEXT, typed_field
from pytake_cli.store.types import BigId

RUNNING, DONE, FAILED = "running", "done", "failed"


class ContactImport(Owned, table=True):
    __tablename__ = "contact_import"
    __table_args__ = (UniqueConstraint("org_id", "key"),)

    id: int | None = primary_key()
    org_id: int = reference("organisation.id")
    key: str  # the caller's idempotency key, or one made for this time
    digest: str  # of the file and the options: the same key with another digest is a conflict
    source: str  # the file's name
    options: dict[str, Any] = json(dict)
    state: str = RUNNING
    rows_done: int = 0  # committed together with the contacts of those rows
    counts: dict[str, int] = json(dict)  # {"new": 1, "updated": 2, "same": 3, "rejected": 4, "rejected.phone": 4}
    started_at: datetime = time()
    updated_at: datetime = time()
    done_at: datetime | None = time(nullable=True)


class ImportReject(Owned, table=True):
    """A row that was not taken; its cells are kept until the file of rejects is written, or the import is done."""

    __tablename__ = "contact_import_reject"

    import_id: int = reference("contact_import.id", primary_key=True)
    line: int = Field(primary_key=True, sa_type=BigId)
    org_id: int = reference("organisation.id")
    cells: list[str] = json(list)
    reason: str = long_text()


contact_import = ContactImport.__table__  # type: ignore[attr-defined]
import_reject = ImportReject.__table__  # type: ignore[attr-defined]


class Seen:
    """Phone numbers and keys of a file, the lines where they first stood and who has them: on disk, to spare memory."""

    def __init__(self) -> None:
        # A private file that nobody sees; one thread at a time uses it, not always the same one.
        self._db = sqlite.driver().connect("", isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode=off")
        self._db.execute("CREATE TABLE seen (key INTEGER PRIMARY KEY, line INTEGER)")
        self._db.execute("CREATE TABLE value_seen (value TEXT PRIMARY KEY, line INTEGER) WITHOUT ROWID")
        self._db.execute("CREATE TABLE holder (value TEXT, id INTEGER, is_deleted INTEGER)")
        self._db.execute("CREATE INDEX holder_value ON holder (value)")
        self._db.execute("BEGIN")

    def close(self) -> None:
        self._db.close()

    def lines(self, keys: Iterable[int]) -> dict[int, int]:
        """The lines of those of the keys that were added before."""
        found = "SELECT key, line FROM seen WHERE key IN (SELECT value FROM json_each(?))"
        return dict(self._db.execute(found, [orjson.dumps(list(keys)).decode()]))

    def add(self, lines: Iterable[tuple[int, int]]) -> None:
        """Keeps (key, line); of a key that is there already the first line."""
        self._db.executemany("INSERT OR IGNORE INTO seen VALUES (?, ?)", lines)

    def value_lines(self, values: Sequence[str]) -> dict[str, int]:
        """The lines of those values of the key that were added before."""
        found = "SELECT value, line FROM value_seen WHERE value IN (SELECT value FROM json_each(?))"
        return dict(self._db.execute(found, [orjson.dumps(values).decode()]))

    def add_values(self, lines: Iterable[tuple[str, int]]) -> None:
        """Keeps (value of the key, line)."""
        self._db.executemany("INSERT OR IGNORE INTO value_seen VALUES (?, ?)", lines)

    def hold(self, rows: Iterable[tuple[str, int, bool]]) -> None:
        """Keeps (value of the key, contact, whether it is deleted)."""
        self._db.executemany("INSERT INTO holder VALUES (?, ?, ?)", rows)

    def holders(self, values: Sequence[str]) -> dict[str, list[int]]:
        """Who has each of the values: contacts that are there, and those deleted only where no other has it."""
        found = "SELECT value, id, is_deleted FROM holder WHERE value IN (SELECT value FROM json_each(?)) ORDER BY id"
        all_: dict[str, list[tuple[int, int]]] = {}
        for value, id_, is_deleted in self._db.execute(found, [orjson.dumps(values).decode()]):
            all_.setdefault(value, []).append((is_deleted, id_))
        return {value: [id_ for gone, id_ in some if gone == min(some)[0]] for value, some in all_.items()}


def find(db: Session, org_id: int, key: str) -> ContactImport | None:
    return db.exec(select(ContactImport).where(ContactImport.org_id == org_id, ContactImport.key == key)).first()


def unfinished(db: Session, org_id: int, digest: str) -> ContactImport | None:
    """An import of the same file in the same way that was stopped on its way."""
    mine = select(ContactImport).where(ContactImport.org_id == org_id, ContactImport.digest == digest)
    return db.exec(mine.where(ContactImport.state == RUNNING).order_by(contact_import.c.id.desc())).first()


def advance(
    db: Session, import_id: int, rows_before: int, rows_done: int, counts: Mapping[str, int], now: datetime
) -> bool:
    """Moves the position on; False when somebody else did since it was read."""
    mine = sa.update(contact_import).where(contact_import.c.id == import_id, contact_import.c.rows_done == rows_before)
    values = {"rows_done": rows_done, "counts": dict(counts), "updated_at": now}
    return bool(db.connection().execute(mine.values(**values)).rowcount)


def rejected(db: Session, import_id: int) -> Iterator[Any]:
    """(line, cells, reason) of the rows that were not taken, in the order of the file."""
    rows = sa.select(import_reject.c.line, import_reject.c.cells, import_reject.c.reason)
    mine = rows.where(import_reject.c.import_id == import_id).order_by(import_reject.c.line)
    yield from db.connection().execution_options(yield_per=1000).execute(mine)


def finish(db: Session, import_id: int, now: datetime, *, keep_reasons: bool = False) -> None:
    """The import is done; what was rejected is no longer kept, at most its line and reason."""
    which = import_reject.c.import_id == import_id
    db.connection().execute(
        sa.update(import_reject).where(which).values(cells=[])
        if keep_reasons
        else sa.delete(import_reject).where(which)
    )
    mine = sa.update(contact_import).where(contact_import.c.id == import_id)
    db.connection().execute(mine.values(state=DONE, done_at=now, updated_at=now))


def refresh_statistics(db: Session) -> None:
    """Tells the database's planner that there are many more contacts: the next question may be about all of them."""
    if db.get_bind().dialect.name == "sqlite":
        db.connection().exec_driver_sql("PRAGMA optimize=0x10012")  # of every table that has grown, from a sample
    else:
        db.connection().exec_driver_sql("ANALYZE contact, identity, contact_tag, consent")


def fail(db: Session, import_id: int, now: datetime) -> None:
    """The list cannot be read any further; what was taken in stays."""
    mine = sa.update(contact_import).where(contact_import.c.id == import_id)
    db.connection().execute(mine.values(state=FAILED, done_at=now, updated_at=now))


def owners(db: Session, org_id: int, kind: str, values: Sequence[str]) -> Iterator[sa.Row[Any]]:
    """(value, contact_id, retired_at) of those of the values that are known, in whatever scope."""
    known = sa.select(identity.c.value, identity.c.contact_id, identity.c.retired_at)
    mine = known.where(identity.c.org_id == org_id, identity.c.kind == kind, among(db, identity.c.value, values))
    yield from db.connection().execute(mine.where(identity.c.scope == "") if kind == PHONE else mine)


def holders(db: Session, org_id: int, key: str, *, is_number: bool) -> Iterator[tuple[Any, int, bool]]:
    """(value, contact, whether it is deleted) of everybody who has a value of `bsuid` or of the field `f.<name>`."""
    here = (contact.c.org_id == org_id, contact.c.merged_into_id.is_(None))
    gone = contact.c.deleted_at.is_not(None)
    if key == BSUID:
        mine = (identity.c.org_id == org_id, identity.c.kind == BSUID, identity.c.retired_at.is_(None))
        query = sa.select(identity.c.value, contact.c.id, gone).distinct().where(identity.c.contact_id == contact.c.id)
        query = query.where(*here, *mine)
    else:
        value = typed_field(key.removeprefix("f."), NUMBER if is_number else TEXT)
        query = sa.select(value, contact.c.id, gone).where(*here, value.is_not(None))
    for row in db.connection().execution_options(yield_per=1000).execute(query):
        yield row[0], row[1], bool(row[2])


def give_up(db: Session, org_id: int, phones: Sequence[str]) -> None:
    """Takes phones from those who have them no more: somebody else is about to get them."""
    if phones:
        retired = (identity.c.org_id == org_id, identity.c.kind == PHONE, identity.c.retired_at.is_not(None))
        db.connection().execute(sa.delete(identity).where(*retired, identity.c.value.in_(phones)))


UPDATED = ("language", "tz", "stage", "score", "vip", "fields")  # what an import changes besides the name
NEW = ("id", "name", *UPDATED)
_STATE = ("id", "name", *UPDATED, "marketing_stopped_at", "marketing_granted_at", "opted_out_at", "deleted_at")


def states(db: Session, org_id: int, ids: Iterable[int], *, lock: bool) -> dict[int, dict[str, Any]]:
    """What contacts are like now, with the names of their tags; locked until the transaction ends."""
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    query = sa.select(*(contact.c[name] for name in _STATE)).where(
        contact.c.org_id == org_id, contact.c.merged_into_id.is_(None)
    )
    query = query.where(contact.c.id.in_(wanted)).order_by(contact.c.id)
    rows = db.connection().execute(query.with_for_update() if lock else query)
    found = {row.id: {**row._mapping, "tags": set()} for row in rows}
    named = sa.select(contact_tag.c.contact_id, tag.c.name).join(tag, tag.c.id == contact_tag.c.tag_id)
    for id_, name in db.connection().execute(named.where(contact_tag.c.contact_id.in_(wanted))):
        if id_ in found:
            found[id_]["tags"].add(name)
    return found


def tag_ids(db: Session, org_id: int, names: Iterable[str], now: datetime) -> dict[str, int]:
    """The id of each tag, which is made if there is none of that name."""
    wanted = sorted(set(names))
    if not wanted:
        return {}
    known = sa.select(tag.c.name, tag.c.id).where(tag.c.org_id == org_id, tag.c.name.in_(wanted))
    found = {row.name: row.id for row in db.connection().execute(known)}
    if new := [{"org_id": org_id, "name": name, "created_at": now} for name in wanted if name not in found]:
        made = insert(db, tag).on_conflict_do_nothing(index_elements=["org_id", "name"])
        db.connection().execute(made, new)
        found = {row.name: row.id for row in db.connection().execute(known)}
    return found


class Writing:
    """The statements of one import: what is the same in all of its rows is said once."""

    def __init__(self, org_id: int, import_id: int, now: datetime) -> None:
        self._mine = {"org_id": org_id}
        self._made = {"profile_name": "", "created_at": now, "updated_at": now}
        seen = {"kind": PHONE, "scope": "", "first_seen_at": now, "last_seen_at": now}
        actor = f"import:{import_id}"
        self._identities = Bulk(identity, ("value", "contact_id"), **self._mine, **seen)
        self._tags = Bulk(contact_tag, ("contact_id", "tag_id"), **self._mine, at=now)
        self._ledger = ("contact_id", "granted", "proof")
        self._said = {"purpose": "marketing", "actor": actor}
        self._rejects = Bulk(import_reject, ("line", "cells", "reason"), **self._mine, import_id=import_id)
        lines = ("contact_id", "before", "after")
        self._history = Bulk(contact_change, lines, **self._mine, what="imported", actor=actor, at=now)
        self._unnamed = Bulk(contact, ("id", *UPDATED), updated_at=now)
        # a name that is set, if to the same, is indexed anew
        self._named = Bulk(contact, ("id", *UPDATED, "name"), updated_at=now)

    def contacts(self, db: Session, rows: Sequence[list[Any]], phones: list[tuple[str, int]], **same: Any) -> None:
        """New contacts, as NEW has their columns, and their phones with their ids; `same` are more columns of all."""
        Bulk(contact, NEW, **self._mine, **self._made, **same).insert(db, rows)
        self._identities.insert(db, sorted(phones))  # in the order of the index

    def consents(self, db: Session, rows: Sequence[list[Any]], source: str, at: datetime) -> None:
        """Lines of the ledger (contact, granted, proof) of contacts that are new, whose columns say so already."""
        Bulk(consent, self._ledger, **self._mine, **self._said, source=source, at=at).insert(db, rows)

    def changes(self, db: Session, unnamed: Sequence[list[Any]], named: Sequence[list[Any]]) -> None:
        """Contacts as they are from now on: id, UPDATED, and of `named` the name."""
        self._unnamed.update(db, unnamed)
        self._named.update(db, named)

    def tags(self, db: Session, rows: Sequence[tuple[int, int]]) -> None:
        self._tags.insert(db, rows, ignore=("contact_id", "tag_id"))

    def history(self, db: Session, rows: Sequence[list[Any]]) -> None:
        self._history.insert(db, rows)

    def rejects(self, db: Session, rows: Sequence[list[Any]]) -> None:
        self._rejects.insert(db, rows)
