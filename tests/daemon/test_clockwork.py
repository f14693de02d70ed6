"""The clockwork: what no poke told of is found, what is old is forgotten, and a tick that dies is noticed."""

from __future__ import annotations

import asyncio
import shutil
import threading
from datetime import timedelta
from hashlib import sha256

import pytest
import sqlalchemy as sa
from sqlmodel import select

from pytake_cli import clock
from pytake_cli.api.connection import Places
from pytake_cli.api.visitors import Proven, Proxies
from pytake_cli.api.webhook import Door
from pytake_cli.daemon import clockwork, health
from pytake_cli.daemon.automations import Automations
from pytake_cli.daemon.campaigns import Campaigns
from pytake_cli.daemon.clockwork import Clockwork, Tick
from pytake_cli.daemon.customer_typing import CustomerTyping
from pytake_cli.daemon.engine_local import LocalEngine
from pytake_cli.daemon.health import Health, Heartbeat
from pytake_cli.daemon.inbox import Inbox
from pytake_cli.daemon.intake import Intake
from pytake_cli.daemon.jobs import Jobs
from pytake_cli.daemon.live import Hub
from pytake_cli.daemon.sender import Sender
from pytake_cli.errors import StoreUnavailable
from pytake_cli.services import audit, following
from pytake_cli.services.principals import local
from pytake_cli.store import Store, jobs, retention
from pytake_cli.store.events import Event
from pytake_cli.store.journal import Journal, Quarantine, Received, append
from pytake_cli.store.messages import Message
from pytake_cli.store.work import Lane, Poke
from tests.kit import people
from tests.kit.clockjump import shifted
from tests.kit.door import KEYS
from tests.kit.stores import make_number, make_org

journal = Journal.__table__  # type: ignore[attr-defined]


class Recorder(LocalEngine):
    """An engine that only notes what it is poked for."""

    def __init__(self) -> None:
        super().__init__()
        self.pokes: set[Poke] = set()

    def poke(self, kind: str, key: str = "", lane: Lane = "live", *, delay: float = 0.0) -> None:
        self.pokes.add(Poke(kind, key, lane))


class Works:
    """A clockwork with everything it looks after; to be made inside a loop."""

    def __init__(self, store: Store) -> None:
        self.engine = Recorder()
        self.intake = Intake(store, on_commit=lambda news: None)
        proxies, proven = Proxies(), Proven()
        door = Door(self.intake.put, lambda: KEYS, max_body_bytes=1024, proxies=proxies, proven=proven)
        places = Places(proven=proven, proxies=proxies, idle_seconds=5, most_body_bytes=1024)
        self.jobs = Jobs(store, "me")
        sender = Sender(store, self.engine, "me")
        hub = Hub(store, self.engine, CustomerTyping(store, self.jobs.graph))
        self.health = Health(store, door, places, self.intake, Inbox(store), sender, self.jobs, Heartbeat(), hub)
        campaigns, automations = Campaigns(store, self.engine), Automations(store, self.engine)
        self.clockwork = Clockwork(store, self.engine, sender, self.jobs, campaigns, automations, self.health)


def works(store: Store) -> Works:
    async def make() -> Works:
        return Works(store)

    return asyncio.run(make())


def received(store: Store, *bodies: bytes) -> None:
    append(store, [Received("", body, sha256(body).digest()) for body in bodies], clock.now())


