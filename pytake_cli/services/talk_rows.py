"""A conversation as the inbox's list shows it: everything of a page in a handful of queries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from pytake_cli.errors import NotFound
from pytake_cli.policy import people, window
from pytake_cli.policy.people import BSUID, PARENT_BSUID, PHONE, USERNAME
from pytake_cli.store import desks, labels
from pytake_cli.store.contacts import contact, identities_of, service_window
from pytake_cli.store.conversations import RESOLVED, conversation
from pytake_cli.store.flow_sessions import FlowSession
from pytake_cli.store.flows import Flow
from pytake_cli.store.messages import OUT, Message
from pytake_cli.store.numbers import Number
from pytake_cli.store.users import User

message = Message.__table__  # type: ignore[attr-defined]
number = Number.__table__  # type: ignore[attr-defined]
user = User.__table__  # type: ignore[attr-defined]
session = FlowSession.__table__  # type: ignore[attr-defined]
flow = Flow.__table__  # type: ignore[attr-defined]

_ids: Any = sa.bindparam("ids", expanding=True)
_PAGE = (
    sa.select(
        conversation,
        contact.c.name,
        contact.c.profile_name,
        contact.c.vip,
        contact.c.language,
        contact.c.blocked_at,
        service_window.c.last_inbound_at,
        number.c.display,
        user.c.name.label("agent_name"),
        user.c.email,
    )
    .join(contact, contact.c.id == conversation.c.contact_id)
    .join(number, number.c.id == conversation.c.number_id)
    .outerjoin(
        service_window,
        sa.and_(
            service_window.c.number_id == conversation.c.number_id,
            service_window.c.contact_id == conversation.c.contact_id,
        ),
    )
    .outerjoin(user, user.c.id == conversation.c.assignee_id)
    .where(conversation.c.org_id == sa.bindparam("org"), conversation.c.id.in_(_ids))
)
_newest = (
    sa.select(message.c.id)
    .where(message.c.conversation_id == conversation.c.id, message.c.kind.not_in(("reaction", "edit", "revoke")))
    .order_by(message.c.id.desc())
    .limit(1)
    .correlate(conversation)
    .scalar_subquery()
)
_NEWEST = sa.select(message.c.conversation_id, message.c.kind, message.c.direction, message.c.status).where(
    message.c.id.in_(sa.select(_newest).select_from(conversation).where(conversation.c.id.in_(_ids)))
)
_FLOWS = (
    sa.select(session.c.conversation_id, flow.c.name, flow.c.title)
    .join(flow, flow.c.id == session.c.flow_id)
    .where(session.c.conversation_id.in_(_ids), sa.text("flow_session.status <> 'ended'"))
)


def rows(db: Session, org_id: int, ids: Sequence[int], *, me: int | None) -> list[dict[str, Any]]:
    """The rows in the order of `ids`; `me` is whose stars and drafts are meant."""
    if not ids:
        return []
    asked = {"ids": list(ids), "org": org_id}
    found = {row.id: row for row in db.connection().execute(_PAGE, asked)}
    known = identities_of(db, {row.contact_id for row in found.values()})
    labelled = labels.of_conversations(db, found)
    newest = {row.conversation_id: row for row in db.connection().execute(_NEWEST, {"ids": list(found)})}
    flows = {row.conversation_id: row for row in db.connection().execute(_FLOWS, {"ids": list(found)})}
    stars = desks.starred(db, me, found) if me else set()
    drafts = desks.drafted(db, me, found) if me else set()
    return [
        _row(row, known.get(row.contact_id, ()))
        | {
            "labels": labelled.get(row.id, []),
            "flow": _flow(flows.get(row.id)),
            "starred": row.id in stars,
            "draft": row.id in drafts,
            **_preview(newest.get(row.id)),
        }
        for row in (found[id_] for id_ in ids if id_ in found)
    ]


def row(db: Session, org_id: int, id_: int, *, me: int | None) -> dict[str, Any]:
    """One row, or NotFound."""
    found = rows(db, org_id, [id_], me=me)
    if not found:
        raise NotFound("PT-CONVERSATION", "there is no conversation #{id}", fix="pytake conversation list", id=id_)
    return found[0]


def _row(row: Any, known: Sequence[Any]) -> dict[str, Any]:
    return {
        "id": row.id,
        "version": row.version,
        "status": row.status,
        "owner": row.owner,
        "contact": _contact(row, known),
        "number": {"id": row.number_id, "display": row.display},
        "assignee": _agent(row),
        "team": _team(row),
        "priority": row.priority,
        "unread": row.unread_count,
        "waiting_since": row.waiting_since,
        "last_message_at": row.last_message_at,
        "preview": row.preview,
        "window_closes_at": window.closes_at(row.last_inbound_at),
        "snoozed_until": row.snoozed_until,
        "snoozed_until_reply": row.snoozed_until_reply,
        "sla": _sla(row),
        "created_at": row.created_at,
        "resolved_at": row.resolved_at,
        "rating": row.rating,
        "standby": row.standby,
    }


def _contact(row: Any, known: Sequence[Any]) -> dict[str, Any]:
    newest = {one.kind: one.value for one in reversed(known) if one.retired_at is None}
    phone, username = newest.get(PHONE), newest.get(USERNAME)
    shown = people.display_name(
        name=row.name,
        profile_name=row.profile_name,
        username=username or "",
        phone=phone or "",
        bsuid=newest.get(BSUID) or newest.get(PARENT_BSUID, ""),
    )
    return {
        "id": row.contact_id,
        "name": shown or f"contact:{row.contact_id}",
        "phone": f"+{phone}" if phone else None,
        "username": username,
        "vip": row.vip,
        "language": row.language,
        "blocked": row.blocked_at is not None,
    }


def _agent(row: Any) -> dict[str, Any] | None:
    return {"id": row.assignee_id, "name": row.agent_name or row.email} if row.assignee_id is not None else None


def _team(row: Any) -> dict[str, Any] | None:
    return {"id": row.team_id, "name": row.team} if row.team else None


def _sla(row: Any) -> dict[str, Any]:
    """What is still due; the row itself keeps until when the first answer and the end were."""
    told, over = row.sla_told or {}, row.status == RESOLVED
    return {
        "first_reply_due": None if over or row.first_replied_at is not None else row.first_reply_due,
        "next_reply_due": None if over else row.next_reply_due,
        "resolution_due": None if over else row.resolution_due,
        "breached": sorted(clock for clock, state in told.items() if state == "breached"),
    }


def _flow(found: Any) -> dict[str, Any] | None:
    return {"slug": found.name, "name": found.title or found.name} if found is not None else None


def _preview(newest: Any) -> dict[str, Any]:
    return {
        "preview_kind": newest.kind if newest is not None else None,
        "preview_direction": newest.direction if newest is not None else None,
        "preview_status": newest.status if newest is not None and newest.direction == OUT else None,
    }


def names(db: Session, org_id: int) -> Mapping[int, str]:
    """What the organisation's users are called."""
    query = sa.select(user.c.id, user.c.name, user.c.email).where(user.c.org_id == org_id)
    return {row.id: row.name or row.email for row in db.connection().execute(query)}
