"""The ways of a walk: interrupts, sub-flows, calls to the outside, buttons of other questions."""

from __future__ import annotations

from typing import Any

import pytest

from pytake_cli.flow import engine
from pytake_cli.flow.effects import AskModel, CallHttp, CancelTimer, End, SetContact
from pytake_cli.flow.events import EffectDone, Replied
from pytake_cli.flow.reply import Reply
from tests.flow.walking import CONTACT, Talk, ended, flow, records, said, says


def asks(**more: Any) -> dict[str, Any]:
    return {"ask": "Nome?", "save": "name", "next": "end"} | more


PRICES = flow(
    {
        "name": asks(next="age", timeout="1h", on_timeout="bye"),
        "age": {"ask": "Idade?", "expect": "number", "save": "age", "on_invalid": "bye", "next": "pause"},
        "pause": {"wait": {"for": "1h"}, "next": "bye"},
        "price": {"say": "Custa 10.", "next": "resume"},
        "bye": {"end": "bye"},
    },
    vars={"name": {}, "age": {"type": "integer"}},
    on=[{"keyword": "preço", "goto": "price", "resume": True}, {"keyword": "sair", "goto": "bye"}],
    expires="24h",
)


def test_an_interrupt_that_resumes_asks_the_question_again_with_a_timer_of_its_own() -> None:
    talk = Talk(PRICES)
    talk.begin()
    token = talk.wait.token
    went = talk.say("Preco")
    assert said(went) == ["Custa 10.", "Nome?"]
    assert CancelTimer(token) in went
    assert talk.wait.token != token
    assert talk.at == "name"
    assert said(talk.say("Ana")) == ["Idade?"]


def test_wrong_answers_are_counted_anew_after_an_interrupt() -> None:
    talk = Talk(PRICES)
    talk.begin()
    talk.say("Ana")
    talk.say("muitos")
    talk.say("muitos")
    talk.say("preço")
    assert talk.at == "age"
    assert talk.wait.invalid == 0


def test_a_wait_goes_on_beneath_an_interrupt_and_its_timer_is_not_lost() -> None:
    talk = Talk(PRICES)
    talk.begin()
    talk.say("Ana")
    talk.say("30")
    token = talk.wait.token
    assert said(talk.say("preço")) == ["Custa 10."]
    assert (talk.at, talk.wait.token) == ("pause", token)
    assert ended(talk.fire()) == ["bye"]


def test_what_an_interrupted_wait_was_for_is_kept_until_the_way_back() -> None:
    main = flow(
        {
            "pay": {"http": "https://a.example/x", "save": {"link": "url"}, "on_error": "bye", "next": "show"},
            "show": asks(ask="Link: {{ vars.link }}"),
            "help": {"ask": "Entendeu?", "next": "resume"},
            "bye": {"end": "bye"},
        },
        vars={"link": {}, "name": {}},
        on=[{"keyword": "ajuda", "goto": "help", "resume": True}],
    )
    talk = Talk(main)
    begun = talk.begin()
    token = talk.wait.token
    talk.say("ajuda")
    assert talk.do(EffectDone(talk.now, token, {"status": 200, "json": {"url": "https://p.example"}})) == []
    back = talk.say("sim")
    assert said(back) == ["Link: https://p.example"]
    assert sum(isinstance(one, CallHttp) for one in [*begun, *back]) == 1


SUB = flow(
    {"ask": {"ask": "Rua de {{ vars.who }}?", "save": "street", "next": "end"}, "stop": {"end": "stopped"}},
    name="address",
    vars={"who": {}, "street": {}},
    on=[{"keyword": "pare", "goto": "stop"}],
)
MAIN = flow(
    {
        "call": {
            "call": {"flow": "address", "with": {"who": "vars.name"}, "returns": {"place": "street"}},
            "next": "show",
        },
        "show": {"say": "Vai para {{ vars.place }}.", "next": "end"},
        "menu": {"end": "menu"},
    },
    vars={"name": {"default": "Ana"}, "place": {}},
    on=[{"keyword": ["menu", "pare"], "goto": "menu"}],
)


def test_a_sub_flow_has_its_own_variables_and_gives_back_what_was_asked_for() -> None:
    talk = Talk(MAIN, SUB)
    assert said(talk.begin()) == ["Rua de Ana?"]
    assert talk.vars == {"who": "Ana"}
    over = talk.say("Rua A")
    assert said(over) == ["Vai para Rua A."]
    assert ended(over) == ["completed"]
    assert talk.vars == {"name": "Ana", "place": "Rua A"}


def test_interrupts_of_the_sub_flow_come_before_those_of_its_caller() -> None:
    inner = Talk(MAIN, SUB)
    inner.begin()
    assert said(inner.say("pare")) == ["Vai para ."]
    outer = Talk(MAIN, SUB)
    outer.begin()
    assert ended(outer.say("menu")) == ["menu"]


def test_a_flow_that_calls_itself_ends_at_the_depth() -> None:
    talk = Talk(flow({"call": {"call": "test", "next": "end"}}))
    over = talk.begin()
    assert talk.at == "failed"
    assert ("call", "depth") in records(over, "incident")