def test_whatever_is_due_is_poked_although_nobody_poked(store: Store) -> None:
    number = make_number(store, org := make_org(store))
    here, there = people.wrote(store, number), people.wrote(store, number)
    now = clock.now()
    with store.write() as db:
        live = people.outgoing(db, here, "olá", status="queued")
        bulk = people.outgoing(db, here, "promo", status="queued")
        early = people.outgoing(db, there, "amanhã", status="queued")
        live.due_at = bulk.due_at = now - timedelta(seconds=1)
        early.due_at = now + timedelta(hours=1)
        bulk.priority = 2
        job = jobs.add(db, org_id=org, kind="read.receipt", key="read:1", payload={}, now=now)
        jobs.add(db, org_id=org, kind="read.receipt", key="read:2", payload={}, now=now + timedelta(hours=1))
    received(store, b"{}")
    made = works(store)
    made.clockwork.sweep()
    assert made.engine.pokes == {
        Poke("journal", "", "live"),
        Poke("number", str(number), "live"),
        Poke("number", str(number), "campaign"),
        Poke("job", str(job), "live"),
    }


def test_with_nothing_due_nobody_is_poked_and_nothing_written(store: Store) -> None:
    made = works(store)
    writes: list[str] = []
    sa.event.listen(store.writer, "begin", lambda connection: writes.append("begin"))
    made.clockwork.sweep()
    assert made.engine.pokes == set()
    assert writes == []


def test_a_message_left_in_doubt_is_settled_when_its_grace_is_over(store: Store) -> None:
    conversation = people.wrote(store, make_number(store, make_org(store)))
    with store.write() as db:
        message = people.outgoing(db, conversation, "olá", status="unknown")
        message.due_at, message.wamid = clock.now() - timedelta(seconds=1), None
    works(store).clockwork.sweep()
    with store.read() as db:
        [after] = db.exec(select(Message).where(Message.direction == "out"))
    assert (after.status, after.possible_duplicate) == ("queued", True)


def test_the_journal_forgets_what_was_applied_long_ago_and_nothing_else(store: Store) -> None:
    received(store, *[b"%d" % i for i in range(25)])
    now = clock.now()
    old = now - timedelta(days=31)
    with store.write() as db:
        apply = sa.update(journal).values(applied_at=old)
        db.connection().execute(apply.where(journal.c.body.in_([b"%d" % i for i in range(20)])))
        db.connection().execute(apply.values(applied_at=now).where(journal.c.body == b"20"))
        held = db.exec(select(Journal.id).where(Journal.body == b"3")).one()
        db.add(Quarantine(journal_id=held, reason="poison", created_at=now))
    works(store).clockwork.keep_house()
    with store.read() as db:
        left = {row.body for row in db.exec(select(Journal))}
    assert left == {b"3", *[b"%d" % i for i in range(20, 25)]}


def test_the_heads_of_audit_logs_are_in_the_daemons_log_once_a_day(
    store: Store, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clockwork.log, "handlers", [caplog.handler])  # others may have set up logging before
    monkeypatch.setattr(clockwork.log, "disabled", False)
    monkeypatch.setattr(clockwork.log, "propagate", False)
    org = make_org(store)
    with store.write(org) as db:
        audit.note(db, local(org), "user.invited", "user:1")
        [(_, head)] = audit.heads(db)
    made = works(store)
    with caplog.at_level("INFO", logger=clockwork.log.name):
        made.clockwork.keep_house()
        made.clockwork.keep_house()
    assert [record.head for record in caplog.records if record.message == "audit head"] == [head]  # type: ignore[attr-defined]


def test_forgetting_goes_in_small_steps(store: Store) -> None:
    received(store, *[b"%d" % i for i in range(25)])
    with store.write() as db:
        db.connection().execute(sa.update(journal).values(applied_at=clock.now() - timedelta(days=40)))
    assert retention.forget_applied(store, clock.now() - timedelta(days=30), at_once=10) == 24
    assert retention.forget_applied(store, clock.now() - timedelta(days=30), at_once=10) == 0


