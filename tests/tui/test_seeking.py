"""Looking for words in a conversation: what is found, what lights up, and which keys go through it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from pytake_cli import clock
from pytake_cli.tui.seeking import folded, lit, spans
from tests.kit.fake_api import FakeApi
from tests.tui.conftest import run, seat


def test_accents_and_capitals_make_no_difference() -> None:
    assert spans("Você viu o TÊNIS? tenis novo", "tênis") == [(11, 16), (18, 23)]
    assert spans("nada", "") == []


@given(st.text())
def test_folding_keeps_every_character_at_its_place(text: str) -> None:
    assert len(folded(text)) == len(text)


@given(st.lists(st.text(max_size=9)), st.text(min_size=1, max_size=3))
def test_lighting_up_changes_no_text(parts: list[str], sought: str) -> None:
    strip = Strip([Segment(part) for part in parts])
    shown = lit(strip, sought, Style(reverse=True))
    assert shown.text == strip.text
    hit = "".join(text for text, style, _control in shown if style and style.reverse)
    assert folded(hit) == folded(sought) * len(spans(strip.text, sought))


def test_slash_in_the_chat_goes_through_what_was_said_and_escape_gives_n_back(api: FakeApi) -> None:
    async def work() -> None:
        async with seat(api) as here:
            first = here.screen.talks.rows[2].id
            for at in range(300):
                api.world._item(first, clock.now(), "in", f"mensagem {at}")
            await here.choose(first)
            await here.press("tab", "slash", *"mensagem", "space", *"29")
            await here.until_shown("1 of 10 finds")
            await here.press("enter", "n", "n")
            await here.until_shown("3 of 10 finds")
            assert here.screen.chat.item is not None
            assert here.screen.chat.item.text == "mensagem 297"
            await here.press("N")
            await here.until_shown("2 of 10 finds")
            await here.press("escape")
            await here.until(lambda: not here.screen.chat.sought)
            await here.press("n")
            await here.until(lambda: here.screen.open and here.screen.open.id != first)

    run(work())


def test_what_stands_further_back_is_fetched_until_it_is_found(api: FakeApi) -> None:
    async def work() -> None:
        async with seat(api) as here:
            other = here.screen.talks.rows[1].id
            at = clock.now()
            api.world.timelines[other].clear()
            api.world._item(other, at, "in", "a agulha")
            for number in range(450):
                api.world._item(other, at, "in", f"palha {number}")
            await here.choose(other)
            await here.press("tab", "slash", *"AGULHA", "enter")
            await here.until_shown("1 of 1 finds")
            assert here.screen.chat.item is not None
            assert here.screen.chat.item.text == "a agulha"

    run(work())
