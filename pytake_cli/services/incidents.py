"""What an error of Meta's means beyond its message: who is stopped, for how long, and whom to tell."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, select

from pytake_cli.locale import Phrase
from pytake_cli.policy import pacing
from pytake_cli.policy.delivery import TEMPLATES_STOP_SECONDS, UNDELIVERED_HOLD_SECONDS, UNDELIVERED_IN_A_ROW
from pytake_cli.services import consent
from pytake_cli.services.told import of_json, to_json
from pytake_cli.store import buckets, outbox
from pytake_cli.store.contacts import Contact, ServiceWindow
from pytake_cli.store.events import Event
from pytake_cli.store.numbers import Number, by_phone_number_id
from pytake_cli.whatsapp.errors import Action, Rule, Stops, rule

log = logging.getLogger(__name__)

WINDOW_CLOSED = 131047
MARKETING_STOPPED = 131050
UNDELIVERED = 131026
UNDELIVERED_TWICE = [UNDELIVERED] * UNDELIVERED_IN_A_ROW
RECENTLY = timedelta(hours=1)  # who wrote since the refused send has opened the window again


def after_meta_error(
    db: Session, code: int, why: str, phone_number_id: str, contact_id: int | None, now: datetime
) -> None:
    """Acts on what the code says about the number, the person or the account; the message is not touched here."""
    number = by_phone_number_id(db, phone_number_id)
    if number is None:
        return
    meta = rule(code, None)
    if meta.action is Action.SLOW:
        rate = pacing.sending_rate(number.rate_per_second)
        buckets.slow_down(db, f"number:{number.id}", rate=rate, now=now)
    elif meta.stops in (Stops.NUMBER, Stops.ACCOUNT):
        _stop(db, number, meta, why, now)
    elif meta.stops is Stops.NUMBER_TEMPLATES:
        number.templates_stopped_until = now + timedelta(seconds=meta.retry_seconds or TEMPLATES_STOP_SECONDS)
        waits = Phrase("campaigns of {number} wait: {why}", number=number.display, why=Phrase(meta.meaning))
        tell(db, number.org_id, "PT-NUMBER-TEMPLATES", waits, now)
    elif meta.action is Action.UNKNOWN_CODE:
        unknown = Phrase("Meta sent error {code}, which is not in our table: {why}", code=code, why=why)
        tell(db, number.org_id, "PT-META-UNKNOWN", unknown, now)
    if contact_id is not None:
        about_contact(db, code, number, contact_id, why, now)


def tell(
    db: Session,
    org_id: int,
    slug: str,
    what: Phrase | str,
    now: datetime,
    *,
    conversation: int | None = None,
    session: int | None = None,
) -> None:
    """Something needs a person: an event that inboxes, `listen` and `status` show, and a line in the log."""
    about = {"conversation": conversation, "session": session}
    payload: dict[str, Any] = {"slug": slug, "text": str(what)} | {
        name: id_ for name, id_ in about.items() if id_ is not None
    }
    if isinstance(what, Phrase):
        payload["told"] = to_json(what)
    db.add(Event(org_id=org_id, kind="incident", conversation_id=conversation, payload=payload, at=now))
    log.error("incident", extra={"slug": slug, "org": org_id})


def said(payload: Mapping[str, Any]) -> str:
    """An incident in the language of this process or request."""
    told = payload.get("told")
    return of_json(told).told if isinstance(told, dict) else str(payload.get("text", ""))


def _stop(db: Session, number: Number, meta: Rule, why: str, now: datetime) -> None:
    """Stops the number, or every number of its account; their queues are kept."""
    whole = meta.stops is Stops.ACCOUNT
    account = Number.waba_id == number.waba_id if whole else Number.id == number.id
    for stopped in db.exec(select(Number).where(Number.org_id == number.org_id, account)):
        if stopped.stopped_at is None:
            about = {"number": stopped.display, "why": Phrase(meta.meaning), "advice": Phrase(meta.advice)}
            what = Phrase("sending from {number} has stopped: {why}; {advice}", **about)
            tell(db, stopped.org_id, "PT-NUMBER-STOPPED", what, now)
            stopped.stopped_at = now
        stopped.stopped_until = now + timedelta(seconds=meta.retry_seconds) if meta.retry_seconds else None
        stopped.stopped_code, stopped.stopped_reason = meta.code, (why or meta.meaning)[:500]


def about_contact(db: Session, code: int, number: Number, contact_id: int, why: str, now: datetime) -> None:
    """Acts on what the code says about the person."""
    meta = rule(code, None)
    if code == WINDOW_CLOSED:
        window = db.get(ServiceWindow, (number.id, contact_id))
        if window is not None and window.last_inbound_at and now - window.last_inbound_at > RECENTLY:
            window.last_inbound_at = None
        return
    hold = meta.retry_seconds if meta.stops is Stops.USER_MARKETING else None
    if code == UNDELIVERED and outbox.newest_codes(db, contact_id, UNDELIVERED_IN_A_ROW) == UNDELIVERED_TWICE:
        hold = UNDELIVERED_HOLD_SECONDS
    if code != MARKETING_STOPPED and hold is None:
        return
    contact = db.get(Contact, contact_id)
    if contact is not None and contact.merged_into_id is not None:  # while the message was on its way
        contact = db.get(Contact, contact.merged_into_id)
    if contact is None or contact.id is None:
        return
    if hold is not None:
        contact.marketing_held_until = now + timedelta(seconds=hold)
    elif contact.marketing_stopped_at is None:
        proof = f"{MARKETING_STOPPED}: {why}"
        consent.withdraw(db, contact.id, consent.MARKETING, source="error", proof=proof, actor="webhook", at=now)
