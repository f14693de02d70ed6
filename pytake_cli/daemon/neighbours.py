"""How other processes find the daemon and wake it: a socket for their pokes, a file with its address."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import socket
from datetime import datetime
from pathlib import Path
from typing import Any, get_args

from pytake_cli.daemon.engine import Engine
from pytake_cli.store.work import Lane, reachable

log = logging.getLogger(__name__)

SOCKET_FILE = "pokes.sock"
STATE_FILE = "daemon.json"
KINDS = ("journal", "number", "job", "schedule", "tick", "live", "secrets")
LANES = get_args(Lane)
LARGEST_DATAGRAM = 8192
AT_ONCE = 100  # datagrams read before the loop's other work has its turn


class PokeSocket:
    """Listens for [["number", "7", "live"], …]; only this user can write to it, and what is malformed is ignored."""

    def __init__(self, path: Path, engine: Engine) -> None:
        self._path = path
        self._engine = engine
        self._socket: socket.socket | None = None

    def open(self) -> None:
        self._path.unlink(missing_ok=True)  # the store's lock says that its owner is gone
        bound = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        bound.setblocking(False)
        with reachable(self._path) as address:
            bound.bind(address)
        self._path.chmod(0o600)
        self._socket = bound
        asyncio.get_running_loop().add_reader(bound.fileno(), self._read)

    def close(self) -> None:
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket.fileno())
            self._socket.close()
            self._socket = None
            self._path.unlink(missing_ok=True)

    def _read(self) -> None:
        assert self._socket is not None
        for _ in range(AT_ONCE):
            try:
                datagram = self._socket.recv(LARGEST_DATAGRAM)
            except BlockingIOError:
                return
            for kind, key, lane in understood(datagram):
                self._engine.poke(kind, key, lane)


def understood(datagram: bytes) -> list[tuple[str, str, Lane]]:
    """The well-formed pokes of a datagram."""
    try:
        message = json.loads(datagram)
    except (ValueError, RecursionError):
        return []
    items = message if isinstance(message, list) else []
    return [(each[0], each[1], each[2]) for each in items if _is_poke(each)]


def _is_poke(item: Any) -> bool:
    if not isinstance(item, list) or len(item) != 3 or not all(isinstance(part, str) for part in item):
        return False
    kind, key, lane = item
    if kind not in KINDS or lane not in LANES or len(key) > 18:
        return False
    if kind in ("number", "job"):
        return bool(key.isascii() and key.isdecimal())
    return bool(key == "")


def announce(path: Path, url: str, now: datetime) -> None:
    """Writes the file that commands find us by: {"pid": 71, "url": "http://127.0.0.1:8787", "started_at": "…"}."""
    state = {"pid": os.getpid(), "url": url, "started_at": now.isoformat(timespec="seconds")}
    new = path.with_suffix(".new")
    new.write_text(json.dumps(state) + "\n")
    new.chmod(0o600)
    new.replace(path)


def withdraw(path: Path) -> None:
    """Removes the file, if it is ours."""
    try:
        if json.loads(path.read_text()).get("pid") == os.getpid():
            path.unlink()
    except (OSError, ValueError, AttributeError):
        pass  # gone, or another's
