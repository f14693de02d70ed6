"""What screens beside the inbox do besides: the command of what is shown, copies, talks kept as tests."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot

import pytake_cli
from tests.kit import screens
from tests.kit.screens import on_a_loop, running
from tests.kit.seven import STILL, Seven
from tests.kit.seven_rows import SEVEN

COMMANDS = {
    "campaigns": ("$ pytake campaign list", "pytake campaign pause natal"),
    "contacts": ("$ pytake contact list", "pytake contact show contact:1"),
    "flows": ("$ pytake flow list", "pytake flow diff boas-vindas"),
    "metrics": ("$ pytake analytics show --period 20", "pytake analytics export metrics.csv"),
    "templates": ("$ pytake template list", "pytake template show modelo_0"),
    "ops": ("$ pytake status", "pytake queue retry message:0"),
}
COPIED = {
    "campaigns": "natal", "contacts": "+5511900001001", "flows": "boas-vindas", "metrics": "",
    "templates": "modelo_0", "ops": "message:0",
}  # fmt: skip

FLOW = "name: boas-vindas\ntriggers:\n  - keyword: oi\nstart: ola\nsteps:\n  ola:\n    say: Olá!\n    next: end\n"
TALK = "flow: boas-vindas\ntests:\n  greets:\n    talk:\n      - customer: oi\n      - bot: Olá!\n"


async def until(pilot: Pilot[object], text: str) -> None:
    for _look in range(1500):
        if text in screens.text(pilot.app):
            return
        await pilot.pause(0.02)
    raise AssertionError(f"{text!r} did not appear:\n{screens.text(pilot.app)}")


@pytest.mark.parametrize("place", SEVEN)
@on_a_loop
async def test_every_screen_says_the_command_of_what_it_shows(place: str) -> None:
    async with running(Seven(SEVEN[place](["natal"]), place), (120, 40)) as (_app, pilot):
        await pilot.press("equals_sign")
        for line in COMMANDS[place]:
            await until(pilot, line)


@pytest.mark.parametrize("place", SEVEN)
@on_a_loop
async def test_every_screen_copies_the_name_of_the_chosen_one(place: str) -> None:
    async with running(Seven(SEVEN[place](["natal"]), place), (120, 40)) as (app, pilot):
        await pilot.press("y")
        assert app.clipboard == COPIED[place]


@on_a_loop
async def test_metrics_are_shown_by_agent_and_by_label() -> None:
    async with running(Seven(SEVEN["metrics"](["natal"]), "metrics"), (120, 40)) as (app, pilot):
        await until(pilot, "resolved, by agent")
        await pilot.press("l", "equals_sign")
        await until(pilot, "--by label")
        assert "resolved, by agent" not in screens.text(app)
        await pilot.press("escape", "a", "equals_sign")
        await until(pilot, "--by agent")


@on_a_loop
async def test_a_flow_is_saved_as_a_picture_and_shows_what_its_tests_walk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(Path(pytake_cli.__file__).parents[1]))
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "boas-vindas.yaml").write_text(FLOW)
    (tmp_path / "flows" / "boas-vindas.test.yaml").write_text(TALK)
    api = SEVEN["flows"](["oi"])
    api.on["POST /flows/check"] = {"items": []}
    options = replace(STILL, downloads=tmp_path)
    async with running(Seven(api, "flows", options=options), (120, 40)) as (_app, pilot):
        await until(pilot, "Entrega")
        await pilot.press("x")
        await until(pilot, "saved as")
        await pilot.press("c")
        await until(pilot, "1 file, 1 test, 0 failed, 100 % walked")
    assert (tmp_path / "boas-vindas.svg").read_text().startswith("<svg")


@on_a_loop
async def test_a_simulated_talk_is_kept_as_a_test_behind_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "boas-vindas.yaml").write_text("name: x\n")
    (tmp_path / "flows" / "boas-vindas.test.yaml").write_text("flow: boas-vindas\n")
    api = SEVEN["flows"](["oi"])
    api.on["POST /flows/check"] = {"items": []}
    api.on["POST /simulator/t1/record"] = {"text": "flow: boas-vindas\ntests: {}\n"}
    async with running(Seven(api, "flows"), (120, 40)) as (_app, pilot):
        await until(pilot, "Entrega")
        await pilot.press("enter", "ctrl+t")  # from where one speaks as the customer
        await until(pilot, "has the talk as a test")
    [body] = api.bodies("POST", "/simulator/t1/record")
    assert body["before"] == "flow: boas-vindas\n"
    assert (tmp_path / "flows" / "boas-vindas.test.yaml").read_text() == "flow: boas-vindas\ntests: {}\n"


@on_a_loop
async def test_a_talk_of_a_flow_without_a_file_is_kept_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    api = SEVEN["flows"](["oi"])
    async with running(Seven(api, "flows"), (120, 40)) as (_app, pilot):
        await until(pilot, "Entrega")
        await pilot.press("t")
        await until(pilot, "there is no file flows/boas-vindas.yaml here")
    assert api.bodies("POST", "/simulator/t1/record") == []
