"""What every screen is made of: a bar above, the body, the keys below; and how a key finds its action."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from inspect import isawaitable
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast

from textual import events
from textual.app import ComposeResult
from textual.dom import DOMNode
from textual.screen import ModalScreen, Screen
from textual.widgets import Input

from pytake_cli.locale import _
from pytake_cli.tui.actions import BY_ID, CHAINS, Action, Here
from pytake_cli.tui.bars import KeyBar, TooSmall, TopBar
from pytake_cli.tui.client import Refused, Unreachable
from pytake_cli.tui.draw import paragraph
from pytake_cli.tui.live import Event, Ready, Tail
from pytake_cli.tui.rows import Draft, Row
from pytake_cli.tui.safe import own

if TYPE_CHECKING:
    from pytake_cli.tui.app import InboxApp

R = TypeVar("R")


class Keyed(Screen[R], inherit_bindings=False):
    """A screen whose keys come from the table of actions.

    A key is looked up in the scopes of what has the focus (`CHAIN` of the widget, or of the nearest one around it, else
    of the screen). The action `campaign.pause` is done by `do_campaign_pause`, looked for from the focus outwards.
    """

    CHAIN: ClassVar[str] = "field"
    AUTO_FOCUS = ""

    @property
    def inbox(self) -> InboxApp:
        return cast("InboxApp", self.app)

    def chain(self) -> tuple[str, ...]:
        """The scopes whose keys work now."""
        for node in self._outwards():
            if name := getattr(node, "CHAIN", None):
                return CHAINS[name]
        return CHAINS[self.CHAIN]

    def here(self) -> Here:
        """What actions are about; screens say more."""
        return Here(self.inbox.me, read_only=self.inbox.options.read_only)

    async def on_key(self, event: events.Key) -> None:
        if await self.press(event):
            event.stop()
            event.prevent_default()

    async def press(self, event: events.Key) -> bool:
        """Does what the key means here; False: nothing."""
        self.inbox.last_key_at = time.monotonic()
        action = self.inbox.keymap.find(self.chain(), event.key)
        if self.is_typing(event, action):
            return True
        if action is None:
            return False
        await self.perform(action)
        return True

    def is_typing(self, event: events.Key, action: Action | None) -> bool:
        """True if keys come like words of a text and not like commands, and the screen has dealt with it."""
        return False

    async def perform(self, action: Action) -> None:
        """Does the action, or says why not."""
        if reason := self.inbox.blocked(action, self.here()):
            self.inbox.tell(own(_(reason)))
            return
        if action.id.startswith("screen."):
            self.inbox.go(action.id.removeprefix("screen."))
            return
        handler = self.handler(action)
        if handler is None:
            self.inbox.tell(own(_("{title} works on another screen").format(title=_(action.title))))
            return
        result = handler()
        if isawaitable(result):
            self.later(cast("Coroutine[Any, Any, None]", result))

    def handler(self, action: Action) -> Callable[[], Awaitable[None] | None] | None:
        for node in (*self._outwards(), self.app):
            if found := getattr(node, action.handler, None):
                return cast("Callable[[], Awaitable[None] | None]", found)
        return None

    def later(self, work: Coroutine[Any, Any, None]) -> None:
        """Runs what asks the API beside the screen; a refusal is told, being offline too."""
        self.run_worker(self._told(work), exit_on_error=True)

    async def _told(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Refused as refusal:
            self.inbox.tell(refusal.told, "warning")
        except Unreachable as error:
            nothing = _("there is no connection just now; nothing was changed")
            self.inbox.tell(
                own(_("the answer was lost: look whether it was done") if error.went_out else nothing), "warning"
            )

    def _outwards(self) -> list[DOMNode]:
        return list((self.focused or self).ancestors_with_self)

    def do_app_palette(self) -> None:
        """At once, not from a worker: the letters that follow are for it."""
        from pytake_cli.tui.dialogs.palette import Palette

        self.inbox.push_screen(Palette(self.chain(), self.here()), lambda answer: self.later(self.choose(answer)))

    def menu(self, *scopes: str) -> None:
        """The palette with what can be done to what was clicked."""
        from pytake_cli.tui.dialogs.palette import Palette

        self.inbox.push_screen(
            Palette(self.chain(), self.here(), scopes), lambda answer: self.later(self.choose(answer))
        )

    def do_app_help(self) -> None:
        from pytake_cli.tui.dialogs.keys import Keys

        self.inbox.push_screen(Keys(self.chain(), self.here()), lambda answer: self.later(self.choose(answer)))

    async def choose(self, answer: str | None) -> None:
        """Does what was chosen by name."""
        if answer is None:
            return
        if answer.startswith("?"):
            await self._explain(answer[1:])
        elif not self.taken(answer):
            await self.perform(BY_ID[answer])

    async def _explain(self, topic: str) -> None:
        """The same text as `pytake help TOPIC`."""
        from pytake_cli.tui.dialogs.shown import Shown

        lines = (await asyncio.to_thread(self.inbox.options.topic, topic)).rstrip().split("\n")
        await self.inbox.ask(
            Shown(own(topic), lambda room, look: [part for line in lines for part in paragraph(line, room, look.plain)])
        )

    def taken(self, answer: str) -> bool:
        """True if what the palette found was no action, and the screen has opened it."""
        return False

    # What the app tells screens. All are called on the event loop.

    def on_rows(self, rows: Sequence[Row]) -> None:
        """Conversations as they are now, before the events that made them so."""

    def on_tail(self, tail: Tail) -> None:
        """The end of what was said in the open conversation, before the events that made it longer."""

    def on_live(self, events_: list[Event]) -> None:
        """Events since the last call, at most ten calls a second."""

    def on_connected(self, ready: Ready, again: bool) -> None:
        """The live wire is there; `ready.gap`: read everything again. `again` is False at the first time."""

    def on_link_changed(self) -> None:
        """The connection went or came; see `inbox.link`."""

    async def on_leave(self) -> None:
        """The inbox is being left: last chance to keep something."""

    def on_taken_up(self, drafts: Mapping[int, Draft]) -> None:
        """An inbox before this one left drafts behind that the server has not got."""

    def on_look_changed(self) -> None:
        """Another theme or language."""


class Place(Keyed[None]):
    """One of the numbered screens.

    class CampaignsScreen(Place):
        CHAIN = "campaigns"
        def body(self) -> ComposeResult:
            yield CampaignTable()
        def do_campaign_pause(self) -> …
    """

    def compose(self) -> ComposeResult:
        yield TopBar()
        yield from self.body()
        yield KeyBar()
        yield TooSmall()

    def body(self) -> ComposeResult:
        """What stands between the bars."""
        yield from ()

    def on_descendant_focus(self) -> None:
        self.refresh_keys()

    def refresh_keys(self) -> None:
        """Draws the footer for what can be done now."""
        for bar in self.query(KeyBar):
            bar.refresh()


class Dialog(ModalScreen[R], Keyed[R], inherit_bindings=False):
    """A window over a screen; Esc dismisses it with None.

    answer = await self.inbox.ask(PickTeam(teams))
    """

    CHAIN: ClassVar[str] = "field"
    _early = ""  # typed before the field was there

    async def press(self, event: events.Key) -> bool:
        if event.key == "escape":
            self.dismiss(None)
            return True
        if self.focused is None and event.character and event.is_printable:
            self._early += event.character
            return True
        return await super().press(event)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        if self._early and isinstance(event.widget, Input):
            early, self._early = self._early, ""
            event.widget.insert_text_at_cursor(early)
