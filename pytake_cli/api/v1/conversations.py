"""/conversations: the inbox's list, one conversation with its timeline, writing in it and doing things with it."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from fastapi import Depends, Path, Query, Response
from sqlmodel import Session

from pytake_cli.api.v1 import versions
from pytake_cli.api.v1.here import Here, here, needs
from pytake_cli.api.v1.inbox_models import (
    Acted,
    ActionGiven,
    ContactCard,
    ConversationGiven,
    ConversationRow,
    MessageGiven,
    Timeline,
    TimelineItem,
)
from pytake_cli.api.v1.paging import LARGEST_ID, Page, Paging, cursor, paging
from pytake_cli.api.v1.routes import router as new_router
from pytake_cli.services import (
    conversations,
    talk_actions,
    talk_card,
    talk_filter,
    talk_list,
    talk_opening,
    talk_rows,
    talk_sending,
    timeline,
    views,
)
from pytake_cli.services.principals import Principal
from pytake_cli.services.talk_filter import Asker
from pytake_cli.services.talk_sending import Letter
from pytake_cli.services.talk_undo import UNDO_FOR
from pytake_cli.store.conversations import Conversation
from pytake_cli.store.organisations import Organisation

router = new_router("conversations")
Id = Annotated[int, Path(ge=1, le=LARGEST_ID)]
_ORDER = Literal["waiting", "activity", "window", "priority"]


def principal(here: Here) -> Principal:
    """Who asks, as services take it."""
    who = here.principal
    return Principal(who.org_id, who.user_id, who.name, who.role, who.permissions, who.kind)


def asker(here: Here, db: Session) -> Asker:
    """For whom a filter is read."""
    org = db.get_one(Organisation, here.org_id)
    return Asker(here.org_id, here.principal.user_id, here.now, ZoneInfo(org.tz))


@router.get("", response_model=Page[ConversationRow], dependencies=[Depends(needs("conversations:read"))])
def list_(
    view: Annotated[str | None, Query(max_length=100)] = None,
    where: Annotated[str, Query(max_length=1000)] = "",
    order: _ORDER | None = None,
    paging: Paging = Depends(paging),
    here: Here = Depends(here),
) -> object:
    """A page of a view, of a filter, or of both; without either all that is not resolved."""
    after = paging.after(str, int, str, int)
    with here.read() as db:
        who = asker(here, db)
        named = views.find(db, principal(here), view) if view is not None else None
        conditions = talk_filter.conditions(db, who, f"{named.where if named else ''} {where}".strip())
        by = order or (named.order if named else "waiting")
        ids, following = talk_list.page(db, who, conditions, by, limit=paging.limit, after=after)
        rows = talk_rows.rows(db, here.org_id, ids, me=here.principal.user_id)
    here.saw("conversation.listed")
    return {"items": rows, "next": cursor(*following) if following else None}


@router.post("", response_model=ConversationRow, dependencies=[Depends(needs("conversations:write"))])
def open_(given: ConversationGiven, here: Here = Depends(here)) -> object:
    """The conversation with a person that goes on, or a new one; only a template begins what they did not."""
    with here.write() as db:
        opened = talk_opening.open_(
            db, principal(here), contact_id=given.contact, phone=given.phone, number_id=given.number, now=here.now
        )
        return talk_rows.row(db, here.org_id, opened.id or 0, me=here.principal.user_id)


@router.get("/{id}", response_model=ConversationRow, dependencies=[Depends(needs("conversations:read"))])
def show(id: Id, response: Response, here: Here = Depends(here)) -> object:
    """One conversation, as the list has it."""
    with here.read() as db:
        row = talk_rows.row(db, here.org_id, id, me=here.principal.user_id)
    versions.tag(response, row, row["version"])
    here.saw("conversation.read", f"conversation:{id}")
    return row


@router.get("/{id}/timeline", response_model=Timeline, dependencies=[Depends(needs("conversations:read"))])
def read_timeline(
    id: Id,
    before: Annotated[str | None, Query(max_length=500)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = timeline.PAGE,
    here: Here = Depends(here),
) -> object:
    """The newest items, oldest first; `before` is the `next` of the page after them."""
    bounds = Paging(limit, before).after(int, int, int)
    with here.read() as db:
        found = timeline.page(db, conversations.get(db, id), before=bounds, limit=limit)
    here.saw("conversation.read", f"conversation:{id}")
    return {"items": found.items, "next": cursor(*found.earlier) if found.earlier else None}


@router.get("/{id}/contact", response_model=ContactCard, dependencies=[Depends(needs("conversations:read"))])
def card(id: Id, here: Here = Depends(here)) -> object:  # noqa: A002
    """Who the person is: the card beside the chat."""
    with here.read() as db:
        found = talk_card.card(db, conversations.get(db, id))
    here.saw("conversation.read", f"conversation:{id}")
    return found


@router.post(
    "/{id}/messages", response_model=TimelineItem, dependencies=[Depends(needs("conversations:write"))], status_code=201
)
def write(id: Id, given: MessageGiven, here: Here = Depends(here)) -> object:
    """Queues a message. 409: a flow owns it, the window is closed, or a colleague answered meanwhile or is typing."""
    letter = Letter(**given.model_dump())
    with here.write() as db:
        conversation = conversations.get(db, id)
        typing = here.office.colleague_typing(id, here.principal.user_id)
        message, _ = talk_sending.send(db, principal(here), conversation, letter, here.now, typing=typing)
        return timeline.one_message(db, message)


@router.post(
    "/{id}/messages/{message}/retry",
    response_model=TimelineItem,
    dependencies=[Depends(needs("conversations:write"))],
)
def retry(id: Id, message: Id, here: Here = Depends(here)) -> object:
    """Queues a failed message again."""
    with here.write() as db:
        again = talk_sending.retry(db, principal(here), conversations.get(db, id), message, here.now)
        return timeline.one_message(db, again)


@router.post("/{id}/actions", response_model=Acted, dependencies=[Depends(needs("conversations:write"))])
def act(id: Id, given: ActionGiven, here: Here = Depends(here)) -> object:
    """Does something with a conversation; the answer has what undo takes."""
    with here.write() as db:
        conversation: Conversation = conversations.get(db, id)
        change = talk_actions.act(
            db, principal(here), conversation, given.action, given.model_dump(exclude={"action"}), here.now
        )
        here.note(db, f"conversation.{given.action}", f"conversation:{id}")
        return {
            "conversation": talk_rows.row(db, here.org_id, id, me=here.principal.user_id),
            "change": change.id if change else None,
            "undo_until": here.now + timedelta(seconds=UNDO_FOR.total_seconds())
            if change and change.undoable
            else None,
        }
