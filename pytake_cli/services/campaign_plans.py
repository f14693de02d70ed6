"""Plans: what a launch would do, found out before it is done, under an id that is the hash of all that matters."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from pytake_cli.policy.audience import REASONS
from pytake_cli.policy.campaigns import Definition, digest_of
from pytake_cli.services.campaign_audience import Target, arm_of, audience, everybody, target
from pytake_cli.store import Store
from pytake_cli.store.campaigns import Plan

__all__ = ["VALID", "audience", "count", "make", "target"]

VALID = timedelta(hours=24)
ROWS_AT_ONCE = 2000
SKETCH = 512  # people whose hashes stand for the audience: tells a drift of 1 % within half a per cent
Progress = Callable[[int], None]  # how many people were looked at


@dataclass(slots=True)
class Tally:
    """The people of an audience, counted while they went by."""

    reasons: Counter[str] = field(default_factory=Counter)
    groups: Counter[tuple[str, str, str]] = field(default_factory=Counter)  # (tz, prefix, arm) of the recipients
    digest: int = 0  # of the recipients, in whatever order they came
    sketch: list[int] = field(default_factory=list)  # the smallest hashes of recipients, as a heap of negatives

    @property
    def recipients(self) -> int:
        return sum(self.groups.values())

    @property
    def audience(self) -> int:
        return self.recipients + sum(self.reasons.values())

    @property
    def hash(self) -> str:
        return f"{self.recipients:x}.{self.digest:032x}"

    def add(self, contact_id: int, tz: str, prefix: str, arm: str) -> None:
        """One more recipient."""
        self.groups[tz, prefix, arm] += 1
        digest = blake2b(contact_id.to_bytes(8), digest_size=16).digest()
        self.digest = (self.digest + int.from_bytes(digest)) % (1 << 128)
        rank = int.from_bytes(digest[:6])
        if len(self.sketch) < SKETCH:
            heapq.heappush(self.sketch, -rank)
        elif rank < -self.sketch[0]:
            heapq.heapreplace(self.sketch, -rank)


def make(store: Store, org_id: int, definition: Definition, now: datetime, progress: Progress | None = None) -> Plan:
    """Plans a campaign and keeps the plan for 24 hours; `problems` of its content are what a launch refuses."""
    with store.read(org_id) as db:
        found = target(db, org_id, definition)
        tally = count(db, found, definition, now, progress)
        content = _content(tally)
    plan = _plan(org_id, definition, content, tally, now)
    with store.write(org_id) as db:
        db.merge(plan)
    return plan


def count(db: Session, found: Target, definition: Definition, now: datetime, progress: Progress | None = None) -> Tally:
    """Goes through everybody of the audience, a chunk at a time."""
    tally = Tally()
    seen = 0
    for chunk in _chunks(db, found, definition, now):
        for row in chunk:
            if row.reason:
                tally.reasons[row.reason] += 1
            else:
                tally.add(row.id, row.tz, row.prefix, row.arm)
        seen += len(chunk)
        if progress:
            progress(seen)
    return tally


def _chunks(db: Session, found: Target, definition: Definition, now: datetime) -> Iterator[Any]:
    people = everybody(db, found, definition, now)
    columns = (people.c.id, people.c.tz, people.c.prefix, people.c["values"], people.c.reason)
    query = sa.select(*columns, arm_of(people, definition).label("arm"))
    return db.connection().execution_options(yield_per=ROWS_AT_ONCE).execute(query).partitions(ROWS_AT_ONCE)


def _content(tally: Tally) -> dict[str, Any]:
    return {
        "audience": tally.audience,
        "recipients": tally.recipients,
        "exclusions": [{"reason": each, "count": tally.reasons[each]} for each in REASONS if tally.reasons[each]],
        "problems": [],
    }


def _plan(org_id: int, definition: Definition, content: dict[str, Any], tally: Tally, now: datetime) -> Plan:
    matters = [org_id, definition.to_json(), tally.hash, content]
    return Plan(
        id=f"plan_{digest_of(matters)[:16]}",
        org_id=org_id,
        name=definition.name,
        definition=definition.to_json(),
        content=content,
        audience_hash=tally.hash,
        recipients=tally.recipients,
        created_at=now,
        expires_at=now + VALID,
    )
