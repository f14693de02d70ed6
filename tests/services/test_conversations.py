"""Conversations: what people do with them, on SQLite and on PostgreSQL."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import Session, select

from pytake_cli.errors import Conflict, InvalidData, NotFound
from pytake_cli.services import conversation_list, conversations
from pytake_cli.services.conversation_list import NOBODY, Filter
from pytake_cli.store import Store
from pytake_cli.store.events import Event
from pytake_cli.store.jobs import Job
from pytake_cli.store.work import Poke
from tests.kit import people
from tests.kit.stores import NOW, make_number, make_org


@pytest.fixture
def org(store: Store) -> int:
    return make_org(store)


@pytest.fixture
def number(store: Store, org: int) -> int:
    return make_number(store, org)


@pytest.mark.parametrize("ref", ["5008", "#5008", " #5008 "])
def test_a_conversation_is_named_by_its_number_with_or_without_the_sign(ref: str) -> None:
    assert conversations.conversation_id(ref) == 5008


@pytest.mark.parametrize("ref", ["", "#", "5oo8", "-5", "٥", "1" * 30])
def test_what_is_no_number_is_refused_with_the_way_out(ref: str) -> None:
    with pytest.raises(InvalidData) as caught:
        conversations.conversation_id(ref)
    assert caught.value.slug == "PT-CONVERSATION-REF"


def test_a_conversation_of_another_organisation_does_not_exist(store: Store, org: int, number: int) -> None:
    conversation = people.wrote(store, number)
    other = make_org(store, "outra")
    with store.read(other) as db, pytest.raises(NotFound):
        conversations.get(db, conversation.id or 0)
    with store.read(org) as db:
        assert conversations.get(db, f"#{conversation.id}").id == conversation.id


def test_assigning_opens_it_and_taking_it_back_queues_it(store: Store, org: int, number: int) -> None:
    rita = people.user(store, org)
    ref = people.wrote(store, number).id or 0
    with store.write(org) as db:
        assert conversations.assign(db, conversations.get(db, ref), rita, by=rita, now=NOW)
    with store.write(org) as db:
        conversation = conversations.get(db, ref)
        assert (conversation.status, conversation.assignee_id) == ("open", rita.id)
        assert not conversations.assign(db, conversation, rita, by=rita, now=NOW)
        assert conversations.assign(db, conversation, None, by=rita, now=NOW)
        assert conversation.status == "queued"
    with store.read(org) as db:
        assert [event.payload["assignee"] for event in db.exec(select(Event).order_by("id"))] == [rita.id, None]


def test_resolving_twice_changes_once(store: Store, org: int, number: int) -> None:
    ref = people.wrote(store, number).id or 0
    with store.write(org) as db:
        conversation = conversations.get(db, ref)
        assert conversations.resolve(db, conversation, by=None, now=NOW)
        assert not conversations.resolve(db, conversation, by=None, now=NOW)
        assert (conversation.status, conversation.unread_count, conversation.waiting_since) == ("resolved", 0, None)


def test_a_resolved_conversation_is_not_assigned(store: Store, org: int, number: int) -> None:
    rita = people.user(store, org)
    ref = people.wrote(store, number).id or 0
    with store.write(org) as db:
        conversation = conversations.get(db, ref)
        conversations.resolve(db, conversation, by=None, now=NOW)
        with pytest.raises(Conflict):
            conversations.assign(db, conversation, rita, by=rita, now=NOW)


def test_reopening_waits_for_nobody_but_another_open_one(store: Store, org: int, number: int) -> None:
    first = people.wrote(store, number)
    with store.write(org) as db:
        conversations.resolve(db, conversations.get(db, first.id or 0), by=None, now=NOW)
    with store.write(org) as db:
        again = first.model_copy(update={"id": None})
        db.add(type(first)(**again.model_dump()))
    with store.write(org) as db, pytest.raises(Conflict) as caught:
        conversations.reopen(db, conversations.get(db, first.id or 0), by=None, now=NOW)
    assert caught.value.slug == "PT-CONVERSATION-OPEN"


def test_reopening_brings_it_back(store: Store, org: int, number: int) -> None:
    ref = people.wrote(store, number).id or 0
    with store.write(org) as db:
        conversation = conversations.get(db, ref)
        conversations.resolve(db, conversation, by=None, now=NOW)
        assert conversations.reopen(db, conversation, by=None, now=NOW)
        assert (conversation.status, conversation.resolved_at) == ("queued", None)


def test_reading_asks_once_for_a_receipt_of_the_newest_message(store: Store, org: int, number: int) -> None:
    ref = people.wrote(store, number).id or 0
    with store.write(org) as db:
        conversation = conversations.get(db, ref)
        newest = people.incoming(db, conversation, "alguém aí?", at=NOW + timedelta(seconds=5))
        assert conversations.mark_read(db, conversation, by=None, now=NOW)
        assert not conversations.mark_read(db, conversation, by=None, now=NOW)
        assert next(iter(db.info["pokes"])) == Poke("job", str(_only_job(db).id))
    with store.read(org) as db:
        job = _only_job(db)
        assert (job.kind, job.payload["wamid"]) == ("read.receipt", newest.wamid)


def _only_job(db: Session) -> Job:
    return db.exec(select(Job)).one()


def test_an_empty_note_is_refused(store: Store, org: int, number: int) -> None:
    ref = people.wrote(store, number).id or 0
    with store.write(org) as db, pytest.raises(InvalidData):
        conversations.add_note(db, conversations.get(db, ref), " \n", by=None, now=NOW)


def test_showing_gives_the_newest_messages_oldest_first_and_says_how_many_came_before(
    store: Store, org: int, number: int
) -> None:
    rita = people.user(store, org)
    ref = people.wrote(store, number, "um").id or 0
    with store.write(org) as db:
        conversation = conversations.get(db, ref)
        people.incoming(db, conversation, "dois")
        people.outgoing(db, conversation, "três")
        conversations.add_note(db, conversation, "cliente antiga", by=rita, now=NOW)
    with store.read(org) as db:
        view = conversations.show(db, conversations.get(db, ref), messages=2)
    assert [message.text for message in view.messages] == ["dois", "três"]
    assert view.earlier == 1
    assert [(note.body, view.authors[note.author_id or 0]) for note in view.notes] == [("cliente antiga", "Rita")]
    assert view.window_closes_at == NOW + timedelta(hours=24)


def test_a_user_is_found_by_email_its_beginning_or_name(store: Store, org: int) -> None:
    rita = people.user(store, org)
    with store.read(org) as db:
        for ref in ("rita@loja.example", "rita", "RITA"):
            assert conversations.find_user(db, ref).id == rita.id
        with pytest.raises(NotFound):
            conversations.find_user(db, "bia")


def test_the_list_is_narrowed_by_owner_waiting_window_and_unread(store: Store, org: int, number: int) -> None:
    rita = people.user(store, org)
    fresh = people.wrote(store, number, "agora", at=NOW)
    closing = people.wrote(store, number, "ontem", at=NOW - timedelta(hours=23))
    closed = people.wrote(store, number, "antes", at=NOW - timedelta(days=2))
    with store.write(org) as db:
        conversations.assign(db, conversations.get(db, closing.id or 0), rita, by=rita, now=NOW)
        conversations.mark_read(db, conversations.get(db, closed.id or 0), by=rita, now=NOW)

    def found(**wanted: object) -> list[int | None]:
        with store.read(org) as db:
            narrowed = Filter(**wanted)  # type: ignore[arg-type]
            rows = [row.conversation.id for row in conversation_list.listed(db, narrowed, NOW)]
            assert narrowed.limit or conversation_list.count(db, narrowed, NOW) == len(rows)
            return rows

    assert found() == [fresh.id, closing.id, closed.id]
    assert found(agent=rita.id) == [closing.id]
    assert found(agent=NOBODY) == [fresh.id, closed.id]
    assert found(waiting=timedelta(minutes=10)) == [closing.id, closed.id]
    assert found(window="open") == [fresh.id, closing.id]
    assert found(window="closing") == [closing.id]
    assert found(window="closed") == [closed.id]
    assert found(unread=True) == [fresh.id, closing.id]
    assert found(sort="waiting", limit=2) == [closed.id, closing.id]
    assert found(statuses=["resolved"]) == []


def test_the_list_shows_only_the_organisations_own(store: Store, org: int, number: int) -> None:
    people.wrote(store, number)
    other = make_org(store, "outra")
    theirs = people.wrote(store, make_number(store, other))
    with store.read(other) as db:
        assert [row.conversation.id for row in conversation_list.listed(db, Filter(), NOW)] == [theirs.id]
        assert conversation_list.count(db, Filter(), NOW) == 1
