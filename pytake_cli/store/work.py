"""Pokes: hints that a row wants attention, remembered in a transaction and fired after its commit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from sqlalchemy.orm import Session

Lane = Literal["live", "campaign", "report"]


@dataclass(frozen=True, slots=True)
class Poke:
    """ "Look again at `kind:key`." Losing or doubling one changes nothing but a delay."""

    kind: str  # journal | number | job | tick
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
