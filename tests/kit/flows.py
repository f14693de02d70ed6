"""Flows for tests: published as `pytake flow publish` does, without its checks; and rows that sessions need."""

from __future__ import annotations

import hashlib
from datetime import datetime
from textwrap import dedent
from typing import Any

from sqlmodel import Session, select

from pytake_cli.store import Store
from pytake_cli.store.flow_sessions import FlowSession
from pytake_cli.store.flows import Flow, FlowVersion
from tests.kit.stores import NOW


def publish(store: Store, org_id: int, source: str, *, name: str = "", now: datetime = NOW) -> int:
    """Publishes the text of a flow file as its newest version; returns the version's id."""
    source = dedent(source)
    name = name or source.partition("name:")[2].split()[0]
    with store.write() as db:
        flow = db.exec(select(Flow).where(Flow.org_id == org_id, Flow.name == name)).first()
        if flow is None:
            flow = Flow(org_id=org_id, name=name, created_at=now, updated_at=now)
            db.add(flow)
            db.flush()
        version = _version(db, flow, source, now)
        flow.published_version_id, flow.updated_at = version.id, now
        assert version.id is not None
        return version.id


def _version(db: Session, flow: Flow, source: str, now: datetime) -> FlowVersion:
    known = db.exec(select(FlowVersion).where(FlowVersion.flow_id == flow.id)).all()
    version = FlowVersion(
        org_id=flow.org_id,
        flow_id=flow.id or 0,
        number=len(known) + 1,
        ref=f"{flow.name}@{hashlib.sha256(source.encode()).hexdigest()[:12]}",
        source=source,
        published_at=now,
    )
    db.add(version)
    db.flush()
    return version


def session(db: Session, conversation_id: int, version_id: int, *, now: datetime = NOW, **more: Any) -> FlowSession:
    """An open session of a conversation that has not begun."""
    from pytake_cli.store.conversations import Conversation

    conversation, version = db.get_one(Conversation, conversation_id), db.get_one(FlowVersion, version_id)
    row = FlowSession(
        org_id=conversation.org_id,
        flow_id=version.flow_id,
        version_id=version_id,
        conversation_id=conversation_id,
        contact_id=conversation.contact_id,
        number_id=conversation.number_id,
        started_at=now,
        updated_at=now,
        **more,
    )
    db.add(row)
    db.flush()
    return row
