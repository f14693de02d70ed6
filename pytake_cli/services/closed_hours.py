"""What a customer meets who comes to a team outside its hours: nothing, a text, or a flow."""

from __future__ import annotations

import logging
from datetime import datetime

from sqlmodel import Session

from pytake_cli.errors import PytakeError
from pytake_cli.services import flow_sessions, outbound, teams
from pytake_cli.services.flow_library import published
from pytake_cli.store.conversations import Conversation
from pytake_cli.store.numbers import Number
from pytake_cli.store.teams import FLOW, QUEUE, TEXT, Team
from pytake_cli.whatsapp import messages as wire

log = logging.getLogger(__name__)


def tell(db: Session, one: Conversation, team: Team, now: datetime) -> None:
    """Once a conversation, when it comes to a team that is closed; where nothing can be sent it waits in silence."""
    if team.closed == QUEUE or one.closed_told_at is not None or teams.is_open(team, now):
        return
    one.closed_told_at = now
    db.add(one)
    if team.closed == FLOW and _begin(db, one, team.closed_flow, now):
        return
    if team.closed == TEXT:
        _say(db, one, team.closed_text, now)


def _begin(db: Session, one: Conversation, name: str, now: datetime) -> bool:
    version = published(db, one.org_id, name)
    if version is None:
        log.warning("a team's flow for when it is closed is not published", extra={"flow": name})
        return False

    def work() -> None:
        event = flow_sessions.started(db, one.contact_id, now, trigger="closed")
        flow_sessions.begin(db, one, version, event, f"closed:{one.id}:{now.timestamp():.6f}", now)

    return flow_sessions.guarded(db, one, now, work)


def _say(db: Session, one: Conversation, text: str, now: datetime) -> None:
    try:
        with db.begin_nested():
            outbound.queue(
                db,
                number=db.get_one(Number, one.number_id),
                contact_id=one.contact_id,
                outgoing=wire.text(text),
                origin="bot",
                now=now,
                client_key=f"closed:{one.id}",
                conversation=one,
            )
    except PytakeError as error:
        log.info("a customer was not told that the team is closed", extra={"slug": error.slug, "conversation": one.id})
