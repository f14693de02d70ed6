"""Queues what `pytake message send` composed: whom it goes to, from which number, with its files, once per key."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytake_cli import clock
from pytake_cli.cli import bubble, neighbour, selectors
from pytake_cli.cli.compose import Draft, compose
from pytake_cli.cli.context import context
from pytake_cli.errors import Conflict, LimitReached, NotFound, PytakeError

if TYPE_CHECKING:
    from sqlmodel import Session

    from pytake_cli.store.contacts import Contact
    from pytake_cli.store.messages import Message
    from pytake_cli.store.numbers import Number
    from pytake_cli.store.templates import Template


@dataclass(slots=True)
class Request:
    """What is to be done with the draft."""

    to: str | None
    sender: str | None
    due_at: datetime | None
    key: str | None
    as_: str | None


def definition(name: str, language: str | None, request: Request) -> Template:
    """The template as the store knows it, if it can be sent; else Meta is asked whether that is still so."""
    from pytake_cli.cli import template_words
    from pytake_cli.services import templates

    ctx = context()

    def look() -> Template:
        with ctx.store.read(ctx.org_id) as db:
            found = templates.find(db, ctx.org_id, number.waba_id, name, language)
        templates.refuse_unusable(found)
        return found

    with ctx.store.read(ctx.org_id) as db:
        try:
            person = _person(db, request, make=False)
        except NotFound:
            person = None
        number = number_for(db, request.sender, person)
    try:
        return look()
    except (NotFound, Conflict):
        if ctx.dry_run or not template_words.refresh(number, name):
            raise
    return look()


def queue(draft: Draft, request: Request) -> tuple[Message, bool]:
    from pytake_cli.services import outbound, templates

    ctx = context()
    stored = _take_in(draft)
    now = clock.now()  # after the imports and the files, so that a trace shows the sender's delay and not ours
    with neighbour.wake(ctx.store).write(ctx.org_id) as db:
        person = _person(db, request, make=True)
        number = number_for(db, request.sender, person)
        outgoing = compose(draft, _attacher(db, number, stored))
        first = outbound.by_client_key(db, ctx.org_id, request.key) if request.key else None
        by = selectors.author(db, request.as_)
        with ways_out(request):
            queued = outbound.queue(
                db,
                number=number,
                contact_id=person.id or 0,
                outgoing=outgoing,
                origin="agent",
                now=now,
                author_id=by.id if by else None,
                reply_to=None if outgoing.kind == "reaction" else draft.reply_to,
                due_at=request.due_at,
                client_key=request.key,
            )
        if draft.definition is not None and first is None:
            queued.text = templates.words(draft.definition, outgoing)
    return queued, first is not None


@contextmanager
def ways_out(request: Request) -> Iterator[None]:
    """A closed window names the two ways out for the person as the caller named them."""
    try:
        yield
    except LimitReached as error:
        if error.slug == "PT-WA-131047":
            error.fix = (
                "pytake message send --to '{to}' --template NAME\npytake listen --events 'message.*' --exit-after 1"
            )
            error.values["to"] = request.to
        raise


def _take_in(draft: Draft) -> dict[tuple[str, str], Any]:
    """Copies the draft's files before the transaction: (kind, where) -> what was stored."""
    from pytake_cli import settings

    found: dict[tuple[str, str], Any] = {}

    def attach(kind: str, where: str) -> str:
        import sys

        from pytake_cli.services import attachments

        source = sys.stdin.buffer if where == "-" else Path(where)
        found[kind, where] = attachments.take_in(source, kind, settings.current().media.max_bytes)
        return "media:0"

    compose(draft, attach)
    return found


def _attacher(db: Session, number: Number, stored: dict[tuple[str, str], Any]) -> Any:
    from pytake_cli.services import attachments

    def attach(kind: str, where: str) -> str:
        name = "" if where == "-" else Path(where).name
        return attachments.attach(db, number, stored[kind, where], name, context().now)

    return attach


def _person(db: Session, request: Request, *, make: bool) -> Contact:
    """The contact; with `make` one is made of a phone number that nobody has yet."""
    from pytake_cli.policy import phones
    from pytake_cli.services import contacts
    from pytake_cli.store.contacts import Contact
    from pytake_cli.whatsapp.webhooks import Person

    ctx = context()
    to = request.to or ""
    try:
        return contacts.lookup(db, ctx.org_id, to)
    except NotFound:
        try:
            digits = phones.parse(to, ctx.org.country).removeprefix("+")
        except PytakeError:
            digits = ""
        if not make or not digits:
            raise
    (contact_id,) = contacts.resolve(db, ctx.org_id, "", [Person(wa_id=digits)], ctx.now)
    return db.get_one(Contact, contact_id)


def number_for(db: Session, sender: str | None, person: Contact | None) -> Number:
    """The number to send from: as named, the only one, or the one that the person wrote to last."""
    from sqlmodel import col, select

    from pytake_cli.services import numbers
    from pytake_cli.store.contacts import ServiceWindow
    from pytake_cli.store.numbers import Number

    ctx = context()
    if sender is None and person is not None and person.id is not None:
        last = select(Number).join(ServiceWindow, col(ServiceWindow.number_id) == Number.id)
        last = last.where(ServiceWindow.contact_id == person.id, col(ServiceWindow.last_inbound_at).is_not(None))
        found = db.exec(last.order_by(col(ServiceWindow.last_inbound_at).desc()).limit(1)).first()
        if found is not None:
            return found
    return numbers.find(db, ctx.org_id, sender)


def preview(draft: Draft, request: Request) -> dict[str, Any]:
    """Checks everything that a real send checks, and tells what would go."""
    from pytake_cli.services import outbound, parties
    from pytake_cli.store.contacts import Contact

    ctx = context()
    outgoing = compose(draft, _attach_nothing)
    with ctx.store.read(ctx.org_id) as db:
        try:
            person = _person(db, request, make=False)
        except NotFound:
            if outgoing.kind != "template":
                raise
            person = Contact(org_id=ctx.org_id, profile_name=request.to or "", created_at=ctx.now, updated_at=ctx.now)
        number = number_for(db, request.sender, person)
        with ways_out(request):
            party = parties.of(db, person, number.id or 0)
            outbound.refuse_unwanted(number, party, outgoing, "agent", request.due_at or ctx.now)
            outbound.refuse_marketing(db, number, party, outgoing, "agent")
        name = person.name or person.profile_name or request.to
    return {
        "status": "would be queued",
        "to": request.to,
        "contact": name,
        "number": number.display,
        "kind": outgoing.kind,
        "text": bubble.one_line(outgoing.body),
        "due_at": request.due_at,
        "body": outgoing.body,
    }


def _attach_nothing(kind: str, where: str) -> str:
    """For a preview: the file is looked at and not kept."""
    from pytake_cli.whatsapp import media

    if where != "-":
        path = Path(where)
        if not path.is_file():
            raise NotFound("PT-SEND-FILE", "there is no file {path}", fix="pytake message send -h", path=where)
        media.check_file(path, kind=kind)
    return "media:0"
