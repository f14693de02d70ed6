"""Emulator and daemon of one home find each other by themselves, in whichever order and wherever they listen."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from pytake_cli import nearby, settings
from tests.kit.children import ROOT, Child, environment, wait_until

KARINA = "+5511968184101"
EMULATOR = ("emulator", "start", "--set", "sent_delay=1ms", "--set", "delivered_delay=1ms", "--set", "read_delay=1ms")


class Shop:
    """A home as `init` makes it, and what runs there."""

    def __init__(self, folder: Path, children: ExitStack) -> None:
        self.folder = folder
        self._children = children
        self._environment = environment(folder, PYTAKE_HOME=str(folder))
        self.run("init", "--no-input", "--org-name", "Loja Sul", "--number", "emulator")

    def run(self, *words: str) -> str:
        command = [sys.executable, "-m", "pytake_cli", *words]
        ran = subprocess.run(
            command, env=self._environment, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
        )
        assert ran.returncode == 0, f"{words}: {ran.returncode}\n{ran.stdout}\n{ran.stderr}"
        return ran.stdout

    def up(self, name: str, *words: str) -> Child:
        """Starts it on a port of its choice and waits until it has told its address."""
        child = Child(name, ["-m", "pytake_cli", *words, "--port", "0"], self._environment, self.folder)
        self._children.enter_context(child)
        child.start()
        state = self.folder / "run" / f"{name}.json"
        wait_until(lambda: state.exists() or not child.running, 30)
        assert child.running, child.tail()
        return child

    def converses(self, text: str) -> None:
        """A customer's words arrive, and an answer is read."""
        self.run("emulator", "say", KARINA, text)
        wait_until(lambda: text in self.run("message", "list", "--direction", "in", "--json"), 30, every=0.2)
        line = ("message", "send", "--to", KARINA, "-m", f"re: {text}", "--wait", "read", "--json")
        assert json.loads(self.run(*line))["status"] == "read"


@contextmanager
def shop(folder: Path) -> Iterator[Shop]:
    with ExitStack() as children:
        yield Shop(folder, children)


@pytest.mark.parametrize("first", ["emulator", "daemon"])
def test_they_find_each_other_whoever_starts_first(tmp_path: Path, first: str) -> None:
    lines = {"emulator": EMULATOR, "daemon": ("serve",)}
    with shop(tmp_path / "home") as it:
        for name in sorted(lines, key=lambda name: name != first):
            it.up(name, *lines[name])
        it.converses("oi")


def test_either_may_come_back_elsewhere(tmp_path: Path) -> None:
    with shop(tmp_path / "home") as it:
        emulator, daemon = it.up("emulator", *EMULATOR), it.up("daemon", "serve")
        it.converses("oi")
        daemon.stop()
        it.run("emulator", "say", KARINA, "alguém aí?")
        it.up("daemon", "serve")
        wait_until(lambda: "alguém aí?" in it.run("message", "list", "--json"), 30, every=0.2)
        emulator.stop()
        it.up("emulator", *EMULATOR)
        it.converses("voltou")


def test_what_is_said_wins_over_what_is_found(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.load({"whatsapp.graph_url": "emulator"})
    assert nearby.graph_url() == "http://127.0.0.1:8788"
    (home / "run").mkdir(parents=True)
    (home / "run" / nearby.EMULATOR_FILE).write_text('{"url": "http://127.0.0.1:4711", "pid": 1}')
    assert nearby.graph_url() == "http://127.0.0.1:4711"
    monkeypatch.setenv("PYTAKE_WHATSAPP__GRAPH_URL", "http://127.0.0.1:5000")
    settings.load()
    assert nearby.graph_url() == "http://127.0.0.1:5000"
