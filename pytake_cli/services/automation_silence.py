"""An automation that waits for silence is switched on: the silence that there is already counts from its beginning."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from pytake_cli.policy.automations import TIMED, When
from pytake_cli.policy.automations import Automation as Definition
from pytake_cli.policy.window import MARGIN, WINDOW
from pytake_cli.store import automations
from pytake_cli.store.automations import Automation
from pytake_cli.store.contacts import ServiceWindow
from pytake_cli.store.conversations import RESOLVED, Conversation
from pytake_cli.store.messages import IN, Message


def begin(db: Session, row: Automation, definition: Definition, now: datetime) -> int:
    """Sets a run for every open conversation that its first span of silence means; how many."""
    timed = next((when for when in definition.when if when.event in TIMED), None)
    if timed is None:
        return 0
    found = []
    for conversation, over in _silent(db, row.org_id, timed):
        due = over + definition.stages[0][0]
        found.append(
            {
                "org_id": row.org_id,
                "automation_id": row.id,
                "conversation_id": conversation.id,
                "contact_id": conversation.contact_id,
                "event": timed.event,
                "cause": f"since:{row.since_event}",
                "said": "",
                "depth": 0,
                "due_at": max(due, now),
                "created_at": now,
            }
        )
    automations.begin(db, found)
    return len(found)


def _silent(db: Session, org_id: int, when: When) -> Iterator[tuple[Conversation, datetime]]:
    """Open conversations, and when the silence that the event means is over."""
    open_ = select(Conversation).where(Conversation.org_id == org_id, Conversation.status != RESOLVED)
    if when.event == "nothing_for":
        for row in db.exec(open_):
            yield row, row.last_message_at + when.span
    elif when.event == "agent_silent":
        for row in db.exec(open_.where(col(Conversation.waiting_since).is_not(None))):
            if row.waiting_since is not None:
                yield row, row.waiting_since + when.span
    elif when.event == "customer_silent":
        newest = select(sa.func.max(Message.id)).group_by(col(Message.conversation_id))
        ours = select(Message.conversation_id).where(col(Message.id).in_(newest), Message.direction != IN)
        for row in db.exec(open_.where(col(Conversation.id).in_(ours))):
            yield row, row.last_message_at + when.span
    else:
        pairs = select(Conversation, ServiceWindow.last_inbound_at).join(
            ServiceWindow,
            sa.and_(
                col(ServiceWindow.number_id) == Conversation.number_id,
                col(ServiceWindow.contact_id) == Conversation.contact_id,
            ),
        )
        for row, wrote in db.exec(pairs.where(Conversation.org_id == org_id, Conversation.status != RESOLVED)):
            if wrote is not None:
                yield row, wrote + WINDOW - MARGIN - when.span
