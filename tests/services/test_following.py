"""Following: webhooks and events in order, each organisation only its own."""

from __future__ import annotations

import hashlib
from typing import Any

import orjson
import pytest

from pytake_cli.services import following
from pytake_cli.services.following import Cursor
from pytake_cli.store import Store, events
from pytake_cli.store.events import Event
from pytake_cli.store.journal import Journal
from pytake_cli.store.numbers import Number
from tests.kit import people
from tests.kit.stores import NOW, make_number, make_org


@pytest.fixture
def org(store: Store) -> int:
    return make_org(store)


def number_of(store: Store, number_id: int) -> Number:
    with store.read() as db:
        return db.get_one(Number, number_id)


def change(number: Number, wamid: str, **message: Any) -> dict[str, Any]:
    text = {"from": "5511968184101", "id": wamid, "timestamp": "1795359600", "type": "text", "text": {"body": "oi"}}
    metadata = {"display_phone_number": "1", "phone_number_id": number.phone_number_id}
    value = {"messaging_product": "whatsapp", "metadata": metadata, "messages": [text | message]}
    return {"id": number.waba_id, "changes": [{"field": "messages", "value": value}]}


def journal(store: Store, *entries: dict[str, Any]) -> int:
    body = orjson.dumps({"object": "whatsapp_business_account", "entry": list(entries)})
    with store.write() as db:
        row = Journal(digest=hashlib.sha256(body).digest(), body=body, received_at=NOW)
        db.add(row)
        db.flush()
        return row.id or 0


def test_what_comes_after_the_cursor_is_told_once_and_in_order(store: Store, org: int) -> None:
    number = number_of(store, make_number(store, org))
    first = journal(store, change(number, "wamid.A"))
    with store.read(org) as db:
        happenings, bodies, cursor = following.since(db, Cursor())
        assert following.latest(db) == cursor
    assert [(one.name, one.subject, one.text, one.wamid) for one in happenings] == [
        ("message.text", "+5511968184101", "oi", "wamid.A")
    ]
    assert [body.id for body in bodies] == [first]
    second = journal(store, change(number, "wamid.B"))
    with store.read(org) as db:
        happenings, bodies, cursor = following.since(db, cursor)
        assert [one.journal for one in happenings] == [second]
        assert following.since(db, cursor) == ([], [], cursor)


def test_a_body_shared_with_another_organisation_is_told_in_part_and_never_handed_on(store: Store, org: int) -> None:
    ours = number_of(store, make_number(store, org))
    other = make_org(store, "outra")
    theirs = number_of(store, make_number(store, other))
    journal(store, change(ours, "wamid.ours"), change(theirs, "wamid.theirs"))
    journal(store, change(theirs, "wamid.theirs2"))
    with store.read(org) as db:
        happenings, bodies, _ = following.since(db, Cursor())
    assert [one.wamid for one in happenings] == ["wamid.ours"]
    assert bodies == []
    with store.read(other) as db:
        happenings, bodies, _ = following.since(db, Cursor())
    assert [one.wamid for one in happenings] == ["wamid.theirs", "wamid.theirs2"]
    assert len(bodies) == 1


def test_events_of_messages_carry_their_words(store: Store, org: int) -> None:
    conversation = people.wrote(store, make_number(store, org), "cadê?", name="Karina")
    other = make_org(store, "outra")
    with store.write() as db:
        message = people.outgoing(db, conversation, "aqui")
        payload = {"message": message.id, "conversation": conversation.id, "direction": "out", "kind": "text"}
        for owner in (org, other):
            db.add(Event(org_id=owner, kind="message:new", conversation_id=conversation.id, payload=payload, at=NOW))
        db.add(Event(org_id=org, kind="message:status", payload={"statuses": [[message.id, "read"]]}, at=NOW))
    with store.read(org) as db:
        told, _, _ = following.since(db, Cursor())
    assert [(one.name, one.subject, one.text) for one in told] == [
        ("message:new", "Karina", "aqui"),
        ("message:status", "", f"{message.id} read"),
    ]
    with store.read(other) as db:
        told, _, _ = following.since(db, Cursor())
    assert [(one.subject, one.text) for one in told] == [("", "")]


def test_what_nobody_can_place_is_shown_to_nobody(store: Store, org: int) -> None:
    make_number(store, org)
    journal(store, {"id": "9", "changes": [{"field": "messages", "value": {"nonsense": True}}]})
    with store.read(org) as db:
        happenings, bodies, cursor = following.since(db, Cursor())
    assert (happenings, bodies) == ([], [])
    assert cursor.journal > 0


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
def test_what_is_committed_late_is_not_passed_over(store: Store, org: int) -> None:
    with store.write() as slow:
        events.tell(slow, org, "incident", {"slug": "late"}, NOW)
        with store.write() as db:
            events.tell(db, org, "incident", {"slug": "soon"}, NOW)
        with store.read(org) as db:
            told, _, cursor = following.since(db, Cursor())
        assert told == []
    with store.read(org) as db:
        told, _, cursor = following.since(db, cursor)
    assert [one.data["slug"] for one in told] == ["late", "soon"]
    with store.read(org) as db:
        assert following.since(db, cursor)[0] == []
