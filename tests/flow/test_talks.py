"""Talks as tests: what passes, how a failure is told and where, mistakes of test files, and what counts as walked."""

from __future__ import annotations

from xml.etree.ElementTree import fromstring

import pytest

from pytake_cli.flow.loader import load
from pytake_cli.flow.testing import runner
from pytake_cli.flow.testing.junit import report
from pytake_cli.flow.testing.runner import Ran

FLOW = """\
name: tea
triggers: [{keyword: [tea, chá]}]
vars: {kind: {type: text}, price: {type: money}}
start: ask
on:
  - {keyword: [help], goto: tell, resume: true}
on_error: human
on_expire: bye
expires: 12h
steps:
  ask:
    ask: {en: Which tea?, pt-BR: Qual chá?}
    choices: {green: {en: Green, pt-BR: Verde}, black: {title: {en: Black, pt-BR: Preto}, goto: price}}
    save: kind
    timeout: 1h
    on_timeout: bye
    next: price
  tell: {say: {en: Just tap., pt-BR: É só tocar.}, next: resume}
  price:
    http: https://api.example.com/teas
    method: POST
    json: {kind: '{{ vars.kind }}'}
    save: {price: price}
    next: say
  say: {say: {en: '{{ vars.price | money }}', pt-BR: '{{ vars.price | money }}'}, next: bye}
  human: {handoff: shop}
  bye: {end: done}
"""
HEAD = "flow: tea\ntests:\n  one:\n    given: {contact: {language: en}}\n    talk:\n"
BEGUN = "      - customer: tea\n      - bot: {text: Which tea?, choices: [green, black]}\n"


def play(talk: str, *, flow: str = FLOW, head: str = HEAD) -> Ran:
    known = {"tea": load(flow, "tea.yaml")}
    (ran,) = runner.run({"tea.test.yaml": head + talk}, known)
    return ran


def problem(talk: str) -> str:
    """`7:9  what went another way` of the only test."""
    ran = play(talk)
    assert ran.problems == ()
    (result,) = ran.results
    return f"{result.line}:{result.column}  {result.played.problem}" if not result.played.passed else ""


def test_a_talk_that_goes_as_written_passes() -> None:
    answered = "      - http: {match: POST https://api, sends: {kind: green}, reply: {json: {price: 4}}}\n"
    expected = "    expect: {outcome: done, vars: {kind: green, price: 4}, incidents: []}\n"
    assert problem(f"{BEGUN}      - customer: {{choice: green}}\n{answered}      - bot: /R\\$/\n{expected}") == ""


@pytest.mark.parametrize(
    ("talk", "told"),
    [
        ("      - customer: coffee\n", "6:9  no trigger of the flow fits this message"),
        ("      - customer: tea\n      - bot: Which coffee?\n", "7:9  the bot says something else"),
        ("      - customer: tea\n      - bot: {choices: [green]}\n", "7:9  the choices are green, black"),
        ("      - customer: tea\n      - bot: {shown_as: list}\n", '7:9  shown_as is "buttons"'),
        ("      - customer: tea\n", '3:3  the bot also says "Which tea?"'),
        (f"{BEGUN}      - bot: more\n", "8:9  the bot says nothing more"),
        (f"{BEGUN}      - customer: {{choice: red}}\n", "8:9  there is no option red; there are green, black"),
        (f"{BEGUN}      - http: {{}}\n", "8:9  there is no call of http to answer"),
        (
            f"{BEGUN}      - customer: '1'\n      - bot: x\n",
            "9:9  the bot says nothing; it waits for POST https://api.example.com/teas",
        ),
        (
            f"{BEGUN}      - customer: '1'\n      - http: {{match: GET}}\n",
            "9:9  the call is POST https://api.example.com/teas",
        ),
        (
            f"{BEGUN}      - customer: '1'\n      - http: {{sends: {{kind: red}}}}\n",
            "9:9  the call sends something else",
        ),
        (f"{BEGUN}    expect: {{outcome: done}}\n", '8:5  outcome is nothing, not "done"'),
        (f"{BEGUN}    expect: {{step: bye}}\n", '8:5  step is "ask", not "bye"'),
        (f"{BEGUN}    expect: {{tags: [vip]}}\n", "8:5  tags is [], not [vip]"),
        (
            f"{BEGUN}      - customer: '1'\n      - http: {{reply: {{status: 500}}}}\n",
            "3:3  the incidents are error (price: http the answer was 500), not none",
        ),
    ],
)
def test_a_talk_that_goes_another_way_says_where_and_how(talk: str, told: str) -> None:
    found = problem(talk)
    if "incidents" in told:
        assert found.startswith("3:3  the incidents are error (price: http")
    else:
        assert found == told


