"""/bulk, /undo, /activity: many conversations at once, taking it back, and what was done."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query

from pytake_cli.api.v1.conversations import Id, asker, principal
from pytake_cli.api.v1.here import Here, here, needs
from pytake_cli.api.v1.inbox_models import ActivityLine, Batch, BulkGiven, ConversationRow, MergeGiven, UndoGiven
from pytake_cli.api.v1.paging import LARGEST_ID, Page, Paging, paging
from pytake_cli.api.v1.problems import content
from pytake_cli.api.v1.routes import router as new_router
from pytake_cli.errors import InvalidData
from pytake_cli.services import activity, talk_bulk, talk_merge, talk_rows, talk_undo, views
from pytake_cli.services.talk_bulk import Done

router = new_router("bulk", "")
_ASIDE = {"action", "ids", "where", "view", "if_version"}


@router.post("/bulk", response_model=Batch, dependencies=[Depends(needs("conversations:write"))])
def act(given: BulkGiven, here: Here = Depends(here)) -> object:
    """The same action on many conversations; what cannot be done is skipped and told."""
    who = principal(here)
    with here.read() as db:
        whom = asker(here, db)
        named = views.find(db, who, given.view).where if given.view is not None else ""
    where = f"{named} {given.where or ''}".strip() if given.where is not None or given.view is not None else None
    if (given.ids is None) == (where is None):
        raise InvalidData("PT-BULK-NONE", "no conversation is named", fix="ids, or where")
    done = talk_bulk.act(
        here.office.store,
        who,
        given.action,
        given.model_dump(exclude=_ASIDE),
        here.now,
        ids=given.ids,
        asker=whom,
        where=where,
    )
    here.noted(f"conversation.{given.action}", f"batch:{done.batch}", done=len(done.done))
    return _batch(done)


def _batch(done: Done) -> dict[str, object]:
    told = [(each.id, content(each.error)) for each in done.skipped]
    skipped = [{"id": id_, "slug": says["slug"], "says": says["detail"]} for id_, says in told]
    return {"batch": done.batch, "done": done.done, "skipped": skipped}


@router.post("/undo", response_model=Batch, dependencies=[Depends(needs("conversations:write"))])
def undo(given: UndoGiven, here: Here = Depends(here)) -> object:
    """Puts back what a change or a batch replaced; 409 when others came after."""
    who = principal(here)
    if (given.change is None) == (given.batch is None):
        raise InvalidData("PT-UNDO-WHAT", "what is to be undone: either change or batch", fix="one of both")
    if given.batch is not None:
        done = talk_bulk.undo(here.office.store, who, given.batch, here.now)
        here.noted("conversation.undone", f"batch:{given.batch}", done=len(done.done))
        return _batch(done)
    with here.write() as db:
        for row in talk_undo.find(db, change=given.change):
            talk_undo.undo(db, who, row, here.now)
        return {"batch": None, "done": [row.conversation_id], "skipped": []}


@router.get("/activity", response_model=Page[ActivityLine], dependencies=[Depends(needs("conversations:read"))])
def list_(
    mine: bool = False,
    conversation: Annotated[int | None, Query(ge=1, le=LARGEST_ID)] = None,
    paging: Paging = Depends(paging),
    here: Here = Depends(here),
) -> object:
    """What was done to conversations, newest first."""
    after = paging.after(int)
    with here.read() as db:
        rows = activity.page(
            db,
            here.org_id,
            here.now,
            limit=paging.limit + 1,
            by=(here.principal.user_id or 0) if mine else None,
            conversation=conversation,
            before=after[0] if after else None,
        )
    here.saw("activity.listed")
    return paging.page(rows, lambda row: (row["change"],))


@router.post(
    "/conversations/{id}/merge",
    response_model=ConversationRow,
    dependencies=[Depends(needs("conversations:manage"))],
)
def merge(id: Id, given: MergeGiven, here: Here = Depends(here)) -> object:
    """Moves what was said in another conversation of the same person and number into this one. There is no undo."""
    with here.write() as db:
        talk_merge.by_ids(db, principal(here), id, given.other, here.now)
        return talk_rows.row(db, here.org_id, id, me=here.principal.user_id)
