"""Conversations: who waits, what was said, whose it is, when the 24-hour window closes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from pytake_cli.cli import (
    conversation_acts,
    conversation_macro,
    conversation_search,
    neighbour,
    noting,
    selectors,
    times,
)
from pytake_cli.cli.context import context
from pytake_cli.cli.conversation_window import window_state, window_text
from pytake_cli.cli.form import filled_in
from pytake_cli.cli.output import done, emit, say
from pytake_cli.locale import _

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlmodel import Session

    from pytake_cli.services.conversation_list import Listed
    from pytake_cli.store.conversations import Conversation
    from pytake_cli.store.users import User

app = typer.Typer(add_completion=False, rich_markup_mode=None)
app.command("macro")(conversation_macro.macro)
app.command("claim")(conversation_acts.claim)
app.command("label")(conversation_acts.label)
app.command("snooze")(conversation_acts.snooze)
app.command("wake")(conversation_acts.wake)
app.command("read")(conversation_acts.read)
app.command("unread")(conversation_acts.unread)
app.command("priority")(conversation_acts.priority)
app.command("star")(conversation_acts.star)
app.command("undo")(conversation_acts.undo)
app.command("history")(conversation_acts.history)
app.command("merge")(conversation_acts.merge)
app.command("export")(conversation_acts.export)
app.command("search")(conversation_search.search)

LIST_FIELDS = {
    "id": "number of the conversation",
    "contact": "what the person is called",
    "phone": "E.164; empty for people without one",
    "status": "bot, queued, open, snoozed or resolved",
    "assignee": "e-mail of whoever has it",
    "unread": "messages since a person last looked or answered",
    "waiting_since": "oldest message that nobody has answered",
    "window": "open, closing (within 2 h) or closed; on a terminal what is left of it",
    "window_closes_at": "when the 24-hour window closes or closed",
    "last_at": "when the newest message came or went",
    "preview": "one line of the newest message",
    "number": "business number",
    "contact_id": "id of the contact",
    "priority": "urgent, high, normal or low",
    "labels": "its labels",
    "created_at": "when it began",
    "resolved_at": "when it was resolved",
    "rating": "1 to 5, as the customer said",
    "rating_comment": "why, in the customer's words",
}
ON_SCREEN = ("id", "contact", "last_at", "window", "assignee", "status", "unread", "preview")
IN_PIPES = (
    "id", "contact", "phone", "status", "assignee", "unread", "waiting_since",
    "window", "window_closes_at", "last_at", "preview", "number",
)  # fmt: skip
Ids = Annotated[list[str], typer.Argument(metavar="ID", help="Numbers of conversations; - reads them from stdin.")]
As = Annotated[str | None, typer.Option("--as", metavar="USER", help="Who does this; needed when there are several.")]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which conversations the line asks for."""

    status: Annotated[
        str | None, typer.Option("--status", metavar="A,B", help="bot, queued, open, snoozed, resolved, or all.")
    ] = None
    agent: Annotated[str | None, typer.Option("--agent", metavar="USER", help="Whose: a user, @me or @none.")] = None
    waiting: Annotated[
        str | None, typer.Option("--waiting", metavar="SPAN", help="Nobody has answered for that long: +10m.")
    ] = None
    window: Annotated[
        Literal["closing", "closed", "open"] | None, typer.Option("--window", help="State of the 24-hour window.")
    ] = None
    unread: Annotated[bool, typer.Option("--unread", help="Only those with unread messages.")] = False
    view: Annotated[
        str | None, typer.Option("--view", metavar="VIEW", help="What a view has: mine, unassigned, closing …")
    ] = None
    where: Annotated[
        str | None,
        typer.Option("-w", "--where", metavar="EXPR", help='Such as "label:vip waiting>10m -agent:@me".'),
    ] = None
    label: Annotated[
        list[str] | None, typer.Option("--label", metavar="NAME", help="With this label; repeatable: with all.")
    ] = None
    contact: Annotated[str | None, typer.Option("--contact", metavar="CONTACT", help="Only this person's.")] = None
    sort: Annotated[Literal["activity", "waiting", "created"], typer.Option("--sort", help="Which come first.")] = (
        "activity"
    )
    limit: Annotated[int | None, typer.Option("-l", "--limit", help="At most so many; 0: all.", min=0)] = None


