"""How many people Meta still lets a portfolio begin conversations with today, looked up now and then."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlmodel import Session, col, func, select

from pytake_cli.services import numbers, recently
from pytake_cli.store import ledger
from pytake_cli.store.messages import Message
from pytake_cli.store.numbers import Number
from pytake_cli.whatsapp.numbers import TIERS

DAY = timedelta(hours=24)
LEAST_WAIT = timedelta(minutes=1)  # people become free again one by one, as they were written to
LOOK_AGAIN = timedelta(seconds=15)  # counting those of a day takes some 100 ms where there are many


@dataclass(frozen=True, slots=True)
class Quota:
    """`room` people are left of `limit`; `free_at` is when it is worth to look again once there is none."""

    limit: int
    used: int
    coming: int  # queued, in flight, or unknown whether they were written to
    room: int
    at: datetime
    free_at: datetime


class Quotas:
    """What is left, by number; what was moved since the last count is taken off."""

    def __init__(self) -> None:
        self._known: dict[int, Quota] = {}

    def room(self, db: Session, number: Number, now: datetime) -> Quota | None:
        """None for a number without a limit, or whose limit Meta has not told."""
        assert number.id is not None
        known = self._known.get(number.id)
        if known is not None and known.room > 0 and known.at <= now < known.at + LOOK_AGAIN:
            return known
        limit = TIERS.get(number.tier)
        if limit is None:  # nothing to count
            self._known.pop(number.id, None)
            return None
        used, coming = numbers.limits(db, number, now).used_people, ledger.coming(db, number.id)
        room = max(0, limit - used - coming)
        free_at = now if room else max(_first_today(db, number, now) + DAY, now + LEAST_WAIT)
        quota = Quota(limit, used, coming, room, now, free_at)
        self._known[number.id] = quota
        return quota

    def spend(self, number_id: int, people: int) -> None:
        known = self._known.get(number_id)
        if known is not None:
            self._known[number_id] = replace(known, room=known.room - people)


def _first_today(db: Session, number: Number, now: datetime) -> datetime:
    """When the first of those who count today was written to."""
    since = now - DAY
    young = col(Message.id) >= recently.first_id(db, since - recently.LONGEST_QUEUE), col(Message.sent_at) >= since
    first = select(func.min(Message.sent_at)).join(Number, col(Number.id) == Message.number_id)
    mine = (Number.portfolio_id == number.portfolio_id, Number.org_id == number.org_id, Message.kind == "template")
    found: datetime | None = db.exec(first.where(*mine, *young)).one()
    return found or now
