"""What was written and is not yet at the server: sent in order, checked again after an outage, never sent silently."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from pytake_cli import clock
from pytake_cli.locale import _
from pytake_cli.tui.client import Client, Refused, Unreachable, passes
from pytake_cli.tui.files import Attachment
from pytake_cli.tui.rows import NO_TEXT, Draft, Json
from pytake_cli.tui.safe import Raw, Safe, one_line, own, safe_text
from pytake_cli.tui.timeline import Item, Media

LOOK_SECONDS = 0.1  # while a message is held: it may have been taken back


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message or a note on its way. `seen` is the last entry of the timeline that its author had in view."""

    client_id: str
    conversation: int
    mode: str  # reply, note
    body: Json
    text: str
    at: datetime
    seen: str | None = None
    was_offline: bool = False
    file: Attachment | None = None  # goes up to the server first
    number: int | None = None  # the one that the customer wrote to
    held_until: datetime | None = None  # can be taken back so long
    contact: int | None = None  # whom it is for
    left_over: bool = False  # an inbox before this one ended with it

    def item(self, author: Safe) -> Item:
        """How it stands in the chat meanwhile."""
        note = self.mode == "note"
        return Item(
            id=f"q{self.client_id}", type="note" if note else "message", at=self.at, text=safe_text(self.text),
            raw=Raw(self.text), author=author, author_kind="agent", direction="" if note else "out", status="queued",
            client_id=self.client_id, reply_to=self.body.get("reply_to"),
            kind=self.file.kind if self.file else "text", media=_shown(self.file) if self.file else None,
        )  # fmt: skip


class Outbox:
    """One queue for all conversations, in the order of writing."""

    def __init__(self, client: Client, *, hold_seconds: float = 0.0) -> None:
        self._client, self._hold_seconds = client, hold_seconds
        self._waiting: list[Waiting] = []
        self._lock = asyncio.Lock()
        self.on_sent: Callable[[Waiting, Item], None] = lambda waiting, item: None
        self.on_returned: Callable[[Waiting, Safe, Refused | None], None] = lambda waiting, why, refusal: None
        self.on_changed: Callable[[], None] = lambda: None

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def waiting(self) -> list[Waiting]:
        return list(self._waiting)

    @property
    def is_busy(self) -> bool:
        """True while something is on its way to the server."""
        return self._lock.locked()

    def of(self, conversation: int) -> list[Waiting]:
        return [each for each in self._waiting if each.conversation == conversation]

    def put(
        self, conversation: int, mode: str, text: str, body: Json, *, seen: str | None,
        file: Attachment | None = None, number: int | None = None, contact: int | None = None,
    ) -> Waiting:  # fmt: skip
        """Takes it in; flush() sends it."""
        now = clock.now()
        held = now + timedelta(seconds=self._hold_seconds) if self._hold_seconds and mode == "reply" else None
        waiting = Waiting(
            clock.new_id(), conversation, mode, body, text, now, seen,
            file=file, number=number, held_until=held, contact=contact,
        )  # fmt: skip
        self._waiting.append(waiting)
        self.on_changed()
        return waiting

    def take_up(self, waiting: Sequence[Waiting]) -> None:
        """What an inbox before this one left behind; flush() looks what became of it."""
        self._waiting[:0] = waiting
        self.on_changed()

    @property
    def held(self) -> Waiting | None:
        """The newest that can still be taken back: it has not left this machine."""
        now = clock.now()
        return next((each for each in reversed(self._waiting) if each.held_until and each.held_until > now), None)

    def return_held(self) -> bool:
        """Takes that one back: it is a draft again, and the server never heard of it. False: there is none."""
        if (held := self.held) is not None:
            self._return(held, own(_("you took it back")))
        return held is not None

    async def flush(self) -> None:
        """Sends what waits, until it is empty or nobody answers."""
        async with self._lock:
            while self._waiting:
                waiting = self._waiting[0]
                if waiting.held_until and (left := (waiting.held_until - clock.now()).total_seconds()) > 0:
                    await asyncio.sleep(min(left, LOOK_SECONDS))
                    continue
                try:
                    sent = await self._delivered(waiting)
                except Unreachable:
                    self._wait()
                    return
                except Refused as refusal:
                    if passes(refusal):
                        self._wait()
                        return
                    self._return(waiting, refusal.told, refusal)
                    continue
                if sent is not None:
                    if waiting in self._waiting:
                        self._waiting.remove(waiting)
                    self.on_sent(waiting, sent)
                    self.on_changed()

    def _wait(self) -> None:
        """Nobody answers: all of it is looked at again before it goes."""
        self._waiting = [replace(each, was_offline=True) for each in self._waiting]
        self.on_changed()

    async def _delivered(self, waiting: Waiting) -> Item | None:
        """The message as the server has it; None: it must not go out as it is, and is a draft again."""
        if waiting.was_offline:
            page = await self._client.timeline(waiting.conversation)
            arrived = next((item for item in page.items if item.client_id == waiting.client_id), None)
            if arrived is not None:
                return arrived  # only the answer was lost
            if waiting.mode != "note" and (why := await self._outdated(waiting, page.items)):
                self._return(waiting, why)
                return None
        return await self._send(waiting)

    async def _send(self, waiting: Waiting) -> Item:
        if waiting.mode == "note":
            return await self._client.note(waiting.conversation, waiting.text, key=waiting.client_id)
        body = {**waiting.body}
        if waiting.seen:
            body["seen"] = waiting.seen
        if waiting.file is not None:
            upload = await self._client.upload(waiting.file, waiting.number)
            body["media"] = {**body["media"], "upload": upload}
        return await self._client.send(waiting.conversation, body, key=waiting.client_id)

    async def _outdated(self, waiting: Waiting, items: Sequence[Item]) -> Safe | None:
        """Why what was written during an outage must not go out as it is; None: it may."""
        if waiting.left_over:
            return own(_("it still waited when the inbox ended"))
        row = await self._client.conversation(waiting.conversation)
        if waiting.contact is not None and row.contact.id != waiting.contact:
            return own(_("the server has another person here now"))
        closed = row.window_closes_at is None or row.window_closes_at <= clock.now()
        if closed and "template" not in waiting.body:
            return own(_("the window closed meanwhile"))
        ids = [item.id for item in items]
        later = items[ids.index(waiting.seen) + 1 :] if waiting.seen in ids else items
        others = [
            item for item in later if item.author_kind == "agent" and item.at > waiting.at and item.type == "message"
        ]
        mine = {each.client_id for each in self._waiting}
        for item in others:
            if item.client_id not in mine:
                return own(_("{who} answered meanwhile").format(who=item.author))
        return None

    def _return(self, waiting: Waiting, why: Safe, refusal: Refused | None = None) -> None:
        if waiting in self._waiting:
            self._waiting.remove(waiting)
        self.on_returned(waiting, why, refusal)
        self.on_changed()

    def drafts(self) -> list[tuple[int, Draft]]:
        """What waits, as drafts: when the inbox is left."""
        return [(each.conversation, Draft(each.text, each.mode, each.body.get("reply_to"))) for each in self._waiting]


def _shown(file: Attachment) -> Media:
    return Media(0, file.kind, file.name, one_line(file.mime), file.bytes, "sending", None, None, None, NO_TEXT)
