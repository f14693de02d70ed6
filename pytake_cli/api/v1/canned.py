"""/canned: texts that agents insert, filled for a conversation."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Query, Request, Response
from pydantic import BaseModel, Field
from sqlmodel import Session

from pytake_cli.api.v1 import versions
from pytake_cli.api.v1.here import Here, here, needs
from pytake_cli.api.v1.paging import LARGEST_ID, Page, Paging, paging
from pytake_cli.api.v1.routes import Body
from pytake_cli.api.v1.routes import router as new_router
from pytake_cli.services import canned, conversations
from pytake_cli.store import canned as rows
from pytake_cli.store.canned import Canned
from pytake_cli.store.organisations import Organisation
from pytake_cli.store.users import User

router = new_router("canned")


class StopRow(BaseModel):
    """A place to fill: `filled[start:end]` is its default."""

    start: int
    end: int
    name: str
    default: str


class CannedRow(BaseModel):
    """`text` is filled, its open places are `{{name|default}}`; `filled` has the defaults in them."""

    key: str
    title: str
    text: str
    filled: str
    stops: list[StopRow]
    texts: dict[str, str]
    labels: list[str]
    own: bool
    uses: int
    used_at: datetime | None


class CannedChange(Body):
    """`texts` by language, "" for whatever language."""

    title: Annotated[str, Field(max_length=120)] = ""
    texts: Annotated[dict[str, Annotated[str, Field(max_length=4096)]], Field(min_length=1, max_length=20)]
    labels: Annotated[tuple[Annotated[str, Field(max_length=80)], ...], Field(max_length=20)] = ()


class CannedGiven(CannedChange):
    key: Annotated[str, Field(max_length=41)]
    own: bool = False


def me(here: Here, db: Session) -> User | None:
    """The person who asks, if it is one."""
    return db.get(User, here.principal.user_id) if here.principal.user_id is not None else None


def _row(row: Canned, scope: dict[str, Any]) -> dict[str, Any]:
    filled = canned.filled(row, scope)
    stops = [{name: getattr(stop, name) for name in StopRow.model_fields} for stop in filled.stops]
    shown = {name: getattr(row, name) for name in ("key", "title", "texts", "labels", "uses", "used_at")}
    return {**shown, "own": bool(row.owner_id), "text": filled.marked, "filled": filled.text, "stops": stops}


def _saved(row: Canned) -> dict[str, Any]:
    """What a change of the reply replaces."""
    return {"title": row.title, "texts": row.texts, "labels": row.labels}


@router.get("", response_model=Page[CannedRow], dependencies=[Depends(needs("canned:read"))])
def list_(
    q: Annotated[str, Query(max_length=200)] = "",
    conversation: Annotated[int | None, Query(ge=1, le=LARGEST_ID)] = None,
    label: Annotated[str, Query(max_length=80)] = "",
    paging: Paging = Depends(paging),
    here: Here = Depends(here),
) -> object:
    """What a few letters mean, the best first, then what is used most; filled for the conversation."""
    with here.read() as db:
        user = me(here, db)
        talk = conversations.get(db, conversation) if conversation is not None else None
        scope = canned.scope(db, db.get_one(Organisation, here.org_id), user, here.now, talk)
        found = [row for row in canned.search(db, here.org_id, q, user) if not label or label.lower() in row.labels]
        return paging.part(enumerate(found), lambda placed: (placed[0],), lambda placed: _row(placed[1], scope))


@router.get("/{key}", response_model=CannedRow, dependencies=[Depends(needs("canned:read"))])
def show(key: str, response: Response, here: Here = Depends(here)) -> object:
    """One canned reply."""
    with here.read() as db:
        user = me(here, db)
        row = canned.find(db, here.org_id, key, user)
        shown = _row(row, canned.scope(db, db.get_one(Organisation, here.org_id), user, here.now))
    versions.tag(response, _saved(row))
    return shown


@router.post("", response_model=CannedRow, dependencies=[Depends(needs("canned:write"))], status_code=201)
def create(given: CannedGiven, here: Here = Depends(here)) -> object:
    """Keeps a text under a key, for everybody or only oneself."""
    with here.write() as db:
        user = me(here, db)
        row = canned.create(
            db,
            here.org_id,
            given.key,
            given.texts,
            here.now,
            title=given.title,
            labels=given.labels,
            owner=user if given.own else None,
        )
        return _row(row, canned.scope(db, db.get_one(Organisation, here.org_id), user, here.now))


@router.put("/{key}", response_model=CannedRow, dependencies=[Depends(needs("canned:write"))])
def change(key: str, given: CannedChange, request: Request, response: Response, here: Here = Depends(here)) -> object:
    """Replaces a canned reply."""
    with here.write() as db:
        user = me(here, db)
        row = canned.find(db, here.org_id, key, user)
        versions.guard(request, _saved(row))
        texts = {**dict.fromkeys(row.texts, ""), **given.texts}
        canned.change(db, row, here.now, texts=texts, title=given.title, labels=given.labels)
        shown = _row(row, canned.scope(db, db.get_one(Organisation, here.org_id), user, here.now))
        versions.tag(response, _saved(row))
    return shown


@router.delete("/{key}", status_code=204, dependencies=[Depends(needs("canned:write"))])
def delete(key: str, request: Request, here: Here = Depends(here)) -> None:
    """Deletes a canned reply."""
    with here.write() as db:
        row = canned.find(db, here.org_id, key, me(here, db))
        versions.guard(request, _saved(row))
        canned.delete(db, row)


@router.post("/{key}/used", status_code=204, dependencies=[Depends(needs("canned:read"))])
def used(key: str, here: Here = Depends(here)) -> None:
    """Counts that it was inserted: what is used most comes first."""
    with here.write(quiet=True) as db:
        row = canned.find(db, here.org_id, key, me(here, db))
        rows.used(db, row.id or 0, here.now)
