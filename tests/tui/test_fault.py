"""A bug in the inbox: one line and a report, a status that says so, and a terminal as it was before."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.kit.children import ROOT
from tests.kit.fake_api import TOKEN, FakeApi
from tests.kit.fake_world import World
from tests.kit.tmux import Terminal

# Ctrl+L fails as a bug would: in a key's action, or in work beside the screen.
PROGRAM = """
import sys
from pytake_cli.cli.main import main
from pytake_cli.tui.app import InboxApp

def fail(app):
    raise RuntimeError("a bug with \\x1b]0;codes\\x07 in it")

async def fail_beside():
    fail(None)

def begin(app):
    app.run_worker(fail_beside(), exit_on_error=True)

InboxApp.do_app_redraw = fail if sys.argv[2] == "key" else begin
code = main(["inbox", "--server", sys.argv[1], "--lang", "en", "--view", "all"])
print("ended with", code)
input()  # a pane whose program has ended has no cursor
"""
MODES = "#{pane_title}|#{alternate_on}|#{cursor_flag}|#{insert_flag}|#{keypad_flag}|#{mouse_any_flag}|#{wrap_flag}"


def test_a_bug_ends_the_inbox_with_a_line_a_report_and_a_status(tmp_path: Path) -> None:
    script = tmp_path / "fails.py"
    script.write_text(PROGRAM)
    where = {
        "PYTHONPATH": str(ROOT),
        "LANG": "C.UTF-8",
        "TERM": "xterm-256color",
        "PYTAKE_HOME": str(tmp_path / "home"),
        "PYTAKE_SECRET_API_TOKEN": TOKEN,
    }
    with FakeApi(World(5)) as api:
        for way in ("key", "beside"):
            command = [sys.executable, str(script), api.url, way]
            with Terminal(command, tmp_path, size=(120, 40), environment=where) as terminal:
                before = terminal.ask(MODES)
                terminal.wait_for("● on", 60)
                terminal.keys("C-l")
                shown = terminal.wait_for("ended with 1", 30)
                assert "Something failed that should not have: RuntimeError" in shown
                assert "Traceback" not in shown
                assert terminal.ask(MODES) == before
    reports = list((tmp_path / "home" / "state" / "reports").iterdir())
    assert len(reports) == 2
    assert all("in fail" in report.read_text() for report in reports)
