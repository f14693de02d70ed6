"""Where people write: an answer to the customer, or a note to the team, and no way to mistake one for the other."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, ClassVar, cast

from rich.segment import Segment
from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import TextArea

from pytake_cli import text as texts
from pytake_cli.locale import _
from pytake_cli.tui.actions import BY_ID, Action
from pytake_cli.tui.measure import cut, width
from pytake_cli.tui.signs import sign

if TYPE_CHECKING:
    from pytake_cli.tui.app import InboxApp
    from pytake_cli.tui.place import Keyed

PASTE_SECONDS = 0.02  # an Enter this close behind another key was not typed: an unbracketed paste has line breaks
COUNTER_FROM, MOST = 3500, 4096  # characters of a message


class Writing(TextArea, inherit_bindings=True):
    """The field itself; keys of the table come first, then those of a text field."""

    CHAIN: ClassVar[str] = "composer"

    def __init__(self) -> None:
        super().__init__(soft_wrap=True, show_line_numbers=False, tab_behavior="focus", highlight_cursor_line=False)
        self.cursor_blink = False
        self._key_at = -1.0

    @property
    def inbox(self) -> InboxApp:
        return cast("InboxApp", self.app)

    async def _on_key(self, event: events.Key) -> None:
        now, before = time.monotonic(), self._key_at
        self._key_at = now
        pasted = event.key == "enter" and now - before < PASTE_SECONDS
        if pasted or (event.key == "enter" and not self.inbox.options.enter_sends):
            self.insert("\n")
        elif self.parent_composer.popup_key(event.key):
            pass
        elif (event.key == "up" and not self.text) or event.key != "up":
            if not await cast("Keyed[None]", self.screen).press(event):
                await super()._on_key(event)
                return
        else:
            await super()._on_key(event)
            return
        event.stop()
        event.prevent_default()

    async def _on_paste(self, event: events.Paste) -> None:
        """What is pasted comes in without codes, and never sends."""
        event.stop()
        event.prevent_default()
        self._key_at = time.monotonic()
        self.insert(texts.clean(event.text))

    @property
    def parent_composer(self) -> Composer:
        return next(node for node in self.ancestors if isinstance(node, Composer))


class Head(Widget):
    """`─ Answer ─ (Note: ^R) ───── 3512/4096 ─`: a line that says where the text goes."""

    def render_line(self, y: int) -> Strip:
        composer = cast("Composer", self.parent)
        look, cells = composer.inbox.look, self.size.width
        note = composer.mode == "note"
        style = look.note_head if note else look.warn if composer.guarded else look.muted
        keymap = composer.inbox.keymap
        key = keymap.shown(composer.mode_action, ("composer",))
        here = _("Note: only the team") if note else _("Answer")
        other = _("Answer") if note else _("Note")
        dash = sign("─")
        left = f"{dash} {here} {dash} ({other}: {key}) "
        right = composer.tally()
        room = max(0, cells - width(left) - width(right))
        middle = composer.told or (f"{sign('↩')} {composer.quote} " if composer.quote else "")
        middle = cut(middle, room)
        filler = dash * max(0, room - width(middle))
        named = look.note_head if note else look.accent
        segments = [
            Segment(left, style if composer.guarded else named),
            Segment(middle + filler, style),
            Segment(right, look.warn),
        ]
        return Strip(segments).adjust_cell_length(cells, style)


class Composer(Vertical):
    """The head, the field, and what keeps one from writing when nothing may be written."""

    class Changed(Message):
        """The text or the mode is another."""

    def __init__(self, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self.mode = "reply"
        self.quote = ""
        self.told = ""  # a word beside the mode, such as that a colleague answers too
        self.guarded = False
        self.writing = Writing()

    @property
    def inbox(self) -> InboxApp:
        return cast("InboxApp", self.app)

    @property
    def mode_action(self) -> Action:
        return BY_ID["composer.mode"]

    def compose(self) -> ComposeResult:
        yield Head()
        yield self.writing

    def popup_key(self, key: str) -> bool:
        """True if an open popup took the key."""
        return False

    def tally(self) -> str:
        count = len(self.writing.text)
        return f" {count}/{MOST} " if count >= COUNTER_FROM else ""

    def set_mode(self, mode: str) -> None:
        """`reply` or `note`; they look nothing alike."""
        self.mode = mode
        self.set_class(mode == "note", "-note")
        self.writing.placeholder = _("only the team reads this") if mode == "note" else _("write to the customer")
        self.refresh_head()

    def set_text(self, text: str, mode: str = "reply", quote: str = "") -> None:
        self.quote, self.told, self.guarded = quote, "", False
        if self.writing.text != text:
            self.writing.load_text(text)
            self.writing.move_cursor(self.writing.document.end)
        self.set_mode(mode)

    def guard(self, told: str) -> None:
        """Says something before the next Enter, in amber."""
        self.told, self.guarded = told, bool(told)
        self.refresh_head()

    def refresh_head(self) -> None:
        for head in self.query(Head):
            head.refresh()

    def on_text_area_changed(self) -> None:
        if self.tally() or self.told:
            self.refresh_head()
        self.post_message(self.Changed())
