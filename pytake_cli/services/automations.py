"""Automations as people publish them: checked, switched on and off, looked up; `automation_runs` is what they do."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from sqlmodel import Session, col, select

from pytake_cli.errors import InvalidData, NotFound
from pytake_cli.flow import reader
from pytake_cli.flow.problems import Problem, near, problem
from pytake_cli.policy.automations import Automation as Definition
from pytake_cli.services import act_checks, automation_files, automation_silence, business_hours
from pytake_cli.services.automation_files import SLUG, AutomationErrors
from pytake_cli.services.segment_reading import Reader
from pytake_cli.store import automations, segments
from pytake_cli.store.automations import Automation
from pytake_cli.store.organisations import Organisation
from pytake_cli.store.users import User


@dataclass(frozen=True, slots=True)
class Draft:
    """An automation file: where it is and what it says."""

    path: str
    source: str | bytes

    @property
    def text(self) -> str:
        return self.source if isinstance(self.source, str) else self.source.decode("utf-8-sig")


@dataclass(frozen=True, slots=True)
class Published:
    """What publishing made of a draft; `same`: it was published like that already."""

    row: Automation
    same: bool


@lru_cache(maxsize=512)
def parsed(source: str) -> Definition:
    """The automation that was published; raises AutomationErrors for one of a newer program."""
    return automation_files.read(source, "automation.yaml")


def check(db: Session, org_id: int, drafts: Sequence[Draft]) -> list[Problem]:
    """All that is wrong with files, each by itself and against what the organisation has."""
    problems: list[Problem] = []
    names: dict[str, str] = {}
    for draft in drafts:
        try:
            read = automation_files.read(draft.source, draft.path)
        except AutomationErrors as error:
            problems += error.problems
            continue
        problems += _around(db, org_id, draft, read)
        if read.name in names:
            problems.append(
                problem(
                    SLUG, "{other} is an automation {name} too", path=draft.path, other=names[read.name], name=read.name
                )
            )
        names[read.name] = draft.path
    return problems


def _around(db: Session, org_id: int, draft: Draft, read: Definition) -> Iterable[Problem]:
    """What a file names and the organisation has not."""
    positions = reader.read(draft.text, draft.path).positions

    if read.conditions.contact:
        try:
            Reader(db, org_id).read(read.conditions.contact)
        except InvalidData as error:
            reason = str(error.values.get("reason") or error).partition("\n")[0]
            yield problem(SLUG, "{reason}", positions.value(("if", "contact")), path=draft.path, reason=reason)
    kept = {row.name: row.materialised for row in segments.everyone(db, org_id)}
    for name in sorted(name for name in read.segments if not kept.get(name)):
        place = positions.value(("when",))
        if name in kept:
            fix = "pytake segment set {name} --materialise"
            yield problem(SLUG, "nobody is kept in the segment {name}", place, path=draft.path, fix=fix, name=name)
        else:
            fix = "pytake segment list"
            yield problem(SLUG, "there is no segment {name}", place, path=draft.path, fix=fix, name=name)
    if read.conditions.hours is not None:
        org = db.get_one(Organisation, org_id)
        known, name = business_hours.schedules(org.tz), read.conditions.hours[1]
        if (name and name not in known) or not known:
            yield problem(
                SLUG, "there are no hours {name} in the settings", positions.value(("if", "hours")), path=draft.path,
                fix="pytake config explain flows.hours", name=name or "flows.hours",
            )  # fmt: skip
    for index, verb, reason in act_checks.missing(db, org_id, read.then):
        place = positions.value(("then", index, verb))
        yield problem(SLUG, "{reason}", place, path=draft.path, reason=reason)


def publish(
    db: Session, org_id: int, drafts: Sequence[Draft], *, by: User | None = None, now: datetime
) -> list[Published]:
    """Publishes all of them or none. A new one is on; a changed one stays on or off, and goes on with what waits."""
    problems = check(db, org_id, drafts)
    if problems:
        raise AutomationErrors(problems)
    return [_publish(db, org_id, draft, by, now) for draft in drafts]


def _publish(db: Session, org_id: int, draft: Draft, by: User | None, now: datetime) -> Published:
    read = automation_files.read(draft.source, draft.path)
    ref = hashlib.sha256(draft.text.encode()).hexdigest()[:12]
    row = automations.by_name(db, org_id, read.name)
    if row is not None and row.ref == ref:
        return Published(row, same=True)
    if row is None:
        row = Automation(org_id=org_id, name=read.name, number=0, created_at=now, enabled=False)
    row.title, row.source, row.ref, row.number = read.title, draft.text, ref, row.number + 1
    row.published_at = row.updated_at = now
    row.published_by_id = by.id if by else None
    db.add(row)
    db.flush()
    if row.number == 1:
        enable(db, row, True, now)
    return Published(row, same=False)


def enable(db: Session, row: Automation, on: bool, now: datetime) -> bool:
    """Switches it on, for what happens from now on, or off, with all that waits. False: it was like that already."""
    if row.enabled == on:
        return False
    row.enabled, row.updated_at = on, now
    if on:
        row.since_event = automations.last_event(db)
    db.add(row)
    db.flush()
    assert row.id is not None
    if on:
        automation_silence.begin(db, row, parsed(row.source), now)
    else:
        automations.cancel_of(db, row.id, "disabled", now)
    return True


def delete(db: Session, row: Automation) -> None:
    automations.delete(db, row)
    db.flush()


def find(db: Session, org_id: int, name: str) -> Automation:
    """By its name; NotFound names the nearest."""
    row = automations.by_name(db, org_id, name)
    if row is not None:
        return row
    known = db.exec(select(Automation.name).where(Automation.org_id == org_id).order_by(col(Automation.name))).all()
    meant = near(name, known)
    raise NotFound(
        "PT-AUTO",
        "there is no automation {name}",
        why="did you mean {meant}?" if meant else "",
        fix="pytake automation list",
        name=name,
        meant=meant,
    )
