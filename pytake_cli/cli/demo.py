"""`pytake demo`: a make-believe shop in a throw-away home, told as it happens; nothing reaches Meta."""

from __future__ import annotations

import shutil
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Annotated, Any

import typer

from pytake_cli.cli import trace as traces
from pytake_cli.cli.context import context
from pytake_cli.cli.demo_crowd import CROWD, Crowd
from pytake_cli.cli.demo_stage import Stage, open_stage, told_processes
from pytake_cli.cli.demo_story import SCENES, SHOP, Scene, Teller, everything_read
from pytake_cli.cli.output import data, emit, say
from pytake_cli.errors import Conflict
from pytake_cli.locale import _, own

FIELDS = {
    "seconds": "from the command to the end of the story",
    "ready_seconds": "until the daemon and the emulator answered",
    "customers": "people who wrote or were written to",
    "conversations": "conversations",
    "received": "messages that came",
    "sent": "messages that went",
    "read": "of those, how many were read",
    "failed": "of those, how many failed",
    "statuses": "statuses that came by webhook",
    "webhooks": "webhooks stored before they were answered",
    "flows": "talks that a flow led, up to the person who took over",
    "files": "files fetched and kept",
    "reply_ms": "median until the shop's own words (acknowledgement, flow) were at Meta, in milliseconds",
    "home": "where the demo's data is, with --keep",
    "transcript": "what was told",
}


def demo(
    folder: Annotated[
        Path | None, typer.Option("--dir", metavar="DIR", help="Where to build the shop; by default a new folder.")
    ] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Leaves the shop's data, to look around in.")] = False,
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="The same number tells the same story.")] = 1,
    customers: Annotated[
        int, typer.Option("--customers", metavar="N", min=1, max=len(CROWD), help="How many write to the inbox.")
    ] = len(CROWD),
    no_inbox: Annotated[bool, typer.Option("--no-inbox", help="Tells a story as text instead.")] = False,
) -> None:
    """Opens the inbox of a make-believe shop, whose customers write and answer. In a pipe it tells a story as text.

    Everything happens on this machine, between a local look-alike of WhatsApp and the real daemon.

    $ pytake demo
    $ pytake demo --no-inbox
    $ pytake demo --keep --dir loja-demo  # and then look around with PYTAKE_HOME=loja-demo pytake conversation list
    $ pytake demo --json | jq .reply_ms
    """
    home = _folder(folder)
    live = not no_inbox and context().output.form in ("table", "plain") and sys.stdin.isatty() and sys.stdout.isatty()
    try:
        with _terminated():
            _open_inbox(home, seed, customers) if live else _perform(home, keep, seed)
    except KeyboardInterrupt:
        shutil.rmtree(home, ignore_errors=True)
        raise
    if not keep:  # after an error the folder stays: its logs tell why
        shutil.rmtree(home, ignore_errors=True)
    _farewell(home, keep)


def _open_inbox(home: Path, seed: int, customers: int) -> None:
    """The shop, its customers, and the inbox in this terminal, until that is left."""
    from pytake_cli.cli import inbox

    say(_("A make-believe shop in {folder}; nothing reaches Meta.").format(folder=str(home)))
    words = {**SHOP, "acknowledgement": ""}
    with open_stage(home, context().now, seed=seed, words=words, meanwhile=inbox.load) as stage:
        crowd = Crowd(stage, Random(seed), customers)  # noqa: S311 - who writes when, in a demonstration
        with crowd.writing():
            inbox.open_(inbox.Given())


def _perform(home: Path, keep: bool, seed: int) -> None:
    """Builds the shop, plays the scenes, tells how it went."""
    began = time.monotonic()
    ctx = context()
    as_data = ctx.output.form in ("json", "jsonl", "csv", "format")
    write = (lambda _line: None) if as_data else _line
    write(_("A make-believe shop in {folder}; nothing reaches Meta.").format(folder=str(home)))
    with open_stage(home, ctx.now, seed=seed, words=SHOP) as stage:
        teller = Teller(stage, write, began)
        ready = time.monotonic() - began
        teller.tell(own("✓  ") + told_processes(stage))
        scene = _play(stage, teller)
        traced = _trace(stage, scene.traced)
        summary = _summary(stage)
    told = {**summary, "ready_seconds": round(ready, 1), "home": str(home) if keep else None}
    told |= {"seconds": round(time.monotonic() - began, 1), "transcript": teller.lines}
    if as_data:
        emit(told, FIELDS)
        return
    data("\n" + _("The life of Rita's answer (pytake trace {id}):").format(id=scene.traced))
    data(traced + "\n")
    data(_in_words(told))


