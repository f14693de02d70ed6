"""The feed of live events: nothing is passed by, told twice, or told too early; what retention took is a gap."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlmodel import Session

from pytake_cli.services import live
from pytake_cli.services.live import Feed
from pytake_cli.store import Store, events, retention
from pytake_cli.store.numbers import Number
from tests.kit import people
from tests.kit.stores import NOW, make_number, make_org

on_postgres = pytest.mark.parametrize("database", ["postgres"], indirect=True)


def tell(db: Session, org: int, n: int) -> None:
    events.tell(db, org, "message:new", {"n": n}, NOW)


def told(feed: Feed) -> list[int]:
    """The numbers of what the feed gives now."""
    return [row.payload["n"] for row in feed.read().events]


def test_events_come_once_and_in_order(store: Store) -> None:
    org = make_org(store)
    with store.write() as db:
        tell(db, org, 0)
    feed = Feed(store)
    feed.begin()
    assert told(feed) == []
    for n in (1, 2):
        with store.write() as db:
            tell(db, org, n)
    assert told(feed) == [1, 2]
    assert told(feed) == []


def test_a_long_backlog_comes_in_parts(store: Store) -> None:
    org = make_org(store)
    feed = Feed(store)
    feed.begin()
    with store.write() as db:
        for n in range(live.AT_ONCE + 3):
            tell(db, org, n)
    first = feed.read()
    assert (len(first.events), first.more) == (live.AT_ONCE, True)
    second = feed.read()
    assert (len(second.events), second.more) == (3, False)


@on_postgres
def test_who_commits_late_is_waited_for_and_not_passed_by(store: Store) -> None:
    org = make_org(store)
    feed = Feed(store)
    feed.begin()
    with store.write() as slow:
        tell(slow, org, 1)
        with store.write() as db:
            tell(db, org, 2)
        news = feed.read()
        assert (news.events, news.in_doubt, news.more) == ([], True, True)
        with store.write() as db:
            tell(db, org, 3)
        assert told(feed) == []
    assert told(feed) == [1, 2, 3]


@on_postgres
def test_who_gives_up_is_not_waited_for_for_ever(store: Store) -> None:
    org = make_org(store)
    feed = Feed(store)
    feed.begin()

    class Stop(Exception):
        pass

    with pytest.raises(Stop), store.write() as slow:
        tell(slow, org, 1)
        with store.write() as db:
            tell(db, org, 2)
        assert told(feed) == []
        raise Stop
    assert told(feed) == [2]


@on_postgres
def test_a_later_writer_does_not_keep_an_earlier_gap_open(store: Store) -> None:
    org = make_org(store)
    feed = Feed(store)
    feed.begin()
    with store.write() as slow:
        tell(slow, org, 1)
        with store.write() as db:
            tell(db, org, 2)
        assert told(feed) == []
        with store.write() as later:
            tell(later, org, 3)
            slow.commit()
            assert told(feed) == [1, 2]
        assert told(feed) == [3]


@on_postgres
def test_a_start_waits_for_who_writes_just_then(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    org = make_org(store)
    feed = Feed(store)
    with store.write() as slow:
        tell(slow, org, 1)
        with store.write() as db:
            tell(db, org, 2)
        starting = threading.Thread(target=feed.begin)
        starting.start()
        starting.join(0.2)
        assert starting.is_alive()
    starting.join(5.0)
    assert not starting.is_alive()
    with store.read() as db:
        missed = live.missed(db, org, {"message:new"}, 0, feed.horizon)
    assert missed is not None
    assert [row.payload["n"] for row in missed] == [1, 2]


@on_postgres
@pytest.mark.parametrize("seed", range(3))
def test_many_writers_at_once_lose_nothing(store: Store, seed: int) -> None:
    org = make_org(store)
    feed = Feed(store)
    feed.begin()

    def write(writer: int) -> None:
        for n in range(40):
            with store.write() as db:
                tell(db, org, writer * 1000 + n)
                if (writer + n + seed) % 5 == 0:
                    tell(db, org, 100_000 + writer * 1000 + n)

    writers = [threading.Thread(target=write, args=(index,)) for index in range(6)]
    for each in writers:
        each.start()
    seen: list[int] = []
    ids: list[int] = []
    while any(each.is_alive() for each in writers) or (news := feed.read()).events or news.more:
        found = feed.read().events if any(each.is_alive() for each in writers) else news.events
        seen += [row.payload["n"] for row in found]
        ids += [row.id for row in found]
    with store.read() as db:
        written = [each.id for each in events.after(db, 0, 10_000)]
    assert ids == written
    assert len(set(seen)) == len(seen) == len(written)


def test_what_was_missed_is_told_of_the_own_organisation_and_only_what_may_be_heard(store: Store) -> None:
    org, other = make_org(store), make_org(store, "outra")
    with store.write() as db:
        tell(db, org, 1)
        tell(db, other, 2)
        events.tell(db, org, "incident", {}, NOW)
        tell(db, org, 3)
        tell(db, org, 4)
    with store.read() as db:
        first = events.after(db, 0)[0].id or 0
        missed = live.missed(db, org, {"message:new"}, first, first + 3)
        assert missed is not None
        assert [row.payload["n"] for row in missed] == [3]
        assert live.missed(db, org, {"message:new"}, first + 4, first + 4) == []
        assert live.missed(db, org, {"message:new"}, first + 5, first + 4) is None  # from another store


def test_what_retention_took_and_what_is_too_much_are_gaps(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    org = make_org(store)
    with store.write() as db:
        for n in range(6):
            events.tell(db, org, "message:new", {"n": n}, NOW + timedelta(days=n))
    with store.read() as db:
        first = events.after(db, 0)[0].id or 0
    retention.forget_events(store, NOW + timedelta(days=3), 100)
    with store.read() as db:
        for cursor, gap in ((first - 1, True), (first + 1, True), (first + 2, False), (first + 5, False)):
            assert (live.missed(db, org, {"message:new"}, cursor, first + 5) is None) == gap
        monkeypatch.setattr(live, "MOST_MISSED", 2)
        assert live.missed(db, org, {"message:new"}, first + 2, first + 5) is None
        assert live.missed(db, org, {"message:new"}, first + 3, first + 5) is not None


def test_a_customer_sees_typing_only_where_people_may_answer_now(store: Store) -> None:
    org = make_org(store)
    number_id = make_number(store, org)
    talk = people.wrote(store, number_id)
    id_ = talk.id or 0
    later = NOW + timedelta(hours=1)
    with store.write() as db:
        last = people.incoming(db, talk, "ainda aí?", at=later)
        people.outgoing(db, talk, "sim", at=later)
        number = db.get_one(Number, number_id)
    with store.read() as db:
        assert live.hearer(db, org, id_, later) == live.Hearer(number.phone_number_id, last.wamid or "")
        assert live.hearer(db, org + 1, id_, later) is None
        assert live.hearer(db, org, id_ + 100, later) is None
        assert live.hearer(db, org, id_, NOW + timedelta(days=2)) is None
    for name, value in (("owner", "bot"), ("standby", True), ("status", "resolved")):
        with store.write() as db:
            row = db.get_one(type(talk), id_)
            before = getattr(row, name)
            setattr(row, name, value)
            db.flush()
            assert live.hearer(db, org, id_, later) is None
            setattr(row, name, before)
    with store.write() as db:
        db.get_one(Number, number_id).stopped_at = NOW
    with store.read() as db:
        assert live.hearer(db, org, id_, later) is None
