"""What tests of the inbox begin with: an agent as a principal, and a customer who writes as Meta would tell it."""

from __future__ import annotations

import itertools
from datetime import datetime

import orjson
from sqlmodel import select

from pytake_cli.services import inbound
from pytake_cli.services.inbound import Arrived
from pytake_cli.services.principals import Principal
from pytake_cli.store import Store
from pytake_cli.store.contacts import Identity
from pytake_cli.store.numbers import Number
from pytake_cli.store.users import User
from pytake_cli.whatsapp.webhooks import parse

_serial = itertools.count(1)
AGENT = frozenset({"conversations:read", "conversations:write"})
MANAGER = AGENT | {"conversations:manage"}


def principal(org: int, user: User, rights: frozenset[str] = AGENT) -> Principal:
    return Principal(org, user.id, user.name, "AGENT", rights, "session")


def says(store: Store, number_id: int, contact_id: int, words: str, at: datetime) -> None:
    """The customer writes, and it is applied."""
    with store.write() as db:
        number = db.get_one(Number, number_id)
        mine = select(Identity).where(Identity.contact_id == contact_id, Identity.kind == "phone")
        phone = db.exec(mine).first()
        assert phone is not None
        message = {
            "from": phone.value,
            "id": f"wamid.stage.{next(_serial)}",
            "timestamp": str(int(at.timestamp())),
            "type": "text",
            "text": {"body": words},
        }
        value = {
            "messaging_product": "whatsapp",
            "metadata": {"display_phone_number": "551140001234", "phone_number_id": number.phone_number_id},
            "contacts": [{"profile": {"name": "Karina"}, "wa_id": phone.value}],
            "messages": [message],
        }
        changes = [{"field": "messages", "value": value}]
        body = {"object": "whatsapp_business_account", "entry": [{"id": number.waba_id, "changes": changes}]}
        inbound.apply(db, [Arrived(update) for update in parse(orjson.dumps(body))], at)
