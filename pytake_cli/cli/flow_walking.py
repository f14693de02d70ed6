"""`pytake flow sessions`, `session`, `replay` and `reset`: who walks through flows, and how it went."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from pytake_cli.cli import flow_words, neighbour, noting
from pytake_cli.cli.context import context
from pytake_cli.cli.form import filled_in
from pytake_cli.cli.output import data, done, emit, paint, say, warn
from pytake_cli.locale import _, ngettext

if TYPE_CHECKING:
    from sqlmodel import Session

    from pytake_cli.services.flow_replay import Replay, Turn
    from pytake_cli.services.flow_walks import Walk, Wanted
    from pytake_cli.store.flow_sessions import FlowEvent, FlowRecord

LIST_FIELDS = {
    "id": "Number of the session.",
    "flow": "Which flow.",
    "version": "Which version of it.",
    "contact": "Who.",
    "status": "active, waiting or ended.",
    "step": "Where it stands, or stood last.",
    "waits_for": "reply, time, answer, signal or person.",
    "outcome": "How it ended.",
    "started_at": "When it began.",
    "updated_at": "When something happened last.",
    "ended_at": "When it ended.",
    "contact_id": "Number of the contact.",
    "conversation_id": "Number of the conversation.",
    "events": "How many things have happened to it.",
}
SHOWN = ("id", "flow", "version", "contact", "status", "step", "waits_for", "outcome", "started_at", "updated_at")
SHOW_FIELDS = {
    **LIST_FIELDS,
    "vars": "Its variables.",
    "results": "Its results.",
    "log": "Everything that happened, in order: what, when, by what cause, and what it recorded.",
}
LOG_FIELDS = {
    "serial": "Which one, from 1.",
    "at": "When.",
    "event": "What happened.",
    "said": "What the customer said, or what the answer was.",
    "cause": "By which message, timer, job, signal or person.",
    "records": "What the flow made of it.",
}
REPLAY_FIELDS = {
    "serial": "Which event, from 1.",
    "at": "When it happened.",
    "event": "What happened.",
    "said": "What the customer said, or what the answer was.",
    "does": "What the session did then.",
    "step": "Where it stood after that.",
    "differs": "true: here it goes another way.",
    "was": "What it did, where it differs.",
    "now": "What it would do.",
}
Id = Annotated[str, typer.Argument(metavar="ID", help="Number of the session.")]


@dataclass(frozen=True, slots=True)
class Given:
    """Which sessions the line asks for."""

    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="Only this flow's.")] = None
    status: Annotated[
        Literal["open", "active", "waiting", "ended", "all"], typer.Option("--status", help="open: not ended.")
    ] = "open"
    step: Annotated[str | None, typer.Option("--step", help="Only those that stand there.")] = None
    version: Annotated[int | None, typer.Option("--version", metavar="N", help="Only those on this version.")] = None
    outcome: Annotated[str | None, typer.Option("--outcome", help="Only those that ended so.")] = None
    contact: Annotated[str | None, typer.Option("--contact", metavar="CONTACT", help="Only this person's.")] = None
    limit: Annotated[int | None, typer.Option("-l", "--limit", help="At most so many; 0: all.", min=0)] = None


@filled_in
def sessions(given: Given) -> None:
    """Lists sessions of flows, the newest first; those under way, unless you ask.

    $ pytake flow sessions agenda --step ask_date
    $ pytake flow sessions --status ended --outcome failed
    $ pytake flow sessions --contact +5511968184101 --status all --json
    """
    from pytake_cli.services import flow_walks

    here = context()
    with here.store.read(here.org_id) as db:
        wanted = _wanted(db, given)
        found = flow_walks.listed(db, here.org_id, wanted)
        total = flow_walks.count(db, here.org_id, wanted) if wanted.limit and len(found) == wanted.limit else None
        empty = _("no session matches") if found or given.status != "open" else _none_open(db, wanted)
    noting.saw("flow_session.listed", sessions=len(found))
    emit([each.row() for each in found], LIST_FIELDS, default=SHOWN, total=total, empty=empty)


def _none_open(db: Session, wanted: Wanted) -> str:
    """Why nothing is listed by default: nobody walks a flow now, or nobody ever has."""
    from pytake_cli.services import flow_walks

    ended = flow_walks.count(db, context().org_id, replace(wanted, status="ended"))
    if wanted.status != "open" or not ended:
        return _("no session matches")
    text = ngettext(
        "no session is open; {count} has ended: --status all",
        "no session is open; {count} have ended: --status all",
        ended,
    )
    return text.format(count=ended)


def _wanted(db: Session, given: Given) -> Wanted:
    from pytake_cli.cli import selectors
    from pytake_cli.services import flow_walks, flows

    here = context()
    flow = flows.get(db, here.org_id, flow_words.name_of(given.name)) if given.name else None
    ended = given.outcome is not None and given.status == "open"
    return flow_walks.Wanted(
        flow_id=flow.id if flow else None,
        status=None if given.status == "all" else "ended" if ended else given.status,
        step=given.step,
        version=given.version,
        outcome=given.outcome,
        contact_id=selectors.contact_id(db, given.contact),
        limit=here.limit(given.limit),
    )


def session(id_: Id) -> None:
    """Shows one session with its log. What happened, and what the flow made of it.

    $ pytake flow session 812
    $ pytake flow session 812 --json
    """
    from pytake_cli.services import flow_walks

    here = context()
    with here.store.read(here.org_id) as db:
        walk = flow_walks.get(db, here.org_id, id_)
        log = flow_walks.log(db, walk.session.id or 0)
        records = flow_walks.records(db, walk.session.id or 0)
    noting.saw("flow_session.read", f"flow_session:{walk.session.id}")
    lines = _log(log, records)
    frames = walk.session.state.get("frames") or [{}]
    row = {
        **walk.row(),
        "vars": frames[0].get("vars", {}),
        "results": walk.session.state.get("results", {}),
        "log": lines,
    }
    on_screen = here.output.form in ("table", "plain") and here.output.fields is None
    emit(row, SHOW_FIELDS, default=(*LIST_FIELDS, "vars") if on_screen else None)
    if on_screen:
        data("\n" + paint(_("log"), "heading", here.output.color_out))
        emit([{**line, "records": "; ".join(line["records"])} for line in lines], LOG_FIELDS)


def _log(log: list[FlowEvent], records: list[FlowRecord]) -> list[dict[str, Any]]:
    """The events, each with the records of its moment: those until the next event was applied."""
    lines = []
    for n, each in enumerate(log):
        until = log[n + 1].at if n + 1 < len(log) else None
        mine = [one for one in records if (n == 0 or one.at >= each.at) and (until is None or one.at < until)]
        lines.append(
            {
                "serial": each.serial,
                "at": each.at,
                "event": str(each.event.get("is", "")),
                "said": _said(each.event),
                "cause": each.cause,
                "records": [f"{one.kind} {one.step} {one.way}".strip() for one in mine],
            }
        )
    return lines


def _said(event: dict[str, Any]) -> str | None:
    """What came with an event, in a few words."""
    reply = event.get("reply") or {}
    if reply:
        return str(reply.get("title") or reply.get("text") or f"[{reply.get('kind')}]")
    for name in ("name", "outcome", "reason", "token", "what"):
        if event.get(name):
            return str(event[name])
    return None


def replay(
    id_: Id,
    with_: Annotated[
        str | None, typer.Option("--with", metavar="FILE", help="Another file or version: where does it differ?")
    ] = None,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="1 when it goes another way.")] = False,
) -> None:
    """Replays a session from its log. On its own version, where it must be the same again, or on another file.

    Nothing is sent and nothing is changed. With another file it stops where that goes another way first.

    $ pytake flow replay 812
    $ pytake flow replay 812 --with flows/agenda.yaml
    $ pytake flow replay 812 --with agenda@3 --exit-code
    """
    from pytake_cli.services import flow_replay, flow_walks

    here = context()
    other = flow_words.meant(with_).flow if with_ is not None else None
    with here.store.read(here.org_id) as db:
        walk = flow_walks.get(db, here.org_id, id_)
        found = flow_replay.replay_with(db, walk, other) if other is not None else flow_replay.replay(db, walk)
    rows = [_turn(turn, found) for turn in found.turns]
    shown = ("serial", "at", "event", "said", "does", "step")
    if here.output.form in ("table", "plain"):
        rows = [{**row, "does": "; ".join(row["does"])} for row in rows]
    emit(rows, REPLAY_FIELDS, default=shown if here.output.form in ("table", "plain") else None)
    _tell(walk, found, other is not None)
    if found.divergence is not None and (exit_code or other is None):
        raise typer.Exit(1)


def _turn(turn: Turn, found: Replay) -> dict[str, Any]:
    here = found.divergence if found.divergence and found.divergence.serial == turn.line.serial else None
    return {
        "serial": turn.line.serial,
        "at": turn.line.at,
        "event": str(turn.line.event.get("is", "")),
        "said": _said(turn.line.event),
        "does": turn.does(),
        "step": turn.session.frames[-1].step if turn.session.frames else "",
        "differs": here is not None,
        "was": here.was if here else None,
        "now": here.now if here else None,
    }


def _tell(walk: Walk, found: Replay, with_other: bool) -> None:
    named = {"id": walk.session.id, "count": len(found.turns), "flow": walk.flow.name, "version": walk.version.number}
    if found.divergence is None and with_other:
        done(_("session {id} would have gone the same way, all {count} events").format(**named))
    elif found.divergence is None:
        done(_("session {id} is the same again, all {count} events on {flow}@{version}").format(**named))
    else:
        where = {**named, "serial": found.divergence.serial, "what": found.divergence.what}
        warn(_("session {id} goes another way at event {serial}, {what}").format(**where))
        say("  - " + (found.divergence.was or _("nothing")))
        say("  + " + (found.divergence.now or _("nothing")))


def reset(
    contacts: Annotated[list[str], typer.Argument(metavar="CONTACT", help="Whom; - reads them from stdin.")],
) -> None:
    """Drops people out of the flows they are in: the next message starts one anew.

    The session ends as `reset`, and what was not sent yet is taken back.

    $ pytake flow reset +5511968184101
    $ pytake flow sessions agenda --step ask_date --fields contact_id | pytake flow reset -
    """
    from pytake_cli.cli import selectors
    from pytake_cli.services import contacts as people
    from pytake_cli.services import flow_walks

    here = context()

    def act(ref: str) -> None:
        with neighbour.wake(here.store).write(here.org_id) as db:
            contact = people.lookup(db, here.org_id, ref)
            ended = [each.id for each in flow_walks.reset(db, here.org_id, contact, here.now)]
            if here.dry_run:
                db.rollback()
                db.info.pop("pokes", None)
        text = ngettext("{count} session of {who} ended", "{count} sessions of {who} ended", len(ended))
        told = text.format(count=len(ended), who=ref)
        say(_("would be: {what}").format(what=told)) if here.dry_run else done(told)

    selectors.each(selectors.several(contacts, "CONTACT"), act)
