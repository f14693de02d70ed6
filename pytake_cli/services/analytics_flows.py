"""Where people stop in flows: how many came to each step of a period's sessions, and the biggest loss on the way."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from pytake_cli.store.flow_sessions import FlowSession, flow_record
from pytake_cli.store.flows import Flow

MOST_STEPS = 8  # of a flow, the most walked
flow = Flow.__table__  # type: ignore[attr-defined]
session = FlowSession.__table__  # type: ignore[attr-defined]


def stops(db: Session, org_id: int, since: datetime, until: datetime) -> list[dict[str, Any]]:
    """[{"flow": "boas-vindas", "sessions": 1000, "steps": [{"step": "menu", "people": 870}, …], "loss": {…}}]"""
    began = (session.c.org_id == org_id, session.c.started_at >= since, session.c.started_at < until)
    counted = (
        sa.select(flow.c.id, flow.c.name, sa.func.count().label("sessions"))
        .join(session, session.c.flow_id == flow.c.id)
        .where(*began)
        .group_by(flow.c.id, flow.c.name)
    )
    flows = db.connection().execute(counted).all()
    people = sa.func.count(sa.distinct(flow_record.c.session_id))
    walked = (
        sa.select(flow_record.c.flow_id, flow_record.c.step, people.label("people"), sa.func.min(flow_record.c.id))
        .join(session, session.c.id == flow_record.c.session_id)
        .where(*began, flow_record.c.kind == "entered")
        .group_by(flow_record.c.flow_id, flow_record.c.step)
    )
    steps: dict[int, list[tuple[int, int, str]]] = {}
    for flow_id, step, count, first in db.connection().execute(walked):
        steps.setdefault(flow_id, []).append((count, -first, step))
    found = [_told(row, sorted(steps.get(row.id, []), reverse=True)[:MOST_STEPS]) for row in flows]
    return sorted(found, key=lambda row: (-row["sessions"], row["flow"]))


def _told(row: Any, steps: list[tuple[int, int, str]]) -> dict[str, Any]:
    line = [{"step": step, "people": count} for count, _, step in steps]
    losses = [
        (round(100 * (1 - left / came)), before, after) for (came, _, before), (left, _, after) in pairwise(steps)
    ]
    percent, before, after = max(losses, key=lambda each: each[0], default=(0, "", ""))
    loss = {"from": before, "to": after, "percent": percent} if losses else None
    return {"flow": row.name, "sessions": row.sessions, "steps": line, "loss": loss}
