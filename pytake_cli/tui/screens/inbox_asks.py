"""What the inbox asks before it acts: to whom, which labels, until when, which template; and the file of a message."""

from __future__ import annotations

import asyncio
import tempfile
import webbrowser
from dataclasses import replace
from pathlib import Path

from pytake_cli import clock
from pytake_cli.locale import _
from pytake_cli.tui import times
from pytake_cli.tui.client import Unreachable
from pytake_cli.tui.dialogs.assign import Assign
from pytake_cli.tui.dialogs.choices import Choice, Pick
from pytake_cli.tui.dialogs.macro import PickMacro
from pytake_cli.tui.dialogs.media import MediaViewer
from pytake_cli.tui.dialogs.picks import Picks
from pytake_cli.tui.dialogs.resolve import Resolve
from pytake_cli.tui.dialogs.snooze import Snooze
from pytake_cli.tui.dialogs.template import TemplatePicker
from pytake_cli.tui.live import Event
from pytake_cli.tui.rows import Json, Row, Who
from pytake_cli.tui.safe import Safe, own
from pytake_cli.tui.screens.anywhere import Anywhere
from pytake_cli.tui.screens.inbox_acts import ActsPart, resolved
from pytake_cli.tui.screens.inbox_offers import ANY_LANGUAGE
from pytake_cli.tui.screens.listing import saved

# What a viewer only shows; pages and programs that customers send are never run.
HARMLESS = ("image/jpeg", "image/png", "image/webp", "image/gif", "audio/", "video/", "application/pdf")
PRIORITIES = ("urgent", "high", "normal", "low")


