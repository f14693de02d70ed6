"""Flows as they are published: immutable versions, which of them starts new sessions, going back to an older one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from pytake_cli.errors import Conflict, NotFound
from pytake_cli.flow import check, written
from pytake_cli.flow.checks.inquiry import Surroundings
from pytake_cli.flow.definition import Flow as Definition
from pytake_cli.flow.problems import FlowErrors, Problem, near
from pytake_cli.flow.steps.call import Call
from pytake_cli.services import flow_surroundings
from pytake_cli.services.flow_library import definition
from pytake_cli.store.events import Event
from pytake_cli.store.flows import Flow, FlowVersion
from pytake_cli.store.organisations import Organisation
from pytake_cli.store.users import User

HEX = 12  # digits of the hash in a ref: 48 bits, of which a flow will never have enough versions to meet twice


@dataclass(frozen=True, slots=True)
class Draft:
    """A flow file: where it is and what it says."""

    path: str
    source: str | bytes

    @property
    def text(self) -> str:
        return self.source if isinstance(self.source, str) else self.source.decode("utf-8-sig")


@dataclass(frozen=True, slots=True)
class Published:
    """What publishing made of a draft; `replayed`: it was published already, and nothing changed."""

    flow: Flow
    version: FlowVersion
    before: FlowVersion | None
    replayed: bool
    warnings: tuple[Problem, ...] = ()
    callers: tuple[str, ...] = field(default=())  # flows that go on calling the version before


def examined(db: Session, org_id: int, drafts: Sequence[Draft]) -> list[check.Examined]:
    """The drafts, checked against what the organisation has and against one another; raises nothing."""
    return check.examine_all({draft.path: draft.source for draft in drafts}, flow_surroundings.of(db, org_id))


def publish(
    db: Session, org_id: int, drafts: Sequence[Draft], *, by: User | None = None, message: str = "", now: datetime
) -> list[Published]:
    """Publishes all of them or none. FlowErrors with everything that is wrong when one is not fit."""
    _lock(db, org_id)
    found = examined(db, org_id, drafts)
    wrong = [problem for each in found if each.flow is None for problem in each.errors]
    if wrong:
        raise FlowErrors(tuple(wrong))
    read = {each.flow.name: (each.flow, draft) for each, draft in zip(found, drafts, strict=True) if each.flow}
    if len(read) < len(drafts):
        raise Conflict("PT-FLOW-RIVALS", "two of the files are flows of the same name", fix="pytake flow list")
    library = flow_surroundings.published(db, org_id) | {name: flow for name, (flow, _draft) in read.items()}
    refs = _refs(db, org_id, {name: flow for name, (flow, _draft) in read.items()}, library)
    told = {each.flow.name: tuple(each.warnings) for each in found if each.flow}
    made = []
    for name, (flow, draft) in read.items():
        pins = {each: refs[each] for each in called(flow, library)}
        new = FlowVersion(org_id=org_id, flow_id=0, number=0, ref=refs[name], source=draft.text, pins=pins)
        new.message, new.published_at, new.published_by_id = message, now, by.id if by else None
        made.append(replace(_put(db, org_id, flow, new, by, now), warnings=told[name]))
    return [replace(each, callers=_callers(db, org_id, each)) for each in made]


def _lock(db: Session, org_id: int) -> None:
    """One at a time publishes in an organisation; messages come in meanwhile."""
    db.exec(select(Organisation).where(Organisation.id == org_id).with_for_update(key_share=True)).one()


def called(flow: Definition, library: Mapping[str, Definition]) -> list[str]:
    """The flows that it calls, and those that they call; not itself."""
    found: dict[str, None] = {}
    rest = [flow]
    while rest:
        for step in rest.pop().steps.values():
            if isinstance(step, Call) and step.flow not in found and step.flow != flow.name:
                found[step.flow] = None
                rest += [library[step.flow]] if step.flow in library else []
    return sorted(found)


def _refs(db: Session, org_id: int, new: Mapping[str, Definition], library: Mapping[str, Definition]) -> dict[str, str]:
    """The ref of every flow: the published ones' as they are, the new ones' by what they and their sub-flows say."""
    query = select(FlowVersion.ref).join(Flow, Flow.published_version_id == FlowVersion.id)  # type: ignore[arg-type]
    refs = {ref.partition("@")[0]: ref for ref in db.exec(query.where(Flow.org_id == org_id))}
    return refs | {
        name: ref_of(flow, {each: library[each] for each in called(flow, library)}) for name, flow in new.items()
    }


def ref_of(flow: Definition, pinned: Mapping[str, Definition]) -> str:
    """`appointment@9f86d081884c`: the same for the same meaning, however the file is indented or commented."""
    content = [written.plain(flow), *(written.plain(pinned[name]) for name in sorted(pinned))]
    said = json.dumps(content, ensure_ascii=False, default=str)  # in the file's order: buttons are shown in it
    return f"{flow.name}@{hashlib.sha256(said.encode(errors='replace')).hexdigest()[:HEX]}"


def _put(
    db: Session, org_id: int, definition_: Definition, new: FlowVersion, by: User | None, now: datetime
) -> Published:
    flow = db.exec(select(Flow).where(Flow.org_id == org_id, Flow.name == definition_.name)).first()
    if flow is None:
        flow = Flow(org_id=org_id, name=definition_.name, created_at=now, updated_at=now)
        db.add(flow)
        db.flush()
    assert flow.id is not None
    before = db.get(FlowVersion, flow.published_version_id) if flow.published_version_id else None
    if before is not None and before.ref == new.ref:
        return Published(flow, before, before, replayed=True)
    version = db.exec(select(FlowVersion).where(FlowVersion.flow_id == flow.id, FlowVersion.ref == new.ref)).first()
    if version is None:
        last = db.exec(
            select(FlowVersion.number).where(FlowVersion.flow_id == flow.id).order_by(col(FlowVersion.number).desc())
        ).first()
        version, new.flow_id, new.number = new, flow.id, (last or 0) + 1
        db.add(version)
        db.flush()
    flow.title = definition_.title
    _start_with(db, flow, version, before, by, now)
    return Published(flow, version, before, replayed=False)


def _start_with(
    db: Session, flow: Flow, version: FlowVersion, before: FlowVersion | None, by: User | None, now: datetime
) -> None:
    """From here on this version starts new sessions."""
    flow.published_version_id, flow.updated_at = version.id, now
    payload = {
        "flow": flow.name,
        "number": version.number,
        "before": before.number if before else None,
        "by": by.id if by else None,
    }
    db.add(flow)
    db.add(Event(org_id=flow.org_id, kind="flow:published", payload=payload, at=now))
    db.flush()


def _callers(db: Session, org_id: int, made: Published) -> tuple[str, ...]:
    """Flows whose published version is pinned on another version of this one."""
    query = select(FlowVersion).join(Flow, Flow.published_version_id == FlowVersion.id)  # type: ignore[arg-type]
    found = db.exec(query.where(Flow.org_id == org_id).order_by(col(Flow.name)))
    name = made.flow.name
    return tuple(
        each.ref.partition("@")[0] for each in found if each.pins.get(name, made.version.ref) != made.version.ref
    )


def get(db: Session, org_id: int, name: str) -> Flow:
    """The flow of that name; NotFound names the nearest."""
    flow = db.exec(select(Flow).where(Flow.org_id == org_id, Flow.name == name)).first()
    if flow is not None:
        return flow
    known = db.exec(select(Flow.name).where(Flow.org_id == org_id)).all()
    meant = near(name, known)
    raise NotFound(
        "PT-FLOW",
        "no flow {name} was ever published",
        why="did you mean {meant}?" if meant else "",
        fix="pytake flow publish {name}",
        name=name,
        meant=meant,
    )


def versions(db: Session, flow: Flow) -> list[FlowVersion]:
    """Every version, the newest first."""
    mine = select(FlowVersion).where(FlowVersion.flow_id == flow.id)
    return list(db.exec(mine.order_by(col(FlowVersion.number).desc())))


def version(db: Session, flow: Flow, wanted: str | int | None = None) -> FlowVersion:
    """A version by its number, `published`, or the beginning of its hash; by default the published one."""
    known = versions(db, flow)
    word = str(wanted or "published").removeprefix("v")
    for each in known:
        is_it = each.id == flow.published_version_id if word == "published" else str(each.number) == word
        if is_it:
            return each
    hashed = [each for each in known if len(word) >= 4 and each.ref.partition("@")[2].startswith(word)]
    if len(hashed) == 1:
        return hashed[0]
    raise NotFound(
        "PT-FLOW-VERSION",
        "{name} has no version {wanted}",
        why="there are {known}",
        fix="pytake flow versions {name}",
        name=flow.name,
        wanted=wanted or "published",
        known=", ".join(str(each.number) for each in known),
    )


def roll_back(
    db: Session, org_id: int, name: str, to: str | None, *, by: User | None = None, now: datetime
) -> Published:
    """New sessions start on an older version again; by default on the one before the published one.

    It is not checked against what is around it today: going back must work at once. It must still be readable.
    """
    _lock(db, org_id)
    flow = get(db, org_id, name)
    before = version(db, flow)
    if to is not None:
        target = version(db, flow, to)
    else:
        older = [each for each in versions(db, flow) if each.number < before.number]
        if not older:
            raise Conflict(
                "PT-FLOW-FIRST",
                "{name} has no version before {number}",
                fix="pytake flow disable {name}",
                name=name,
                number=before.number,
            )
        target = older[0]
    read = definition(target)
    if target.id == before.id:
        return Published(flow, target, before, replayed=True)
    flow.title = read.title
    _start_with(db, flow, target, before, by, now)
    made = Published(flow, target, before, replayed=False)
    return replace(made, callers=_callers(db, org_id, made))


def pause(db: Session, flow: Flow, paused: bool, *, by: User | None = None, now: datetime) -> bool:
    """Whether the flow starts sessions; those under way go on. False: it was like that already."""
    if flow.paused == paused:
        return False
    flow.paused, flow.updated_at = paused, now
    payload = {"flow": flow.name, "paused": paused, "by": by.id if by else None}
    db.add(flow)
    db.add(Event(org_id=flow.org_id, kind="flow:paused", payload=payload, at=now))
    db.flush()
    return True


def differs(db: Session, org_id: int, found: Iterable[Definition], around: Surroundings) -> dict[str, bool]:
    """Name -> whether publishing the file would change anything; for files that pass their check."""
    given = {flow.name: flow for flow in found}
    library = {**given, **(around.flows or {})}
    query = select(FlowVersion.ref).join(Flow, Flow.published_version_id == FlowVersion.id)  # type: ignore[arg-type]
    refs = {ref.partition("@")[0]: ref for ref in db.exec(query.where(Flow.org_id == org_id))}
    return {
        name: ref_of(flow, {each: library[each] for each in called(flow, library) if each in library}) != refs.get(name)
        for name, flow in given.items()
    }


def overview(db: Session, org_id: int) -> list[dict[str, Any]]:
    """Every flow that was ever published: its name, title, number, whether it is paused."""
    query = (
        select(Flow, FlowVersion)
        .join(FlowVersion, Flow.published_version_id == FlowVersion.id, isouter=True)  # type: ignore[arg-type]
        .where(Flow.org_id == org_id)
    )
    return [{"flow": flow, "version": version_} for flow, version_ in db.exec(query.order_by(col(Flow.name)))]
