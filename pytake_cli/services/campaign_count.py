"""Counts an audience while it goes by: who is in, who is out and why, whether everybody's values are there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from pytake_cli.policy.campaigns import HOLDOUT, Definition
from pytake_cli.segment.evaluate import PRIME
from pytake_cli.services import campaign_values
from pytake_cli.services.campaign_audience import Target, arm_of, everybody
from pytake_cli.services.campaign_values import Filled, Filling
from pytake_cli.store.audience import scattered

ROWS_AT_ONCE = 2000  # people in memory at a time
SKETCH = 512  # people whose ranks stand for the audience: tells a drift of 1 % within half a per cent
SAMPLES = 5
EXAMPLES = 5  # people without values who are named
Progress = Callable[[int], None]  # how many people were looked at
Group = tuple[str, str, str]  # tz, first digits, arm


@dataclass(frozen=True, slots=True, order=True)
class Sample:
    """Somebody whose message is shown; those with the lowest ranks, so that they are the same each time."""

    rank: int
    contact_id: int
    arm: str = field(compare=False)
    filled: Filled = field(compare=False)


@dataclass(slots=True)
class Tally:
    """What was counted. `lacking` are recipients for whom a value is missing: they are in, and will be skipped."""

    reasons: Counter[str] = field(default_factory=Counter)
    groups: Counter[Group] = field(default_factory=Counter)
    lacking: Counter[Group] = field(default_factory=Counter)
    lacks: Counter[str] = field(default_factory=Counter)  # how many people lack which value
    unfit: Counter[str] = field(default_factory=Counter)  # what the template does not take, in words
    examples: list[int] = field(default_factory=list)  # contacts of `lacking`
    samples: list[Sample] = field(default_factory=list)
    digest: int = 0  # of the recipients, in whatever order they came
    sketch: list[int] = field(default_factory=list)  # the smallest ranks

    @property
    def recipients(self) -> int:
        return sum(self.groups.values())

    @property
    def audience(self) -> int:
        return self.recipients + sum(self.reasons.values())

    @property
    def hash(self) -> str:
        return f"{self.recipients:x}.{self.digest:x}"

    def written_to(self) -> Counter[Group]:
        """The groups without those who get nothing: the held out, and those without values."""
        left = self.groups - self.lacking
        return Counter({group: count for group, count in left.items() if group[2] != HOLDOUT})

    def add(self, people: Sequence[Any]) -> None:
        """More recipients."""
        self.groups.update((tz, prefix, arm) for _, tz, prefix, _, _, arm, _ in people)
        self.digest += sum(id_ * rank for id_, *_, rank in people)
        most = self.sketch[-1] if len(self.sketch) == SKETCH else PRIME
        low = [rank for *_, rank in people if rank < most]
        self.sketch = sorted({*self.sketch, *low})[:SKETCH] if low else self.sketch

    def note(self, contact_id: int, group: Group, rank: int, filled: Filled) -> None:
        """What became of a recipient's values."""
        if filled.is_ready:
            last = self.samples[-1].rank if len(self.samples) == SAMPLES else None
            if last is None or rank < last:
                self.samples = sorted([*self.samples, Sample(rank, contact_id, group[2], filled)])[:SAMPLES]
            return
        self.lacking[group] += 1
        self.lacks.update(filled.lacking)
        if filled.unfit:
            self.unfit[filled.unfit] += 1
        if len(self.examples) < EXAMPLES:
            self.examples.append(contact_id)


def count(db: Session, found: Target, definition: Definition, now: datetime, progress: Progress | None = None) -> Tally:
    """Goes through everybody of the audience, a chunk at a time, and tries every recipient's message."""
    tally, seen = Tally(), 0
    fillings = campaign_values.fillings(definition, found.templates)
    base = campaign_values.base_scope(db, found.number.org_id, definition, now)
    for chunk in _chunks(db, found, definition, now):
        going = [row for row in chunk if not row.reason]
        tally.reasons.update(row.reason for row in chunk if row.reason)
        tally.add(going)
        _try(db, tally, [row for row in going if row.arm in fillings], fillings, base)
        seen += len(chunk)
        if progress:
            progress(seen)
    return tally


def _try(db: Session, tally: Tally, written: Sequence[Any], fillings: dict[str, Filling], base: dict[str, Any]) -> None:
    """Fills the templates of a chunk of recipients."""
    scopes = campaign_values.scopes(db, written, list(fillings.values()), base)
    for row, scope in zip(written, scopes, strict=True):
        filled = fillings[row.arm].fill(scope)
        tally.note(row.id, (row.tz, row.prefix, row.arm), row.rank, filled)


def _chunks(db: Session, found: Target, definition: Definition, now: datetime) -> Iterator[Any]:
    people = everybody(db, found, definition, now)
    columns = (people.c.id, people.c.tz, people.c.prefix, people.c["values"], people.c.reason)
    query = sa.select(*columns, arm_of(people, definition).label("arm"), scattered(people.c.id).label("rank"))
    return db.connection().execute(query, execution_options={"yield_per": ROWS_AT_ONCE}).partitions()


def drifted(db: Session, found: Target, definition: Definition, now: datetime, before: Sequence[int]) -> float:
    """Which share of an audience with the sketch `before` are others now; looks only at people with low ranks."""
    people = everybody(db, found, definition, now, rank_at_most=before[-1] if len(before) == SKETCH else None)
    rank = scattered(people.c.id)
    lowest = sa.select(rank).distinct().where(people.c.reason == "").order_by(rank).limit(SKETCH)
    return drift(before, db.connection().execute(lowest).scalars().all())


def drift(before: Sequence[int], after: Sequence[int]) -> float:
    """Which share of two audiences is in only one of them, by their sketches; exact for small audiences."""
    one, other = set(before), set(after)
    together = one | other
    if not together:
        return 0.0
    small = len(one) < SKETCH and len(other) < SKETCH
    looked_at = together if small else set(sorted(together)[:SKETCH])
    return 1 - len(looked_at & one & other) / len(looked_at)
