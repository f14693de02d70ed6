"""Schedules: each local time fires once, whoever looks and whatever the clock does; what is missed is told."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import select

from pytake_cli.errors import Conflict, InvalidData, NotFound
from pytake_cli.policy.recurrence_files import read
from pytake_cli.services import schedule_runs, schedules
from pytake_cli.store import Store
from pytake_cli.store import schedules as rows
from pytake_cli.store.events import Event
from pytake_cli.store.schedules import Schedule, ScheduleRun
from tests.kit.stores import NOW, make_org

NY = "America/New_York"


class Shop:
    """One organisation with schedules."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.org = make_org(store)

    def schedule(self, name: str = "daily", *, now: datetime = NOW, tz: str = "UTC", **rule: Any) -> Schedule:
        missed = rule.pop("missed", "skip")
        with self.store.write() as db:
            return schedules.create(
                db, self.org, name=name, rule=read(rule or {"daily": "16:00"}), tz=tz,
                command=["help"], missed=missed, by="", now=now,
            )  # fmt: skip

    def tick(self, now: datetime) -> None:
        schedule_runs.fire_due(self.store, now)

    def do(self, now: datetime, code: int = 0, output: str = "") -> None:
        """What a daemon does with what is queued."""
        for id_ in schedule_runs.queued(self.store):
            child = schedule_runs.begin(self.store, id_, "me", now)
            assert child is not None
            schedule_runs.finish(self.store, id_, "me", exit_code=code, output=output, now=now)

    def runs(self) -> list[tuple[str, str, str]]:
        with self.store.read() as db:
            return [(run.local, run.state, run.reason) for run in reversed(rows.runs(db, self.org))]

    def incidents(self) -> list[str]:
        with self.store.read() as db:
            return [each.payload["slug"] for each in db.exec(select(Event).where(Event.kind == "incident"))]

    def again(self, row: Schedule) -> Schedule:
        with self.store.read() as db:
            return db.get_one(Schedule, row.id)


@pytest.fixture
def shop(store: Store) -> Shop:
    return Shop(store)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_a_schedule_runs_when_its_time_has_come_and_moves_on(shop: Shop) -> None:
    row = shop.schedule()
    assert row.next_at == at("2026-11-22T16:00")
    shop.tick(at("2026-11-22T15:59:59"))
    assert shop.runs() == []
    shop.tick(at("2026-11-22T16:00:00"))
    shop.tick(at("2026-11-22T16:00:01"))
    assert shop.runs() == [("2026-11-22T16:00", "queued", "")]
    assert shop.again(row).next_at == at("2026-11-23T16:00")
    shop.do(at("2026-11-22T16:00:02"))
    assert shop.runs() == [("2026-11-22T16:00", "done", "")]


def test_of_many_daemons_that_look_at_once_one_fires_and_one_begins(shop: Shop) -> None:
    shop.schedule()
    now = at("2026-11-22T16:00:01")
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: shop.tick(now), range(8)))
        [run] = schedule_runs.queued(shop.store)
        begun = list(threads.map(lambda me: schedule_runs.begin(shop.store, run, str(me), now), range(8)))
    assert len([each for each in begun if each is not None]) == 1


def test_a_year_of_nights_has_one_run_for_each(shop: Shop) -> None:
    shop.schedule(now=at("2026-01-01T12:00"), tz=NY, daily=["01:30", "02:30"])
    for day in ("2026-03-07T12:00", "2026-10-31T12:00"):  # the nights after them are the odd ones
        now = at(day)
        shop.tick(now)  # what was missed until then is one line
        while now < at(day) + timedelta(days=2):
            now += timedelta(minutes=15)
            shop.tick(now)
            shop.do(now)
    done = [local for local, state, _ in shop.runs() if state == "done"]
    assert done == [
        f"2026-{day}T{clock}" for day in ("03-08", "03-09", "11-01", "11-02") for clock in ("01:30", "02:30")
    ]


def test_what_was_missed_is_skipped_and_said(shop: Shop) -> None:
    shop.schedule()
    shop.tick(at("2026-11-25T12:00"))
    assert shop.runs() == [("2026-11-24T16:00", "skipped", "missed")]
    assert shop.incidents() == ["PT-SCHEDULE-MISSED"]
    with shop.store.read() as db:
        [run] = rows.runs(db, shop.org)
    assert "3 times from 2026-11-22T16:00 on" in run.output


