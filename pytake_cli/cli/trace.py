"""`pytake trace`: the whole life of one message in order, for a person or as data."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pytake_cli.cli import noting
from pytake_cli.cli.context import context
from pytake_cli.cli.output import data, emit, paint
from pytake_cli.locale import _
from pytake_cli.text import clean

if TYPE_CHECKING:
    from pytake_cli.services.trace import Step, Trace

FIELDS = {
    "message": "number, wamid, direction, kind, status and text",
    "contact": "number and name",
    "conversation": "number and status",
    "number": "business number",
    "steps": "what happened, oldest first: at, what, and what belongs to it",
}
STEP_FIELDS = {
    "at": "when",
    "what": "what happened",
    "detail": "the same in words, always English ones",
    "data": "what belongs to it",
}
SHOWN = ("at", "what", "detail")

# what -> how a person is told; the placeholders are the step's data (services/trace.py: STEPS)
TOLD = {
    "webhook": "signed webhook arrived: journal {journal}, {bytes} bytes",
    "applied": "understood and stored, {seconds} s later",
    "message": "became message {message}: {kind} «{text}»",
    "conversation": "in conversation #{conversation} ({status})",
    "queued": "queued as message {message}: {kind} «{text}», written by {origin}",
    "claimed": "taken by a sender, attempt {attempt}",
    "request": "{method} {path}",
    "sent": "Meta took it: {wamid}",
    "status": "Meta says: {status}",
    "error": "{error}",
    "media": "file {media}: {state}",
    "job": "job {kind}: {state}",
    "waits": "waits as {status}",
}


def trace(
    message: Annotated[str, typer.Argument(metavar="MESSAGE", help="Number, wamid, or the beginning of one.")],
) -> None:
    """Shows the whole life of a message: webhook, rows, request to Meta, statuses, errors, jobs.

    $ pytake trace 17
    $ pytake trace wamid.HBgN --json
    """
    from pytake_cli.services import messages
    from pytake_cli.services import trace as traces

    ctx = context()
    with ctx.store.read(ctx.org_id) as db:
        found = traces.trace(db, messages.find(db, message))
    noting.saw("conversation.read", f"conversation:{found.conversation.id}")
    match ctx.output.form:
        case "json":
            emit(record(found), FIELDS)
        case "table" | "plain":
            data(text(found))
        case _:
            emit([row(step) for step in found.steps], STEP_FIELDS, default=SHOWN)


def row(step: Step) -> dict[str, Any]:
    """A step as a line of a pipe; its words are not translated."""
    return {"at": step.at, "what": step.what, "detail": told(step, str), "data": step.data}


def record(found: Trace) -> dict[str, Any]:
    """The trace as one document."""
    message = found.message
    return {
        "message": {
            "id": message.id,
            "wamid": message.wamid,
            "direction": message.direction,
            "kind": message.kind,
            "status": message.status,
            "text": message.text,
        },
        "contact": {"id": found.contact.id, "name": found.contact.name or found.contact.profile_name},
        "conversation": {"id": found.conversation.id, "status": found.conversation.status},
        "number": found.number.display,
        "steps": [{"at": step.at, "what": step.what, **step.data} for step in found.steps],
    }


def text(found: Trace) -> str:
    """The trace for a screen: a line a step, with the milliseconds since the first."""
    ctx = context()
    color = ctx.output.color_out
    message = found.message
    head = _("message {id}, {direction}, {status}").format(
        id=message.id, direction=_("in") if message.direction == "in" else _("out"), status=_(message.status)
    )
    lines = [paint(head, "heading", color)]
    if not found.steps:
        return lines[0]
    first = found.steps[0].at
    for step in found.steps:
        here = step.at.astimezone(ctx.tz)
        since = (step.at - first).total_seconds()
        when = f"{here:%H:%M:%S}.{here.microsecond // 1000:03} {_since(since):>9}"
        lines.append(f"{when}  {paint(step.what.ljust(12), 'id', color)} {told(step)}")
        if step.what == "request":
            lines += [f"{'':35}{line}" for line in _json(step.data["body"]).splitlines()]
    return "\n".join(lines)


def _since(seconds: float) -> str:
    """`+38 ms`, `+2.1 s`, `+3 h`."""
    if abs(seconds) < 1:
        return f"{seconds * 1000:+.0f} ms"
    if abs(seconds) < 120:
        return f"{seconds:+.1f} s"
    return f"{seconds / 60:+.0f} min" if abs(seconds) < 7200 else f"{seconds / 3600:+.0f} h"


def told(step: Step, _: Callable[[str], str] = _) -> str:
    """One step in words, as `_` translates them; everything from outside is clean."""
    values = {name: clean(str(value), newlines=False, limit=200) for name, value in step.data.items()}
    if "status" in values:
        values["status"] = _(values["status"])
    line = _(TOLD[step.what]).format_map(_Missing(values))
    extras = []
    if step.what == "request" and step.data["attempts"] == 0:
        extras.append(_("not made yet"))
    if step.what == "sent" and step.data.get("duplicate"):
        extras.append(_("perhaps twice"))
    if step.what == "status":
        extras += [f"{one.get('code')} {one.get('title', '')}" for one in step.data.get("errors", [])]
        extras += [f"journal {step.data['journal']}"] if step.data.get("journal") else []
    if step.what == "error" and step.data.get("code"):
        extras.append(f"pytake errors {step.data['code']}")
    return line + (f"  ({clean(', '.join(extras), newlines=False)})" if extras else "")


class _Missing(dict[str, str]):
    """Placeholders without a value stay empty."""

    def __missing__(self, name: str) -> str:
        return ""


def _json(body: Any) -> str:
    return clean(json.dumps(body, ensure_ascii=False, indent=1))