def http(**more: Any) -> Any:
    steps = {
        "get": {
            "http": {
                "method": "post",
                "url": "https://a.example/{{ vars.n }}",
                "query": {"q": "{{ vars.n }}"},
                "headers": {"Authorization": "secret:KEY"},
                "json": {"n": "{{ vars.n }}", "who": "Oi {{ contact.first_name }}"},
                "save": {"found": "items[1].id", "code": "$status"},
            },
            "retries": 2,
            "next": "done",
        }
        | more,
        "done": {"end": "done"},
        "refused": {"end": "refused"},
        "slow": {"end": "slow"},
        "people": {"end": "people"},
    }
    return flow(
        steps,
        vars={"n": {"type": "integer", "default": 3}, "found": {}, "code": {"type": "integer"}},
        on_error="people",
    )


def test_a_call_carries_typed_values_and_its_answer_is_saved_by_path() -> None:
    talk = Talk(http())
    call = next(one for one in talk.begin() if isinstance(one, CallHttp))
    assert (call.method, call.url) == ("POST", "https://a.example/3?q=3")
    assert call.json == {"n": 3, "who": "Oi Ana"}
    assert call.headers == {"Authorization": "secret:KEY"}
    assert ended(talk.answer({"status": 201, "json": {"items": [{}, {"id": 9}]}})) == ["done"]
    assert talk.vars == {"n": 3, "found": "9", "code": 201}


@pytest.mark.parametrize(
    ("ways", "reason", "outcome"),
    [
        ({}, "network", "people"),
        ({"on_error": "refused"}, "network", "refused"),
        ({"on_http_error": "refused"}, "http", "refused"),
        ({"on_http_error": "refused", "on_timeout": "slow"}, "timeout", "slow"),
        ({"on_http_error": "refused"}, "timeout", "refused"),
    ],
)
def test_a_call_that_fails_takes_the_nearest_way_out(ways: dict[str, str], reason: str, outcome: str) -> None:
    talk = Talk(http(**ways))
    talk.begin()
    assert ended(talk.fail(reason)) == [outcome]


def test_a_refusal_by_status_is_an_error_and_a_lost_answer_a_timeout() -> None:
    refused = Talk(http(on_http_error="refused"))
    refused.begin()
    assert ended(refused.answer({"status": 404, "json": {}})) == ["refused"]
    lost = Talk(http(on_timeout="slow"))
    lost.begin()
    assert ended(lost.fire()) == ["slow"]


def test_late_answers_are_recorded_and_change_nothing() -> None:
    talk = Talk(PRICES)
    talk.begin()
    before = talk.wait
    new = talk.do(EffectDone(talk.now, "0.gone", {"status": 200}))
    assert records(new, "late") == [("name", "EffectDone")]
    assert talk.wait == before


def test_contact_changes_are_effects_and_seen_by_the_steps_after() -> None:
    talk = Talk(
        flow(
            {
                "set": {
                    "set": [
                        {"contact": {"plan": "'gold'", "name": "'Bia'"}},
                        {"tag": "vip"},
                        {"stage": "lead"},
                        {"score": "10"},
                    ],
                    "next": "say",
                },
                "say": {
                    "say": " ".join(
                        f"{{{{ contact.{name} }}}}" for name in ("fields.plan", "name", "tags | join", "stage", "score")
                    ),
                    "next": "end",
                },
            }
        )
    )
    begun = talk.begin()
    assert said(begun) == ["gold Bia vip lead 10"]
    changes = [change for one in begun if isinstance(one, SetContact) for change in one.changes]
    assert changes == [
        ("field", "plan", "gold"),
        ("name", "", "Bia"),
        ("tag", "vip", True),
        ("stage", "", "lead"),
        ("score", "", 10),
    ]
    assert CONTACT["tags"] == []


def test_gestures_of_the_customer_change_nothing_and_are_recorded() -> None:
    talk = Talk(PRICES)
    talk.begin()
    before = talk.wait
    for kind in ("reaction", "edit", "revoke"):
        assert records(talk.say("👍", kind=kind), "ignored") == [("name", kind)]
    assert talk.wait == before


def test_an_old_button_is_a_wrong_answer_and_a_second_tap_is_none() -> None:
    steps = {
        "one": {"ask": "Um?", "choices": {"a": "A", "b": "B"}, "next": "two"},
        "two": {"ask": "Dois?", "choices": {"c": "C", "d": "D"}, "on_invalid": "end", "next": "three"},
        "three": {"ask": "Nome?", "save": "name", "next": "end"},
    }
    talk = Talk(flow(steps, vars={"name": {}}))
    talk.begin()
    talk.tap("one:a", "A")
    assert records(talk.tap("one:a", "A"), "ignored") == [("two", "repeated")]
    assert records(talk.tap("one:b", "B"), "invalid") == [("two", "old")]
    talk.tap("two:c", "C")
    assert records(talk.tap("one:b", "B"), "invalid") == [("three", "old")]
    assert talk.at == "three"


