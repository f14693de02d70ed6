"""The daemon of this home, seen from a command: is it there, where does it listen, how is it woken."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytake_cli import settings

if TYPE_CHECKING:
    from pytake_cli.store import Store

STATE_FILE = "daemon.json"
SOCKET_FILE = "pokes.sock"


@dataclass(frozen=True, slots=True)
class Daemon:
    """A running `pytake serve`."""

    pid: int
    url: str


def running() -> Daemon | None:
    """The daemon of this home, if it lives."""
    try:
        state = json.loads((settings.paths().run / STATE_FILE).read_text(encoding="utf-8"))
        daemon = Daemon(int(state["pid"]), str(state["url"]))
        os.kill(daemon.pid, 0)
    except PermissionError:
        return daemon  # somebody else's process, but alive
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return daemon


def url() -> str:
    """Where the daemon listens, or would."""
    daemon = running()
    serve = settings.current().serve
    host = "127.0.0.1" if serve.host in ("0.0.0.0", "::") else serve.host  # noqa: S104 - read, not bound
    return daemon.url if daemon else f"http://{f'[{host}]' if ':' in host else host}:{serve.port}"


def wake(store: Store) -> Store:
    """The store, with its pokes told to the daemon."""
    from pytake_cli.store.work import Datagrams

    store.waker = Datagrams(settings.paths().run / SOCKET_FILE)
    return store


def secrets_changed() -> None:
    """Tells the daemon to read its secrets again; by itself it looks every 30 seconds."""
    path = settings.paths().run / SOCKET_FILE
    if path.exists():
        from pytake_cli.store.work import Datagrams

        Datagrams(path).send([["secrets", "", "live"]])
