"""`react`, `typing`, `read`: the small gestures of the channel. With nothing to answer to they do nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field

from pytake_cli.flow.effects import Send
from pytake_cli.flow.speech import Gesture
from pytake_cli.flow.steps.step import Go, Held, Move, Path, Step
from pytake_cli.flow.values import Word
from pytake_cli.flow.walk import Walk


class _Gesture(Step):
    def _make(self, walk: Walk, gesture: Gesture) -> Move:
        if gesture.wamid:
            walk.do(Send(gesture, walk.step))
        else:
            walk.record("ignored", "nothing to answer", gesture.kind)
        return Go(self.next or "end")


def _last(walk: Walk) -> str:
    return str((walk.session.message or {}).get("id") or "")


class React(_Gesture):
    """Puts an emoji to the contact's last message."""

    verb: ClassVar[str] = "react"
    main: ClassVar[str] = "emoji"

    emoji: Word = Field(description="one emoji")

    def expressions(self) -> Iterator[tuple[Path, Held]]:
        yield from super().expressions()
        yield ("emoji",), self.emoji

    def enter(self, walk: Walk) -> Move:
        emoji = walk.render(self.emoji).strip()
        closed = not walk.can_speak() or not 0 < len(emoji) <= 16
        return self._make(walk, Gesture("react", "" if closed else _last(walk), emoji))


class Typing(_Gesture):
    """Shows that something is being written, for 25 seconds or until the next message."""

    verb: ClassVar[str] = "typing"

    def enter(self, walk: Walk) -> Move:
        return self._make(walk, Gesture("typing", _last(walk)))


class Read(_Gesture):
    """Shows the contact's last message as read."""

    verb: ClassVar[str] = "read"

    def enter(self, walk: Walk) -> Move:
        return self._make(walk, Gesture("read", _last(walk)))
