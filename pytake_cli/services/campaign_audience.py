"""The people of a campaign: what it sends and from where, who gets it, which arm each falls into and when it is due."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from pytake_cli.policy import campaigns as policy
from pytake_cli.policy.campaigns import Arm, Definition, Drip
from pytake_cli.policy.quiet import loud_at
from pytake_cli.policy.zones import zone_of
from pytake_cli.services import contacts, flows, numbers, segments, templates
from pytake_cli.store import recipients
from pytake_cli.store.campaigns import audience_row
from pytake_cli.store.contacts import contact
from pytake_cli.store.flows import Flow
from pytake_cli.store.numbers import Number
from pytake_cli.store.organisations import Organisation
from pytake_cli.store.templates import Template

NAMED_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Target:
    """What a definition names, found in the store."""

    number: Number
    templates: tuple[tuple[Arm, Template], ...]  # an arm each; none for a flow
    flow: Flow | None
    later: tuple[tuple[Drip, Template], ...] = ()  # what follows

    @property
    def categories(self) -> dict[str, str]:
        """Meta's category by arm."""
        return {arm.name: template.category for arm, template in self.templates}

    def is_marketing(self, definition: Definition) -> bool:
        """Whether people must have agreed: a file may ask for more than the category wants, never for less."""
        if self.flow is not None and definition.consent is None:
            return True
        return "MARKETING" in self._all_categories or definition.consent == policy.MARKETING

    @property
    def _all_categories(self) -> set[str]:
        return {template.category for _, template in (*self.templates, *self.later)}

    def sent(self, definition: Definition) -> list[tuple[Mapping[str, str], Template]]:
        """Every template with the texts that fill it."""
        arms = [(definition.values_of(arm), template) for arm, template in self.templates]
        return [*arms, *((later_values(definition, drip, template), template) for drip, template in self.later)]

    def rules(self, definition: Definition, now: datetime) -> recipients.Rules:
        marketing = self.is_marketing(definition)
        return recipients.Rules(
            org_id=self.number.org_id,
            portfolio=self.number.portfolio_id,
            marketing=marketing,
            phones_only="AUTHENTICATION" in self._all_categories,
            no_us="MARKETING" in self._all_categories,
            cap=definition.cap or (policy.DEFAULT_CAP if marketing else None),
            skip_open_conversations=definition.skip_open_conversations,
            now=now,
        )


def later_values(definition: Definition, drip: Drip, template: Template) -> dict[str, str]:
    """What fills a later message: its own values, and of the campaign's those that its template takes."""
    taken = templates.takes(template)
    return {name: text for name, text in definition.values.items() if name in taken} | dict(drip.values)


def target(db: Session, org_id: int, definition: Definition) -> Target:
    """The number, the templates and the flow that a definition names; NotFound for what is not there."""
    number = numbers.find(db, org_id, definition.number or None)
    flow = flows.get(db, org_id, definition.flow) if definition.flow else None
    found = tuple((arm, _template(db, number, arm)) for arm in definition.arms)
    return Target(number, found, flow, tuple((drip, _template(db, number, drip)) for drip in definition.drip))


def _template(db: Session, number: Number, named: Arm | Drip) -> Template:
    return templates.find(db, number.org_id, number.waba_id, named.template, named.language or None)


@dataclass(frozen=True, slots=True)
class Due:
    """When messages are due: at the start, but `later` for those (tz, prefix) who live where it is quiet then."""

    start: datetime
    later: Mapping[datetime, Sequence[tuple[str, str]]] = field(default_factory=dict)


def due(db: Session, org_id: int, definition: Definition, now: datetime) -> Due:
    """Reads every clock that people live by, which takes some 0.3 s where there are a million."""
    start, quiet = max(definition.at or now, now), definition.quiet
    home = db.get_one(Organisation, org_id).tz
    if quiet is None or quiet.zone == "org":
        return Due(loud_at(quiet, home, start))
    later: dict[datetime, list[tuple[str, str]]] = defaultdict(list)
    for tz, prefix in recipients.clocks(db, org_id):
        at = loud_at(quiet, zone_of(prefix, tz, home), start)
        if at > start:
            later[at].append((tz, prefix))
    return Due(start, later)


def audience(
    db: Session,
    org_id: int,
    definition: Definition,
    now: datetime,
    when: Due,
    *,
    within: tuple[int, int] | None = None,
    freezing: int | None = None,
) -> sa.Select[Any]:
    """`contact_id`, `arm`, `due_at`, `values` of everybody who gets it: what a launch freezes by INSERT … SELECT.

    `within` are the first and the last contact id of a chunk, `freezing` is the campaign that it goes into.
    """
    found = target(db, org_id, definition)
    people = everybody(db, found, definition, now, within=within, freezing=freezing)
    return sa.select(
        people.c.id.label("contact_id"),
        arm_of(people, definition).label("arm"),
        recipients.due_of(people, when.start, when.later).label("due_at"),
        people.c["values"],
    ).where(people.c.reason == "")


def everybody(
    db: Session,
    found: Target,
    definition: Definition,
    now: datetime,
    *,
    within: tuple[int, int] | None = None,
    freezing: int | None = None,
    rank_at_most: int | None = None,
) -> sa.Subquery:
    """Everybody of the audience with the reason why not, or ''; of a launch's chunk or of a sample."""
    wanted = definition.audience
    ids = segments.ids(db, found.number.org_id, wanted.query, now) if wanted.query else None
    before = recipients.named(db, found.number.org_id, definition.name, freezing)
    rules = replace(found.rules(definition, now), before=before, within=within, rank_at_most=rank_at_most)
    return recipients.sorted_people(ids, wanted.digest, rules)


def arm_of(people: sa.Subquery, definition: Definition) -> Any:
    """The arm that each person falls into."""
    arms = [(each.name, each.share) for each in definition.arms] or [("", policy.SHARES - definition.holdout)]
    digest = policy.digest_of(definition.name)
    seed = [int(digest[at : at + 7], 16) + 1 for at in (0, 8, 16)]  # below 2^28 + 1, and never 0
    return recipients.arm_of(people.c.id, recipients.shares_of(arms, definition.holdout), seed)


def size(db: Session, org_id: int, definition: Definition, now: datetime) -> int:
    """How many people an audience has, those who will be left out included."""
    wanted = definition.audience
    if wanted.query:
        return segments.count(db, org_id, wanted.query, now)
    rows = audience_row if wanted.digest else contact
    mine = sa.select(sa.func.count()).select_from(rows).where(rows.c.org_id == org_id)
    if wanted.digest:
        mine = mine.where(audience_row.c.digest == wanted.digest)
    else:
        mine = mine.where(contact.c.merged_into_id.is_(None), contact.c.deleted_at.is_(None))
    return int(db.connection().execute(mine).scalar_one())


def skipped(
    db: Session, org_id: int, definition: Definition, now: datetime, limit: int | None
) -> tuple[list[dict[str, Any]], int]:
    """Who is left out and why, with how many there are."""
    people = everybody(db, target(db, org_id, definition), definition, now)
    out = sa.select(people.c.id, people.c.reason).where(people.c.reason != "")
    total = int(db.connection().execute(sa.select(sa.func.count()).select_from(out.subquery())).scalar_one())
    rows = db.connection().execute(out.order_by(people.c.id).limit(limit)).all()
    names: dict[int, str] = {}
    for at in range(0, len(rows), NAMED_AT_ONCE):
        names |= contacts.display_names(db, [row.id for row in rows[at : at + NAMED_AT_ONCE]])
    return [{"contact_id": row.id, "name": names.get(row.id, ""), "reason": row.reason} for row in rows], total
