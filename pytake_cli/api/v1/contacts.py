"""/contacts: the people who write to you; listed, shown, made, changed, put away."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Query, Response
from pydantic import BaseModel, Field
from sqlmodel import Session

from pytake_cli.api.v1.here import Here, here, needs
from pytake_cli.api.v1.paging import Id, Page, Paging, paging
from pytake_cli.api.v1.routes import Body, Text
from pytake_cli.api.v1.routes import router as new_router
from pytake_cli.api.v1.versions import guard, tag
from pytake_cli.services import contact_changes, contact_removal, contact_values, contacts, directory, fields, segments
from pytake_cli.store.contacts import Contact

router = new_router("contacts")

Value = str | int | float | bool | None
Tags = Annotated[list[Annotated[str, Field(max_length=80)]], Field(max_length=50)]


class ContactRow(BaseModel):
    """A contact as lists show it."""

    id: int
    display: str
    phone: str | None
    username: str | None
    bsuid: str | None
    name: str
    profile_name: str
    stage: str
    score: int
    vip: bool
    tags: list[str]
    language: str
    tz: str
    fields: dict[str, Any]
    blocked_at: datetime | None
    marketing_granted_at: datetime | None
    marketing_stopped_at: datetime | None
    utility_stopped_at: datetime | None
    opted_out_at: datetime | None
    last_seen_at: datetime | None
    created_at: datetime
    updated_at: datetime


class ContactCard(ContactRow):
    """A contact with everything that is known of it."""

    identities: list[dict[str, Any]]
    windows: list[dict[str, Any]]
    consents: list[dict[str, Any]]
    notes: list[dict[str, Any]]
    conversations: int
    history: int
    merged: list[int]


class Values(Body):
    """What may be said of a contact; an empty text removes."""

    name: Text | None = None
    stage: Text | None = None
    score: int | None = Field(None, ge=-1_000_000_000, le=1_000_000_000)
    vip: bool | None = None
    language: Text | None = None
    tz: Text | None = None
    fields: dict[Annotated[str, Field(max_length=80)], Value] = Field({}, description="your own fields; null removes")

    def given(self) -> dict[str, Any]:
        """By the names that `contact_values` reads."""
        own = self.model_dump(exclude_unset=True, exclude={"fields", "phone", "tags"})
        found = {name: value for name, value in own.items() if value is not None}
        return found | {f"f.{name}": "" if value is None else value for name, value in self.fields.items()}


class NewContact(Values):
    phone: str = Field(max_length=40, description="in any form; +55… or as dialled in your country")
    tags: Tags = []


@router.get("", response_model=Page[ContactRow], dependencies=[Depends(needs("contacts:read"))])
def list_(
    q: Annotated[str, Query(max_length=200)] = "",
    tag: Annotated[list[str] | None, Query(max_length=20)] = None,
    stage: Annotated[str, Query(max_length=100)] = "",
    where: Annotated[str | None, Query(max_length=4000)] = None,
    paging: Paging = Depends(paging),
    here: Here = Depends(here),
) -> object:
    """Contacts, the newest first; `where` is an expression of segments."""
    before = paging.after(int)
    with here.read() as db:
        among = segments.ids(db, here.org_id, where, here.now) if where is not None else None
        wanted = directory.Filter(words=q, tags=tuple(tag or ()), stage=stage, among=among)
        after = before[0] if before else None
        rows, total = directory.page(db, here.org_id, wanted, limit=paging.limit + 1, before=after)
    here.saw("contact.listed")
    return paging.page(rows, lambda row: (row["id"],), total=total)


@router.post("", status_code=201, response_model=ContactRow, dependencies=[Depends(needs("contacts:write"))])
def create(body: NewContact, response: Response, here: Here = Depends(here)) -> object:
    """Adds a contact by phone number; whoever writes is added by itself."""
    with here.write() as db:
        wanted = _read(db, here, body.given())
        made = directory.create(db, here.org_id, body.phone, wanted, actor=here.actor, now=here.now)
        if body.tags:
            contact_changes.tag(db, here.org_id, [made.id or 0], body.tags, actor=here.actor, now=here.now)
        here.note(db, "contact.created", f"contact:{made.id}")
        row = row_of(db, made)
    tag(response, versioned(row))
    return row


@router.get("/{id}", response_model=ContactCard, dependencies=[Depends(needs("contacts:read"))])
def show(id: Id, response: Response, here: Here = Depends(here)) -> object:
    """One contact with every way in which it is known."""
    with here.read() as db:
        found = find(db, here, id)
        card = directory.card(db, found)
        tag(response, versioned(row_of(db, found)))
    here.saw("contact.read", f"contact:{found.id}")
    return card


@router.patch("/{id}", response_model=ContactRow, dependencies=[Depends(needs("contacts:write"))])
def change(id: Id, body: Values, response: Response, here: Here = Depends(here)) -> object:
    """Changes what is given."""
    with here.write() as db:
        found = find(db, here, id)
        guard(here.request, versioned(row_of(db, found)))
        wanted = _read(db, here, body.given())
        done = contact_changes.apply(db, here.org_id, [found.id or 0], wanted, actor=here.actor, now=here.now)
        here.note(db, "contact.changed", f"contact:{found.id}", fields=done.get(found.id or 0, []))
        row = row_of(db, found)
    tag(response, versioned(row))
    return row


@router.delete("/{id}", status_code=204, dependencies=[Depends(needs("contacts:write"))])
def delete(id: Id, here: Here = Depends(here)) -> None:
    """Puts a contact away: in no list, search or audience. Who writes again is back."""
    with here.write() as db:
        found = find(db, here, id)
        guard(here.request, versioned(row_of(db, found)))
        contact_removal.delete(db, found, actor=here.actor, now=here.now)
        here.note(db, "contact.deleted", f"contact:{found.id}")


def find(db: Session, here: Here, id_: int) -> Contact:
    """The contact of that number; NotFound, also for another organisation's."""
    return contacts.lookup(db, here.org_id, f"contact:{id_}")


def row_of(db: Session, found: Contact) -> dict[str, Any]:
    return directory.rows(db, [found])[0]


def versioned(row: Mapping[str, Any]) -> dict[str, Any]:
    """What of a row people change: being seen again makes no other version."""
    return {name: value for name, value in row.items() if name not in ("last_seen_at", "updated_at", "profile_name")}


def _read(db: Session, here: Here, given: Mapping[str, Any]) -> contact_values.Changes:
    return contact_values.read(fields.known(db, here.org_id), given)
