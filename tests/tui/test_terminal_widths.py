"""In a real terminal with awkward words: every character stands in the cell that it was drawn for."""

from __future__ import annotations

import sys
import time
import unicodedata
from pathlib import Path

import pytest
from rich.cells import cell_len

from tests.kit.hostile_screens import PLACES, ROOT
from tests.kit.screens import SIZES
from tests.kit.tmux import Terminal

# Draws the screen, then writes beside it what was drawn, and stays.
PROGRAM = """
import sys
from pathlib import Path
from tests.kit import screens
from tests.kit.hostile_screens import PLACES
from tests.kit.inbox_rows import desk_of_dialogs
from tests.kit.seven import Seven
from tests.kit.seven_rows import AWKWARD

place, beside = sys.argv[1:]

async def go(pilot):
    await pilot.pause(0.5)
    await screens.settle(pilot)
    await pilot.pause(0.5)
    Path(beside + ".new").write_text(screens.text(pilot.app), encoding="utf-8")
    Path(beside + ".new").rename(beside)

api = PLACES[place](AWKWARD)
api.on |= desk_of_dialogs(AWKWARD)
Seven(api, place, language="pt-BR").run(auto_pilot=go)
"""


@pytest.mark.parametrize("size", SIZES[:2], ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("place", PLACES)
def test_what_the_terminal_shows_is_what_was_drawn(place: str, size: tuple[int, int], tmp_path: Path) -> None:
    script, beside = tmp_path / "drawn.py", tmp_path / "drawn.txt"
    script.write_text(PROGRAM, encoding="utf-8")
    where = {"PYTHONPATH": str(ROOT), "LANG": "C.UTF-8", "TERM": "xterm-256color", "PYTAKE_CLOCK_OFFSET": "0"}
    command = [sys.executable, str(script), place, str(beside)]
    with Terminal(command, tmp_path, size=size, environment=where) as terminal:
        end = time.monotonic() + 60
        while not beside.exists():
            assert time.monotonic() < end, terminal.screen()
            time.sleep(0.05)
        drawn = beside.read_text(encoding="utf-8")
        while differing(drawn, shown := terminal.screen()) and time.monotonic() < end:
            time.sleep(0.1)
    assert differing(drawn, shown) == []


def differing(drawn: str, shown: str) -> list[tuple[str, str]]:
    """Lines whose characters stand in other cells; the clock may have moved on."""
    pairs = zip(drawn.splitlines()[1:], shown.splitlines()[1:], strict=False)
    return [(one, other) for one, other in pairs if placed(one) != placed(other)]


def placed(line: str) -> list[tuple[int, str]]:
    """Each character that takes room, with its cell."""
    found, at = [], 0
    for character in line.rstrip():
        if not unicodedata.combining(character) and character != " ":
            found.append((at, character))
        at += cell_len(character)
    return found
