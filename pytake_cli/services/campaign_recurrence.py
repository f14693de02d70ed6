"""When a recurring campaign runs, and what is different on a day that its file names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from itertools import islice
from typing import Any

from sqlmodel import Session

from pytake_cli.errors import InvalidData
from pytake_cli.policy.campaigns import Definition
from pytake_cli.policy.recurrence import Occurrence, Rule, next_after, occurrences
from pytake_cli.policy.recurrence_files import read
from pytake_cli.store.organisations import Organisation

CHANGEABLE = ("template", "language", "values", "rate", "max_recipients")  # by {date: …, do: modify, …}


def next_of(db: Session, org_id: int, definition: Definition, after: datetime) -> Occurrence | None:
    """The campaign's first time later than `after`, by the organisation's clock."""
    if definition.recurrence is None:
        return None
    rule, tz = rule_of(db, org_id, definition)
    return next_after(rule, tz, after)


def rule_of(db: Session, org_id: int, definition: Definition) -> tuple[Rule, str]:
    """When the campaign runs, and by whose clock."""
    return read(definition.recurrence or {}), db.get_one(Organisation, org_id).tz


def first_of(db: Session, org_id: int, definition: Definition, now: datetime) -> Occurrence:
    """The same at the launch; InvalidData for what could never run, or would fail on a day that it names."""
    if definition.audience.kind == "file":
        raise InvalidData(
            "PT-CAMP-SERIES-FILE",
            "{name} recurs, and its audience is a file, which is read once",
            why="a segment or a condition finds the people of each time",
            fix="audience: {{segment: NAME}}",
            name=definition.name,
        )
    for exempt in read(definition.recurrence or {}).exceptions:
        changed(definition, exempt.changes)
    found = next_of(db, org_id, definition, max(now, definition.at or now))
    if found is None:
        raise InvalidData(
            "PT-SCHEDULE-NEVER",
            "{name} would never run: its times are over, or the limits leave none",
            fix="pytake help recurrence",
            name=definition.name,
        )
    return found


def problems(db: Session, org_id: int, definition: Definition, now: datetime) -> Iterator[InvalidData]:
    """What `first_of` would refuse."""
    if definition.recurrence is not None:
        try:
            first_of(db, org_id, definition, now)
        except InvalidData as error:
            yield error


def coming(db: Session, org_id: int, definition: Definition, now: datetime) -> list[Occurrence]:
    """The next times, five at most; none of a campaign that comes once."""
    if definition.recurrence is None:
        return []
    rule, tz = rule_of(db, org_id, definition)
    return list(islice(occurrences(rule, tz, max(now, definition.at or now)), 5))


def changed(definition: Definition, changes: Mapping[str, Any]) -> Definition:
    """The campaign with what an exception says is different; InvalidData for what cannot be."""
    arms = definition.arms
    wrong = [name for name in changes if name not in CHANGEABLE]
    if wrong or (len(arms) != 1 and ("template" in changes or "language" in changes)):
        raise InvalidData(
            "PT-CAMP-SERIES-CHANGE",
            "the recurrence of {name} cannot modify {what}",
            why="a day may have another {changeable}, and a campaign of several arms keeps its templates",
            fix="pytake help recurrence",
            name=definition.name,
            what=", ".join(wrong or changes),
            changeable=", ".join(CHANGEABLE),
        )
    if "template" in changes or "language" in changes:
        template = str(changes.get("template", arms[0].template))
        language = str(changes.get("language", "" if "template" in changes else arms[0].language))
        arms = (replace(arms[0], template=template, language=language),)
    return replace(
        definition,
        arms=arms,
        values={**definition.values, **{name: str(text) for name, text in (changes.get("values") or {}).items()}},
        rate=float(changes["rate"]) if "rate" in changes else definition.rate,
        max_recipients=int(changes["max_recipients"]) if "max_recipients" in changes else definition.max_recipients,
    )
