"""What Meta does to a running campaign: what stops it, what does not, and that both languages say it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from pytake_cli import locale
from pytake_cli.errors import Conflict
from pytake_cli.services import (
    account_events,
    campaign_list,
    campaign_watch,
    campaigns,
    numbers,
    template_changes,
    tokens,
)
from pytake_cli.store import Store
from pytake_cli.store.numbers import Number
from pytake_cli.store.templates import Template
from pytake_cli.whatsapp import numbers as meta
from pytake_cli.whatsapp.webhooks import AccountEvent
from tests.services.test_campaigns import Shop, refused


@contextmanager
def speaking(language: str) -> Iterator[None]:
    locale.use(language)
    try:
        yield
    finally:
        locale.use("en")


def happens(shop: Shop, **columns: str) -> None:
    """Meta changes the template, as a webhook would tell it."""
    with shop.store.write() as db:
        template = db.get_one(Template, shop.template)
        before = template_changes.Before.of(template)
        for name, value in columns.items():
            setattr(template, name, value)
        template_changes.settle(db, template, before, shop.now)


def said(shop: Shop, language: str) -> list[str]:
    """What `show`, `watch` and the API say of it, which has to be the same."""
    with speaking(language), shop.store.read() as db:
        card = campaign_list.card(db, shop.org, "bf", shop.now)
        assert card is not None
        assert card["detail"] == campaign_watch.progress(db, shop.campaign())["detail"]
        return list(card["troubles"])


@pytest.mark.parametrize("changes", [{"quality": "GREEN"}, {"quality": "YELLOW"}])
def test_a_rating_of_the_template_that_is_no_alarm_stops_nothing(store: Store, changes: dict[str, str]) -> None:
    shop = Shop(store)
    shop.launch()
    happens(shop, **changes)
    assert shop.campaign().status == "running"


def test_a_template_that_meta_approves_again_stops_nothing(store: Store) -> None:
    shop = Shop(store)
    shop.launch()
    happens(shop, status="PAUSED")
    happens(shop, status="APPROVED")
    shop.on_campaign(campaigns.resume)
    happens(shop, status="ARCHIVED")
    assert said(shop, "en") == ["the template oferta_semana (pt_BR) cannot be sent, Meta says ARCHIVED"]
    happens(shop, status="APPROVED")
    assert shop.campaign().status == "paused"  # a person resumes it


@pytest.mark.parametrize(
    ("changes", "english", "portuguese"),
    [
        (
            {"status": "PAUSED", "pause_title": "FIRST_PAUSE"},
            "the template oferta_semana (pt_BR) is paused at Meta: FIRST_PAUSE",
            "o modelo oferta_semana (pt_BR) está pausado na Meta: FIRST_PAUSE",
        ),
        (
            {"category": "UTILITY"},
            "Meta moved the template oferta_semana (pt_BR) from MARKETING to UTILITY: its price changes",
            "a Meta moveu o modelo oferta_semana (pt_BR) de MARKETING para UTILITY: o preço dele muda",
        ),
        (
            {"quality": "RED"},
            "people rate the template oferta_semana (pt_BR) low: Meta is about to pause it",
            "as pessoas avaliam mal o modelo oferta_semana (pt_BR): a Meta está prestes a pausá-lo",
        ),
    ],
)
def test_what_becomes_of_a_template_pauses_and_is_said_in_both_languages(
    store: Store, changes: dict[str, str], english: str, portuguese: str
) -> None:
    shop = Shop(store)
    shop.launch()
    happens(shop, **changes)
    assert shop.campaign().status_reason == "PT-CAMP-TEMPLATE"
    assert shop.campaign().status_detail == english  # for logs
    assert said(shop, "en") == [english]
    assert said(shop, "pt-BR") == [portuguese]


def test_a_campaign_that_waits_for_its_template_says_what_is_true_of_it_now(store: Store) -> None:
    shop = Shop(store)
    shop.launch()
    happens(shop, quality="RED")
    happens(shop, status="PAUSED", pause_title="FIRST_PAUSE")
    assert said(shop, "en") == ["the template oferta_semana (pt_BR) is paused at Meta: FIRST_PAUSE"]
    happens(shop, status="APPROVED", pause_title="")
    again = "the template oferta_semana (pt_BR) can be sent again; to go on: pytake campaign resume bf"
    assert said(shop, "en") == [again]
    assert said(shop, "pt-BR") != [again]


def test_a_verdict_of_metas_is_said_in_both_languages_down_to_the_advice(store: Store) -> None:
    shop = Shop(store)
    shop.launch()
    shop.step()
    shop.send(limit=1, error=refused(132015))
    shop.step()
    told = "Meta refuses with 132015 (1 of the last 1): the template is paused; wait until Meta unpauses it, or edit it"
    assert said(shop, "en") == [told]
    [in_portuguese] = said(shop, "pt-BR")
    assert in_portuguese.startswith("a Meta recusa com 132015 (1 das últimas 1): o modelo está pausado; espere")
    with speaking("pt-BR"), store.read() as db:
        [failure] = campaign_watch.failures(db, shop.campaign().id or 0)
    assert failure["meaning"] == "o modelo está pausado"


def test_a_stopped_number_says_why_and_what_helps(store: Store) -> None:
    shop = Shop(store)
    shop.launch()
    shop.step()
    shop.send(limit=1, error=refused(190))
    shop.step()
    [sentence] = said(shop, "en")
    helps = "the access token is expired, revoked or wrong; set a new access token"
    command = "pytake secret set access_token --scope"
    assert f"{helps}; the campaign then goes on by itself: {command}" in sentence
    with pytest.raises(Conflict) as refusal:
        shop.on_campaign(campaigns.resume)
    assert refusal.value.fix.startswith(command)
    [in_portuguese] = said(shop, "pt-BR")
    assert "não pode enviar: o access token venceu" in in_portuguese
    assert f"; a campanha então continua sozinha: {command}" in in_portuguese


def test_a_number_that_waits_for_a_person_says_with_which_commands_it_goes_on(store: Store) -> None:
    shop = Shop(store)
    shop.launch()
    shop.step()
    shop.send(limit=1, error=refused(131042))
    shop.step()
    [sentence] = said(shop, "en")
    assert "then: pytake number verify +" in sentence
    assert sentence.endswith("&& pytake campaign resume bf")
    with pytest.raises(Conflict) as refusal:
        shop.on_campaign(campaigns.resume)
    assert refusal.value.fix == "pytake number verify {number}"


@pytest.mark.parametrize(("hours", "status"), [(23, "running"), (25, "paused")])
def test_another_token_lets_a_campaign_go_on_unless_it_stood_still_for_a_day(
    store: Store, hours: int, status: str
) -> None:
    shop = Shop(store, people=10)
    shop.launch()
    shop.step()
    shop.send(limit=4)
    shop.send(limit=2, error=refused(190))
    shop.step()
    shop.now += timedelta(hours=hours)
    shop.step()
    assert shop.campaign().status == "paused"
    with store.read() as db:
        assert tokens.wanted(db) == [shop.number_id]
    tokens.changed(store, shop.number_id, shop.now)
    shop.step()
    assert shop.campaign().status == status
    if status == "running":
        shop.run()
        assert len(set(shop.accepted)) == len(shop.accepted) == 10


def test_a_number_that_meta_finds_well_again_takes_the_campaign_with_it_that_its_token_stopped(store: Store) -> None:
    shop = Shop(store)
    shop.launch()
    shop.step()
    shop.send(limit=1, error=refused(190))
    shop.step()
    with store.write() as db:
        number = db.get_one(Number, shop.number_id)
        raw = {"id": number.phone_number_id, "display_phone_number": number.display, "status": "CONNECTED"}
        numbers.refresh(db, number, meta.read(raw), shop.now)
    shop.step()
    shop.run()
    assert len(shop.accepted) == 5


def test_a_higher_tier_lets_a_campaign_go_on_before_the_day_is_over(store: Store) -> None:
    shop = Shop(store, people=260)
    set_tier(shop, "TIER_250")
    shop.launch()
    shop.run(rounds=40)
    assert shop.campaign().status_reason == "PT-CAMP-QUOTA"
    set_tier(shop, "TIER_1K")
    shop.step()
    shop.run()
    assert len(set(shop.accepted)) == len(shop.accepted) == 260


def set_tier(shop: Shop, tier: str) -> None:
    """As Meta tells it."""
    with shop.store.write() as db:
        number = db.get_one(Number, shop.number_id)
        value = {"event": "UPGRADE", "current_limit": tier}
        told = AccountEvent(number.waba_id, number.phone_number_id, "phone_number_quality_update", value)
        account_events.apply(db, told, {number.phone_number_id: number}, shop.now)


def test_a_campaign_that_waits_for_the_number_says_when_meta_rates_it_well_again(store: Store) -> None:
    shop = Shop(store)
    shop.launch()
    rate(shop, "FLAGGED")
    rate(shop, "UNFLAGGED")
    [sentence], [in_portuguese] = said(shop, "en"), said(shop, "pt-BR")
    assert sentence.startswith("Meta no longer rates")
    assert sentence.endswith("low; to go on: pytake campaign resume bf")
    assert in_portuguese.startswith("a Meta não avalia mais")
    assert shop.campaign().status == "paused"


def rate(shop: Shop, event: str) -> None:
    """As Meta tells it."""
    with shop.store.write() as db:
        number = db.get_one(Number, shop.number_id)
        told = AccountEvent(number.waba_id, number.phone_number_id, "phone_number_quality_update", {"event": event})
        account_events.apply(db, told, {number.phone_number_id: number}, shop.now)


def test_going_on_forgets_why_it_stood_still(store: Store) -> None:
    shop = Shop(store)
    shop.launch()
    shop.on_campaign(lambda db, row, now: campaigns.quality_fell(db, db.get_one(Number, shop.number_id), now))
    assert said(shop, "pt-BR")
    shop.on_campaign(campaigns.resume)
    assert said(shop, "pt-BR") == said(shop, "en") == []
