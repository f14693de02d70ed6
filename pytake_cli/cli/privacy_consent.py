"""`pytake privacy consent`: what a person agreed to and stopped, with proof; and how somebody erased comes back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from pytake_cli.cli import contact_bulk, contact_consent, noting
from pytake_cli.cli.contact_consent import At, Proof, Topic
from pytake_cli.cli.context import context
from pytake_cli.cli.output import done, emit, say
from pytake_cli.cli.privacy_person import Person
from pytake_cli.errors import InvalidData, NotFound, UsageError
from pytake_cli.locale import _

if TYPE_CHECKING:
    from sqlmodel import Session

app = typer.Typer(add_completion=False, rich_markup_mode=None, help="What a person agreed to, and what shows it.")

FIELDS = {
    "at": "when it was said",
    "purpose": "marketing, utility, or all that is automatic",
    "granted": "whether they agreed, or stopped it",
    "holds": "whether this is the newest word on its purpose",
    "source": "where it was said",
    "proof": "what shows it",
    "actor": "who wrote it down",
}


@app.command("show")
def show(contact: Person) -> None:
    """Shows all that a person agreed to or stopped, the newest first. No line is no consent.

    $ pytake privacy consent show +5511968184101
    $ pytake privacy consent show contact:412 --json
    """
    from pytake_cli.services import directory, privacy

    here = context()
    with here.store.read(here.org_id) as db:
        row = privacy.person(db, here.org_id, contact)
        lines = directory.consents(db, row.id or 0)
    noting.saw("contact.read", f"contact:{row.id}")
    said: set[str] = set()
    for line in lines:
        line["holds"] = line["purpose"] not in said
        said.add(line["purpose"])
    emit(lines, FIELDS, empty=_("This person has agreed to nothing, and stopped nothing"))


@app.command("set")
def set_(
    contact: Person,
    topic: Topic,
    granted: Annotated[bool, typer.Option("--granted/--stopped", help="Whether they agreed, or want no more of it.")],
    source: Annotated[str, typer.Option("--source", metavar="TEXT", help="Where the person said so.")] = "",
    proof: Proof = "",
    at: At = None,
) -> None:
    """Writes down what a person said. Who was erased is there again when they agreed, given by phone number.

    $ pytake privacy consent set +5511968184101 --topic marketing --granted --source "loja física"
    $ pytake privacy consent set contact:412 --topic all --stopped --source telefone --proof "ligação de 22/11"
    """
    from pytake_cli.services import audit, consent, contact_changes, principals

    here = context()
    if granted and not source.strip():
        raise UsageError("PT-USAGE-MISSING", "{name} is missing", fix="--source 'loja física'", name="--source")
    said_at = contact_consent.moment(at)
    with here.store.write(here.org_id) as db:
        actor = contact_bulk.actor(db)
        id_, back = _person(db, contact, actor, granted=granted)
        line = consent.Line(id_, topic, granted, source.strip() or "person", said_at, proof.strip(), actor)
        changed = consent.write(db, here.org_id, [line], here.now)
        contact_changes.announce(db, here.org_id, changed, [f"consent.{topic}"], here.now)
        details = {"topic": topic, "granted": granted, "back": back}
        audit.note(db, principals.local(here.org_id), "consent.written", f"contact:{id_}", details, now=here.now)
        if here.dry_run:
            db.rollback()
    if here.dry_run:
        say(_("nothing was changed (--dry-run)"))
        return
    if back:
        say(_("the person had been erased, and is there again as contact:{id}").format(id=id_))
    done(_("written down · see it: pytake privacy consent show contact:{id}").format(id=id_))


def _person(db: Session, ref: str, actor: str, *, granted: bool) -> tuple[int, bool]:
    """The contact, and whether it had been erased and a new agreement brings it back."""
    from pytake_cli.services import contacts, directory, erasures

    here = context()
    try:
        return contacts.lookup(db, here.org_id, ref).id or 0, False
    except NotFound:
        digits = _digits(ref)
        if not (granted and digits and erasures.lift(db, here.org_id, digits)):
            raise
        return directory.create(db, here.org_id, f"+{digits}", {}, actor=actor, now=here.now).id or 0, True


def _digits(ref: str) -> str:
    """The phone number that `ref` is, if it is one."""
    from pytake_cli.policy import phones

    try:
        return phones.parse(ref, context().org.country).removeprefix("+")
    except InvalidData:
        return ""
