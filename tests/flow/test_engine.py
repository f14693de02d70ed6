"""What a session does with what happens to it."""

from __future__ import annotations

from datetime import timedelta

from pytake_cli.flow.effects import CancelTimer, HandOff, StartTimer
from tests.flow.walking import AT, Talk, ended, flow, records, said, says

BOOKING = flow(
    {
        "hello": {"say": "Oi, {{ contact.first_name }}!", "next": "kind"},
        "kind": {
            "ask": "Que consulta?",
            "choices": {
                "geral": "Geral",
                "odonto": {"title": "Odontologia", "goto": "why"},
                "humano": "Falar com alguém",
            },
            "save": "service",
            "invalid": ["Toque numa opção.", "Escolha uma, por favor."],
            "on_invalid": "people",
            "timeout": "30m",
            "on_timeout": "nudge",
            "next": "route",
        },
        "route": {"switch": [{"when": "vars.service == 'humano'", "goto": "people"}], "else": "done"},
        "why": {"ask": "O que houve?", "save": "reason", "next": "keep"},
        "keep": {"set": [{"vars": {"visits": "vars.visits + 1"}}, {"tag": "odonto"}], "next": "pause"},
        "pause": {"wait": "2h", "next": "done"},
        "nudge": {"say": "Ainda está aí?", "next": "kind"},
        "people": {"handoff": {"team": "recepcao", "text": "Um instante!"}},
        "done": {"end": {"outcome": "booked", "text": "Pronto: {{ vars.service }}"}},
    },
    vars={"service": {}, "reason": {}, "visits": {"type": "integer", "default": 1}},
    on=[{"keyword": ["menu"], "goto": "kind"}],
    on_error="people",
    expires="24h",
)


def test_a_walk_goes_from_question_to_answer_to_its_end() -> None:
    talk = Talk(BOOKING)
    begun = talk.begin()
    assert said(begun) == ["Oi, Ana!", "Que consulta?"]
    assert [option.id for option in says(begun)[1].buttons] == ["kind:geral", "kind:odonto", "kind:humano"]
    assert talk.at == "kind"
    assert said(talk.tap("kind:odonto", "Odontologia")) == ["O que houve?"]
    waits = talk.say("dor")
    assert [effect.due_at - talk.now for effect in waits if isinstance(effect, StartTimer)] == [
        timedelta(hours=2),
        timedelta(hours=26),
    ]
    assert talk.vars == {"service": "odonto", "reason": "dor", "visits": 2}
    over = talk.fire()
    assert (said(over), ended(over), talk.at) == (["Pronto: odonto"], ["booked"], "booked")


def test_wrong_answers_are_told_apart_counted_and_lead_on() -> None:
    talk = Talk(BOOKING)
    talk.begin()
    first = talk.say("xyz")
    assert said(first) == ["Toque numa opção."]
    assert len(says(first)[0].buttons) == 3
    assert said(talk.say("", kind="sticker", media={"id": "media:1"})) == ["Escolha uma, por favor."]
    last = talk.say("", kind="audio", media={"id": "media:2"})
    assert records(last, "invalid") == [("kind", "kind")]
    assert (said(last), ended(last)) == (["Um instante!"], ["handoff"])
    assert [effect.team for effect in last if isinstance(effect, HandOff)] == ["recepcao"]


def test_silence_leads_on_by_a_timer_and_an_answer_cancels_it() -> None:
    talk = Talk(BOOKING)
    talk.begin()
    token = talk.wait.token
    assert said(talk.fire()) == ["Ainda está aí?", "Que consulta?"]
    assert talk.wait.token != token
    assert records(talk.fire(token), "late") == [("kind", "TimerFired")]
    token = talk.wait.token
    assert CancelTimer(token) in talk.say("geral")


def test_an_answer_counts_by_number_title_id_and_a_close_spelling() -> None:
    for answer in ("2", "ODONTOLOGIA", "odonto", "Odontolojia"):
        talk = Talk(BOOKING)
        talk.begin()
        assert said(talk.say(answer)) == ["O que houve?"], answer


def test_a_choice_may_be_a_time_of_day_and_an_old_one_of_another_question_is_none() -> None:
    asked = flow(
        {
            "ask": {"ask": "Quando?", "choices_from": "vars.slots", "save": "slot", "next": "thank"},
            "thank": {"say": "{{ vars.slot }}", "next": "end"},
        },
        vars={"slots": {"type": "list", "default": ["10:00", "11:30"]}, "slot": {"type": "text"}},
        on_error="thank",
    )
    talk = Talk(asked)
    (question,) = says(talk.begin())
    assert [option.id for option in question.buttons] == ["ask:10:00", "ask:11:30"]
    assert records(talk.tap("other:10:00"), "invalid") == [("ask", "old")]
    assert said(talk.tap("ask:11:30")) == ["11:30"]


def test_a_name_that_was_just_set_is_greeted_at_once() -> None:
    named = flow(
        {
            "keep": {"set": {"contact": {"name": "'Carla Dias'"}}, "next": "greet"},
            "greet": {"say": "Oi, {{ contact.first_name }}!", "next": "end"},
        }
    )
    assert said(Talk(named).begin()) == ["Oi, Carla!"]


def test_an_interrupt_leaves_the_question_for_good() -> None:
    talk = Talk(BOOKING)
    talk.begin()
    talk.say("odonto")
    back = talk.say("Menu!")
    assert records(back, "interrupt") == [("why", "menu")]
    assert (said(back), talk.at) == (["Que consulta?"], "kind")


def test_nothing_that_was_given_is_changed_and_nothing_depends_on_the_clock() -> None:
    one, other = Talk(BOOKING), Talk(BOOKING, at=AT)
    for talk in (one, other):
        talk.begin()
        talk.say("odonto")
        talk.say("dor")
    assert (one.session, one.effects) == (other.session, other.effects)


def test_a_condition_that_is_plainly_true_or_false_goes_its_way() -> None:
    for when, outcome in ((True, "yes"), (False, "no"), ("1 == 1", "yes"), ("vars.x", "no")):
        steps = {
            "if": {"switch": [{"when": when, "goto": "yes"}], "else": "no"},
            "yes": {"end": "yes"},
            "no": {"end": "no"},
        }
        assert ended(Talk(flow(steps, vars={"x": {}})).begin()) == [outcome]