def test_leaving_for_another_flow_ends_the_session_as_replaced() -> None:
    talk = Talk(flow({"go": {"goto_flow": {"flow": "address", "with": {"who": "'Ana'"}}}}), SUB)
    talk.begin(hops=3)
    assert [(one.outcome, one.next_flow, one.vars, one.hops) for one in talk.effects if isinstance(one, End)] == [
        ("replaced", "address", {"who": "Ana"}, 4)
    ]
    storm = Talk(flow({"go": {"goto_flow": "address"}}), SUB)
    storm.begin(hops=20)
    assert storm.at == "failed"


def test_a_model_classifies_and_an_unsure_one_goes_to_on_low() -> None:
    steps = {
        "sort": {
            "ai": {"task": "classify", "labels": ["buy", "help"], "save": "kind", "confidence": 0.7, "on_low": "low"},
            "on_error": "err",
            "next": "end",
        },
        "low": {"end": "low"},
        "err": {"end": "err"},
    }
    for answer, outcome in (
        ({"label": "buy", "confidence": 0.9}, "completed"),
        ({"label": "buy", "confidence": 0.5}, "low"),
        ({"label": "buy"}, "low"),
        ({"label": "ignore all rules"}, "err"),
    ):
        talk = Talk(flow(steps, vars={"kind": {}}))
        begun = talk.begin(reply=Reply("text", "quero comprar"))
        assert [one.input for one in begun if isinstance(one, AskModel)] == ["quero comprar"]
        assert ended(talk.answer(answer)) == [outcome]


def test_a_split_is_sticky_by_contact_and_even_over_many() -> None:
    share = flow(
        {
            "ab": {"split": [{"weight": 30, "goto": "a"}, {"weight": 70, "goto": "b"}]},
            "a": {"end": "a"},
            "b": {"end": "b"},
        }
    )
    outcomes = [ended(Talk(share, contact=CONTACT | {"id": ident}).begin())[0] for ident in range(1000)]
    assert outcomes == [ended(Talk(share, contact=CONTACT | {"id": ident}).begin())[0] for ident in range(1000)]
    assert 250 < outcomes.count("a") < 350


def test_texts_are_in_the_contacts_language_else_the_flows() -> None:
    text = {"hi": {"say": {"pt-BR": "Oi", "en": "Hi"}, "next": "end"}}
    for language, wanted in (("en", "Hi"), ("en-US", "Hi"), ("pt", "Oi"), ("fr", "Oi"), (None, "Oi")):
        assert said(Talk(flow(text), contact=CONTACT | {"language": language}).begin()) == [wanted]


def test_a_native_form_is_saved_and_words_instead_are_a_wrong_answer() -> None:
    steps = {
        "form": {
            "form": {"flow_id": 99, "text": "Preencha", "save": {"name": "full_name"}},
            "on_invalid": "end",
            "next": "end",
        }
    }
    talk = Talk(flow(steps, vars={"name": {}}))
    talk.begin()
    assert records(talk.say("oi"), "invalid") == [("form", "kind")]
    assert ended(talk.say("", kind="interactive", form={"full_name": "Ana"})) == ["completed"]
    assert talk.vars == {"name": "Ana"}


def test_who_would_hear_a_message_is_told_without_anything_happening() -> None:
    talk = Talk(PRICES)
    talk.begin()
    assert talk.session is not None
    for reply, heard in (
        (Reply("text", "preço"), ("interrupt", "preço")),
        (Reply("text", "Ana"), ("answer", "name")),
        (Reply("sticker"), ("invalid", "name")),
        (Reply("reaction", "👍"), ("nobody", "reaction")),
    ):
        assert engine.heard_by(talk.session, Replied(talk.now, reply), talk.flow, talk.context) == heard


def test_multi_takes_several_numbers_from_numbered_lines() -> None:
    steps = {
        "ask": {
            "ask": "Quais?",
            "expect": "multi",
            "choices": {"a": "Um", "b": "Dois", "c": "Três"},
            "save": "all",
            "next": "end",
        }
    }
    talk = Talk(flow(steps, vars={"all": {"type": "list"}}))
    begun = talk.begin()
    assert said(begun) == ["Quais?\n\n1. Um\n2. Dois\n3. Três"]
    assert says(begun)[0].buttons == ()
    talk.say("1, 3")
    assert talk.vars == {"all": ["a", "c"]}


def test_chance_chooses_among_weighted_ways_and_whole_functions_are_called() -> None:
    """D12: in the first PyTake `random` always failed, and every script of more than one line did."""
    steps = {
        "toss": {"split": [{"weight": 1, "goto": "code"}, {"weight": 3, "goto": "code"}]},
        "code": {"code": {"function": "shop:price", "with": {"sku": "'bolo'"}, "save": "price"}, "next": "tell"},
        "tell": {"say": "{{ vars.price }}", "next": "end"},
    }
    talk = Talk(flow(steps, vars={"price": {"type": "number"}}, on_error="tell"))
    talk.begin()
    assert records(talk.effects, "split")
    assert said(talk.answer(32)) == ["32"]
