"""Signals: who has a session's token may send it one, and nobody can make a token."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from pytake_cli import clock
from pytake_cli.errors import Conflict, NotFound
from pytake_cli.flow.events import Signalled
from pytake_cli.services import flow_signals
from pytake_cli.store import Store
from pytake_cli.store.flow_sessions import ENDED, FlowSession
from tests.daemon.outside.stage import a_session


class Heard:
    """What sessions were told, as `flow_sessions.answered` would be."""

    def __init__(self) -> None:
        self.signals: list[tuple[int, str, Any, str]] = []

    def answered(self, store: Store, session_id: int, token: str, event: Signalled, cause: str, now: datetime) -> bool:
        self.signals.append((session_id, event.name, event.value, cause))
        return True


def token(store: Store, session_id: int | None) -> str:
    assert session_id is not None
    with store.write() as db:
        return flow_signals.token_of(db, session_id)


def waits_for(store: Store, session: FlowSession, name: str) -> None:
    with store.write() as db:
        row = db.get_one(FlowSession, session.id)
        row.wait_kind, row.state = "signal", {"wait": {"kind": "signal", "name": name}}
        db.add(row)


def test_a_signal_reaches_the_session_of_its_token(store: Store) -> None:
    session, heard = a_session(store), Heard()
    waits_for(store, session, "paid")
    mine = token(store, session.id)
    assert flow_signals.give(store, mine, "", {"amount": 5}, "k1", clock.now(), heard.answered)
    assert flow_signals.give(store, mine, "early", None, "k2", clock.now(), heard.answered)
    assert heard.signals == [
        (session.id, "paid", {"amount": 5}, "signal:k1"),
        (session.id, "early", None, "signal:k2"),
    ]
    assert token(store, session.id) == mine
    assert len(mine) > 32


def test_nobody_can_make_a_token(store: Store) -> None:
    first, second = a_session(store), a_session(store, "outra")
    mine = token(store, first.id)
    forged = [
        mine.replace(f"{first.id}-", f"{second.id}-", 1),
        f"0{mine}",
        f"{mine}=",
        f"{mine[:-1]}{'A' if mine[-1] != 'A' else 'B'}",
        f"{first.id}-{'A' * 32}",
        str(first.id),
        "",
        f"{2**62}-{'A' * 32}",
        mine.replace("-", "–", 1),
    ]
    for each in forged:
        with pytest.raises(NotFound):
            flow_signals.give(store, each, "x", None, "k", clock.now(), Heard().answered)


def test_a_store_without_a_key_has_no_tokens(store: Store) -> None:
    with pytest.raises(NotFound):
        flow_signals.give(store, f"1-{'A' * 32}", "x", None, "k", clock.now(), Heard().answered)


def test_a_session_that_ended_or_waits_for_something_else_says_so(store: Store) -> None:
    session = a_session(store)
    mine = token(store, session.id)
    with pytest.raises(Conflict, match="waits for no signal"):
        flow_signals.give(store, mine, "", None, "k", clock.now(), Heard().answered)
    with store.write() as db:
        db.get_one(FlowSession, session.id).status = ENDED
    with pytest.raises(Conflict, match="has ended"):
        flow_signals.give(store, mine, "paid", None, "k", clock.now(), Heard().answered)
