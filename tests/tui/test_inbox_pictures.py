"""Photographs of the inbox itself at three sizes: awkward words in every part."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from pytake_cli import clock, locale
from tests.kit import screens
from tests.kit.awkward import MIXED, hostile
from tests.kit.fake_api import FakeApi
from tests.kit.fake_world import World
from tests.kit.screens import SIZES, on_a_loop, settle
from tests.kit.seven import NOW, STILL
from tests.kit.seven_rows import AWKWARD
from tests.tui.conftest import Seat, seat

STATES: dict[str, tuple[tuple[str, ...], str]] = {  # the keys, and what shows that they have done all they do
    "list": ((), "escreva ao cliente"),
    "chat": (("tab", "pageup"), "escreva ao cliente"),
    "note": (("i", *"lembrar", "space", *"@bi"), "rascunho"),
    "popup": (("enter", "slash"), "rascunho"),
    "help": (("question_mark",), "Enter faz"),
}


STILL_STATES = ("list", "chat")  # in the others drafts, popups and bars come when they come


@pytest.fixture(autouse=True)
def still(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The clock stands, and the language is Portuguese."""
    monkeypatch.setattr(clock, "now", lambda: NOW)
    locale.use("pt-BR")
    yield
    locale.use("en")


def awkward(words: list[str]) -> World:
    """A shop whose customers have such names and write such words; the first one wrote all of them."""
    world = World(40)
    for index, (id_, row) in enumerate(world.rows.items()):
        word = words[index % len(words)]
        row["contact"]["name"] = row["preview"] = word
        row["labels"] = [word[:20], "vip"] if index % 3 == 0 else []
        for item in world.timelines[id_]:
            if item.get("text") in ("Perfeito, gerando o link", "Quero esse no 42"):
                item["text"] = word
    first = next(iter(world.rows))
    for word in reversed(words):
        world.customer_says(first, word)
        world.agent_says(first, word)
        world.note(first, {"body": word})
    return world


@asynccontextmanager
async def opened(words: list[str], size: tuple[int, int]) -> Any:
    """The inbox on the person who wrote all of them."""
    with FakeApi(awkward(words)) as api:
        async with seat(api, size, zone=STILL.zone, theme=STILL.theme) as here:
            await here.choose(next(iter(api.world.rows)))
            yield here


async def rested(here: Seat) -> None:
    for _round in range(3):
        await settle(here.pilot)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("state", STATES)
@on_a_loop
async def test_awkward_words_leave_the_inbox_in_its_lines(state: str, size: tuple[int, int]) -> None:
    async with opened(AWKWARD, size) as here:
        await rested(here)
        keys, shows = STATES[state]
        await here.press(*keys)
        await here.until(lambda: all(words in screens.text(here.app) for words in ("PyTake", shows)))
        await rested(here)
        await here.pilot.pause(0.3)  # scroll bars follow a moment later
        await rested(here)
        screens.check_lines(here.app)
        if state in STILL_STATES:
            screens.compare(here.app, f"inbox-{state}-{size[0]}x{size[1]}")
            assert [sign for sign in MIXED if sign not in screens.text(here.app)] == []


@on_a_loop
async def test_no_hostile_word_reaches_the_inbox() -> None:
    words = list(hostile())
    for at in range(0, len(words), 40):
        async with opened(words[at : at + 40], (120, 40)) as here:
            await rested(here)
            screens.check_lines(here.app)
            await here.press("j", "tab", "G")
            await rested(here)
            screens.check_lines(here.app)