@app.command("list")
@filled_in
def list_(given: Wanted) -> None:
    """Lists conversations; those that are not resolved, unless you ask.

    $ pytake conversation list --agent @none --sort waiting  # who waits longest for nobody
    $ pytake conversation list --view closing
    $ pytake conversation list -w 'label:vip waiting>10m -agent:@me text:"2ª via"'
    $ pytake conversation list --window closing --fields id | pytake conversation assign - --to @me
    """
    from pytake_cli.services import conversation_list as lists
    from pytake_cli.store import labels

    ctx = context()
    with ctx.store.read(ctx.org_id) as db:
        wanted = lists.Filter(
            statuses=_statuses(given),
            also=_also(db, given),
            agent=_agent(db, given.agent),
            waiting=times.duration(given.waiting.lstrip("+")) if given.waiting else None,
            window=given.window,
            unread=given.unread,
            contact_id=selectors.contact_id(db, given.contact),
            sort=given.sort,
            limit=ctx.limit(given.limit),
        )
        found = lists.listed(db, wanted, ctx.now)
        labelled = labels.of_conversations(db, [one.conversation.id or 0 for one in found])
        total = lists.count(db, wanted, ctx.now) if wanted.limit and len(found) == wanted.limit else None
    noting.saw("conversation.listed", conversations=len(found))
    on_screen = ctx.output.form in ("table", "plain")
    rows = [{**_row(one, ctx.now, on_screen), "labels": labelled.get(one.conversation.id or 0, [])} for one in found]
    default = ON_SCREEN if on_screen else IN_PIPES
    emit(rows, LIST_FIELDS, default=default, total=total, empty=_("no conversations match"))


def _statuses(given: Wanted) -> tuple[str, ...]:
    """Those that are named; of a view or a filter that names none, whatever it says."""
    from pytake_cli.services.conversation_list import UNRESOLVED
    from pytake_cli.store.conversations import STATUSES

    if given.status is None:
        return () if given.view or given.where else UNRESOLVED
    if given.status == "all":
        return STATUSES
    return tuple(selectors.some_of(given.status, STATUSES, "--status", "pytake conversation list -h", also="all"))


def _also(db: Session, given: Wanted) -> list[Any]:
    """The conditions of --view, -w and --label."""
    from pytake_cli.services import talk_filter, views
    from pytake_cli.services.talk_filter import Asker

    if not (given.view or given.where or given.label):
        return []
    ctx, acting = context(), conversation_acts.who(db)
    view = views.find(db, acting, given.view).where if given.view else ""
    labels = " ".join(f'label:"{name}"' for name in given.label or ())
    status = "status:all" if given.status and not (given.view or given.where) else ""
    asker = Asker(ctx.org_id, acting.user_id, ctx.now, ctx.tz)
    return talk_filter.conditions(db, asker, " ".join((view, given.where or "", labels, status)))


def _agent(db: Session, given: str | None) -> int | None:
    from pytake_cli.services.conversation_list import NOBODY

    if given is None:
        return None
    found = selectors.user(db, given)
    return found.id if found else NOBODY


def _row(one: Listed, now: datetime, on_screen: bool) -> dict[str, Any]:
    conversation = one.conversation
    return {
        "id": conversation.id,
        "contact": one.name,
        "phone": one.phone,
        "status": conversation.status,
        "assignee": one.assignee.email if one.assignee else None,
        "unread": conversation.unread_count,
        "waiting_since": conversation.waiting_since,
        "window": window_text(one.window_closes_at, now) if on_screen else window_state(one.window_closes_at, now),
        "window_closes_at": one.window_closes_at,
        "last_at": conversation.last_message_at,
        "preview": conversation.preview,
        "number": one.number.display,
        "contact_id": conversation.contact_id,
        "priority": conversation.priority,
        "created_at": conversation.created_at,
        "resolved_at": conversation.resolved_at,
        "rating": conversation.rating,
        "rating_comment": conversation.rating_comment,
    }


