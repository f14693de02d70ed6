"""The ways of a walk that customers, calls and people take it: interrupts, sub-flows, failures, bounds, hand-offs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from pytake_cli.flow import engine
from pytake_cli.flow.effects import AskModel, CallHttp, CancelTimer, End, HandOff, Record, SetContact, StartTimer
from pytake_cli.flow.events import Cancelled, Changed, EffectDone, HandedBack, Replied, Signalled, TimerFired
from pytake_cli.flow.reply import Reply
from tests.flow.walking import AT, CONTACT, Talk, ended, flow, records, said, says


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


def test_a_failure_without_a_way_hands_over_and_ends_as_failed() -> None:
    talk = Talk(flow({"bad": {"set": {"vars": {"n": "'x' + 1"}}, "next": "end"}}, vars={"n": {}}))
    over = talk.begin()
    assert ended(over) == ["failed"]
    assert any(isinstance(one, HandOff) for one in over)
    assert records(over, "incident") == [("bad", "failed")]


def test_the_flows_own_way_out_is_taken_once() -> None:
    bad = {"set": {"vars": {"n": "'x' + 1"}}, "next": "end"}
    talk = Talk(flow({"bad": bad, "worse": bad}, vars={"n": {}}, on_error="worse"))
    over = talk.begin()
    assert ended(over) == ["failed"]
    assert records(over, "left") == [("bad", "error")]


def test_a_circle_without_a_wait_stops_after_a_hundred_steps_and_goes_to_on_error() -> None:
    talk = Talk(
        flow(
            {"a": {"event": "x", "next": "b"}, "b": {"event": "y", "next": "a"}, "sorry": {"end": "sorry"}},
            on_error="sorry",
        )
    )
    over = talk.begin()
    assert ended(over) == ["sorry"]
    assert sum(isinstance(one, Record) and one.kind == "entered" for one in over) == 101
    assert [way for _, way in records(over, "incident")] == ["steps"]


def test_the_same_text_goes_out_five_times_in_five_minutes_and_no_more() -> None:
    talk = Talk(flow({"ask": {"ask": "Oi?", "next": "ask"}}))
    talk.begin()
    went = [said(talk.say("x")) for _ in range(5)]
    assert went == [["Oi?"]] * 4 + [[]]
    assert talk.at == "failed"
    slow = Talk(flow({"ask": {"ask": "Oi?", "next": "ask"}}))
    slow.begin()
    assert [said(slow.say("x", after=timedelta(minutes=2))) for _ in range(20)] == [["Oi?"]] * 20


def test_what_was_said_is_carried_to_the_next_session() -> None:
    again = flow({"hi": {"say": "Oi!", "next": "end"}})
    carried: tuple[tuple[int, int], ...] = ()
    went = []
    for _ in range(7):
        talk = Talk(again)
        went.append(said(talk.begin(said=carried)))
        carried = next(one.said for one in talk.effects if isinstance(one, End))
    assert went == [["Oi!"]] * 5 + [[]] * 2


def test_ten_calls_without_a_word_of_the_customer_are_enough() -> None:
    talk = Talk(flow({"get": {"http": "https://a.example", "next": "get"}}))
    talk.begin()
    for _ in range(9):
        talk.answer({"status": 200})
    over = talk.answer({"status": 200})
    assert ended(over) == ["failed"]
    assert ("get", "calls") in records(over, "incident")


def test_a_variable_has_64_kib_and_a_type() -> None:
    grow = flow(
        {
            "grow": {"set": {"vars": {"both": "[vars.a, vars.a]"}}, "on_error": "full", "next": "end"},
            "full": {"end": "full"},
        },
        vars={"a": {"default": "x" * 40_000}, "both": {"type": "list"}},
    )
    over = Talk(grow).begin()
    assert (ended(over), records(over, "incident")) == (["full"], [("grow", "vars")])
    bad = {"set": {"vars": {"n": "'abc'"}}, "on_error": "bad", "next": "end"}
    typed = flow({"set": bad, "bad": {"end": "bad"}}, vars={"n": {"type": "number"}})
    assert ended(Talk(typed).begin()) == ["bad"]


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


def test_handing_over_ends_the_session_or_waits_silently_for_people() -> None:
    steps = {
        "people": {
            "handoff": {"team": "t", "resume": "on_close", "resume_at": "rate", "note": "para {{ contact.name }}"}
        },
        "rate": {"end": {"outcome": "solved", "rate": True}},
    }
    talk = Talk(flow(steps, on=[{"keyword": "menu", "goto": "rate"}], expires="1h"))
    begun = talk.begin()
    assert [(one.resumes, one.note) for one in begun if isinstance(one, HandOff)] == [(True, "para Ana Souza")]
    assert not any(isinstance(one, StartTimer) for one in begun)
    assert records(talk.say("menu"), "ignored") == [("people", "person")]
    assert ended(talk.do(HandedBack(talk.now, closed=True))) == ["solved"]


def test_an_idle_session_expires_by_its_timer_once_and_says_so() -> None:
    steps = {"ask": asks(), "sorry": {"ask": "Continuamos?", "next": "ask"}}
    talk = Talk(flow(steps, vars={"name": {}}, expires="2h", on_expire="sorry"))
    talk.begin()
    assert records(talk.do(TimerFired(AT, "expire")), "late") == [("ask", "TimerFired")]
    assert said(talk.fire("expire")) == ["Continuamos?"]
    assert ended(talk.fire("expire")) == ["expired"]


def test_a_customer_who_comes_back_after_the_expiry_goes_on() -> None:
    steps = {"ask": asks(), "sorry": {"ask": "Continuamos?", "next": "ask"}}
    talk = Talk(flow(steps, vars={"name": {}}, expires="2h", on_expire="sorry"))
    talk.begin()
    talk.fire("expire")
    talk.say("sim")
    assert ended(talk.say("Ana")) == ["completed"]


@pytest.mark.parametrize(
    ("what", "at"),
    [
        (lambda now: Replied(now, Reply("text", "oi")), "off"),
        (lambda now: Changed(now, "tagged", "vip"), "off"),
        (lambda now: Changed(now, "tagged", "other"), "pause"),
        (lambda now: Changed(now, "closed"), "pause"),
        (lambda now: Signalled(now, "x"), "pause"),
        (lambda now: Cancelled(now, "taken_over"), "taken_over"),
    ],
)
def test_a_wait_is_called_off_by_what_it_names_only(what: Any, at: str) -> None:
    steps = {
        "pause": {"wait": {"for": "1d", "cancel_on": ["reply", "tag:vip"]}, "on_cancel": "off", "next": "end"},
        "off": {"end": "off"},
    }
    talk = Talk(flow(steps))
    talk.begin()
    talk.do(what(talk.now))
    assert talk.at == at


def test_a_signal_that_comes_before_its_step_is_not_lost() -> None:
    steps = {
        "ask": asks(next="paid"),
        "paid": {"signal": {"name": "paid", "timeout": "1h", "save": "name"}, "on_timeout": "late", "next": "end"},
        "late": {"end": "late"},
    }
    talk = Talk(flow(steps, vars={"name": {}}))
    talk.begin()
    talk.do(Signalled(talk.now, "paid", "R$ 10"))
    assert ended(talk.say("Ana")) == ["completed"]
    assert talk.vars == {"name": "R$ 10"}


def test_outside_the_window_a_step_takes_its_own_way_or_the_flows_and_says_nothing() -> None:
    own = {
        "hi": {"say": "Oi", "on_window_closed": "tpl", "next": "end"},
        "tpl": {"template": {"name": "come_back", "params": ["{{ contact.first_name }}"]}, "next": "end"},
    }
    talk = Talk(flow(own), window_closes_at=None)
    begun = talk.begin()
    assert records(begun, "left") == [("hi", "window_closed"), ("tpl", "next")]
    other = Talk(
        flow({"hi": {"say": "Oi", "next": "end"}, "err": {"end": "err"}}, on_error="err"), window_closes_at=None
    )
    begun = other.begin()
    assert (said(begun), ended(begun)) == ([], ["err"])
    assert ("hi", "window") in records(begun, "incident")


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


def test_a_bug_in_a_step_is_an_incident_and_no_exception(monkeypatch: pytest.MonkeyPatch) -> None:
    from pytake_cli.flow.steps.say import SayStep

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(SayStep, "enter", broken)
    main = flow({"hi": {"say": "Oi", "next": "end"}, "err": {"end": "err"}}, on_error="err")
    talk = Talk(main)
    with pytest.raises(AssertionError):
        talk.begin()
    session, effects = engine.start("s", main, talk.log[0][0], talk.context)  # type: ignore[arg-type]
    assert session.outcome == "err"
    assert ("hi", "bug") in records(effects, "incident")


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
