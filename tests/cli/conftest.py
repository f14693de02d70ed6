"""Runs command lines inside this process and keeps what they wrote."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from pytake_cli.cli.main import main


@dataclass(frozen=True)
class Ran:
    """What a command line did."""

    code: int
    out: str
    err: str


Run = Callable[..., Ran]


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def pytake(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """`pytake("config", "list", stdin="…")` -> code, out, err; stdout is a pipe."""

    def run(*words: str, stdin: str | None = None) -> Ran:
        monkeypatch.setattr("sys.stdin", io.StringIO(stdin or ""))
        code = main(list(words))
        out, err = capsys.readouterr()
        return Ran(code, out, err)

    return run


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Run:
    """The same on a terminal: stdout, stderr and stdin are one."""

    def run(*words: str, stdin: str = "") -> Ran:
        out, err = Terminal(), Terminal()
        monkeypatch.setenv("COLUMNS", "80")
        monkeypatch.setattr("sys.stdin", Terminal(stdin))
        monkeypatch.setattr("sys.stdout", out)
        monkeypatch.setattr("sys.stderr", err)
        code = main(list(words))
        return Ran(code, out.getvalue(), err.getvalue())

    return run
