"""Messages: send one, see what became of it, try it again, take it back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from pytake_cli.cli import message_react, message_send, neighbour, noting, selectors, times
from pytake_cli.cli.context import context
from pytake_cli.cli.form import filled_in
from pytake_cli.cli.output import done, emit, say
from pytake_cli.locale import _

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlmodel import Session

    from pytake_cli.services.messages import Listed
    from pytake_cli.store.messages import Message

app = typer.Typer(add_completion=False, rich_markup_mode=None)
app.command("send")(message_send.send)
app.command("react")(message_react.react)

LIST_FIELDS = {
    "id": "number of the message",
    "at": "when it was written",
    "direction": "in or out",
    "contact": "what the person is called",
    "phone": "E.164; empty for people without one",
    "kind": "Meta's type: text, image, template …",
    "status": "how far it got",
    "text": "one line of it",
    "wamid": "Meta's id",
    "conversation_id": "number of the conversation",
    "error_code": "Meta's error code",
    "error": "why it failed",
    "contact_id": "id of the contact",
    "origin": "contact, agent, bot, campaign, api or app",
}
ON_SCREEN = ("id", "at", "direction", "contact", "kind", "status", "text")
IN_PIPES = (
    "id",
    "at",
    "direction",
    "contact",
    "phone",
    "kind",
    "status",
    "text",
    "wamid",
    "conversation_id",
    "error_code",
    "error",
)
SHOW_FIELDS = {
    **LIST_FIELDS,
    "body": "the message in Meta's shape",
    "reply_to": "wamid of the message it answers",
    "attempts": "how often it was handed to Meta",
    "possible_duplicate": "sent again although Meta may have had it",
    "due_at": "queued: not before; unknown: when its grace ends",
    "sent_at": "when Meta took it",
    "delivered_at": "when it arrived",
    "read_at": "when it was read",
    "failed_at": "when it failed",
    "pricing": "what Meta says it costs",
    "statuses": "every status that Meta told",
}
Mid = Annotated[
    str, typer.Argument(metavar="MESSAGE", help="Number of the message, its wamid, or the beginning of it.")
]
Mids = Annotated[list[str], typer.Argument(metavar="MESSAGE", help="Numbers or wamids; - reads them from stdin.")]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which messages the line asks for."""

    conversation: Annotated[str | None, typer.Option("--conversation", metavar="ID", help="Only of this one.")] = None
    contact: Annotated[str | None, typer.Option("--contact", metavar="CONTACT", help="Only this person's.")] = None
    direction: Annotated[Literal["in", "out"] | None, typer.Option("--direction", help="Who wrote it.")] = None
    status: Annotated[
        str | None, typer.Option("--status", metavar="A,B", help="queued, sending, unknown, sent, failed, delivered …")
    ] = None
    kind: Annotated[str | None, typer.Option("--kind", metavar="TYPE", help="Meta's type: text, image …")] = None
    since: Annotated[str | None, typer.Option("--since", metavar="T", help="Not older: 2h, 7d, 2026-11-01.")] = None
    limit: Annotated[int | None, typer.Option("-l", "--limit", metavar="N", help="At most so many; 0: all.", min=0)] = (
        None
    )


@app.command("list")
@filled_in
def list_(given: Wanted) -> None:
    """Lists messages, newest first.

    $ pytake message list --status failed --since 1d
    $ pytake message list --status unknown --fields id | pytake message settle - --as sent  # decide what became of them
    """
    from pytake_cli.services import conversations, messages
    from pytake_cli.store.messages import RANK, RECEIVED

    ctx = context()
    statuses = selectors.some_of(given.status, (*RANK, RECEIVED), "--status", "pytake message list -h")
    with ctx.store.read(ctx.org_id) as db:
        wanted = messages.Filter(
            conversation_id=conversations.get(db, given.conversation).id if given.conversation else None,
            contact_id=selectors.contact_id(db, given.contact),
            direction=given.direction,
            statuses=statuses,
            kind=given.kind,
            since=times.past(given.since, ctx.now, ctx.tz) if given.since else None,
            limit=ctx.limit(given.limit),
        )
        found = messages.listed(db, wanted)
        total = messages.count(db, wanted) if wanted.limit and len(found) == wanted.limit else None
    noting.saw("message.listed", messages=len(found))
    default = ON_SCREEN if ctx.output.form in ("table", "plain") else IN_PIPES
    emit([row(one) for one in found], LIST_FIELDS, default=default, total=total, empty=_("no messages match"))


