"""Imports of contacts: a list becomes contacts chunk by chunk, each a short transaction that also keeps the place."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from pytake_cli import clock
from pytake_cli.errors import Conflict, StoreUnavailable
from pytake_cli.policy.import_columns import Column
from pytake_cli.services import contact_import_rejects, fields
from pytake_cli.services.contact_import_chunk import Rules, decide, write
from pytake_cli.services.contact_import_files import Source
from pytake_cli.services.contact_import_reader import ahead, tune_collector
from pytake_cli.services.contact_import_rows import Entry, Reading, Reject, folded
from pytake_cli.store import Store, imports, lock
from pytake_cli.store import fields as field_rows
from pytake_cli.store.events import Event
from pytake_cli.store.imports import DONE, ContactImport, Writing

TURN_SECONDS = 0.11  # whoever waits for SQLite's write lock looks for it every 100 ms at the latest
MANY = 4000  # new contacts, after which the planner of the database is told
RACES = 5  # how often another daemon may be faster with one of a chunk's people
SHOWN = 5  # rejects that a result tells by itself

Tell = Callable[[Counter[str]], None]  # what became of the rows until now


@dataclass(frozen=True, slots=True)
class Wanted:
    """How a file is to be imported; together with its digest it says whether two imports are the same."""

    rules: Rules
    columns: tuple[Column, ...]
    country: str | None = None
    is_csv: bool = True  # cells may be guarded against being run


@dataclass(slots=True)
class Outcome:
    """What became of the rows."""

    id: int | None
    source: str
    counts: Counter[str] = field(default_factory=Counter)
    rejects: list[Reject] = field(default_factory=list)  # the first ones
    resumed_at: int = 0
    replayed: bool = False

    def take(self, rows: int, counts: Counter[str], rejects: Sequence[Reject]) -> None:
        """Adds what became of some more rows."""
        self.counts.update(counts)
        self.counts["rows"] += rows
        self.counts["rejected"] += len(rejects)
        self.counts.update(f"rejected.{each.slug}" for each in rejects)
        self.rejects += sorted(rejects, key=lambda each: each.line)[: SHOWN - len(self.rejects)]

    def row(self) -> dict[str, Any]:
        """`{"new": 11020, "updated": 1204, …, "reasons": {"phone": 104, "repeated": 7}}`."""
        reasons = {name.partition(".")[2]: count for name, count in self.counts.items() if name.startswith("rejected.")}
        numbers = {name: self.counts[name] for name in ("rows", "new", "updated", "same", "skipped", "rejected")}
        first = [{"line": each.line, "reason": each.reason} for each in self.rejects]
        about = {"id": self.id, "source": self.source, "resumed_at": self.resumed_at, "replayed": self.replayed}
        return {**about, **numbers, "stopped": self.counts["stopped"], "reasons": reasons, "first_rejects": first}


def digest_of(source: Source, given: dict[str, Any]) -> str:
    """What tells two imports apart: the file's content, and how it was to be imported."""
    return sha256(source.digest.encode() + orjson.dumps(given, option=orjson.OPT_SORT_KEYS)).hexdigest()


def begin(store: Store, org_id: int, source: Source, key: str | None, digest: str, now: datetime) -> ContactImport:
    """The import to do, to go on with, or that was done: the same key is the same import."""
    with store.write(org_id) as db:
        row = imports.find(db, org_id, key) if key else imports.unfinished(db, org_id, digest)
        if row is not None and row.digest != digest:
            raise Conflict(
                "PT-IMPORT-KEY",
                "{key} is the key of another import, of {source} on {day}",
                why="the file or the flags are not the same",
                fix="another --idempotency-key",
                key=key,
                source=row.source,
                day=f"{row.started_at:%Y-%m-%d}",
            )
        if row is None:
            new_key = key or clock.new_id()
            row = ContactImport(
                org_id=org_id, key=new_key, digest=digest, source=source.name, started_at=now, updated_at=now
            )
            db.add(row)
            db.flush()
        return row


def try_out(store: Store, source: Source, wanted: Wanted, now: datetime, tell: Tell) -> Outcome:
    """What an import would come to: reads everything, writes nothing."""
    outcome = Outcome(None, source.name)
    with closing(ahead(source, _reading(store, wanted), _held(store, wanted))) as chunks:
        for count, entries, rejects in chunks:
            with store.read(wanted.rules.org_id) as db:
                chunk = decide(db, wanted.rules, entries, now, lock=False)
            outcome.take(count, chunk.counts, [*rejects, *chunk.rejects])
            tell(outcome.counts)
    return outcome


