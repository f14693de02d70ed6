"""Pokes: hints that a row wants attention, remembered in a transaction and fired after its commit."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from sqlalchemy.orm import Session

Lane = Literal["live", "campaign", "report"]


@dataclass(frozen=True, slots=True)
class Poke:
    """ "Look again at `kind:key`." Losing or doubling one changes nothing but a delay."""

    kind: str  # journal | number | job | timer | schedule | campaign | series | route | tick | live
    key: str
    lane: Lane = "live"


class Waker(Protocol):
    """Who hears pokes: the daemon's engine, or a command that tells the daemon."""

    def in_transaction(self, db: Session, pokes: list[Poke]) -> None:
        """Called just before commit, in the transaction, for engines that keep their jobs in the same database."""

    def after_commit(self, pokes: list[Poke]) -> None:
        """Called when the transaction is durable, from whatever thread made it."""


def poke(db: Session, kind: str, key: str | int, lane: Lane = "live") -> None:
    """Remembers the poke until the transaction commits; the same one twice counts once."""
    pokes: dict[Poke, None] = db.info.setdefault("pokes", {})
    pokes[Poke(kind, str(key), lane)] = None


class Datagrams:
    """Tells a daemon in another process, by a socket that it listens on; a lost datagram costs it a second."""

    MOST_POKES = 50  # in one datagram

    def __init__(self, path: Path) -> None:
        self.path = path

    def in_transaction(self, db: Session, pokes: list[Poke]) -> None:
        pass  # the rows are the truth

    def after_commit(self, pokes: list[Poke]) -> None:
        for start in range(0, len(pokes), self.MOST_POKES):
            some = pokes[start : start + self.MOST_POKES]
            self.send([[poke.kind, poke.key, poke.lane] for poke in some])

    def send(self, message: object) -> bool:
        """Sends one datagram without waiting; False when nobody took it."""
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender, reachable(self.path) as address:
                sender.setblocking(False)
                sender.sendto(json.dumps(message).encode(), address)
        except OSError:
            return False
        return True


@contextmanager
def reachable(path: Path) -> Iterator[str]:
    """The path of a Unix socket, short enough for the 108 bytes that the system takes."""
    if len(os.fsencode(path)) < 100:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
