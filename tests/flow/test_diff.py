"""Differences by meaning, and who may move to a new version."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytake_cli.flow.diff import diff, movable
from pytake_cli.flow.loader import load
from pytake_cli.flow.written import plain, yaml_text

SAMPLE = (Path(__file__).parent / "samples" / "agenda.yaml").read_text(encoding="utf-8")


def changes(*replaced: tuple[str, str]) -> list[str]:
    """The sentences for the sample with some texts replaced."""
    source = SAMPLE
    for before, after in replaced:
        assert before in source
        source = source.replace(before, after)
    return [change.sentence for change in diff(load(SAMPLE, "agenda.yaml"), load(source, "agenda.yaml"))]


def test_the_same_flow_written_otherwise_does_not_differ() -> None:
    short = "say: {pt-BR: Ainda está aí?, en: Are you still there?}"
    long = "say:\n      text:\n        en: Are you still there?\n        pt-BR: 'Ainda está aí?'"
    assert changes((short, long)) == []


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (
            "en: Are you still there?",
            "en: Still there?",
            'step nudge: text of say (en): "Are you still there?" → "Still there?"',
        ),
        ("goto: is_known}", "goto: human}", "step ask_service: choices.odonto.goto leads to human, not to is_known"),
        ("wait: 3d", "wait: 2d", "step remind: wait: 3d → 2d"),
        (
            "pt-BR: Consulta geral",
            "pt-BR: Geral",
            'step ask_service: text of choices.geral.title (pt-BR): "Consulta geral" → Geral',
        ),
        ("expect: date", "expect: datetime", "step ask_day: expects otherwise, expect: date → datetime"),
        ("title: Marcação de consultas", "title: Consultas", 'title: "Marcação de consultas" → Consultas'),
        ("on_error: human\non_expire", "on_error: bye\non_expire", "on_error: human → bye"),
        ("tag: agendado", "tag: marcado", "step keep: set.1.tag.1: agendado → marcado"),
    ],
)
def test_one_change_is_told_in_one_sentence(before: str, after: str, said: str) -> None:
    assert changes((before, after)) == [said]


def test_a_renamed_step_is_no_other_step() -> None:
    assert changes(("ask_day", "ask_date")) == ["step ask_day is now called ask_date"]


def test_steps_added_and_removed_are_told() -> None:
    added = "  human:\n    handoff: vendas\n"
    told = changes(
        ("next: nudge", "next: nudge") if "next: nudge" in SAMPLE else ("on_timeout: nudge", "on_timeout: coffee"),
        ("  nudge:\n    say: {pt-BR: Ainda está aí?, en: Are you still there?}\n    next: ask_service\n", ""),
        (added, "  coffee:\n    wait: 10m\n    next: bye\n" + added),
    )
    assert told == [
        "step ask_service: on_timeout leads to coffee, not to nudge",
        "step coffee added: wait 10m",
        'step nudge removed: say {pt-BR: "Ainda está aí?", en: "Are you still there?"}',
    ]


@pytest.mark.parametrize(
    ("before", "after", "step", "reason"),
    [
        ("Que dia?", "Qual dia?", "ask_day", None),
        ("Consulta geral", "Geral", "ask_service", None),
        ("wait: 3d", "wait: 5d", "remind", None),
        ("expect: date", "expect: datetime", "ask_day", "the step expects something else now"),
        ("      geral:", "      clinico:", "ask_service", "the step expects something else now"),
        ("ask_day", "ask_date", "ask_day", "the step is gone"),
        ("day: {type: date}", "day: {type: text}", "ask_service", "a variable of the session has another type now"),
    ],
)
def test_who_waits_may_move_when_the_step_expects_the_same(
    before: str, after: str, step: str, reason: str | None
) -> None:
    old, new = load(SAMPLE, "agenda.yaml"), load(SAMPLE.replace(before, after), "agenda.yaml")
    assert movable(old, new, step) == reason
    assert movable(old, old, step) is None


def test_the_canonical_form_is_read_as_the_same_flow() -> None:
    flow = load(SAMPLE, "agenda.yaml")
    again = load(yaml_text(flow), "other.yaml")
    assert plain(again) == plain(flow)
    assert yaml_text(again) == yaml_text(flow)
    assert diff(flow, again) == []
