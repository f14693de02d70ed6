"""Every test gets a home of its own, a clean environment and no network but this machine."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pytake_cli import locale, secrets, settings

pytest_plugins = ["tests.kit.stores", "tests.kit.shop"]  # stores on both databases, and a home with a shop

_real_connect = socket.socket.connect


def _connect_to_this_machine(self: socket.socket, address: Any) -> None:
    """Refuses any peer that is neither loopback nor a Unix socket."""
    host = address[0] if isinstance(address, tuple) else "localhost"
    if host not in ("localhost", "::1", "") and not str(host).startswith("127."):
        raise RuntimeError(f"tests have no network, and this one wants {host}")
    _real_connect(self, address)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty PYTAKE_HOME; the developer's own PYTAKE_*, language and configuration do not reach the tests."""
    for name in list(os.environ):
        if name.startswith("PYTAKE_") and not name.startswith("PYTAKE_TEST_"):
            monkeypatch.delenv(name)
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "CREDENTIALS_DIRECTORY", "NO_COLOR", "CLICOLOR_FORCE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "C.UTF-8")
    monkeypatch.setenv("PYTAKE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(socket.socket, "connect", _connect_to_this_machine)
    settings.forget()
    secrets.forget()
    locale.use("en")
    locale.only_ascii(False)
    yield tmp_path / "home"
    settings.forget()
    secrets.forget()
