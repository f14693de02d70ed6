"""The rest of what the inbox does: react, send again, open a new one, save a view, copy, and say the command."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path

from pytake_cli import clock
from pytake_cli.locale import _
from pytake_cli.tui import emoji
from pytake_cli.tui.actions import ACTIONS
from pytake_cli.tui.dialogs.choices import Choice, Pick
from pytake_cli.tui.dialogs.command import Command
from pytake_cli.tui.dialogs.contact import EditContact
from pytake_cli.tui.dialogs.line import AskLine
from pytake_cli.tui.dialogs.shown import Shown
from pytake_cli.tui.rows import Json, Row
from pytake_cli.tui.safe import Safe, own
from pytake_cli.tui.screens.inbox_asks import AsksPart
from pytake_cli.tui.screens.inbox_seek import SeekPart
from pytake_cli.tui.timeline import Item
from pytake_cli.tui.widgets import bubbles

PLAYERS = (("mpv", "--really-quiet", "--no-video"), ("ffplay", "-nodisp", "-autoexit", "-loglevel", "quiet"))


class MorePart(AsksPart, SeekPart):
    """Small things, each by one key."""

    async def do_message_react(self) -> None:
        row, item = self.open, self.chat.item
        if row is None or item is None:
            return
        answer = await self.inbox.ask(
            Pick(own(_("React with")), [Choice(each, Safe(each)) for each in emoji.REACTIONS])
        )
        if answer is not None:
            body: Json = {"reaction": {"message": item.number, "emoji": answer}, "client_id": clock.new_id()}
            await self.inbox.client.send(row.id, body, key=str(body["client_id"]))

    async def do_message_resend(self) -> None:
        row, item = self.open, self.chat.item
        if row is not None and item is not None:
            sent = await self.inbox.client.retry(row.id, item.number)
            self.chat.update_items([sent])

    async def do_media_play(self) -> None:
        item = self.chat.item
        player = next((each for each in PLAYERS if shutil.which(each[0])), None)
        if player is None:
            self.inbox.tell(own(_("neither mpv nor ffplay is here to play it")))
        elif item is not None and item.media is not None:
            content = await self.inbox.client.download(f"/media/{item.media.id}")
            with tempfile.NamedTemporaryFile(suffix=".audio", delete=False) as file:
                file.write(content)
            subprocess.Popen([*player, file.name], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)  # noqa: S603
            self.set_timer(600, lambda: Path(file.name).unlink(missing_ok=True))

    async def do_contact_edit(self) -> None:
        """The contact beside, in the form of the screen of contacts."""
        if (row := self.open) is None:
            return
        card = await self.inbox.client.card(row.id)
        if changed := await self.inbox.ask(EditContact(card)):
            await self.inbox.client.change("PATCH", f"/contacts/{row.contact.id}", changed, version="*")
            await self._fetch_card(row)

    async def do_conversation_new(self) -> None:
        hint = own(_("a phone number with its country, such as +55 11 96818-4101"))
        phone = await self.inbox.ask(AskLine(own(_("New conversation")), hint=hint))
        if phone:
            row = await self.inbox.client.open(phone)
            self.talks.show([row, *(each for each in self.talks.whole if each.id != row.id)])
            self.talks.choose(row.id)

    async def do_conversation_history(self) -> None:
        row = self.open
        if row is None:
            return
        page = await self.inbox.client.timeline(row.id)
        changes = [item for item in page.items if item.type == "change"]
        zone = self.inbox.zone

        def make(room: int, look: object) -> list[tuple[tuple[str, object], ...]]:
            texts = [bubbles.told(item, zone, dated=True) for item in reversed(changes)] or [_("nothing was done yet")]
            return [((text, self.inbox.look.plain),) for text in texts]

        title = own(_("Who did what with #{id}").format(id=row.id))
        await self.inbox.ask(Shown(title, make))  # type: ignore[arg-type]

    async def do_list_save(self) -> None:
        if not self.where:
            self.inbox.tell(own(_("there is no filter to save: f sets one")))
            return
        name = await self.inbox.ask(AskLine(own(_("Save the filter as")), hint=Safe(self.where)))
        if name:
            view = await self.inbox.client.post("/views", {"name": name, "where": self.where, "order": self.order})
            self.where = ""
            self.find.display = False
            await self.load_view(str(view["slug"]))

    def do_app_copy(self) -> None:
        row, item = self.talks.row, self.chat.item if self.chat.has_focus else None
        if item is not None:
            self.inbox.copy_to_clipboard(str(item.raw))
            self.inbox.tell(own(_("the message is in the clipboard")))
        elif row is not None:
            self.inbox.copy_to_clipboard(str(row.id))
            self.inbox.tell(own(_("{id} is in the clipboard").format(id=row.id)))

    async def do_app_command(self) -> None:
        """What the list shows, and what can be done with the conversation, as commands."""
        line = f"pytake conversation list --view {shlex.quote(self.view)}"
        if self.where:
            line += f" -w {shlex.quote(self.where)}"
        row = self.talks.row
        says = "\n".join(
            _command(action.cli, row, self.chat.item) for action in ACTIONS if row and _is_of_row(action.cli)
        )
        await self.inbox.ask(Command(own(_("The same on the command line")), line, says=own(says)))

    def taken(self, answer: str) -> bool:
        """What the palette found besides actions: a conversation, a label, a person."""
        kind, name = answer[:1], answer[1:]
        if kind == ">":
            self.later(self.reveal(int(name)))
        elif kind in ("#", "@"):
            self.where = f"label:{name}" if kind == "#" else f"agent:{name}"
            self.later(self.load_view("all"))
        elif kind == "/":
            self.later(self._take_answer(name))
        return kind in (">", "#", "@", "/")

    async def _take_answer(self, key: str) -> None:
        """A ready answer into the composer; nothing is sent."""
        if self.open is None:
            return
        found = await self.inbox.client.canned(key, self.open.id)
        text = next((each.text for each in found if each.key == key), None)
        if text is not None:
            self._write("reply")
            self.composer.writing.insert(text)
            self.composer.writing.to_place((0, 0))


def _is_of_row(cli: str) -> bool:
    return "{id}" in cli or "{phone}" in cli


def _command(cli: str, row: Row | None, item: Item | None) -> str:
    if row is None:
        return cli
    return cli.format(
        id=row.id,
        phone=row.phone,
        message=item.number if item else "ID",
        where="",
        query="",
        name="",
        media="ID",
        availability="",
    )
