"""Which file goes out: its path with completion, and what will be sent, before anything is."""

from __future__ import annotations

from textual import events, on
from textual.app import ComposeResult
from textual.widgets import Input

from pytake_cli.locale import _
from pytake_cli.tui import draw, files
from pytake_cli.tui.cards.facts import facts
from pytake_cli.tui.dialogs.box import Box
from pytake_cli.tui.draw import Lines
from pytake_cli.tui.files import Attachment
from pytake_cli.tui.measure import size
from pytake_cli.tui.paint import Look
from pytake_cli.tui.safe import Safe, own
from pytake_cli.tui.signs import MEDIA, sign
from pytake_cli.tui.widgets.field import Field
from pytake_cli.tui.widgets.sheet import Sheet


class Attach(Box[Attachment]):
    """The file that was chosen, which WhatsApp takes; Esc: None."""

    DEFAULT_CSS = "Attach Sheet { height: 9; margin: 1 0 0 0; } Attach Sheet:focus { border: none; }"

    def __init__(self, path: str = "") -> None:
        super().__init__(own(_("Attach a file")), own(_("Tab completes · Enter attaches · Esc leaves")))
        self._path = path
        self._names: list[Safe] = []
        self._file: Attachment | None = None

    def inside(self) -> ComposeResult:
        yield Field(own(_("path of the file")), self._path, slot="path", shown=True)
        sheet = Sheet(self._lines, slot="about")
        sheet.can_focus = False
        yield sheet

    def on_mount(self) -> None:
        field = self.query_one("#path", Field)
        field.focus()
        field.cursor_position = len(self._path)
        self._look(self._path)

    async def press(self, event: events.Key) -> bool:
        if event.key == "tab":
            field = self.query_one("#path", Field)
            field.value, self._names = files.completed(field.value)
            field.cursor_position = len(field.value)
            self._look(field.value)
            return True
        return await super().press(event)

    def _look(self, typed: str) -> None:
        self._file = files.look_at(files.written(typed)) if typed.strip() else None
        self._names = [] if self._file else files.completed(typed)[1]
        self.query_one("#about", Sheet).show(lambda room, look: self._lines(room, look), from_top=True)

    def _lines(self, room: int, look: Look) -> Lines:
        if self._file is None:
            names = self._names or ([own(_("there is no such file"))] if self._path else [])
            return [((f"  {name}", look.muted),) for name in names]
        return about(self._file, room, look)

    @on(Input.Changed, "#path")
    def _typed(self, event: Input.Changed) -> None:
        self._path = event.value
        self._look(event.value)

    @on(Input.Submitted, "#path")
    def _submitted(self) -> None:
        if self._file is not None and not self._file.problem:
            self.dismiss(self._file)

    @on(Field.Left)
    def _left(self) -> None:
        self.dismiss(None)


def about(file: Attachment, room: int, look: Look) -> Lines:
    """What will go out."""
    kind = f"{sign(MEDIA.get(file.kind, '▤'))} {_(file.kind)}"
    most = _("{size} (WhatsApp takes up to {most})").format(size=size(file.bytes), most=size(files.MOST[file.kind]))
    lines = facts([(_("name"), file.name), (_("kind"), f"{kind}  {file.mime}"), (_("size"), most)], room, look)
    if file.problem:
        return [*lines, draw.BLANK, *draw.paragraph(f"{sign('⊘')} {file.problem}", room, look.bad)]
    words = (
        _("What you write beside it becomes its caption; Enter in the message sends both.")
        if file.kind in files.WITH_CAPTION
        else _("It goes without words: WhatsApp shows none beside it.")
    )
    return [*lines, draw.BLANK, *draw.paragraph(words, room, look.muted)]
