"""Signals: what happens elsewhere and a session waits for. Whoever has the session's token may send it one.

A token is the session's number with a seal by a key of this store, so nothing has to be kept for it, and nobody can
make one. An address with it in is given out by the flow itself, such as in an `http` step that begins a payment.
"""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlmodel import Session

from pytake_cli import clock
from pytake_cli.errors import Conflict, NotFound
from pytake_cli.flow.events import Signalled
from pytake_cli.store import Store, facts
from pytake_cli.store.flow_sessions import ENDED, FlowSession

KEY = "signal_key"
TOKEN = re.compile(r"([1-9][0-9]{0,17})-([A-Za-z0-9_-]{32})")
# `services.flow_sessions.answered`: (store, session, token, event, cause, now); the same cause counts once.
Tell = Callable[[Store, int, str, Signalled, str, datetime], bool]


def token_of(db: Session, session_id: int) -> str:
    """The token of a session: "7-Zk3…", 192 bits of it a seal. Makes the store's key if there is none yet."""
    key = facts.get(db, KEY)
    if key is None:
        key = clock.token()
        facts.put(db, KEY, key)
    return _sealed(key, session_id)


def give(store: Store, token: str, name: str, value: Any, cause: str, now: datetime, tell: Tell) -> bool:
    """Gives a session a signal; without a name, the one that it waits for. False: it had this one already.

    `cause` tells one signal from another; the same one counts once. Raises NotFound for a token that opens nothing.
    """
    with store.read() as db:
        session = _session_of(db, token)
        wait = session.state.get("wait") or {}
    if session.status == ENDED:
        raise Conflict("PT-FLOW-SIGNAL", "session {id} has ended", fix="pytake flow session {id}", id=session.id)
    if not name:
        name = wait.get("name", "") if session.wait_kind == "signal" else ""
        if not name:
            raise Conflict(
                "PT-FLOW-SIGNAL",
                "session {id} waits for no signal just now",
                why="a signal with a name is kept for its step",
                fix="pytake flow signal TOKEN --name NAME",
                id=session.id,
            )
    assert session.id is not None
    return tell(store, session.id, "", Signalled(now, name, value), f"signal:{cause}", now)


def _session_of(db: Session, token: str) -> FlowSession:
    match, key = TOKEN.fullmatch(token), facts.get(db, KEY)
    if match and key and hmac.compare_digest(token.encode(), _sealed(key, int(match[1])).encode()):
        session = db.get(FlowSession, int(match[1]))
        if session is not None:
            return session
    raise NotFound("PT-FLOW-SIGNAL", "no session waits for a signal of that token", fix="pytake flow sessions")


def _sealed(key: str, session_id: int) -> str:
    seal = hmac.digest(key.encode(), f"signal:{session_id}".encode(), "sha256")[:24]
    return f"{session_id}-{base64.urlsafe_b64encode(seal).decode()}"
