"""What the inbox does with conversations, as commands: claim, label, snooze, wake, priority, star, merge, undo …"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from pytake_cli.cli import confirm, neighbour, selectors, times
from pytake_cli.cli.context import context
from pytake_cli.cli.output import data, done, emit, say
from pytake_cli.locale import _

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sqlmodel import Session

    from pytake_cli.services.principals import Principal
    from pytake_cli.store.conversations import Conversation

Ids = Annotated[list[str], typer.Argument(metavar="ID", help="Numbers of conversations; - reads them from stdin.")]
As = Annotated[str | None, typer.Option("--as", metavar="USER", help="Who does this; needed when there are several.")]
NEXT_REPLY = ("next-reply", "próxima-resposta", "proxima-resposta")
UNDO = "pytake conversation undo"
LINE_FIELDS = {
    "change": "number of the change, for undo",
    "at": "when",
    "conversation": "number of the conversation",
    "what": "assigned, resolved, snoozed, labelled …",
    "by": "who did it",
    "before": "what stood before",
    "after": "what stands since",
    "undoable": "whether it can be undone",
    "batch": "number of the batch, if it was done to many at once",
}


def who(db: Session, as_: str | None = None) -> Principal:
    """Who acts: the person that is named or alone, with the rights of whoever may open the store."""
    from pytake_cli.services import principals

    user = selectors.author(db, as_)
    if user is None:
        return principals.local(context().org_id)
    return principals.local(context().org_id, user.id, user.name or user.email)


def act(
    ids: list[str],
    action: str,
    given: Mapping[str, Any],
    told: Callable[[Conversation], str],
    as_: str | None,
) -> None:
    """Does it to each conversation in a transaction of its own; of several, one undo takes back all."""
    from pytake_cli.services import conversations, talk_actions

    here = context()
    batch: list[int] = []
    refs = selectors.several(ids, "ID")

    def one(ref: str) -> None:
        with neighbour.wake(here.store).write(here.org_id) as db:
            conversation = conversations.get(db, ref)
            change = talk_actions.act(db, who(db, as_), conversation, action, given, here.now)
            words = told(conversation)
            if change is not None and len(refs) > 1 and not here.dry_run:
                batch.append(batch[0] if batch else change.id or 0)
                change.batch = batch[0]
                db.add(change)
            if here.dry_run:
                db.rollback()
                db.info.pop("pokes", None)
        say(_("would be: {what}").format(what=words)) if here.dry_run else done(words)

    if here.dry_run:
        selectors.would(lambda: selectors.each(refs, one))
    else:
        selectors.each(refs, one)


def claim(
    ids: Ids,
    sure: Annotated[bool, typer.Option("--sure", help="Takes what a colleague has.")] = False,
    as_: As = None,
) -> None:
    """Takes conversations for yourself; what a colleague has meanwhile stays theirs, and you learn whose it is.

    $ pytake conversation claim 5008
    $ pytake conversation list --view unassigned --fields id -l 5 | pytake conversation claim -
    """
    act(ids, "claim", {"sure": sure}, lambda row: _("#{id} is yours · undo: {undo}").format(id=row.id, undo=UNDO), as_)


def label(
    ids: Ids,
    add: Annotated[list[str] | None, typer.Option("--add", metavar="NAME", help="Gives it; repeatable.")] = None,
    remove: Annotated[list[str] | None, typer.Option("--remove", metavar="NAME", help="Takes it; repeatable.")] = None,
    as_: As = None,
) -> None:
    """Gives conversations labels and takes them. A label that does not exist yet is made.

    $ pytake conversation label 5008 --add vip --add vendas
    $ pytake conversation list --window closing --fields id | pytake conversation label - --add urgente
    """
    from pytake_cli.errors import UsageError

    if not add and not remove:
        raise UsageError(
            "PT-USAGE-MISSING", "{name} is missing", fix="pytake conversation label ID --add vip", name="--add"
        )
    given = {"add": add or [], "remove": remove or []}
    act(ids, "label", given, lambda row: _("#{id} is labelled · undo: {undo}").format(id=row.id, undo=UNDO), as_)


def snooze(
    ids: Ids,
    until: Annotated[
        str, typer.Option("--until", metavar="T", help="+3h, amanhã 9h, seg 9h, 2026-12-01T09:00, or next-reply.")
    ],
    as_: As = None,
) -> None:
    """Puts conversations aside until a time or the person's next message; that wakes them in any case.

    $ pytake conversation snooze 5008 --until "amanhã 9h"
    $ pytake conversation snooze 5008 5011 --until next-reply
    """
    here = context()
    for_reply = until.strip().lower() in NEXT_REPLY
    moment = None if for_reply else times.instant(until, here.now, here.tz)
    words = _("the next reply") if moment is None else f"{moment.astimezone(here.tz):%Y-%m-%d %H:%M}"

    def told(row: Conversation) -> str:
        return _("#{id} is snoozed until {until} · undo: {undo}").format(id=row.id, until=words, undo=UNDO)

    act(ids, "snooze", {"until": moment, "until_reply": for_reply}, told, as_)


def wake(ids: Ids, as_: As = None) -> None:
    """Brings snoozed conversations back before their time.

    $ pytake conversation wake 5008
    $ pytake conversation list --status snoozed --fields id | pytake conversation wake -
    """
    act(ids, "wake", {}, lambda row: _("#{id} is awake · undo: {undo}").format(id=row.id, undo=UNDO), as_)


def read(ids: Ids, as_: As = None) -> None:
    """Marks conversations as read; the people in them see blue ticks.

    $ pytake conversation read 5008
    """
    words = _("#{id} is read · not yet: pytake conversation unread {id}")
    act(ids, "read", {}, lambda row: words.format(id=row.id), as_)


def unread(ids: Ids, as_: As = None) -> None:
    """Marks conversations as unread, to find them again; the people in them do not learn of it.

    $ pytake conversation unread 5008
    $ pytake conversation list --unread
    """
    words = _("#{id} is unread · read: pytake conversation read {id}")
    act(ids, "unread", {}, lambda row: words.format(id=row.id), as_)


def priority(
    ids: Ids,
    to: Annotated[Literal["urgent", "high", "normal", "low"], typer.Option("--set", help="How urgent.")],
    as_: As = None,
) -> None:
    """Says how urgent conversations are.

    $ pytake conversation priority 5008 --set urgent
    """

    def told(row: Conversation) -> str:
        return _("#{id} has the priority {priority} · undo: {undo}").format(id=row.id, priority=_(to), undo=UNDO)

    act(ids, "priority", {"priority": to}, told, as_)


def star(
    ids: Ids,
    remove: Annotated[bool, typer.Option("--remove", help="Takes the star away.")] = False,
    as_: As = None,
) -> None:
    """Stars conversations for yourself; nobody else sees it.

    $ pytake conversation star 5008
    $ pytake conversation list -w starred:yes
    """
    words = _("#{id} has no star of yours") if remove else _("#{id} has your star · see all: {list}")
    listed = "pytake conversation list -w starred:yes"
    act(ids, "unstar" if remove else "star", {}, lambda row: words.format(id=row.id, list=listed), as_)


def undo(
    change: Annotated[
        str | None, typer.Argument(metavar="[CHANGE]", help="Number of a change; without it the last one of yours.")
    ] = None,
    as_: As = None,
) -> None:
    """Takes back what you did last, or a change of the last day; of a batch all of it. What others changed since stays.

    $ pytake conversation undo
    $ pytake conversation undo 812  # its number is in: pytake conversation history
    """
    from pytake_cli.errors import InvalidData
    from pytake_cli.services import talk_undo

    here = context()
    if change is not None and not (change.isascii() and change.isdecimal() and len(change) < 19):
        raise InvalidData(
            "PT-CHANGE-REF", "{ref} is not the number of a change", fix="pytake conversation history", ref=change
        )
    undone = []
    with neighbour.wake(here.store).write(here.org_id) as db:
        acting = who(db, as_)
        rows = talk_undo.find(db, change=int(change)) if change else talk_undo.newest(db, acting)
        for row in rows:
            talk_undo.undo(db, acting, row, here.now)
            undone.append((row.conversation_id, row.what))
        if here.dry_run:
            db.rollback()
            db.info.pop("pokes", None)
    for id_, what in undone:
        words = _("#{id}: {what} was taken back").format(id=id_, what=_(what))
        say(_("would be: {what}").format(what=words)) if here.dry_run else done(words)


def history(
    id_: Annotated[str | None, typer.Argument(metavar="[ID]", help="Number of a conversation; without it all.")] = None,
    mine: Annotated[bool, typer.Option("--mine", help="Only what you did.")] = False,
    limit: Annotated[int | None, typer.Option("-l", "--limit", help="At most so many; 0: all.", min=0)] = None,
    as_: As = None,
) -> None:
    """Lists what was done to conversations, newest first: who, what, and whether it can be undone.

    $ pytake conversation history 5008
    $ pytake conversation history --mine --json
    """
    from pytake_cli.services import activity, conversations

    here = context()
    with here.store.read(here.org_id) as db:
        conversation = conversations.get(db, id_).id if id_ is not None else None
        me = who(db, as_).user_id or 0
        lines = activity.page(
            db,
            here.org_id,
            here.now,
            limit=here.limit(limit) or 10**9,
            by=me if mine else None,
            conversation=conversation,
        )
    rows = [{**line, "by": (line["by"] or {}).get("name") or _(line["cause"])} for line in lines]
    emit(rows, LINE_FIELDS, empty=_("nothing was done yet"))


def merge(
    into: Annotated[str, typer.Argument(metavar="ID", help="The conversation that goes on.")],
    other: Annotated[str, typer.Option("--with", metavar="ID", help="The one that becomes part of it.")],
    as_: As = None,
) -> None:
    """Moves what was said in another conversation of the same person and number into this one. There is no undo.

    $ pytake conversation merge 5008 --with 4990 --yes
    """
    from pytake_cli.services import talk_merge

    here = context()
    question = _("Move all that was said in {other} to {into}? This cannot be undone.").format(other=other, into=into)
    if not here.dry_run and not confirm.ordinary(question):
        say(_("nothing was changed"))
        return
    with neighbour.wake(here.store).write(here.org_id) as db:
        kept = talk_merge.by_ids(db, who(db, as_), into, other, here.now)
        words = _("#{id} has the words of both").format(id=kept.id)
        if here.dry_run:
            db.rollback()
            db.info.pop("pokes", None)
    say(_("would be: {what}").format(what=words)) if here.dry_run else done(words)


def export(
    id_: Annotated[str, typer.Argument(metavar="ID", help="Number of the conversation.")],
    form: Annotated[Literal["md", "json", "html"], typer.Option("--format-as", help="What it is written as.")] = "md",
    notes: Annotated[bool, typer.Option("--notes/--no-notes", help="With the internal notes and changes.")] = True,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Where to; without it stdout.")] = None,
) -> None:
    """Writes a whole conversation as a file: to read, to print, for a program, for the person who asks for it.

    $ pytake conversation export 5008 --out conversa.md
    $ pytake conversation export 5008 --format-as html --no-notes --out conversa.html
    """
    from pytake_cli.errors import Conflict
    from pytake_cli.services import conversations, talk_export

    here = context()
    with here.store.read(here.org_id) as db:
        text = talk_export.export(db, conversations.get(db, id_), form, here.tz, notes=notes)
    if out is None:
        data(text)
        return
    if here.dry_run:
        say(_("would be: {what}").format(what=_("written to {path}").format(path=out)))
        return
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Conflict(
            "PT-EXPORT-FILE",
            "{path} cannot be written: {reason}",
            fix="--out with another file",
            path=str(out),
            reason=error.strerror or "",
        ) from error
    done(_("written to {path}").format(path=out))
