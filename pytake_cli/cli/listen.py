"""`pytake listen`: webhooks and events as they arrive, for the eye, for a script, or handed on to a program."""

from __future__ import annotations

import difflib
import fnmatch
import re
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import urlsplit

import typer

from pytake_cli import secrets
from pytake_cli.cli import neighbour, times
from pytake_cli.cli.context import context
from pytake_cli.cli.form import filled_in
from pytake_cli.cli.output import paint, row_stream, say, warn
from pytake_cli.errors import DaemonDown, PytakeError, UsageError
from pytake_cli.locale import _, ngettext, own
from pytake_cli.text import clean

if TYPE_CHECKING:
    from pytake_cli.services.following import Cursor, Happening, Webhook

FIELDS = {
    "at": "when it happened",
    "name": "message.text, status.read, message:new …",
    "source": "webhook or event",
    "subject": "who or what it is about",
    "text": "the words, or what changed",
    "wamid": "Meta's id of the message",
    "journal": "number of the webhook, for pytake webhook replay",
    "event": "number of the event",
    "data": "what the event says",
}
POLL_SECONDS = 0.1
FAMILIES = ("message.*", "echo.*", "status.*", "preference.*", "account.*")
STATUS_NAMES = ("status.sent", "status.delivered", "status.read", "status.played", "status.failed", "status.deleted")
MARKS = {"webhook": "→", "event": "·", "out": "←"}


@dataclass(slots=True)
class Tally:
    """What was shown and handed on so far."""

    shown: int = 0
    forwarded: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True)
class Given:
    """What the line says, as it was typed."""

    events: Annotated[
        str | None,
        typer.Option("--events", "--event", metavar="A,B", help="Only these: message.*, status.failed, message:new."),
    ] = None
    format_: Annotated[
        Literal["pretty", "jsonl"] | None,
        typer.Option("--format", metavar="FORM", help="For the eye, or an object a line."),
    ] = None
    forward_to: Annotated[
        str | None, typer.Option("--forward-to", metavar="URL", help="Posts each webhook there too, signed.")
    ] = None
    exit_after: Annotated[int | None, typer.Option("--exit-after", metavar="N", help="Ends after so many.", min=1)] = (
        None
    )
    since: Annotated[str | None, typer.Option("--since", metavar="T", help="Begins earlier: 10m, 9:00.")] = None
    seconds: Annotated[str | None, typer.Option("--for", metavar="SPAN", help="Ends after that time: 30s, 10m.")] = None


@filled_in
def listen(given: Given) -> None:
    """Shows webhooks and events as they arrive, until Ctrl-C.

    $ pytake listen
    $ pytake listen --events 'message.*,status.failed' --format jsonl
    $ pytake listen --forward-to http://127.0.0.1:9000/hook --exit-after 10
    """
    ctx = context()
    if given.forward_to:
        _check_url(given.forward_to)
    wanted = _wanted(given.events)
    ends = time.monotonic() + times.duration(given.seconds).total_seconds() if given.seconds else None
    with ctx.store.read(ctx.org_id) as db:
        cursor = _beginning(db, given.since)
    tally = Tally()
    _hello()
    try:
        _follow(cursor, wanted, given, tally, ends)
    finally:
        _bye(tally, given.forward_to)


def _follow(cursor: Cursor, wanted: list[str], given: Given, tally: Tally, ends: float | None) -> None:
    """Shows what comes after the cursor until the time or the count is over."""
    from pytake_cli.services import following

    ctx = context()
    show = _writer(given.format_)
    while True:
        with ctx.store.read(ctx.org_id) as db:
            happenings, bodies, after = following.since(db, cursor)
        for one in happenings:
            if not _matches(one.name, wanted):
                continue
            show(one)
            tally.shown += 1
            if given.exit_after and tally.shown >= given.exit_after:
                bodies = [each for each in bodies if one.journal is None or each.id <= one.journal]
                _forward(given.forward_to, bodies, wanted, tally)
                return
        _forward(given.forward_to, bodies, wanted, tally)
        if ends and time.monotonic() >= ends:
            return
        if after == cursor:
            time.sleep(POLL_SECONDS)
        cursor = after


def _hello() -> None:
    if neighbour.running() is None:
        warn(_("the daemon is not running: nothing arrives until pytake serve runs"))
    else:
        say(_("listening · Ctrl-C ends"))


def _bye(tally: Tally, forward_to: str | None) -> None:
    told = ngettext("{count} event", "{count} events", tally.shown).format(count=tally.shown)
    if forward_to:
        told += ", " + _("{count} handed on, {failed} failed").format(count=tally.forwarded, failed=tally.failed)
    say(told)


