"""The inbox on a terminal: who is logged in, which screen is open, the live wire, and what is told to the person."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable
from dataclasses import replace
from datetime import tzinfo
from functools import partial
from importlib import import_module
from typing import Any, ClassVar, Literal, TypeVar, cast

from textual.app import App
from textual.binding import BindingType
from textual.css.query import NoMatches
from textual.worker import WorkerFailed

from pytake_cli import locale
from pytake_cli.locale import _
from pytake_cli.tui import keymap as keymaps
from pytake_cli.tui import paint, themes
from pytake_cli.tui.actions import BY_ID, Action, Here
from pytake_cli.tui.actions.kind import reason
from pytake_cli.tui.client import Client, Refused, Unreachable, passes
from pytake_cli.tui.deeds import Deeds
from pytake_cli.tui.keymap import Keymap, Trouble
from pytake_cli.tui.live import Event, Link, Live, Ready, Tail
from pytake_cli.tui.notify import Notifier
from pytake_cli.tui.options import Options
from pytake_cli.tui.outbox import Outbox
from pytake_cli.tui.pacing import Allowance
from pytake_cli.tui.place import Dialog, Keyed, Place
from pytake_cli.tui.plainlog import PlainLog
from pytake_cli.tui.remembered import Remembered
from pytake_cli.tui.rows import AT_WORK, Me, Row
from pytake_cli.tui.safe import Safe, one_line, own
from pytake_cli.tui.screens import SCREENS
from pytake_cli.tui.undoing import Undoing
from pytake_cli.tui.unsent import Unsent

R = TypeVar("R")
FLUSHED_AT_ONCE, FLUSH_SECONDS = 5, 0.1  # screens are told of events at once, of many ten times a second
TOAST_SECONDS, MOST_TOASTS = 5.0, 2
THEMES_SECONDS = 1.0  # between two looks at the person's own
WIDTHS = [(0, "-cramped"), (40, "-tiny"), (60, "-narrow"), (100, "-middle"), (150, "-wide")]
HEIGHTS = [(0, "-low"), (10, "-flat"), (16, "-short"), (30, "-tall")]


class InboxApp(App[int], inherit_bindings=False):
    """`InboxApp(client, Options()).run()`; the exit status is the return value."""

    CSS_PATH = "pytake.tcss"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = []
    HORIZONTAL_BREAKPOINTS = WIDTHS
    VERTICAL_BREAKPOINTS = HEIGHTS

    DEFAULT_MODE = SCREENS[0].slug

    def __init__(self, client: Client, options: Options | None = None) -> None:
        super().__init__()
        self.client = client
        self.options = options or Options()
        self.zone: tzinfo = self.options.zone
        self.me: Me | None = None
        self.unread_mine = 0
        self.place = self.DEFAULT_MODE
        for entry in SCREENS:
            self.add_mode(entry.slug, partial(self._open, entry.slug))
        self.was_on = False
        self.last_key_at = 0.0
        self.undoing = Undoing(client)
        self.outbox = Outbox(client, hold_seconds=self.options.undo_send_seconds)
        self.deeds = Deeds(client)
        self.unsent: Unsent | None = None
        self.notifier = Notifier(self)
        self.plain_log = PlainLog(self, self.options.plain_log)
        self.live = Live(
            client.url, client.login, org=client.org,
            on_event=self._heard, on_rows=self._heard_rows, on_tail=self._heard_tail,
            on_ready=self._connected, on_link=self._linked,
        )  # fmt: skip
        self.set_class(locale.is_ascii(), "-ascii")
        self._events: list[Event] = []
        self._rows: dict[int, Row] = {}
        self._tails: dict[int, Tail] = {}
        self._flushes = Allowance(FLUSHED_AT_ONCE, FLUSH_SECONDS)
        self._flushing = False
        self.keymap: Keymap
        self.troubles: list[Trouble]
        self.keymap, self.troubles = keymaps.load(self.options.preset, self.options.keymap)
        for theme in paint.THEMES.values():
            self.register_theme(theme)
        self.remembered = Remembered(self.options.state)
        self.own_themes = themes.Folder(self.options.themes)
        self._wrong_themes = self._read_themes()
        self.theme = self._first_theme()
        self.look = self._look()

    # -- themes and screens --------------------------------------------------------------------------------------------

    def _first_theme(self) -> str:
        wanted = self.options.theme
        if wanted and wanted in self.available_themes:
            return wanted
        if wanted and f"pytake-{wanted}" in paint.THEMES:
            return f"pytake-{wanted}"
        if self.no_color or (os.environ.get("TERM", "") in ("linux", "vt100", "vt220", "xterm", "ansi", "screen")):
            return paint.BLIND_THEME
        return paint.LIGHT_THEME if self.options.light else paint.DEFAULT_THEME

    def _read_themes(self) -> list[str]:
        """Takes the person's themes as they are saved; what is wrong with them."""
        found, wrong = self.own_themes.changed()
        for theme in found:
            self.register_theme(theme)
        if any(theme.name == self.theme for theme in found):
            self._invalidate_css()
            self.refresh_css(animate=False)
            self.watch_theme(self.theme)
        return wrong

    def _look_at_themes(self) -> None:
        for says in self._read_themes():
            self.tell(one_line(says), "warning")

    def get_theme_variable_defaults(self) -> dict[str, str]:
        theme = self.current_theme
        ours = theme.variables if "bubble-in" in theme.variables else {}
        return {**paint.derived({}, dark=theme.dark), **ours}

    def _look(self) -> paint.Look:
        theme = self.current_theme
        variables = self.get_css_variables()
        if "bubble-in" not in theme.variables:
            variables = {**variables, **paint.derived(variables, dark=theme.dark)}
        return paint.look(variables, ansi=theme.ansi)

    def watch_theme(self, theme: str) -> None:
        if hasattr(self, "look"):
            self.look = self._look()
            self.look_changed()

    def look_changed(self) -> None:
        """Draws all screens again, for other colours or another language."""
        for screen in self.screens_open():
            screen.on_look_changed()
            for widget in screen.query("*"):
                widget.refresh()

    def screens_open(self) -> Iterable[Keyed[Any]]:
        """The screens that were opened so far, whether they show or not, and the dialogs."""
        seen: set[int] = set()
        for stack in self._screen_stacks.values():
            for screen in stack:
                if isinstance(screen, Keyed) and id(screen) not in seen:
                    seen.add(id(screen))
                    yield screen

    def _place(self, slug: str) -> type[Place]:
        module, _colon, name = next(entry.place for entry in SCREENS if entry.slug == slug).partition(":")
        return cast("type[Place]", getattr(import_module(module), name))

    def _open(self, slug: str) -> Place:
        return self._place(slug)()

    def go(self, slug: str) -> None:
        """Opens one of the numbered screens; the others stay as they are."""
        if slug == self.place:
            return
        self.place = slug
        self.switch_mode(slug)

    async def ask(self, dialog: Dialog[R]) -> R | None:
        """What the person answers in a dialog; None: dismissed. Only from a worker, such as an `async def do_…`."""
        return await self.push_screen_wait(dialog)

    # -- what is told --------------------------------------------------------------------------------------------------

    def tell(self, what: Safe, severity: Literal["information", "warning", "error"] = "information") -> None:
        """A toast at the top right, two at most."""
        while len(self._notifications) >= MOST_TOASTS:
            oldest = next(iter(self._notifications))
            self._unnotify(oldest, refresh=False)
        self.plain_log.say(what)
        self.notify(what, severity=severity, timeout=TOAST_SECONDS, markup=False)

    def blocked(self, action: Action, here: Here) -> str:
        """Why the action cannot be done, in English, or nothing."""
        if self.options.read_only and action.writes:
            return reason("this inbox only reads (--read-only)")
        if self.me is not None and not self.me.may(action.needs):
            return reason("your role may not do this")
        return action.blocked(here)

    def done(self, what: Safe, *, change: int | None = None, batch: int | None = None) -> None:
        """Something was done that `u` can take back for ten seconds."""
        if change is None and batch is None:
            return
        self.undoing.done(what, change, batch)
        key = self.keymap.shown(BY_ID["app.undo"], ("all",))
        self.tell(Safe(f"{what} · {key} " + _("takes it back")) if key else what)

    @property
    def can_undo(self) -> bool:
        return self.undoing.possible or self.outbox.held is not None or self.deeds.can_take_back()

    @property
    def waiting(self) -> int:
        """How much was sent or done that the server has not heard of."""
        return len(self.outbox) + len(self.deeds)

    # -- the wire ------------------------------------------------------------------------------------------------------

    @property
    def link(self) -> Link:
        return self.live.link

    async def on_mount(self) -> None:
        self.run_worker(self.live.run(), group="live", exit_on_error=True)
        self.run_worker(self._log_in(), group="me", exit_on_error=True)
        for trouble in self.troubles[:MOST_TOASTS]:
            self.tell(own(f"keymap.toml:{trouble.line}: {trouble.says}"), "warning")
        for says in self._wrong_themes[:MOST_TOASTS]:
            self.tell(one_line(says), "warning")
        if self.options.themes is not None:
            self.set_interval(THEMES_SECONDS, self._look_at_themes)

    async def _log_in(self) -> None:
        while self.me is None:
            try:
                self.me = await self.client.me()
            except Unreachable:
                await asyncio.sleep(1.0)
            except Refused as refusal:
                if not passes(refusal):
                    self.exit(4, message=refusal.told)
                    return
                await asyncio.sleep(1.0)
        self._take_up(self.me)
        for screen in self.screens_open():
            screen.on_link_changed()
        self.refresh_bars()

    def _take_up(self, me: Me) -> None:
        """Goes on with what an inbox of the same person could not hand over."""
        if self.options.unsent is None or self.options.read_only:
            return
        self.unsent = Unsent(self.options.unsent, f"{self.options.server} {me.org} {me.id}")
        waiting, drafts, deeds = self.unsent.take_over()
        self.outbox.take_up(waiting)
        self.deeds.take_up(deeds)
        for screen in self.screens_open():
            screen.on_taken_up(drafts)
        if self.link.is_on:
            self._hand_over()

    def _hand_over(self) -> None:
        self.run_worker(self._catch_up(), group="outbox", exclusive=True, exit_on_error=True)

    async def _catch_up(self) -> None:
        """First what was said, then what was done: an answer and its resolving stay in this order."""
        await self.outbox.flush()
        await self.deeds.flush()

    def _heard(self, event: Event) -> None:
        self._events.append(event)
        self._pass_on_soon()

    def _heard_rows(self, rows: list[Row]) -> None:
        self._rows |= {row.id: row for row in rows}
        self._pass_on_soon()

    def _heard_tail(self, tail: Tail) -> None:
        self._tails[tail.conversation] = tail
        self._pass_on_soon()

    def _pass_on_soon(self) -> None:
        if not self._flushing:
            self._flushing = True
            wait = self._flushes.wait()
            self.set_timer(wait, self._pass_on) if wait else self.call_later(self._pass_on)

    def _pass_on(self) -> None:
        events, self._events = self._events, []
        rows, self._rows = list(self._rows.values()), {}
        tails, self._tails = self._tails, {}
        self._flushing = False
        self._flushes.take()
        self._hear_of_me(events)
        self.notifier.heard(events)
        self.plain_log.heard(events)
        for screen in self.screens_open():
            if rows:
                screen.on_rows(rows)
            for tail in tails.values():
                screen.on_tail(tail)
            screen.on_live(events)

    def _hear_of_me(self, events: list[Event]) -> None:
        """Opening the inbox makes available, and so may others: the server says it."""
        for event in events:
            if event.kind == "agent:updated" and self.me is not None and event.payload.get("user") == self.me.id:
                self.me = replace(self.me, availability=str(event.payload.get("availability")))
                self.refresh_bars()

    def _connected(self, ready: Ready) -> None:
        again, self.was_on = self.was_on, True
        for screen in self.screens_open():
            screen.on_connected(ready, again)
        self._hand_over()

    def _linked(self, link: Link) -> None:
        self.plain_log.linked(link)
        for screen in self.screens_open():
            screen.on_link_changed()
        self.refresh_bars()

    def refresh_bars(self) -> None:
        try:
            for bar in self.screen.query("TopBar, KeyBar"):
                bar.refresh()
        except NoMatches:
            pass

    # -- actions of every screen ---------------------------------------------------------------------------------------

    def do_app_theme(self) -> None:
        names = list(paint.THEMES)
        at = names.index(self.theme) if self.theme in names else -1
        self.theme = names[(at + 1) % len(names)]
        self.tell(own(_("colours: {name}").format(name=self.theme)))

    def do_app_language(self) -> None:
        locale.use("en" if locale.language() == "pt-BR" else "pt-BR")
        self.look_changed()

    def do_app_redraw(self) -> None:
        if not self.link.is_on:
            self.live.hurry()
        self.refresh(layout=True)

    def do_app_screenshot(self) -> None:
        path = self.save_screenshot(path=str(self.options.downloads))
        self.tell(own(_("saved as {path}").format(path=path)))

    async def do_app_undo(self) -> None:
        if self.outbox.return_held():
            return
        deed = self.deeds.take_back()
        what = deed.told if deed else await self.undoing.last()
        says = _("there is nothing to take back") if what is None else _("taken back: {what}").format(what=what)
        self.tell(own(says))

    async def do_app_pause(self) -> None:
        if self.me is None:
            return
        paused = self.me.availability in AT_WORK
        self.me = await self.client.availability("paused" if paused else "available")
        self.tell(own(_("you are on pause") if paused else _("you are available")))
        self.refresh_bars()

    async def do_app_quit(self) -> None:
        """Asks only while something waits to be sent."""
        from pytake_cli.tui.dialogs.confirm import Confirm

        waiting = self.waiting
        says = own(_("{count} waiting to be sent; they are kept, and shown again next time").format(count=waiting))
        if not waiting or await self.ask(Confirm(own(_("Leave the inbox?")), [says])):
            await self.leave()

    async def do_app_quit_now(self) -> None:
        await self.leave()

    async def leave(self) -> None:
        """Keeps what was not sent: on this machine, else as drafts as far as the server can be reached; and ends."""
        for conversation, draft in self.outbox.drafts() if self.unsent is None else ():
            try:
                await self.client.save_draft(conversation, draft)
            except (Unreachable, Refused):
                break
        for screen in list(self.screens_open()):
            await screen.on_leave()
        if self.unsent is not None:
            self.unsent.close()
        self.exit(0)

    # -- what goes wrong -----------------------------------------------------------------------------------------------

    @property
    def fault(self) -> BaseException | None:
        """The bug that ended the inbox."""
        return self._exception.error if isinstance(self._exception, WorkerFailed) else self._exception

    def _fatal_error(self) -> None:
        """Without Textual's page of traceback: whoever runs the app says one line, and where the report is."""
        self.bell()
        self._close_messages_no_wait()
