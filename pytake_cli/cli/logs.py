"""What happens, as it happens: the organisation's events, or the lines of a daemon's log.

$ pytake logs tail
$ pytake logs tail --events message:new,incident --json
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import IO, Annotated, Any, Literal

import typer
from sqlmodel import Session, col, select

from pytake_cli.cli.context import context
from pytake_cli.cli.output import row_stream, say
from pytake_cli.cli.times import past
from pytake_cli.errors import NotFound, UsageError
from pytake_cli.locale import _
from pytake_cli.services import incidents
from pytake_cli.store.events import KINDS, Event
from pytake_cli.store.messages import Message
from pytake_cli.store.numbers import Number

app = typer.Typer(add_completion=False, rich_markup_mode=None)

POLL_SECONDS = 0.5
FIRST = 10  # what is shown of the past, as tail does
AT_ONCE = 500
FIELDS = {
    "at": "When.",
    "level": "error: somebody must act; warning; info.",
    "event": "What kind.",
    "subject": "What it is about.",
    "text": "In a few words.",
    "id": "Its number; --after continues behind it.",
    "conversation_id": "In which conversation.",
    "payload": "All its details.",
}
SHOWN = ("at", "level", "event", "subject", "text")
LEVELS = ("debug", "info", "warning", "error")
_LINE = re.compile(r"(\S+) (\w+) +(.*)")


@app.command("tail")
def tail(
    event: Annotated[
        str | None,
        typer.Option("--events", "--event", metavar="A,B", help="Only these kinds: message:new, incident …"),
    ] = None,
    conversation: Annotated[int | None, typer.Option(metavar="ID", help="Only this conversation.")] = None,
    level: Annotated[Literal["debug", "info", "warning", "error"], typer.Option(help="From this level on.")] = "info",
    since: Annotated[str | None, typer.Option(metavar="TIME", help="From then on: 10m, 09:00, 2026-11-22.")] = None,
    after: Annotated[int | None, typer.Option(metavar="ID", help="Behind this event.")] = None,
    limit: Annotated[int, typer.Option("-l", "--limit", min=0, help="So many of the past; 0: none.")] = FIRST,
    follow: Annotated[bool, typer.Option("--follow/--no-follow", "-f", help="Goes on until Ctrl-C.")] = True,
    file: Annotated[str | None, typer.Option(metavar="F|-", help="A log that `pytake serve` wrote, instead.")] = None,
) -> None:
    """Follows what happens in the organisation: messages, statuses, conversations, incidents.

    The daemon itself writes its log to stderr; --file filters one that was kept.

    $ pytake logs tail
    $ pytake logs tail --events incident --since 24h --no-follow
    $ pytake logs tail --json --after 1200
    $ pytake serve 2> serve.log & pytake logs tail --file serve.log --level warning
    """
    here = context()
    write = row_stream(FIELDS, default=None if here.output.form in ("json", "jsonl") else SHOWN)
    if file is not None:
        for row in _lines(file, follow, limit):
            if LEVELS.index(row["level"]) >= LEVELS.index(level):
                write(row)
        return
    cursor = _start(after, past(since, here.now, here.tz) if since else None, limit)
    _follow(write, cursor, _kinds(event), conversation, level, follow=follow)


def _follow(
    write: Callable[[Any], None], cursor: int, kinds: list[str], conversation: int | None, level: str, *, follow: bool
) -> None:
    here = context()
    if follow:
        say(_("following; end: Ctrl-C"))
    while True:
        with here.store.read(here.org_id) as db:
            batch = _batch(db, cursor)
            rows = [_row(db, each) for each in batch if _is_wanted(each, kinds, conversation, level)]
        for row in rows:
            write(row)
        if batch:
            cursor = batch[-1].id or cursor
        elif not follow:
            return
        else:
            time.sleep(POLL_SECONDS)


def _kinds(given: str | None) -> list[str]:
    wanted = [kind.strip() for kind in (given or "").split(",") if kind.strip()]
    for kind in wanted:
        if kind not in KINDS:
            raise UsageError(
                "PT-LOGS-EVENT",
                "there is no event {kind}; there are {known}",
                fix="pytake logs tail -h",
                kind=kind,
                known=", ".join(KINDS),
            )
    return wanted or list(KINDS)


def _start(after: int | None, since: datetime | None, limit: int) -> int:
    """The cursor before the first event to show."""
    if after is not None:
        return after
    here = context()
    newest_first = select(Event.id).order_by(col(Event.id).desc())
    with here.store.read(here.org_id) as db:
        if since is not None:
            found = db.exec(newest_first.where(Event.at < since).limit(1)).first()
            return found or 0
        if limit == 0:
            return db.exec(newest_first.limit(1)).first() or 0
        ids = db.exec(newest_first.limit(limit)).all()
    return (ids[-1] or 1) - 1 if ids else 0


def _batch(db: Session, cursor: int) -> list[Event]:
    following = select(Event).where(col(Event.id) > cursor).order_by(col(Event.id)).limit(AT_ONCE)
    return list(db.exec(following))


def level_of(event: Event) -> str:
    return {"incident": "error", "account:event": "warning", "message:status": "info"}.get(event.kind, "info")


def _is_wanted(event: Event, kinds: list[str], conversation: int | None, level: str) -> bool:
    if event.kind not in kinds or (conversation is not None and event.conversation_id != conversation):
        return False
    return LEVELS.index(level_of(event)) >= LEVELS.index(level)


def _row(db: Session, event: Event) -> dict[str, Any]:
    subject, text = _words(db, event)
    return {
        "at": event.at,
        "level": level_of(event),
        "event": event.kind,
        "subject": subject,
        "text": text,
        "id": event.id,
        "conversation_id": event.conversation_id,
        "payload": event.payload,
    }


def _words(db: Session, event: Event) -> tuple[str, str]:
    """What an event is about, and a short text."""
    told = event.payload
    match event.kind:
        case "message:new":
            message = db.get(Message, told.get("message"))
            arrow = "→" if told.get("direction") == "in" else "←"
            return f"#{event.conversation_id}", f"{arrow} {message.text if message else told.get('kind', '')}"[:120]
        case "message:status":
            pairs = told.get("statuses", [])
            return f"message:{pairs[0][0]}" if pairs else "", ", ".join(str(pair[1]) for pair in pairs[:5])
        case "number:updated":
            number = db.get(Number, told.get("number"))
            return number.display if number else "", _pairs(told, "number")
        case "contact:updated":
            what = "created" if told.get("created") else "changed"
            return f"contact:{told.get('contact')}" if told.get(
                "contact"
            ) else "", f"{told.get('contacts', '')} {what}".strip()
        case "incident":
            return str(told.get("slug", "")), incidents.said(told)
        case _:
            subject = f"#{event.conversation_id}" if event.conversation_id else ""
            return subject, _pairs(told, "conversation")


def _pairs(told: dict[str, Any], besides: str) -> str:
    """What an event says; what it leaves open is not worth a word."""
    return ", ".join(f"{name}={value}" for name, value in told.items() if name != besides and value is not None)[:120]


def _lines(source: str, follow: bool, limit: int) -> Iterator[dict[str, Any]]:
    """The rows of a log, text or JSON; what is neither is one row without a level of its own."""
    if source == "-":
        yield from map(parse_line, sys.stdin)
        return
    path = Path(source)
    try:
        stream = path.open(encoding="utf-8", errors="replace")
    except OSError as error:
        raise NotFound(
            "PT-LOGS-FILE",
            "cannot read {path}: {reason}",
            fix="pytake serve 2> serve.log",
            path=source,
            reason=error.strerror or "",
        ) from None
    with stream:
        past_lines = stream.readlines()
        yield from map(parse_line, past_lines[-limit:] if limit else [])
        yield from map(parse_line, _appended(stream) if follow else ())


def _appended(stream: IO[str]) -> Iterator[str]:
    kept = ""
    while True:
        kept += stream.readline()
        if kept.endswith("\n"):
            yield kept
            kept = ""
        else:
            time.sleep(POLL_SECONDS)


def parse_line(line: str) -> dict[str, Any]:
    """`2026-11-22T22:11:48.123Z info  message sent wamid=…`, or the same as JSON."""
    text = line.rstrip("\n")
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if isinstance(found, dict):
        rest = {name: value for name, value in found.items() if name not in ("at", "level", "event", "logger")}
        return {
            "at": found.get("at"),
            "level": _level(found.get("level")),
            "event": found.get("event"),
            "subject": found.get("logger"),
            "text": " ".join(f"{name}={value}" for name, value in rest.items()),
            "payload": rest,
        }
    match = _LINE.fullmatch(text)
    if match is None or match[2] not in LEVELS:
        return {"level": "info", "text": text}
    return {"at": match[1], "level": match[2], "text": match[3]}


def _level(word: Any) -> str:
    return word if word in LEVELS else "error" if word == "critical" else "info"
