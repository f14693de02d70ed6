"""Traces: where a person may stand outside the rows that refer to them: webhooks as they came, jobs, outputs."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
import sqlalchemy as sa
from sqlmodel import Session

from pytake_cli.flow.words import fold
from pytake_cli.store.database import Store
from pytake_cli.store.events import Event
from pytake_cli.store.idempotency import IdempotencyKey
from pytake_cli.store.imports import import_reject
from pytake_cli.store.jobs import job
from pytake_cli.store.journal import Journal, Quarantine
from pytake_cli.store.notifications import Notification
from pytake_cli.store.schedules import run

journal = Journal.__table__  # type: ignore[attr-defined]

AT_ONCE = 500  # rows in a transaction
_NO_DIGIT = re.compile(r"\D+")


@dataclass(frozen=True, slots=True)
class Marks:
    """What tells that a text is about somebody. Rather a row too many than one too few."""

    digits: tuple[str, ...] = ()  # of phone numbers, without the country
    words: tuple[str, ...] = ()  # ids at Meta and whole names, folded
    refs: frozenset[tuple[str, int]] = frozenset()  # ("contact", 412), as the top of a JSON object has it

    def are_in(self, value: Any) -> bool:
        """Whether a column's value speaks of the person."""
        if isinstance(value, bytes):  # JSON of Meta's: numbers stand in it as they are
            text = value.decode("latin-1")
            return any(each in text for each in self.digits) or any(each in text.lower() for each in self.words)
        if isinstance(value, dict) and any((name, id_) in self.refs for name, id_ in value.items() if _is_id(id_)):
            return True
        text = value if isinstance(value, str) else orjson.dumps(value, default=str).decode()
        digits, plain = _NO_DIGIT.sub("", text), fold(text, limit=len(text))
        return any(each in digits for each in self.digits) or any(each in plain for each in self.words)


def _is_id(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


@dataclass(frozen=True, slots=True)
class Place:
    """A table in which a person may stand; `blank` is what stands there then, without it the row goes."""

    table: sa.Table
    columns: tuple[str, ...]
    blank: Mapping[str, Any] = field(default_factory=dict)


# The newest rows of the journal and of events have to stay: who follows by number would wait for ever.
PLACES: tuple[Place, ...] = (
    Place(journal, ("body",), {"body": b"{}"}),
    Place(Quarantine.__table__, ("raw", "traceback", "reason")),  # type: ignore[attr-defined]
    Place(job, ("key", "payload", "error")),
    Place(Event.__table__, ("payload",), {"payload": {}}),  # type: ignore[attr-defined]
    Place(Notification.__table__, ("parts",)),  # type: ignore[attr-defined]
    Place(import_reject, ("cells", "reason")),
    Place(IdempotencyKey.__table__, ("result",)),  # type: ignore[attr-defined]
    Place(run, ("output",), {"output": ""}),
)
Key = tuple[Any, ...]


def find(db: Session, org_id: int, marks: Marks, numbers: Collection[str]) -> dict[str, list[Key]]:
    """The rows of each place that speak of the person, by table; `numbers` are the organisation's, as Meta calls them.

    Webhooks that are not applied yet are left: what they say is still to come.
    """
    ours = tuple(number.encode() for number in numbers)
    found: dict[str, list[Key]] = {}
    for place in PLACES:
        keys = tuple(place.table.primary_key.columns)
        query = sa.select(*keys, *(place.table.c[name] for name in place.columns)).where(_mine(place.table, org_id))
        rows = db.connection().execute(query.execution_options(yield_per=AT_ONCE))
        named = [
            tuple(row[: len(keys)])
            for row in rows
            if (place.table is not journal or any(number in row.body for number in ours))
            and any(marks.are_in(value) for value in row[len(keys) :] if value)
        ]
        if named:
            found[str(place.table.name)] = named
    return found


def _mine(table: sa.Table, org_id: int) -> sa.ColumnElement[bool]:
    if table is journal:
        return journal.c.applied_at.is_not(None)
    return (table.c.org_id == org_id) | table.c.org_id.is_(None)


def forget(store: Store, found: Mapping[str, Sequence[Key]]) -> None:
    """Takes what `find` found away, a few rows in a transaction."""
    for place in PLACES:
        named = found.get(place.table.name, ())
        keys = tuple(place.table.primary_key.columns)
        for start in range(0, len(named), AT_ONCE):
            some = named[start : start + AT_ONCE]
            these = keys[0].in_([key[0] for key in some]) if len(keys) == 1 else sa.tuple_(*keys).in_(some)
            change = sa.update(place.table).values(**place.blank) if place.blank else sa.delete(place.table)
            with store.write() as db:
                db.connection().execute(change.where(these))