def row(one: Listed) -> dict[str, Any]:
    """A message as lists show it."""
    message = one.message
    return {
        **{name: getattr(message, name) for name in LIST_FIELDS if hasattr(message, name)},
        "contact": one.name,
        "phone": one.phone,
        "conversation_id": message.conversation_id,
    }


@app.command("show")
def show(mid: Mid) -> None:
    """Shows one message: its body in Meta's shape, and every status.

    $ pytake message show 17
    $ pytake message show wamid.HBgN --json
    """
    from pytake_cli.services import messages

    ctx = context()
    with ctx.store.read(ctx.org_id) as db:
        message = messages.find(db, mid)
        (found,) = messages.people_of(db, [message])
        told = messages.statuses(db, message)
    extra = {name: getattr(message, name) for name in SHOW_FIELDS if name not in LIST_FIELDS and name != "statuses"}
    statuses = [{"status": one.status, "at": one.at, "errors": one.errors} for one in told]
    noting.saw("conversation.read", f"conversation:{message.conversation_id}")
    emit({**row(found), **extra, "statuses": statuses}, SHOW_FIELDS)


@app.command("retry")
def retry(mids: Mids) -> None:
    """Sends failed or cancelled messages again; the 24-hour window is checked anew.

    $ pytake message retry 17
    $ pytake message list --status failed --since 1h --fields id | pytake message retry -
    """
    from pytake_cli.services import outbound

    def change(db: Session, message: Message, now: datetime) -> str:
        outbound.retry(db, message, now)
        return _("message {id} is queued again").format(id=message.id)

    _change(mids, change, sends=True)


@app.command("cancel")
def cancel(mids: Mids) -> None:
    """Takes back messages that were not handed to Meta yet.

    $ pytake message cancel 17
    """
    from pytake_cli.services import outbound

    def change(db: Session, message: Message, now: datetime) -> str:
        outbound.cancel(db, message, now)
        return _("message {id} is cancelled · after all: pytake message retry {id}").format(id=message.id)

    _change(mids, change)


@app.command("settle")
def settle(
    mids: Mids,
    as_: Annotated[
        Literal["sent", "failed", "resend"],
        typer.Option("--as", help="What became of it, or resend: it goes out again, perhaps twice."),
    ],
) -> None:
    """Decides about messages that Meta may have had or not: nobody answered, and no status came.

    $ pytake message settle 17 --as sent
    """
    from pytake_cli.services import outbound

    def change(db: Session, message: Message, now: datetime) -> str:
        outbound.settle(db, message, as_, now)
        return _("message {id} is {status}").format(id=message.id, status=_(message.status))

    _change(mids, change, sends=as_ == "resend")


def _change(mids: list[str], change: Callable[[Session, Message, datetime], str], *, sends: bool = False) -> None:
    """Changes each message in a transaction of its own; --dry-run undoes it again."""
    from pytake_cli.services import messages

    ctx = context()
    refs = selectors.several(mids, "MESSAGE")

    def act(ref: str) -> None:
        with neighbour.wake(ctx.store).write(ctx.org_id) as db:
            told = change(db, messages.find(db, ref), ctx.now)
            if ctx.dry_run:
                db.rollback()
                db.info.pop("pokes", None)
        say(_("would be: {what}").format(what=told)) if ctx.dry_run else done(told)

    if ctx.dry_run:
        selectors.would(lambda: selectors.each(refs, act))
        return
    selectors.each(refs, act)
    if sends and neighbour.running() is None:
        say(_("the daemon is not running: pytake serve sends what is queued"))