def _beginning(db: Any, since: str | None) -> Any:
    """The end of what is there, or where it was at a time."""
    from sqlmodel import col, select

    from pytake_cli.services import following
    from pytake_cli.store.events import Event
    from pytake_cli.store.journal import Journal

    if since is None:
        return following.latest(db)
    ctx = context()
    moment = times.past(since, ctx.now, ctx.tz)
    journal = db.exec(select(Journal.id).where(Journal.received_at < moment).order_by(col(Journal.id).desc()).limit(1))
    event = db.exec(select(Event.id).where(Event.at < moment).order_by(col(Event.id).desc()).limit(1))
    return following.Cursor(journal.first() or 0, event.first() or 0)


def _wanted(given: str | None) -> list[str]:
    """The patterns of --events; one that nothing can ever match is refused."""
    from pytake_cli.store.events import KINDS

    patterns = [part.strip() for part in given.split(",") if part.strip()] if given else ["*"]
    for pattern in patterns:
        if not _can_match(pattern):
            near = difflib.get_close_matches(pattern, (*FAMILIES, *STATUS_NAMES, *KINDS), 1, 0.6)
            raise UsageError(
                "PT-LISTEN-EVENT",
                "nothing is ever called {pattern}",
                why="did you mean {near}?" if near else "there are {families} of webhooks, and {kinds}",
                fix="pytake listen --events 'message.*,status.failed,message:new'",
                pattern=pattern,
                near=near[0] if near else "",
                families=", ".join(FAMILIES),
                kinds=", ".join(KINDS),
            )
    return patterns


def _can_match(pattern: str) -> bool:
    """Meta adds kinds of messages and fields of accounts when it likes; the rest of the names are known."""
    from pytake_cli.store.events import KINDS

    if any(fnmatch.fnmatchcase(name, pattern) for name in (*KINDS, *STATUS_NAMES, "unknown")):
        return True
    start = re.split(r"[*?\[]", pattern)[0]
    return any(start.startswith(family) for family in ("message.", "echo.", "account.", "preference.")) or any(
        family.startswith(start) for family in FAMILIES if start != pattern
    )


def _matches(name: str, wanted: list[str]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in wanted)


def _writer(format_: str | None) -> Any:
    form = context().output.form
    if format_ == "jsonl" or (format_ is None and form not in ("table", "plain")):
        stream = row_stream(FIELDS)
        if format_ != "jsonl" or form in ("json", "jsonl"):
            return stream
        return _json_line
    return _pretty


def _json_line(one: Happening) -> None:
    from pytake_cli.cli import forms

    sys.stdout.write(forms.json_line(forms.record(one, list(FIELDS))))
    sys.stdout.flush()


def _pretty(one: Happening) -> None:
    ctx = context()
    color = ctx.output.color_out
    sign = MARKS["out" if one.data.get("direction") == "out" else one.source]
    here = one.at.astimezone(ctx.tz)
    words = clean(one.text, newlines=False, limit=60)
    said = one.name.startswith(("message", "echo")) and one.name != "message:status"
    parts = [
        f"{here:%H:%M:%S}",
        own(sign),
        paint(clean(one.name, newlines=False).ljust(20), "id", color),
        clean(one.subject, newlines=False, limit=24).ljust(16),
        own("«") + words + own("»") if words and said else words,
        paint(own("…") + one.wamid[-8:] if one.wamid else "", "dim", color),
        paint(_told(one), "dim", color),
    ]
    sys.stdout.write("  ".join(part for part in parts if part.strip()).rstrip() + "\n")
    sys.stdout.flush()


def _told(one: Happening) -> str:
    if one.journal is not None:
        return _("webhook {id}, signature ok").format(id=one.journal)
    conversation = one.data.get("conversation")
    return _("conversation #{id}").format(id=conversation) if conversation else ""


def _check_url(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(
            "PT-LISTEN-URL", "{url} is no http address", fix="--forward-to http://127.0.0.1:9000/hook", url=url
        )


def _forward(url: str | None, bodies: list[Webhook], wanted: list[str], tally: Tally) -> None:
    """Posts the very bytes that Meta sent, signed again with the app's secret."""
    from pytake_cli.cli import trigger

    if url is None:
        return
    for webhook in bodies:
        if not any(_matches(name, wanted) for name in webhook.names):
            continue
        secret = secrets.require("app_secret", webhook.app or None)
        began = time.monotonic()
        try:
            status = trigger.post(url, webhook.body, secret, context().timeout_seconds)
        except DaemonDown as error:
            tally.failed += 1
            warn(
                _("webhook {id}: {url} does not answer: {reason}").format(id=webhook.id, url=url, reason=_reason(error))
            )
            continue
        milliseconds = (time.monotonic() - began) * 1000
        tally.forwarded += 1
        tally.failed += status >= 300
        say(f"{own('←')} [{status}] POST {url} [{webhook.id}] {milliseconds:.0f} ms")


def _reason(error: PytakeError) -> str:
    return str(error.values.get("reason", error))
