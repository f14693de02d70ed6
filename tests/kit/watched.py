"""A terminal that is watched: keys and looks go through one tmux client, which also tells when the screen changes."""

from __future__ import annotations

import queue
import shlex
import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.kit.tmux import Terminal

ANSWER_SECONDS = 10.0
BY_CLIENT = ("send-keys", "capture-pane", "display-message")


class Watched(Terminal):
    """`bell` rings whenever the program writes; no process is started for a key or a look.

    with Watched(command, folder, bell) as pane:
        bell.wait(1); pane.screen()
    """

    def __init__(
        self, command: Sequence[str], folder: Path, bell: threading.Event, *, size: tuple[int, int],
        environment: Mapping[str, str],
    ) -> None:  # fmt: skip
        super().__init__(command, folder, size=size, environment=environment)
        self._bell = bell
        self._client: subprocess.Popen[str] | None = None
        self._answers: queue.Queue[tuple[bool, str]] = queue.Queue()

    def __enter__(self) -> Self:
        super().__enter__()
        self._tmux("set-option", "-g", "window-size", "manual")  # or the client's size would become the window's
        self._client = subprocess.Popen(
            ["tmux", "-S", self._socket, "-C", "attach-session"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1, encoding="utf-8",
            errors="replace", env=self.surroundings,
        )  # fmt: skip
        threading.Thread(target=self._read, args=(self._client,), name="tmux", daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        client, self._client = self._client, None
        super().__exit__(kind, error, tb)
        if client is not None:
            client.wait(5)

    def _read(self, client: subprocess.Popen[str]) -> None:
        """Answers stand between %begin and %end; those of our own commands have a 1 at the end."""
        assert client.stdout is not None
        lines: list[str] | None = None
        for line in client.stdout:
            word = line.partition(" ")[0]
            if lines is None and word == "%output":
                self._bell.set()
            elif lines is None and word == "%begin":
                lines = []
            elif lines is not None and word in ("%end", "%error") and len(line.split()) == 4:
                if line.split()[3] == "1":
                    self._answers.put((word == "%end", "".join(lines)))
                lines = None
            elif lines is not None:
                lines.append(line)

    def _tmux(self, *arguments: str, check: bool = True) -> str:
        if self._client is None or arguments[0] not in BY_CLIENT:
            return super()._tmux(*arguments, check=check)
        assert self._client.stdin is not None
        self._client.stdin.write(shlex.join(arguments) + "\n")
        good, answer = self._answers.get(timeout=ANSWER_SECONDS)
        if check and not good:
            raise AssertionError(f"tmux {arguments[0]}: {answer.strip()}")
        return answer
