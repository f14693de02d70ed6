"""Views of the inbox: filters with a name, those that everybody has and those that agents save, each with its count."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_
from sqlmodel import Session, col, select

from pytake_cli.errors import Conflict, Forbidden, InvalidData, NotFound
from pytake_cli.policy import inbox_filter
from pytake_cli.policy.people import storable
from pytake_cli.policy.talks import MANAGE, OPEN, QUEUED, SNOOZED, WRITE
from pytake_cli.services import talk_filter, talk_list
from pytake_cli.services.principals import Principal
from pytake_cli.services.talk_filter import Asker
from pytake_cli.services.talk_list import ORDERS, Count, Crowd
from pytake_cli.store.desks import SavedView

MOST_VIEWS = 100  # of one organisation
LONGEST_NAME = 60


@dataclass(frozen=True, slots=True)
class View:
    """A filter with a name."""

    slug: str
    name: str
    where: str
    order: str = "waiting"
    builtin: bool = False
    shared: bool = True
    owner_id: int | None = None
    id: int | None = None


BUILTIN = (
    View("mine", "Mine", "agent:@me status:open", builtin=True),
    View("unassigned", "Unassigned", "agent:@none status:queued,open", builtin=True),
    View("all", "All", "status:bot,queued,open,snoozed", "activity", builtin=True),
    View("mentions", "Mentions", "mention:@me", "activity", builtin=True),
    View("closing", "Window closing", "window<2h status:queued,open", "window", builtin=True),
    View("snoozed", "Snoozed", "status:snoozed", "activity", builtin=True),
    View("resolved-today", "Resolved today", "resolved:today", "activity", builtin=True),
)
_KNOWN = {view.slug: view for view in BUILTIN}


def everyone(db: Session, who: Principal) -> list[View]:
    """All that this agent has: the ones of everybody, the shared ones and their own."""
    mine = or_(col(SavedView.shared), col(SavedView.owner_id) == who.user_id)
    query = select(SavedView).where(SavedView.org_id == who.org_id)
    if not _is_machine(who):
        query = query.where(mine)
    return [*BUILTIN, *(_view(row) for row in db.exec(query.order_by(col(SavedView.name), col(SavedView.id))))]


def _is_machine(who: Principal) -> bool:
    return who.kind == "local"


def _view(row: SavedView) -> View:
    return View(row.slug, row.name, row.where, row.order, False, row.shared, row.owner_id, row.id)


def find(db: Session, who: Principal, slug: str) -> View:
    for view in everyone(db, who):
        if view.slug == slug:
            return view
    raise NotFound("PT-VIEW", "there is no view {view}", fix="pytake view list", view=slug)


def counts(db: Session, asker: Asker, views: Iterable[View]) -> dict[str, Count]:
    """How many each has: the usual ones in one pass, the others one by one."""
    crowds = talk_list.crowds(db, asker)
    found: dict[str, Count] = {}
    for view in views:
        if view.slug in _OF_CROWDS and view.builtin:
            chosen = [crowd for crowd in crowds if _belongs(view.slug, crowd, asker.user_id)]
            found[view.slug] = Count(sum(c.count for c in chosen), sum(c.unread for c in chosen))
        elif "@me" in view.where and asker.user_id is None:
            found[view.slug] = Count()
        else:
            found[view.slug] = _count(db, asker, view)
    return found


_OF_CROWDS = ("mine", "unassigned", "all", "snoozed")


def _belongs(slug: str, crowd: Crowd, me: int | None) -> bool:
    match slug:
        case "mine":
            return me is not None and crowd.agent == me and crowd.status == OPEN
        case "unassigned":
            return crowd.agent is None and crowd.status in (QUEUED, OPEN)
        case "snoozed":
            return crowd.status == SNOOZED
        case _:
            return True


def _count(db: Session, asker: Asker, view: View) -> Count:
    try:
        return talk_list.count(db, talk_filter.conditions(db, asker, view.where))
    except (InvalidData, NotFound, Conflict):  # it names an agent who is gone: the others still count
        return Count()


def create(
    db: Session, who: Principal, name: str, where: str, *, order: str = "waiting", shared: bool, now: datetime
) -> View:
    """Saves a filter. Raises Conflict when there is a view of that name already."""
    who.require(WRITE)
    name = _checked_name(name)
    _check(where, order)
    slug = slug_of(name)
    taken = db.exec(select(SavedView.id).where(SavedView.org_id == who.org_id)).all()
    if len(taken) >= MOST_VIEWS:
        raise Conflict("PT-VIEW-MANY", "there are {most} views already", fix="pytake view delete NAME", most=MOST_VIEWS)
    _refuse_taken(db, who, slug)
    row = SavedView(
        org_id=who.org_id,
        slug=slug,
        name=name,
        where=where.strip(),
        order=order,
        owner_id=who.user_id,
        shared=shared or who.user_id is None,
        created_at=now,
        updated_at=now,
    )
    db.add(row)
    db.flush()
    return _view(row)


def change(
    db: Session,
    who: Principal,
    slug: str,
    now: datetime,
    *,
    name: str | None = None,
    where: str | None = None,
    order: str | None = None,
    shared: bool | None = None,
) -> View:
    """Changes one's own view, or anybody's with the right to manage."""
    row = _own(db, who, slug)
    if name is not None and slug_of(_checked_name(name)) != row.slug:
        _refuse_taken(db, who, slug_of(name))
        row.slug = slug_of(name)
    if name is not None:
        row.name = _checked_name(name)
    _check(where if where is not None else row.where, order or row.order)
    row.where = where.strip() if where is not None else row.where
    row.order = order or row.order
    row.shared = shared if shared is not None else row.shared
    row.updated_at = now
    db.add(row)
    db.flush()
    return _view(row)


def delete(db: Session, who: Principal, slug: str) -> None:
    db.delete(_own(db, who, slug))
    db.flush()


def _own(db: Session, who: Principal, slug: str) -> SavedView:
    who.require(WRITE)
    view = find(db, who, slug)
    if view.builtin:
        raise Conflict("PT-VIEW-BUILTIN", "the view {view} is everybody's and stays", fix="pytake view list", view=slug)
    if view.owner_id != who.user_id and not who.may(MANAGE):
        raise Forbidden("PT-VIEW-OTHERS", "the view {view} is a colleague's", fix="pytake view list", view=slug)
    return db.get_one(SavedView, view.id)


def _refuse_taken(db: Session, who: Principal, slug: str) -> None:
    known = db.exec(select(SavedView.id).where(SavedView.org_id == who.org_id, SavedView.slug == slug)).first()
    if slug in _KNOWN or known is not None:
        raise Conflict("PT-VIEW-EXISTS", "there is a view {view} already", fix="pytake view list", view=slug)


def _checked_name(name: str) -> str:
    words = " ".join(storable(name).split())
    if not words or len(words) > LONGEST_NAME or not slug_of(words):
        raise InvalidData(
            "PT-VIEW-NAME",
            "a view has a name of 1 to {most} characters with letters or digits",
            fix='pytake view create "Urgentes" -w priority:urgent',
            most=LONGEST_NAME,
        )
    return words


def _check(where: str, order: str) -> None:
    inbox_filter.parse(where)
    if order not in ORDERS:
        raise InvalidData(
            "PT-ORDER",
            "the inbox has no order {order}; it has {orders}",
            fix="pytake conversation list -h",
            order=order,
            orders=", ".join(ORDERS),
        )


def slug_of(name: str) -> str:
    """`Urgentes de hoje` is urgentes-de-hoje."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
