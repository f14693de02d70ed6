"""One contact as `segment.evaluate` sees people: read from the store part by part, and only what is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, func, select

from pytake_cli.errors import InvalidData
from pytake_cli.policy import window
from pytake_cli.policy.people import PHONE, USERNAME
from pytake_cli.segment import evaluate
from pytake_cli.segment.fields import PURPOSES
from pytake_cli.services.segment_reading import Reader
from pytake_cli.store import segments, tags
from pytake_cli.store.campaigns import STARTED, Campaign, Recipient
from pytake_cli.store.contacts import Consent, Contact, Identity, ServiceWindow
from pytake_cli.store.conversations import RESOLVED, Conversation
from pytake_cli.store.flow_sessions import FlowSession
from pytake_cli.store.flows import Flow
from pytake_cli.store.messages import IN, OUT, Message
from pytake_cli.store.numbers import Number
from pytake_cli.store.organisations import Organisation
from pytake_cli.store.users import User

PRESSED = ("button", "interactive")  # kinds of answers that are a button's


class StoredPerson(Mapping[str, Any]):
    """What `segment.fields` has paths to. The transaction must be open as long as the person is asked."""

    def __init__(self, db: Session, contact: Contact, now: datetime) -> None:
        self._db, self._contact, self._now = db, contact, now
        self._id = contact.id or 0
        self._read: dict[str, Any] = {
            "id": contact.id,
            "name": contact.name or contact.profile_name,
            "language": contact.language,
            "stage": contact.stage,
            "score": contact.score,
            "vip": contact.vip,
            "blocked": contact.blocked_at is not None,
            "created": contact.created_at,
            "fields": contact.fields,
        }
        self._readers: dict[str, Callable[[], Any]] = {
            "phone": lambda: [f"+{one.value}" for one in self._identities(PHONE)],
            "username": lambda: [one.value for one in self._identities(USERNAME)],
            "last_seen": lambda: max((one.last_seen_at for one in self._identities()), default=None),
            "tags": lambda: tags.of_contacts(db, [self._id]).get(self._id, []),
            "numbers": self._numbers,
            "consent": self._consent,
            "conversation": self._conversation,
            "messages": self._messages,
            "flows": self._flows,
            "campaigns": self._campaigns,
            "place": self._place,
            "segments": self._segments,
        }

    def __getitem__(self, name: str) -> Any:
        if name not in self._read:
            self._read[name] = self._readers[name]()
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        return iter({**self._read, **self._readers})

    def __len__(self) -> int:
        return len({**self._read, **self._readers})

    def _identities(self, kind: str | None = None) -> list[Identity]:
        found = self._db.exec(select(Identity).where(Identity.contact_id == self._id)).all()
        return [one for one in found if kind is None or (one.kind == kind and one.retired_at is None)]

    def _numbers(self) -> list[str]:
        theirs = select(Conversation.number_id).where(Conversation.contact_id == self._id)
        found = self._db.exec(select(Number).where(col(Number.id).in_(theirs))).all()
        names = ((one.name, one.display, one.display.lstrip("+"), one.phone_number_id) for one in found)
        return [name for each in names for name in each if name]

    def _consent(self) -> dict[str, bool]:
        lines = self._db.exec(
            select(Consent).where(Consent.contact_id == self._id).order_by(col(Consent.at), col(Consent.id))
        )
        newest = {line.purpose: line.granted for line in lines}
        found = {purpose: newest.get(purpose, False) for purpose in PURPOSES}
        return {**found, "marketing": self._contact.marketing_granted_at is not None}

    def _conversation(self) -> dict[str, Any]:
        theirs = self._db.exec(select(Conversation).where(Conversation.contact_id == self._id)).all()
        ordered = sorted(theirs, key=lambda one: (one.status != RESOLVED, one.last_message_at, one.id), reverse=True)
        newest = ordered[0] if ordered else None
        user = self._db.get(User, newest.assignee_id) if newest and newest.assignee_id else None
        rated = max((one for one in theirs if one.rating is not None), key=lambda one: one.id or 0, default=None)
        last_in = select(func.max(ServiceWindow.last_inbound_at)).where(ServiceWindow.contact_id == self._id)
        wrote = self._db.exec(last_in).one()
        last_out = select(func.max(Message.sent_at)).where(Message.contact_id == self._id, Message.direction == OUT)
        return {
            "status": newest.status if newest else None,
            "queue": newest.team if newest else None,
            "assignee": user.email if user else None,
            "waiting": newest.waiting_since if newest else None,
            "csat": rated.rating if rated else None,
            "last_in": wrote,
            "last_out": self._db.exec(last_out).one(),
            "window": window.closes_at(wrote) if window.window_is_open(wrote, self._now) else None,
        }

    def _messages(self) -> dict[str, list[datetime]]:
        theirs = self._db.exec(select(Message).where(Message.contact_id == self._id)).all()
        return {
            "in": [one.at for one in theirs if one.direction == IN],
            "out": [one.sent_at for one in theirs if one.direction == OUT and one.sent_at],
            "failed": [one.at for one in theirs if one.direction == OUT and one.status == "failed"],
        }

    def _place(self) -> tuple[float, float] | None:
        """Where the last location that they sent is."""
        theirs = select(Message).where(Message.contact_id == self._id, Message.direction == IN)
        located = theirs.where(Message.kind == "location", col(Message.revoked_at).is_(None))
        newest = self._db.exec(located.order_by(col(Message.id).desc()).limit(1)).first()
        told = newest.body.get("location") if newest else None
        found = [told.get(name) for name in ("latitude", "longitude")] if isinstance(told, dict) else []
        known = [float(each) for each in found if isinstance(each, int | float) and not isinstance(each, bool)]
        return (known[0], known[1]) if len(known) == len(("latitude", "longitude")) else None

    def _flows(self) -> dict[str, dict[str, Any]]:
        query = select(FlowSession, Flow).join(Flow, col(Flow.id) == col(FlowSession.flow_id))
        walks = self._db.exec(query.where(FlowSession.contact_id == self._id).order_by(col(FlowSession.id)))
        return {
            flow.name.lower(): {"outcome": walk.outcome, "node": walk.step, "at": walk.started_at}
            for walk, flow in walks
        }

    def _campaigns(self) -> dict[str, dict[str, bool]]:
        found: dict[str, dict[str, bool]] = {}
        query = select(Recipient, Campaign).join(Campaign, col(Campaign.id) == col(Recipient.campaign_id))
        for row, campaign in self._db.exec(query.where(Recipient.contact_id == self._id)):
            part = found.setdefault(campaign.name.lower(), {})
            part["sent"] = row.state == STARTED
            part["replied"] = row.replied_at is not None
        of_it = select(Message, Campaign).join(Campaign, col(Campaign.id) == col(Message.campaign_id))
        for message, campaign in self._db.exec(of_it.where(Message.contact_id == self._id)):
            part = found.setdefault(campaign.name.lower(), {})
            part["sent"] = part.get("sent", False) or message.sent_at is not None
            part["read"] = part.get("read", False) or message.read_at is not None
            part["failed"] = part.get("failed", False) or message.status == "failed"
            part["clicked"] = part.get("clicked", False) or self._pressed(message)
        return found

    def _pressed(self, message: Message) -> bool:
        answers = sa.exists().where(col(Message.reply_to) == message.wamid, col(Message.kind).in_(PRESSED))
        mine = answers.where(col(Message.contact_id) == self._id, col(Message.direction) == IN)
        return bool(self._db.exec(select(mine)).one())

    def _segments(self) -> list[str]:
        """The saved segments that mean the person; those that cannot be read mean nobody."""
        org = self._db.get_one(Organisation, self._contact.org_id)
        reader = Reader(self._db, self._contact.org_id)
        found = []
        for row in segments.everyone(self._db, self._contact.org_id):
            try:
                if evaluate.matches(reader.read(row.query), self, self._now, org.tz):
                    found.append(row.name)
            except InvalidData:
                continue
        return found
