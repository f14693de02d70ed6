"""Files for the customer: chosen or dropped, kept beside what is written, and sent with it by Enter."""

from __future__ import annotations

from pytake_cli.locale import _
from pytake_cli.tui import files
from pytake_cli.tui.dialogs.attach import Attach
from pytake_cli.tui.files import Attachment
from pytake_cli.tui.rows import Row
from pytake_cli.tui.safe import own
from pytake_cli.tui.screens.inbox_writing import WritingPart
from pytake_cli.tui.signs import MEDIA, sign
from pytake_cli.tui.widgets.composer import Writing


class FilesPart(WritingPart):
    """A file belongs to its conversation until it is sent or dropped."""

    def __init__(self) -> None:
        super().__init__()
        self._files: dict[int, Attachment] = {}

    @property
    def file(self) -> Attachment | None:
        """What goes out with the next answer."""
        return self._files.get(self.open.id) if self.open else None

    def keep_file(self, id_: int, file: Attachment | None) -> None:
        """Puts it beside what is written in a conversation, or takes it away."""
        if file is None:
            self._files.pop(id_, None)
        else:
            self._files[id_] = file
        self.show_file()

    def show_file(self) -> None:
        """Says in the head of the composer what goes along."""
        file = self.file
        self.composer.file = f"{sign(MEDIA.get(file.kind, '▤'))} {file.told}" if file else ""
        self.composer.line.refresh()

    def open_row(self, row: Row | None) -> None:
        super().open_row(row)
        self.show_file()

    def do_composer_drop(self) -> None:
        super().do_composer_drop()
        if self.open is not None:
            self.keep_file(self.open.id, None)

    async def do_conversation_attach(self) -> None:
        await self._choose("")

    async def _choose(self, path: str) -> bool:
        row = self.open
        if row is None:
            return False
        if self.composer.mode == "note":
            self.composer.set_mode("reply")
        if self.composer.locked:
            self.inbox.tell(own(_("the window is closed: a template arrives, free text does not")))
            return False
        file = await self.inbox.ask(Attach(path))
        if file is not None:
            self.keep_file(row.id, file)
            self._write("reply")
        return file is not None

    def on_writing_dropped(self, message: Writing.Dropped) -> None:
        if self.composer.mode == "reply" and files.look_at(files.written(message.pasted)) is not None:
            self.later(self._take_dropped(message.pasted))

    async def _take_dropped(self, pasted: str) -> None:
        """The path is no longer part of the text once its file goes along."""
        if await self._choose(pasted.strip()):
            writing = self.composer.writing
            before, found, after = writing.text.rpartition(pasted)
            if found:
                writing.load_text(before + after)
                writing.move_cursor(writing.document.end)
