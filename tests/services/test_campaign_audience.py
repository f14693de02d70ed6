"""Who gets a campaign: the one statement against a reading of every person by hand, on both databases."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytake_cli.policy import audience as policy
from pytake_cli.policy.campaigns import HOLDOUT, Arm, Audience, Cap, Definition
from pytake_cli.services import campaign_audience, campaign_plans
from pytake_cli.store import Store
from pytake_cli.store.campaigns import Campaign, Recipient
from pytake_cli.store.conversations import Conversation
from pytake_cli.store.messages import Message
from tests.kit.stores import NOW
from tests.services.campaign_shop import Shop, reasons

_serial = itertools.count(1)
OWN = "own"
PHONES = ("", "5511968184", "12125437", "14165437", "15551234", "12025550", "99912345", OWN, "01196818")
STATUSES = ("", "queued", "open", "snoozed", "bot", "resolved")


@dataclass(frozen=True)
class Person:
    phone: str
    bsuid: str
    stranger: bool  # the BSUID is another portfolio's
    blocked: bool
    opted_out: bool
    stopped: bool  # marketing
    utility_stopped: bool
    granted: bool
    held: bool  # Meta withholds marketing from them
    talk: str
    had: int  # campaign messages this week
    lost: bool  # and they all failed
    inside: bool
    score: int


def _one_own(one: Person) -> object:
    """The number's own phone is one contact's; the others have phones of theirs."""
    return OWN if one.phone == OWN else object()


persons = st.builds(
    Person,
    phone=st.sampled_from(PHONES),
    bsuid=st.sampled_from(("", "BR.", "US.")),
    stranger=st.booleans(),
    blocked=st.sampled_from((False, False, True)),
    opted_out=st.sampled_from((False, False, True)),
    stopped=st.sampled_from((False, False, True)),
    utility_stopped=st.sampled_from((False, False, True)),
    granted=st.sampled_from((True, True, False)),
    held=st.sampled_from((False, False, True)),
    talk=st.sampled_from(STATUSES),
    had=st.integers(0, 3),
    lost=st.booleans(),
    inside=st.sampled_from((False, False, True)),
    score=st.integers(0, 3),
)


@dataclass(frozen=True)
class Rules:
    category: str
    cap: Cap | None
    talkers: bool  # people in a conversation get it too
    query: str


rules = st.builds(
    Rules,
    category=st.sampled_from(("MARKETING", "UTILITY", "AUTHENTICATION")),
    cap=st.sampled_from((None, Cap(0, 1), Cap(1, 7), Cap(2, 7))),
    talkers=st.booleans(),
    query=st.sampled_from(("", "score >= 2", "not blocked")),
)


def expected(one: Person, asked: Rules) -> str:
    """The first reason that holds, or ''; '-' for somebody who is not in the audience."""
    if (asked.query == "score >= 2" and one.score < 2) or (asked.query == "not blocked" and one.blocked):
        return "-"
    marketing = asked.category == "MARKETING"
    reached = one.bsuid and not one.stranger and asked.category != "AUTHENTICATION"
    cap = asked.cap or (Cap(2, 7) if marketing else None)
    american = one.phone.startswith("12") if one.phone else bool(reached) and one.bsuid == "US."
    found = {
        policy.BLOCKED: one.blocked,
        policy.OPTED_OUT: one.opted_out or (one.stopped if marketing else one.utility_stopped),
        policy.NO_CONSENT: marketing and not one.granted,
        policy.NO_ADDRESS: not one.phone and not reached,
        policy.NOT_A_NUMBER: one.phone in ("15551234", "12025550", "99912345", OWN, "01196818"),
        policy.US_MARKETING: marketing and american,
        policy.HELD: marketing and one.held,
        policy.IN_CONVERSATION: not asked.talkers and one.talk in ("queued", "open", "snoozed"),
        policy.TOO_OFTEN: cap is not None and cap.messages > 0 and (0 if one.lost else one.had) >= cap.messages,
        policy.ALREADY_IN: one.inside,
    }
    assert list(policy.REASONS)[: len(found)] == list(found)  # the others are found out when their turn comes
    return next((reason for reason, holds in found.items() if holds), "")


def put(shop: Shop, one: Person, former: list[int], this: int) -> int:
    serial = next(_serial)
    tail = f"01{serial % 100:02}" if one.phone == "12025550" else f"{serial:04}"[-4:]
    phone = {"": "", OWN: shop.number.display.removeprefix("+")}.get(one.phone, f"{one.phone}{tail}")
    if one.phone == "12025550":
        phone = f"120255501{serial % 100:02}"
    contact = shop.person(
        phone,
        bsuid=f"{one.bsuid}{serial}" if one.bsuid else "",
        scope="another" if one.stranger else "",
        blocked_at=NOW if one.blocked else None,
        opted_out_at=NOW if one.opted_out else None,
        marketing_stopped_at=NOW if one.stopped else None,
        utility_stopped_at=NOW if one.utility_stopped else None,
        marketing_granted_at=NOW if one.granted else None,
        marketing_held_until=NOW + timedelta(hours=1) if one.held else NOW - timedelta(hours=1),
        score=one.score,
    )
    base: dict[str, Any] = {"org_id": shop.org, "number_id": shop.number_id, "contact_id": contact, "created_at": NOW}
    with shop.store.write() as db:
        talk = Conversation(**base, status=one.talk or "resolved", last_message_at=NOW)
        db.add(talk)
        db.flush()
        for campaign_id in former[: one.had]:
            status = "failed" if one.lost else "sent"
            told: dict[str, Any] = {"direction": "out", "origin": "campaign", "kind": "template", "at": NOW}
            sent = Message(**base, **told, conversation_id=talk.id or 0, status=status)
            db.add(sent)
            db.flush()
            _recipient(db, base, campaign_id, state="queued", message_id=sent.id, queued_at=NOW - timedelta(days=1))
        if one.inside:
            _recipient(db, base, this, state="pending")
    return contact


def _recipient(db: Any, base: dict[str, Any], campaign_id: int, **columns: Any) -> None:
    contact = {name: base[name] for name in ("org_id", "contact_id")}
    db.add(Recipient(**contact, campaign_id=campaign_id, due_at=NOW, **columns))


def campaigns(shop: Shop, *names: str) -> list[int]:
    with shop.store.write() as db:
        rows = [
            Campaign(org_id=shop.org, number_id=shop.number_id, name=name, created_at=NOW, updated_at=NOW)
            for name in names
        ]
        db.add_all(rows)
        db.flush()
        return [row.id for row in rows if row.id is not None]


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(people=st.lists(persons, min_size=1, max_size=8, unique_by=_one_own), asked=rules)
def test_everybody_is_in_or_out_for_one_reason(store: Store, people: list[Person], asked: Rules) -> None:
    shop = Shop(store, f"loja-{next(_serial)}", category=asked.category)
    *former, this = campaigns(shop, "one", "two", "three", "bf")
    wanted = {put(shop, one, former, this): expected(one, asked) for one in people}
    definition = shop.definition(
        audience=Audience("where", asked.query) if asked.query else Audience("all"),
        cap=asked.cap,
        skip_open_conversations=not asked.talkers,
    )
    plan = campaign_plans.make(store, shop.org, definition, NOW)
    in_it = [id_ for id_, reason in wanted.items() if reason == ""]
    left_out = [reason for reason in wanted.values() if reason not in ("", "-")]
    assert reasons(plan) == {each: left_out.count(each) for each in policy.REASONS if each in left_out}
    assert plan.recipients == len(in_it)
    assert plan.content["audience"] == plan.recipients + len(left_out)
    assert sorted(row.contact_id for row in frozen(store, shop, definition)) == sorted(in_it)
    with store.read(shop.org) as db:
        rows, total = campaign_audience.skipped(db, shop.org, definition, NOW, None)
    assert {row["contact_id"]: row["reason"] for row in rows} == {
        id_: reason for id_, reason in wanted.items() if reason not in ("", "-")
    }
    assert total == len(left_out)


def frozen(store: Store, shop: Shop, definition: Definition, within: tuple[int, int] | None = None) -> list[Any]:
    with store.read() as db:
        due = campaign_audience.due(db, shop.org, definition, NOW)
        query = campaign_audience.audience(db, shop.org, definition, NOW, due, within=within)
        return list(db.connection().execute(query))


def test_parts_of_an_audience_are_all_of_it(store: Store) -> None:
    shop = Shop(store)
    ids = shop.people(10)
    arms = (Arm("a", "promo", share=45), Arm("b", "promo", share=45))
    definition = shop.definition(arms=arms, holdout=10)
    whole = {row.contact_id: row.arm for row in frozen(store, shop, definition)}
    parts = [frozen(store, shop, definition, within) for within in ((0, ids[4]), (ids[4] + 1, ids[-1]))]
    assert {row.contact_id: row.arm for part in parts for row in part} == whole


def test_arms_are_the_same_in_any_database_and_every_time(store: Store) -> None:
    shop = Shop(store)
    [first] = shop.people(1)
    arms = (Arm("a", "promo", share=45), Arm("b", "promo", share=45))
    definition = shop.definition(arms=arms, holdout=10)
    [row] = frozen(store, shop, definition)
    assert first == 1
    assert row.arm == "b"


def test_shares_of_arms_are_nearly_what_was_asked(store: Store) -> None:
    shop = Shop(store)
    shop.people(600)
    arms = (Arm("a", "promo", share=60), Arm("b", "promo", share=30))
    plan = shop.plan(arms=arms, holdout=10)
    found = {each["arm"]: each["recipients"] for each in plan.content["arms"]}
    assert sum(found.values()) == 600
    assert abs(found["a"] - 360) < 60
    assert abs(found[HOLDOUT] - 60) < 40