def _line(text: str) -> None:
    """At once, so that a pipe sees it happen too."""
    import sys

    data(text)
    sys.stdout.flush()


def _folder(wanted: Path | None) -> Path:
    """A new folder, or an empty one that was named: what is in a home already is never touched."""
    if wanted is None:
        return Path(tempfile.mkdtemp(prefix="pytake-demo-"))
    folder = wanted.resolve()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Conflict("PT-DEMO-DIR", "{folder} is not empty", fix="pytake demo --dir ANOTHER", folder=str(folder))
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


@contextmanager
def _terminated() -> Iterator[None]:
    """SIGTERM ends the story as Ctrl-C does, so that the processes are stopped either way."""

    def stop(_number: int, _frame: Any) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _play(stage: Stage, teller: Teller) -> Scene:
    from sqlmodel import select

    from pytake_cli.store.users import User

    with stage.store.read(stage.org_id) as db:
        agent = db.exec(select(User).where(User.name == "Rita")).one()
    scene = Scene(stage, teller, agent)
    for play in SCENES:
        play(scene)
    teller.watch(everything_read(scene))
    return scene


def _trace(stage: Stage, message: int) -> str:
    from pytake_cli.services import messages, trace

    with stage.store.read(stage.org_id) as db:
        return traces.text(trace.trace(db, messages.find(db, str(message))))


def _summary(stage: Stage) -> dict[str, Any]:
    """Counts and times, from the rows."""
    from sqlmodel import select

    from pytake_cli.store.contacts import Contact
    from pytake_cli.store.conversations import Conversation
    from pytake_cli.store.flow_sessions import FlowSession
    from pytake_cli.store.journal import Journal
    from pytake_cli.store.media import READY, Media
    from pytake_cli.store.messages import IN, Message, StatusEvent

    with stage.store.read(stage.org_id) as db:
        messages = db.exec(select(Message)).all()
        out = [message for message in messages if message.direction != IN]
        return {
            "customers": len(db.exec(select(Contact.id)).all()),
            "conversations": len(db.exec(select(Conversation.id)).all()),
            "received": len(messages) - len(out),
            "sent": len([message for message in out if message.wamid]),
            "read": len([message for message in out if message.status == "read"]),
            "failed": len([message for message in out if message.status == "failed"]),
            "statuses": len(db.exec(select(StatusEvent.id)).all()),
            "webhooks": len(db.exec(select(Journal.id)).all()),
            "flows": len(db.exec(select(FlowSession.id)).all()),
            "files": len(db.exec(select(Media.id).where(Media.state == READY)).all()),
            "reply_ms": _reply_ms(
                [(message.created_at, message.sent_at) for message in out if message.origin == "bot"]
            ),
        }


def _reply_ms(replies: list[tuple[datetime, datetime | None]]) -> float | None:
    """From the moment a webhook was applied, which queued the reply, until Meta had it."""
    times = [(sent_at - queued_at).total_seconds() * 1000 for queued_at, sent_at in replies if sent_at]
    return round(statistics.median(times), 1) if times else None


def _in_words(told: dict[str, Any]) -> str:
    lines = [
        _("{customers} customers, {received} messages received, {sent} sent, {read} read, {failed} failed"),
        _("{webhooks} webhooks stored, {statuses} statuses, {files} file kept, {flows} talk led by a flow"),
        _("the shop's own words were with Meta {reply_ms} ms after the webhook (median)"),
        _("{seconds} s in all, {ready_seconds} s of them until the daemon and the emulator answered"),
    ]
    return "\n".join(line.format(**told) for line in lines)


def _farewell(home: Path, keep: bool) -> None:
    say(_("This was a demonstration; nothing reached Meta, and both processes are stopped."))
    say(_("  for real:     pytake init"))
    if keep:
        say(_("  look around:  PYTAKE_HOME={home} pytake conversation list").format(home=str(home)))
        say(_("  delete it:    rm -r {home}").format(home=str(home)))
    else:
        say(_("  look around:  pytake demo --keep"))
