"""What happens when a number gets another access token: what the old one stopped goes on."""

from __future__ import annotations

import logging
from datetime import datetime

from sqlmodel import Session, col, select

from pytake_cli.locale import Phrase
from pytake_cli.services import campaign_causes, incidents
from pytake_cli.store import Store
from pytake_cli.store.events import Event
from pytake_cli.store.numbers import REMOVED, Number
from pytake_cli.store.work import poke
from pytake_cli.whatsapp.errors import Action, rule

log = logging.getLogger(__name__)


def was_the_reason(number: Number) -> bool:
    """True when the number stands still because Meta refused its token."""
    if number.stopped_at is None or number.stopped_code is None:
        return False
    return rule(number.stopped_code, None).action is Action.TOKEN


def wanted(db: Session) -> list[int]:
    """Numbers that stand still until there is another token, which need not come with a poke."""
    stopped = db.exec(select(Number).where(col(Number.stopped_at).is_not(None), Number.status != REMOVED))
    return [number.id for number in stopped if number.id is not None and was_the_reason(number)]


def changed(store: Store, number_id: int, now: datetime) -> None:
    """Lets a number send again that was stopped for its token, and its campaigns go on."""
    with store.write() as db:
        number = db.get(Number, number_id)
        if number is None or not was_the_reason(number):
            return
        number.stopped_at = number.stopped_until = number.stopped_code = None
        number.stopped_reason = ""
        db.add(Event(org_id=number.org_id, kind="number:updated", payload={"number": number_id}, at=now))
        poke(db, "number", number_id)
        poke(db, "number", number_id, "campaign")
        campaign_causes.is_gone(db, number, campaign_causes.NUMBER, now)
    log.info("number resumed with another token", extra={"number": number_id})


def missing(store: Store, number_id: int, now: datetime) -> None:
    """Tells that a number has messages to send but no token."""
    with store.write() as db:
        number = db.get(Number, number_id)
        if number is not None:
            about = {"number": number.display}
            what = Phrase("{number} has no access token: pytake secret set access_token -", **about)
            incidents.tell(db, number.org_id, "PT-SECRET-MISSING", what, now)