def test_old_events_are_forgotten_and_who_follows_goes_on(store: Store) -> None:
    org = make_org(store)

    def tell(count: int, days: int) -> None:
        with store.write() as db:
            at = clock.now() - timedelta(days=days)
            db.add_all(Event(org_id=org, kind="incident", payload={"days": days}, at=at) for _ in range(count))

    tell(1100, 31)
    with store.read() as db:
        cursor = following.latest(db)
    works(store).clockwork.keep_house()
    with store.read(org) as db:
        assert len(db.exec(select(Event.id)).all()) == 1  # the newest: its number is not given twice
        assert following.since(db, cursor) == ([], [], cursor)
    tell(1, 29)
    works(store).clockwork.keep_house()
    with store.read(org) as db:
        assert [row.payload for row in db.exec(select(Event))] == [{"days": 29}]
        happened, _, after = following.since(db, cursor)
        assert [one.data["days"] for one in happened] == [29]
        assert following.since(db, following.Cursor(0, 1)) == (happened, [], after)  # one that was trimmed


def test_nothing_is_forgotten_because_the_clock_jumped_ahead(store: Store) -> None:
    org = make_org(store)
    with store.write() as db:
        db.add_all(Event(org_id=org, kind="incident", payload={}, at=clock.now()) for _ in range(3))
    made = works(store)
    with shifted(400 * 86400):
        made.clockwork.keep_house()
    with store.read(org) as db:
        assert len(db.exec(select(Event.id)).all()) == 3
    with shifted(400 * 86400):
        made = works(store)
        made.clockwork.keep_house()  # two looks agree: so much time has passed
    with store.read(org) as db:
        assert len(db.exec(select(Event.id)).all()) == 1


def test_finished_jobs_are_forgotten_and_failed_ones_kept(store: Store) -> None:
    org = make_org(store)
    with store.write() as db:
        old = clock.now() - timedelta(days=40)
        for key in ("done", "failed"):
            id_ = jobs.add(db, org_id=org, kind="read.receipt", key=key, payload={}, now=old)
            assert id_ is not None
            jobs.claim(db, id_, "me", old)
            if key == "done":
                jobs.finish(db, id_, "me", old)
            else:
                jobs.give_up(db, id_, "me", "no", old)
    works(store).clockwork.keep_house()
    with store.read() as db:
        assert [row.key for row in db.exec(select(jobs.Job))] == ["failed"]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_disk_that_fills_up_is_told_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    make_org(store)
    used = 90
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(100, used, 100 - used))
    made = works(store)
    made.clockwork.look_at_disk()
    made.clockwork.look_at_disk()
    assert incidents(store) == ["PT-DISK"]
    used = 50
    made.clockwork.look_at_disk()
    used = 86
    made.clockwork.look_at_disk()
    assert incidents(store) == ["PT-DISK", "PT-DISK"]


def incidents(store: Store) -> list[str]:
    with store.read() as db:
        return [event.payload["slug"] for event in db.exec(select(Event).where(Event.kind == "incident"))]


def test_a_store_that_cannot_be_used_makes_it_unready_until_it_can(store: Store) -> None:
    async def run() -> None:
        made = Works(store)
        fails = True

        def work() -> None:
            if fails:
                raise StoreUnavailable("PT-STORE", "locked")

        broken = Tick("sweep", 1.0, work)
        await made.clockwork._run(broken)
        assert made.health.unready() == ["the store cannot be used"]
        assert made.health.ailments() == []
        fails = False
        await asyncio.to_thread(made.clockwork.sweep)
        assert made.health.unready() == []

    asyncio.run(run())


def test_a_tick_that_fails_for_a_bug_ends_the_clockwork(store: Store) -> None:
    async def run() -> None:
        made = Works(store)

        def work() -> None:
            raise ZeroDivisionError("a bug")

        made.clockwork.ticks = (Tick("sweep", 0.01, work),)
        with pytest.raises(ZeroDivisionError):
            await asyncio.wait_for(made.clockwork.run(), 20.0)

    asyncio.run(run())


