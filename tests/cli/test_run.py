"""Proves that every way out of a command is an exit code and that nothing secret comes out with it."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from pytake_cli import errors
from pytake_cli.cli import commands
from pytake_cli.cli.context import context
from pytake_cli.cli.output import data, done, warn
from tests.cli.conftest import Run

EXAMPLES = typer.Typer(add_completion=False, rich_markup_mode=None)
TOKEN = "EAAGm0PX4ZCpsBAKZCcanary"


@EXAMPLES.command("raise")
def raise_(kind: str) -> None:
    """Raises what is named."""
    match kind:
        case "bug":
            raise ZeroDivisionError(f"broken with {TOKEN}")
        case "interrupt":
            raise KeyboardInterrupt
        case "pipe":
            raise BrokenPipeError
        case "rights":
            raise PermissionError(errno.EACCES, "Permission denied", "/somewhere/config.toml")
        case "exit":
            raise typer.Exit(7)
        case "hostile":
            raise errors.NotFound(
                "PT-CONTACT", "no contact matches {ref}", fix="pytake contact list", ref="\x1b]0;x\x07\u202e"
            )
        case "braces":
            raise errors.NotFound("PT-CONTACT", "no {this} here {ref}", ref="x")
    raise getattr(errors, kind)("PT-BUG", "told", why="because", fix="pytake help")


@EXAMPLES.command("lines")
def lines() -> None:
    """Writes more than a pipe holds."""
    done("started")
    for index in range(100_000):
        data(f"line {index}")


@EXAMPLES.command("say")
def say_(text: str) -> int:
    """Writes to both streams."""
    done(text)
    warn(text)
    data("data")
    return 3 if context().dry_run else 0


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(commands.COMMANDS, "example", ("tests.cli.test_run", "EXAMPLES"))


@pytest.mark.usefixtures("example")
@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("PytakeError", 1), ("UsageError", 2), ("WouldFail", 3), ("AuthError", 4), ("NotFound", 5), ("Conflict", 6),
        ("PartialFailure", 7), ("Pending", 8), ("LimitReached", 9), ("UpstreamError", 10), ("InputNeeded", 64),
        ("InvalidData", 65), ("DaemonDown", 69), ("Forbidden", 77), ("ConfigError", 78), ("StoreUnavailable", 78),
        ("exit", 7), ("interrupt", 130), ("pipe", 0), ("bug", 1),
    ],
)  # fmt: skip
def test_every_way_out_has_its_code(pytake: Run, kind: str, code: int) -> None:
    assert pytake("example", "raise", kind).code == code


@pytest.mark.usefixtures("example")
def test_an_error_says_what_why_and_what_next(pytake: Run) -> None:
    ran = pytake("example", "raise", "NotFound")
    assert ran.err.splitlines() == [
        "✗ Told".ljust(72) + "PT-BUG",
        "  because",
        "  Try:  pytake help",
        "  Read more:  pytake errors PT-BUG",
    ]
    assert pytake("--lang", "pt-BR", "example", "raise", "NotFound").err.splitlines()[2] == "  Tente:  pytake help"
    assert pytake("--ascii", "example", "raise", "NotFound").err.startswith("error: Told")


@pytest.mark.usefixtures("example")
def test_a_bug_leaves_a_report_and_no_traceback(pytake: Run, home: Path) -> None:
    ran = pytake("example", "raise", "bug")
    assert "Traceback" not in ran.err
    (report,) = (home / "state" / "reports").iterdir()
    assert str(report) in ran.err
    text = report.read_text()
    assert "ZeroDivisionError" in text
    assert TOKEN not in text
    assert report.stat().st_mode & 0o077 == 0
    loud = pytake("example", "raise", "bug", "-vv")
    assert "ZeroDivisionError" in loud.err
    assert TOKEN not in loud.err


@pytest.mark.usefixtures("example")
def test_texts_from_outside_cannot_move_the_cursor(pytake: Run) -> None:
    for extra in ([], ["--json"]):
        ran = pytake("example", "raise", "hostile", *extra)
        assert "\x1b" not in ran.err
        assert "\u202e" not in ran.err
    ran = pytake("example", "say", "\x1b]0;pwned\x07\u202e")
    assert "\x1b" not in ran.err + ran.out


@pytest.mark.usefixtures("example")
def test_braces_that_are_no_placeholders_do_no_harm(pytake: Run) -> None:
    assert "no {this} here {ref}" in pytake("example", "raise", "braces").err.lower()


@pytest.mark.usefixtures("example")
def test_quiet_leaves_data_and_warnings(pytake: Run) -> None:
    ran = pytake("example", "say", "hello", "-q")
    assert ran.out == "data\n"
    assert ran.err == "⚠ hello\n"


@pytest.mark.usefixtures("example")
def test_an_int_is_the_exit_code(pytake: Run) -> None:
    assert pytake("example", "say", "x", "-n").code == 3


@pytest.mark.usefixtures("example")
def test_help_of_a_command_newer_than_the_generated_data_is_described_live(pytake: Run) -> None:
    ran = pytake("example", "say", "-h")
    assert ran.code == 0
    assert ran.out.startswith("Writes to both streams.\n\nUsage: pytake example say TEXT\n")
    assert "lines" in pytake("example").out


def run_process(*words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **environ}
    return subprocess.run(
        [sys.executable, "-m", "pytake_cli", *words], capture_output=True, text=True, env=environment, check=False
    )


def test_a_reader_that_leaves_early_is_no_error() -> None:
    command = f"{sys.executable} -m pytake_cli config list --json | head -c 1; echo ${{PIPESTATUS[0]}}"
    done_ = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert done_.stdout.splitlines()[-1] in ("[0", "0")
    assert done_.stderr == ""


def test_broken_settings_are_told_without_a_traceback(home: Path) -> None:
    (home / "config").mkdir(parents=True)
    (home / "config" / "config.toml").write_text("[serve]\nprot = 1\n")
    ran = run_process("config", "list")
    assert ran.returncode == 78
    assert "there is no setting serve.prot" in ran.stderr
    assert run_process("--version").returncode == 0
    assert run_process("help").returncode == 0
    error = json.loads(run_process("config", "list", PYTAKE_OUTPUT="json").stderr)["error"]
    assert error["slug"] == "PT-CONFIG-KEY"


def test_files_that_commands_make_are_for_their_owner_only(home: Path) -> None:
    os.umask(0o022)
    secret_set = [sys.executable, "-m", "pytake_cli", "secret", "set", "app_secret", "-"]
    subprocess.run(secret_set, input="some-secret", text=True, check=True, capture_output=True)
    assert run_process("config", "set", "org", "acme").returncode == 0
    assert [path for path in home.rglob("*") if path.stat().st_mode & 0o077] == []


def test_what_the_machine_refuses_is_no_bug(example: None, pytake: Run) -> None:
    ran = pytake("example", "raise", "rights")
    assert ran.code == 78
    assert ran.err.startswith("✗ /somewhere/config.toml: permission denied ")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
@pytest.mark.parametrize("words", [["help"], ["config", "list"]])
def test_a_full_disk_behind_stdout_is_told_once(words: list[str]) -> None:
    with open("/dev/full", "w") as full:
        ran = subprocess.run(
            [sys.executable, "-m", "pytake_cli", "--lang", "en", *words], stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert ran.returncode == 78
    assert ran.stderr.startswith("✗ stdout: no space left on device ")
    assert "Traceback" not in ran.stderr
    assert "Exception" not in ran.stderr


def test_a_terminal_without_our_letters_shows_their_codes() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "pytake_cli", "--lang", "pt-BR", "help"],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )
    assert ran.returncode == 0
    assert b"organiza\\xe7\\xe3o" in ran.stdout


@pytest.mark.parametrize("closed", ["<&- >&- 2>&-", ">&-", "2>&-"])
def test_a_stream_that_is_closed_changes_nothing_else(tmp_path: Path, closed: str) -> None:
    line = f"exec {sys.executable} -m pytake_cli config list {closed}"
    env = os.environ | {"PYTAKE_HOME": str(tmp_path), "PYTHONPATH": str(Path(__file__).parents[2])}
    assert subprocess.run(["/bin/sh", "-c", line], env=env, check=False).returncode == 0
