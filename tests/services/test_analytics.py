"""Figures of a period, by hand: what was counted is what happened, on SQLite and on PostgreSQL."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytake_cli.errors import InvalidData
from pytake_cli.policy import periods as pure
from pytake_cli.services import analytics, periods
from pytake_cli.store import Store
from pytake_cli.store.conversations import Conversation
from pytake_cli.store.labels import ConversationLabel, Label
from tests.kit import people
from tests.kit.stores import make_number, make_org

SP = ZoneInfo("America/Sao_Paulo")
NOW = datetime(2026, 11, 25, 15, tzinfo=UTC)


@pytest.fixture
def org(store: Store) -> int:
    return make_org(store)


@pytest.fixture
def number(store: Store, org: int) -> int:
    return make_number(store, org)


def talk(store: Store, number: int, at: datetime, **values: Any) -> int:
    id_ = people.wrote(store, number, at=at).id or 0
    with store.write() as db:
        row = db.get_one(Conversation, id_)
        row.people_since = at
        for name, value in values.items():
            setattr(row, name, value)
        db.add(row)
    return id_


def test_the_figures_of_a_week_beside_those_of_the_week_before(store: Store, org: int, number: int) -> None:
    rita = people.user(store, org)
    monday = datetime(2026, 11, 23, 13, 30, tzinfo=UTC)
    minute = timedelta(minutes=1)
    by_rita: dict[str, Any] = {"assignee_id": rita.id, "owner": "people", "status": "resolved"}
    talk(store, number, monday, first_replied_at=monday + minute, resolved_at=monday + 9 * minute, rating=5, **by_rita)
    talk(store, number, monday, first_replied_at=monday + 5 * minute, resolved_at=monday + 9 * minute, **by_rita)
    talk(store, number, monday, status="resolved", owner="bot", resolved_at=monday + minute, people_since=None)
    waits = talk(store, number, monday, status="queued")
    talk(store, number, monday - timedelta(days=7))
    with store.write() as db:
        label = Label(org_id=org, name="entrega", created_at=NOW)
        db.add(label)
        db.flush()
        db.add(ConversationLabel(org_id=org, conversation_id=waits, label_id=label.id or 0, at=NOW))
    week = periods.read("2026-W48", NOW, SP)
    with store.read(org) as db:
        shown = analytics.show(db, org, week, NOW)
    assert shown["cards"] == {
        "conversations": 4, "first_reply_p50": 60.0, "first_reply_p95": 300.0, "resolved": 3, "resolved_percent": 75.0,
        "bot_percent": 33.3, "rating": 5.0, "ratings": 1, "out_of_window": 1,
    }  # fmt: skip
    assert shown["change"]["conversations"] == {"by": 300.0, "unit": "%", "good": True}
    assert shown["change"]["first_reply_p50"] is None
    assert [(row["agent"], row["resolved"], row["rating"]) for row in shown["agent"]] == [
        ("Rita", 2, 5.0),
        ("bot", 1, None),
    ]
    assert shown["label"] == [{"label": "entrega", "conversations": 1}]
    assert [row for row in shown["hour"] if row["messages"]] == [{"hour": 10, "messages": 4}]
    assert [(row["conversations"], row["first_reply_p95"]) for row in shown["day"]][:2] == [(4, 300.0), (0, None)]
    assert len(shown["day"]) == 7


def test_another_organisations_figures_are_not_mine(store: Store, org: int, number: int) -> None:
    other = make_org(store, "outra")
    talk(store, number, NOW - timedelta(hours=1), first_replied_at=NOW)
    with store.read(other) as db:
        shown = analytics.show(db, other, periods.read("7d", NOW, SP), NOW)
    assert shown["cards"]["conversations"] == 0
    assert shown["cards"]["first_reply_p50"] is None
    assert sum(row["messages"] for row in shown["hour"]) == 0
    assert shown["agent"] == shown["label"] == shown["flow"] == shown["team"] == []


@pytest.mark.parametrize(
    ("text", "first", "last", "name"),
    [
        ("7d", date(2026, 11, 19), date(2026, 11, 25), "2026-11-19..2026-11-25"),
        ("w", date(2026, 11, 23), date(2026, 11, 29), "2026-W48"),
        ("2026-W47", date(2026, 11, 16), date(2026, 11, 22), "2026-W47"),
        ("2026-02", date(2026, 2, 1), date(2026, 2, 28), "2026-02"),
        ("2026-11-23", date(2026, 11, 23), date(2026, 11, 23), "2026-11-23"),
    ],
)
def test_periods_are_days_on_the_wall(text: str, first: date, last: date, name: str) -> None:
    found = periods.read(text, NOW, SP)
    assert (found.first, found.last, found.name) == (first, last, name)
    assert periods.read(found.name, NOW, SP).since == found.since
    assert found.before().until == found.since
    assert pure.read("m", date(2026, 3, 31), SP).before().name == "2026-02"


@given(st.text(max_size=12))
def test_what_is_no_period_is_refused_in_words(text: str) -> None:
    with suppress(InvalidData):
        found = periods.read(text, NOW, SP)
        assert found.since < found.until


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=50), st.integers(1, 100))
def test_a_percentile_is_the_smallest_value_that_covers_so_many(values: list[float], percent: int) -> None:
    ordered = sorted(round(value, 1) for value in values)
    found = analytics.percentile(ordered, percent)
    assert found in ordered
    assert sum(value <= found for value in ordered) * 100 >= percent * len(ordered)