def test_ticks_come_round_again_and_never_overtake_themselves(store: Store) -> None:
    async def run() -> None:
        made = Works(store)
        runs, inside = 0, 0

        def work() -> None:
            nonlocal runs, inside
            inside += 1
            assert inside == 1
            runs += 1
            threading.Event().wait(0.05)
            inside -= 1

        made.clockwork.ticks = (Tick("sweep", 0.01, work),)
        working = asyncio.ensure_future(made.clockwork.run())
        async with asyncio.timeout(20):
            while runs < 4:
                await asyncio.sleep(0.01)
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)

    asyncio.run(run())


def test_a_dead_part_and_a_sweep_that_stays_away_make_it_ill(store: Store) -> None:
    made = works(store)
    assert made.health.ailments() == []
    made.health.dead.append("intake")
    made.health.swept_at -= health.SICK_SECONDS + 1
    assert made.health.ailments() == ["intake is dead", "the sweep does not come round"]


def test_a_loop_that_is_held_up_is_told_with_what_holds_it(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(health, "STALL_SECONDS", 0.2)

    async def run() -> None:
        made = Works(store)
        beating = asyncio.ensure_future(made.health.heartbeat.run())
        await asyncio.sleep(0.15)
        assert made.health.heartbeat.take_longest() < 0.2
        hold_up()
        await asyncio.sleep(0.15)
        assert made.health.heartbeat.take_longest() > 0.3
        assert made.health.ailments() == ["the event loop was held up"]
        beating.cancel()
        await asyncio.gather(beating, return_exceptions=True)

    asyncio.run(run())
    assert any("hold_up" in str(record.__dict__.get("where")) for record in caplog.records)


def hold_up() -> None:
    threading.Event().wait(0.7)


def test_metrics_count_what_waits(store: Store) -> None:
    conversation = people.wrote(store, number := make_number(store, make_org(store)))
    with store.write() as db:
        people.outgoing(db, conversation, "olá", status="queued")
        people.outgoing(db, conversation, "e aí", status="unknown")
    received(store, b"{}")
    made = works(store)
    text = made.health._render().decode()
    assert "pytake_journal_rows 1.0" in text
    assert 'pytake_queued_messages{priority="live"} 1.0' in text
    assert "pytake_unknown_messages 1.0" in text
    assert "pytake_store_up 1.0" in text
    assert f'number="{number}"' not in text or "55" not in text.split("pytake_inbound_age_seconds{")[1].split("}")[0]


def test_every_tick_has_a_name_of_its_own(store: Store) -> None:
    names = [tick.name for tick in works(store).clockwork.ticks]
    assert sorted(set(names)) == sorted(names)
    assert clockwork.SWEEP_SECONDS <= 2.0


def test_after_a_silence_a_message_in_doubt_waits_its_whole_grace_again(store: Store) -> None:
    conversation = people.wrote(store, make_number(store, make_org(store)))
    with store.write() as db:
        message = people.outgoing(db, conversation, "olá", status="unknown")
        message.due_at, message.wamid = clock.now() + timedelta(seconds=60), None
    made = works(store)
    clock.shift(timedelta(hours=1))  # asleep, or set ahead
    try:
        made.clockwork.sweep()
        with store.read() as db:
            [after] = db.exec(select(Message).where(Message.direction == "out"))
        assert after.status == "unknown"
        assert after.due_at is not None
        assert after.due_at > clock.now()
    finally:
        clock.shift(timedelta(hours=-1))


def test_a_job_whose_end_could_not_be_noted_is_done_again(store: Store) -> None:
    org = make_org(store)
    made = works(store)
    long_ago = clock.now() - timedelta(minutes=5)
    with store.write() as db:
        id_ = jobs.add(db, org_id=org, kind="read.receipt", key="read:1", payload={}, now=long_ago)
        assert id_ is not None
        jobs.claim(db, id_, "me", long_ago)  # and nobody works on it
    made.clockwork.sweep()
    with store.read() as db:
        assert db.get_one(jobs.Job, id_).state == jobs.QUEUED
