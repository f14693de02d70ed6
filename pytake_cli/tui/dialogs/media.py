"""A file of a message: what it is, its transcript, and the message as it came; opened outside or saved."""

from __future__ import annotations

from typing import ClassVar, Literal

from textual import events
from textual.app import ComposeResult

from pytake_cli.locale import _
from pytake_cli.tui import draw
from pytake_cli.tui.cards.facts import facts, heading
from pytake_cli.tui.dialogs.box import Box
from pytake_cli.tui.draw import Lines, figure
from pytake_cli.tui.paint import Look
from pytake_cli.tui.safe import Safe, own
from pytake_cli.tui.signs import MEDIA, sign
from pytake_cli.tui.timeline import Item
from pytake_cli.tui.widgets.sheet import Sheet

Wish = Literal["open", "save"]


class MediaViewer(Box[Wish]):
    """Answers what is to be done with the file."""

    DEFAULT_CSS = "MediaViewer Sheet { height: auto; max-height: 24; min-height: 4; }"
    KEYS: ClassVar[dict[str, Wish]] = {"enter": "open", "o": "open", "v": "open", "d": "save"}

    def __init__(self, item: Item) -> None:
        super().__init__(_title(item), own(_("Enter opens it outside · d saves it · Esc closes")))
        self._item = item

    def inside(self) -> ComposeResult:
        yield Sheet(lambda room, look: lines(self._item, room, look), slot="shown")

    async def press(self, event: events.Key) -> bool:
        if (wish := self.KEYS.get(event.key)) is not None:
            self.dismiss(wish)
            return True
        return await super().press(event)


def _title(item: Item) -> Safe:
    media = item.media
    return Safe(f"{sign(MEDIA.get(item.kind, '▤'))} {media.name or _(media.kind)}") if media else own(_("message"))


def lines(item: Item, room: int, look: Look) -> Lines:
    """What is known of it."""
    made: Lines = []
    if (media := item.media) is not None:
        size = f"{figure(max(1, media.bytes // 1024))} kB" if media.bytes else None
        picture = f"{media.width} {sign('×')} {media.height}" if media.width and media.height else None
        length = draw.duration(media.seconds) if media.seconds else None
        pairs = [(_("name"), media.name), (_("kind"), media.mime), (_("size"), size), (_("picture"), picture)]
        made += facts([*pairs, (_("length"), length), (_("state"), _(media.state))], room, look)
        if media.transcript:
            made += heading(_("transcript"), look) + draw.paragraph(media.transcript, room, look.plain)
    if item.text:
        made += heading(_("text"), look) + draw.paragraph(item.text, room, look.plain)
    return made
