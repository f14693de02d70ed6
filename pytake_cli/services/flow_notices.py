"""What flows tell people: an event that inboxes and `pytake listen` show, once for each job."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlmodel import select

from pytake_cli.errors import NotFound
from pytake_cli.locale import Phrase
from pytake_cli.services import incidents
from pytake_cli.store import Store
from pytake_cli.store.events import Event
from pytake_cli.store.flow_sessions import FlowSession
from pytake_cli.store.flows import Flow
from pytake_cli.store.jobs import Job


def about(store: Store, session_id: int) -> dict[str, Any]:
    """{"session": 7, "flow": "faq", "conversation": 3, "contact": 812}"""
    with store.read() as db:
        session = db.get(FlowSession, session_id)
        if session is None:
            raise NotFound("PT-FLOW-SESSION", "there is no session {id}", fix="pytake flow sessions", id=session_id)
        flow = db.get(Flow, session.flow_id)
        return {
            "session": session_id,
            "flow": flow.name if flow else "",
            "conversation": session.conversation_id,
            "contact": session.contact_id,
        }


def tell_people(store: Store, job: Job, team: str, text: str, now: datetime) -> None:
    """An event for a team, or for everybody; a job that is done again after a crash tells nobody twice."""
    told = about(store, int(job.payload["session"]))
    with store.write() as db:
        if job.attempts > 1:
            since = select(Event).where(
                Event.org_id == job.org_id, Event.kind == "flow:notice", Event.at >= job.created_at
            )
            if any(event.payload.get("job") == job.id for event in db.exec(since)):
                return
        payload = {**told, "team": team, "text": text, "job": job.id}
        place = told["conversation"]
        db.add(Event(org_id=job.org_id, kind="flow:notice", conversation_id=place, payload=payload, at=now))


def not_told(store: Store, job: Job, reason: str, now: datetime) -> None:
    """Nobody could be told, and nobody will be: that is itself something to tell."""
    with store.write() as db:
        what = Phrase("a flow could tell nobody (job:{job}): {why}", job=job.id, why=reason)
        incidents.tell(db, job.org_id, "PT-FLOW-NOTIFY", what, now)
