"""`pytake inbox`: where agents work; finds the daemon or starts one, logs in, and opens the screens."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from pytake_cli import clock, places, secrets
from pytake_cli.cli import logins, neighbour, selectors, topics
from pytake_cli.cli.context import context
from pytake_cli.cli.form import filled_in
from pytake_cli.cli.output import say
from pytake_cli.errors import AuthError, Conflict, DaemonDown, PytakeError, StoreUnavailable, UsageError
from pytake_cli.locale import _, language

if TYPE_CHECKING:
    from pytake_cli.services.sessions import Grant
    from pytake_cli.store import Store
    from pytake_cli.tui.app import InboxApp
    from pytake_cli.tui.client import Login

STARTS_WITHIN_SECONDS = 20.0
KEYMAP_FILE = "keymap.toml"
STATE_FILE = "inbox.json"
TOKEN = "api_token"  # the secret for a server elsewhere  # noqa: S105


@dataclass(frozen=True, slots=True)
class Given:
    """What the line says, as it was typed."""

    view: Annotated[
        str, typer.Option("--view", metavar="VIEW", help="The list to open on: mine, unassigned, all, or a saved one.")
    ] = "mine"
    conversation: Annotated[
        int | None, typer.Option("--conversation", metavar="ID", help="Opens this conversation.", min=1)
    ] = None
    read_only: Annotated[bool, typer.Option("--read-only", help="Looks only: sends and changes nothing.")] = False
    theme: Annotated[
        str | None, typer.Option("--theme", metavar="NAME", help="dark, light, contrast, ansi, or one of Textual's.")
    ] = None
    keymap: Annotated[
        Literal["default", "vim", "composer"],
        typer.Option("--keymap", help="Keys to begin with; keymap.toml changes them."),
    ] = "default"
    enter: Annotated[
        Literal["send", "newline"], typer.Option("--enter", help="What Enter does; with newline, Ctrl-S sends.")
    ] = "send"
    undo_send: Annotated[
        float,
        typer.Option(
            "--undo-send", metavar="SECONDS", help="So long a message waits and can be taken back.", min=0, max=30
        ),
    ] = 0
    no_mouse: Annotated[bool, typer.Option("--no-mouse", help="Leaves the mouse to the terminal.")] = False
    plain_log: Annotated[
        Path | None,
        typer.Option(
            "--plain-log", metavar="FILE", help="Writes what happens as lines there, for a screen reader beside."
        ),
    ] = None
    quiet_bell: Annotated[bool, typer.Option("--no-bell", help="Rings for nothing.")] = False
    server: Annotated[
        str | None,
        typer.Option("--server", metavar="URL", help="A daemon elsewhere, logged in to with pytake auth login."),
    ] = None
    as_: Annotated[
        str | None, typer.Option("--as", metavar="USER", help="Who works; by default the first user there was.")
    ] = None
    web: Annotated[bool, typer.Option("--web", help="In a browser of this machine, at an address with a secret.")] = (
        False
    )
    port: Annotated[int, typer.Option("--port", metavar="N", help="Where the browser finds it.", min=1, max=65_535)] = (
        8788
    )
    keys: Annotated[bool, typer.Option("--keys", help="Says what this terminal sends for a key, and what it does.")] = (
        False
    )


@filled_in
def inbox(given: Given) -> None:
    """Opens the inbox: conversations, answers, campaigns, contacts, all by keyboard. ? shows the keys of a place.

    $ pytake inbox
    $ pytake inbox --view unassigned
    $ pytake inbox --conversation 5008 --read-only
    $ pytake inbox --web  # in a browser of this machine
    $ pytake inbox --server https://pytake.loja.com.br
    $ pytake inbox --keys  # what does this terminal send?
    """
    if given.web:
        _serve(given)
        return
    # A browser's process has no terminal, but a driver of Textual's that is one.
    if "TEXTUAL_DRIVER" not in os.environ and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError(
            "PT-INBOX-TTY",
            "the inbox needs a terminal of its own",
            why="for pipes there is a line mode",
            fix="pytake chat -h",
        )
    if given.keys:
        _prepare()
        from pytake_cli.tui.keytest import KeyTester

        KeyTester(given.keymap, _keymap_file()).run()
        return
    open_(given)


def load() -> None:
    """Imports what the inbox needs: a good use of the time in which a daemon starts."""
    _prepare()
    import_module("pytake_cli.tui.screens.inbox")
    import_module("httpx")
    import_module("pytake_cli.services.sessions")


def open_(given: Given) -> None:
    """The inbox in this terminal, until it is left."""
    _prepare()
    from pytake_cli.tui import ground, safe, widths

    with _daemon(given.server) as url, _login(given) as login:
        app = _app(given, url, login, light=not given.theme and ground.is_light())
        safe.keep_all(widths.agree())
        code = app.run(mouse=not given.no_mouse)
    sys.stdout.write(app.notifier.farewell)
    if app.fault is not None:
        raise app.fault
    if code:
        raise SystemExit(code)


def _serve(given: Given) -> None:
    """The same inbox for each visitor, with a daemon that is there before them."""
    from pytake_cli.cli import inbox_web

    flags = {"--view": given.view, "--theme": given.theme, "--keymap": given.keymap, "--as": given.as_}
    flags |= {"--server": given.server, "--org": context().settings.org, "--enter": given.enter}
    flags |= {"--undo-send": f"{given.undo_send:g}"}
    arguments = [word for flag, value in flags.items() if value for word in (flag, value)]
    with _daemon(given.server):
        inbox_web.serve([*arguments, *(["--read-only"] if given.read_only else [])], given.port)


def _prepare() -> None:
    """What Textual reads when it is imported: no animations, and few frames over slow lines."""
    os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")
    if os.environ.get("SSH_CONNECTION"):
        os.environ.setdefault("TEXTUAL_FPS", "30")


def _keymap_file() -> Path:
    return places.paths().config / KEYMAP_FILE


def _app(given: Given, url: str, login: Login, *, light: bool = False) -> InboxApp:
    from pytake_cli.tui.app import InboxApp
    from pytake_cli.tui.client import Client
    from pytake_cli.tui.options import Options

    current = context()
    client = Client(url, login, org=current.settings.org if given.server else None, language=language())
    options = Options(
        view=given.view,
        conversation=given.conversation,
        read_only=given.read_only,
        theme=given.theme,
        preset=given.keymap,
        keymap=_keymap_file(),
        enter_sends=given.enter == "send",
        zone=current.tz,
        bell=not given.quiet_bell,
        undo_send_seconds=given.undo_send,
        unsent=places.paths().state / "inbox" if os.name == "posix" else None,
        server=given.server or "",
        light=light,
        state=places.paths().state / STATE_FILE,
        themes=places.paths().config / "themes",
        ring_command=current.settings.inbox.ring_command,
        plain_log=given.plain_log,
        topics=topics.TOPICS,
        topic=topics.text_of,
    )
    try:
        return InboxApp(client, options)
    except OSError as error:
        why, path = str(error.strerror), str(error.filename)
        raise UsageError(
            "PT-INBOX-LOG", "{path} cannot be written: {why}", fix="--plain-log FILE", path=path, why=why
        ) from error


# -- the daemon ------------------------------------------------------------------------------------------------------


@contextmanager
def _daemon(server: str | None) -> Iterator[str]:
    """The address to talk to; a daemon that was started for the inbox ends with it."""
    running = neighbour.running()
    if server or running:
        yield logins.check_server(server) if server else running.url if running else ""
        return
    from pytake_cli.cli import confirm

    if not confirm.ordinary(_("No daemon is running here. Start one for as long as the inbox is open?")):
        raise DaemonDown("PT-INBOX-DAEMON", "the inbox needs a daemon", fix="pytake serve")
    child = subprocess.Popen(
        [sys.executable, "-m", "pytake_cli", "serve"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    try:
        say(_("starting the daemon …"))
        yield _once_up(child)
    finally:
        child.terminate()
        child.wait(30)


def _once_up(child: subprocess.Popen[bytes]) -> str:
    end = time.monotonic() + STARTS_WITHIN_SECONDS
    while time.monotonic() < end and child.poll() is None:
        running = neighbour.running()
        if running is not None and running.pid == child.pid:
            return running.url
        time.sleep(0.05)
    last = (child.stderr.read() if child.stderr and child.poll() is not None else b"").decode(errors="replace").strip()
    raise DaemonDown(
        "PT-INBOX-DAEMON",
        "the daemon did not start",
        why="{last}" if last else "",
        fix="pytake serve",
        last=last.splitlines()[-1] if last else "",
    )


# -- the login -------------------------------------------------------------------------------------------------------


@contextmanager
def _login(given: Given) -> Iterator[Login]:
    """On this machine a session of the person who works; elsewhere the login that was made there."""
    from pytake_cli.tui.client import Login

    if given.server:
        yield _elsewhere(logins.check_server(given.server))
        return
    from pytake_cli.services import sessions
    from pytake_cli.services.principals import local

    store, org_id = context().store, context().org_id
    grant = _begin(store, org_id, given.as_)
    renewal = _Renewal(store, grant)
    try:
        yield Login(grant.access, renewal.renew)
    finally:
        with store.write(org_id) as db:
            sessions.end(db, local(org_id, grant.user_id), grant.user_id, grant.session_id, clock.now())


def _elsewhere(server: str) -> Login:
    """The login of `pytake auth login`, renewed when it runs out, else the API token among the secrets."""
    from pytake_cli.tui.client import Login

    async def renew() -> str | None:
        return await asyncio.to_thread(_renewed_at, server, login)

    try:
        saved = logins.current(server)
    except AuthError as error:
        if token := secrets.get(TOKEN):
            return Login(token)
        fix = "pytake auth login --server {server}"
        raise AuthError("PT-INBOX-TOKEN", "you are not logged in at {server}", fix=fix, server=server) from error
    login = Login(saved.access, renew if saved.refresh else None)
    return login


def _renewed_at(server: str, login: Login) -> str | None:
    """A fresh token; another command may have fetched one meanwhile, and each is good for one renewal."""
    from pytake_cli.tui.client import Unreachable

    try:
        saved = logins.current(server)
        return saved.access if saved.access != login.access else logins.renew(saved).access
    except DaemonDown as error:
        raise Unreachable(error.slug) from error
    except PytakeError:
        return None


def _begin(store: Store, org_id: int, as_: str | None) -> Grant:
    from sqlmodel import col, select

    from pytake_cli.services import sessions
    from pytake_cli.store.users import User

    with store.write(org_id) as db:
        user = selectors.author(db, as_)
        if user is None:  # whoever made the organisation comes first
            user = db.exec(select(User).where(col(User.active)).order_by(col(User.id)).limit(1)).first()
        if user is None:
            raise Conflict("PT-INBOX-WHO", "nobody works here yet", fix="pytake user -h")
        return sessions.start(db, user, clock.now(), kind="local", agent="pytake inbox")


class _Renewal:
    """Fresh tokens from the store of this machine."""

    def __init__(self, store: Store, grant: Grant) -> None:
        self._store, self._refresh = store, grant.refresh

    async def renew(self) -> str | None:
        return await asyncio.to_thread(self._renewed)

    def _renewed(self) -> str | None:
        from pytake_cli.services import sessions
        from pytake_cli.tui.client import Unreachable

        try:
            grant = sessions.refresh(self._store, self._refresh, clock.now())
        except AuthError:
            return None
        except StoreUnavailable as error:
            raise Unreachable(error.slug) from error
        self._refresh = grant.refresh
        return grant.access
