"""Tips, a divider that is dragged, a menu of the right button, own themes, a command that rings, a plain log."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from pytake_cli.tui import ground, safe, themes, widths
from pytake_cli.tui.actions import BY_ID
from pytake_cli.tui.dialogs.palette import Palette
from pytake_cli.tui.keymap import Keymap
from pytake_cli.tui.live import Event
from pytake_cli.tui.measure import cut, width
from pytake_cli.tui.remembered import Remembered
from pytake_cli.tui.tips import ABOUT, next_tip
from tests.kit.fake_api import FakeApi
from tests.kit.screens import on_a_loop
from tests.tui.conftest import seat

TODAY = date(2026, 11, 23)


def test_a_newcomer_gets_another_tip_each_time_for_a_week(tmp_path: Path) -> None:
    path = tmp_path / "state" / "inbox.json"
    first, second = (next_tip(Remembered(path), Keymap(), TODAY) for _time in range(2))
    assert first.startswith("tip: n Next that waits for me")
    assert second.startswith("tip: : Command palette")
    assert next_tip(Remembered(path), Keymap(), TODAY + timedelta(days=6)) not in ("", first, second)
    assert next_tip(Remembered(path), Keymap(), TODAY + timedelta(days=7)) == ""
    assert all(id_ in BY_ID for id_ in ABOUT)


def test_tips_are_put_away_and_nothing_is_told_where_nothing_is_remembered(tmp_path: Path) -> None:
    remembered = Remembered(tmp_path / "inbox.json")
    remembered.put(tips=0)
    assert next_tip(Remembered(tmp_path / "inbox.json"), Keymap(), TODAY) == ""
    assert next_tip(Remembered(None), Keymap(), TODAY) == ""


@pytest.mark.parametrize("content", ["", "[]", "{", '{"left": "x", "tips": true}', "\x00"])
def test_a_broken_memory_is_no_memory(content: str, tmp_path: Path) -> None:
    path = tmp_path / "inbox.json"
    path.write_text(content)
    assert (Remembered(path).number("left"), Remembered(path).number("tips")) == (None, None)


@on_a_loop
async def test_a_tip_stands_below_the_chat_until_it_is_put_away(api: FakeApi, tmp_path: Path) -> None:
    async with seat(api, state=tmp_path / "inbox.json") as here:
        await here.until_shown("tip: n Next that waits")
        await here.press("Q")
        await here.until(lambda: "tip:" not in here.text())
    async with seat(api, state=tmp_path / "inbox.json") as here:
        assert "tip:" not in here.text()


@on_a_loop
async def test_the_divider_is_dragged_and_stays_where_it_was_put(api: FakeApi, tmp_path: Path) -> None:
    async with seat(api, state=tmp_path / "inbox.json") as here:
        left = here.screen.left
        edge = left.outer_size.width - 1
        await here.pilot.mouse_down(offset=(edge, 10))
        await here.pilot.hover(offset=(54, 10))
        await here.pilot.mouse_up(offset=(54, 10))
        await here.until(lambda: left.outer_size.width == 55)
    async with seat(api, state=tmp_path / "inbox.json") as here:
        await here.until(lambda: here.screen.left.outer_size.width == 55)
        await here.pilot.resize_terminal(80, 24)
        await here.until(lambda: here.screen.left.outer_size.width == 29)


@on_a_loop
async def test_the_right_button_opens_what_can_be_done_to_a_row(api: FakeApi) -> None:
    async with seat(api) as here:
        second = here.screen.talks.rows[1].id
        await here.pilot.click("#talks", offset=(5, 3), button=3)
        await here.until(lambda: isinstance(here.app.screen, Palette))
        assert here.screen.talks.current == second
        palette = here.app.screen
        assert isinstance(palette, Palette)
        offered = {choice.key for choice in palette.choices}
        assert "conversation.snooze" in offered
        assert not any(key.startswith(("screen.", "app.quit", "campaign.")) for key in offered)


def test_a_theme_of_ones_own_is_a_base_with_other_colours() -> None:
    made = themes.theme("mine", 'base = "pytake-light"\nprimary = "#ff8800"\n[variables]\nbubble-in = "red"\n')
    assert (made.name, made.primary, made.dark, made.variables["bubble-in"]) == ("mine", "#ff8800", False, "red")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('primary = "blau"', "primary is no colour: blau"),
        ('primmary = "#ffffff"', "there is no colour primmary"),
        ('base = "nord"', "base is one of pytake-dark"),
        ('[variables]\nbubble = "red"', "there is no colour bubble"),
        ("variables = 3", "variables is a table"),
    ],
)
def test_what_is_wrong_with_a_theme_is_said(text: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text(text)
    found, wrong = themes.Folder(tmp_path).changed()
    assert found == []
    assert says in wrong[0]


@on_a_loop
async def test_a_theme_that_is_saved_shows_at_once(api: FakeApi, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('primary = "#123456"')
    async with seat(api, themes=tmp_path, theme="mine") as here:
        assert here.app.theme == "mine"
        before = here.app.look.accent
        path.write_text('primary = "#654321"')
        os.utime(path, (1, 1))
        await here.until(lambda: here.app.look.accent != before)
        path.write_text('primary = "?"')
        os.utime(path, (2, 2))
        await here.until_shown("primary is no colour")
        assert here.app.current_theme.primary == "#654321"


@pytest.mark.parametrize(
    ("said", "light"),
    [
        (b"\x1b]11;rgb:ffff/ffff/ffff\x1b\\\x1b[?62c", True),
        (b"\x1b]11;rgb:1c/1c/1c\x07\x1b[?62c", False),
        (b"\x1b[?62;4c", False),
        (b"", False),
    ],
)
def test_the_ground_of_the_terminal_is_asked_for_but_not_for_long(said: bytes, light: bool) -> None:
    outer, inner = pty.openpty()
    program = "from pytake_cli.tui import ground; print('light', ground.is_light())"
    clean = {name: value for name, value in os.environ.items() if name not in ("SSH_CONNECTION", "TMUX")}
    child = subprocess.Popen(
        [sys.executable, "-c", program], stdin=inner, stdout=inner, stderr=inner, env={**clean, "TERM": "xterm"}
    )
    try:
        heard = read_until(outer, ground.ASK[-3:])
        assert ground.ASK in heard
        os.write(outer, said)
        assert f"light {light}".encode() in heard + read_until(outer, b"light ", 5)
        assert child.wait(20) == 0
    finally:
        child.kill()
        child.wait()
        os.close(outer)
        os.close(inner)


def read_until(file: int, wanted: bytes, more: int = 0) -> bytes:
    """What comes up to `wanted` and so many bytes behind it."""
    heard, end = b"", time.monotonic() + 30
    while time.monotonic() < end and (wanted not in heard or len(heard.partition(wanted)[2]) < more):
        if select.select([file], [], [], 0.1)[0]:
            heard += os.read(file, 4096)
    return heard


def test_a_far_terminal_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSH_CONNECTION", "1.2.3.4 1 5.6.7.8 22")
    monkeypatch.delenv("TMUX", raising=False)
    assert not ground.may_ask()


@on_a_loop
async def test_a_command_of_ones_own_is_run_for_what_rings(api: FakeApi, tmp_path: Path) -> None:
    rung = tmp_path / "rung"
    script = tmp_path / "ring"
    script.write_text(f'#!/bin/sh\nprintf "%s" "$1" > "{rung}.new"\nmv "{rung}.new" "{rung}"\n')
    script.chmod(0o700)
    async with seat(api, ring_command=str(script)) as here:
        here.app._heard(notification("bia"))
        await here.until(rung.exists)
        assert rung.read_text() == "PyTake: bia gave you #5001"
        here.app.notifier._child.wait(10)  # type: ignore[union-attr]


@on_a_loop
async def test_a_command_that_cannot_be_run_is_told(api: FakeApi) -> None:
    async with seat(api, ring_command="/nowhere/at/all") as here:
        here.app._heard(notification("bia"))
        await here.until_shown("cannot be run")


def notification(who: str) -> Event:
    payload: dict[str, Any] = {"kind": "assigned", "conversation": 5001, "parts": {"by": who}}
    return Event(None, "notification", 5001, payload)


@on_a_loop
async def test_what_happens_is_written_as_lines_beside(api: FakeApi, tmp_path: Path) -> None:
    path = tmp_path / "log"
    async with seat(api, plain_log=path) as here:
        with api.world.lock:
            api.world.rows[5003]["contact"]["name"] = "Karina\x1b[2J Silva"
        api.world.customer_says(5003, "ainda tem\npreto?\x1b]0;x\x07")
        await here.until(lambda: "#5003 Karina" in path.read_text())
        here.app._heard(notification("bia"))
        await here.until(lambda: "bia gave you #5001" in path.read_text())
        api.stop()
        await here.until(lambda: "no connection" in path.read_text())
        api.start()
    text = path.read_text()
    assert "ainda tem preto?" in text
    assert "\x1b" not in text
    assert path.stat().st_mode & 0o777 == 0o600


def test_emoji_stay_as_they_were_written_only_where_the_terminal_counts_their_cells_as_we_do() -> None:
    columns = [width(each) + 1 for each in widths.SAMPLES]
    answers = [b"\x1b[1;%dR" % column for column in columns]
    assert widths.told(b"".join(answers) + b"\x1b[?62c")
    assert not widths.told(b"".join(answers[:-1]) + b"\x1b[?62c")
    assert not widths.told(b"".join([*answers[:-1], b"\x1b[1;9R"]))
    try:
        safe.keep_all(True)
        assert safe.one_line("❤️ 👍🏽 👩🏽‍💻 1️⃣ a\ufe0f b\u200dc") == "❤️ 👍🏽 👩🏽‍💻 1️⃣ a bc"
        assert cut("👩🏽‍💻👩🏽‍💻👩🏽‍💻", 5) == "👩🏽‍💻👩🏽‍💻…"
    finally:
        safe.keep_all(False)
    assert safe.one_line("❤️ 👍🏽 👩🏽‍💻 1️⃣") == "❤ 👍 👩 1"
