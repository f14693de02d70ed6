"""Two who do the same thing at once, in transactions of their own: on PostgreSQL neither waits for the other."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from sqlmodel import select

from pytake_cli.errors import Conflict, SendError
from pytake_cli.services import conversations, inbound, outbound, sending
from pytake_cli.store import Store
from pytake_cli.store.conversations import QUEUED, RESOLVED, Conversation
from pytake_cli.store.messages import Message
from tests.kit.stores import NOW
from tests.services.test_inbound import Door
from tests.services.test_sending import ME, Outbox


def test_one_key_sends_once_whoever_else_uses_it_at_the_same_moment(store: Store) -> None:
    outbox = Outbox(store)
    ana = outbox.contact("5511968184101")
    with ThreadPoolExecutor(8) as threads:
        ids = set(threads.map(lambda _: outbox.queue(ana, client_key="order-7"), range(8)))
    assert len(ids) == 1


def test_a_message_that_comes_while_its_conversation_is_being_resolved_opens_another(store: Store) -> None:
    door = Door(store)
    door.says("oi")
    door.drain()
    door.says("mais uma coisa")
    drained = threading.Thread(target=inbound.drain, args=(store, NOW))
    with store.write() as db:
        conversations.resolve(db, db.exec(select(Conversation)).one(), by=None, now=NOW)
        drained.start()
        drained.join(0.5)  # it waits, or has looked already
    drained.join()
    assert sorted(row.status for row in door.rows(Conversation)) == sorted([RESOLVED, QUEUED])


def test_a_message_that_a_sender_has_just_claimed_cannot_be_cancelled(store: Store) -> None:
    outbox = Outbox(store)
    id_ = outbox.queue(outbox.contact("5511968184101"))
    with store.read() as before:
        seen = before.get_one(Message, id_)
    assert seen.status == "queued"
    outbox.claim()
    with pytest.raises(Conflict), store.write() as db:
        outbound.cancel(db, db.merge(seen, load=False), outbox.now)


def test_a_number_that_is_stopped_while_somebody_claims_sends_nothing_more(store: Store, store_url: str) -> None:
    outbox = Outbox(store)
    outbox.queue(outbox.contact("5511968184101"))
    handoffs = outbox.claim()
    rival = Store(store_url)
    stop = threading.Thread(target=refuse_for_token, args=(rival, handoffs, outbox))

    def meanwhile(connection: object, cursor: object, statement: str, *rest: object) -> None:
        if "FROM message AS m" in statement and stop.ident is None:
            stop.start()
            stop.join(0.5)  # on SQLite it waits for us

    sa.event.listen(store.writer, "before_cursor_execute", meanwhile)
    outbox.later(5)
    outbox.queue(outbox.contact("5511968184102"))
    stopped_before = outbox.claim()
    stop.join()
    rival.close()
    assert [one.id for one in stopped_before] == [] or store.is_sqlite
    assert outbox.message(handoffs[0].id).status == "queued"


def refuse_for_token(store: Store, handoffs: list[sending.Handoff], outbox: Outbox) -> None:
    error = SendError("PT-WA", "refused", retryable=False, code=190)
    sending.record(store, ME, [sending.Outcome(one, error=error) for one in handoffs], outbox.now)
