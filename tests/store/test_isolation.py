"""Two organisations in one store: a scoped transaction neither sees nor touches the other's rows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    Integer,
    LargeBinary,
    String,
    delete,
    event,
    func,
    inspect,
    select,
    update,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import aliased
from sqlmodel import Session, SQLModel

from pytake_cli.services import contacts
from pytake_cli.store import Store, database, tags
from pytake_cli.store.ai_use import AiUse
from pytake_cli.store.campaigns import AudienceRow, Campaign, Plan, Recipient
from pytake_cli.store.contact_history import ContactChange, ContactNote
from pytake_cli.store.contacts import Consent, Contact, ServiceWindow
from pytake_cli.store.conversations import Note
from pytake_cli.store.events import Event
from pytake_cli.store.fields import Field
from pytake_cli.store.flow_sessions import FlowEvent, FlowRecord
from pytake_cli.store.idempotency import IdempotencyKey
from pytake_cli.store.imports import ContactImport, ImportReject
from pytake_cli.store.jobs import Job
from pytake_cli.store.media import Media
from pytake_cli.store.messages import Message, StatusEvent
from pytake_cli.store.notifications import Notification
from pytake_cli.store.prices import Price
from pytake_cli.store.schedules import Schedule, ScheduleRun
from pytake_cli.store.segments import Segment, SegmentMember
from pytake_cli.store.templates import Template
from pytake_cli.store.timers import Timer
from pytake_cli.store.types import UtcTime
from pytake_cli.store.users import User
from pytake_cli.whatsapp.webhooks import Person
from tests.kit import flows, people
from tests.kit.stores import NOW, make_number, make_org


def furnish(store: Store, slug: str) -> int:
    """An organisation with a row in every table that organisations own."""
    org = make_org(store, slug)
    number = make_number(store, org)
    conversation = people.wrote(store, number, "oi")
    contact = conversation.contact_id
    owned: Any = {"org_id": org, "created_at": NOW}
    with store.write() as db:
        in_it = Message.conversation_id == conversation.id
        id_ = db.scalars(select(Message.id).where(in_it)).first()  # type: ignore[call-overload]
        user = User(**owned, email="rita@example.com")
        db.add(user)
        db.flush()
        db.add(Note(**owned, conversation_id=conversation.id or 0, body="note"))
        db.add(Consent(org_id=org, contact_id=contact, granted=True, source="word", at=NOW))
        db.merge(ServiceWindow(org_id=org, number_id=number, contact_id=contact, last_inbound_at=NOW))
        db.add(Event(org_id=org, kind="note:new", at=NOW))
        db.add(Notification(org_id=org, conversation_id=conversation.id, user_id=user.id or 0, kind="mention", at=NOW))
        db.add(Job(**owned, kind="media", key=f"media:{org}", due_at=NOW))
        db.add(Media(**owned, number_id=number, message_id=id_, direction="in"))
        db.add(StatusEvent(org_id=org, message_id=id_, wamid=f"wamid.{org}", status="sent", at=NOW, received_at=NOW))
        tags.put(db, org, contact, "vip", NOW)
        db.add(AiUse(org_id=org, day="2026-11-22", scope="org"))
    version = flows.publish(store, org, "name: faq")
    with store.write() as db:
        session = flows.session(db, conversation.id or 0, version)
        of_session: Any = {"org_id": org, "session_id": session.id, "at": NOW}
        db.add(FlowEvent(**of_session, serial=1, cause="message:1"))
        db.add(FlowRecord(**of_session, flow_id=session.flow_id, version_id=version, kind="entered"))
        db.add(Timer(**owned, session_id=session.id or 0, token="expire", kind="expire", due_at=NOW))
    with store.write() as db:
        furnish_audience(db, org, number, contact)
    with store.write() as db:
        furnish_the_rest(db, org)
    return org


def furnish_the_rest(db: Session, org: int) -> None:
    """A row of made-up values in every table that has none yet; what it refers to is the organisation's own."""
    owned = {table.__tablename__ for table in database.owned_tables()}
    for table in SQLModel.metadata.sorted_tables:
        mine = select(func.count()).select_from(table)
        if table.name not in owned or db.execute(mine.where(table.c.org_id == org)).scalar_one():
            continue
        values = {column.name: _made_up(db, org, column) for column in table.columns if _has_to_be_given(column)}
        db.execute(table.insert().values(values | {"org_id": org}))


def _has_to_be_given(column: Column[Any]) -> bool:
    is_serial = column.primary_key and column.autoincrement is True
    return not (column.nullable or is_serial or column.server_default is not None)


def _made_up(db: Session, org: int, column: Column[Any]) -> Any:
    for key in column.foreign_keys:
        target = key.column
        own = select(target).where(target.table.c.org_id == org) if "org_id" in target.table.c else select(target)
        return db.execute(own.limit(1)).scalar_one()
    kinds: tuple[tuple[type, Any], ...] = (
        (UtcTime, NOW),
        (Boolean, False),
        (Integer, org),
        (Float, 1.0),
        (LargeBinary, b"x"),
        (JSON, {}),
        (String, f"x{org}"),
    )
    inner = getattr(column.type, "impl", column.type)
    return next(value for kind, value in kinds if isinstance(column.type, kind) or isinstance(inner, kind))


