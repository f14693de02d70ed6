"""/search: messages, notes and contacts by their words."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Query
from pydantic import BaseModel

from pytake_cli.api.v1.here import Here, here, needs
from pytake_cli.api.v1.paging import Page
from pytake_cli.api.v1.routes import router as new_router
from pytake_cli.errors import InvalidData
from pytake_cli.services import contacts, messages
from pytake_cli.services.messages import PLACES

router = new_router("search")
PEOPLE = ("conversations:read", "contacts:read")


class Person(BaseModel):
    id: int
    name: str


class Hit(BaseModel):
    place: str
    id: int
    at: datetime
    text: str
    contact: Person | None
    conversation_id: int | None


@router.get("", response_model=Page[Hit], dependencies=[Depends(needs(*PEOPLE))])
def search(
    q: Annotated[str, Query(min_length=1, max_length=200)],
    places: Annotated[str, Query(alias="in", max_length=100)] = ",".join(PLACES),
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    here: Here = Depends(here),
) -> object:
    """What has all the words, the newest first; `in` names places, with commas between."""
    wanted = [place.strip() for place in places.split(",") if place.strip()]
    if not set(wanted) <= set(PLACES):
        raise InvalidData("PT-API-BODY", "the request does not fit: {at}", fix=",".join(PLACES), at="query.in")
    with here.read() as db:
        found = messages.search_words(db, q, org=here.org_id, places=wanted, limit=limit)
        ids = [hit.contact.id for hit in found if hit.contact and hit.contact.id]
        names = contacts.display_names(db, ids)
    here.saw("search")
    return {"items": [_row(hit, names) for hit in found]}


def _row(hit: messages.Hit, names: dict[int, str]) -> dict[str, Any]:
    who = hit.contact.id if hit.contact else None
    return {
        "place": hit.place,
        "id": hit.id,
        "at": hit.at,
        "text": hit.text,
        "contact": {"id": who, "name": names.get(who, "")} if who is not None else None,
        "conversation_id": hit.conversation_id,
    }
