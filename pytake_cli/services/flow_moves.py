"""Sessions on older versions of a flow: where they stand, which may move to the published one, and moving them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from pytake_cli.flow import moving
from pytake_cli.flow.definition import Flow as Definition
from pytake_cli.flow.problems import FlowErrors, Phrase
from pytake_cli.flow.session import Session as State
from pytake_cli.services import flow_sessions
from pytake_cli.services.flow_library import definition
from pytake_cli.store import Store, timers
from pytake_cli.store.flow_sessions import ENDED, FlowRecord, FlowSession
from pytake_cli.store.flows import FlowVersion

MOVED = "moved"  # the kind of the record: `way` is the ref it came from, `value` {"to": ref, "after": serial}


@dataclass(frozen=True, slots=True)
class Group:
    """Open sessions that stand on the same step of the same version; `reason` is why they stay, None: they may move."""

    version: int
    step: str
    wait: str
    reason: Phrase | None
    sessions: tuple[int, ...]

    @property
    def count(self) -> int:
        return len(self.sessions)


def standing(db: Session, flow_id: int, new: Definition, *, besides: int | None = None) -> list[Group]:
    """Every open session of the flow, grouped, with what would become of it in `new`; not those on `besides`."""
    open_ = select(FlowSession).where(FlowSession.flow_id == flow_id, FlowSession.status != ENDED)
    if besides is not None:
        open_ = open_.where(FlowSession.version_id != besides)
    known = {each.id: each for each in db.exec(select(FlowVersion).where(FlowVersion.flow_id == flow_id))}
    found: dict[tuple[int, str, str, Phrase | None], list[int]] = {}
    for row in db.exec(open_.order_by(col(FlowSession.id))):
        version = known[row.version_id]
        key = (version.number, _top_step(row), row.wait_kind, _why_stays(row, version, new))
        found.setdefault(key, []).append(row.id or 0)
    return [Group(*key, tuple(ids)) for key, ids in sorted(found.items(), key=lambda each: each[0][:3])]


def _top_step(row: FlowSession) -> str:
    """Where the session stands in its own flow: for one inside a sub-flow, the step that called it."""
    frames = row.state.get("frames") or []
    return str(frames[0]["step"]) if frames else row.step


def _why_stays(row: FlowSession, version: FlowVersion, new: Definition) -> Phrase | None:
    if not row.state:
        return None  # it waits for the end of a burst, and has not begun
    try:
        old = definition(version)
    except FlowErrors:
        return Phrase("the old version cannot be read any more")
    return moving.why_stays(State.from_json(row.state), old, new)


def migrate(store: Store, org_id: int, version_id: int, sessions: Iterable[int], now: datetime) -> list[int]:
    """Moves sessions to a version of their flow, each in a transaction of its own; the ids of those that moved.

    What has become of a session since it was looked at is looked at again: one that answered meanwhile may stay.
    """
    return [id_ for id_ in sessions if _move(store, org_id, version_id, id_, now)]


def _move(store: Store, org_id: int, version_id: int, session_id: int, now: datetime) -> bool:
    with store.write(org_id) as db:
        found = flow_sessions.lock_session(db, session_id)
        if found is None:
            return False
        row, _conversation = found
        target = db.get(FlowVersion, version_id)
        if target is None or row.status == ENDED or row.version_id == target.id or row.flow_id != target.flow_id:
            return False
        old, new = db.get_one(FlowVersion, row.version_id), definition(target)
        if _why_stays(row, old, new) is not None:
            return False
        if row.state:
            _rewrite(db, row, new, now)
        row.version_id = version_id
        db.add(row)
        _note(db, row, old, target, now)
    return True


def _note(db: Session, row: FlowSession, old: FlowVersion, target: FlowVersion, now: datetime) -> None:
    """A line for the replay, and for whoever wonders why the session goes another way than it began."""
    stands: dict[str, Any] = {"org_id": row.org_id, "flow_id": row.flow_id, "session_id": row.id}
    told = {"to": target.ref, "after": row.serial}
    line = FlowRecord(**stands, version_id=target.id or 0, kind=MOVED, step=row.step, way=old.ref, value=told, at=now)
    db.add(line)


def _rewrite(db: Session, row: FlowSession, new: Definition, now: datetime) -> None:
    before = State.from_json(row.state)
    after = moving.moved(before, new)
    if before.wait is not None and after.wait is not None and before.wait.until and not after.wait.until:
        timers.cancel(db, row.id or 0, before.wait.token, now)
    row.state = after.to_json()
