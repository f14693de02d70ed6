"""Sees each event of a store as soon as anybody but its writer can: the moment that "seen within …" counts from."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from contextlib import closing
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

LOOK_SECONDS = 0.002


@dataclass(frozen=True, slots=True)
class Commit:
    """An event and when it was there for others (monotonic)."""

    id: int
    kind: str
    conversation: int | None
    payload: dict[str, Any]
    seen: float

    @property
    def what(self) -> str:
        """`conversation:updated assigned`, `message:new out`, `note:new`."""
        return f"{self.kind} {self.payload.get('what') or self.payload.get('direction') or ''}".strip()


class Commits:
    """Watches a SQLite file beside whoever writes it.

    with Commits(folder / "data" / "pytake.db") as commits:
        mark = commits.mark()
        ...
        moment = commits.first("note:new", after=mark).seen
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._found: list[Commit] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="commits", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._over.set()
        self._thread.join(5)

    def mark(self) -> int:
        """How many were seen so far."""
        return len(self._found)

    def first(self, what: str, *, after: int = 0) -> Commit | None:
        """The first of this sort since a mark."""
        return next((each for each in self._found[after:] if each.what == what), None)

    def since(self, mark: int) -> list[str]:
        return [each.what for each in self._found[mark:]]

    def _run(self) -> None:
        with closing(sqlite3.connect(f"file:{self._path}?mode=ro", uri=True, timeout=5)) as db:
            last = int(db.execute("SELECT coalesce(max(id), 0) FROM event").fetchone()[0])
            query = "SELECT id, kind, conversation_id, payload FROM event WHERE id > ? ORDER BY id"
            while not self._over.wait(LOOK_SECONDS):
                rows = db.execute(query, (last,)).fetchall()
                seen = time.monotonic()
                for id_, kind, conversation, payload in rows:
                    last = id_
                    self._found.append(Commit(id_, kind, conversation, json.loads(payload), seen))
