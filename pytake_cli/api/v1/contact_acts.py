"""What is done with a contact besides changing its values: tags, consent, notes, blocks, merging; and its history."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Depends
from pydantic import BaseModel, Field

from pytake_cli.api.v1 import at_meta
from pytake_cli.api.v1.contacts import ContactCard, ContactRow, Tags, find, row_of
from pytake_cli.api.v1.here import Here, here, needs
from pytake_cli.api.v1.paging import Id, Page, Paging, paging
from pytake_cli.api.v1.routes import Body, Moment
from pytake_cli.api.v1.routes import router as new_router
from pytake_cli.errors import InvalidData
from pytake_cli.services import consent, contact_blocking, contact_changes, contact_check, contacts, directory

router = new_router("contacts")
WRITE = [Depends(needs("contacts:write"))]


class TagChange(Body):
    add: Tags = []
    remove: Tags = []


class ConsentLine(Body):
    """What somebody said, and what shows it."""

    topic: Literal["marketing", "utility", "all"]
    granted: bool
    source: str = Field(min_length=1, max_length=200)
    proof: str = Field("", max_length=2000)
    at: Moment | None = None


class NoteText(Body):
    body: str = Field(min_length=1, max_length=10_000)


class Other(Body):
    contact: int = Field(ge=1, le=2**63 - 1, description="the contact that becomes part of this one")


class Phones(Body):
    phones: Annotated[list[Annotated[str, Field(max_length=60)]], Field(min_length=1, max_length=500)]


class AtMeta(BaseModel):
    """What Meta was told of a block: `done`, `refused` or `not asked`."""

    number: str
    state: str
    why: str = ""


class Blocked(BaseModel):
    contact: ContactRow
    meta: list[AtMeta]


class HistoryLine(BaseModel):
    id: int
    at: datetime
    what: str
    before: Any
    after: Any
    actor: str


class Checked(BaseModel):
    """What is known of a phone number."""

    typed: str
    valid: bool
    phone: str | None = None
    country: str | None = None
    known: bool = False
    contact: int | None = None
    name: str | None = None
    window: str | None = None
    window_closes_at: datetime | None = None
    marketing: str | None = None
    utility: str | None = None
    opted_out: bool | None = None
    blocked: bool | None = None
    problem: str | None = None


@router.post("/check", response_model=Page[Checked], dependencies=[Depends(needs("contacts:read"))])
def check(body: Phones, here: Here = Depends(here)) -> object:
    """What is known of phone numbers: form, country, contact, window."""
    with here.read() as db:
        rows = [contact_check.check(db, here.org_id, typed, here.now) for typed in body.phones]
    here.saw("contact.checked")
    return {"items": rows, "total": len(rows)}


@router.post("/{id}/tags", response_model=ContactRow, dependencies=WRITE)
def tags(id: Id, body: TagChange, here: Here = Depends(here)) -> object:
    """Gives and takes tags."""
    with here.write() as db:
        found = find(db, here, id)
        ids = [found.id or 0]
        if body.add:
            contact_changes.tag(db, here.org_id, ids, body.add, actor=here.actor, now=here.now)
        if body.remove:
            contact_changes.untag(db, here.org_id, ids, body.remove, actor=here.actor, now=here.now)
        here.note(db, "contact.tagged", f"contact:{found.id}", add=body.add, remove=body.remove)
        db.refresh(found)
        return row_of(db, found)


@router.post("/{id}/consent", response_model=ContactCard, dependencies=WRITE)
def agreed(id: Id, body: ConsentLine, here: Here = Depends(here)) -> object:
    """Writes into the ledger what the person agreed to or stopped."""
    at = body.at or here.now
    if at > here.now:
        raise InvalidData("PT-CONSENT-FUTURE", "nobody has agreed to anything at {at} yet", fix="at: now", at=str(at))
    with here.write() as db:
        found = find(db, here, id)
        line = consent.Line(found.id or 0, body.topic, body.granted, body.source, at, body.proof, here.actor)
        changed = consent.write(db, here.org_id, [line], here.now)
        contact_changes.announce(db, here.org_id, changed, [f"consent.{body.topic}"], here.now)
        here.note(db, "contact.consent", f"contact:{found.id}", topic=body.topic, granted=body.granted)
        db.refresh(found)
        return directory.card(db, found)


@router.post("/{id}/notes", status_code=201, response_model=ContactCard, dependencies=WRITE)
def note(id: Id, body: NoteText, here: Here = Depends(here)) -> object:
    """Writes down something about the person, whatever conversation it came from."""
    with here.write() as db:
        found = find(db, here, id)
        author = here.principal.user_id
        contact_changes.note(db, found, body.body, author_id=author, actor=here.actor, now=here.now)
        here.note(db, "contact.noted", f"contact:{found.id}")
        db.flush()
        return directory.card(db, found)


@router.get("/{id}/history", response_model=Page[HistoryLine], dependencies=[Depends(needs("contacts:read"))])
def history(id: Id, paging: Paging = Depends(paging), here: Here = Depends(here)) -> object:
    """What was changed of the contact and by whom, the newest first."""
    before = paging.after(int)
    with here.read() as db:
        found = find(db, here, id)
        after = before[0] if before else None
        lines, total = directory.history(db, found.id or 0, limit=paging.limit + 1, before=after)
    here.saw("contact.read", f"contact:{found.id}")
    return paging.page([line.model_dump() for line in lines], lambda row: (row["id"],), total=total)


@router.post("/{id}/block", response_model=Blocked, dependencies=WRITE)
def block(id: Id, here: Here = Depends(here)) -> object:
    """Nothing is sent to the contact and nothing answers it; Meta, too, stops who wrote in the last 24 hours."""
    return _block(here, id, True)


@router.post("/{id}/unblock", response_model=Blocked, dependencies=WRITE)
def unblock(id: Id, here: Here = Depends(here)) -> object:
    return _block(here, id, False)


def _block(here: Here, id_: int, blocked: bool) -> dict[str, Any]:
    with here.write() as db:
        found = find(db, here, id_)
        changed = contact_blocking.block(db, here.org_id, [found.id or 0], blocked, actor=here.actor, now=here.now)
        places = contact_blocking.at_meta(db, here.org_id, changed, blocked, here.now)
        here.note(db, "contact.blocked" if blocked else "contact.unblocked", f"contact:{found.id}")
        db.refresh(found)
        row = row_of(db, found)
    return {"contact": row, "meta": [at_meta.block(*each, blocked) for each in contact_blocking.by_number(places)]}


@router.post("/{id}/merge", response_model=ContactCard, dependencies=WRITE)
def merge(id: Id, body: Other, here: Here = Depends(here)) -> object:
    """Makes two contacts one: everything of the other moves to this one."""
    with here.write() as db:
        stays, goes = find(db, here, id), find(db, here, body.contact)
        contacts.refuse_same(stays.id or 0, goes.id or 0)
        kept = contacts.merge(db, stays.id or 0, goes.id or 0, here.now, actor=here.actor)
        here.note(db, "contact.merged", f"contact:{kept.id}", other=goes.id)
        db.flush()
        return directory.card(db, kept)
