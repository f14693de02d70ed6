"""What holds a walk: failures, bounds, people, time, and the closed window."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from pytake_cli.flow import engine
from pytake_cli.flow.effects import End, HandOff, Record, StartTimer
from pytake_cli.flow.events import Cancelled, Changed, HandedBack, Replied, Signalled, TimerFired
from pytake_cli.flow.reply import Reply
from tests.flow.walking import AT, Talk, ended, flow, records, said


def asks(**more: Any) -> dict[str, Any]:
    return {"ask": "Nome?", "save": "name", "next": "end"} | more


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
