"""/flows: what is published, how it looks, who walks through it; checked and published as text."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Path, Query, Response
from pydantic import BaseModel, Field
from sqlmodel import Session

from pytake_cli.api.v1.here import Here, here, needs
from pytake_cli.api.v1.paging import LARGEST_ID, Page, Paging, everything, short
from pytake_cli.api.v1.routes import Body, Moment
from pytake_cli.api.v1.routes import router as new_router
from pytake_cli.api.v1.versions import guard, tag
from pytake_cli.flow import graph
from pytake_cli.flow.check import Examined
from pytake_cli.flow.definition import Flow as Definition
from pytake_cli.flow.gist import gist, trigger_label, way_label
from pytake_cli.flow.problems import FlowErrors
from pytake_cli.services import flow_figures, flows
from pytake_cli.services.flow_library import definition
from pytake_cli.store.flows import Flow, FlowVersion
from pytake_cli.store.users import User

router = new_router("flows")
READ = [Depends(needs("flows:read"))]
PUBLISH = [Depends(needs("flows:publish"))]

Name = Annotated[str, Path(min_length=1, max_length=100)]
Version = Annotated[str | None, Query(max_length=80, description="a version's number; by default the published one")]
WIDTH = 100  # columns of the tree


class FlowRow(BaseModel):
    name: str
    title: str
    version: int | None
    paused: bool
    sessions: int = Field(description="that are under way")
    starts: list[str]
    steps: int
    language: str


class Way(BaseModel):
    label: str
    target: str | None


class StepRow(BaseModel):
    step: str
    verb: str
    says: str
    ways: list[Way]
    note: str


class FlowCard(FlowRow):
    """A flow with its steps, and drawn as a tree."""

    outline: list[StepRow]
    tree: str
    source: str


class VersionRow(BaseModel):
    version: int
    published: bool
    published_at: datetime
    by: int | None
    message: str
    open: int
    sessions: int
    ref: str


class Source(Body):
    text: str = Field(max_length=1_000_000, description="a flow file, as YAML")


class ToPublish(Source):
    message: str = Field("", max_length=1000)


class Mistake(BaseModel):
    line: int | None
    column: int | None
    severity: str
    slug: str
    message: str
    fix: str


class Published(BaseModel):
    """`replayed`: it was published already, and nothing changed."""

    flow: str
    version: int
    before: int | None
    replayed: bool
    ref: str
    warnings: list[Mistake]
    callers: list[str]


class Rollback(Body):
    to: str | None = Field(None, max_length=80)


class Stats(BaseModel):
    """What became of the sessions: the funnel by step, outcomes, incidents, versions."""

    flow: str
    since: datetime | None
    entries: int
    open: int
    lost: int
    timeouts: int
    invalid: int
    handoffs: int
    outcomes: list[dict[str, Any]]
    steps: list[dict[str, Any]]
    versions: list[dict[str, Any]]
    incidents: list[dict[str, Any]]
    ways: list[dict[str, Any]]


@router.get("", response_model=Page[FlowRow], dependencies=READ)
def list_(paging: Paging = Depends(short), here: Here = Depends(here)) -> object:
    """Every flow that was ever published."""
    with here.read() as db:
        sessions = flow_figures.under_way(db, here.org_id)
        found = flows.overview(db, here.org_id)
        return paging.part(
            found,
            lambda each: (each["flow"].name,),
            lambda each: _row(each["flow"], each["version"], _read(each["version"]), sessions),
        )


@router.post("/check", response_model=Page[Mistake], dependencies=READ)
def check(body: Source, here: Here = Depends(here)) -> object:
    """All mistakes of a flow file, each with its place and what would be right."""
    with here.read() as db:
        [found] = flows.examined(db, here.org_id, [flows.Draft("flow.yaml", body.text)])
    return everything(_mistakes(found))


@router.post("/publish", response_model=Published, dependencies=PUBLISH)
def publish(body: ToPublish, here: Here = Depends(here)) -> object:
    """Publishes a flow file: new sessions start on it. One that says the same as before changes nothing.

    If-Match with the ETag of the flow refuses it when somebody has published meanwhile.
    """
    with here.write() as db:
        drafts = [flows.Draft("flow.yaml", body.text)]
        by = _user(db, here)
        [made] = flows.publish(db, here.org_id, drafts, by=by, message=body.message, now=here.now)
        if made.before is not None and not made.replayed:
            guard(here.request, {"version": made.before.number}, made.before.number, needed=False)
        here.note(db, "flow.published", f"flow:{made.flow.name}", version=made.version.number)
        return _published(made)


@router.get("/{name}", response_model=FlowCard, dependencies=READ)
def show(name: Name, response: Response, version: Version = None, here: Here = Depends(here)) -> object:
    """A flow with its steps and where each leads, drawn as a tree as well."""
    with here.read() as db:
        flow = flows.get(db, here.org_id, name)
        wanted = flows.version(db, flow, version)
        found = definition(wanted)
        row = _row(flow, wanted, found, flow_figures.under_way(db, here.org_id))
    outline = [
        {
            "step": step_name,
            "verb": step.verb,
            "says": gist(step, found.language),
            "ways": [{"label": way_label(way), "target": way.target} for way in step.ways()],
            "note": step.note,
        }
        for step_name, step in found.steps.items()
    ]
    tree = graph.text(graph.tree(found, width=WIDTH))
    tag(response, row, wanted.number)
    return {**row, "outline": outline, "tree": tree, "source": wanted.source}


@router.get("/{name}/versions", response_model=Page[VersionRow], dependencies=READ)
def versions(name: Name, paging: Paging = Depends(short), here: Here = Depends(here)) -> object:
    """Every version, the newest first, and who is still on it."""
    with here.read() as db:
        flow = flows.get(db, here.org_id, name)
        counts = flow_figures.sessions_by_version(db, flow)
        known = flows.versions(db, flow)
    rows: list[dict[str, Any]] = []
    for each in known:
        open_, all_ = counts.get(each.id or 0, (0, 0))
        rows.append(
            {
                "version": each.number,
                "published": each.id == flow.published_version_id,
                "published_at": each.published_at,
                "by": each.published_by_id,
                "message": each.message,
                "open": open_,
                "sessions": all_,
                "ref": each.ref,
            }
        )
    return paging.part(rows, lambda row: (LARGEST_ID - row["version"],))


@router.post("/{name}/rollback", response_model=Published, dependencies=PUBLISH)
def rollback(name: Name, body: Rollback, here: Here = Depends(here)) -> object:
    """New sessions start on an older version again, by default on the one before."""
    with here.write() as db:
        made = flows.roll_back(db, here.org_id, name, body.to, by=_user(db, here), now=here.now)
        here.note(db, "flow.rolled_back", f"flow:{made.flow.name}", version=made.version.number)
        return _published(made)


@router.post("/{name}/enable", response_model=FlowRow, dependencies=PUBLISH)
def enable(name: Name, here: Here = Depends(here)) -> object:
    """It starts sessions."""
    return _pause(here, name, False)


@router.post("/{name}/disable", response_model=FlowRow, dependencies=PUBLISH)
def disable(name: Name, here: Here = Depends(here)) -> object:
    """It starts no sessions; those under way go on."""
    return _pause(here, name, True)


@router.get("/{name}/stats", response_model=Stats, dependencies=READ)
def stats(
    name: Name,
    version: Version = None,
    since: Annotated[Moment | None, Query()] = None,
    here: Here = Depends(here),
) -> object:
    """How many began a flow, how far they came, where they were lost, and what went wrong."""
    with here.read() as db:
        flow = flows.get(db, here.org_id, name)
        wanted = flows.version(db, flow, version) if version is not None else None
        return flow_figures.of(db, flow_figures.Scope(flow, wanted, since))


def _pause(here: Here, name: str, paused: bool) -> dict[str, Any]:
    with here.write() as db:
        flow = flows.get(db, here.org_id, name)
        flows.pause(db, flow, paused, by=_user(db, here), now=here.now)
        here.note(db, "flow.disabled" if paused else "flow.enabled", f"flow:{flow.name}")
        version = flows.version(db, flow)
        return _row(flow, version, _read(version), flow_figures.under_way(db, here.org_id))


def _read(version: FlowVersion | None) -> Definition | None:
    """What a version says; None if this program cannot read it."""
    try:
        return definition(version) if version is not None else None
    except FlowErrors:
        return None


def _row(
    flow: Flow, version: FlowVersion | None, found: Definition | None, sessions: Mapping[int, int]
) -> dict[str, Any]:
    return {
        "name": flow.name,
        "title": flow.title,
        "version": version.number if version else None,
        "paused": flow.paused,
        "sessions": sessions.get(flow.id or 0, 0),
        "starts": [trigger_label(each) for each in found.triggers] if found else [],
        "steps": len(found.steps) if found else 0,
        "language": found.language if found else "",
    }


def _mistakes(found: Examined) -> list[dict[str, Any]]:
    return [problem.to_json() for problem in found.problems]


def _published(made: flows.Published) -> dict[str, Any]:
    return {
        "flow": made.flow.name,
        "version": made.version.number,
        "before": made.before.number if made.before else None,
        "replayed": made.replayed,
        "ref": made.version.ref,
        "warnings": [problem.to_json() for problem in made.warnings],
        "callers": list(made.callers),
    }


def _user(db: Session, here: Here) -> User | None:
    return db.get(User, here.principal.user_id) if here.principal.user_id else None
