"""Which flow a message starts, why the others lost, and what comes before all of them."""

from __future__ import annotations

from typing import Any

import pytest

from pytake_cli.flow import triggers
from pytake_cli.flow.loader import load
from pytake_cli.flow.triggers import Heard, Offer
from pytake_cli.services import flow_triggers, ownership
from pytake_cli.store import Store, tags
from pytake_cli.store.flows import Flow
from pytake_cli.store.segments import Segment
from tests.services.flow_shop import ASKS, FlowShop


@pytest.fixture
def shop(store: Store) -> FlowShop:
    return FlowShop(store)


def flow(name: str, trigger: str, more: str = "") -> str:
    return f"name: {name}\ntriggers: [{trigger}]\n{more}\nstart: a\nsteps: {{a: {{say: '{name}', next: end}}}}\n"


def chosen(heard: Heard, *sources: str) -> tuple[str, str]:
    """(flow, why) of the winner."""
    found = triggers.choose([Offer(load(source)) for source in sources], heard, lambda _: "")
    winner = triggers.chosen(found)
    return (winner.flow, winner.why) if winner else ("", found[0].why if found else "")


@pytest.mark.parametrize(
    ("trigger", "text", "fits"),
    [
        ("{keyword: agendar}", "AGENDAR!", True),
        ("{keyword: não}", "nao", True),
        ("{keyword: agendar}", "quero agendar", False),
        ("{keyword: agendar, mode: starts}", "agendar amanhã", True),
        ("{keyword: agendar, mode: starts}", "agendaremos", False),
        ("{keyword: preço, mode: contains}", "qual o PREÇO, por favor", True),
        ("{keyword: pre, mode: contains}", "preço", False),
        ("{keyword: 'pedido \\d+', mode: regex}", "cadê o pedido 123", True),
        ("{keyword: 'pedido \\d+', mode: regex}", "cadê o pedido", False),
        ("{any: true}", "", True),
    ],
)
def test_keywords_are_compared_as_people_write(trigger: str, text: str, fits: bool) -> None:
    assert bool(chosen(Heard(text), flow("a", trigger))[0]) is fits


def test_the_most_specific_trigger_wins_and_says_why() -> None:
    flows = [
        flow("catch", "{any: true}", "priority: 100"),
        flow("fresh", "{new_conversation: true}"),
        flow("part", "{keyword: oi, mode: contains}"),
        flow("whole", "{keyword: oi}"),
    ]
    assert chosen(Heard("oi", new_conversation=True), *flows) == (
        "whole",
        "keyword whole is more specific than keyword contains",
    )
    assert chosen(Heard("hm", new_conversation=True), *flows)[0] == "fresh"
    assert chosen(Heard("hm"), *flows)[0] == "catch"


def test_of_equals_the_higher_priority_wins_then_the_longer_word_then_the_name() -> None:
    assert chosen(Heard("oi"), flow("a", "{any: true}"), flow("b", "{any: true}", "priority: 1"))[0] == "b"
    starts = "mode: starts}"
    two = flow("a", f"{{keyword: oi, {starts}"), flow("b", f"{{keyword: oi bom dia, {starts}")
    assert chosen(Heard("oi bom dia"), *two)[0] == "b"
    assert chosen(Heard("oi"), flow("b", "{any: true}"), flow("a", "{any: true}"))[0] == "a"


@pytest.mark.parametrize(
    ("trigger", "heard"),
    [
        ("{ad: '120210'}", Heard(ad="120210")),
        ("{ad: '*'}", Heard(ad="7")),
        ("{button: promo_yes}", Heard(button="promo_yes")),
        ("{new_contact: true}", Heard(new_contact=True)),
    ],
)
def test_triggers_that_are_no_words(trigger: str, heard: Heard) -> None:
    assert chosen(heard, flow("a", trigger))[0] == "a"
    assert chosen(Heard(), flow("a", trigger))[0] == ""


