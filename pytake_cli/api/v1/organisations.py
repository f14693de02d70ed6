"""/org: the organisation that one works in; and for super administrators, which there are."""

from __future__ import annotations

from datetime import datetime

from fastapi import Depends, Response
from pydantic import BaseModel, Field

from pytake_cli.api.v1.here import Here, here, needs
from pytake_cli.api.v1.paging import Page, Paging, short
from pytake_cli.api.v1.routes import Body
from pytake_cli.api.v1.routes import router as new_router
from pytake_cli.api.v1.versions import guard, tag
from pytake_cli.services import accounts
from pytake_cli.store import organisations
from pytake_cli.store.organisations import Organisation

router = new_router("org")


class OrganisationCard(BaseModel):
    id: int
    slug: str
    name: str
    tz: str
    lang: str
    country: str
    acknowledgement: str
    dpo: str
    second_person_above: int
    created_at: datetime


class OrganisationChange(Body):
    name: str | None = Field(None, max_length=200)
    tz: str | None = Field(None, max_length=100)
    lang: str | None = Field(None, max_length=20)
    country: str | None = Field(None, max_length=20)
    acknowledgement: str | None = Field(None, max_length=5000)
    dpo: str | None = Field(None, max_length=500)
    second_person_above: int | None = Field(None, ge=0, le=999_999_999)


@router.get("", response_model=OrganisationCard, dependencies=[Depends(needs("org:read"))])
def show(response: Response, here: Here = Depends(here)) -> object:
    """The organisation."""
    with here.read() as db:
        found = _card(db.get_one(Organisation, here.org_id))
    tag(response, found)
    return found


@router.patch("", response_model=OrganisationCard, dependencies=[Depends(needs("org:write"))])
def change(body: OrganisationChange, response: Response, here: Here = Depends(here)) -> object:
    """Changes what is given."""
    with here.write() as db:
        row = db.get_one(Organisation, here.org_id)
        guard(here.request, _card(row))
        given = {name: str(value) for name, value in body.model_dump(exclude_unset=True).items() if value is not None}
        changed = accounts.set_organisation(db, row, given)
        here.note(db, "org.changed", f"org:{row.slug}", fields=changed)
        found = _card(row)
    tag(response, found)
    return found


@router.get("/all", response_model=Page[OrganisationCard], dependencies=[Depends(needs("*"))])
def everyone(paging: Paging = Depends(short), here: Here = Depends(here)) -> object:
    """Every organisation of the store; the header X-PyTake-Org picks one of them by its slug."""
    with here.office.store.read() as db:
        return paging.part(organisations.everyone(db), lambda row: (row.slug,), _card)


def _card(row: Organisation) -> dict[str, object]:
    return row.model_dump(include=set(OrganisationCard.model_fields))
