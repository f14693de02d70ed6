"""Merging: two contacts become one and nothing of either is lost."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import SQLModel, select

from pytake_cli.errors import Conflict, NotFound
from pytake_cli.services import contacts, merging
from pytake_cli.store import Store, tags, upkeep
from pytake_cli.store.contacts import Consent, Contact, ServiceWindow
from pytake_cli.store.conversations import BOT, BY_BOT, BY_PEOPLE, OPEN, QUEUED, RESOLVED, Conversation, Note
from pytake_cli.store.events import Event
from pytake_cli.store.flow_sessions import FlowSession
from pytake_cli.store.messages import IN, Message
from pytake_cli.store.timers import Timer
from pytake_cli.whatsapp.webhooks import Person
from tests.kit import flows
from tests.kit.stores import NOW, make_number, make_org

LATER = NOW + timedelta(hours=1)


class Shop:
    """An organisation with a number, and two contacts who may be one."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.org = make_org(store)
        self.number = make_number(store, self.org)
        with store.write() as db:
            self.ana, self.other = contacts.resolve(db, self.org, "p", [Person(wa_id="551"), Person(user_id="B")], NOW)
        self._serial = 0

    def talk(self, contact: int, *texts: str, status: str = QUEUED, number: int | None = None) -> int:
        with self.store.write() as db:
            conversation = Conversation(
                org_id=self.org,
                number_id=number or self.number,
                contact_id=contact,
                status=status,
                unread_count=len(texts),
                waiting_since=NOW,
                preview=texts[-1],
                last_message_at=NOW + timedelta(minutes=len(texts)),
                created_at=NOW,
            )
            db.add(conversation)
            db.flush()
            assert conversation.id is not None
            for text in texts:
                self._serial += 1
                db.add(
                    Message(
                        org_id=self.org,
                        number_id=conversation.number_id,
                        contact_id=contact,
                        conversation_id=conversation.id,
                        direction=IN,
                        origin="contact",
                        kind="text",
                        text=text,
                        wamid=f"wamid.{self._serial}",
                        at=NOW,
                        created_at=NOW,
                    )
                )
            db.add(Note(org_id=self.org, conversation_id=conversation.id, body=f"note of {texts[0]}", created_at=NOW))
            return conversation.id

    def merge(self) -> Contact:
        with self.store.write() as db:
            return contacts.merge(db, self.ana, self.other, LATER)


@pytest.fixture
def shop(store: Store) -> Shop:
    return Shop(store)


def test_two_unresolved_conversations_become_the_older_with_the_words_of_both(shop: Shop) -> None:
    older = shop.talk(shop.ana, "um")
    newer = shop.talk(shop.other, "dois", "três", status=OPEN)
    shop.merge()
    with shop.store.read() as db:
        kept, gone = db.get_one(Conversation, older), db.get_one(Conversation, newer)
        assert (kept.status, kept.unread_count, kept.preview) == (OPEN, 3, "três")
        assert (gone.status, gone.resolved_at, gone.contact_id) == (RESOLVED, LATER, shop.ana)
        words = db.exec(select(Message.text).where(Message.conversation_id == older).order_by(Message.text)).all()
        assert list(words) == ["dois", "três", "um"]
        notes = db.exec(select(Note.body).where(Note.conversation_id == older)).all()
        assert sorted(notes) == ["note of dois", "note of um"]
    assert upkeep.check(shop.store) == []


def test_resolved_conversations_and_those_on_other_numbers_stay_as_they_are(shop: Shop) -> None:
    second = make_number(shop.store, shop.org)
    history = [
        shop.talk(shop.ana, "a", status=RESOLVED),
        shop.talk(shop.other, "b", status=RESOLVED),
        shop.talk(shop.ana, "c"),
        shop.talk(shop.other, "d", number=second),
    ]
    shop.merge()
    with shop.store.read() as db:
        rows = [db.get_one(Conversation, id_) for id_ in history]
        assert [row.status for row in rows] == [RESOLVED, RESOLVED, QUEUED, QUEUED]
        assert {row.contact_id for row in rows} == {shop.ana}
    assert upkeep.check(shop.store) == []


def test_the_latest_window_the_consents_and_the_blank_fields_come_along(shop: Shop) -> None:
    with shop.store.write() as db:
        ana, other = db.get_one(Contact, shop.ana), db.get_one(Contact, shop.other)
        ana.fields, ana.name = {"city": "Campinas"}, "Ana"
        other.fields, other.language = {"city": "?", "plan": "gold"}, "pt-BR"
        for contact, at in ((shop.ana, NOW), (shop.other, LATER)):
            db.add(ServiceWindow(org_id=shop.org, number_id=shop.number, contact_id=contact, last_inbound_at=at))
            db.add(Consent(org_id=shop.org, contact_id=contact, granted=False, source="word", at=at))
    kept = shop.merge()
    assert (kept.name, kept.language, kept.fields) == ("Ana", "pt-BR", {"city": "Campinas", "plan": "gold"})
    assert kept.marketing_stopped_at == LATER
    with shop.store.read() as db:
        [window] = db.exec(select(ServiceWindow)).all()
        assert (window.contact_id, window.last_inbound_at) == (shop.ana, LATER)
        assert [row.contact_id for row in db.exec(select(Consent))] == [shop.ana, shop.ana]