def test_the_payload_of_a_templates_button_starts_a_flow(shop: FlowShop) -> None:
    shop.publish(flow("promo", "{button: promo_yes}"))
    shop.says("", type="button", button={"payload": "promo_yes", "text": "Quero"})
    assert shop.bot() == ["promo"]


def test_an_advertisement_starts_a_flow_even_in_the_middle_of_another(shop: FlowShop) -> None:
    shop.publish(ASKS)
    shop.publish(flow("advert", "{ad: '120210'}"))
    shop.says("oi")
    shop.says("Quero saber mais", referral={"source_id": "120210", "source_type": "ad"})
    assert shop.bot() == ["Como você se chama?", "advert"]
    assert [row.outcome for row in shop.rows(_sessions())] == ["replaced", "completed"]


def _sessions() -> Any:
    from pytake_cli.store.flow_sessions import FlowSession

    return FlowSession


def test_a_word_takes_the_conversation_from_a_flow_that_only_waits_for_time(shop: FlowShop) -> None:
    shop.publish("""
        name: later
        triggers: [{keyword: depois}]
        start: pause
        steps:
          pause: {wait: {for: 3d}, next: bye}
          bye: {say: Voltei, next: end}
    """)
    shop.publish(ASKS)
    shop.says("depois")
    shop.says("hm")
    assert shop.conversation().status == "queued"
    shop.says("oi")
    assert shop.bot() == ["Como você se chama?"]
    assert shop.after(days=4) == 0 or "Voltei" not in shop.bot()


def test_scope_keeps_a_flow_to_its_numbers_and_its_contacts(shop: FlowShop) -> None:
    shop.publish(flow("elsewhere", "{keyword: oi}", "scope: {numbers: ['+5511999990000']}"))
    shop.publish(flow("vips", "{keyword: oi}", "scope: {only: 'tag = vip', except: 'stage = blocked'}"))
    shop.publish(flow("rest", "{any: true}"))
    shop.says("oi")
    assert shop.bot() == ["rest"]
    with shop.store.write() as db:
        tags.put(db, shop.org, shop.contact().id or 0, "VIP", shop.now)
    shop.says("oi")
    assert shop.bot()[-1] == "vips"


def test_a_scope_knows_conversations_messages_consent_and_saved_segments(shop: FlowShop) -> None:
    with shop.store.write() as db:
        row = Segment(
            org_id=shop.org, name="novos", query="count(msg.in) <= 2", created_at=shop.now, updated_at=shop.now
        )
        db.add(row)
    asked = "conv.window is set msg.in = 1 consent.marketing is empty segment = novos"
    shop.publish(flow("first", "{keyword: oi}", f"scope: {{only: '{asked}'}}"))
    shop.publish(flow("rest", "{any: true}"))
    shop.says("oi")
    shop.says("oi")
    assert shop.bot() == ["first", "rest"]


def test_explaining_tells_every_candidate_and_what_comes_before(shop: FlowShop) -> None:
    shop.publish(flow("greet", "{keyword: oi}"))
    shop.publish(flow("rest", "{any: true}"))
    shop.publish(flow("asleep", "{keyword: oi}", "priority: 9"))
    with shop.store.write() as db:
        [asleep] = [each for each in shop.rows(Flow) if each.name == "asleep"]
        db.get_one(Flow, asleep.id).paused = True
    shop.says("nada")
    with shop.store.read() as db:
        choice = flow_triggers.explain(db, shop.contact(), "Oi!", shop.number, shop.now)
    assert [(one.flow, one.chosen, one.why) for one in choice.candidates] == [
        ("greet", True, "keyword whole is more specific than any"),
        ("rest", False, "keyword whole of greet is more specific"),
        ("asleep", False, "the flow is paused"),
    ]
    assert choice.instead == ""
    with shop.store.read() as db:
        assert flow_triggers.explain(db, shop.contact(), "sair", shop.number, shop.now).instead == "opt_out"
    with shop.store.write() as db:
        ownership.take_over(db, shop.open_one(db), shop.rita, shop.now)
    with shop.store.read() as db:
        assert flow_triggers.explain(db, shop.contact(), "oi", shop.number, shop.now).instead == "people"
