"""Ready answers by the palette, and templates that begin with what was written before the window closed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from pytake_cli import clock
from pytake_cli.tui import offers
from pytake_cli.tui.dialogs.palette import Palette
from pytake_cli.tui.dialogs.template import TemplatePicker, _longest
from pytake_cli.tui.widgets.field import Field
from tests.kit import fake_api
from tests.kit.fake_api import FakeApi
from tests.kit.fake_world import iso
from tests.kit.screens import on_a_loop
from tests.tui.conftest import seat


def template(name: str, *values: tuple[str, str]) -> dict[str, Any]:
    return {
        "name": name, "language": "pt_BR", "category": "UTILITY", "status": "APPROVED", "quality": "GREEN",
        "usable": True, "text": "Olá {{nome}}! {{assunto}}",
        "values": [{"key": key, "kind": "text", "required": True, "example": example} for key, example in values],
    }  # fmt: skip


@pytest.fixture
def templates(monkeypatch: pytest.MonkeyPatch) -> None:
    both = [template(name, ("nome", "Ana"), ("assunto", "seu pedido 8812")) for name in ("aviso", "retomar")]
    monkeypatch.setitem(fake_api.NOUNS, "/templates", both)


@on_a_loop
async def test_the_palette_puts_a_ready_answer_into_the_message_and_sends_nothing(api: FakeApi) -> None:
    async with seat(api) as here:
        await here.choose(5001)
        await here.press("colon")
        await here.until(lambda: isinstance(here.app.screen, Palette))
        await here.press(*"/pix")
        await here.until_shown("Nossa chave Pix")
        await here.press("enter")
        await here.until(lambda: here.screen.composer.writing.text.startswith("Nossa chave Pix"))
        assert api.world.sent == []


@on_a_loop
async def test_what_was_written_becomes_a_value_of_the_template_and_is_no_draft_any_more(
    api: FakeApi, templates: None
) -> None:
    words = "Chegou o tênis\nque você queria"
    api.world.rows[5001]["window_closes_at"] = iso(clock.now() - timedelta(hours=1))
    api.world.drafts[5001] = {"text": words, "mode": "reply", "reply_to": None}
    async with seat(api) as here:
        await here.choose(5001)
        await here.until(lambda: 5001 in here.screen._drafts)
        await here.press("T")
        await here.until(lambda: isinstance(here.app.screen, TemplatePicker))
        await here.until(lambda: field(here.app.screen, 1) == "Chegou o tênis que você queria")
        assert field(here.app.screen, 0) == "Thiago"
        await here.press("enter")
        await here.until(lambda: api.world.sent)
        await here.until(lambda: 5001 not in api.world.drafts)
        await here.press("T")  # those used last stand at the top
        await here.until(lambda: isinstance(here.app.screen, TemplatePicker))
        await here.until(lambda: field(here.app.screen, 1) == "Chegou o tênis que você queria")


@on_a_loop
async def test_a_closed_window_suggests_a_template_and_says_what_it_costs(api: FakeApi, templates: None) -> None:
    for each in fake_api.NOUNS["/templates"]:
        each["price"] = {"amount": "0.0068", "currency": "USD"}
    api.world.rows[5001]["window_closes_at"] = iso(clock.now() - timedelta(hours=1))
    async with seat(api) as here:
        await here.choose(5001)
        await here.until_shown("suggested: aviso (utility, US$ 0.0068)")
        await here.press("T")
        await here.until(lambda: isinstance(here.app.screen, TemplatePicker))
        await here.until_shown("cost US$ 0.0068 · utility")
        assert "utility ★" in here.text()


def test_the_template_that_fits_best_stands_first() -> None:
    dear, other = template("a"), template("b") | {"language": "en"}
    dear["category"] = "MARKETING"
    known = [other, dear, template("e") | {"usable": False}, template("d", ("nome", "Ana")), template("c")]
    fitting = offers.fitting(known, "pt_BR", lambda name: 0)
    assert [each["name"] for each in fitting] == ["c", "d", "a", "b"]
    assert offers.fitting(known, "pt_BR", lambda name: int(name == "a"))[0] is dear
    assert offers.best(fitting, "pt_BR") is fitting[0]
    assert offers.best(fitting, "es") is offers.best([], "es") is None


@on_a_loop
async def test_the_palette_knows_the_topics_of_help(api: FakeApi) -> None:
    about = {"windows": "The 24-hour window.", "times": "How to write moments."}
    async with seat(api, topics=about, topic=lambda name: f"all about {name}") as here:
        await here.press("colon")
        await here.until(lambda: isinstance(here.app.screen, Palette))
        await here.press(*"?win")
        await here.until_shown("The 24-hour window.")
        await here.press("enter")
        await here.until_shown("all about windows")


def field(screen: Any, at: int) -> str:
    return str(screen.query_one(f"#value-{at}", Field).value) if isinstance(screen, TemplatePicker) else ""


def test_the_draft_goes_to_the_longest_words() -> None:
    slots = [
        {"key": "1", "kind": "text", "example": "Ana"}, {"key": "2", "kind": "text", "example": "a compra"},
        {"key": "foto", "kind": "image", "example": "https://example.com/uma/foto.jpg"},
    ]  # fmt: skip
    assert (_longest(slots), _longest([]), _longest(slots[2:])) == ("2", "", "")
