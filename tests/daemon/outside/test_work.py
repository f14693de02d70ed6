"""An effect is carried out at most once unless that does no harm, and its session is answered whatever happens."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any

import pytest

from pytake_cli import clock
from pytake_cli.daemon.jobs import Workshop
from pytake_cli.daemon.outside import work
from pytake_cli.daemon.outside.answers import Failed
from pytake_cli.errors import ConfigError, StoreUnavailable
from pytake_cli.flow.events import EffectDone, EffectFailed
from pytake_cli.store import Store
from pytake_cli.store.jobs import Job
from tests.daemon.outside.stage import a_session, make_job

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


class Session:
    """Hears answers as `flow_sessions.answered` does: the same cause once. `away` times the store cannot be used."""

    def __init__(self, away: int = 0) -> None:
        self.heard: dict[str, EffectDone | EffectFailed] = {}
        self.away = away

    def answered(
        self, store: Store, session_id: int, token: str, event: EffectDone | EffectFailed, cause: str, now: datetime
    ) -> bool:
        if self.away:
            self.away -= 1
            raise StoreUnavailable("PT-STORE", "locked")
        assert event.token == token
        self.heard.setdefault(cause, event)
        return True

    @property
    def event(self) -> EffectDone | EffectFailed:
        [event] = self.heard.values()
        return event


def carry_out(store: Store, job: Job, outcome: Any, session: Session, *, repeatable: bool = False) -> int:
    """How often the effect was carried out; it gives the outcome, or raises it."""
    times = 0

    async def perform(shop: Workshop, job: Job) -> Any:
        nonlocal times
        times += 1
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    handler = work.answering(perform, lambda payload: repeatable, session.answered)

    async def run() -> None:
        await handler(Workshop(store), job)

    asyncio.run(run())
    return times


def a_job(store: Store, attempts: int = 1) -> Job:
    job = make_job(store, a_session(store), "flow.http", method="POST", url="https://api.example.com/")
    job.attempts = attempts
    return job


def test_a_session_gets_the_value(store: Store) -> None:
    session, job = Session(), a_job(store)
    assert carry_out(store, job, {"status": 200}, session) == 1
    assert isinstance(session.event, EffectDone)
    assert session.event.value == {"status": 200}
    assert list(session.heard) == [f"job:{job.id}"]


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        (Failed("http", "the answer was 500", {"status": 500}), "http"),
        (ConfigError("PT-SECRET-MISSING", "the secret {name} is not set", name="crm"), "settings"),
        (ZeroDivisionError("a mistake of ours with s3cret"), "failed"),
    ],
)
def test_a_session_gets_the_reason_why_there_is_none(store: Store, outcome: Exception, reason: str) -> None:
    session = Session()
    carry_out(store, a_job(store), outcome, session)
    assert isinstance(session.event, EffectFailed)
    assert session.event.reason == reason
    assert "s3cret" not in session.event.detail
    assert session.event.value == (outcome.value if isinstance(outcome, Failed) else None)


def test_what_was_under_way_when_the_daemon_ended_is_not_done_twice(store: Store) -> None:
    session = Session()
    assert carry_out(store, a_job(store, attempts=2), "done", session) == 0
    assert isinstance(session.event, EffectFailed)
    assert session.event.reason == "unknown"


def test_what_does_no_harm_twice_is_done_again(store: Store) -> None:
    session = Session()
    assert carry_out(store, a_job(store, attempts=2), "done", session, repeatable=True) == 1
    assert isinstance(session.event, EffectDone)


def test_an_answer_that_is_here_waits_for_the_store(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "LOOK_AGAIN_SECONDS", 0.01)
    session = Session(away=3)
    assert carry_out(store, a_job(store), "done", session) == 1
    assert isinstance(session.event, EffectDone)


def test_a_job_that_is_given_up_is_an_answer(store: Store) -> None:
    session, job = Session(), a_job(store)
    work.abandon(store, job, "tried five times", session.answered)
    assert isinstance(session.event, EffectFailed)
    assert (session.event.reason, session.event.detail) == ("failed", "tried five times")
    assert session.event.at <= clock.now()
