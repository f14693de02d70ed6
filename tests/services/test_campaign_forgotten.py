"""Reports of campaigns once people are forgotten: the same counts as before, and nobody's name, number or time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import col, select

from pytake_cli.services import (
    campaign_launch,
    campaign_list,
    campaign_report,
    campaigns,
    prices,
    principals,
    privacy,
    retention,
)
from pytake_cli.services.campaign_launch import Order
from pytake_cli.store import Store
from pytake_cli.store.campaigns import Recipient
from pytake_cli.store.contacts import Contact, contact
from pytake_cli.store.forgotten import ForgottenRecipient
from pytake_cli.store.messages import Message
from tests.services.test_campaigns import Shop, refused

MONTH = timedelta(days=31)
PRICING = {"billable": True, "pricing_model": "PMP", "category": "marketing", "type": "regular"}


@pytest.fixture
def shop(store: Store) -> Shop:
    """Of six one read it and answered, two got it, one failed, one is unknown, one was skipped."""
    shop = Shop(store, 6)
    shop.launch()
    with store.write() as db:
        db.get_one(Contact, 6).blocked_at = shop.now
    shop.step()
    shop.send(4)
    shop.send(1, error=refused(131026))
    shop.hears("quero")
    with store.write() as db:
        sent = db.exec(select(Message).where(Message.status == "sent").order_by(col(Message.id))).all()
        for message, status in zip(sent, ("read", "delivered", "delivered", "unknown"), strict=True):
            message.status = status
            if status != "unknown":
                message.delivered_at, message.pricing = shop.now, PRICING
                message.read_at = shop.now if status == "read" else None
    return shop


def told(shop: Shop) -> dict[str, Any]:
    """All that a report counts."""
    with shop.store.read() as db:
        found = campaign_report.report(db, campaigns.get(db, shop.org, "bf"), shop.now + MONTH)
        month = prices.usage(db, shop.org, shop.now - MONTH, shop.now + MONTH)
    return {**found, "failures": [(each["code"], each["count"]) for each in found["failures"]], "month": month}


def test_the_report_says_the_same_after_everybody_was_erased(shop: Shop) -> None:
    before = told(shop)
    assert (before["sent"], before["delivered"], before["read"], before["failed"]) == (3, 3, 1, 1)
    assert (before["unknown"], before["replied"], before["skips"]) == (1, 1, [{"reason": "blocked", "count": 1}])
    assert [row["delivered"] for row in before["usage"]] == [3]
    for id_ in range(1, 7):
        privacy.erase(shop.store, shop.org, id_, principals.local(shop.org), reason="", now=shop.now)
        assert told(shop) == before
    with shop.store.read() as db:
        assert db.exec(select(Recipient)).all() == []
        kept = db.exec(select(ForgottenRecipient).where(ForgottenRecipient.status == "read")).one()
    assert (kept.prefix, kept.delivered_at) == ("BR.", shop.now.replace(minute=0, second=0, microsecond=0))


def test_who_is_forgotten_before_their_turn_is_counted_as_skipped_and_the_campaign_ends(store: Store) -> None:
    shop = Shop(store, 3)
    shop.launch()
    assert retention.forget_people(store, contact.c.id == 2)
    shop.run()
    found = told(shop)
    assert (found["status"], found["sent"], found["waiting"]) == ("finished", 2, 0)
    assert found["skips"] == [{"reason": "gone", "count": 1}]


def test_a_deleted_campaign_takes_along_what_it_kept_of_forgotten_people(shop: Shop) -> None:
    privacy.erase(shop.store, shop.org, 1, principals.local(shop.org), reason="", now=shop.now)
    shop.on_campaign(campaigns.cancel)
    campaign_list.delete(shop.store, shop.org, shop.campaign().id or 0)
    with shop.store.read() as db:
        assert db.exec(select(ForgottenRecipient)).all() == []
    assert not campaign_launch.launch(shop.store, shop.plan(name="natal"), Order(), shop.now).replayed
