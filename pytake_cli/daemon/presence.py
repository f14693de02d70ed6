"""Presence: who looks at which conversation and who writes in it. In memory only, and over after 8 s of silence."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from pytake_cli.policy.live import TYPING, VIEWING

EXPIRY = timedelta(seconds=8)
TOLD_AGAIN = EXPIRY / 2  # who says the same sooner than this after it was told tells nobody anything
MOST_BY_USER = 20  # marks


@dataclass(frozen=True, slots=True)
class Mark:
    """Somebody is at a conversation. `until` None: no longer."""

    kind: str  # VIEWING or TYPING
    org_id: int
    conversation_id: int
    user_id: int
    name: str
    until: datetime | None
    mode: str | None = None  # of typing: reply or note

    @property
    def key(self) -> tuple[str, int, int]:
        return self.kind, self.conversation_id, self.user_id

    def words(self) -> str:
        """As another daemon is told of it; `parse` reads it."""
        until = None if self.until is None else True
        return json.dumps([self.kind, self.org_id, self.conversation_id, self.user_id, self.name, until, self.mode])

    def payload(self) -> dict[str, Any]:
        """{"user": {"id": 3, "name": "bia"}, "mode": "reply", "until": "…Z" | null}"""
        return {"user": {"id": self.user_id, "name": self.name}, "mode": self.mode, "until": self.until}


class Presence:
    """All marks. What its functions return has to be told to the colleagues."""

    def __init__(self) -> None:
        self._marks: dict[tuple[str, int, int], Mark] = {}
        self._told: dict[tuple[str, int, int], datetime] = {}  # until when, as the colleagues know it

    def put(self, mark: Mark, now: datetime) -> list[Mark]:
        """Somebody is there, or is still."""
        before = self._marks.get(mark.key)
        if before is None and sum(1 for key in self._marks if key[2] == mark.user_id) >= MOST_BY_USER:
            return []
        mark = replace(mark, until=now + EXPIRY)
        self._marks[mark.key] = mark
        if before and before.mode == mark.mode and self._told[mark.key] - now > TOLD_AGAIN:
            return []
        self._told[mark.key] = now + EXPIRY
        return [mark]

    def end(self, kind: str, conversation_id: int, user_id: int) -> list[Mark]:
        """Somebody is there no longer."""
        key = (kind, conversation_id, user_id)
        mark = self._marks.pop(key, None)
        self._told.pop(key, None)
        return [replace(mark, until=None)] if mark else []

    def expire(self, now: datetime) -> list[Mark]:
        """Ends what was not renewed in time."""
        over = [mark for mark in self._marks.values() if mark.until is None or mark.until <= now]
        return [ended for mark in over for ended in self.end(*mark.key)]

    def left(self, user_id: int) -> list[Mark]:
        """The last connection of a user is gone."""
        keys = [key for key in self._marks if key[2] == user_id]
        return [ended for key in keys for ended in self.end(*key)]

    def of(self, org_id: int, without: int | None = None) -> Iterable[Mark]:
        """Everybody of an organisation, but one user."""
        return [mark for mark in self._marks.values() if mark.org_id == org_id and mark.user_id != without]

    def colleague_typing(self, conversation_id: int, without: int | None, now: datetime) -> Mark | None:
        """Somebody else who writes an answer there; may be asked from any thread."""
        for mark in list(self._marks.values()):
            here = mark.kind == TYPING and mark.mode == "reply" and mark.conversation_id == conversation_id
            if here and mark.user_id != without and mark.until and mark.until > now:
                return mark
        return None


def parse(words: str, now: datetime) -> Mark:
    """A mark that another daemon told of; ValueError if it is none."""
    kind, org_id, conversation_id, user_id, name, there, mode = json.loads(words)
    return Mark(kind, org_id, conversation_id, user_id, name, now + EXPIRY if there else None, mode)


def viewer(mark: Mark) -> dict[str, Any]:
    """How `ready` tells of it: {"kind": "agent:typing", "conversation": 5008, "user": {…}, "mode": …, "until": …}"""
    return {"kind": mark.kind, "conversation": mark.conversation_id, **mark.payload()}


__all__ = ["EXPIRY", "TYPING", "VIEWING", "Mark", "Presence", "parse", "viewer"]
