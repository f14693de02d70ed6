"""What Meta says about a person keeps campaigns from them: a day when it withheld, a week when nobody is there."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlmodel import select

from pytake_cli.services import campaigns
from pytake_cli.store import Store, ledger_counts
from pytake_cli.store.contacts import Contact
from pytake_cli.whatsapp.webhooks import WireError
from tests.kit import campaigning
from tests.services.test_campaigns import Shop, refused
from tests.services.test_sending import Outbox


def held_until(store: Store) -> datetime | None:
    with store.read() as db:
        return db.exec(select(Contact.marketing_held_until)).one()


def test_whom_meta_withholds_marketing_from_is_in_no_campaign_for_a_day(store: Store) -> None:
    shop = Shop(store, people=1)
    shop.launch()
    shop.step()
    shop.send(error=refused(131049))
    assert held_until(store) == shop.now + timedelta(hours=24)
    left_out = campaigning.plan(store, shop.org, shop.now, name="another").content["exclusions"]
    assert [(each["reason"], each["count"]) for each in left_out] == [("held", 1)]
    shop.now += timedelta(hours=24)
    assert campaigning.plan(store, shop.org, shop.now, name="another").recipients == 1


def test_trying_again_does_not_loop_on_whom_meta_withholds_marketing_from(store: Store) -> None:
    shop = Shop(store, people=1)
    shop.launch()
    shop.step()
    shop.send(error=refused(131049))
    shop.run()
    shop.on_campaign(campaigns.retry)
    shop.run()
    assert shop.accepted == []
    with store.read() as db:
        assert ledger_counts.skips(db, shop.campaign().id or 0) == {"held": 1}


@pytest.mark.parametrize(("codes", "held"), [((131026,), False), ((131026, 131026), True), ((131026, None), False)])
def test_whom_nothing_reached_twice_in_a_row_is_in_no_campaign_for_a_week(
    store: Store, codes: tuple[int | None, ...], held: bool
) -> None:
    outbox = Outbox(store)
    contact = outbox.contact("5511968184101")
    for code in codes:
        message = outbox.queue(contact)
        outbox.accept(outbox.claim())
        if code is None:
            outbox.report("delivered", wamid=f"wamid.{message}")
        else:
            outbox.report("failed", wamid=f"wamid.{message}", errors=(WireError(code, "Undeliverable", ""),))
    assert (held_until(store) is not None) == held


def test_a_refusal_that_comes_before_its_answer_is_about_the_person_all_the_same(store: Store) -> None:
    outbox = Outbox(store)
    message = outbox.queue(outbox.contact("5511968184101"))
    handoffs = outbox.claim()
    outbox.report("failed", wamid=f"wamid.{message}", errors=(WireError(131050, "Stopped marketing", ""),))
    outbox.accept(handoffs)
    with store.read() as db:
        assert db.exec(select(Contact.marketing_stopped_at)).one() is not None
