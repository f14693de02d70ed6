"""Drives a program in a terminal of a given size, through tmux: keys in, screen out."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from tests.kit.patience import PATIENCE

_serial = itertools.count(1)


class Terminal:
    """A tmux server of its own with one window.

    with Terminal([sys.executable, "-m", "pytake_cli", "--help"], folder, size=(80, 24)) as terminal:
        terminal.wait_for("Usage")
        terminal.keys("q")
    """

    def __init__(
        self,
        command: Sequence[str],
        folder: Path,
        *,
        size: tuple[int, int] = (80, 24),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        if shutil.which("tmux") is None:
            pytest.skip("tmux is not installed")
        self._socket = str(folder / f"tmux-{os.getpid()}-{next(_serial)}")
        self._command, self._size, self._folder = command, size, folder
        self._environment = dict(environment or {})
        self._raw = folder / "tmux.raw"

    def __enter__(self) -> Self:
        width, height = self._size
        sets = [part for name, value in self._environment.items() for part in ("-e", f"{name}={value}")]
        new = ["new-session", "-d", "-x", str(width), "-y", str(height), "-c", str(self._folder), *sets, "--"]
        self._tmux("-f", "/dev/null", *new, "sh")  # a shell first: the options below have to hold from the start
        self._tmux("set-option", "-g", "remain-on-exit", "on")
        self._tmux("set-option", "-g", "set-clipboard", "on")
        self._tmux("pipe-pane", "-O", f"cat >> '{self._raw}'")
        self.again()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._tmux("kill-server", check=False)

    def again(self, command: Sequence[str] | None = None) -> None:
        """Starts the program, or another one, in the same window; what runs there is killed."""
        self._command = command or self._command
        sets = [part for name, value in self._environment.items() for part in ("-e", f"{name}={value}")]
        self._tmux("respawn-pane", "-k", *sets, "--", *self._command)

    def kill(self) -> None:
        """kill -9 of the program."""
        os.kill(int(self.ask("#{pane_pid}")), signal.SIGKILL)

    def keys(self, *keys: str) -> None:
        """Presses keys by tmux's names: `Enter`, `C-c`, `Down`, or plain text."""
        self._tmux("send-keys", *keys)

    def type(self, text: str) -> None:
        self._tmux("send-keys", "-l", "--", text)

    def paste(self, text: str) -> None:
        """Pastes as a terminal does, in brackets where the program asked for them."""
        self._tmux("set-buffer", "--", text)
        self._tmux("paste-buffer", "-p")

    def resize(self, width: int, height: int) -> None:
        self._tmux("resize-window", "-x", str(width), "-y", str(height))

    def screen(self, *, colours: bool = False) -> str:
        """What stands on the screen; with `colours` the escape codes as well."""
        return self._tmux("capture-pane", "-p", *(["-e"] if colours else []))

    def wait_for(self, text: str, seconds: float = 10.0) -> str:
        """The screen, once `text` is on it."""
        end = time.monotonic() + seconds * PATIENCE
        while text not in (screen := self.screen()):
            if time.monotonic() > end:
                raise AssertionError(f"{text!r} did not appear within {seconds:g} s:\n{screen}")
            time.sleep(0.05)
        return screen

    def wait_for_end(self, seconds: float = 10.0) -> int:
        """The exit status of the program."""
        end = time.monotonic() + seconds * PATIENCE
        while len(told := self.ask("#{pid} #{pane_dead} #{pane_dead_status}").split()) < 3:
            if time.monotonic() > end:
                raise AssertionError(f"still running after {seconds:g} s:\n{self.screen()}")
            if told[-1] == "1" and len(told) == 2:  # tmux 3.3 can miss how a dead program died: told again, it looks
                os.kill(int(told[0]), signal.SIGCHLD)
            time.sleep(0.05)
        return int(told[2])

    def ask(self, format_: str) -> str:
        """A tmux format, such as `#{pane_title}`."""
        return self._tmux("display-message", "-p", format_).strip()

    def clipboard(self) -> str:
        """What programs put into the clipboard (OSC 52); empty if nothing."""
        return self._tmux("show-buffer", check=False)

    def raw(self) -> bytes:
        """Every byte that the program wrote to the terminal."""
        return self._raw.read_bytes() if self._raw.exists() else b""

    @property
    def surroundings(self) -> dict[str, str]:
        """The environment of tmux itself."""
        return {**os.environ, "TERM": "xterm-256color", "LANG": "C.UTF-8"}

    def _tmux(self, *arguments: str, check: bool = True) -> str:
        done = subprocess.run(
            ["tmux", "-S", self._socket, *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=10,
            env=self.surroundings,
        )
        if check and done.returncode:
            raise AssertionError(f"tmux {arguments[0]}: {done.stderr.strip()}")
        return done.stdout
