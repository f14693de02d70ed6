"""The faults of the first PyTake's campaigns (D4-D9, D16, D24): none of them comes back."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from pytake_cli.services import campaigns
from pytake_cli.store import Store
from pytake_cli.store.campaigns import Campaign, recipient
from tests.services.test_campaigns import Shop


def test_d4_a_campaign_started_by_hand_runs(store: Store) -> None:
    shop = Shop(store, people=2)
    assert shop.launch().status == "running"
    shop.run()
    assert shop.campaign().status == "finished"


def test_d5_resuming_queues_the_rest_again(store: Store) -> None:
    shop = Shop(store, people=4)
    shop.launch()
    shop.on_campaign(campaigns.pause)
    shop.on_campaign(campaigns.resume)
    shop.run()
    assert len(shop.accepted) == 4


def test_d7_and_d8_looking_again_at_a_campaign_never_sends_again(store: Store) -> None:
    shop = Shop(store, people=3)
    shop.launch()
    for _ in range(5):
        shop.step()
        shop.send()
    assert len(shop.accepted) == len(set(shop.accepted)) == 3


def test_d9_a_pause_takes_effect_between_two_messages_and_does_not_end_the_campaign(store: Store) -> None:
    shop = Shop(store, people=5)
    shop.launch()
    shop.step()
    shop.send(limit=1)
    shop.on_campaign(campaigns.pause)
    assert shop.send() == 0
    shop.now += timedelta(minutes=1)
    shop.step()
    assert (shop.campaign().status, len(shop.accepted)) == ("paused", 1)


def test_d24_sending_rewrites_only_the_row_of_who_is_sent_to(store: Store) -> None:
    shop = Shop(store, people=3)
    before = shop.launch().definition
    shop.run()
    with store.read() as db:
        assert db.get_one(Campaign, shop.campaign().id).definition == before
        states = db.connection().execute(sa.select(recipient.c.state, recipient.c.message_id)).all()
    assert len({row.message_id for row in states}) == 3
