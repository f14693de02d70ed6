"""How questions are shown, and how what is too long is cut."""

from __future__ import annotations

import pytest

from pytake_cli.flow import presentation
from pytake_cli.flow.limits import CONTACT_CARDS, LIMITS, MAX_ROWS
from pytake_cli.flow.speech import Media, Option, Say
from pytake_cli.flow.steps.say import source_allowed
from pytake_cli.whatsapp import interactive_checks, plain
from tests.flow.walking import Talk, flow, records, said, says


def options(count: int, **more: str) -> list[Option]:
    return [Option(f"c{number}", f"Opção {number}", **more) for number in range(count)]


def test_the_limits_are_those_of_the_wire() -> None:
    checks = interactive_checks
    wire = {
        "text": plain.TEXT,
        "caption": plain.CAPTION,
        "body": min(checks.BODY, checks.LIST_BODY),
        "header": checks.HEADER,
        "footer": checks.FOOTER,
        "button": checks.BUTTON_TITLE,
        "button_id": checks.BUTTON_ID,
        "row_title": checks.ROW_TITLE,
        "row_id": checks.ROW_ID,
        "row_description": checks.ROW_DESCRIPTION,
        "section_title": checks.SECTION_TITLE,
        "form_button": checks.FLOW_CTA,
    }
    assert {place: limit for place, limit in LIMITS.items() if place in wire} == wire
    assert (MAX_ROWS, CONTACT_CARDS) == (checks.ROWS, plain.CONTACTS)


@pytest.mark.parametrize(
    ("given", "buttons", "rows"),
    [
        (options(3), 3, 0),
        (options(3, description="mais"), 0, 3),
        ([Option("a", "um título longo demais"), Option("b", "B")], 0, 2),
        (options(4), 0, 4),
        (options(10), 0, 10),
        (options(11), 0, 10),
    ],
)
def test_choices_are_buttons_a_list_or_pages(given: list[Option], buttons: int, rows: int) -> None:
    (shown,) = presentation.question("ask", "Qual?", given, language="pt-BR")
    assert (len(shown.buttons), len(shown.rows), bool(shown.button)) == (buttons, rows, rows > 0)


def test_a_picture_goes_above_buttons_and_before_a_list() -> None:
    photo = Media("image", "https://a.example/a.png")
    assert [one.media for one in presentation.question("s", "?", options(2), language="en", media=photo)] == [photo]
    assert [one.media for one in presentation.question("s", "?", options(4), language="en", media=photo)] == [
        photo,
        None,
    ]


def test_pages_turn_by_their_last_row_and_any_choice_counts_on_every_page() -> None:
    choices = {f"c{number}": f"Opção {number}" for number in range(23)}
    talk = Talk(flow({"ask": {"ask": "Qual?", "choices": choices, "save": "c", "next": "end"}}, vars={"c": {}}))
    first = says(talk.begin())[0]
    assert [row.id for row in first.rows][-2:] == ["ask:c8", "ask:+more"]
    second = says(talk.tap("ask:+more", "Mais opções"))[0]
    assert [row.id for row in second.rows] == [*(f"ask:c{number}" for number in range(9, 18)), "ask:+more"]
    third = says(talk.tap("ask:+more", "Mais opções"))[0]
    assert [row.id for row in third.rows] == [f"ask:c{number}" for number in range(18, 23)]
    talk.say("Opção 2")
    assert talk.vars == {"c": "c2"}


def test_choices_may_come_from_a_list_that_a_call_brought() -> None:
    ask = {"ask": "Qual?", "choices_from": "vars.slots", "save": "slot", "next": "end"}
    slots = {"type": "list", "default": ["10:00", {"id": "b", "title": "11:30"}]}
    talk = Talk(flow({"ask": ask}, vars={"slots": slots, "slot": {}}))
    assert [row.title for row in says(talk.begin())[0].buttons] == ["10:00", "11:30"]
    talk.tap("ask:10:00", "10:00")
    assert talk.vars["slot"] == "10:00"


def test_a_text_that_is_too_long_is_cut_at_a_word_and_is_an_incident() -> None:
    talk = Talk(flow({"say": {"say": "{{ vars.t }}", "next": "end"}}, vars={"t": {"default": "palavra " * 600}}))
    begun = talk.begin()
    (text,) = said(begun)
    assert len(text) <= LIMITS["text"]
    assert text.endswith("palavra…")
    assert records(begun, "incident") == [("say", "cut")]


def test_titles_that_are_the_same_after_cutting_are_told_apart() -> None:
    fitted, cuts = presentation.fit(Say(text="?", buttons=tuple(Option(str(n), "a" * 25) for n in range(3))))
    assert len({button.title for button in fitted.buttons}) == 3
    assert max(len(button.title) for button in fitted.buttons) <= LIMITS["button"]
    assert len(cuts) == 3


@pytest.mark.parametrize(
    ("source", "allowed"),
    [
        ("https://a.example/a.png", True),
        ("files/price.pdf", True),
        ("files/2026/price list.pdf", True),
        ("media:42", True),
        ("http://a.example/a.png", False),
        ("https://", False),
        ("files/../../etc/passwd", False),
        ("/etc/passwd", False),
        ("file:///etc/passwd", False),
        ("ftp://a.example/a", False),
        ("", False),
    ],
)
def test_a_file_is_an_https_address_one_beside_the_flow_or_one_of_the_store(source: str, allowed: bool) -> None:
    assert source_allowed(source) is allowed
    steps = {"say": {"image": "{{ vars.s }}", "say": None, "on_error": "bad", "next": "end"}, "bad": {"end": "bad"}}
    begun = Talk(flow(steps, vars={"s": {"default": source}})).begin()
    assert (records(begun, "error") == []) is allowed
