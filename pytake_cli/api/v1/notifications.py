"""/notifications: what I was told, and that I have seen it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Depends, Query
from pydantic import BaseModel, Field

from pytake_cli.api.v1.here import Here, here, needs
from pytake_cli.api.v1.paging import LARGEST_ID, Page, Paging, paging
from pytake_cli.api.v1.routes import Body
from pytake_cli.api.v1.routes import router as new_router
from pytake_cli.services import notifications
from pytake_cli.store.notifications import Notification

router = new_router("notifications")


class NotificationRow(BaseModel):
    """One thing that I was told; the client makes the sentence out of `kind` and `parts`."""

    id: int
    kind: Literal["mention", "assigned", "sla", "snooze_woken", "system"]
    conversation: int | None
    parts: dict[str, Any]
    at: datetime
    read_at: datetime | None


class Notifications(Page[NotificationRow]):
    """A page of them; `unread` counts all."""

    unread: int


class Seen(Body):
    """Which were seen; without `ids` all that there are."""

    ids: Annotated[list[Annotated[int, Field(ge=1, le=LARGEST_ID)]], Field(max_length=500)] | None = None


class Unread(BaseModel):
    read: int
    unread: int


@router.get("", response_model=Notifications, dependencies=[Depends(needs())])
def list_(
    unread: Annotated[bool, Query()] = False, paging: Paging = Depends(paging), here: Here = Depends(here)
) -> object:
    """My notifications, the newest first; `unread=true` leaves out what I have seen."""
    me = here.principal.user_id or 0
    before = paging.after(int)
    with here.read() as db:
        found = notifications.page(db, me, paging.limit + 1, before=before[0] if before else None, unread=unread)
        count = notifications.unread_count(db, me)
    page = paging.page(found, lambda row: (row.id,))
    return {**page, "items": [_row(each) for each in page["items"]], "unread": count}


@router.post("/read", response_model=Unread, dependencies=[Depends(needs())])
def read(body: Seen, here: Here = Depends(here)) -> object:
    """Marks mine as seen, some or all."""
    me = here.principal.user_id or 0
    with here.write(quiet=True) as db:
        count = notifications.read(db, me, here.now, body.ids)
        return {"read": count, "unread": notifications.unread_count(db, me)}


def _row(row: Notification) -> dict[str, Any]:
    return {**row.model_dump(include={"id", "kind", "parts", "at", "read_at"}), "conversation": row.conversation_id}
