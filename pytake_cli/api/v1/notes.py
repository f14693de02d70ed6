"""/conversations/{id}/notes and …/draft: what agents write for each other, and have not sent yet."""

from __future__ import annotations

from typing import Any

from fastapi import Depends, Response
from sqlmodel import Session

from pytake_cli.api.v1.conversations import Id, principal
from pytake_cli.api.v1.here import Here, here, needs
from pytake_cli.api.v1.inbox_models import DraftGiven, DraftRow, NoteGiven, TimelineItem
from pytake_cli.api.v1.routes import router as new_router
from pytake_cli.api.v1.versions import guard, tag
from pytake_cli.services import conversations, talk_notes, timeline
from pytake_cli.store.desks import Draft

router = new_router("notes", "/conversations/{id}")
_EMPTY = Draft(conversation_id=0, user_id=0, org_id=0, text="")


@router.post(
    "/notes", response_model=TimelineItem, dependencies=[Depends(needs("conversations:write"))], status_code=201
)
def write(id: Id, given: NoteGiven, here: Here = Depends(here)) -> object:
    """Writes an internal note; whoever is named in it finds it in their mentions."""
    with here.write() as db:
        conversation = conversations.get(db, id)
        note = talk_notes.write(db, principal(here), conversation, given.body, here.now, client_id=given.client_id)
        return timeline.one_note(db, note)


@router.get("/draft", response_model=DraftRow, dependencies=[Depends(needs("conversations:write"))])
def read_draft(id: Id, response: Response, here: Here = Depends(here)) -> object:
    """What one has begun to write; empty when nothing is."""
    with here.read() as db:
        found = _draft(db, here, id)
    tag(response, found)
    return found


@router.put("/draft", status_code=204, dependencies=[Depends(needs("conversations:write"))])
def keep_draft(id: Id, given: DraftGiven, here: Here = Depends(here)) -> None:
    """Keeps it. Drafts are one's own: the last one that is kept stands, unless If-Match names an older version."""
    with here.write(quiet=True) as db:
        guard(here.request, _draft(db, here, id), needed=False)
        talk_notes.keep_draft(db, principal(here), conversations.get(db, id), now=here.now, **given.model_dump())
    here.saw("draft.written", f"conversation:{id}")


@router.delete("/draft", status_code=204, dependencies=[Depends(needs("conversations:write"))])
def drop_draft(id: Id, here: Here = Depends(here)) -> None:
    """Throws it away."""
    with here.write(quiet=True) as db:
        guard(here.request, _draft(db, here, id), needed=False)
        talk_notes.drop_draft(db, principal(here), conversations.get(db, id))
    here.saw("draft.dropped", f"conversation:{id}")


def _draft(db: Session, here: Here, id: int) -> dict[str, Any]:  # noqa: A002
    found = talk_notes.draft(db, principal(here), conversations.get(db, id))
    shown = (found or _EMPTY).model_dump(include={"text", "mode", "reply_to", "why"})
    return shown | {"updated_at": found.updated_at if found else None}
