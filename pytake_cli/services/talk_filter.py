"""What a filter of the inbox means in SQL: conditions on conversations of one organisation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from pytake_cli.errors import Conflict
from pytake_cli.policy import inbox_filter
from pytake_cli.policy.inbox_filter import ALL, ME, NOBODY, Term
from pytake_cli.policy.talks import RESOLVED, STATUSES, UNRESOLVED
from pytake_cli.policy.window import MARGIN, WINDOW
from pytake_cli.services import contacts, conversations
from pytake_cli.store import conversations as rows
from pytake_cli.store import search, tags
from pytake_cli.store.contacts import contact, service_window
from pytake_cli.store.conversations import conversation
from pytake_cli.store.desks import draft, mention, star
from pytake_cli.store.labels import conversation_label, label
from pytake_cli.store.messages import Message
from pytake_cli.store.numbers import Number

CLOSING = timedelta(hours=2)
MOST_FOUND = 1_000  # messages whose words are looked at, the newest; and contacts

message = Message.__table__  # type: ignore[attr-defined]
number = Number.__table__  # type: ignore[attr-defined]
Condition = Any  # sa.ColumnElement[bool]; columns of tables made by SQLModel are untyped

going_on: Condition = sa.text(f"conversation.{rows.UNRESOLVED}")


@dataclass(frozen=True, slots=True)
class Asker:
    """For whom and when a filter is read: `@me`, `today`."""

    org_id: int
    user_id: int | None
    now: datetime
    tz: tzinfo

    def me(self) -> int:
        if self.user_id is None:
            raise Conflict("PT-USER-ME", "{me} could be several people here", fix="--as EMAIL", me=ME)
        return self.user_id


def conditions(db: Session, asker: Asker, text: str) -> list[Condition]:
    """All of them hold; a filter that says nothing of the status means what is not resolved."""
    return of_terms(db, asker, inbox_filter.parse(text))


def of_terms(db: Session, asker: Asker, terms: Sequence[Term]) -> list[Condition]:
    found: list[Condition] = [conversation.c.org_id == asker.org_id, _scope(terms)]
    for term in terms:
        condition = _OF[term.key](db, asker, term)
        found.append(sa.not_(condition) if term.negated else condition)
    return found


def _scope(terms: Sequence[Term]) -> Condition:
    """Unresolved ones unless the filter names others: what lets the inbox's indexes serve."""
    named = {value for term in terms if term.key == "status" and not term.negated for value in term.values}
    if ALL in named or (RESOLVED in named and named & set(UNRESOLVED)):
        return sa.true()
    if RESOLVED in named or any(term.key == "resolved" for term in terms):
        return conversation.c.status == RESOLVED
    return going_on


def _status(db: Session, asker: Asker, term: Term) -> Condition:
    if ALL in term.values:
        return sa.true()
    if set(term.values) >= set(UNRESOLVED) or not set(term.values) <= set(STATUSES):
        return going_on if RESOLVED not in term.values else sa.true()
    return conversation.c.status.in_(sorted(term.values))


def _agent(db: Session, asker: Asker, term: Term) -> Condition:
    ids = [_user(db, asker, value) for value in term.values if value != NOBODY]
    chosen: list[Condition] = [conversation.c.assignee_id.in_(ids)] if len(ids) > 1 else []
    chosen += [conversation.c.assignee_id == ids[0]] if len(ids) == 1 else []
    chosen += [conversation.c.assignee_id.is_(None)] if NOBODY in term.values else []
    return sa.or_(*chosen) if len(chosen) > 1 else chosen[0]


def _user(db: Session, asker: Asker, ref: str) -> int:
    if ref == ME:
        return asker.me()
    found = conversations.find_user(db, ref).id
    assert found is not None
    return found


def _team(db: Session, asker: Asker, term: Term) -> Condition:
    names = ["" if value == NOBODY else value.lower() for value in term.values]
    return sa.func.lower(conversation.c.team).in_(names)


def _label(db: Session, asker: Asker, term: Term) -> Condition:
    names = [tags.name_of(value) for value in term.values]
    ids = sa.select(label.c.id).where(label.c.org_id == asker.org_id, label.c.name.in_(names))
    having = sa.select(conversation_label.c.conversation_id).where(conversation_label.c.label_id.in_(ids))
    return conversation.c.id.in_(having)


def _priority(db: Session, asker: Asker, term: Term) -> Condition:
    chosen = conversation.c.priority.in_(sorted(term.values))
    return chosen if "normal" in term.values else sa.and_(sa.text(f"conversation.{rows.URGENT}"), chosen)


def _waiting(db: Session, asker: Asker, term: Term) -> Condition:
    since = conversation.c.waiting_since
    if term.op == ":":
        return since.is_not(None) if "yes" in term.values else since.is_(None)
    return _longer(since, term, asker.now)


def _longer(at: Any, term: Term, now: datetime) -> Condition:
    """`>2h`: it has been so for more than two hours."""
    edge = now - term.span
    condition: Condition = at <= edge if term.op == ">" else at > edge
    return condition


def _idle(db: Session, asker: Asker, term: Term) -> Condition:
    return _longer(conversation.c.last_message_at, term, asker.now)


def _age(db: Session, asker: Asker, term: Term) -> Condition:
    return _longer(conversation.c.created_at, term, asker.now)


def _resolved(db: Session, asker: Asker, term: Term) -> Condition:
    at = conversation.c.resolved_at
    if term.op != ":":
        return sa.and_(at.is_not(None), _longer(at, term, asker.now))
    midnight = asker.now.astimezone(asker.tz).replace(hour=0, minute=0, second=0, microsecond=0)
    return sa.and_(sa.text("conversation.resolved_at IS NOT NULL"), at >= midnight)


