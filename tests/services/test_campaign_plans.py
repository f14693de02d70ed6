"""Plans: their ids, what stops a launch, what they cost and how long they take."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import select

from pytake_cli.errors import Conflict, NotFound
from pytake_cli.policy.campaigns import Arm, Audience, Canary, Definition, Drip, Money, Quiet
from pytake_cli.services import campaign_audience, campaign_plans, prices
from pytake_cli.store import Store, tags
from pytake_cli.store.contacts import Contact, contact
from pytake_cli.store.conversations import Conversation
from pytake_cli.store.messages import Message
from pytake_cli.store.numbers import Number
from pytake_cli.store.organisations import Organisation
from pytake_cli.store.segments import Segment
from pytake_cli.store.templates import Template
from tests.kit import campaigning
from tests.kit.stores import NOW
from tests.services.campaign_shop import GREETING, Shop, reasons, slugs


def template(shop: Shop, **columns: Any) -> None:
    with shop.store.read() as db:
        found = db.exec(select(Template).where(Template.org_id == shop.org)).one()
    shop.change(Template, found.id or 0, **columns)


# -- ids


def test_the_same_content_has_the_same_id(store: Store) -> None:
    shop = Shop(store)
    shop.people(3)
    first = shop.plan()
    again = campaign_plans.make(store, shop.org, Definition.of_json(first.definition), NOW + timedelta(hours=1))
    assert again.id == first.id
    with store.read(shop.org) as db:
        assert campaign_plans.find(db, shop.org, first.id[:14]).expires_at == NOW + timedelta(hours=25)


@pytest.mark.parametrize("change", ["person", "text", "price", "template"])
def test_other_content_has_another_id(store: Store, change: str) -> None:
    shop = Shop(store)
    shop.people(3)
    first = shop.plan()
    if change == "person":
        shop.person("5511999990000")
    elif change == "template":
        template(shop, quality="YELLOW")
    elif change == "price":
        with store.write(shop.org) as db:
            head = "market,category,from,price,currency,valid_from"
            prices.take(db, shop.org, [head, "BR,MARKETING,0,0.07,USD,2026-10-01"], "x", NOW)
    values = GREETING if change != "text" else {"1": "cliente"}
    assert shop.plan(values=values).id != first.id


def test_two_organisations_never_share_a_plan(store: Store) -> None:
    one, other = Shop(store), Shop(store, "outra")
    one.people(2)
    mine = one.plan()
    with store.read(other.org) as db, pytest.raises(NotFound):
        campaign_plans.find(db, other.org, mine.id)
    assert other.plan().content["audience"] == 0


# -- what stops a launch


@pytest.mark.parametrize("status", ["PENDING", "REJECTED", "PAUSED", "DISABLED", "LOCAL"])
def test_a_template_that_is_not_approved_stops_it(store: Store, status: str) -> None:
    shop = Shop(store, status=status)
    shop.people(1)
    assert slugs(shop.plan()) == ["PT-TEMPLATE-STATE"]


def test_a_template_that_is_not_there_is_not_found_with_the_one_that_was_meant(store: Store) -> None:
    shop = Shop(store)
    with pytest.raises(NotFound) as raised:
        shop.plan(arms=(Arm(template="promp"),))
    assert raised.value.values["meant"] == "promo"


def test_missing_and_misnamed_values_stop_it(store: Store) -> None:
    shop = Shop(store)
    shop.people(1)
    [problem] = shop.plan(values={"nome": "x"}).content["problems"][:1]
    assert problem["slug"] == "PT-CAMP-VALUES"
    assert "1 is missing" in problem["values"]["misfits"]


def test_nobody_left_stops_it(store: Store) -> None:
    shop = Shop(store)
    shop.people(2, opted_out_at=NOW)
    plan = shop.plan()
    assert slugs(plan) == ["PT-CAMP-NOBODY"]
    assert reasons(plan) == {"opted-out": 2}


def test_an_opted_out_person_is_left_out_of_any_segment(store: Store) -> None:
    shop = Shop(store)
    shop.people(1)
    shop.person("5511999990000", opted_out_at=NOW, vip=True)
    plan = shop.plan(audience=Audience("where", "vip or not vip"))
    assert (plan.recipients, reasons(plan)) == (1, {"opted-out": 1})


def test_more_than_max_cost_stops_it(store: Store) -> None:
    shop = Shop(store)
    shop.people(4)
    assert slugs(shop.plan(max_cost=Money(250_000, "USD"))) == []
    assert slugs(shop.plan(max_cost=Money(249_999, "USD"))) == ["PT-CAMP-COST"]
    assert slugs(shop.plan(max_cost=Money(900_000, "BRL"))) == ["PT-CAMP-CURRENCY"]


def test_a_market_without_a_price_stops_max_cost_only(store: Store) -> None:
    shop = Shop(store)
    shop.person("9991234567890123"[:7] + "890")
    shop.person(bsuid="ZZ.1")
    with store.write(shop.org) as db:
        head = "market,category,from,price,currency,valid_from"
        prices.take(db, shop.org, [head, "Other,MARKETING,0,1,BRL,2026-10-01"], "x", NOW)
    shop.people(1)
    plan = shop.plan(max_cost=Money(10**9, "USD"))
    assert slugs(plan) == ["PT-CAMP-PRICE"]
    assert plan.content["cost"]["unknown_markets"] == ["ZZ"]
    assert slugs(shop.plan()) == []


def test_more_than_max_recipients_stops_it(store: Store) -> None:
    shop = Shop(store)
    shop.people(3)
    assert slugs(shop.plan(max_recipients=3)) == []
    assert slugs(shop.plan(max_recipients=2)) == ["PT-CAMP-RECIPIENTS"]


def test_a_stopped_number_stops_it(store: Store) -> None:
    shop = Shop(store)
    shop.people(1)
    shop.change(Number, shop.number_id, stopped_at=NOW, stopped_reason="token expired")
    assert slugs(shop.plan()) == ["PT-NUMBER-STOPPED"]


def test_people_without_values_are_counted_and_named(store: Store) -> None:
    shop = Shop(store)
    shop.person("5511968184101", name="Ana Souza")
    nameless = shop.person("5511968184102")
    values = {"1": "{{ contact.first_name }}"}
    plan = shop.plan(values=values)
    assert plan.content["lacking"] == {"count": 1, "values": {"1": 1}, "contacts": [nameless]}
    assert (slugs(plan), plan.recipients) == ([], 2)
    assert "PT-CAMP-LACKING" in slugs(plan, "warnings")
    assert slugs(shop.plan(values=values, on_missing="fail")) == ["PT-CAMP-LACKING"]
    assert [each["text"] for each in plan.content["samples"]] == ["Oi Ana!"]


@pytest.mark.parametrize("on_missing", ["skip", "fail"])
def test_an_audience_that_lacks_values_altogether_is_told_so(store: Store, on_missing: str) -> None:
    shop = Shop(store)
    shop.people(2)
    plan = shop.plan(values={"1": "{{ contact.fields.vale }}"}, on_missing=on_missing)
    assert slugs(plan) == ["PT-CAMP-LACKING"]
    assert "PT-CAMP-LACKING" not in slugs(plan, "warnings")


def test_a_text_around_an_empty_name_lacks_the_name_too(store: Store) -> None:
    shop = Shop(store)
    shop.person("5511968184102")
    plan = shop.plan(values={"1": "querida {{ contact.first_name }}"})
    assert plan.content["lacking"]["count"] == 1


def test_warnings_do_not_stop_it(store: Store) -> None:
    shop = Shop(store, quality="RED", coming_category="UTILITY")
    shop.people(1)
    plan = shop.plan()
    assert slugs(plan) == []
    assert slugs(plan, "warnings") == ["PT-CAMP-DPO", "PT-TEMPLATE-QUALITY", "PT-TEMPLATE-CATEGORY"]
    shop.change(Organisation, shop.org, dpo="Ana, ana@loja.example")
    assert "PT-CAMP-DPO" not in slugs(shop.plan(), "warnings")


# -- the faults of the first PyTake


def test_d25_a_segment_gives_its_people_and_a_cost(store: Store) -> None:
    shop = Shop(store)
    shop.people(2, vip=True)
    shop.person("5511999990000")
    with store.write(shop.org) as db:
        db.add(Segment(org_id=shop.org, name="vips", query="vip", created_at=NOW, updated_at=NOW))
    plan = shop.plan(audience=Audience("segment", "vips"))
    assert plan.recipients == 2
    assert plan.content["cost"]["max"] == {"amount": "0.125", "currency": "USD"}


def test_d6_the_opted_out_are_left_out_and_tags_choose(store: Store) -> None:
    shop = Shop(store)
    one, other, third = shop.people(3)
    shop.change(Contact, other, opted_out_at=NOW)
    with store.write(shop.org) as db:
        for contact_id in (one, other):
            tags.put(db, shop.org, contact_id, "vip", NOW)
    plan = shop.plan(audience=Audience("where", "tag = vip"))
    assert (plan.recipients, reasons(plan)) == (1, {"opted-out": 1})
    assert shop.plan(audience=Audience("where", "tag != vip")).recipients == len([third])


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_d25_everybody_is_everybody_above_10_000(store: Store) -> None:
    shop = Shop(store)
    many(shop, 12_500)
    assert shop.plan().recipients == 12_500


@pytest.mark.parametrize(
    ("tier", "limit", "ok"),
    [("TIER_250", 250, False), ("TIER_1K", 1000, True), ("TIER_UNLIMITED", None, True), ("", 250, False)],
)
def test_d21_the_limit_is_the_tiers(store: Store, tier: str, limit: int | None, ok: bool) -> None:
    shop = Shop(store)
    many(shop, 501)
    shop.change(Number, shop.number_id, tier=tier)
    quota = shop.plan().content["quota"]
    assert (quota["limit"], quota["room"], quota["ok"], quota["needed"]) == (limit, limit, ok, 501)


def test_d21_who_was_written_to_today_is_counted_once_for_all_numbers_of_the_portfolio(store: Store) -> None:
    shop = Shop(store)
    shop.change(Number, shop.number_id, tier="TIER_250")
    for person in shop.people(2) * 2:
        with store.write() as db:
            base: dict[str, Any] = {
                "org_id": shop.org,
                "number_id": shop.number_id,
                "contact_id": person,
                "created_at": NOW,
            }
            talk = Conversation(**base, status="resolved", last_message_at=NOW)
            db.add(talk)
            db.flush()
            told: dict[str, Any] = {
                "direction": "out",
                "origin": "campaign",
                "kind": "template",
                "status": "sent",
                "sent_at": NOW,
            }
            db.add(Message(**base, **told, conversation_id=talk.id or 0, at=NOW))
    quota = shop.plan().content["quota"]
    assert (quota["used_24h"], quota["room"]) == (2, 248)


def many(shop: Shop, count: int) -> None:
    """So many contacts with phones, quickly."""
    from pytake_cli.store.contacts import identity

    people: list[dict[str, Any]] = [
        {"org_id": shop.org, "name": "Ana", "profile_name": "", "language": "", "tz": "", "fields": {}, "stage": ""}
        | {"score": 0, "vip": False, "marketing_granted_at": NOW, "created_at": NOW, "updated_at": NOW}
        for _ in range(count)
    ]
    with shop.store.write() as db:
        db.connection().execute(contact.insert(), people)
        ids = db.connection().execute(contact.select().with_only_columns(contact.c.id)).scalars().all()
        seen: dict[str, Any] = {"scope": "", "first_seen_at": NOW, "last_seen_at": NOW}
        rows = [
            {"org_id": shop.org, "contact_id": id_, "kind": "phone", "value": f"55119{60_000_000 + id_:08}"} | seen
            for id_ in ids
        ]
        db.connection().execute(identity.insert(), rows)


# -- cost and time


def test_each_market_has_its_price_and_drip_counts_into_the_most(store: Store) -> None:
    shop = Shop(store)
    shop.template(name="util", category="UTILITY")
    shop.person("5511968184101")
    shop.person("351912345678")
    drip = (Drip(timedelta(days=2), "util", values=GREETING),)
    cost = shop.plan(drip=drip).content["cost"]
    assert (cost["min"]["amount"], cost["max"]["amount"]) == ("0.1217", "0.1456")
    assert cost["price_date"] == "2026-04-01"


def test_a_later_message_that_the_cap_would_skip_is_told_before_the_launch(store: Store) -> None:
    shop = Shop(store)
    shop.person("5511968184101")
    twice = tuple(Drip(timedelta(days=days), "promo", values=GREETING) for days in (2, 4))
    told = {each["slug"]: each for each in shop.plan(drip=twice).content["warnings"]}
    assert told["PT-CAMP-CAP"]["values"] | {"place": 2, "messages": 2, "days": 7} == told["PT-CAMP-CAP"]["values"]
    later = (twice[0], Drip(timedelta(days=7), "promo", values=GREETING))
    assert "PT-CAMP-CAP" not in {each["slug"] for each in shop.plan(drip=later).content["warnings"]}


def test_a_plan_lasts_until_its_last_later_message(store: Store) -> None:
    shop = Shop(store)
    shop.people(60)
    drip = (Drip(timedelta(days=2), "promo", values=GREETING), Drip(timedelta(days=9), "promo", values=GREETING))
    alone, told = (shop.plan(rate=1.0, drip=each).content["duration"] for each in ((), drip))
    assert (alone["seconds"], alone["later"], alone["first_ends"]) == (60, [], alone["ends"])
    assert (told["first_ends"], told["seconds"]) == (alone["ends"], 9 * 24 * 3600 + 60)
    assert [(each["place"], each["after"]) for each in told["later"]] == [(1, 2 * 86400), (2, 9 * 86400)]
    assert told["ends"] == told["later"][1]["ends"]


def test_the_held_out_cost_nothing(store: Store) -> None:
    shop = Shop(store)
    shop.people(200)
    arms = (Arm("a", "promo", share=40), Arm("b", "promo", share=40))
    plan = shop.plan(arms=arms, holdout=20)
    held = next(each["recipients"] for each in plan.content["arms"] if each["arm"] == "holdout")
    assert held
    assert plan.content["quota"]["needed"] == 200 - held
    assert plan.content["cost"]["max"]["amount"] == Money((200 - held) * 62_500, "USD").amount


def test_manaus_is_quiet_an_hour_longer_than_sao_paulo(store: Store) -> None:
    shop = Shop(store)
    shop.person("5511968184101")
    shop.person("5592968184102")
    shop.person("5511968184103", tz="America/Noronha")
    night = datetime.fromisoformat("2026-11-23T02:00:00+00:00")
    definition = shop.definition(quiet=Quiet(time(20), time(8)))
    plan = campaign_plans.make(store, shop.org, definition, night)
    with store.read() as db:
        due = campaign_audience.due(db, shop.org, definition, night)
        rows = db.connection().execute(campaign_audience.audience(db, shop.org, definition, night, due)).all()
    dues = [row.due_at.strftime("%H:%M") for row in sorted(rows, key=lambda row: row.contact_id)]
    assert dues == ["11:00", "12:00", "10:00"]
    assert plan.content["duration"]["starts"] == "2026-11-23T10:00:00+00:00"
    assert plan.content["duration"]["ends"].startswith("2026-11-23T12:00:00")


def test_rate_canary_and_tier_make_it_longer(store: Store) -> None:
    shop = Shop(store)
    many(shop, 300)
    shop.change(Number, shop.number_id, tier="TIER_250", rate_per_second=80)
    assert shop.plan(rate=1.0).content["duration"]["days_waited"] == 1
    shop.change(Number, shop.number_id, tier="TIER_1K")
    assert shop.plan(rate=1.0).content["duration"]["seconds"] == 300
    assert shop.plan().content["duration"]["seconds"] == 4
    canary = Canary(50, timedelta(minutes=5))
    assert shop.plan(rate=1.0, canary=canary).content["duration"]["seconds"] == 600


# -- checked again before the launch


def test_a_plan_holds_while_nothing_has_changed(store: Store) -> None:
    shop = Shop(store)
    shop.people(5)
    plan = shop.plan()
    with store.read(shop.org) as db:
        assert campaign_plans.recheck(db, plan, NOW + timedelta(hours=23)) == 0
        with pytest.raises(Conflict) as raised:
            campaign_plans.recheck(db, plan, NOW + timedelta(hours=24))
    assert raised.value.slug == "PT-CAMP-EXPIRED"


def test_a_plan_whose_people_are_others_does_not_hold(store: Store) -> None:
    shop = Shop(store)
    ids = shop.people(200)
    plan = shop.plan()
    shop.change(Contact, ids[0], opted_out_at=NOW)
    with store.read(shop.org) as db:
        assert campaign_plans.recheck(db, plan, NOW) == pytest.approx(1 / 200)
    for id_ in ids[1:3]:
        shop.change(Contact, id_, opted_out_at=NOW)
    with store.read(shop.org) as db, pytest.raises(Conflict) as raised:
        campaign_plans.recheck(db, plan, NOW)
    assert raised.value.slug == "PT-CAMP-DRIFT"
    with store.read(shop.org) as db:
        assert campaign_plans.recheck(db, plan, NOW, max_drift=0.05) == pytest.approx(3 / 200)


def test_a_sample_tells_that_many_people_are_others(store: Store) -> None:
    shop = Shop(store)
    campaigning.people(store, shop.org, 700, NOW)
    plan = shop.plan()
    assert len(plan.content["sketch"]) == 512
    with store.write() as db:
        db.connection().execute(sa.update(contact).where(contact.c.id % 10 == 0).values(opted_out_at=NOW))
    with store.read(shop.org) as db:
        assert campaign_plans.recheck(db, plan, NOW, max_drift=1.0) == pytest.approx(0.1, abs=0.05)
    campaigning.people(store, shop.org, 1400, NOW, start=700)
    with store.read(shop.org) as db:
        assert campaign_plans.recheck(db, plan, NOW, max_drift=1.0) == pytest.approx(0.7, abs=0.07)


@pytest.mark.parametrize(("change", "slug"), [("PAUSED", "PT-TEMPLATE-STATE"), ("UTILITY", "PT-CAMP-DRIFT")])
def test_a_plan_whose_template_changed_does_not_hold(store: Store, change: str, slug: str) -> None:
    shop = Shop(store)
    shop.people(2)
    plan = shop.plan()
    template(shop, **({"status": change} if change == "PAUSED" else {"category": change}))
    with store.read(shop.org) as db, pytest.raises(Conflict) as raised:
        campaign_plans.recheck(db, plan, NOW)
    assert raised.value.slug == slug


def test_the_size_of_an_audience_is_what_progress_is_told_of(store: Store) -> None:
    shop = Shop(store)
    shop.people(3)
    shop.person("5511999990000", vip=True)
    found = {}
    with store.read(shop.org) as db:
        for audience in (Audience("all"), Audience("where", "vip")):
            found[audience.kind] = campaign_audience.size(db, shop.org, shop.definition(audience=audience), NOW)
    assert found == {"all": 4, "where": 1}