def run(store: Store, source: Source, wanted: Wanted, job: ContactImport, now: datetime, tell: Tell) -> Outcome:
    """Does the import from where it is; what is committed is never done again."""
    assert job.id is not None
    outcome = Outcome(job.id, job.source, Counter(job.counts), resumed_at=job.rows_done)
    if job.state == DONE:
        outcome.replayed = True
        return outcome
    _make_fields(store, wanted, now)
    tune_collector()
    writing = Writing(wanted.rules.org_id, job.id, now)
    shares = store.is_sqlite and lock.holder(store) is not None
    with closing(ahead(source, _reading(store, wanted), _held(store, wanted), job.rows_done)) as chunks:
        for count, entries, rejects in chunks:
            before = outcome.counts["new"]
            _commit(store, writing, wanted.rules, outcome, count, entries, rejects, now)
            # PostgreSQL keeps the plan of an empty table else, and compares each row with each phone
            if not store.is_sqlite and before < MANY <= outcome.counts["new"]:
                _tell_planner(store)
            tell(outcome.counts)
            if shares:
                time.sleep(TURN_SECONDS)
    if outcome.counts["new"] - job.counts.get("new", 0) >= MANY:
        _tell_planner(store)
    return outcome


def _tell_planner(store: Store) -> None:
    with store.write() as db:
        imports.refresh_statistics(db)


def finish(store: Store, org_id: int, source: Source, outcome: Outcome, rejects: Path | None, now: datetime) -> None:
    """Writes the file of rejected rows, if one is wanted; then they are forgotten and the import is done."""
    assert outcome.id is not None
    if rejects is not None and outcome.counts["rejected"]:
        with store.read(org_id) as db:
            contact_import_rejects.write(db, rejects, source, outcome.id)
    with store.write(org_id) as db:
        imports.finish(db, outcome.id, now)


def _reading(store: Store, wanted: Wanted) -> Reading:
    with store.read(wanted.rules.org_id) as db:
        known = fields.known(db, wanted.rules.org_id)
    return Reading(wanted.columns, known, wanted.country, is_guarded=wanted.is_csv, key=wanted.rules.key)


def _held(store: Store, wanted: Wanted) -> Iterator[tuple[str, int, bool]]:
    """Who has which value of the key, where it is not the phone."""
    rules = wanted.rules
    if rules.key != "phone":
        is_number = any(column.target == rules.key and column.type == "number" for column in wanted.columns)
        with store.read(rules.org_id) as db:
            for value, id_, is_deleted in imports.holders(db, rules.org_id, rules.key, is_number=is_number):
                yield folded(value), id_, is_deleted


def _make_fields(store: Store, wanted: Wanted, now: datetime) -> None:
    org_id = wanted.rules.org_id
    if any(column.new for column in wanted.columns):
        with store.write(org_id) as db:
            for column in wanted.columns:
                if column.new and field_rows.by_name(db, org_id, column.field) is None:
                    fields.add(db, org_id, column.field, column.type, now, label=column.header.removeprefix("f."))


def _commit(
    store: Store,
    writing: Writing,
    rules: Rules,
    outcome: Outcome,
    count: int,
    entries: Sequence[Entry],
    rejects: Sequence[Reject],
    now: datetime,
) -> None:
    """One chunk and the place after it, or neither; again when another process made one of the people meanwhile."""
    assert outcome.id is not None
    for _turn in range(RACES):
        try:
            with store.write(rules.org_id) as db:
                chunk = decide(db, rules, entries, now, lock=True)
                chunk.rejects += rejects
                write(db, writing, rules, chunk, f"import:{outcome.id}", now)
                after = replace(outcome, counts=Counter(outcome.counts), rejects=[*outcome.rejects])
                after.take(count, chunk.counts, chunk.rejects)
                _keep_place(db, rules.org_id, outcome, after, now)
        except IntegrityError:
            continue
        outcome.counts, outcome.rejects = after.counts, after.rejects
        return
    raise StoreUnavailable(
        "PT-CONTACT-RACE", "the same new contacts are being written by another process", fix="the same command again"
    )


def _keep_place(db: Session, org_id: int, before: Outcome, after: Outcome, now: datetime) -> None:
    assert after.id is not None
    if not imports.advance(db, after.id, before.counts["rows"], after.counts["rows"], after.counts, now):
        raise Conflict(
            "PT-IMPORT-BUSY", "another process does import {id} just now", fix="the same command again", id=after.id
        )
    told = {name: after.counts[name] - before.counts[name] for name in ("new", "updated")}
    if any(told.values()):
        payload = {"import": after.id, "source": after.source, **told}
        db.add(Event(org_id=org_id, kind="contact:imported", payload=payload, at=now))