@app.command("show")
def show(
    id_: Annotated[str, typer.Argument(metavar="ID", help="Number of the conversation, such as 5008 or #5008.")],
    messages: Annotated[int, typer.Option("--messages", metavar="N", help="The newest N messages.", min=1)] = 50,
    all_: Annotated[bool, typer.Option("--all", help="All messages.")] = False,
    notes: Annotated[bool, typer.Option("--notes/--no-notes", help="With the internal notes.")] = True,
    mark_read: Annotated[
        bool, typer.Option("--mark-read", help="Also marks it as read; the person sees blue ticks.")
    ] = False,
) -> None:
    """Shows what was said, with notes, files and how far our messages got.

    $ pytake conversation show 5008
    $ pytake conversation show 5008 --json --messages 5  # for a script
    """
    from pytake_cli.cli import transcript
    from pytake_cli.services import conversations

    ctx = context()
    with ctx.store.read(ctx.org_id) as db:
        view = conversations.show(db, conversations.get(db, id_), messages=None if all_ else messages)
    noting.saw("conversation.read", f"conversation:{view.conversation.id}")
    transcript.write(view, with_notes=notes)
    if mark_read and not ctx.dry_run:
        with neighbour.wake(ctx.store).write(ctx.org_id) as db:
            conversations.mark_read(db, conversations.get(db, id_), by=selectors.author(db), now=ctx.now)


@app.command("assign")
def assign(
    ids: Ids,
    to: Annotated[
        str, typer.Option("--to", metavar="USER|TEAM", help="E-mail or name of a user, @me, @none, or a team.")
    ],
    force: Annotated[bool, typer.Option("--force", help="Also what a colleague has.")] = False,
    as_: As = None,
) -> None:
    """Gives conversations to somebody, to the queue of a team, or with @none back to the queue.

    What a colleague has stays theirs without --force.

    $ pytake conversation assign 5008 5011 --to ana@loja.com.br
    $ pytake conversation assign 5008 --to vendas  # team:vendas if a user is called so, too
    $ pytake conversation list --agent @none --fields id | pytake conversation assign - --to @me
    """
    from pytake_cli.services import conversations, routing
    from pytake_cli.store.teams import Team

    def change(db: Session, conversation: Conversation, by: User | None) -> str:
        owner = selectors.holder(db, to, as_)
        if not force and (owner is None or isinstance(owner, Team) or owner.id != conversation.assignee_id):
            fix = "pytake conversation assign {id} --to … --force"
            conversations.refuse_claimed(db, conversation, by.id if by else None, fix)
        if isinstance(owner, Team):
            routing.give_to_team(db, conversation, owner, by=by, now=context().now)
            return _("#{id} waits in the queue of {team}").format(id=conversation.id, team=owner.name)
        conversations.assign(db, conversation, owner, by=by, now=context().now)
        if owner is None:
            return _("#{id} belongs to nobody").format(id=conversation.id)
        return _("#{id} belongs to {who}").format(id=conversation.id, who=owner.name or owner.email)

    _change(ids, change, as_)


@app.command("resolve")
def resolve(
    ids: Ids,
    note: Annotated[str | None, typer.Option("--note", metavar="TEXT", help="Leaves an internal note with it.")] = None,
    csat: Annotated[bool, typer.Option("--csat", help="Asks the person how it was, whatever the team does.")] = False,
    as_: As = None,
) -> None:
    """Closes conversations; the person's next message opens a new one.

    $ pytake conversation resolve 5008 --note "boleto enviado"
    $ pytake conversation list --window closed --fields id | pytake conversation resolve -
    """
    from pytake_cli.services import automation, conversations, rating_plans

    def change(db: Session, conversation: Conversation, by: User | None) -> str:
        if note:
            conversations.add_note(db, conversation, note, by=by, now=context().now)
        if not automation.close(db, conversation, by=by, now=context().now):
            return _("#{id} was resolved already").format(id=conversation.id)
        if csat:
            rating_plans.plan(db, conversation, context().now, wanted=True)
        return _("#{id} resolved · reopen: pytake conversation reopen {id}").format(id=conversation.id)

    _change(ids, change, as_)