def test_a_failure_shows_what_was_expected_and_what_came() -> None:
    (result,) = play("      - customer: tea\n      - bot: Which coffee?\n").results
    signs = [(entry.sign, entry.who, entry.text) for entry in result.played.transcript]
    assert signs == [("", "customer", "tea"), ("-", "bot", "Which coffee?"), ("+", "bot", "Which tea?")]


def test_a_test_is_played_in_each_of_its_languages() -> None:
    head = "flow: tea\ntests:\n  one:\n    languages: [en, pt-BR]\n    talk:\n"
    ran = play("      - customer: {en: tea, pt-BR: chá}\n      - bot: {en: Which, pt-BR: Qual}\n", head=head)
    assert [(result.played.language, result.played.passed) for result in ran.results] == [("en", True), ("pt-BR", True)]


def test_time_fires_timers_and_opt_out_words_end_everything() -> None:
    assert problem(f"{BEGUN}      - after: 59m\n      - after: 1m\n    expect: {{outcome: done}}\n") == ""
    ended = "      - customer: stop\n      - after: 2h\n      - customer: tea\n      - silence: true\n"
    assert problem(f"{BEGUN}{ended}    expect: {{outcome: opted_out}}\n") == ""


def test_an_old_call_is_not_waited_for_after_a_timeout_of_its_own() -> None:
    lost = "      - customer: '1'\n      - after: 1h\n    expect: {outcome: handoff, incidents: [error]}\n"
    assert problem(BEGUN + lost) == ""


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("", "1:1  the file is empty; pytake flow new shows how one begins"),
        ("- a\n", "1:1  a test file is a map with `flow` and `tests`, not a list"),
        ("flow: tea\ntest: {}\n", "2:1  the file needs `tests`; `test` is `tests`"),
        ("flow: tee\ntests: {a: {talk: [{bot: x}]}}\n", "1:7  there is no flow `tee` to test; did you mean"),
        (f"{HEAD}      - custmer: x\n", "6:9  there is no key `custmer` here; did you mean `customer`?"),
        (f"{HEAD}      - {{customer: tea, bot: x}}\n", "6:9  a line of a talk is exactly one of customer, bot"),
        (f"{HEAD}      - after: a while\n", "6:16  `after` takes a duration such as 30s"),
        (f"{HEAD}      - bot: {{choices: [gren]}}\n", "6:25  no step offers the choice `gren`; did you mean `gr"),
        (f"{HEAD}      - bot: x\n    expect: {{vars: {{knd: a}}}}\n", "7:21  the flow has no variable `knd`"),
        (
            f"{HEAD}      - bot: x\n    expect: {{step: hman}}\n",
            "7:20  the flow has no step `hman`; did you mean `human",
        ),
        (
            "flow: tea\ngiven: {contact: {nme: Ana}}\ntests: {a: {talk: [{bot: x}]}}\n",
            "2:19  a contact has no `nme`; fields of your own stand in `fields`; did you mean `name`?",
        ),
        (
            "flow: tea\ngiven: {hours: {s: {mon: [9-18]}}}\ntests: {a: {talk: [{bot: x}]}}\n",
            "2:20  `s`: '9-18' is no span",
        ),
        ("flow: tea\ntests: {a: {talk: [{person: leaves}]}}\n", '2:29  `person` cannot be "leaves"; it is one of'),
    ],
)
def test_a_mistake_in_a_test_file_has_its_place(source: str, told: str) -> None:
    (ran,) = runner.run({"tea.test.yaml": source}, {"tea": load(FLOW, "tea.yaml")})
    (found,) = ran.problems
    assert f"{found.line}:{found.column}  {found.sentence}".startswith(told)
    assert ran.results == []


def missing(*talks: str) -> set[str]:
    """`kind step name` of all that these talks do not walk."""
    flow = load(FLOW, "tea.yaml")
    ran = [play(talk) for talk in talks]
    assert [result.played.problem for one in ran for result in one.failed] == []
    points = runner.coverage(ran, {"tea": flow})["tea"].missing
    return {f"{point.kind} {point.step} {point.name}".replace("  ", " ") for point in points}


