"""Whoever opts out while a campaign's message waits in the outbox gets nothing, by whichever way they say it."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from sqlmodel import Session, select

from pytake_cli.services import inbound, incidents
from pytake_cli.store import Store
from pytake_cli.store.contacts import Contact
from pytake_cli.store.numbers import Number
from pytake_cli.whatsapp.webhooks import parse
from tests.kit import campaigning
from tests.services.test_campaigns import Shop

WA_ID = campaigning.phone(0)


def says(shop: Shop, words: str) -> None:
    at = str(int(shop.now.timestamp()))
    message = {"from": WA_ID, "id": f"wamid.{words}", "timestamp": at, "type": "text", "text": {"body": words}}
    comes(shop, "messages", {"messages": [message]})


def prefers(shop: Shop, value: str) -> None:
    said = {"wa_id": WA_ID, "detail": "", "category": "marketing_messages", "value": value}
    comes(shop, "user_preferences", {"user_preferences": [said | {"timestamp": int(shop.now.timestamp())}]})


def comes(shop: Shop, field: str, value: dict[str, Any]) -> None:
    """A webhook, as Meta sends it."""
    with shop.store.write() as db:
        number = db.get_one(Number, shop.number_id)
        whole = {"messaging_product": "whatsapp", "metadata": {"phone_number_id": number.phone_number_id}, **value}
        entry = {"id": number.waba_id, "changes": [{"field": field, "value": whole}]}
        body = orjson.dumps({"object": "whatsapp_business_account", "entry": [entry]})
        inbound.apply(db, [inbound.Arrived(update) for update in parse(body)], shop.now)


def is_refused_elsewhere(shop: Shop) -> None:
    """Another message to the same person is answered with 131050."""

    def told(db: Session) -> None:
        number = db.get_one(Number, shop.number_id)
        contact = db.exec(select(Contact.id)).one()
        incidents.after_meta_error(db, 131050, "stopped", number.phone_number_id, contact, shop.now)

    with shop.store.write() as db:
        told(db)


WAYS = {
    "by word": lambda shop: says(shop, "PARAR"),
    "by WhatsApp's own button": lambda shop: prefers(shop, "stop"),
    "by Meta's refusal": is_refused_elsewhere,
}


@pytest.mark.parametrize("way", WAYS)
def test_nothing_goes_to_whoever_opts_out_between_the_launch_and_the_claim(store: Store, way: str) -> None:
    shop = Shop(store, people=1)
    shop.launch()
    WAYS[way](shop)
    shop.run()
    assert shop.accepted == []


@pytest.mark.parametrize("way", WAYS)
def test_nothing_goes_to_whoever_opts_out_while_the_message_is_queued(store: Store, way: str) -> None:
    shop = Shop(store, people=1)
    shop.launch()
    shop.step()
    WAYS[way](shop)
    shop.run()
    assert shop.accepted == []
    assert campaigning.plan(store, shop.org, shop.now, name="another").recipients == 0


def test_whoever_comes_back_by_whatsapps_own_button_is_in_the_next_campaign(store: Store) -> None:
    shop = Shop(store, people=1)
    prefers(shop, "stop")
    assert campaigning.plan(store, shop.org, shop.now).recipients == 0
    prefers(shop, "resume")
    assert campaigning.plan(store, shop.org, shop.now, name="another").recipients == 1
