"""What segments ask of conversations, messages, flows and campaigns, in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement

from pytake_cli.policy.window import MARGIN, WINDOW
from pytake_cli.segment.evaluate import degrees_in_metres
from pytake_cli.segment.tree import Count, Near, Predicate, SegmentError, Value
from pytake_cli.store.campaigns import STARTED, Campaign, recipient
from pytake_cli.store.comparisons import (
    TICK,
    Asked,
    Condition,
    NewestLine,
    RowLine,
    flag,
    has,
    number,
    span,
    text_of,
    time,
    words,
)
from pytake_cli.store.contacts import ServiceWindow, contact
from pytake_cli.store.conversations import RESOLVED, Conversation
from pytake_cli.store.flow_sessions import FlowSession
from pytake_cli.store.flows import Flow
from pytake_cli.store.folding import folded_in
from pytake_cli.store.messages import IN, OUT, Message
from pytake_cli.store.numbers import Number
from pytake_cli.store.typed_fields import sent_place
from pytake_cli.store.users import User

conversation: sa.Table = Conversation.__table__  # type: ignore[attr-defined]
message: sa.Table = Message.__table__  # type: ignore[attr-defined]
session: sa.Table = FlowSession.__table__  # type: ignore[attr-defined]
service_window: sa.Table = ServiceWindow.__table__  # type: ignore[attr-defined]
campaign: sa.Table = Campaign.__table__  # type: ignore[attr-defined]
flow: sa.Table = Flow.__table__  # type: ignore[attr-defined]
business: sa.Table = Number.__table__  # type: ignore[attr-defined]
user: sa.Table = User.__table__  # type: ignore[attr-defined]

# what counts as a message -> its condition and the time it counts at
MESSAGES: dict[str, tuple[Condition, ColumnElement[Any]]] = {
    "msg.in": (message.c.direction == IN, message.c.at),
    "msg.out": (sa.and_(message.c.direction == OUT, message.c.sent_at.is_not(None)), message.c.sent_at),
    "msg.failed": (sa.and_(message.c.direction == OUT, message.c.status == "failed"), message.c.at),
}
PRESSED = ("button", "interactive")  # kinds of answers that are a button's


def condition(op: str, node: Predicate, asked: Asked) -> Condition:
    """What must be true of the rows that belong to a row of `contact`."""
    head, _, rest = node.field.partition(".")
    if head == "conv":
        return _conversation(rest, op, node, asked)
    if head == "flow":
        return _flow(op, node, asked)
    if head == "camp":
        return flag(op, node.values, _campaign(node, asked))
    if node.field in MESSAGES:
        return _messages(op, node)
    if node.field == "number":
        return _number(op, node, asked)
    raise SegmentError(f"{node.field} cannot be asked of everybody", node.offset)


def _conversation(part: str, op: str, node: Predicate, asked: Asked) -> Condition:
    """Of the newest conversation: the unresolved one that something was said in last, else the last resolved one."""
    row = conversation.c
    other = conversation.alias().c
    newest = (row.id == _first(other, other.status == RESOLVED, other.last_message_at.desc(), other.id.desc()),)
    match part:
        case "status":
            return text_of(op, node.values, conversation, newest, row.status)
        case "queue":
            return text_of(op, node.values, conversation, newest, row.team)
        case "assignee":
            email = sa.select(user.c.email).where(user.c.id == row.assignee_id).scalar_subquery()
            return text_of(op, node.values, conversation, newest, sa.func.coalesce(email, ""))
        case "waiting":
            return time(op, node.values, asked, RowLine(conversation, row.waiting_since, *newest))
        case "csat":
            rated = row.id == _first(other, other.id.desc(), where=other.rating.is_not(None))
            fits = sa.true() if op == "is set" else number(op, node.values, row.rating)
            return has(conversation, rated, fits)
        case "last_in":
            return time(op, node.values, asked, NewestLine(service_window, service_window.c.last_inbound_at))
        case "last_out":
            sent = NewestLine(message, message.c.sent_at, message.c.direction == OUT)
            return time(op, node.values, asked, sent)
        case _:
            return time(op, node.values, asked, WindowLine(asked.now))


def _first(rows: Any, *order: Any, where: Condition | None = None) -> Any:
    """The id of the contact's first row in that order."""
    mine = sa.select(rows.id).where(rows.contact_id == contact.c.id)
    mine = mine if where is None else mine.where(where)
    return mine.order_by(*order).limit(1).correlate(contact).scalar_subquery()


