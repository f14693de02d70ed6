"""Messages as people look for them, and the trace of one, on SQLite and on PostgreSQL."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

import orjson
import pytest

from pytake_cli.errors import Conflict, InvalidData, NotFound
from pytake_cli.services import conversations, messages
from pytake_cli.services.messages import Filter
from pytake_cli.services.trace import trace
from pytake_cli.store import Store
from pytake_cli.store.conversations import Conversation
from pytake_cli.store.jobs import Job
from pytake_cli.store.journal import Journal
from pytake_cli.store.messages import Message, StatusEvent
from tests.kit import people
from tests.kit.stores import NOW, make_number, make_org


@pytest.fixture
def org(store: Store) -> int:
    return make_org(store)


@pytest.fixture
def number(store: Store, org: int) -> int:
    return make_number(store, org)


def test_a_message_is_found_by_number_wamid_and_the_beginning_of_one(store: Store, org: int, number: int) -> None:
    conversation = people.wrote(store, number)
    with store.write(org) as db:
        message = people.outgoing(db, conversation, "olá")
    assert message.wamid
    with store.read(org) as db:
        for ref in (str(message.id), message.wamid, message.wamid[:-4], message.wamid.removeprefix("wamid.")[:-3]):
            assert messages.find(db, ref).id == message.id


def test_a_beginning_that_fits_several_names_them(store: Store, org: int, number: int) -> None:
    conversation = people.wrote(store, number)
    with store.write(org) as db:
        people.outgoing(db, conversation, "olá")
    with store.read(org) as db, pytest.raises(Conflict) as caught:
        messages.find(db, "wamid.HBgNNTUx")
    assert caught.value.slug == "PT-MESSAGE-AMBIGUOUS"


@pytest.mark.parametrize(("ref", "error"), [("999", NotFound), ("wamid.nosuch", NotFound), ("x", InvalidData)])
def test_what_is_not_found_says_so(store: Store, org: int, ref: str, error: type[Exception]) -> None:
    with store.read(org) as db, pytest.raises(error):
        messages.find(db, ref)


def test_another_organisations_message_is_not_found(store: Store, org: int, number: int) -> None:
    conversation = people.wrote(store, number)
    with store.write(org) as db:
        message = people.outgoing(db, conversation, "olá")
    other = make_org(store, "outra")
    assert message.wamid
    with store.read(other) as db:
        for ref in (str(message.id), message.wamid, message.wamid[:-4]):
            with pytest.raises(NotFound):
                messages.find(db, ref)
        assert messages.listed(db, Filter()) == []


def test_the_list_is_newest_first_and_narrowed(store: Store, org: int, number: int) -> None:
    conversation = people.wrote(store, number, "um")
    people.wrote(store, number, "outra pessoa")
    with store.write(org) as db:
        people.outgoing(db, conversation, "dois", status="failed")
        people.outgoing(db, conversation, "três", status="delivered", at=NOW + timedelta(hours=1))

    def found(**wanted: object) -> list[str]:
        with store.read(org) as db:
            narrowed = Filter(**wanted)  # type: ignore[arg-type]
            texts = [row.message.text for row in messages.listed(db, narrowed)]
            assert narrowed.limit or messages.count(db, narrowed) == len(texts)
            return texts

    assert found() == ["três", "dois", "outra pessoa", "um"]
    assert found(conversation_id=conversation.id) == ["três", "dois", "um"]
    assert found(direction="in") == ["outra pessoa", "um"]
    assert found(statuses=["failed"]) == ["dois"]
    assert found(since=NOW + timedelta(minutes=1)) == ["três"]
    assert found(contact_id=conversation.contact_id, limit=1) == ["três"]


def test_words_are_found_in_messages_notes_and_names(store: Store, org: int, number: int) -> None:
    conversation = people.wrote(store, number, "quero o boleto", name="Boleto da Silva")
    with store.write(org) as db:
        conversations.add_note(db, conversation, "boleto já foi", by=None, now=NOW + timedelta(minutes=1))
    with store.read(org) as db:
        hits = messages.search_words(db, "boleto", org=org)
        assert [hit.place for hit in hits] == ["notes", "messages", "contacts"]
        only = messages.search_words(db, "boleto", org=org, places=["messages"], since=NOW)
        assert [(hit.place, hit.conversation_id) for hit in only] == [("messages", conversation.id)]


def webhook(store: Store, number_phone_id: str, *, at: datetime, applied_at: datetime, **value: object) -> int:
    change = {"field": "messages", "value": {"messaging_product": "whatsapp", **value}}
    metadata = {"display_phone_number": "551140001234", "phone_number_id": number_phone_id}
    change["value"]["metadata"] = metadata  # type: ignore[index]
    body = orjson.dumps({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [change]}]})
    with store.write() as db:
        row = Journal(digest=hashlib.sha256(body).digest(), body=body, received_at=at, applied_at=applied_at)
        db.add(row)
        db.flush()
        return row.id or 0


def phone_number_id(store: Store, conversation: Conversation) -> str:
    with store.read() as db:
        return conversations.show(db, conversation).number.phone_number_id


def test_the_trace_of_a_customers_message_begins_with_its_webhook(store: Store, org: int, number: int) -> None:
    conversation = people.wrote(store, number, "oi")
    wamid = "wamid.HBgN/with/slashes+A=="
    later = NOW + timedelta(seconds=2)
    asked = {"from": "5511968184101", "id": wamid, "timestamp": "1795359600", "type": "text", "text": {"body": "ei"}}
    number_id = phone_number_id(store, conversation)
    for _ in range(3):
        webhook(store, number_id, at=NOW, applied_at=NOW, messages=[{**asked, "id": f"{wamid}{_}"}])
    journal = webhook(store, number_id, at=NOW + timedelta(seconds=1), applied_at=later, messages=[asked])
    webhook(store, number_id, at=NOW + timedelta(hours=1), applied_at=NOW, messages=[{**asked, "id": "wamid.other"}])
    with store.write(org) as db:
        message = people.incoming(db, conversation, "ei", at=later, wamid=wamid)
        job = Job(org_id=org, kind="read.receipt", key=f"read:{wamid}", due_at=later, created_at=later)
        db.add(job)
    with store.read(org) as db:
        steps = trace(db, messages.find(db, wamid)).steps
    assert [step.what for step in steps] == ["webhook", "applied", "message", "conversation", "job"]
    assert steps[0].data["journal"] == journal
    assert steps[1].data["seconds"] == 1.0
    assert message.id == steps[2].data["message"]


def test_the_trace_of_our_message_ends_with_metas_last_word(store: Store, org: int, number: int) -> None:
    conversation = people.wrote(store, number, "oi")
    with store.write(org) as db:
        message = people.outgoing(db, conversation, "olá", status="read")
        assert message.wamid
        for seconds, status in ((1, "sent"), (2, "delivered"), (3, "read")):
            db.add(_status(message, status, NOW + timedelta(seconds=seconds)))
    told = {"id": message.wamid, "status": "read", "timestamp": "1795359600", "recipient_id": "5511968184101"}
    journal = webhook(store, phone_number_id(store, conversation), at=NOW, applied_at=NOW, statuses=[told])
    with store.read(org) as db:
        traced = trace(db, messages.find(db, str(message.id)))
    whats = [step.what for step in traced.steps]
    assert whats == ["queued", "conversation", "claimed", "request", "sent", "status", "status", "status"]
    request = traced.steps[3].data
    assert request["path"].endswith("/messages")
    assert request["body"]["text"] == {"body": "olá"}
    assert request["body"]["biz_opaque_callback_data"].endswith(f".{message.id}.1")
    assert traced.steps[-1].data["journal"] == journal


def _status(message: Message, status: str, at: datetime) -> StatusEvent:
    return StatusEvent(
        org_id=message.org_id, message_id=message.id, wamid=message.wamid or "", status=status, at=at, received_at=at
    )


def test_the_trace_of_a_failure_names_the_code(store: Store, org: int, number: int) -> None:
    conversation = people.wrote(store, number, "oi")
    with store.write(org) as db:
        message = people.outgoing(db, conversation, "olá", status="failed")
        message.error_code, message.error, message.failed_at = 131026, "undeliverable", NOW + timedelta(seconds=9)
    with store.read(org) as db:
        last = trace(db, messages.find(db, str(message.id))).steps[-1]
    assert (last.what, last.data["code"]) == ("error", 131026)


def test_the_trace_of_a_queued_message_says_what_it_waits_for(store: Store, org: int, number: int) -> None:
    conversation = people.wrote(store, number, "oi")
    with store.write(org) as db:
        message = people.outgoing(db, conversation, "amanhã", status="queued")
        message.due_at = NOW + timedelta(hours=3)
    with store.read(org) as db:
        steps = trace(db, messages.find(db, str(message.id))).steps
    assert (steps[-1].what, steps[-1].at) == ("waits", NOW + timedelta(hours=3))
    assert [step.data["attempts"] for step in steps if step.what == "request"] == [0]
