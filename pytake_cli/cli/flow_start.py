"""`pytake flow start`: begins a flow with people who have not written, by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from pytake_cli.cli import flow_words, message_queueing, neighbour, selectors
from pytake_cli.cli.context import context
from pytake_cli.cli.output import done, emit, say
from pytake_cli.locale import _

if TYPE_CHECKING:
    from sqlmodel import Session

    from pytake_cli.store.contacts import Contact
    from pytake_cli.store.flow_sessions import FlowSession
    from pytake_cli.store.flows import FlowVersion

FIELDS = {
    "session": "Number of the session: pytake flow session ID.",
    "flow": "Which flow.",
    "version": "Name and hash of its version.",
    "contact": "Who.",
    "contact_id": "Number of the contact.",
    "conversation_id": "Number of the conversation.",
    "status": "active, waiting or ended.",
    "step": "Where it stands.",
    "outcome": "How it ended, if it has.",
    "says": "What it says first, a line a message.",
    "replayed": "true: the idempotency key was used before, and nothing new began.",
}
SHOWN = ("session", "flow", "contact", "status", "step", "says")
SCOPE = "flow.start"  # of idempotency keys


def start(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A published flow.")],
    contacts: Annotated[
        list[str], typer.Argument(metavar="CONTACT...", help="Phone, contact:ID, @username or name; - reads stdin.")
    ],
    number: Annotated[
        str | None, typer.Option("--number", metavar="NUMBER", help="Business number, if there are several.")
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Ends a session that is open with the contact.")] = False,
    idempotency_key: Annotated[
        str | None, typer.Option("--idempotency-key", metavar="KEY", help="The same key starts it once a contact.")
    ] = None,
) -> None:
    """Starts a flow with contacts. Outside the 24-hour window it has to begin with a template.

    $ pytake flow start nps +5511968184101 "Karina Silva"
    $ pytake flow start nps contact:412 --dry-run  # what it would say, or why not
    $ pytake contact list -w 'tag=vip' --fields id | pytake flow start nps - --idempotency-key nps-november
    """
    here = context()
    flow = flow_words.name_of(name)
    began: list[dict[str, Any]] = []

    def begin(ref: str) -> None:
        began.append(_begin(flow, ref, number, replace, idempotency_key))

    def work() -> None:
        selectors.each(selectors.several(contacts, "CONTACT"), begin)

    try:
        selectors.would(work) if here.dry_run else work()
    finally:
        _tell(began)


def _begin(flow: str, ref: str, number: str | None, replace: bool, key: str | None) -> dict[str, Any]:
    """One contact, in a transaction of its own; with --dry-run it is undone again."""
    from pytake_cli.services import contacts, flow_starts, idempotency

    here = context()
    with neighbour.wake(here.store).write(here.org_id) as db:
        version = flow_starts.startable(db, here.org_id, flow)
        person = contacts.lookup(db, here.org_id, ref)
        content = {"flow": flow, "number": number or ""}
        own_key = f"{key}:{person.id}"
        before = idempotency.earlier(db, here.org_id, SCOPE, own_key, content) if key else None
        if before is not None:
            return before | {"replayed": True}
        sender = message_queueing.number_for(db, number, person)
        cause = f"person:start:{here.now.timestamp():.6f}"
        row = flow_starts.start(
            db, version, sender, person.id or 0, here.now, cause=cause, trigger="person", replace=replace
        )
        made = _row(db, row, version, person)
        if key:
            idempotency.keep(db, here.org_id, SCOPE, own_key, content, made, here.now)
        if here.dry_run:
            db.rollback()
    return made | {"replayed": False}


def _row(db: Session, row: FlowSession, version: FlowVersion, person: Contact) -> dict[str, Any]:
    from pytake_cli.services import contacts, flow_starts

    assert person.id is not None
    return {
        "session": None if context().dry_run else row.id,
        "flow": version.ref.partition("@")[0],
        "version": version.ref,
        "contact": contacts.display_names(db, [person.id])[person.id],
        "contact_id": person.id,
        "conversation_id": row.conversation_id,
        "status": row.status,
        "step": row.step,
        "outcome": row.outcome,
        "says": [each.text for each in flow_starts.said(db, row)],
    }


def _tell(began: list[dict[str, Any]]) -> None:
    here = context()
    emit(began, FIELDS, default=SHOWN if here.output.form in ("table", "plain", "tsv", "csv") else None)
    if here.dry_run:
        say(_("nothing was started (--dry-run)"))
        return
    for each in began:
        if each["replayed"]:
            say(_("this key was used before: nothing new began for {who}").format(who=each["contact"]))
        else:
            what = _("{flow} began with {who} · how it goes: pytake flow session {session}")
            done(what.format(flow=each["flow"], who=each["contact"], session=each["session"]))
    if began and neighbour.running() is None:
        say(_("the daemon is not running: pytake serve sends what is queued"))
