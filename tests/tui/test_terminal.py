"""In a real terminal: whatever customers write, the title, the clipboard and the modes stay as they were."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import pytake_cli
from tests.kit.seven_rows import SEVEN
from tests.kit.tmux import Terminal

ROOT = Path(pytake_cli.__file__).parents[1]
# Two rounds of a hundred hostile strings; in each the cursor goes down and the card is opened.
PROGRAM = """
import os, sys
from pytake_cli import clock
from tests.kit.awkward import hostile
from tests.kit.seven import Seven
from tests.kit.seven_rows import SEVEN

class Round(Seven):
    def on_ready(self):
        self.set_timer(0.7, lambda: self.simulate_key("j"))
        self.set_timer(1.0, lambda: self.simulate_key("enter"))
        self.set_timer(1.6, self.exit)

words = list(hostile())
for at in (0, 100):
    Round(SEVEN[sys.argv[1]](words[at : at + 100]), sys.argv[1]).run()
print("the end")
input()  # a pane whose program has ended has no cursor
"""
THEIRS = (
    b"\x1b]52",
    b"\x1b]8;",
    b"\x1b]777",
    b"\x1b]9;",
    b"\x1b]4;",
    b"\x1bP+q",
    b"\x1bP$q",
    b"\x1b_G",
    b"\x1bc",
    b"\x1b[!p",
)
MODES = "#{pane_title}|#{alternate_on}|#{cursor_flag}|#{insert_flag}|#{keypad_flag}|#{mouse_any_flag}|#{wrap_flag}"


@pytest.mark.parametrize("place", SEVEN)
def test_two_hundred_hostile_strings_leave_the_terminal_alone(place: str, tmp_path: Path) -> None:
    script = tmp_path / "rounds.py"
    script.write_text(PROGRAM)
    where = {"PYTHONPATH": str(ROOT), "LANG": "C.UTF-8", "TERM": "xterm-256color"}
    with Terminal([sys.executable, str(script), place], tmp_path, size=(120, 40), environment=where) as terminal:
        before = terminal.ask(MODES)
        terminal.wait_for("the end", 90)
        assert terminal.ask(MODES) == before
        assert terminal.clipboard() == ""
        raw = terminal.raw()
    assert [code for code in THEIRS if code in raw] == []
