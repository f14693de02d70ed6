"""Queues, replays and the overview: what waits is seen, moved and counted, each organisation's for itself."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import orjson
import pytest
from sqlmodel import select

from pytake_cli.errors import Conflict, InvalidData, NotFound, PytakeError
from pytake_cli.services import inbound, outbound, overview, queues, recently, replays
from pytake_cli.store import Store
from pytake_cli.store.jobs import Job
from pytake_cli.store.journal import Journal, Quarantine
from pytake_cli.store.messages import Message
from pytake_cli.store.numbers import Number
from pytake_cli.whatsapp import messages as wire
from tests.kit.people import outgoing, wrote
from tests.kit.stores import NOW, make_number, make_org


def queued(store: Store, number_id: int) -> int:
    conversation = wrote(store, number_id)
    with store.write() as db:
        number = db.get_one(Number, number_id)
        message = outbound.queue(
            db, number=number, contact_id=conversation.contact_id, outgoing=wire.text("oi"), origin="agent", now=NOW
        )
        assert message.id is not None
        return message.id


def failed_job(store: Store, org_id: int) -> int:
    with store.write() as db:
        job = Job(org_id=org_id, kind="media", key=f"media:{org_id}", state="failed", due_at=NOW, attempts=5,
                  error="Traceback …\nOSError: disk full", created_at=NOW)  # fmt: skip
        db.add(job)
        db.flush()
        assert job.id is not None
        return job.id


def put(store: Store, phone_number_id: str, wamid: str = "wamid.A1") -> int:
    """Journals a text message to the number."""
    metadata = {"display_phone_number": "551140001234", "phone_number_id": phone_number_id}
    message = {"from": "5511968184101", "id": wamid, "timestamp": str(int(NOW.timestamp())), "type": "text",
               "text": {"body": "oi"}}  # fmt: skip
    value = {"messaging_product": "whatsapp", "metadata": metadata, "messages": [message],
             "contacts": [{"wa_id": "5511968184101", "profile": {"name": "Ana"}}]}  # fmt: skip
    body = orjson.dumps({"object": "whatsapp_business_account",
                         "entry": [{"id": "1000", "changes": [{"field": "messages", "value": value}]}]})  # fmt: skip
    with store.write() as db:
        row = Journal(digest=hashlib.sha256(body).digest(), body=body, received_at=NOW)
        db.add(row)
        db.flush()
        assert row.id is not None
        return row.id


def test_what_waits_is_one_list_the_oldest_first(store: Store) -> None:
    org_id = make_org(store)
    number_id = make_number(store, org_id)
    message, job = queued(store, number_id), failed_job(store, org_id)
    put(store, "unknown-number")
    inbound.drain(store, NOW + timedelta(seconds=1))
    with store.read(org_id) as db:
        entries = queues.listed(db, org_id)
        assert [entry.id for entry in entries] == [f"message:{message}", f"job:{job}", "quarantine:1"]
        assert [entry.state for entry in entries] == ["queued", "failed", "quarantined"]
        assert entries[1].error == "OSError: disk full"
        assert queues.count(db, org_id) == 3
        assert [entry.id for entry in queues.listed(db, org_id, limit=1)] == [f"message:{message}"]
        assert [entry.id for entry in queues.listed(db, org_id, kinds=("job",))] == [f"job:{job}"]
        assert queues.listed(db, org_id, state="sending") == []


def test_failed_messages_are_listed_only_when_asked_for(store: Store) -> None:
    org_id = make_org(store)
    conversation = wrote(store, make_number(store, org_id))
    with store.write() as db:
        outgoing(db, conversation, "oi", status="failed")
    with store.read(org_id) as db:
        assert queues.listed(db, org_id) == []
        assert [entry.state for entry in queues.listed(db, org_id, state="failed")] == ["failed"]


def test_an_unknown_message_is_sent_again_or_given_up(store: Store) -> None:
    org_id = make_org(store)
    conversation = wrote(store, make_number(store, org_id))
    with store.write() as db:
        first, second = (outgoing(db, conversation, text, status="unknown") for text in ("a", "b"))
        queues.retry(db, first, NOW)
        queues.drop(db, second, NOW)
        assert (first.status, first.possible_duplicate, second.status) == ("queued", True, "failed")


def test_a_failed_job_is_due_again_or_put_away(store: Store) -> None:
    org_id = make_org(store)
    reference = f"job:{failed_job(store, org_id)}"
    with store.write() as db:
        job = queues.find(db, org_id, reference)
        queues.retry(db, job, NOW)
        assert isinstance(job, Job)
        assert (job.state, job.due_at, job.attempts, job.error) == ("queued", NOW, 0, "")
        queues.drop(db, job, NOW)
        assert job.state == "done"
        with pytest.raises(Conflict):
            queues.retry(db, job, NOW)


def test_a_quarantined_update_finds_its_place_once_the_number_is_there(store: Store) -> None:
    org_id = make_org(store)
    journal_id = put(store, "2000")
    inbound.drain(store, NOW)
    with store.write() as db:
        assert queues.listed(db, org_id)[0].error.startswith("no such number")
        db.add(Number(org_id=org_id, phone_number_id="2000", waba_id="1000", portfolio_id="1000",
                      display="+551140001234", created_at=NOW))  # fmt: skip
    with store.write() as db:
        row = queues.find(db, org_id, "quarantine:1")
        queues.retry(db, row, NOW + timedelta(seconds=1))
    with store.write() as db:
        assert queues.listed(db, org_id) == []
        assert [message.text for message in db.exec(select(Message))] == ["oi"]
        again = replays.replay(db, replays.find(db, org_id, f"wh_{journal_id}"), NOW)
        assert (again.updates, again.messages, again.quarantined) == (1, 0, 0)


def test_an_update_that_fails_again_stays_in_quarantine(store: Store) -> None:
    org_id = make_org(store)
    put(store, "2000")
    inbound.drain(store, NOW)
    with store.write() as db:
        row = queues.find(db, org_id, "quarantine:1")
        queues.retry(db, row, NOW + timedelta(seconds=1))
    with store.read(org_id) as db:
        assert len(queues.listed(db, org_id)) == 1


def test_a_dropped_update_is_settled(store: Store) -> None:
    org_id = make_org(store)
    put(store, "2000")
    inbound.drain(store, NOW)
    with store.write() as db:
        queues.drop(db, queues.find(db, org_id, "quarantine:1"), NOW)
    with store.read() as db:
        assert db.get_one(Quarantine, 1).settled_at == NOW
        assert replays.quarantined(db, org_id) == []


@pytest.mark.parametrize(
    "reference", ["", "x", "message:", "job:x", "thing:1", "message:²", "job:-1", "job:" + "9" * 30]
)
def test_what_names_nothing_is_refused(store: Store, reference: str) -> None:
    org_id = make_org(store)
    with store.read() as db, pytest.raises((InvalidData, NotFound)):
        queues.find(db, org_id, reference)


def test_one_organisation_neither_sees_nor_moves_anothers(store: Store) -> None:
    first, second = make_org(store, "a"), make_org(store, "b")
    number_id = make_number(store, first)
    references = [f"message:{queued(store, number_id)}", f"job:{failed_job(store, first)}"]
    with store.read() as db:
        phone_number_id = db.get_one(Number, number_id).phone_number_id
    journal_id = put(store, phone_number_id)
    with store.write() as db:
        db.add(Quarantine(journal_id=journal_id, org_id=first, reason="x", created_at=NOW))
        db.add(Quarantine(journal_id=journal_id, org_id=None, reason="x", created_at=NOW))
        db.add(Quarantine(journal_id=None, org_id=None, reason="nobody's", created_at=NOW))
    with store.read(second) as db:
        assert queues.listed(db, second) == []
        assert replays.quarantined(db, second) == []
        for reference in (*references, "quarantine:1", "quarantine:2", "quarantine:3"):
            with pytest.raises(NotFound):
                queues.find(db, second, reference)
        with pytest.raises(NotFound):
            replays.find(db, second, str(journal_id))
        view = overview.of(db, second, NOW)
        assert (view.outbox, view.jobs_failed, view.quarantined, view.windows_open) == ({}, 0, 0, 0)
    with store.read(first) as db:
        assert len(queues.listed(db, first)) == 4
        assert [row.id for row in replays.quarantined(db, first)] == [1, 2]


def test_the_overview_counts_what_waits_and_whose_window_closes(store: Store) -> None:
    org_id = make_org(store)
    number_id = make_number(store, org_id)
    queued(store, number_id)
    wrote(store, number_id, at=NOW - timedelta(hours=23))
    wrote(store, number_id, at=NOW - timedelta(hours=25))
    failed_job(store, org_id)
    put(store, "unknown-number")
    with store.read(org_id) as db:
        view = overview.of(db, org_id, NOW)
    assert view.outbox == {"queued": 1}
    assert view.oldest_queued_at == NOW
    assert (view.windows_open, view.windows_closing) == (2, 1)
    assert (view.jobs_failed, view.journal_backlog) == (1, 1)
    assert view.last_webhook_at == NOW
    assert sum(view.conversations.values()) == 3
    assert view.oldest_waiting_at == NOW - timedelta(hours=25)


def test_everything_that_can_be_refused_has_a_slug(store: Store) -> None:
    org_id = make_org(store)
    with store.write() as db:
        db.add(Quarantine(journal_id=None, org_id=org_id, reason="x", created_at=NOW))
    with store.write() as db, pytest.raises(PytakeError) as caught:
        queues.retry(db, queues.find(db, org_id, "quarantine:1"), NOW)
    assert caught.value.slug == "PT-QUEUE-NO-JOURNAL"


def test_where_a_moment_begins_is_found_by_halving(store: Store) -> None:
    number_id = make_number(store, make_org(store))
    with store.read() as db:
        assert recently.first_id(db, NOW) == 0
    ids = []
    for hours in range(20, 0, -1):
        conversation = wrote(store, number_id, at=NOW - timedelta(hours=hours))
        with store.write() as db:
            message = outgoing(db, conversation, "oi", at=NOW - timedelta(hours=hours))
            ids.append(message.id or 0)
            if hours % 3 == 0:
                db.delete(message)  # gaps
    with store.read() as db:
        for hours in range(22):
            since = NOW - timedelta(hours=hours)
            young = db.exec(select(Message.id).where(Message.created_at >= since)).all()
            first = recently.first_id(db, since)
            assert set(young) == set(db.exec(select(Message.id).where(Message.id >= first)))  # type: ignore[operator]