def _window(db: Session, asker: Asker, term: Term) -> Condition:
    """By what is left of the 24 hours; what is compared is open."""
    edge = asker.now - WINDOW + MARGIN  # whoever wrote after this may be answered freely
    last = service_window.c.last_inbound_at
    if term.op == ":":
        is_open = _window_in(asker, last > edge)
        closing = _window_in(asker, last > edge, last <= edge + CLOSING)
        states = {"open": is_open, "closing": closing, "closed": sa.not_(is_open)}
        return sa.or_(*(states[value] for value in term.values))
    until = edge + term.span
    return _window_in(asker, last > edge, last <= until) if term.op == "<" else _window_in(asker, last > until)


def _window_in(asker: Asker, *which: Condition) -> Condition:
    pairs = sa.select(service_window.c.number_id, service_window.c.contact_id)
    pairs = pairs.where(service_window.c.org_id == asker.org_id, *which)
    return sa.tuple_(conversation.c.number_id, conversation.c.contact_id).in_(pairs)


def _unread(db: Session, asker: Asker, term: Term) -> Condition:
    count = conversation.c.unread_count
    if term.op != ":":
        return count > term.number if term.op == ">" else count < term.number
    chosen = {"yes": count > 0, "no": count == 0}
    return sa.or_(*(chosen[value] if value in chosen else count == int(value) for value in term.values))


def _owner(db: Session, asker: Asker, term: Term) -> Condition:
    return conversation.c.owner.in_(sorted(term.values))


def _vip(db: Session, asker: Asker, term: Term) -> Condition:
    vips = sa.select(contact.c.id).where(contact.c.org_id == asker.org_id, contact.c.vip)
    chosen = conversation.c.contact_id.in_(vips)
    return chosen if "yes" in term.values else sa.not_(chosen)


def _starred(db: Session, asker: Asker, term: Term) -> Condition:
    return conversation.c.id.in_(sa.select(star.c.conversation_id).where(star.c.user_id == asker.me()))


def _draft(db: Session, asker: Asker, term: Term) -> Condition:
    return conversation.c.id.in_(sa.select(draft.c.conversation_id).where(draft.c.user_id == asker.me()))


def _mention(db: Session, asker: Asker, term: Term) -> Condition:
    ids = [_user(db, asker, value) for value in term.values]
    return conversation.c.id.in_(sa.select(mention.c.conversation_id).where(mention.c.user_id.in_(ids)))


def _contact(db: Session, asker: Asker, term: Term) -> Condition:
    return conversation.c.contact_id.in_([id_ for value in term.values for id_ in _people(db, asker, value)])


def _people(db: Session, asker: Asker, words: str) -> list[int]:
    """Whoever the words name, or whose name begins so."""
    named = contacts.candidates(db, asker.org_id, words.strip())
    begun = words if words.endswith(('"', "*")) else f"{words}*"
    return [*named, *search.ids(db, "contact", begun, org=asker.org_id, limit=MOST_FOUND)]


def _number(db: Session, asker: Asker, term: Term) -> Condition:
    wanted = [value.removeprefix("number:") for value in term.values]
    ids = [int(value) for value in wanted if value.isascii() and value.isdecimal() and len(value) < 8]
    named = sa.or_(number.c.display.in_(wanted), sa.func.lower(number.c.name).in_([v.lower() for v in wanted]))
    mine = sa.select(number.c.id).where(number.c.org_id == asker.org_id, sa.or_(named, number.c.id.in_(ids)))
    return conversation.c.number_id.in_(mine)


def _language(db: Session, asker: Asker, term: Term) -> Condition:
    begins = sa.or_(*(contact.c.language.startswith(value, autoescape=True) for value in term.values))
    return conversation.c.contact_id.in_(sa.select(contact.c.id).where(contact.c.org_id == asker.org_id, begins))


def _rating(db: Session, asker: Asker, term: Term) -> Condition:
    stars = conversation.c.rating
    if term.op != ":":
        return stars > term.number if term.op == ">" else stars < term.number
    given = [int(value) for value in term.values if value.isdecimal()]
    chosen: list[Condition] = [stars.in_(given)] if given else []
    chosen += [stars.is_not(None)] if "yes" in term.values else []
    chosen += [stars.is_(None)] if "no" in term.values else []
    return sa.or_(*chosen)


def _text(db: Session, asker: Asker, term: Term) -> Condition:
    found = [id_ for value in term.values for id_ in _said(db, asker, value)]
    return conversation.c.id.in_(sa.select(message.c.conversation_id).where(message.c.id.in_(found)))


def _said(db: Session, asker: Asker, words: str) -> list[int]:
    phrase = f'"{words}"' if " " in words else words
    return search.ids(db, "message", phrase, org=asker.org_id, limit=MOST_FOUND)


def _words(db: Session, asker: Asker, term: Term) -> Condition:
    """A person's name or phone, or something that was said."""
    [words] = term.values
    theirs = conversation.c.contact_id.in_(_people(db, asker, words))
    return sa.or_(theirs, _text(db, asker, term))


_OF: dict[str, Callable[[Session, Asker, Term], Condition]] = {
    "status": _status,
    "agent": _agent,
    "team": _team,
    "label": _label,
    "priority": _priority,
    "waiting": _waiting,
    "window": _window,
    "unread": _unread,
    "idle": _idle,
    "age": _age,
    "resolved": _resolved,
    "owner": _owner,
    "vip": _vip,
    "starred": _starred,
    "draft": _draft,
    "mention": _mention,
    "contact": _contact,
    "number": _number,
    "language": _language,
    "rating": _rating,
    "text": _text,
    inbox_filter.WORDS: _words,
}
