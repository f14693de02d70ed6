"""Child processes of the kit: started with a clean environment, watched, and always ended by their own pid."""

from __future__ import annotations

import ctypes
import http.client
import os
import random
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.kit.patience import PATIENCE

ROOT = Path(__file__).resolve().parents[2]
PR_SET_PDEATHSIG = 1
STOP_SECONDS = 15.0  # the daemon drains for 10 s at most


class Child:
    """One program that may be started again and again; its output is appended to a file."""

    def __init__(self, name: str, arguments: Sequence[str], environment: Mapping[str, str], folder: Path) -> None:
        self.name = name
        self.arguments = [sys.executable, *arguments]
        self.environment = dict(environment)
        self.log = folder / f"{name}.log"
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self.started_at = 0.0  # monotonic
        self.starts = 0

    def start(self, extra: Mapping[str, str] | None = None, *, first: Callable[[], None] | None = None) -> None:
        """Starts it; `extra` adds to the environment, `first` runs in the child before the program."""

        def prepare() -> None:
            die_with_parent()
            if first is not None:
                first()

        assert not self.running, f"{self.name} runs already"
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.arguments,
                env={**self.environment, **(extra or {})},
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=prepare,
                start_new_session=True,
            )
        self.started_at = time.monotonic()
        self.starts += 1

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        return self._process.poll() if self._process is not None else None

    def kill(self) -> None:
        """kill -9, and waits until it is gone."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGKILL)
        if self._process is not None:
            self._process.wait(10)

    def ask_to_stop(self) -> None:
        """SIGTERM, without waiting."""
        if self.running:
            assert self._process is not None
            self._process.send_signal(signal.SIGTERM)

    def wait(self, seconds: float) -> int:
        """The exit code; raises when it does not come in time."""
        assert self._process is not None
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} did not end within {seconds:g} s\n{self.tail()}") from None

    def stop(self, seconds: float = STOP_SECONDS) -> int | None:
        """SIGTERM, then kill -9 if that is not enough; the exit code."""
        self.ask_to_stop()
        if self._process is not None:
            try:
                self._process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.kill()
        return self.exit_code

    def freeze(self) -> None:
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def limit_file_size(self, size: int) -> None:
        """Writes beyond `size` bytes of a file fail from now on, as on a full disk; -1 lifts it (Linux)."""
        resource.prlimit(self.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    def output(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def tail(self, lines: int = 40) -> str:
        return "\n".join(self.output().splitlines()[-lines:])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.stop(3.0)


def die_with_parent() -> None:
    """Whatever happens to the harness, its children end with it (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def environment(folder: Path, **more: str) -> dict[str, str]:
    """What a child gets to see: nothing of the developer's own PYTAKE_*, and the code of this tree."""
    return {
        "PATH": os.environ.get("PATH", ""),
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
        **more,
    }


def free_port() -> int:
    """A port that nobody uses and that the system gives to no outgoing connection.

    A client that dials a closed port of the ephemeral range can, by chance, connect to itself and keep the port.
    """
    for _ in range(200):
        port = random.randrange(12_000, 32_000)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
    raise RuntimeError("no free port")


def http_get(port: int, path: str, *, seconds: float = 2.0) -> tuple[int, bytes]:
    """Status and body; status 0 when nobody answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=seconds)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, http.client.HTTPException):
        return 0, b""
    finally:
        connection.close()


def wait_until(what: Callable[[], bool], seconds: float, *, every: float = 0.02) -> float:
    """Seconds until `what` was true; raises AssertionError when it does not come true in time."""
    started = time.monotonic()
    while not what():
        if time.monotonic() - started > seconds * PATIENCE:
            raise AssertionError(f"not true within {seconds:g} s: {what}")
        time.sleep(every)
    return time.monotonic() - started