class WindowLine(NewestLine):
    """When the window closes, while it is open: a day after the contact last wrote."""

    def __init__(self, now: datetime) -> None:
        super().__init__(service_window, service_window.c.last_inbound_at)
        self._opened = now - WINDOW + MARGIN + TICK  # the earliest message that still holds it open

    def known(self) -> Condition:
        return super().from_(self._opened)

    def from_(self, at: datetime) -> Condition:
        return super().from_(max(at - WINDOW, self._opened))


def _messages(op: str, node: Predicate) -> Condition:
    of_kind, _at = MESSAGES[node.field]
    return has(message, of_kind) if op == "is set" else number(op, node.values, _how_many(of_kind))


def counted(node: Count, asked: Asked) -> Condition:
    """`count(msg.in, since=-7d) > 3`."""
    of_kind, at = MESSAGES[node.what]
    since = (at >= span(node.since, asked)[0],) if node.since else ()
    fits = number("=" if node.op == "!=" else node.op, (node.value,), _how_many(of_kind, *since))
    return sa.not_(fits) if node.op == "!=" else fits


def near(node: Near) -> Condition:
    """Of the last place that the contact sent; the same sums as `evaluate` makes."""
    other = message.alias().c
    sent = sa.and_(other.direction == IN, other.kind == "location", other.revoked_at.is_(None))
    to_north, to_east = degrees_in_metres(node.latitude)
    north = (sent_place("latitude") - node.latitude) * to_north
    east = (sent_place("longitude") - node.longitude) * to_east
    newest = message.c.id == _first(other, other.id.desc(), where=sent)
    return has(message, newest, sa.func.coalesce(north * north + east * east <= node.metres * node.metres, sa.false()))


def _how_many(*conditions: Condition) -> Any:
    mine = sa.select(sa.func.count()).select_from(message)
    return mine.where(message.c.contact_id == contact.c.id, *conditions).correlate(contact).scalar_subquery()


def _flow(op: str, node: Predicate, asked: Asked) -> Condition:
    """Of the newest session in the flow."""
    name, _, part = node.field.removeprefix("flow.").rpartition(".")
    other = session.alias().c
    named = sa.select(flow.c.id).where(flow.c.org_id == asked.org_id, sa.func.lower(flow.c.name) == name)
    newest = session.c.id == _first(other, other.id.desc(), where=other.flow_id.in_(named))
    if part == "at":
        return time(op, node.values, asked, RowLine(session, session.c.started_at, newest))
    return text_of(op, node.values, session, (newest,), session.c.step if part == "node" else session.c.outcome)


def _campaign(node: Predicate, asked: Asked) -> Condition:
    """What became of the campaign's messages to the contact, or of the flow that it started."""
    name, _, part = node.field.removeprefix("camp.").rpartition(".")
    named = sa.select(campaign.c.id).where(campaign.c.org_id == asked.org_id, sa.func.lower(campaign.c.name) == name)
    of_it, in_ledger = message.c.campaign_id.in_(named), recipient.c.campaign_id.in_(named)
    match part:
        case "sent":
            started = has(recipient, in_ledger, recipient.c.state == STARTED)
            return sa.or_(has(message, of_it, message.c.sent_at.is_not(None)), started)
        case "read":
            return has(message, of_it, message.c.read_at.is_not(None))
        case "failed":
            return has(message, of_it, message.c.status == "failed")
        case "replied":
            return has(recipient, in_ledger, recipient.c.replied_at.is_not(None))
        case _:
            answer = message.alias().c
            pressed = sa.exists().where(answer.reply_to == message.c.wamid, answer.kind.in_(PRESSED))
            mine = pressed.where(answer.contact_id == message.c.contact_id, answer.direction == IN)
            return has(message, of_it, mine.correlate(message))


def _number(op: str, node: Predicate, asked: Asked) -> Condition:
    """The business numbers that there are conversations with, by whatever they are called."""
    if op == "is set":
        return has(conversation)
    return has(conversation, conversation.c.number_id.in_(_numbers(node.values, asked)))


def _numbers(values: Sequence[Value], asked: Asked) -> sa.Select[int]:
    wanted = [word for word in words(values) if word]
    row = business.c
    names = (row.name, row.display, sa.func.ltrim(row.display, "+"), row.phone_number_id)
    called = sa.or_(*(folded_in(name, *wanted) for name in names)) if wanted else sa.false()
    return sa.select(row.id).where(row.org_id == asked.org_id, called)
