"""What became of a flow's sessions: how many began, where they went, where they were lost, and what went wrong."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from pytake_cli.flow.problems import FlowErrors
from pytake_cli.services.flow_library import definition
from pytake_cli.services.flow_moves import MOVED
from pytake_cli.services.flows import versions
from pytake_cli.store.flow_sessions import ACTIVE, ENDED, WAITING, FlowRecord, FlowSession
from pytake_cli.store.flows import Flow, FlowVersion

# Outcomes that no flow meant: the contact went away, or was taken from it.
LOST = ("expired", "replaced", "taken_over", "opted_out", "closed", "failed", "reset")
COUNTED = {"timeout": "timeouts", "invalid": "invalid", "handoff": "handoffs", "incident": "incidents"}


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose figures: of a flow, perhaps of one version only, perhaps only since a moment."""

    flow: Flow
    version: FlowVersion | None = None
    since: datetime | None = None

    def sessions(self) -> list[Any]:
        found = [FlowSession.flow_id == self.flow.id]
        if self.version is not None:
            found.append(FlowSession.version_id == self.version.id)
        if self.since is not None:
            found.append(FlowSession.started_at >= self.since)
        return found

    def records(self, *kinds: str) -> list[Any]:
        found = [FlowRecord.flow_id == self.flow.id, col(FlowRecord.kind).in_(kinds)]
        if self.version is not None:
            found.append(FlowRecord.version_id == self.version.id)
        if self.since is not None:
            found.append(FlowRecord.at >= self.since)
        return found


def of(db: Session, scope: Scope) -> dict[str, Any]:
    """All of it: totals, the funnel by step, outcomes, versions, incidents, results of splits and choices."""
    return {
        "flow": scope.flow.name,
        "since": scope.since,
        **_totals(db, scope),
        "outcomes": outcomes(db, scope),
        "steps": steps(db, scope),
        "versions": by_version(db, scope),
        "incidents": incidents(db, scope),
        "ways": ways(db, scope),
    }


def _totals(db: Session, scope: Scope) -> dict[str, Any]:
    is_open = sa.func.sum(sa.case((col(FlowSession.status) != ENDED, 1), else_=0))
    is_lost = sa.func.sum(sa.case((col(FlowSession.outcome).in_(LOST), 1), else_=0))
    counted = sa.select(sa.func.count(), is_open, is_lost).select_from(FlowSession).where(*scope.sessions())
    entries, still_open, lost = db.execute(counted).one()
    kinds = sa.select(FlowRecord.kind, sa.func.count()).where(*scope.records(*COUNTED)).group_by(FlowRecord.kind)  # type: ignore[call-overload]
    found = dict(db.execute(kinds).all())
    rest = {name: found.get(kind, 0) for kind, name in COUNTED.items()}
    return {"entries": entries, "open": int(still_open or 0), "lost": int(lost or 0), **rest}


def outcomes(db: Session, scope: Scope) -> list[dict[str, Any]]:
    """How sessions ended, the commonest first."""
    number = sa.func.count()
    query = sa.select(FlowSession.outcome, number).where(*scope.sessions(), FlowSession.status == ENDED)  # type: ignore[call-overload]
    found = db.execute(query.group_by(FlowSession.outcome).order_by(number.desc(), FlowSession.outcome)).all()
    total = sum(each[1] for each in found)
    return [{"outcome": outcome, "sessions": count, "share": _share(count, total)} for outcome, count in found]


def steps(db: Session, scope: Scope) -> list[dict[str, Any]]:
    """The funnel, in the order of the flow: how many came to each step, and how many came no farther."""
    kinds = ("entered", *COUNTED)
    whom = sa.func.count(sa.distinct(FlowRecord.session_id))  # type: ignore[arg-type]
    query = sa.select(FlowRecord.kind, FlowRecord.step, sa.func.count(), whom).where(*scope.records(*kinds))  # type: ignore[call-overload]
    found: dict[str, dict[str, Any]] = {}
    for kind, step, times, people in db.execute(query.group_by(FlowRecord.kind, FlowRecord.step)).all():
        row = found.setdefault(step, _empty(step))
        if kind == "entered":
            row["sessions"], row["times"] = people, times
        else:
            row[COUNTED[kind]] = times
    for name, lost in _lost(db, scope).items():
        found.setdefault(name, _empty(name))["lost"] = lost
    for name, waiting in _waiting(db, scope).items():
        found.setdefault(name, _empty(name))["open"] = waiting
    entries = max((row["sessions"] for row in found.values()), default=0)
    for row in found.values():
        row["share"] = _share(row["sessions"], entries)
    return [found[name] for name in _in_order(db, scope, found)]


def _empty(step: str) -> dict[str, Any]:
    return {"step": step, "sessions": 0, "times": 0, "share": 0.0, "lost": 0, "open": 0} | dict.fromkeys(
        COUNTED.values(), 0
    )


