"""Automations under bad luck: killed in the middle, two daemons at once, clocks that jump, hours that come twice."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from pytake_cli import faults, settings
from pytake_cli.services import automation_runs, contact_changes
from pytake_cli.store import Store, events
from pytake_cli.store.automations import AutomationRun
from pytake_cli.store.conversations import Note
from tests.services.rule_shop import RuleShop

WORKS = """
import sys
from datetime import datetime
from pytake_cli.services import automation_runs, contact_changes
from pytake_cli.store import Store, events
automation_runs.work(Store(sys.argv[1]), datetime.fromisoformat(sys.argv[2]))
"""
RULE = "{when: message_in, then: [{reply: um}, {note: um}, {wait: 5m}, {reply: dois}, {note: dois}]}"


@pytest.fixture
def shop(store: Store) -> Iterator[RuleShop]:
    yield RuleShop(store)
    settings.forget()


def crash(url: str, now: datetime, point: str, passing: int) -> int:
    """Does what is due in a process that dies there; its exit code."""
    environment = {**os.environ, "PYTAKE_CRASH_AT": f"{point}:{passing}"}
    return subprocess.run([sys.executable, "-c", WORKS, url, now.isoformat()], env=environment, timeout=60).returncode


@pytest.mark.parametrize("point", faults.AUTOMATION_POINTS)
def test_whoever_is_killed_says_everything_once(shop: RuleShop, store_url: str, point: str) -> None:
    shop.rule(RULE)
    for who in ("5511968184101", "5511968184102", "5511968184103"):
        shop.says("oi", who=who)
    assert crash(store_url, shop.now, point, 1 if point.endswith("plan") else 2) == 137
    shop.work()
    shop.now += timedelta(minutes=6)
    assert crash(store_url, shop.now, point, 2) == (0 if point.endswith("plan") else 137)
    shop.work()
    assert sorted(shop.bot()) == ["dois"] * 3 + ["um"] * 3
    assert sorted(note.body for note in shop.rows(Note)) == ["dois"] * 3 + ["um"] * 3
    assert shop.runs() == [("done", "")] * 3


def test_two_daemons_do_everything_once(shop: RuleShop, store_url: str) -> None:
    shop.rule("{when: message_in, then: [{reply: oi}, {note: oi}]}")
    for n in range(12):
        shop.says("oi", who=f"55119681842{n:02}")
    rivals = [Store(store_url), Store(store_url)]
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(lambda store: automation_runs.work(store, shop.now), rivals))
    shop.work()
    for rival in rivals:
        rival.close()
    assert (len(shop.bot()), len(shop.rows(Note))) == (12, 12)
    assert shop.runs() == [("done", "")] * 12


def test_a_clock_that_is_set_back_repeats_nothing(shop: RuleShop) -> None:
    shop.rule("{when: {customer_silent: 1h}, then: [{note: quieto}], over: people}")
    shop.hears()
    shop.answers()
    shop.later(hours=2)
    shop.now -= timedelta(hours=3)
    shop.work()
    shop.later(hours=5)
    assert [note.body for note in shop.rows(Note)] == ["quieto"]


def test_after_a_day_without_a_daemon_it_is_done_once_and_only_if_it_still_holds(shop: RuleShop) -> None:
    shop.rule("{name: a, when: {agent_silent: 1h}, then: [{note: sem resposta}]}")
    shop.says("oi")
    shop.now += timedelta(days=1)
    shop.work()
    shop.work()
    assert [note.body for note in shop.rows(Note)] == ["sem resposta"]


# New York: on 1 November 2026 the hour from 01:00 comes twice, on 14 March 2027 the hour from 02:00 not at all.
@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        (datetime(2026, 11, 1, 5, 45, tzinfo=UTC), True),  # 01:45, the first time
        (datetime(2026, 11, 1, 6, 45, tzinfo=UTC), True),  # 01:45, the second time
        (datetime(2026, 11, 1, 7, 15, tzinfo=UTC), False),  # 02:15
        (datetime(2027, 3, 14, 6, 45, tzinfo=UTC), True),  # 01:45
        (datetime(2027, 3, 14, 7, 15, tzinfo=UTC), False),  # 03:15: 02:15 was left out
    ],
)
def test_hours_go_by_the_clock_on_the_wall_when_it_is_changed(shop: RuleShop, moment: datetime, is_open: bool) -> None:
    night = {"tz": "America/New_York", "mon-sun": ["01:30-02:00"]}
    settings.load({"flows.hours": {"loja": night}})
    shop.rule("{name: aberto, when: message_in, if: {hours: open}, then: [{note: aberto}]}")
    shop.rule("{name: fechado, when: message_in, if: {hours: {closed: loja}}, then: [{note: fechado}]}")
    shop.now = moment
    shop.hears()
    assert [note.body for note in shop.rows(Note)] == ["aberto" if is_open else "fechado"]


def test_a_delay_over_the_night_in_which_an_hour_is_left_out_is_as_long_as_it_says(shop: RuleShop) -> None:
    shop.rule("{when: message_in, then: [{wait: 3h}, {note: três horas}]}")
    shop.now = datetime(2027, 3, 14, 5, 0, tzinfo=UTC)
    shop.hears()
    run: AutomationRun = shop.run()
    assert run.due_at - shop.now == timedelta(hours=3)


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
def test_an_event_that_is_committed_late_is_not_passed_over(shop: RuleShop, store_url: str) -> None:
    shop.rule("{when: {tagged: vip}, then: [{note: vip}]}")
    shop.hears()
    slow = Store(store_url)
    with slow.write(shop.org) as db:
        contact_changes.tag(db, shop.org, [shop.contact().id or 0], ["vip"], actor="cli", now=shop.now)
        shop.hears("depois", who="5511968184199")  # its event has a higher id and is there first
        assert shop.runs() == []
    slow.close()
    shop.work()
    assert [note.body for note in shop.rows(Note)] == ["vip"]


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
def test_an_event_of_a_younger_transaction_that_is_committed_late_is_not_passed_over(
    shop: RuleShop, store_url: str
) -> None:
    """The older transaction takes the later event: by the transactions' age its event looks settled."""
    shop.rule("{when: {tagged: vip}, then: [{note: vip}]}")
    shop.hears()
    quick, slow = Store(store_url), Store(store_url)
    contact_id = shop.contact().id or 0
    with quick.write(shop.org) as first:
        first.connection().execute(sa.text("SELECT pg_current_xact_id()"))
        with slow.write(shop.org) as db:
            contact_changes.tag(db, shop.org, [contact_id], ["vip"], actor="cli", now=shop.now)
            events.tell(first, shop.org, "message:new", {}, shop.now)
            first.commit()
            assert automation_runs.work(shop.store, shop.now).in_doubt
    quick.close()
    slow.close()
    shop.work()
    assert [note.body for note in shop.rows(Note)] == ["vip"]