def furnish_audience(db: Session, org: int, number: int, contact: int) -> None:
    """A row in every table of contacts, segments, templates, campaigns and schedules."""
    owned: Any = {"org_id": org, "created_at": NOW}
    both: Any = {**owned, "updated_at": NOW}
    db.add(Field(**owned, name="plano"))
    db.add(ContactChange(org_id=org, contact_id=contact, what="stage", after="lead", at=NOW))
    db.add(ContactNote(**owned, contact_id=contact, body="prefers mornings"))
    list_ = ContactImport(org_id=org, key="k", digest="d", source="a.csv", started_at=NOW, updated_at=NOW)
    db.add(list_)
    segment = Segment(**both, name="vip", query="vip")
    db.add(segment)
    db.add(Template(**both, waba_id="1", name="oi", language="pt_BR", category="UTILITY"))
    campaign = Campaign(**both, number_id=number, name="bf", due_at=NOW)
    db.add(campaign)
    db.add(Plan(**owned, id=f"plan_{org}", name="bf", audience_hash="h", recipients=1, expires_at=NOW))
    db.add(AudienceRow(org_id=org, digest="d", contact_id=contact, read_at=NOW))
    db.add(Price(**owned, market="BR", category="UTILITY", micros=6800, valid_from="2026-10-01"))
    db.add(IdempotencyKey(**owned, scope="schedule create", key="k", content_hash="h"))
    schedule = Schedule(**both, name="daily", tz="America/Sao_Paulo")
    db.add(schedule)
    db.flush()
    db.add(ImportReject(org_id=org, import_id=list_.id or 0, line=2, cells=["x"], reason="no phone"))
    db.add(SegmentMember(org_id=org, segment_id=segment.id or 0, contact_id=contact, entered_at=NOW))
    db.add(Recipient(org_id=org, campaign_id=campaign.id or 0, contact_id=contact, due_at=NOW))
    db.add(ScheduleRun(org_id=org, schedule_id=schedule.id or 0, local="2026-11-23T09:00", due_at=NOW))


def leaks(store: Store, mine: int, theirs: int) -> set[str]:
    """Tables of which a transaction of `mine` shows or changes rows of `theirs`, and the way it did."""
    found: set[str] = set()
    for table in database.owned_tables():
        name, keys = table.__tablename__, inspect(table).primary_key
        with store.read() as db:
            theirs_here = db.execute(select(*keys).where(table.org_id == theirs)).all()
            everything = db.execute(select(func.count()).select_from(table)).scalar_one()
            assert theirs_here, f"furnish() forgot {name}"
        with store.read(mine) as db:
            ways = {
                "rows": len(db.scalars(select(table)).all()),
                "columns": len(db.execute(select(table.org_id)).all()),
                "count": db.execute(select(func.count()).select_from(table)).scalar_one(),
                "alias": len(db.scalars(select(aliased(table))).all()),
                "subquery": db.execute(select(func.count()).select_from(select(table).subquery())).scalar_one(),
            }
            found |= {f"{name} by {way}" for way, count in ways.items() if count + len(theirs_here) > everything}
            if db.get(table, tuple(theirs_here[0])) is not None:
                found.add(f"{name} by key")
        found |= {f"{name} by {way}" for way in _writes(store, table, mine, theirs, len(theirs_here))}
    return found


def _writes(store: Store, table: Any, mine: int, theirs: int, count: int) -> Iterator[str]:
    with store.write(mine) as db:
        try:
            changed: Any = db.execute(update(table).where(table.org_id == theirs).values(org_id=table.org_id))
        except DBAPIError:
            yield "update"  # it reached rows that the database lets nobody change
        else:
            if changed.rowcount:
                yield "update"
        db.rollback()
    if table.__tablename__ in ("event", "mention", "job"):  # nothing refers to these, so a deletion would go through
        with store.write(mine) as db:
            gone: Any = db.execute(delete(table))
            if gone.rowcount > count:
                yield "delete"
            db.rollback()


@contextmanager
def without_filter() -> Iterator[None]:
    event.remove(Session, "do_orm_execute", database._only_own_rows)
    try:
        yield
    finally:
        event.listen(Session, "do_orm_execute", database._only_own_rows)


@pytest.fixture
def two(store: Store) -> tuple[int, int]:
    return furnish(store, "uma"), furnish(store, "outra")


def test_a_scoped_transaction_shows_and_changes_nothing_of_another_organisation(
    store: Store, two: tuple[int, int]
) -> None:
    assert leaks(store, *two) == set()
    assert leaks(store, two[1], two[0]) == set()


def test_without_the_filter_every_table_leaks(store: Store, two: tuple[int, int]) -> None:
    with without_filter():
        found = leaks(store, *two)
    tables = {table.__tablename__ for table in database.owned_tables()}
    assert {leak.split(" by ")[0] for leak in found} == tables
    assert {leak.split(" by ")[1] for leak in found} >= {"rows", "key", "count", "update", "delete"}


def test_a_row_of_another_organisation_cannot_be_written(store: Store, two: tuple[int, int]) -> None:
    mine, theirs = two
    with pytest.raises(AssertionError), store.write(mine) as db:
        db.add(Contact(org_id=theirs, created_at=NOW, updated_at=NOW))
    with store.read() as db:
        foreign = db.scalars(select(Message).where(Message.org_id == theirs)).first()  # type: ignore[arg-type]
    assert foreign is not None
    with pytest.raises(AssertionError), store.write(mine) as db:
        foreign.text = "changed"
        db.add(foreign)


def test_the_bulk_ways_that_pass_by_the_filter_name_the_organisation_themselves(
    store: Store, two: tuple[int, int]
) -> None:
    """`resolve` works on Core statements, which no listener sees."""
    mine, theirs = two
    with store.write() as db:
        [here] = contacts.resolve(db, mine, "p", [Person(wa_id="5511", user_id="BR.1", username="a")], NOW)
        [there] = contacts.resolve(db, theirs, "p", [Person(wa_id="5511", user_id="BR.1", username="a")], NOW)
        assert here != there
        assert (db.get_one(Contact, here).org_id, db.get_one(Contact, there).org_id) == two