def _lost(db: Session, scope: Scope) -> dict[str, int]:
    """Step -> sessions that ended in a way that no flow means, after it was the last that they entered."""
    last = (
        sa.select(sa.func.max(FlowRecord.id).label("id"))
        .where(*scope.records("entered"))
        .group_by(FlowRecord.session_id)  # type: ignore[arg-type]
        .subquery()
    )
    query = (
        sa.select(FlowRecord.step, sa.func.count())  # type: ignore[call-overload]
        .join(last, last.c.id == FlowRecord.id)
        .join(FlowSession, FlowSession.id == FlowRecord.session_id)
        .where(*scope.sessions(), FlowSession.status == ENDED, col(FlowSession.outcome).in_(LOST))
    )
    return dict(db.execute(query.group_by(FlowRecord.step)).all())


def _waiting(db: Session, scope: Scope) -> dict[str, int]:
    """Step -> sessions that are there now."""
    query = sa.select(FlowSession.step, sa.func.count()).where(*scope.sessions(), FlowSession.status != ENDED)  # type: ignore[call-overload]
    return {step: count for step, count in db.execute(query.group_by(FlowSession.step)).all() if step}


def _in_order(db: Session, scope: Scope, found: Iterable[str]) -> list[str]:
    """As the newest version has them; then those of older versions and of sub-flows."""
    version = scope.version or db.get(FlowVersion, scope.flow.published_version_id)
    try:
        known = list(definition(version).steps) if version is not None else []
    except FlowErrors:
        known = []
    return sorted(found, key=lambda step: (known.index(step) if step in known else len(known), step))


def by_version(db: Session, scope: Scope) -> list[dict[str, Any]]:
    """The versions side by side, the newest first; `moved_in` are sessions that began on another one."""
    wanted = [scope.version] if scope.version is not None else versions(db, scope.flow)
    found = []
    for version in wanted:
        one = Scope(scope.flow, version, scope.since)
        moved = sa.select(sa.func.count()).select_from(FlowRecord).where(*one.records(MOVED))
        found.append(
            {
                "version": version.number,
                "published": version.id == scope.flow.published_version_id,
                **_totals(db, one),
                "moved_in": db.execute(moved).scalar_one(),
            }
        )
    return found


def incidents(db: Session, scope: Scope, limit: int = 20) -> list[dict[str, Any]]:
    """What went wrong, the commonest first, each with the newest session that it happened to."""
    times, newest = sa.func.count(), sa.func.max(FlowRecord.id)
    query = sa.select(FlowRecord.way, FlowRecord.step, times, newest).where(*scope.records("incident"))  # type: ignore[call-overload]
    query = query.group_by(FlowRecord.way, FlowRecord.step).order_by(times.desc(), FlowRecord.way).limit(limit)
    found = []
    for way, step, count, id_ in db.execute(query).all():
        last = db.get_one(FlowRecord, id_)
        row = {"incident": way, "step": step, "times": count, "last_at": last.at, "session": last.session_id}
        found.append(row | {"detail": last.value})
    return found


def ways(db: Session, scope: Scope) -> list[dict[str, Any]]:
    """How often each way out, choice and share of a split was taken."""
    times, kinds = sa.func.count(), ("left", "choice", "split", "interrupt")
    query = sa.select(FlowRecord.step, FlowRecord.kind, FlowRecord.way, times).where(*scope.records(*kinds))  # type: ignore[call-overload]
    rows = db.execute(query.group_by(FlowRecord.step, FlowRecord.kind, FlowRecord.way)).all()
    found = [{"step": step, "kind": kind, "way": way, "times": count} for step, kind, way, count in rows]
    order = {name: n for n, name in enumerate(_in_order(db, scope, {row["step"] for row in found}))}
    return sorted(found, key=lambda row: (order[row["step"]], row["kind"], -row["times"], row["way"]))


def under_way(db: Session, org_id: int) -> dict[int, int]:
    """Flow's id -> sessions that have not ended."""
    open_ = select(FlowSession.flow_id, sa.func.count()).where(
        FlowSession.org_id == org_id, col(FlowSession.status).in_((ACTIVE, WAITING))
    )
    return dict(db.exec(open_.group_by(col(FlowSession.flow_id))).all())


def sessions_by_version(db: Session, flow: Flow) -> dict[int, tuple[int, int]]:
    """Version's id -> (open sessions, all sessions)."""
    is_open = sa.func.sum(sa.case((col(FlowSession.status) != ENDED, 1), else_=0))
    query = select(FlowSession.version_id, is_open, sa.func.count()).where(FlowSession.flow_id == flow.id)
    return {
        id_: (int(open_ or 0), all_) for id_, open_, all_ in db.execute(query.group_by(col(FlowSession.version_id)))
    }


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 0.0
