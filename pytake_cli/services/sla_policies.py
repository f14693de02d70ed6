"""Policies of promised times: made, changed, deleted."""

from __future__ import annotations

import difflib
from datetime import datetime
from typing import Any

from sqlmodel import Session, select

from pytake_cli.errors import Conflict, InvalidData, NotFound
from pytake_cli.policy.sla import CLOCKS
from pytake_cli.policy.talks import PRIORITIES
from pytake_cli.services import sla, teams
from pytake_cli.store import sla as rows
from pytake_cli.store import tags
from pytake_cli.store import teams as team_rows
from pytake_cli.store.sla import SlaPolicy

SHORTEST, LONGEST = 10, 366 * 86_400  # seconds


def find(db: Session, org_id: int, slug: str) -> SlaPolicy:
    found = db.exec(select(SlaPolicy).where(SlaPolicy.org_id == org_id, SlaPolicy.slug == slug.strip().lower())).first()
    if found is not None:
        return found
    near = difflib.get_close_matches(slug, [each.slug for each in rows.everyone(db, org_id)], 1, 0.5)
    raise NotFound(
        "PT-SLA",
        "there is no policy {name}",
        why="did you mean {near}?" if near else "",
        fix="pytake sla list",
        name=slug,
        near=near[0] if near else "",
    )


def create(db: Session, org_id: int, slug: str, now: datetime, **values: Any) -> SlaPolicy:
    """Makes a policy; `values` as `change` takes them."""
    teams.check_slug(slug)
    if any(each.slug == slug for each in rows.everyone(db, org_id)):
        raise Conflict("PT-SLA-EXISTS", "there is already a policy {name}", fix="pytake sla list", name=slug)
    row = SlaPolicy(org_id=org_id, slug=slug, created_at=now, updated_at=now)
    change(db, row, now, **values)
    return row


def change(db: Session, row: SlaPolicy, now: datetime, **values: Any) -> list[str]:
    """Changes what is not None; a span of 0 takes the promise away, an empty team, priority or label fits all."""
    wanted = {name: value for name, value in values.items() if value is not None}
    if "team" in wanted:
        slug = wanted.pop("team")
        wanted["team_id"] = teams.find(db, row.org_id, slug).id if slug else None
    if wanted.get("label"):
        wanted["label"] = tags.name_of(wanted["label"])
    for clock in CLOCKS:
        if clock in wanted:
            wanted[clock] = wanted[clock] or None
    changed = [name for name, value in wanted.items() if getattr(row, name) != value]
    for name in changed:
        setattr(row, name, wanted[name])
    _check(row)
    if changed:
        row.updated_at = now
        row.version = (row.version or 0) + 1
    db.add(row)
    db.flush()
    sla.reckon_again(db, row.org_id)
    return ["team" if name == "team_id" else name for name in changed]


def _check(row: SlaPolicy) -> None:
    spans = [value for clock in CLOCKS if (value := getattr(row, clock)) is not None]
    if not spans:
        raise _refused("--first-reply / --next-reply / --resolution", "", "15m, 1h, 2d")
    if any(not SHORTEST <= span <= LONGEST for span in spans):
        raise _refused("SPAN", str(spans), f"{SHORTEST}s-366d")
    if row.priority and row.priority not in PRIORITIES:
        raise _refused("priority", row.priority, ", ".join(PRIORITIES))
    if not 1 <= row.warn_percent <= 99:
        raise _refused("warn_percent", str(row.warn_percent), "1-99")


def _refused(field: str, value: str, wanted: str) -> InvalidData:
    return InvalidData(
        "PT-SLA-VALUE",
        "{field} of a policy cannot be {value}: {wanted}",
        fix="pytake sla set -h",
        field=field,
        value=value or "(empty)",
        wanted=wanted,
    )


def delete(db: Session, row: SlaPolicy) -> None:
    org_id = row.org_id
    db.delete(row)
    db.flush()
    sla.reckon_again(db, org_id)


def card(db: Session, row: SlaPolicy) -> dict[str, Any]:
    """A policy as commands and the API show it."""
    slugs = {team.id: team.slug for team in team_rows.everyone(db, row.org_id)}
    return {
        "id": row.id,
        "slug": row.slug,
        "team": slugs.get(row.team_id, ""),
        "priority": row.priority,
        "label": row.label,
        "first_reply": row.first_reply,
        "next_reply": row.next_reply,
        "resolution": row.resolution,
        "business_hours": row.business_hours,
        "warn_percent": row.warn_percent,
        "version": row.version,
    }