def test_the_one_given_up_points_to_the_other_and_so_does_who_was_merged_into_it(shop: Shop) -> None:
    with shop.store.write() as db:
        [third] = contacts.resolve(db, shop.org, "p", [Person(wa_id="553")], NOW)
        contacts.merge(db, shop.other, third, NOW)
    shop.merge()
    with shop.store.read() as db:
        assert db.get_one(Contact, shop.other).merged_into_id == shop.ana
        assert db.get_one(Contact, third).merged_into_id == shop.ana
        assert contacts.lookup(db, shop.org, f"contact:{third}").id == shop.ana
        events = [row.payload for row in db.exec(select(Event).where(Event.kind == "contact:updated"))]
        assert {"contact": shop.ana, "merged": shop.other} in events
    assert upkeep.check(shop.store) == []


def test_a_merged_contact_cannot_be_merged_again_nor_with_itself(shop: Shop) -> None:
    shop.merge()
    for keep, other, error in (
        (shop.ana, shop.other, Conflict),
        (shop.ana, shop.ana, Conflict),
        (shop.ana, 999, NotFound),
    ):
        with pytest.raises(error), shop.store.write() as db:
            contacts.merge(db, keep, other, LATER)


def test_contacts_of_two_organisations_are_never_one(shop: Shop) -> None:
    there = make_org(shop.store, "outra")
    with shop.store.write() as db:
        [foreign] = contacts.resolve(db, there, "p", [Person(wa_id="551")], NOW)
    with pytest.raises(AssertionError), shop.store.write() as db:
        contacts.merge(db, shop.ana, foreign, LATER)


def test_every_column_that_refers_to_a_contact_is_thought_of() -> None:
    """A new table with a contact needs a line in merging.MOVED, or a thought like conversations and windows had."""
    thought_of = {table.__tablename__ for table in merging.MOVED} | {
        "conversation",
        "service_window",
        "contact",
        "contact_tag",
        "audience_row",
        "recipient",
        "segment_member",
    }
    referring = {
        table.name
        for table in SQLModel.metadata.tables.values()
        for key in table.foreign_keys
        if key.column.table.name == "contact"
    }
    assert referring == thought_of


def test_sessions_timers_and_tags_of_both_are_the_one_persons(shop: Shop) -> None:
    version = flows.publish(shop.store, shop.org, "name: faq")
    older, newer = shop.talk(shop.ana, "um", status=BOT), shop.talk(shop.other, "dois", status=BOT)
    with shop.store.write() as db:
        kept, ended = flows.session(db, older, version), flows.session(db, newer, version)
        for session in (kept, ended):
            db.get_one(Conversation, session.conversation_id).owner = BY_BOT
            times: dict[str, Any] = {"due_at": LATER, "created_at": NOW}
            db.add(Timer(org_id=shop.org, session_id=session.id or 0, token="expire", kind="expire", **times))
        tags.put(db, shop.org, shop.ana, "vip", NOW)
        for name in ("vip", "novo"):
            tags.put(db, shop.org, shop.other, name, NOW)
    with shop.store.write() as db:
        merging.merge(db, shop.ana, shop.other, NOW)
    with shop.store.read() as db:
        sessions = db.exec(select(FlowSession).order_by(FlowSession.id)).all()  # type: ignore[arg-type]
        assert [(row.contact_id, row.conversation_id, row.outcome) for row in sessions] == [
            (shop.ana, older, ""),
            (shop.ana, older, "replaced"),
        ]
        assert [bool(timer.cancelled_at) for timer in db.exec(select(Timer))] == [False, True]
        assert tags.of_contacts(db, [shop.ana, shop.other]) == {shop.ana: ["novo", "vip"]}
    assert upkeep.check(shop.store) == []


def test_a_session_of_one_conversation_ends_when_people_have_the_other(shop: Shop) -> None:
    version = flows.publish(shop.store, shop.org, "name: faq")
    older, newer = shop.talk(shop.ana, "um", status=BOT), shop.talk(shop.other, "dois", status=OPEN)
    with shop.store.write() as db:
        flows.session(db, older, version)
        db.get_one(Conversation, older).owner = BY_BOT
        db.get_one(Conversation, newer).owner = BY_PEOPLE
    with shop.store.write() as db:
        merging.merge(db, shop.ana, shop.other, NOW)
    with shop.store.read() as db:
        assert db.exec(select(FlowSession)).one().outcome == "taken_over"
        assert db.get_one(Conversation, older).owner == BY_PEOPLE
    assert upkeep.check(shop.store) == []
