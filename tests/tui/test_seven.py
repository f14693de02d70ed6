"""The screens beside the inbox: photographs at three sizes with awkward words, and what their keys do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from pytake_cli import clock, locale
from pytake_cli.tui.cards.flow import branches
from pytake_cli.tui.options import Options
from pytake_cli.tui.widgets.chat import ChatView
from tests.kit import photographs, screens
from tests.kit.awkward import MIXED, hostile
from tests.kit.screens import SIZES, on_a_loop, running
from tests.kit.seven import NOW, STILL, Seven
from tests.kit.seven_rows import AWKWARD, SEVEN


@pytest.fixture(autouse=True)
def still(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """The clock stands, the language is Portuguese, and there are no flow files beside us."""
    monkeypatch.setattr(clock, "now", lambda: NOW)
    monkeypatch.setattr(clock, "monotonic", lambda: 100.0)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.chdir(tmp_path)
    locale.use("pt-BR")
    yield
    locale.use("en")


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("place", SEVEN)
@on_a_loop
async def test_awkward_words_leave_every_screen_in_its_lines(place: str, size: tuple[int, int]) -> None:
    async with running(Seven(SEVEN[place](AWKWARD), place), size) as (app, pilot):
        await rested(pilot)
        screens.compare(app, f"{place}-{size[0]}x{size[1]}")
        assert [sign for sign in MIXED if sign not in screens.text(app)] == []


@pytest.mark.parametrize("place", SEVEN)
@on_a_loop
async def test_no_hostile_word_reaches_any_screen(place: str) -> None:
    words = list(hostile())
    for at in range(0, len(words), 40):
        async with running(Seven(SEVEN[place](words[at : at + 40]), place), (120, 40)) as (app, pilot):
            await rested(pilot)
            screens.check_lines(app)
            await pilot.press("j", "enter", "j", "G")
            await rested(pilot)
            screens.check_lines(app)


@pytest.mark.parametrize("place", SEVEN)
@pytest.mark.parametrize("theme", ["pytake-light", "pytake-ansi", "pytake-contrast"])
@on_a_loop
async def test_every_theme_and_a_small_terminal_are_drawn(place: str, theme: str) -> None:
    options = Options(zone=STILL.zone, theme=theme)
    async with running(Seven(SEVEN[place](AWKWARD), place, options=options), (60, 16)) as (app, pilot):
        await rested(pilot)
        screens.check_lines(app)


@on_a_loop
async def test_space_pauses_a_campaign_and_goes_on_with_it() -> None:
    api = SEVEN["campaigns"](["black-friday"])
    api.on["POST /campaigns/campaign:90/pause"] = api.on["POST /campaigns/campaign:88/resume"] = {}
    async with running(Seven(api, "campaigns"), (120, 40)) as (_app, pilot):
        await rested(pilot)
        await pilot.press("space")
        await rested(pilot)
        assert api.bodies("POST", "/campaigns/campaign:90/pause") == [{}]
        await pilot.press("j", "j", "space")
        await rested(pilot)
        assert api.bodies("POST", "/campaigns/campaign:88/resume") == [{}]


@on_a_loop
async def test_a_campaign_is_cancelled_only_by_its_name() -> None:
    api = SEVEN["campaigns"](["natal"])
    api.on["POST /campaigns/campaign:90/cancel"] = {}
    async with running(Seven(api, "campaigns"), (120, 40)) as (app, pilot):
        await rested(pilot)
        await pilot.press("K", *"nat", "enter")
        await pilot.pause()
        assert "Cancelar natal?" in screens.text(app)
        assert api.bodies("POST", "/campaigns/campaign:90/cancel") == []
        await pilot.press(*"al", "enter")
        await rested(pilot)
        assert len(api.bodies("POST", "/campaigns/campaign:90/cancel")) == 1


@on_a_loop
async def test_a_segment_counts_while_it_is_typed_and_says_what_is_wrong() -> None:
    api = SEVEN["contacts"](["Ana"])
    people = api.on["GET /contacts"]

    def answer(request: Any) -> Any:
        where = request.url.params.get("where")
        if where == "tag = vip":
            return {**people, "total": 12}
        return (422, {"slug": "PT-SEGMENT", "detail": "there is no field tagg"}) if where else people

    api.on["GET /contacts"] = answer
    async with running(Seven(api, "contacts"), (120, 40)) as (app, pilot):
        await rested(pilot)
        await pilot.press("f", *"tagg")
        await until(pilot, "there is no field tagg", app)
        await pilot.press("backspace", "space", "=", "space", *"vip")
        await until(pilot, "12 pe", app)


@on_a_loop
async def test_a_contact_is_edited_in_a_form_and_only_what_changed_is_sent() -> None:
    api = SEVEN["contacts"](["Ana"])
    api.on["PATCH /contacts/1"] = {}
    async with running(Seven(api, "contacts"), (120, 40)) as (_app, pilot):
        await rested(pilot)
        await pilot.press("E")
        await pilot.pause()
        await pilot.press("end", *" Lima", "enter")
        await rested(pilot)
        assert api.bodies("PATCH", "/contacts/1") == [{"name": "Ana Lima"}]


@on_a_loop
async def test_the_simulator_takes_options_by_number_time_and_files() -> None:
    api = SEVEN["flows"](["oi"])
    api.on["POST /simulator/t1/advance"] = api.on["POST /simulator"]
    async with running(Seven(api, "flows"), (120, 40)) as (_app, pilot):
        await rested(pilot)
        await pilot.press("enter")
        for line in ("2", "/esperar 2h", "/imagem foto", "olá 2"):
            await pilot.press(*(("space" if key == " " else key) for key in line), "enter")
            await rested(pilot)
        said = [{"choice": "Entrega"}, {"media": "image", "caption": "foto"}, {"text": "olá 2"}]
        assert api.bodies("POST", "/simulator/t1/say") == said
        assert api.bodies("POST", "/simulator/t1/advance") == [{"seconds": 7200}]


@on_a_loop
async def test_a_flow_is_published_after_its_difference_was_shown(tmp_path: Path) -> None:
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "boas-vindas.yaml").write_text("name: y\n")
    api = SEVEN["flows"](["oi"])
    api.on["POST /flows/check"] = {
        "items": [{"line": 1, "column": 1, "severity": "warning", "slug": "PT-X", "message": "m", "fix": ""}]
    }
    api.on["POST /flows/publish"] = {"version": 15}
    async with running(Seven(api, "flows"), (120, 40)) as (app, pilot):
        await rested(pilot)
        assert "flows/boas-vindas.yaml:1:1" in screens.text(app)
        await pilot.press("p")
        await pilot.pause(0.1)
        assert "+name: y" in screens.text(app)
        await pilot.press("enter")
        await rested(pilot)
        assert api.bodies("POST", "/flows/publish") == [{"text": "name: y\n"}]


def test_a_tree_shows_every_step_once_however_flows_turn() -> None:
    outline = SEVEN["flows"](["oi"]).on["GET /flows/boas-vindas"]["outline"]
    shown = [str(branch.step["step"]) for branch in branches(outline) if branch.step]
    assert sorted(shown) == sorted(str(step["step"]) for step in outline)
    long = [
        {"step": f"s{at}", "verb": "say", "says": "", "ways": [{"label": "x", "target": f"s{at + 1}"}]}
        for at in range(5000)
    ]
    assert len(branches(long)) == 5001


@on_a_loop
async def test_a_role_that_may_not_is_told_so() -> None:
    api = SEVEN["campaigns"](["natal"])
    me = api.on["GET /me"]
    api.on["GET /me"] = {**me, "role": "VIEWER", "permissions": ["campaigns:read"]}
    async with running(Seven(api, "campaigns"), (120, 40)) as (_app, pilot):
        await rested(pilot)
        await pilot.press("space")
        await pilot.pause()
        assert api.bodies("POST", "/campaigns/campaign:90/pause") == []


async def rested(pilot: Pilot[Any]) -> None:
    """What was asked of the API is there and drawn."""
    await pilot.pause(0.15)  # a card is asked for a tenth of a second after the cursor rests
    await screens.settle(pilot)


async def until(pilot: Pilot[Any], text: str, app: Any) -> None:
    for _look in range(400):
        if text in screens.text(app):
            return
        await pilot.pause(0.05)
    raise AssertionError(f"{text!r} did not appear:\n{screens.text(app)}")


def plain(value: Any) -> Any:
    """What others wrote, without anything that is not ASCII: what is left over on a screen is ours."""
    match value:
        case str():
            return value.encode("ascii", "ignore").decode()
        case list():
            return [plain(each) for each in value]
        case dict():
            return {key: plain(each) for key, each in value.items()}
    return value


@pytest.mark.parametrize("language", ["pt-BR", "en"])
@pytest.mark.parametrize("place", [*SEVEN, "inbox"])
@on_a_loop
async def test_with_ascii_no_screen_and_no_dialog_draws_anything_else(place: str, language: str) -> None:
    locale.use(language)
    locale.only_ascii(True)
    try:
        api = photographs.inbox() if place == "inbox" else SEVEN[place](["plain"])
        api.on = plain(api.on) | {"GET /users": {"items": []}, "GET /teams": {"items": []}}
        async with running(Seven(api, place, options=STILL), (120, 40)) as (app, pilot):
            for keys in ([], ["question_mark"], ["escape", "A"], ["escape", "a"], ["escape", "s"], ["i"]):
                await pilot.press(*keys)
                await pilot.pause(0.2)  # a dialog is a worker that waits for its answer
                assert {sign for sign in screens.text(app) if not sign.isascii()} == set()
    finally:
        locale.only_ascii(False)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@on_a_loop
async def test_a_conversation_opens_at_its_end(size: tuple[int, int]) -> None:
    api = photographs.inbox()
    for path in [path for path in api.on if path.endswith("/timeline")]:
        api.on[path] = {"items": [{**item, "id": f"m{at}"} for at, item in enumerate(photographs.TIMELINE * 6)]}
    async with running(Seven(api, "inbox", options=STILL), size) as (app, pilot):
        await rested(pilot)
        chat = app.screen.query_one("#chat", ChatView)
        assert chat.max_scroll_y > 0
        assert chat.scroll_y == chat.max_scroll_y