@app.command("reopen")
def reopen(ids: Ids, as_: As = None) -> None:
    """Opens resolved conversations again.

    $ pytake conversation reopen 5008
    """
    from pytake_cli.services import conversations

    def change(db: Session, conversation: Conversation, by: User | None) -> str:
        if not conversations.reopen(db, conversation, by=by, now=context().now):
            return _("#{id} was open already").format(id=conversation.id)
        return _("#{id} is open again · close: pytake conversation resolve {id}").format(id=conversation.id)

    _change(ids, change, as_)


@app.command("takeover")
def takeover(ids: Ids, as_: As = None) -> None:
    """Takes conversations from the flow: the bot says no more in them, and what it had not sent yet is taken back.

    $ pytake conversation takeover 5008
    $ pytake conversation list --status bot --waiting +10m --fields id | pytake conversation takeover -
    """
    from pytake_cli.services import ownership

    def change(db: Session, conversation: Conversation, by: User | None) -> str:
        if not ownership.take_over(db, conversation, by, context().now):
            return _("#{id} was yours already").format(id=conversation.id)
        return _("#{id} is yours · give it back: pytake conversation handback {id}").format(id=conversation.id)

    _change(ids, change, as_)


@app.command("handback")
def handback(
    ids: Ids,
    flow: Annotated[str | None, typer.Option("--flow", metavar="F", help="The flow that begins in it now.")] = None,
    as_: As = None,
) -> None:
    """Gives conversations back to the bot: the flow that handed them over goes on, or the next message starts one.

    $ pytake conversation handback 5008
    $ pytake conversation handback 5008 --flow nps  # begins at once
    """
    from pytake_cli.services import automation

    def change(db: Session, conversation: Conversation, by: User | None) -> str:
        if not automation.hand_back(db, conversation, flow, by=by, now=context().now):
            return _("#{id} was the bot's already").format(id=conversation.id)
        return _("#{id} is the bot's · take it: pytake conversation takeover {id}").format(id=conversation.id)

    _change(ids, change, as_)


@app.command("note")
def note(
    id_: Annotated[str, typer.Argument(metavar="ID", help="Number of the conversation.")],
    message: Annotated[str, typer.Option("-m", "--message", metavar="TEXT", help="The note; - reads it from stdin.")],
    as_: As = None,
) -> None:
    """Writes an internal note; the customer never sees it.

    $ pytake conversation note 5008 -m "cliente antiga, cuidado com o prazo"
    """
    from pytake_cli.services import conversations

    body = selectors.words_of(message) or ""

    def change(db: Session, conversation: Conversation, by: User | None) -> str:
        conversations.add_note(db, conversation, body, by=by, now=context().now)
        return _("noted on #{id} · see it: pytake conversation show {id}").format(id=conversation.id)

    _change([id_], change, as_)


def _change(ids: list[str], change: Callable[[Session, Conversation, User | None], str], as_: str | None) -> None:
    """Changes each conversation in a transaction of its own and says what became of it; --dry-run undoes it again."""
    from pytake_cli.services import conversations

    ctx = context()
    refs = selectors.several(ids, "ID")

    def act(ref: str) -> None:
        told = ""
        with neighbour.wake(ctx.store).write(ctx.org_id) as db:
            told = change(db, conversations.get(db, ref), selectors.author(db, as_))
            if ctx.dry_run:
                db.rollback()
                db.info.pop("pokes", None)
        say(_("would be: {what}").format(what=told)) if ctx.dry_run else done(told)

    selectors.would(lambda: selectors.each(refs, act)) if ctx.dry_run else selectors.each(refs, act)
