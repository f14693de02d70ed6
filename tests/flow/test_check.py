"""Rules about steps together, where more than one file or more than one cause is involved."""

from __future__ import annotations

from pytake_cli.flow.check import Surroundings, examine, examine_all
from pytake_cli.flow.checks.outside import is_private


def slugs(source: str, around: Surroundings | None = None) -> list[str]:
    """What is found, as (line, slug) in words."""
    return [f"{each.line} {each.slug}" for each in examine(source, "f.yaml", around).problems]


def test_a_misspelt_target_is_not_told_again_as_an_unreachable_step() -> None:
    source = "start: a\nsteps:\n  a: {say: Oi, next: goodby}\n  goodbye: {end: done}\n"
    assert slugs(source) == ["3 PT-FLOW-TARGET"]


def test_what_a_broken_step_leads_to_is_not_unreachable() -> None:
    source = "start: a\nsteps:\n  a: {sya: Oi, next: b}\n  b: {end: done}\n"
    assert slugs(source) == ["3 PT-FLOW-VERB"]


def test_of_steps_that_only_lead_to_each_other_the_first_is_told() -> None:
    source = (
        "start: a\nsteps:\n  a: {say: Oi, next: end}\n"
        "  b: {ask: Nome?, on_invalid: c, next: c}\n  c: {say: Oi, next: b}\n  d: {say: Oi, next: end}\n"
    )
    assert slugs(source) == ["4 PT-FLOW-UNREACHABLE", "6 PT-FLOW-UNREACHABLE"]


def test_a_circle_with_a_question_in_it_is_none() -> None:
    assert slugs("start: a\nsteps:\n  a: {ask: Nome?, on_invalid: b, next: b}\n  b: {say: Oi, next: a}\n") == []


def test_an_answer_opens_the_window_again() -> None:
    source = (
        "start: a\nsteps:\n  a: {wait: 3d, next: b}\n"
        "  b: {ask: Ainda quer?, on_window_closed: end, on_invalid: c, next: c}\n  c: {say: Ótimo, next: end}\n"
    )
    assert slugs(source) == []


def test_a_nudge_that_comes_again_and_again_is_not_added_up() -> None:
    source = (
        "start: a\nsteps:\n  a: {ask: Nome?, timeout: 10h, on_timeout: b, on_invalid: end, next: end}\n"
        "  b: {say: Ainda está aí?, next: a}\n"
    )
    assert slugs(source) == []


def test_two_flows_that_listen_for_one_word_are_told_of_each_other() -> None:
    body = "start: a\nsteps:\n  a: {say: Oi, next: end}\n"
    found = examine_all(
        {"a.yaml": "triggers: [{keyword: Preço}]\n" + body, "b.yaml": "triggers: [{keyword: preco}]\n" + body}
    )
    assert [each.slug for examined in found for each in examined.problems] == ["PT-FLOW-RIVAL"] * 2
    assert all(examined.flow is not None for examined in found)  # warnings only


def test_what_is_not_known_is_not_asked() -> None:
    source = "start: a\nsteps:\n  a: {handoff: suporte}\n"
    assert slugs(source) == []
    assert slugs(source, Surroundings(teams=frozenset({"vendas"}))) == ["3 PT-FLOW-TEAM"]


def test_private_addresses_are_known_in_every_writing() -> None:
    private = [
        "localhost",
        "127.0.0.1",
        "10.1.2.3",
        "192.168.0.1",
        "169.254.169.254",
        "[::1]",
        "fd00::1",
        "127.1",
        "2130706433",
        "0x7f.0.0.1",
    ]
    private += ["db.internal", "printer.local", "intranet", "api.localhost", "0.0.0.0"]
    assert [host for host in private if not is_private(host)] == []
    public = ("api.example.com", "8.8.8.8", "graph.facebook.com", "2606:4700::1111", "café.com.br", "x1.com")
    assert [host for host in public if is_private(host)] == []