class AsksPart(ActsPart, Anywhere):
    """Dialogs on the conversation under the cursor, or on all that are marked."""

    def __init__(self) -> None:
        super().__init__()
        self._assigned: list[str] = []  # keys of whom conversations were given to, the newest first
        self._lists: dict[str, list[Json]] = {}
        self._filled: dict[str, dict[str, str]] = {}  # template -> the values that were used last

    async def do_conversation_assign(self) -> None:
        users, teams = await asyncio.gather(self._list("/users"), self._list("/teams"))
        me = self.inbox.me.id if self.inbox.me else None
        goal = await self.inbox.ask(Assign(users, teams, me, self._assigned))
        if goal is None:
            return
        if goal.user is None and goal.team is None:
            await self.act("conversation.assign", "unassign", lambda row: replace(row, assignee=None))
            return
        key = f"user:{goal.user}" if goal.user is not None else f"team:{goal.team}"
        self._assigned = [key, *(each for each in self._assigned if each != key)]
        if goal.user is not None:
            who = Who(goal.user, goal.name)
            await self.act("conversation.assign", "assign", lambda row: replace(row, assignee=who), to=goal.user)
        else:
            await self.act("conversation.assign", "assign", lambda row: row, team=goal.team)

    async def _list(self, path: str) -> list[Json]:
        """What there is to choose from; without a connection what there was."""
        try:
            self._lists[path] = await self.inbox.client.every(path)
        except Unreachable:
            if path not in self._lists:
                raise
        return self._lists[path]

    async def do_conversation_label(self) -> None:
        known = await self._list("/labels")
        row = self.talks.row
        has = set(row.labels) if row is not None and not self.talks.marked else set()
        choices = [(str(label["name"]), Safe(f"#{label['name']}")) for label in known]
        picked = await self.inbox.ask(Picks(own(_("Labels")), choices, has, creates=True))
        if picked is None or picked == has:
            return
        labels = tuple(Safe(name) for name in sorted(picked))
        change = {"add": sorted(picked - has), "remove": sorted(has - picked)}
        await self.act("conversation.label", "label", lambda row: replace(row, labels=labels), **change)

    async def do_conversation_snooze(self) -> None:
        sleep = await self.inbox.ask(Snooze(clock.now(), self.inbox.zone))
        if sleep is None:
            return
        at, by_reply = sleep.until, sleep.until_reply
        given: Json = {"until": at.isoformat()} if at is not None else {"until_reply": True}

        def asleep(row: Row) -> Row:
            return replace(row, status="snoozed", snoozed_until=at, snoozed_until_reply=by_reply)

        await self.act("conversation.snooze", "snooze", asleep, **given)

    async def do_conversation_ending(self) -> None:
        row = self.talks.row
        left = times.left(row.window_closes_at, clock.now()) if row is not None and not self.talks.marked else 1
        ending = await self.inbox.ask(Resolve(closed=not left))
        if ending is None:
            return
        given: Json = {"csat": ending.asks, **({"note": ending.note} if ending.note else {})}
        await self.act("conversation.resolve", "resolve", resolved, **given)

    async def do_conversation_priority(self) -> None:
        choices = [Choice(name, own(_(name))) for name in PRIORITIES]
        picked = await self.inbox.ask(Pick(own(_("Priority")), choices))
        if picked is not None:
            given = {"priority": picked}
            await self.act("conversation.priority", "priority", lambda row: replace(row, priority=picked), **given)

    async def do_conversation_macro(self) -> None:
        macros = await self.inbox.client.every("/macros")
        name = await self.inbox.ask(PickMacro(macros, len(self.talks.marked)))
        if name is not None:
            await self.act("conversation.macro", "macro", lambda row: row, macro=name)

    async def do_conversation_template(self) -> None:
        row = self.talks.row
        if row is None:
            return
        templates = await self.templates_for(row)
        first = row.contact.name.split(" ")[0]
        known = {"1": first, "nome": first, "name": first}
        draft = self._drafts.get(row.id)
        words = draft.text if draft is not None and draft.mode == "reply" else ""
        picker = TemplatePicker(templates, row.language or ANY_LANGUAGE, known=known, last=self._filled, draft=words)
        picked = await self.inbox.ask(picker)
        if picked is None:
            return
        self._filled[picked.name] = picked.values
        self.note_use(picked.name)
        body = {"template": {"name": picked.name, "language": picked.language, "values": picked.values}}
        await self.inbox.client.send(row.id, body, key=clock.new_id())
        if words and " ".join(words.split()) in picked.values.values():
            self.forget_draft(row.id)
            if self.open is not None and self.open.id == row.id:
                self.composer.set_text("")

    def on_live(self, events_: list[Event]) -> None:
        super().on_live(events_)
        picker = next((screen for screen in self.inbox.screen_stack if isinstance(screen, TemplatePicker)), None)
        row = self.talks.row
        if picker is None or row is None:
            return
        for event in events_:
            if event.kind == "message:new" and event.conversation == row.id and event.payload.get("direction") == "in":
                picker.customer_wrote()
                return

    # -- files ---------------------------------------------------------------------------------------------------------

    async def do_media_view(self) -> None:
        item = self.chat.item
        if item is None or item.media is None:
            return
        wish = await self.inbox.ask(MediaViewer(item))
        if wish == "save":
            await self.do_media_download()
        elif wish == "open" and not item.media.mime.startswith(HARMLESS):
            self.inbox.tell(own(_("such a file is not opened from here; d saves it")), "warning")
        elif wish == "open":
            content = await self.inbox.client.download(f"/media/{item.media.id}")
            folder = Path(tempfile.mkdtemp(prefix="pytake-"))
            path = saved(folder, item.media.name or f"media-{item.media.id}", content)
            webbrowser.open(path.as_uri())
            self.inbox.tell(own(_("opened outside: {path}").format(path=path)))

    async def do_media_download(self) -> None:
        item = self.chat.item
        if item is not None and item.media is not None:
            content = await self.inbox.client.download(f"/media/{item.media.id}")
            path = saved(self.inbox.options.downloads, item.media.name or f"media-{item.media.id}", content)
            self.inbox.tell(own(_("saved as {path}").format(path=path)))
