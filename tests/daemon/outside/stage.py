"""What tests of effects begin with: a session that waits for one, and the job that carries it out."""

from __future__ import annotations

import itertools
from datetime import datetime
from typing import Any

from pytake_cli import clock
from pytake_cli.store import Store, jobs
from pytake_cli.store.flow_sessions import WAITING, FlowSession
from pytake_cli.store.flows import Flow, FlowVersion
from pytake_cli.store.jobs import Job
from tests.kit import people
from tests.kit.stores import make_number, make_org

_serial = itertools.count(1)


def make_flow(store: Store, org: int, source: str = "", now: datetime | None = None) -> FlowVersion:
    now = now or clock.now()
    name = f"flow-{next(_serial)}"
    with store.write() as db:
        flow = Flow(org_id=org, name=name, created_at=now, updated_at=now)
        db.add(flow)
        db.flush()
        assert flow.id is not None
        version = FlowVersion(
            org_id=org, flow_id=flow.id, number=1, ref=f"{name}@0123456789ab", source=source, published_at=now
        )
        db.add(version)
        db.flush()
        flow.published_version_id = version.id
        return version


def make_session(store: Store, org: int, version: FlowVersion | None = None, number: int | None = None) -> FlowSession:
    """A session of a new contact, of the version or of a flow of its own."""
    version = version or make_flow(store, org)
    conversation = people.wrote(store, number or make_number(store, org), at=clock.now())
    now = clock.now()
    with store.write() as db:
        assert version.id is not None
        assert conversation.id is not None
        row = FlowSession(
            org_id=org,
            flow_id=version.flow_id,
            version_id=version.id,
            conversation_id=conversation.id,
            contact_id=conversation.contact_id,
            number_id=conversation.number_id,
            status=WAITING,
            started_at=now,
            updated_at=now,
        )
        db.add(row)
        db.flush()
        return row


def a_session(store: Store, slug: str = "loja") -> FlowSession:
    return make_session(store, make_org(store, slug, now=clock.now()))


def make_job(store: Store, session: FlowSession, kind: str, **effect: Any) -> Job:
    """The effect's job, claimed for the first time."""
    token = f"{next(_serial)}.step"
    answered = {} if kind == "flow.notify" else {"token": token}
    payload = {"session": session.id, "effect": answered | effect}
    now = clock.now()
    with store.write() as db:
        key = f"flow:{session.id}:{token}"
        id_ = jobs.add(db, org_id=session.org_id, kind=kind, key=key, payload=payload, now=now)
        assert id_ is not None
        job = jobs.claim(db, id_, "me", now)
        assert job is not None
        return job
