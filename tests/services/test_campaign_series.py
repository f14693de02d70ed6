"""Recurring campaigns: each time a campaign of its own, planned then, launched once; what cannot be is told."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import col, select

from pytake_cli.errors import InvalidData
from pytake_cli.policy.campaigns import Audience
from pytake_cli.services import campaign_series, campaigns
from pytake_cli.services.campaign_launch import Order
from pytake_cli.store import Store
from pytake_cli.store.campaigns import Campaign
from pytake_cli.store.events import Event
from pytake_cli.store.templates import Template
from tests.kit import campaigning
from tests.kit.stores import NOW
from tests.services.test_campaigns import Shop

DAILY = {"daily": ["09:00:00"]}  # 12:00 UTC


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


class Series(Shop):
    def begin(self, *, recurrence: dict[str, Any] | None = None, **changes: Any) -> Campaign:
        return self.launch(recurrence=recurrence or DAILY, **changes)

    def tick(self, text: str) -> None:
        campaign_series.launch_due(self.store, at(text))

    def runs(self) -> list[tuple[str, str | None, int]]:
        with self.store.read() as db:
            found = db.exec(select(Campaign).where(col(Campaign.series_id).is_not(None)).order_by(col(Campaign.id)))
            return [(each.name, each.occurrence, each.recipients) for each in found]

    def incidents(self) -> list[str]:
        with self.store.read() as db:
            return [each.payload["text"] for each in db.exec(select(Event).where(Event.kind == "incident"))]


@pytest.fixture
def shop(store: Store) -> Series:
    return Series(store)


def test_each_time_is_a_campaign_of_its_own_to_who_is_there_then(shop: Series) -> None:
    series = shop.begin()
    assert (series.status, series.recipients, series.due_at) == ("recurring", 0, at("2026-11-23T12:00"))
    shop.tick("2026-11-23T11:59:59")
    assert shop.runs() == []
    shop.tick("2026-11-23T12:00:01")
    campaigning.people(shop.store, shop.org, 2, NOW, start=100)
    shop.tick("2026-11-24T12:00:01")
    shop.tick("2026-11-24T12:00:02")
    assert shop.runs() == [
        ("bf-2026-11-23-0900", "2026-11-23T09:00", 5),
        ("bf-2026-11-24-0900", "2026-11-24T09:00", 7),
    ]
    assert shop.campaign().due_at == at("2026-11-25T12:00")


def test_launching_a_series_again_begins_no_second_one(shop: Series) -> None:
    first = shop.launch(recurrence=DAILY, order=Order(key="k"))
    again = shop.launch(recurrence=DAILY, order=Order(key="k"))
    assert first.id == again.id


def test_of_many_daemons_one_launches(shop: Series) -> None:
    shop.begin()
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: shop.tick("2026-11-23T12:00:01"), range(4)))
    assert shop.runs() == [("bf-2026-11-23-0900", "2026-11-23T09:00", 5)]


def test_a_paused_series_launches_nothing_and_goes_on_with_its_next_time(shop: Series) -> None:
    shop.begin()
    shop.on_campaign(campaigns.pause)
    shop.tick("2026-11-25T12:00:01")
    shop.now = at("2026-11-25T12:30")
    shop.on_campaign(campaigns.resume)
    assert (shop.runs(), shop.campaign().due_at) == ([], at("2026-11-26T12:00"))
    shop.on_campaign(campaigns.cancel)
    shop.tick("2026-11-26T12:00:01")
    assert shop.runs() == []


def test_what_was_missed_is_not_sent_late_and_is_told(shop: Series) -> None:
    shop.begin()
    shop.tick("2026-11-23T20:00")
    assert shop.runs() == []
    assert "bf at 2026-11-23T09:00 was not launched: no daemon ran then" in shop.incidents()[0]
    assert shop.campaign().due_at == at("2026-11-24T12:00")


def test_a_run_that_cannot_be_launched_is_told_and_the_next_one_tried(shop: Series) -> None:
    shop.begin()
    with shop.store.write() as db:
        db.get_one(Template, shop.template).status = "PAUSED"
    shop.tick("2026-11-23T12:00:01")
    assert shop.runs() == []
    assert "was not launched" in shop.incidents()[0]
    with shop.store.write() as db:
        db.get_one(Template, shop.template).status = "APPROVED"
    shop.tick("2026-11-24T12:00:01")
    assert [name for name, *_ in shop.runs()] == ["bf-2026-11-24-0900"]


def test_a_day_may_be_different(shop: Series) -> None:
    shop.begin(recurrence={**DAILY, "exceptions": [{"date": "2026-11-23", "do": "modify", "rate": 2}]})
    shop.tick("2026-11-23T12:00:01")
    assert campaigns.definition(shop.campaign("bf-2026-11-23-0900")).rate == 2
    shop.tick("2026-11-24T12:00:01")
    assert campaigns.definition(shop.campaign("bf-2026-11-24-0900")).rate is None


def test_a_series_ends_with_its_last_time(shop: Series) -> None:
    shop.begin(recurrence={**DAILY, "until": "2026-11-23"})
    shop.tick("2026-11-23T12:00:01")
    assert (shop.campaign().status, len(shop.runs())) == ("finished", 1)


def test_a_clock_set_back_brings_the_next_time_back(shop: Series) -> None:
    shop.begin()
    shop.tick("2036-11-22T20:00")
    assert shop.campaign().due_at == at("2036-11-23T12:00")
    campaign_series.realign(shop.store, NOW + timedelta(hours=1))
    assert shop.campaign().due_at == at("2026-11-23T12:00")


@pytest.mark.parametrize(
    ("changes", "slug"),
    [
        ({"recurrence": {"daily": ["09:00"], "until": "2020-01-01"}}, "PT-SCHEDULE-NEVER"),
        ({"audience": Audience("file", "a.csv", "d")}, "PT-CAMP-SERIES-FILE"),
        (
            {"recurrence": {**DAILY, "exceptions": [{"date": "2026-11-23", "do": "modify", "number": "1"}]}},
            "PT-CAMP-SERIES-CHANGE",
        ),
    ],
)
def test_what_cannot_recur_is_refused_at_the_launch(shop: Series, changes: dict[str, Any], slug: str) -> None:
    with pytest.raises(InvalidData) as caught:
        shop.begin(**changes)
    assert caught.value.slug == slug
    with shop.store.read() as db:
        assert db.exec(select(Campaign)).all() == []


def test_after_a_day_without_a_daemon_the_newest_time_is_kept_and_those_before_it_are_told(shop: Series) -> None:
    shop.begin()
    shop.tick("2026-11-25T12:01")
    assert shop.runs() == [("bf-2026-11-25-0900", "2026-11-25T09:00", 5)]
    assert shop.incidents() == [
        "the run of bf at 2026-11-23T09:00 was not launched: no daemon ran then (2 times in a row)"
    ]
    assert shop.campaign().due_at == at("2026-11-26T12:00")


def test_a_run_whose_launch_was_killed_half_way_is_launched_by_the_next_daemon(shop: Series) -> None:
    series = shop.begin()
    key = f"series:{series.id}:2026-11-23T09:00"
    shop.launch(name="bf-2026-11-23-0900", order=Order(key=key))
    dead = shop.campaign("bf-2026-11-23-0900")
    with shop.store.write() as db:
        row = db.get_one(Campaign, dead.id)
        row.status, row.updated_at = "freezing", at("2020-01-01")
    shop.tick("2026-11-23T12:02:10")
    [(name, occurrence, people)] = shop.runs()
    assert (name, occurrence, people) == ("bf-2026-11-23-0900", "2026-11-23T09:00", 5)
    assert shop.campaign(name).status == "running"