def test_what_was_missed_before_a_time_that_is_kept_is_said_too(shop: Shop) -> None:
    shop.schedule()
    shop.tick(at("2026-11-25T16:01"))
    assert shop.runs() == [("2026-11-22T16:00", "skipped", "missed"), ("2026-11-25T16:00", "queued", "")]
    assert shop.incidents() == ["PT-SCHEDULE-MISSED"]
    with shop.store.read() as db:
        [_kept, skipped] = rows.runs(db, shop.org)
    assert "3 times from 2026-11-22T16:00 on" in skipped.output
    shop.tick(at("2026-11-25T16:02"))
    assert len(shop.runs()) == 2


def test_what_was_missed_runs_once_late_if_the_schedule_says_so(shop: Shop) -> None:
    shop.schedule(missed="run-once", daily="16:00")
    shop.tick(at("2026-11-25T12:00"))
    shop.do(at("2026-11-25T12:00"))
    assert shop.runs() == [("2026-11-24T16:00", "done", "late")]


def test_a_little_late_is_not_missed(shop: Shop) -> None:
    shop.schedule()
    shop.tick(at("2026-11-22T16:04"))
    assert shop.runs() == [("2026-11-22T16:00", "queued", "")]


def test_a_clock_ten_years_ahead_runs_nothing_ten_thousand_times(shop: Shop) -> None:
    row = shop.schedule(every="1m", start="2026-11-22T15:01", missed="run-once")
    ahead = at("2036-11-22T15:00:30")
    shop.tick(ahead)
    assert shop.runs() == [("2036-11-22T15:00", "queued", "")]
    shop.do(ahead)
    schedule_runs.realign(shop.store, NOW)  # the clock is set right again
    assert shop.again(row).next_at == at("2026-11-22T15:01")


def test_a_clock_set_back_does_not_run_a_time_again(shop: Shop) -> None:
    row = shop.schedule()
    shop.tick(at("2026-11-22T16:00"))
    shop.do(at("2026-11-22T16:00"))
    schedule_runs.realign(shop.store, at("2026-11-22T15:00"))
    assert shop.again(row).next_at == at("2026-11-22T16:00")
    shop.tick(at("2026-11-22T16:00"))
    assert shop.runs() == [("2026-11-22T16:00", "done", "")]
    assert shop.again(row).next_at == at("2026-11-23T16:00")


def test_a_run_whose_forerunner_is_not_over_is_skipped_and_said(shop: Shop) -> None:
    shop.schedule(every="10m", start="2026-11-22T15:10")
    shop.tick(at("2026-11-22T15:10"))
    shop.tick(at("2026-11-22T15:20"))
    assert shop.runs() == [("2026-11-22T15:10", "queued", ""), ("2026-11-22T15:20", "skipped", "overlap")]


def test_a_failure_is_told_with_its_last_words(shop: Shop) -> None:
    shop.schedule()
    shop.tick(at("2026-11-22T16:00"))
    shop.do(at("2026-11-22T16:00"), 65, "line one\nno template \x1b[31mpromo\n")
    assert shop.runs() == [("2026-11-22T16:00", "failed", "")]
    with shop.store.read() as db:
        told = db.exec(select(Event).where(Event.kind == "incident")).one().payload["text"]
        [run] = rows.runs(db, shop.org)
    assert "exit code 65; no template" in told
    assert "\x1b" not in told + run.output


def test_only_the_end_of_what_is_printed_is_kept_and_no_token(shop: Shop) -> None:
    shop.schedule()
    shop.tick(at("2026-11-22T16:00"))
    shop.do(at("2026-11-22T16:00"), 0, "x" * 100_000 + " EAAGm0PX4ZCpsBAKZCxyz1234567890abcdefghij")
    with shop.store.read() as db:
        [run] = rows.runs(db, shop.org)
    assert len(run.output) <= schedule_runs.OUTPUT_CHARS
    assert "EAAGm0PX4ZCpsBAKZCxyz1234567890" not in run.output


def test_a_run_whose_daemon_died_has_failed_and_the_next_one_runs(shop: Shop) -> None:
    shop.schedule()
    shop.tick(at("2026-11-22T16:00"))
    [run] = schedule_runs.queued(shop.store)
    schedule_runs.begin(shop.store, run, "gone", at("2026-11-22T16:00"))
    schedule_runs.recover(shop.store, at("2026-11-22T16:01"), lambda owner: owner != "gone")
    assert shop.runs() == [("2026-11-22T16:00", "running", "")]
    schedule_runs.recover(shop.store, at("2026-11-22T16:01"), lambda owner: owner == "gone")
    assert shop.runs() == [("2026-11-22T16:00", "failed", "died")]
    shop.tick(at("2026-11-23T16:00"))
    assert shop.runs()[-1] == ("2026-11-23T16:00", "queued", "")


