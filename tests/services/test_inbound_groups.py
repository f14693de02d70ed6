"""What is written in a group is not lost without a word: it is quarantined, and shown with a reason."""

from __future__ import annotations

from hashlib import sha256

import orjson
from sqlmodel import select

from pytake_cli.services import inbound
from pytake_cli.store import Store, journal
from pytake_cli.store.journal import Quarantine
from pytake_cli.store.messages import Message
from pytake_cli.store.numbers import Number
from tests.kit import bodies
from tests.kit.stores import NOW, make_number, make_org


def test_a_message_in_a_group_is_quarantined_with_its_reason(store: Store) -> None:
    number_id = make_number(store, make_org(store))
    with store.read() as db:
        number = db.get_one(Number, number_id).phone_number_id
    payload = orjson.loads(bodies.message("5511968184101", number=number).data)
    payload["entry"][0]["changes"][0]["value"]["messages"][0]["group_id"] = "120363"
    body = orjson.dumps(payload)
    journal.append(store, [journal.Received("", body, sha256(body).digest())], NOW)
    assert inbound.drain(store, NOW).quarantined == 1
    with store.read() as db:
        assert [row.reason for row in db.exec(select(Quarantine))] == [
            "a message in a group: conversations are with one person"
        ]
        assert db.exec(select(Message)).all() == []
