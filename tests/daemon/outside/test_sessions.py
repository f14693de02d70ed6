"""Sessions that wait for an effect go on when its job is done, dropped, given up, or was interrupted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from sqlmodel import select

from pytake_cli import clock, settings
from pytake_cli.daemon import jobs as workers
from pytake_cli.daemon.jobs import Jobs
from pytake_cli.errors import StoreUnavailable
from pytake_cli.flow.events import Started
from pytake_cli.services import flow_sessions, flow_signals, queues
from pytake_cli.store import Store, jobs
from pytake_cli.store.flow_sessions import ENDED, FlowEvent, FlowSession
from pytake_cli.store.flows import FlowVersion
from pytake_cli.store.jobs import Job
from tests.kit import people
from tests.kit.flows import publish
from tests.kit.peer import Peer, http, json, peer, saying
from tests.kit.stores import make_number, make_org

FLOW = """
name: pay
start: call
on_error: failed
steps:
  call:
    http: {url}
    method: POST
    next: paid
  paid:
    end: paid
  failed:
    end: not_paid
"""


def begin(store: Store, url: str) -> tuple[int, int]:
    """A session that waits for its call: (session, job)."""
    org = make_org(store, now=clock.now())
    conversation = people.wrote(store, make_number(store, org), at=clock.now())
    version_id = publish(store, org, FLOW.replace("{url}", url), now=clock.now())
    with store.write() as db:
        assert conversation.id is not None
        locked, version = flow_sessions.lock(db, conversation.id), db.get_one(FlowVersion, version_id)
        event = Started(clock.now())
        row = flow_sessions.begin(db, locked, version, event, "message:1", clock.now())
        job = db.exec(select(Job).where(Job.kind == "flow.http")).one()
        assert row.id is not None
        assert job.id is not None
        return row.id, job.id


def outcome(store: Store, session_id: int) -> str:
    with store.read() as db:
        row = db.get_one(FlowSession, session_id)
        return row.outcome if row.status == ENDED else row.wait_kind


def job_state(store: Store, job_id: int) -> str:
    with store.read() as db:
        return db.get_one(Job, job_id).state


@asynccontextmanager
async def calling(store: Store, answer: bytes) -> AsyncIterator[tuple[Peer, Jobs, int, int]]:
    """A peer, the daemon's jobs, a session and its job."""
    async with peer(saying(answer)) as opened:
        settings.load({"flows.http_allow": [opened.host]})
        session_id, job_id = await asyncio.to_thread(begin, store, f"{opened.url}/pay")
        worker = Jobs(store, "me")
        try:
            yield opened, worker, session_id, job_id
        finally:
            await worker.close()


@pytest.mark.parametrize(
    ("answer", "wanted"), [(json({"ok": True}), "paid"), (http(500), "not_paid"), (b"", "not_paid")]
)
def test_a_session_goes_on_with_the_answer(store: Store, answer: bytes, wanted: str) -> None:
    async def run() -> None:
        async with calling(store, answer) as (opened, worker, session_id, job_id):
            await worker.handle(str(job_id), "live")
            await worker.handle(str(job_id), "live")
            assert len(opened.asked) == 1
            assert opened.asked[0].headers["idempotency-key"].startswith(f"flow:{session_id}:")
            assert await asyncio.to_thread(outcome, store, session_id) == wanted
            assert await asyncio.to_thread(job_state, store, job_id) == jobs.DONE

    asyncio.run(run())
    with store.read() as db:
        causes = [event.cause for event in db.exec(select(FlowEvent).order_by(FlowEvent.serial))]  # type: ignore[arg-type]
    assert len(causes) == 2
    assert causes[1].startswith("job:")


def test_a_post_that_was_under_way_when_the_daemon_died_is_not_made_again(store: Store) -> None:
    def die(job_id: int) -> None:
        with store.write() as db:
            assert jobs.claim(db, job_id, "the dead", clock.now()) is not None

    async def run() -> None:
        async with calling(store, json({"ok": True})) as (opened, worker, session_id, job_id):
            await asyncio.to_thread(die, job_id)
            await asyncio.to_thread(worker.recover)
            await worker.handle(str(job_id), "live")
            assert opened.asked == []
            assert await asyncio.to_thread(outcome, store, session_id) == "not_paid"

    asyncio.run(run())


def test_no_session_waits_for_a_job_that_was_given_up(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    async def nobody_there(shop: object, job: Job) -> None:
        raise StoreUnavailable("PT-STORE", "locked")

    monkeypatch.setitem(workers.HANDLERS, "flow.http", nobody_there)
    monkeypatch.setitem(workers.TRIES, "flow.http", 1)

    async def run() -> None:
        async with calling(store, http(200)) as (_, worker, session_id, job_id):
            await worker.handle(str(job_id), "live")
            assert await asyncio.to_thread(job_state, store, job_id) == jobs.FAILED
            assert await asyncio.to_thread(outcome, store, session_id) == "not_paid"

    asyncio.run(run())


def test_no_session_waits_for_a_job_that_a_person_dropped(store: Store) -> None:
    session_id, job_id = begin(store, "https://api.example.com/pay")
    with store.write() as db:
        queues.drop(db, db.get_one(Job, job_id), clock.now())
    assert outcome(store, session_id) == "not_paid"


def test_a_signal_is_an_event_of_its_session_once(store: Store) -> None:
    session_id, _ = begin(store, "https://api.example.com/pay")
    with store.write() as db:
        token = flow_signals.token_of(db, session_id)
    give, answered = flow_signals.give, flow_sessions.answered
    assert give(store, token, "paid", {"by": "Ana"}, "order-1", clock.now(), answered)
    assert not give(store, token, "paid", {"by": "Ana"}, "order-1", clock.now(), answered)
    with store.read() as db:
        assert db.get_one(FlowSession, session_id).state["signals"] == {"paid": {"by": "Ana"}}
