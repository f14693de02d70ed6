"""How a conversation was, asked once people have resolved it; the answer and its why are heard before anything else."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam
from sqlmodel import Session, col, select

from pytake_cli.errors import PytakeError
from pytake_cli.flow.reply import Reply
from pytake_cli.policy import window
from pytake_cli.services import outbound, ratings, talks, templates
from pytake_cli.services.rating_plans import asked_lately
from pytake_cli.store import Store
from pytake_cli.store.contacts import Contact, ServiceWindow
from pytake_cli.store.conversations import RESOLVED, Conversation
from pytake_cli.store.numbers import Number
from pytake_cli.store.organisations import Organisation
from pytake_cli.store.teams import Team
from pytake_cli.store.types import UtcTime
from pytake_cli.whatsapp import messages as wire
from pytake_cli.whatsapp.outgoing import Outgoing
from pytake_cli.whatsapp.template_messages import quick_reply

log = logging.getLogger(__name__)

AT_ONCE = 50
ANSWERED_WITHIN = timedelta(hours=24)  # later a "5" is no answer
TOLD_WITHIN = timedelta(hours=1)  # later what they write is no reason
LONGEST_COMMENT = 2000
STARS = {5: (5, 4, 3, 2, 1), 3: (5, 3, 1), 2: (5, 1)}  # what a template's quick replies stand for, by their number
_NO_FLOW = f"{ratings.PREFIX}0:"  # how a tap begins that answers our question, not a flow's
WHY = {"pt": "Obrigado! Quer contar por quê?", "en": "Thank you! Would you tell us why?"}


def ask_due(store: Store, now: datetime) -> int:
    """Asks whoever is to be asked now; how many were. What was reopened, or went on, is not asked about."""
    asked = 0
    while True:
        due = select(Conversation).where(col(Conversation.rating_due_at) <= now).order_by(col(Conversation.id))
        with store.read() as db:
            if db.exec(due.limit(1)).first() is None:
                return asked
        with store.write() as db:
            for one in db.exec(due.limit(AT_ONCE).with_for_update(skip_locked=True)).all():
                one.rating_due_at = None
                db.add(one)
                asked += _ask(db, one, now)


def _ask(db: Session, one: Conversation, now: datetime) -> bool:
    went_on = outbound.unresolved(db, one.number_id, one.contact_id)
    if one.status != RESOLVED or went_on is not None or asked_lately(db, one, now):
        return False
    question = _question(db, one, now)
    if question is None:
        return False
    try:
        with db.begin_nested():
            _send(db, one, question, f"rate:{one.id}", now)
    except PytakeError as error:
        log.info("a customer was not asked how it was", extra={"slug": error.slug, "conversation": one.id})
        return False
    one.rating_asked_at = now
    db.add(one)
    return True


def _question(db: Session, one: Conversation, now: datetime) -> Outgoing | None:
    """The stars while the window is open, else the team's template, if it has one that can be sent."""
    pair = db.get(ServiceWindow, (one.number_id, one.contact_id))
    if window.window_is_open(pair.last_inbound_at if pair else None, now):
        return ratings.question(db, one, 0)
    team = db.get(Team, one.team_id) if one.team_id is not None else None
    if team is None or not team.rating_template:
        return None
    number = db.get_one(Number, one.number_id)
    try:
        found = templates.find(db, one.org_id, number.waba_id, team.rating_template)
        made = wire.template(found.name, found.language, _stars(found.components, one))
        wire.check(made.body)
    except PytakeError as error:
        log.warning("a team's template for ratings cannot be sent", extra={"slug": error.slug, "team": team.slug})
        return None
    return made


def _stars(components: list[dict[str, Any]], one: Conversation) -> list[dict[str, Any]]:
    """Each quick reply of the template says how many stars it is."""
    buttons: list[dict[str, Any]] = next(
        (each.get("buttons", []) for each in components if each.get("type") == "BUTTONS"), []
    )
    places = [index for index, each in enumerate(buttons) if each.get("type") == "QUICK_REPLY"]
    stars = STARS.get(len(places), ())
    return [
        quick_reply(index, f"{ratings.PREFIX}0:{one.id}:{count}") for index, count in zip(places, stars, strict=False)
    ]


def hear(db: Session, contact: Contact, conversation: Conversation, reply: Reply, now: datetime) -> bool:
    """Takes what was written or tapped as an answer, if it is one. Only for what opened its conversation, and taps."""
    rated = _rated(db, contact, reply, now)
    if rated is not None:
        if not (reply.choice or "").startswith(ratings.PREFIX) or (reply.choice or "").startswith(_NO_FLOW):
            _ask_why(db, conversation, rated, contact, now)
        return True
    text = reply.text.strip()
    newest = _newest_asked(db, contact, now) if text else None
    if newest is None or newest.rating is None or newest.rating_comment:
        return False
    asked_why = outbound.by_client_key(db, contact.org_id, f"rate-why:{newest.id}")
    if asked_why is None or now - asked_why.created_at > TOLD_WITHIN:
        return False
    newest.rating_comment = text[:LONGEST_COMMENT]
    db.add(newest)
    talks.tell(db, newest, "rated", now)
    return True


def _rated(db: Session, contact: Contact, reply: Reply, now: datetime) -> Conversation | None:
    """The conversation that was rated just now, by a tap or by a number."""
    choice = reply.choice or ""
    if ratings.is_rating(choice):
        if not ratings.take(db, contact.org_id, contact.id or 0, choice, now):
            return None
        return db.get(Conversation, int(choice.split(":")[2]))
    text = reply.text.strip()
    if text not in ("1", "2", "3", "4", "5"):
        return None
    newest = _newest_asked(db, contact, now)
    if newest is None or newest.rating is not None:
        return None
    ratings.keep(db, newest, int(text), now)
    return newest


def _newest_asked(db: Session, contact: Contact, now: datetime) -> Conversation | None:
    """The conversation that the contact was asked about last, and lately."""
    mine = {"contact": contact.id, "since": now - ANSWERED_WITHIN}
    found = db.connection().execute(_ASKED, mine).scalar()  # asked at every message, and seldom so
    return db.get(Conversation, found) if found is not None else None


_ASKED = (
    select(Conversation.id)
    .where(
        Conversation.contact_id == bindparam("contact"),
        col(Conversation.rating_asked_at) > bindparam("since", type_=UtcTime),
    )
    .order_by(col(Conversation.rating_asked_at).desc())
    .limit(1)
)


def _ask_why(db: Session, here: Conversation, rated: Conversation, contact: Contact, now: datetime) -> None:
    language = contact.language or db.get_one(Organisation, rated.org_id).lang
    text = WHY["pt" if language.startswith("pt") else "en"]
    try:
        with db.begin_nested():
            _send(db, here, wire.text(text), f"rate-why:{rated.id}", now)
    except PytakeError as error:
        log.info("a customer was not asked why", extra={"slug": error.slug, "conversation": rated.id})


def _send(db: Session, one: Conversation, outgoing: Outgoing, key: str, now: datetime) -> None:
    outbound.queue(
        db,
        number=db.get_one(Number, one.number_id),
        contact_id=one.contact_id,
        outgoing=outgoing,
        origin="bot",
        now=now,
        client_key=key,
        conversation=one,
    )
