"""Where people write: an answer to the customer, or a note to the team, and no way to mistake one for the other."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, ClassVar, cast

from rich.segment import Segment
from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.document._document import Document
from textual.message import Message
from textual.strip import Strip
from textual.widgets import TextArea
from textual.widgets.text_area import Selection

from pytake_cli import text as texts
from pytake_cli.locale import _
from pytake_cli.tui.actions import BY_ID
from pytake_cli.tui.files import is_dropped
from pytake_cli.tui.measure import cut, width
from pytake_cli.tui.signs import sign
from pytake_cli.tui.widgets.head import Line
from pytake_cli.tui.widgets.popup import Popup

if TYPE_CHECKING:
    from pytake_cli.tui.app import InboxApp
    from pytake_cli.tui.place import Keyed

PASTE_SECONDS = 0.02  # an Enter this close behind another key was not typed: an unbracketed paste has line breaks
COUNTER_FROM, MOST = 3500, 4096  # characters of a message
PLACE = re.compile(r"\{\{\s*([^{}|]+?)\s*(?:\|([^{}]*))?\}\}")
NOTICE = 3  # lines of what stands in the place of the field, or more
_TOKEN = re.compile(r"(?:^|(?<=\s))([/@:])([^\s/@:]*)$")


class Writing(TextArea):
    """The field itself; keys of a popup come first, then those of the table, then those of a text field."""

    CHAIN: ClassVar[str] = "composer"

    class Dropped(Message):
        """What was pasted may be the path of a file."""

        def __init__(self, pasted: str) -> None:
            super().__init__()
            self.pasted = pasted

    def __init__(self) -> None:
        super().__init__(soft_wrap=True, show_line_numbers=False, tab_behavior="focus", highlight_cursor_line=False)
        self.cursor_blink = False
        self._key_at = -1.0

    @property
    def composer(self) -> Composer:
        return cast("Composer", self.parent)

    async def _on_key(self, event: events.Key) -> None:
        now, before = time.monotonic(), self._key_at
        self._key_at = now
        if await self._taken(event, typed=now - before >= PASTE_SECONDS):
            event.stop()
            event.prevent_default()
        else:
            await super()._on_key(event)

    async def _taken(self, event: events.Key, *, typed: bool) -> bool:
        """True if the key was more than a letter."""
        if event.key == "enter" and not typed:
            self.insert("\n")
            return True
        if self.composer.popup.key(event.key):
            return True
        if event.key == "enter" and not self.composer.inbox.options.enter_sends:
            self.insert("\n")
            return True
        if event.key == "up" and self.text:
            return False
        return await cast("Keyed[None]", self.screen).press(event)

    async def _on_paste(self, event: events.Paste) -> None:
        """What is pasted comes in without codes, and never sends."""
        event.stop()
        event.prevent_default()
        self._key_at = time.monotonic()
        pasted = texts.clean(event.text)
        self.replace(pasted, *self.selection, maintain_selection_offset=False)
        if is_dropped(pasted):
            self.post_message(self.Dropped(pasted))

    def on_resize(self) -> None:
        """Where one writes stays in view, whatever the lines are wrapped to."""
        self.scroll_cursor_visible()

    def token(self) -> tuple[str, str] | None:
        """What is being typed for a popup: ("/", "pr"), ("@", "bi"), (":", "joy")."""
        row, column = self.cursor_location
        found = _TOKEN.search(self.document.get_line(row)[:column])
        return (found[1], found[2]) if found else None

    def put(self, text: str) -> None:
        """The text in the place of the token; its first open place is selected."""
        row, column = self.cursor_location
        found = _TOKEN.search(self.document.get_line(row)[:column])
        start = (row, found.start(1)) if found else (row, column)
        self.replace(text, start, (row, column), maintain_selection_offset=False)
        if not self.to_place(start):
            self.move_cursor(self.document.end if "\n" in text else (row, start[1] + len(text)))

    def to_place(self, after: tuple[int, int] | None = None) -> bool:
        """Selects the next {{place}}; False: there is none."""
        where = self.selection.end if after is None else after
        document = cast(Document, self.document)
        offset = document.get_index_from_location(where)
        found = PLACE.search(self.text, offset) or PLACE.search(self.text)
        if found is None:
            return False
        to = document.get_location_from_index
        self.selection = Selection(to(found.start()), to(found.end()))
        return True


class Head(Line):
    """`─ Answer ─ (Note: ^R) ───── 3512/4096 ─`: a line that says where the text goes."""

    def line(self, cells: int) -> list[Segment]:
        composer = cast("Composer", self.parent)
        look = self.inbox.look
        note = composer.mode == "note"
        style = look.note_head if note else look.warn if composer.guarded else look.faint
        key = self.inbox.keymap.shown(BY_ID["composer.mode"], ("composer",))
        here = _("Note: only the team") if note else _("Answer")
        other = _("Answer") if note else _("Note")
        dash = sign("─")
        right = f" {len(composer.writing.text)}/{MOST} " if len(composer.writing.text) >= COUNTER_FROM else ""
        segments = [
            Segment(dash + " ", style),
            Segment(here, look.note_head if note else look.warn if composer.guarded else look.accent),
            Segment(f" {dash} ", style),
        ]
        room = cells - sum(width(segment.text) for segment in segments) - width(right)
        middle = composer.told or self._along(composer) or f"({other}: {key})"
        middle = cut(middle, room - 1) + " "
        segments.append(Segment(middle, look.warn if composer.told else style if note else look.muted))
        segments.append(Segment(dash * max(0, room - width(middle)), style))
        return [*segments, Segment(right, look.warn)]

    def _along(self, composer: Composer) -> str:
        """The file and the quote that go along, and how they are taken away."""
        quote = f"{sign('↩')} {composer.quote}" if composer.quote else ""
        file = composer.file if composer.mode == "reply" else ""
        drop = self.inbox.keymap.shown(BY_ID["composer.drop"], ("composer",))
        parts = [file, f"{drop} " + _("takes it away") if file else "", quote]
        return f" {sign('·')} ".join(part for part in parts if part)


class Notice(Line):
    """What stands in the place of the field while nothing may be written to the customer."""

    def line(self, cells: int) -> list[Segment]:
        return []

    def render_line(self, y: int) -> Strip:
        look, cells = self.inbox.look, self.size.width
        lines = cast("Composer", self.parent).why_locked
        text = lines[y] if y < len(lines) else ""
        style = look.bad if y == 0 else look.plain if y == 1 else look.muted
        return Strip([Segment(" " + cut(text, cells - 1), style)]).adjust_cell_length(cells, look.plain)


class Banner(Line):
    """`⚙ «boas-vindas» answers for you - t takes over`"""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""

    def line(self, cells: int) -> list[Segment]:
        return [Segment(" " + cut(self.text, cells - 1), self.inbox.look.bot)]


class Composer(Vertical):
    """The head, the field, and what keeps one from writing when nothing may be written."""

    class Changed(Message):
        """The person changed the text."""

    def __init__(self, popup: Popup) -> None:
        super().__init__(id="composer")
        self.mode = "reply"
        self.quote = ""
        self.file = ""  # what goes out with the text
        self.told = ""  # a word beside the mode, such as that a colleague answers too
        self.guarded = False
        self.why_locked: tuple[str, ...] = ()
        self.popup = popup
        self.banner = Banner()
        self.line = Head()
        self.notice = Notice()
        self.writing = Writing()
        self._set = ""  # what the program put into the field: no change of the person's

    @property
    def inbox(self) -> InboxApp:
        return cast("InboxApp", self.app)

    def compose(self) -> ComposeResult:
        self.banner.display = self.notice.display = False
        yield self.banner
        yield self.line
        yield self.notice
        yield self.writing

    @property
    def locked(self) -> bool:
        """True while the field is not there."""
        return bool(self.why_locked) and self.mode == "reply"

    def set_mode(self, mode: str) -> None:
        """`reply` or `note`; they look nothing alike."""
        self.mode = mode
        self.set_class(mode == "note", "-note")
        self.writing.placeholder = _("only the team reads this") if mode == "note" else _("write to the customer")
        self.guard("")
        self._show_lock()

    def set_lock(self, lines: tuple[str, ...]) -> None:
        """Takes the field away and says why; nothing gives it back."""
        if lines != self.why_locked:
            self.why_locked = lines
            self.notice.styles.height = max(NOTICE, len(lines))
            self._show_lock()

    def _show_lock(self) -> None:
        locked = self.locked
        if self.notice.display != locked:
            self.notice.display, self.writing.display = locked, not locked
        self.notice.refresh()

    def set_banner(self, text: str) -> None:
        if text != self.banner.text:
            self.banner.text = text
            self.banner.display = bool(text)
            self.banner.refresh()

    def set_text(self, text: str, mode: str = "reply", quote: str = "") -> None:
        """Puts in a draft; what the person typed before is gone, so it is saved before this."""
        self.quote = quote
        self.popup.close()
        self._set = text
        if self.writing.text != text:
            self.writing.load_text(text)
            self.writing.move_cursor(self.writing.document.end)
        self.set_mode(mode)

    def guard(self, told: str) -> None:
        """Says something before the next Enter, in amber; nothing takes it away."""
        self.told, self.guarded = told, bool(told)
        self.set_class(self.guarded, "-guarded")
        self.line.refresh()

    def on_text_area_changed(self) -> None:
        if self.writing.text == self._set:
            return
        self._set = "\0"  # whatever comes now is the person's
        if self.guarded or len(self.writing.text) >= COUNTER_FROM - 1:
            self.guard("")
        self.post_message(self.Changed())
