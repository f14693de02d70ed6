"""Commands as scripts run them, inside this process: stdout is a pipe and nobody is there to answer."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from pytake_cli.cli.main import main


class Shell:
    """Runs commands against one store; `err` is what the last one said."""

    def __init__(self, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, store_url: str) -> None:
        self._capfd = capfd
        monkeypatch.setenv("PYTAKE_STORE__URL", store_url)
        monkeypatch.setattr("sys.stdin", io.StringIO(""))

    def __call__(self, *words: str, code: int = 0) -> str:
        assert main(list(words)) == code, self._capfd.readouterr()
        out, self.err = self._capfd.readouterr()
        return out

    def json(self, *words: str, code: int = 0) -> Any:
        return json.loads(self(*words, "--json", code=code))
