"""/views: filters with a name, and how many conversations each has."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import Depends, Request, Response

from pytake_cli.api.v1 import versions
from pytake_cli.api.v1.conversations import asker, principal
from pytake_cli.api.v1.here import Here, here, needs
from pytake_cli.api.v1.inbox_models import ViewGiven, ViewRow
from pytake_cli.api.v1.paging import Page, Paging, short
from pytake_cli.api.v1.routes import router as new_router
from pytake_cli.services import views
from pytake_cli.services.talk_list import Count
from pytake_cli.services.views import View

router = new_router("views")


def _row(view: View, counts: Mapping[str, Count], me: int | None) -> dict[str, object]:
    count = counts.get(view.slug, Count())
    return {
        "slug": view.slug,
        "name": view.name,
        "where": view.where,
        "order": view.order,
        "builtin": view.builtin,
        "shared": view.shared,
        "mine": view.owner_id is not None and view.owner_id == me,
        "count": count.count,
        "unread": count.unread,
    }


@router.get("", response_model=Page[ViewRow], dependencies=[Depends(needs("conversations:read"))])
def list_(paging: Paging = Depends(short), here: Here = Depends(here)) -> object:
    """Everybody's views, the shared ones and one's own, counted by the server."""
    with here.read() as db:
        found = views.everyone(db, principal(here))
        counts = views.counts(db, asker(here, db), found)
    return paging.part(found, _place, lambda view: _row(view, counts, here.principal.user_id))


def _place(view: views.View) -> tuple[int, str, int]:
    """Everybody's in their own order, then the others by name."""
    return (views.BUILTIN.index(view), "", 0) if view.builtin else (len(views.BUILTIN), view.name, view.id or 0)


@router.get("/{slug}", response_model=ViewRow, dependencies=[Depends(needs("conversations:read"))])
def show(slug: str, response: Response, here: Here = Depends(here)) -> object:
    """One view."""
    with here.read() as db:
        view = views.find(db, principal(here), slug)
        row = _row(view, views.counts(db, asker(here, db), [view]), here.principal.user_id)
    versions.tag(response, _saved(view))
    return row


def _saved(view: View) -> dict[str, object]:
    """What a change of the view replaces."""
    return {"name": view.name, "where": view.where, "order": view.order, "shared": view.shared}


@router.post("", response_model=ViewRow, dependencies=[Depends(needs("conversations:write"))], status_code=201)
def create(given: ViewGiven, here: Here = Depends(here)) -> object:
    """Saves a filter under a name."""
    with here.write() as db:
        view = views.create(
            db, principal(here), given.name, given.where, order=given.order, shared=given.shared, now=here.now
        )
        return _row(view, views.counts(db, asker(here, db), [view]), here.principal.user_id)


@router.put("/{slug}", response_model=ViewRow, dependencies=[Depends(needs("conversations:write"))])
def change(slug: str, given: ViewGiven, request: Request, response: Response, here: Here = Depends(here)) -> object:
    """Replaces one's own view, or anybody's with the right to manage."""
    with here.write() as db:
        who = principal(here)
        versions.guard(request, _saved(views.find(db, who, slug)))
        view = views.change(db, who, slug, here.now, **given.model_dump())
        row = _row(view, views.counts(db, asker(here, db), [view]), here.principal.user_id)
    versions.tag(response, _saved(view))
    return row


@router.delete("/{slug}", status_code=204, dependencies=[Depends(needs("conversations:write"))])
def delete(slug: str, request: Request, here: Here = Depends(here)) -> None:
    """Deletes a view."""
    with here.write() as db:
        who = principal(here)
        versions.guard(request, _saved(views.find(db, who, slug)))
        views.delete(db, who, slug)