def test_coverage_names_everything_that_no_talk_has_walked() -> None:
    walked = "      - customer: {choice: green}\n      - http: {reply: {json: {price: 4}}}\n      - bot: {}\n"
    assert missing(BEGUN + walked) == {
        "interrupt help",
        "way on_expire",
        "error on_error",
        "way ask timeout",
        "error ask error",
        "choice ask black",
        "language ask pt-BR",
        "step tell tell",
        "way tell next",
        "language tell en",
        "language tell pt-BR",
        "error price error",
        "language say pt-BR",
        "step human human",
    }


def test_the_end_of_an_idle_session_is_walked_by_silence() -> None:
    idle = FLOW.replace("    timeout: 1h\n    on_timeout: bye\n", "")
    known = {"tea": load(idle, "tea.yaml")}
    ran = [play(f"{BEGUN}      - after: 13h\n    expect: {{outcome: done}}\n", flow=idle)]
    walked = {(point.kind, point.step, point.name) for point in runner.coverage(ran, known)["tea"].walked}
    assert ("way", "", "on_expire") in walked


def test_an_interrupt_and_the_flows_way_of_errors_are_walked_by_those_who_take_them() -> None:
    asked = "      - customer: help\n      - bot: Just tap.\n      - bot: Which tea?\n"
    failed = "      - customer: '2'\n      - http: {fail: timeout}\n    expect: {incidents: [error]}\n"
    left = missing(BEGUN + asked + failed)
    assert not left & {"interrupt help", "error on_error", "error price error", "choice ask black", "way tell next"}
    assert {"error ask error", "way price next"} <= left


def test_steps_of_a_sub_flow_count_for_the_sub_flow() -> None:
    outer = "name: shop\ntriggers: [{keyword: shop}]\nstart: ask\non_error: bye\n"
    outer += "steps:\n  ask: {call: tea, next: bye}\n  bye: {end: shut}\n"
    flows = {"tea": load(FLOW, "tea.yaml"), "shop": load(outer, "shop.yaml")}
    head = "flow: shop\ntests:\n  one:\n    given: {contact: {language: en}}\n    talk:\n      - customer: shop\n"
    talk = "      - bot: {}\n      - customer: green\n      - http: {reply: {json: {price: 4}}}\n      - bot: {}\n"
    ran = runner.run({"shop.test.yaml": head + talk}, flows)
    assert [result.played.problem for one in ran for result in one.results] == [""]
    found = runner.coverage(ran, flows)
    assert found["shop"].missing == []
    assert ("step", "price") in {(point.kind, point.step) for point in found["tea"].walked}
    assert ("step", "ask") in {(point.kind, point.step) for point in found["tea"].walked}


def test_junit_has_a_case_for_every_test_and_the_talk_of_a_failure() -> None:
    ran = play('      - customer: tea\n      - bot: "Which \\u0001 coffee?"\n')
    root = fromstring(report([ran]).partition("\n")[2])
    (suite,) = root
    assert suite.attrib == {"name": "tea.test.yaml", "tests": "1", "failures": "1", "errors": "0"}
    (case,) = suite
    assert (case.get("name"), case.get("line")) == ("one [en]", "7")
    assert "+ bot: Which tea?" in (case[0].text or "")


HANDED_OVER = BEGUN + "      - customer: '2'\n      - http: {fail: timeout}\n"


@pytest.mark.parametrize(
    ("before", "heard"),
    [
        (HANDED_OVER, False),
        (HANDED_OVER + "      - person: hands back\n", True),
        (HANDED_OVER + "      - person: closes\n", True),
        (BEGUN + "      - person: takes over\n", False),
    ],
)
def test_no_trigger_is_heard_while_a_person_has_the_conversation(before: str, heard: bool) -> None:
    again = "      - customer: tea\n" + ("      - bot: {text: Which tea?}\n" if heard else "      - silence: true\n")
    failed = "    expect: {incidents: error}\n" if "http" in before else ""
    assert problem(before + again + failed) == ""


def test_the_words_of_the_settings_opt_out_and_a_start_word_lets_flows_write_again() -> None:
    head = "flow: tea\ngiven: {opt_out: chega}\ntests:\n  one:\n    given: {contact: {language: en}}\n    talk:\n"
    stopped = "      - customer: Chega!\n      - customer: tea\n      - silence: true\n"
    [result] = play(f"{BEGUN}{stopped}      - customer: start\n{BEGUN}", head=head).results
    assert result.played.problem == ""
