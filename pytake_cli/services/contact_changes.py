"""What is changed of contacts, one or many, by people, flows and imports: values, tags, notes, blocks; with history."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from pytake_cli.errors import InvalidData
from pytake_cli.policy.field_values import Value
from pytake_cli.policy.people import storable
from pytake_cli.services.contact_values import F
from pytake_cli.services.conversations import note_words
from pytake_cli.store import contact_history, tags
from pytake_cli.store.contact_history import ContactNote, line
from pytake_cli.store.contacts import Contact
from pytake_cli.store.events import Event
from pytake_cli.store.flow_sessions import WAITING, FlowSession
from pytake_cli.store.timers import TAGGED, Timer
from pytake_cli.store.work import poke

TOLD_ONE_BY_ONE = 20  # contacts; of more, one event tells how many


def apply(
    db: Session, org_id: int, ids: Iterable[int], wanted: Mapping[str, Value | None], *, actor: str, now: datetime
) -> dict[int, list[str]]:
    """Gives contacts the values that `contact_values.read` made; what changed of each, where anything did."""
    changed: dict[int, list[str]] = {}
    history = []
    for row in _locked(db, org_id, ids):
        before = {name: _value(row, name) for name in wanted}
        different = {name: value for name, value in wanted.items() if before[name] != value}
        if different:
            _put(row, different, now)
            assert row.id is not None
            changed[row.id] = list(different)
            history += [
                line(org_id, row.id, name, before[name], value, actor=actor, now=now)
                for name, value in different.items()
            ]
    db.flush()
    contact_history.record(db, history)
    announce(db, org_id, changed, list(wanted), now)
    return changed


def _locked(db: Session, org_id: int, ids: Iterable[int]) -> Sequence[Contact]:
    """The contacts as they are now, kept from others until the transaction ends (on PostgreSQL)."""
    db.flush()
    mine = select(Contact).where(Contact.org_id == org_id, col(Contact.id).in_(sorted(set(ids))))
    fresh = mine.order_by(col(Contact.id)).with_for_update().execution_options(populate_existing=True)
    return db.exec(fresh).all()


def _value(row: Contact, name: str) -> Any:
    return row.fields.get(name.removeprefix(F)) if name.startswith(F) else getattr(row, name)


def _put(row: Contact, different: Mapping[str, Value | None], now: datetime) -> None:
    fields = dict(row.fields)
    for name, value in different.items():
        if not name.startswith(F):
            setattr(row, name, value)
        elif value is None:
            fields.pop(name.removeprefix(F), None)
        else:
            fields[name.removeprefix(F)] = value
    row.fields = fields
    row.updated_at = now


def tag(
    db: Session,
    org_id: int,
    ids: Collection[int],
    names: Iterable[str],
    *,
    actor: str,
    now: datetime,
    by_session: int | None = None,
) -> set[int]:
    """Gives contacts tags, which are made where there are none; returns who got one that they had not.

    A session that waits with `cancel_on: tag` hears of it, unless it is the one that gave the tag.
    """
    changed: dict[int, list[str]] = {}
    for name in read_tags(names) if ids else ():  # a tag that nobody has is not made
        given = tags.give(db, org_id, ids, name, now)
        _tell_sessions(db, given, name, now, but=by_session)
        for id_ in _tagged(db, org_id, given, name, actor=actor, now=now, on=True):
            changed.setdefault(id_, []).append(name)
    announce(db, org_id, changed, ["tags"], now, added=changed)
    return set(changed)


def untag(
    db: Session, org_id: int, ids: Collection[int], names: Iterable[str], *, actor: str, now: datetime
) -> set[int]:
    """Takes tags from contacts; returns who had one of them."""
    changed: dict[int, list[str]] = {}
    for name in read_tags(names):
        taken = tags.take(db, org_id, ids, name)
        for id_ in _tagged(db, org_id, taken, name, actor=actor, now=now, on=False):
            changed.setdefault(id_, []).append(name)
    announce(db, org_id, changed, ["tags"], now, removed=changed)
    return set(changed)


def read_tags(names: Iterable[str]) -> list[str]:
    """Tags as they are kept, each once; refuses what is none."""
    found = list(dict.fromkeys(tags.name_of(storable(name)) for name in names))
    if not found or not all(found) or any("," in name for name in found):
        raise InvalidData(
            "PT-TAG", "a tag is a word or some, without commas", fix="pytake contact tag CONTACT --tag vip"
        )
    return found


def _tagged(
    db: Session, org_id: int, ids: Sequence[int], name: str, *, actor: str, now: datetime, on: bool
) -> set[int]:
    before, after = (None, True) if on else (True, None)
    rows = [line(org_id, id_, f"tag:{name}", before, after, actor=actor, now=now) for id_ in ids]
    contact_history.record(db, rows)
    db.execute(sa.update(Contact).where(col(Contact.id).in_(ids)).values(updated_at=now))
    return set(ids)


def _tell_sessions(db: Session, ids: Sequence[int], name: str, now: datetime, *, but: int | None) -> None:
    """Has the sessions hear of the tag that it may call off, by a timer that is due."""
    waiting = select(FlowSession).where(
        col(FlowSession.contact_id).in_(ids), FlowSession.status == WAITING, FlowSession.wait_kind == "time"
    )
    for row in db.exec(waiting):
        wanted = str((row.state.get("wait") or {}).get("name", "")).lower().split()
        if row.id is None or row.id == but or not {"tag", f"tag:{name}"} & set(wanted):
            continue
        payload = {"tag": name}
        told: dict[str, Any] = {"org_id": row.org_id, "session_id": row.id, "created_at": now, "due_at": now}
        db.add(Timer(**told, token=f"{TAGGED}:{name}", kind=TAGGED, payload=payload))
        poke(db, "timer", "due")


def note(db: Session, row: Contact, body: str, *, author_id: int | None, actor: str, now: datetime) -> ContactNote:
    """Writes down something about the person, whatever conversation it came from."""
    words = note_words(body, "pytake contact note CONTACT")
    assert row.id is not None
    written = ContactNote(org_id=row.org_id, contact_id=row.id, author_id=author_id, body=words, created_at=now)
    db.add(written)
    contact_history.record(db, [line(row.org_id, row.id, "note", None, words[:200], actor=actor, now=now)])
    announce(db, row.org_id, [row.id], ["notes"], now)
    return written


def block(db: Session, row: Contact, blocked: bool, *, actor: str, now: datetime) -> bool:
    """Nothing is sent to a blocked contact, and nothing automatic answers it. True when that changed anything."""
    if (row.blocked_at is not None) == blocked:
        return False
    before = row.blocked_at is not None or None
    row.blocked_at = now if blocked else None
    row.updated_at = now
    db.add(row)
    assert row.id is not None
    after = blocked or None
    contact_history.record(db, [line(row.org_id, row.id, "blocked", before, after, actor=actor, now=now)])
    announce(db, row.org_id, [row.id], ["blocked"], now)
    return True


def announce(
    db: Session,
    org_id: int,
    ids: Collection[int],
    changed: Sequence[str],
    now: datetime,
    **tags: Mapping[int, Sequence[str]],  # added, removed
) -> None:
    """Tells the inboxes and automations; of many contacts only how many they are."""
    told: list[dict[str, Any]] = [
        {"contact": id_, "changed": changed, **{part: names[id_] for part, names in tags.items()}} for id_ in ids
    ]
    if len(told) > TOLD_ONE_BY_ONE:
        told = [{"contacts": len(told), "changed": changed}]
    for payload in told:
        db.add(Event(org_id=org_id, kind="contact:updated", payload=payload, at=now))
    db.flush()
