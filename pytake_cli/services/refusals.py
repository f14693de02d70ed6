"""What a session said and Meta refused reaches the session, if it still waits there: by a timer that is due."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import datetime

from sqlmodel import Session, col, select

from pytake_cli.services.incidents import WINDOW_CLOSED
from pytake_cli.store.flow_sessions import ENDED, FlowSession
from pytake_cli.store.messages import Message
from pytake_cli.store.timers import REFUSED, Timer
from pytake_cli.store.work import poke

_KEY = re.compile(r"flow:(\d{1,18}):(\d{1,18}):\d+(?:\.\d+)?")


def tell_sessions(db: Session, message_ids: Collection[int], now: datetime) -> None:
    """For each failed message that a session said: `window` when the 24 hours were over, else `refused`.

    The session goes the step's way `on_window_closed` or `on_error`; once it has gone on, nothing happens.
    """
    if not message_ids:
        return
    said = select(Message).where(
        col(Message.id).in_(list(message_ids)), Message.status == "failed", col(Message.client_key).startswith("flow:")
    )
    for message in db.exec(said.execution_options(populate_existing=True)):
        key = _KEY.fullmatch(message.client_key or "")
        row = db.get(FlowSession, int(key[1])) if key else None
        if key is None or row is None or row.org_id != message.org_id or row.status == ENDED:
            continue
        reason = "window" if message.error_code == WINDOW_CLOSED else "refused"
        told = {
            "serial": int(key[2]),
            "reason": reason,
            "detail": f"{message.error_code or ''} {message.error}".strip(),
        }
        db.add(
            Timer(
                org_id=row.org_id,
                session_id=row.id or 0,
                token=f"{REFUSED}:{message.id}",
                kind=REFUSED,
                payload=told,
                due_at=now,
                created_at=now,
            )
        )
        poke(db, "timer", "due")
