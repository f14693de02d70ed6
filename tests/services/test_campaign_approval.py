"""The second person: large launches wait for somebody else, where the organisation wants that."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import select

from pytake_cli.errors import Conflict, Forbidden, LimitReached, UsageError
from pytake_cli.policy.campaigns import Audience
from pytake_cli.services import campaign_approval, campaign_launch, campaign_plans, campaign_series
from pytake_cli.services.campaign_launch import Launched, Order
from pytake_cli.services.principals import Principal
from pytake_cli.store import Store
from pytake_cli.store.audit import AuditEntry
from pytake_cli.store.campaigns import Campaign, Plan
from pytake_cli.store.organisations import Organisation
from pytake_cli.store.users import User
from tests.kit import campaigning, people
from tests.kit.stores import NOW
from tests.services import test_campaigns

TOMORROW = NOW + timedelta(days=1, minutes=1)


class Shop(test_campaigns.Shop):
    """Five people, and a rule: above four another person approves."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.rule(4)
        self.ana = people.user(store, self.org, "ana@loja.example", "Ana")
        self.bia = people.user(store, self.org, "bia@loja.example", "Bia")

    def rule(self, above: int) -> None:
        with self.store.write() as db:
            db.get_one(Organisation, self.org).second_person_above = above

    def approve(self, plan: Plan, user: User, now: datetime = NOW, **changes: Any) -> None:
        who = Principal(self.org, user.id, user.name, "ADMIN", frozenset({"campaigns:launch"}), "session")
        with self.store.write() as db:
            campaign_approval.approve(db, plan, replace(who, **changes), now)

    def launch_as(self, user: User | None, plan: Plan | None = None, now: datetime = NOW, **more: Any) -> Launched:
        order = Order(user_id=user.id if user else None, **more)
        return campaign_launch.launch(self.store, plan or self.plan(), order, now)


@pytest.fixture
def shop(store: Store) -> Shop:
    return Shop(store)


def test_above_the_number_it_waits_for_somebody_else_than_who_launches_it(shop: Shop) -> None:
    plan = shop.plan()
    for _ in range(2):
        with pytest.raises(LimitReached) as refused:
            shop.launch_as(shop.ana, plan)
        assert (refused.value.slug, refused.value.values["plan"]) == ("PT-CAMP-SECOND", plan.id)
        shop.approve(plan, shop.ana)
    assert refused.value.values["who"] == "Ana"
    assert campaigning.ledger(shop.store) == {}
    shop.approve(plan, shop.bia)
    launched = shop.launch_as(shop.ana, plan)
    assert (launched.campaign.recipients, launched.replayed) == (5, False)
    assert shop.launch_as(shop.ana, plan).replayed


def test_nobody_approves_what_is_not_above_it_or_where_there_is_no_rule(shop: Shop) -> None:
    shop.rule(5)
    shop.launch_as(shop.ana)
    shop.rule(0)
    assert not shop.launch_as(None, shop.plan(rate=9.0), again=True).replayed


def test_a_plan_that_says_another_thing_needs_an_approval_of_its_own(shop: Shop) -> None:
    shop.approve(shop.plan(), shop.bia)
    with pytest.raises(LimitReached):
        shop.launch_as(shop.ana, shop.plan(rate=7.0))
    assert not shop.launch_as(shop.ana, shop.plan()).replayed  # planned anew, with the same in it


def test_an_approval_is_for_one_launch_of_its_day(shop: Shop) -> None:
    plan = shop.plan()
    shop.approve(plan, shop.bia)
    later = campaign_plans.make(shop.store, shop.org, campaigning.definition(), TOMORROW)
    assert later.id == plan.id
    with pytest.raises(LimitReached):
        shop.launch_as(shop.ana, later, TOMORROW)
    shop.launch_as(shop.ana, plan)
    with pytest.raises(LimitReached):
        shop.launch_as(shop.ana, plan, again=True)


def test_who_left_has_approved_nothing_and_who_launches_has_a_name(shop: Shop) -> None:
    plan = shop.plan()
    shop.approve(plan, shop.bia)
    with pytest.raises(UsageError, match="has to be known"):
        shop.launch_as(None, plan)
    with shop.store.write() as db:
        db.get_one(User, shop.bia.id).active = False
    with pytest.raises(LimitReached):
        shop.launch_as(shop.ana, plan)


def test_no_drift_flag_makes_an_approved_plan_another_one(shop: Shop) -> None:
    plan = shop.plan()
    shop.approve(plan, shop.bia)
    campaigning.people(shop.store, shop.org, 20, NOW, start=100)
    order = Order(user_id=shop.ana.id, max_drift=100.0)
    with shop.store.read() as db, pytest.raises(Conflict, match="does not hold any more"):
        campaign_launch.check(db, plan, None, order, NOW)
    with pytest.raises(Conflict, match="there are 25 people now"):
        campaign_launch.launch(shop.store, plan, order, NOW)
    assert campaigning.ledger(shop.store) == {}


def test_only_people_with_the_right_approve_and_the_audit_log_has_them(shop: Shop) -> None:
    plan = shop.plan()
    with pytest.raises(Forbidden):
        shop.approve(plan, shop.bia, permissions=frozenset({"campaigns:write"}))
    with pytest.raises(Forbidden, match="by a person"):
        shop.approve(plan, shop.bia, kind="token")
    with pytest.raises(Conflict, match="older than 24 hours"):
        shop.approve(plan, shop.bia, TOMORROW)
    shop.approve(plan, shop.bia)
    shop.approve(plan, shop.bia)
    with shop.store.read() as db:
        noted = db.exec(select(AuditEntry).where(AuditEntry.action == "campaign.approved")).all()
    assert [(each.actor, each.target, each.details["recipients"]) for each in noted] == [("Bia", f"plan:{plan.id}", 5)]


def test_what_recurs_is_approved_once_for_all_its_runs(shop: Shop) -> None:
    shop.rule(1000)
    plan = shop.plan(recurrence={"daily": ["09:00:00"]}, audience=Audience("all"))
    with pytest.raises(LimitReached):
        shop.launch_as(shop.ana, plan)
    shop.approve(plan, shop.bia)
    series = shop.launch_as(shop.ana, plan).campaign
    shop.rule(1)
    assert series.due_at is not None
    campaign_series.launch_due(shop.store, series.due_at)
    with shop.store.read() as db:
        run = db.exec(select(Campaign).where(Campaign.series_id == series.id)).one()
    assert run.recipients == 5
