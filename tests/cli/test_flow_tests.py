"""Proves `flow test`, `flow simulate` and `flow watch`: exit codes, forms of output, what is written."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from pathlib import Path

import pytest

from pytake_cli.cli.simulator import COMMANDS
from pytake_cli.flow.loader import load
from pytake_cli.flow.testing import runner
from tests.cli.conftest import Run
from tests.flow.test_talks import FLOW

ROOT = Path(__file__).parents[2]
TESTS = """\
flow: tea
tests:
  green:
    given: {contact: {language: en}}
    talk:
      - customer: tea
      - bot: {text: Which tea?, choices: [green, black]}
      - customer: {choice: green}
      - http: {reply: {json: {price: 4}}}
      - bot: {}
    expect: {outcome: done}
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with one flow and its tests."""
    monkeypatch.chdir(tmp_path)
    flows = tmp_path / "flows"
    flows.mkdir()
    (flows / "tea.yaml").write_text(FLOW)
    (flows / "tea.test.yaml").write_text(TESTS)
    return tmp_path


def test_tests_that_pass_are_a_line_a_file(pytake: Run, project: Path) -> None:
    ran = pytake("flow", "test", "--plain")
    assert (ran.code, ran.out) == (0, "✓ flows/tea.test.yaml  1 passed\n")
    assert ran.err == "1 file, 1 test, 0 failed\n"
    for word in ("tea", "flows", "flows/tea.yaml", "flows/tea.test.yaml"):
        assert pytake("flow", "test", word).code == 0


def test_a_test_that_fails_is_7_with_its_talk_and_fits_80_columns(pytake: Run, screen: Run, project: Path) -> None:
    path = project / "flows" / "tea.test.yaml"
    path.write_text(
        TESTS.replace("Which tea?", "Which of all the coffees of this world would you like to have today my dear?")
    )
    ran = pytake("flow", "test", "--plain")
    assert ran.code == 7
    assert "✗ flows/tea.test.yaml:7:9  green (en)\n  the bot says something else\n" in ran.out
    assert "  - 10:00 bot       Which of all the coffees" in ran.out
    assert "  + 10:00 bot       Which tea? [green] [black]" in ran.out
    assert max(map(len, ran.out.splitlines())) <= 80
    assert "\x1b" not in ran.out
    assert "\x1b[31m" in screen("flow", "test").out
    assert "\x1b" not in screen("flow", "test", "--no-color").out


def test_a_mistake_is_65_with_its_place_and_in_portuguese(pytake: Run, project: Path) -> None:
    (project / "flows" / "tea.test.yaml").write_text(TESTS.replace("[green, black]", "[green, blak]"))
    ran = pytake("flow", "test", "--plain", "--lang", "pt-BR")
    assert ran.code == 65
    expected = "flows/tea.test.yaml:7:50  nenhum passo oferece a opção `blak`; você quis dizer `black`?"
    assert ran.out == f"✗ {expected}   PT-FLOW-TEST\n"
    (project / "flows" / "tea.test.yaml").write_text(TESTS)
    (project / "flows" / "tea.yaml").write_text(FLOW.replace("next: bye}", "next: bey}"))
    ran = pytake("flow", "test", "--plain")
    assert (ran.code, "flows/tea.yaml:" in ran.out) == (65, True)


def test_coverage_lists_what_is_missing_and_can_be_a_limit(pytake: Run, project: Path) -> None:
    ran = pytake("flow", "test", "--cov", "--plain")
    assert ran.code == 0
    assert "⚠ tea  " in ran.out
    assert "flows/tea.yaml:13:49  ask: nobody chooses black" in ran.out
    assert "tell: no test comes here" in ran.out
    assert pytake("flow", "test", "--fail-under", "20").code == 0
    ran = pytake("flow", "test", "--fail-under", "100")
    assert (ran.code, "PT-FLOW-COVERAGE" in ran.err) == (9, True)


def test_results_and_coverage_as_json_have_places(pytake: Run, project: Path) -> None:
    (row,) = json.loads(pytake("flow", "test", "--json").out)
    assert row == {
        "path": "flows/tea.test.yaml",
        "line": 3,
        "column": 3,
        "test": "green",
        "language": "en",
        "passed": True,
        "problem": None,
    }
    rows = json.loads(pytake("flow", "test", "--cov", "--json").out)
    assert {"flow": "tea", "kind": "choice", "name": "black", "walked": False}.items() <= next(
        row for row in rows if row["name"] == "black"
    ).items()
    assert pytake("flow", "test").out.split("\t")[3:6] == ["green", "en", "true"]


def test_only_some_tests_and_a_report_for_other_programs(pytake: Run, project: Path) -> None:
    assert pytake("flow", "test", "--only", "GREEN", "--junit", "out.xml").code == 0
    assert 'tests="1" failures="0"' in (project / "out.xml").read_text()
    assert pytake("flow", "test", "--only", "blue").code == 5


def test_a_flow_without_tests_says_so(pytake: Run, project: Path) -> None:
    (project / "flows" / "tea.test.yaml").unlink()
    ran = pytake("flow", "test")
    assert (ran.code, "PT-FLOW-UNTESTED" in ran.err) == (5, True)
    assert pytake("flow", "test", "--cov", "--fail-under", "1").code == 9


def test_a_new_flow_passes_its_own_tests(pytake: Run, project: Path) -> None:
    for language in ("en", "pt-BR"):
        assert pytake("flow", "new", f"begun-{language.lower()}", "--lang", language).code == 0
        assert pytake("flow", "test", f"begun-{language.lower()}", "--cov", "--fail-under", "100").code == 0
    assert pytake("flow", "new", "visits", "--template", "appointment").code == 0
    assert pytake("flow", "test", "visits", "--cov", "--fail-under", "100").code == 0


SCRIPT = """\
# a talk
tea
:choice green
:http {"price": 4}
"""


def test_a_script_is_played_without_a_terminal(pytake: Run, project: Path) -> None:
    ran = pytake("flow", "simulate", "tea", "--plain", "--language", "en", stdin=SCRIPT)
    assert ran.code == 0
    assert "│ Which tea? │" in ran.out
    assert "   1  Green\n   2  Black\n" in ran.out
    assert '⇄ POST https://api.example.com/teas  {"kind": "green"}' in ran.out
    assert ran.out.rstrip().endswith("■ done")


def test_a_talk_as_data_is_a_row_for_each_thing_said(pytake: Run, project: Path) -> None:
    (project / "talk.txt").write_text(SCRIPT)
    ran = pytake("flow", "simulate", "tea", "--language", "en", "--script", "talk.txt", "--jsonl")
    rows = [json.loads(line) for line in ran.out.splitlines()]
    assert [row["who"] for row in rows] == ["customer", "bot", "customer", "call", "bot", "end"]
    assert rows[1]["choices"] == ["green", "black"]


def test_a_recorded_talk_is_a_test_that_passes(pytake: Run, project: Path) -> None:
    path = project / "flows" / "tea.test.yaml"
    script = "tea\n:sticker\nhelp\n:after 30m\n:choice 2\n:fail timeout\n"
    ran = pytake("flow", "simulate", "tea", "--language", "en", "--record", str(path), stdin=script)
    assert ran.code == 0
    (one,) = runner.run({"tea.test.yaml": path.read_bytes()}, {"tea": load(FLOW, "tea.yaml")})
    assert [problem.sentence for problem in one.problems] == []
    assert [result.played.problem for result in one.results] == ["", ""]


def test_a_line_that_does_not_fit_ends_a_script_with_its_number(pytake: Run, project: Path) -> None:
    ran = pytake("flow", "simulate", "tea", "--plain", stdin="tea\n:chioce 2\n")
    assert ran.code == 65
    assert "Line 2: there is no :chioce; did you mean :choice?" in ran.err
    for line in (":after soon", ":choice 9", ":http {}", ":location here", ":form 1", ":signal go {", ":tag", ":_x"):
        assert pytake("flow", "simulate", "tea", "--plain", stdin=f"tea\n{line}\n").code == 65, line


def test_every_command_of_a_talk_that_help_names_is_there(pytake: Run, project: Path) -> None:
    ran = pytake(
        "flow",
        "simulate",
        "tea",
        "--plain",
        "--dry-run",
        stdin="tea\n:help\n:vars\n:where\n:takeover\n:reset\n:start\n",
    )
    assert ran.code == 0
    assert all(f":{name}" in ran.err for name in COMMANDS)
    assert "contact.name" in ran.out
    assert "■ taken_over" in ran.out


def test_at_a_terminal_a_mistake_is_told_and_the_talk_goes_on(screen: Run, project: Path) -> None:
    ran = screen("flow", "simulate", "tea", "--language", "en", stdin=":chioce\ntea\n:quit\n")
    assert ran.code == 0
    assert "did you mean :choice?" in ran.err
    assert "Which tea?" in ran.out


def test_watching_looks_at_all_flows_first(pytake: Run, project: Path) -> None:
    assert pytake("flow", "watch", "--once", "--plain").out == "✓ flows/tea.test.yaml  1 passed\n"
    (row,) = [json.loads(line) for line in pytake("flow", "watch", "--once", "--jsonl").out.splitlines()]
    assert (row["path"], row["errors"], row["passed"], row["failed"]) == ("flows/tea.yaml", 0, 1, 0)
    assert pytake("flow", "watch", "nowhere").code == 5


def test_a_saved_file_is_looked_at_again_until_the_watch_is_ended(project: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "pytake_cli", "flow", "watch", "--jsonl"],
        cwd=project,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        text=True,
    ) as watching:
        assert watching.stdout is not None
        assert json.loads(watching.stdout.readline())["failed"] == 0
        for number in range(100):  # the watcher stands some time after it says so
            text = TESTS.replace("outcome: done", "outcome: gone") + f"# {number}\n"
            (project / "flows" / "tea.test.yaml").write_text(text)
            if select.select([watching.stdout], [], [], 0.5)[0]:
                break
        assert json.loads(watching.stdout.readline())["failed"] == 1
        watching.terminate()
        watching.stdout.read()
        assert watching.wait(20) == 0