def test_a_run_of_a_daemon_elsewhere_is_over_when_it_has_had_its_time(shop: Shop) -> None:
    shop.schedule()
    shop.tick(at("2026-11-22T16:00"))
    [run] = schedule_runs.queued(shop.store)
    schedule_runs.begin(shop.store, run, "elsewhere", at("2026-11-22T16:00"))
    schedule_runs.recover(shop.store, at("2026-11-22T18:00"), lambda owner: False)
    assert shop.runs() == [("2026-11-22T16:00", "failed", "died")]


def test_what_falls_into_a_pause_is_not_missed(shop: Shop) -> None:
    row = shop.schedule()
    with shop.store.write() as db:
        schedules.pause(db, db.get_one(Schedule, row.id), NOW)
    shop.tick(at("2026-11-25T16:00"))
    with shop.store.write() as db:
        schedules.resume(db, db.get_one(Schedule, row.id), at("2026-11-26T12:00"))
    assert (shop.runs(), shop.again(row).next_at) == ([], at("2026-11-26T16:00"))


def test_a_schedule_for_one_time_is_over_after_it(shop: Shop) -> None:
    row = shop.schedule(at="2026-11-22T16:00")
    shop.tick(at("2026-11-22T16:00"))
    assert shop.again(row).next_at is None
    assert len(shop.runs()) == 1


def test_by_hand_it_runs_whatever_the_time_but_not_twice_at_once(shop: Shop) -> None:
    row = shop.schedule()
    with shop.store.write() as db:
        schedules.ask(db, row, NOW)
    with shop.store.write() as db, pytest.raises(Conflict):
        schedules.ask(db, row, NOW + timedelta(seconds=1))
    assert [(state, reason) for _, state, reason in shop.runs()] == [("queued", "by hand")]


@pytest.mark.parametrize("name", ["12", "", "Com Espaço", "../x", "a" * 70])
def test_names_that_are_none_are_refused(shop: Shop, name: str) -> None:
    with pytest.raises(InvalidData):
        shop.schedule(name)


def test_a_secret_does_not_get_into_the_row(shop: Shop) -> None:
    row = shop.schedule()
    with shop.store.write() as db, pytest.raises(InvalidData) as caught:
        schedules.change(db, row, command=["x", "EAAGm0PX4ZCpsBAKZCxyz1234567890abcdefghij"], now=NOW)
    assert caught.value.slug == "PT-SCHEDULE-SECRET"


def test_what_would_never_run_and_what_is_there_already_are_refused(shop: Shop) -> None:
    shop.schedule()
    with pytest.raises(Conflict):
        shop.schedule()
    with pytest.raises(InvalidData):
        shop.schedule("late", at="2020-01-01T09:00")
    with shop.store.read() as db, pytest.raises(NotFound):
        schedules.find(db, shop.org, "late")


def test_deleting_takes_the_history_along(shop: Shop) -> None:
    row = shop.schedule()
    shop.tick(at("2026-11-22T16:00"))
    with shop.store.write() as db:
        rows.delete(db, db.get_one(Schedule, row.id))
    with shop.store.read() as db:
        assert db.exec(select(ScheduleRun)).all() == []
        assert db.exec(select(Schedule)).all() == []


def test_a_day_with_a_command_of_its_own_runs_that(shop: Shop) -> None:
    day = {"date": "2026-11-24", "do": "modify", "command": ["status"]}
    row = shop.schedule(daily="16:00", exceptions=[day])
    said = []
    for moment in ("2026-11-23T16:00", "2026-11-24T16:00", "2026-11-25T16:00"):
        shop.tick(at(moment))
        [id_] = schedule_runs.queued(shop.store)
        child = schedule_runs.begin(shop.store, id_, "me", at(moment))
        assert child is not None
        said.append(child.words)
        schedule_runs.finish(shop.store, id_, "me", exit_code=0, output="", now=at(moment))
    assert said == [["help"], ["status"], ["help"]]
    with shop.store.write() as db:  # by hand it is that day as well, as the system's clock does it
        asked = schedules.ask(db, shop.again(row), at("2026-11-24T18:00"))
        assert schedules.command_on(shop.again(row), asked) == ["status"]


def test_nothing_but_the_command_may_be_different_on_a_day(shop: Shop) -> None:
    with pytest.raises(InvalidData) as refused:
        shop.schedule(daily="16:00", exceptions=[{"date": "2026-11-24", "do": "modify", "template": "x"}])
    assert refused.value.slug == "PT-RECURRENCE"
