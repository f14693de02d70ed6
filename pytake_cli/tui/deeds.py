"""What was done to conversations and the server has not heard of: looked at again when it answers, then done."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from pytake_cli.locale import _
from pytake_cli.tui.client import Client, Refused, Unreachable, passes
from pytake_cli.tui.rows import Json, Row
from pytake_cli.tui.safe import Safe, own

# What holds whatever others did meanwhile, and what is only done where they left things as they were.
ALWAYS = ("label", "priority", "star", "unstar", "unread")
CHECKED = ("claim", "assign", "unassign", "resolve", "reopen", "snooze", "wake", "takeover", "handback")
ENDINGS = ("resolve", "snooze")  # not over the head of a customer who wrote


@dataclass(frozen=True, slots=True)
class Standing:
    """Whose a conversation is and what state it is in: what two people may change at the same time."""

    status: str  # resolved, snoozed, or nothing: somebody works on it
    owner: str
    assignee: int | None


def standing(row: Row) -> Standing:
    status = row.status if row.status in ("resolved", "snoozed") else ""
    return Standing(status, row.owner, row.assignee.id if row.assignee else None)


@dataclass(frozen=True, slots=True)
class Deed:
    """`verb` of the API, wanted by somebody who saw the conversation as it was and expects it to become `wanted`."""

    conversation: int
    name: Safe
    action: str  # its id in the table of actions
    verb: str
    arguments: Json
    seen: Standing
    wanted: Standing
    unread: int
    last_message_at: datetime | None
    before: Row | None = None  # to take it back, while the inbox is open
    at: float = 0.0  # monotonic

    @classmethod
    def of(cls, before: Row, after: Row, action: str, verb: str, arguments: Json) -> Deed:
        return cls(
            before.id, before.contact.name, action, verb, arguments, standing(before), standing(after), before.unread,
            before.last_message_at, before, time.monotonic(),
        )  # fmt: skip

    @property
    def told(self) -> str:
        return f"#{self.conversation} {self.name}"


def outdated(deed: Deed, now: Row) -> Safe | None:
    """Why it must not be done any more; None: it may."""
    if deed.verb in ALWAYS:
        return None
    if standing(now) != deed.seen:
        return own(_("somebody changed it meanwhile"))
    came = now.preview_direction == "in" and now.last_message_at != deed.last_message_at
    if deed.verb in ENDINGS and (came or now.unread > deed.unread):
        return own(_("the customer has written meanwhile"))
    return None


class Deeds:
    """One queue for all conversations, in the order of doing."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._waiting: list[Deed] = []
        self._lock = asyncio.Lock()
        self.on_done: Callable[[Row], None] = lambda row: None
        self.on_dropped: Callable[[Deed, Safe], None] = lambda deed, why: None
        self.on_changed: Callable[[], None] = lambda: None

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def waiting(self) -> list[Deed]:
        return list(self._waiting)

    @property
    def is_busy(self) -> bool:
        return self._lock.locked()

    def put(self, deed: Deed) -> None:
        self._waiting.append(deed)
        self.on_changed()

    def take_up(self, deeds: Sequence[Deed]) -> None:
        """What an inbox before this one left behind."""
        self._waiting[:0] = deeds
        self.on_changed()

    def can_take_back(self, since: float = 0.0) -> bool:
        """True if the newest waits here, and was done after that monotonic moment."""
        newest = self._waiting[-1] if self._waiting else None
        return newest is not None and newest.before is not None and newest.at >= since and not self.is_busy

    def take_back(self, since: float = 0.0) -> Deed | None:
        """The newest, which is not done any more; None: there is none that could be taken back."""
        if not self.can_take_back(since):
            return None
        deed = self._waiting.pop()
        if deed.before is not None:
            self.on_done(deed.before)
        self.on_changed()
        return deed

    async def flush(self) -> None:
        """Does what waits, until it is empty or nobody answers."""
        async with self._lock:
            while self._waiting:
                deed = self._waiting[0]
                try:
                    await self._do(deed)
                except Unreachable:
                    return
                except Refused as refusal:
                    if passes(refusal):
                        return
                    self.on_dropped(deed, refusal.told)
                self._waiting.remove(deed)
                self.on_changed()

    async def _do(self, deed: Deed) -> None:
        now = await self._client.conversation(deed.conversation)
        if deed.wanted != deed.seen and standing(now) == deed.wanted:
            self.on_done(now)  # it is so already: perhaps only the answer was lost
        elif why := outdated(deed, now):
            self.on_done(now)
            self.on_dropped(deed, why)
        else:
            acted = await self._client.act(deed.conversation, deed.verb, **deed.arguments)
            self.on_done(acted.row or now)
