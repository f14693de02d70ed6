"""Later messages: after their time, to those who got the first one and did not answer, once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from pytake_cli.errors import Conflict, NotFound, SendError
from pytake_cli.policy.campaigns import Cap, Drip
from pytake_cli.services import campaign_feed, campaign_list, campaigns
from pytake_cli.store import Store
from pytake_cli.store.ledger_counts import fates, skips
from pytake_cli.store.templates import Template
from tests.kit import campaigning
from tests.services.test_campaigns import Shop, refused

LATER: dict[str, Any] = {"drip": (Drip(timedelta(days=2), campaigning.OFFER),), "cap": Cap(0, 0)}


def begun(store: Store, people: int = 3, **more: Any) -> Shop:
    """A campaign with a later message, whose first one everybody has got."""
    shop = Shop(store, people)
    shop.launch(**(LATER | more))
    shop.run()
    return shop


def told(shop: Shop) -> tuple[dict[str, int], dict[str, int]]:
    id_ = shop.campaign("bf-later-1").id or 0
    with shop.store.read() as db:
        return dict(fates(db, id_)), dict(skips(db, id_))


def step(shop: Shop) -> None:
    campaign_feed.step(shop.store, shop.campaign("bf-later-1").id or 0, shop.now, shop.quotas)
    shop.send()


def test_the_later_message_goes_out_after_its_time_and_once(store: Store) -> None:
    shop = begun(store)
    step(shop)
    assert (told(shop)[0], shop.campaign("bf-later-1").recipients) == ({"pending": 3}, 3)
    shop.now += timedelta(days=2)
    for _ in range(3):
        step(shop)
    assert told(shop)[0] == {"sent": 3}
    assert len(shop.accepted) == 6
    following = shop.campaign("bf-later-1")
    assert (following.status, following.recipients) == ("finished", len(shop.accepted) // 2)
    assert shop.campaign().status == "finished"


def test_a_later_message_may_be_of_a_template_that_takes_less(store: Store) -> None:
    shop = Shop(store, 2)
    with store.read() as db:
        waba = db.get_one(Template, shop.template).waba_id
    short = [{"type": "BODY", "text": "Ainda dá tempo de aproveitar."}]
    campaigning.approve(store, shop.org, shop.now, waba=waba, name="ainda", components=short)
    shop.launch(drip=(Drip(timedelta(days=2), "ainda"),), cap=Cap(0, 0))
    shop.run()
    shop.now += timedelta(days=2)
    for _ in range(3):
        step(shop)
    assert told(shop)[0] == {"sent": 2}


def test_whoever_has_answered_gets_no_later_message(store: Store) -> None:
    shop = begun(store)
    shop.now += timedelta(hours=1)
    shop.hears("quero")
    shop.now += timedelta(days=2)
    step(shop)
    assert told(shop)[1] == {"answered": 1}
    assert len(shop.accepted) == 5


def test_whoever_did_not_get_the_first_message_gets_no_later_one(store: Store) -> None:
    shop = Shop(store, 2)
    shop.launch(**LATER)
    shop.step()
    shop.send(1)
    shop.send(1, error=refused(131026))
    shop.now += timedelta(days=2, minutes=1)
    step(shop)
    assert told(shop) == ({"sent": 1, "skipped": 1}, {"not-reached": 1})


def test_whoever_gets_the_first_message_when_it_is_tried_again_gets_the_later_one_in_its_time(store: Store) -> None:
    shop = Shop(store, 30)
    shop.launch(**LATER)
    shop.step()
    shop.send(1, error=refused(131026))
    shop.run()
    shop.now += timedelta(days=3)
    step(shop)
    assert told(shop) == ({"sent": 29, "skipped": 1}, {"not-reached": 1})
    assert shop.on_campaign(campaigns.retry) == 1
    shop.run()
    step(shop)
    assert told(shop)[0] == {"sent": 29, "pending": 1}
    shop.now += timedelta(days=2)
    step(shop)
    step(shop)
    assert told(shop) == ({"sent": 30}, {})
    assert (len(shop.accepted), shop.campaign("bf-later-1").status) == (60, "finished")


def test_a_later_message_for_those_who_answered_too_goes_to_them(store: Store) -> None:
    shop = begun(store, drip=(Drip(timedelta(days=2), campaigning.OFFER, unless_replied=False),))
    shop.now += timedelta(hours=1)
    shop.hears("quero")
    shop.now += timedelta(days=2)
    step(shop)
    assert told(shop)[0] == {"sent": 3}


def test_it_waits_while_nobody_knows_yet_whether_the_first_message_went(store: Store) -> None:
    shop = Shop(store, 1)
    shop.launch(**(LATER | {"drip": (Drip(timedelta(seconds=30), campaigning.OFFER),)}))
    shop.step()
    shop.send(error=SendError("PT-NET", "cut off", retryable=False, unknown=True))
    shop.now += timedelta(seconds=40)
    step(shop)
    assert told(shop) == ({"pending": 1}, {})


def test_later_messages_of_a_finished_campaign_are_paused_resumed_and_cancelled_by_its_name(store: Store) -> None:
    shop = begun(store)
    assert shop.campaign().status == "finished"
    statuses = []
    for change in (campaigns.pause, campaigns.resume, campaigns.cancel):
        shop.on_campaign(change)
        statuses.append(shop.campaign("bf-later-1").status)
    assert statuses == ["paused", "running", "cancelled"]
    with pytest.raises(Conflict, match="cannot be cancelled"):
        shop.on_campaign(campaigns.cancel)
    shop.now += timedelta(days=2)
    step(shop)
    assert len(shop.accepted) == 3


def test_it_waits_for_a_first_message_that_waits_itself(store: Store) -> None:
    shop = Shop(store, 2)
    shop.launch(**LATER)
    shop.step()
    shop.send(1)
    shop.on_campaign(campaigns.pause)
    assert shop.campaign("bf-later-1").status == "paused"
    shop.now += timedelta(days=3)
    shop.on_campaign(campaigns.resume)
    step(shop)
    assert told(shop)[0] == {"sent": 1, "pending": 1}
    shop.run()
    shop.now += timedelta(days=2)
    step(shop)
    step(shop)
    assert told(shop)[0] == {"sent": 2}


def test_cancelling_the_campaign_cancels_its_later_messages(store: Store) -> None:
    shop = Shop(store, 2)
    shop.launch(**LATER)
    shop.step()
    shop.on_campaign(campaigns.cancel)
    assert shop.campaign("bf-later-1").status == "cancelled"


def test_a_campaign_is_deleted_only_after_its_later_messages_are_over(store: Store) -> None:
    shop = begun(store)
    campaign = shop.campaign()
    with pytest.raises(Conflict, match="bf-later-1 is running"):
        campaign_list.delete(store, shop.org, campaign.id or 0)
    shop.now += timedelta(days=2)
    step(shop)
    step(shop)
    campaign_list.delete(store, shop.org, campaign.id or 0)
    assert shop.campaign("bf-later-1").status == "finished"


def test_a_campaign_whose_template_is_gone_stops_and_says_so(store: Store) -> None:
    shop = begun(store, drip=())
    shop.launch(name="b")
    with store.write() as db:
        db.get_one(Template, shop.template).name = "other"
    campaign_feed.step(store, shop.campaign("b").id or 0, shop.now, shop.quotas)
    assert shop.campaign("b").status == "paused"


def test_a_campaign_without_later_messages_has_none(store: Store) -> None:
    shop = begun(store, drip=())
    with pytest.raises(NotFound):
        shop.campaign("bf-later-1")
