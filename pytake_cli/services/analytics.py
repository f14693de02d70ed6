"""Figures of a period: how many, how soon, how well, by whom, about what; each beside those of the period before."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from pytake_cli.policy.periods import Period
from pytake_cli.policy.talks import BY_BOT, RESOLVED
from pytake_cli.services.analytics_flows import stops
from pytake_cli.store import teams
from pytake_cli.store.conversations import NOBODY, conversation
from pytake_cli.store.labels import conversation_label, label
from pytake_cli.store.messages import IN, Message
from pytake_cli.store.users import User

WINDOW = timedelta(hours=24)
PARTS = ("agent", "label", "flow", "hour", "team", "day")
# name of a figure -> what it is; the metrics screen shows them as cards in this order
CARDS = {
    "conversations": "conversations that began",
    "first_reply_p50": "half of the first answers came within so many seconds",
    "first_reply_p95": "95 of 100 first answers came within so many seconds",
    "resolved": "conversations that were resolved",
    "resolved_percent": "resolved ones in 100 that began",
    "bot_percent": "of 100 resolved ones those that no person answered",
    "rating": "mean of the ratings, 1 to 5",
    "ratings": "how many rated",
    "out_of_window": "people who waited longer than 24 hours for a person",
}
LESS_IS_BETTER = ("first_reply_p50", "first_reply_p95", "out_of_window")

c = conversation.c
message = Message.__table__  # type: ignore[attr-defined]
user = User.__table__  # type: ignore[attr-defined]


def show(db: Session, org_id: int, period: Period, now: datetime, *, compare: bool = True) -> dict[str, Any]:
    """All that the metrics screen shows."""
    found: dict[str, Any] = {"period": _period(period), "cards": cards(db, org_id, period, now)}
    if compare:
        before = period.before()
        earlier = cards(db, org_id, before, now)
        found["before"] = {"period": _period(before), "cards": earlier}
        found["change"] = {name: change(name, found["cards"][name], earlier[name]) for name in CARDS}
    return found | {part: by(db, org_id, period, part, now) for part in PARTS}


def _period(period: Period) -> dict[str, Any]:
    return {
        "name": period.name,
        "unit": period.unit,
        "since": period.since,
        "until": period.until,
        "first": period.first.isoformat(),
        "last": period.last.isoformat(),
        "previous": period.before().name,
    }


def change(name: str, value: float | None, before: float | None) -> dict[str, Any] | None:
    """{"by": 12.0, "unit": "%", "good": true}; shares by points (pp), counts of few and ratings by themselves."""
    if value is None or before is None:
        return None
    if name.endswith("percent"):
        by, unit = value - before, "pp"
    elif name in ("rating", "out_of_window", "ratings"):
        by, unit = value - before, ""
    elif before == 0:
        return None
    else:
        by, unit = 100 * (value - before) / before, "%"
    by = round(by, 1)
    good = None if by == 0 else (by < 0) == (name in LESS_IS_BETTER)
    return {"by": by, "unit": unit, "good": good}


def cards(db: Session, org_id: int, period: Period, now: datetime) -> dict[str, Any]:
    """The figures of a period by their names in CARDS."""
    asked = {"org": org_id, "since": period.since, "until": period.until}
    began = _began(db, asked)
    waits = _first_replies(db, asked).seconds()
    over, bot, rating, ratings = db.connection().execute(_RESOLVED, asked).one()
    return {
        "conversations": began,
        "first_reply_p50": percentile(waits, 50),
        "first_reply_p95": percentile(waits, 95),
        "resolved": over,
        "resolved_percent": round(100 * over / began, 1) if began else None,
        "bot_percent": round(100 * (bot or 0) / over, 1) if over else None,
        "rating": round(float(rating), 2) if rating is not None else None,
        "ratings": ratings,
        "out_of_window": _out_of_window(db, asked, now),
    }


def percentile(ordered: Sequence[float], percent: int) -> float | None:
    """The smallest value that so many in a hundred do not exceed."""
    if not ordered:
        return None
    return round(ordered[max(0, -(-len(ordered) * percent // 100) - 1)], 1)


_org = c.org_id == sa.bindparam("org")


def _within(column: Any) -> Any:
    moment = column.type
    return sa.and_(column >= sa.bindparam("since", type_=moment), column < sa.bindparam("until", type_=moment))


# An answer to "how was it?" opens a conversation that is over at once, and nobody's: it counts with what it rates.
_counts = sa.or_(c.owner != NOBODY, c.resolved_at.is_distinct_from(c.created_at))
_in_begun = (_org, _within(c.created_at), _counts)
_in_resolved = (_org, c.status == RESOLVED, _within(c.resolved_at), _counts)
_BEGAN = sa.select(sa.func.count()).select_from(conversation).where(*_in_begun)
_by_bot = sa.and_(c.first_replied_at.is_(None), c.owner == BY_BOT)
_RESOLVED = sa.select(
    sa.func.count(), sa.func.sum(sa.case((_by_bot, 1), else_=0)), sa.func.avg(c.rating), sa.func.count(c.rating)
).where(*_in_resolved)
_UNANSWERED = sa.select(sa.func.count()).where(
    _org,
    _within(c.created_at),
    c.first_replied_at.is_(None),
    c.status != RESOLVED,
    c.people_since <= sa.bindparam("late", type_=c.created_at.type),
)


SLOT_SECONDS = 600  # zones may be off by half an hour


def _epoch(column: Any, *, is_sqlite: bool) -> Any:
    """The moments of a column in seconds, as numbers: to read them as dates takes most of the time."""
    if is_sqlite:
        return sa.func.unixepoch(column, sa.text("'subsec'"), type_=sa.Float)
    return sa.cast(sa.extract("epoch", column), sa.Float)


def _slot(column: Any, *, is_sqlite: bool) -> Any:
    return sa.cast(sa.func.floor(_epoch(column, is_sqlite=is_sqlite) / SLOT_SECONDS), sa.Integer)


@cache
def _replied(is_sqlite: bool) -> Any:
    asked = sa.func.coalesce(c.people_since, c.created_at)
    seconds = _epoch(c.first_replied_at, is_sqlite=is_sqlite) - _epoch(asked, is_sqlite=is_sqlite)
    columns = (seconds, c.assignee_id, c.team_id, _slot(c.created_at, is_sqlite=is_sqlite))
    return sa.select(*columns).where(_org, _within(c.created_at), c.first_replied_at.is_not(None))


@dataclass(frozen=True, slots=True)
class Replies:
    """Of each first answer the seconds that it took, who has it and in which team, and the slot in which it began."""

    rows: Sequence[Any]

    def seconds(self) -> list[float]:
        return sorted(max(0.0, row[0]) for row in self.rows)

    def grouped(self, place: int) -> dict[Any, list[float]]:
        """By agent (1), team (2) or slot (3)."""
        found: dict[Any, list[float]] = defaultdict(list)
        for row in self.rows:
            found[row[place]].append(row[0])
        return {name: sorted(max(0.0, each) for each in values) for name, values in found.items()}


def _began(db: Session, asked: dict[str, Any]) -> int:
    return db.connection().execute(_BEGAN, asked).scalar_one()


def _first_replies(db: Session, asked: dict[str, Any]) -> Replies:
    """Read once a snapshot: cards and tables all ask for them."""
    known: dict[Any, Replies] = db.info.setdefault("first_replies", {})
    key = tuple(asked.values())
    if key not in known:
        known[key] = Replies(db.connection().execute(_replied(_is_sqlite(db)), asked).all())
    return known[key]


def _out_of_window(db: Session, asked: dict[str, Any], now: datetime) -> int:
    """Who began to wait in the period and was answered after more than 24 hours, or waits still."""
    late = sum(1 for row in _first_replies(db, asked).rows if row[0] > WINDOW.total_seconds())
    waiting: int = db.connection().execute(_UNANSWERED, {**asked, "late": now - WINDOW}).scalar_one()
    return late + waiting


def by(db: Session, org_id: int, period: Period, part: str, now: datetime) -> list[dict[str, Any]]:
    """One table: by "agent", "label", "flow", "hour" of the day, "team" or "day"."""
    asked = {"org": org_id, "since": period.since, "until": period.until}
    match part:
        case "agent":
            return _by_agent(db, asked)
        case "team":
            return _by_team(db, asked)
        case "label":
            return _by_label(db, asked)
        case "hour":
            return _by_hour(db, asked, period)
        case "day":
            return _by_day(db, asked, period)
    return stops(db, org_id, period.since, period.until)


def _by_agent(db: Session, asked: dict[str, Any]) -> list[dict[str, Any]]:
    """Who resolved how many; `bot` is the line of what no person answered."""
    person = sa.case((_by_bot, None), else_=c.assignee_id)
    query = sa.select(
        person.label("agent"), sa.func.max(sa.case((_by_bot, 1), else_=0)).label("bot"), sa.func.count().label("count"),
        sa.func.avg(c.rating).label("rating"), sa.func.count(c.rating).label("ratings"),
    ).where(*_in_resolved).group_by(person, _by_bot)  # fmt: skip
    people = sa.select(user.c.id, user.c.name, user.c.email).where(user.c.org_id == asked["org"])
    names = {row.id: row.name or row.email for row in db.connection().execute(people)}
    replies = _first_replies(db, asked).grouped(1)
    found = []
    for row in db.connection().execute(query, asked):
        first = replies.get(row.agent, []) if row.agent is not None else []
        found.append(
            {
                "agent": "bot" if row.bot else names.get(row.agent, ""),
                "resolved": row.count,
                "first_reply_p50": percentile(first, 50),
                "first_reply_p95": percentile(first, 95),
                "rating": round(float(row.rating), 2) if row.rating is not None else None,
                "ratings": row.ratings,
            }
        )
    return sorted(found, key=lambda row: (-row["resolved"], row["agent"]))


def _by_team(db: Session, asked: dict[str, Any]) -> list[dict[str, Any]]:
    slugs = {team.id: team.slug for team in teams.everyone(db, asked["org"])}
    began = sa.select(c.team_id, sa.func.count()).where(*_in_begun).group_by(c.team_id)
    over = sa.select(c.team_id, sa.func.count(), sa.func.avg(c.rating)).where(*_in_resolved).group_by(c.team_id)
    resolved = {row[0]: (row[1], row[2]) for row in db.connection().execute(over, asked)}
    counts = {row[0]: row[1] for row in db.connection().execute(began, asked)}
    replies = _first_replies(db, asked).grouped(2)
    return [
        {
            "team": slugs.get(id_, ""),
            "conversations": counts.get(id_, 0),
            "resolved": resolved.get(id_, (0, None))[0],
            "first_reply_p50": percentile(replies.get(id_, []), 50),
            "first_reply_p95": percentile(replies.get(id_, []), 95),
            "rating": round(float(rating), 2) if (rating := resolved.get(id_, (0, None))[1]) is not None else None,
        }
        for id_ in sorted(counts.keys() | resolved.keys(), key=lambda id_: slugs.get(id_, ""))
    ]


def _by_label(db: Session, asked: dict[str, Any]) -> list[dict[str, Any]]:
    count = sa.func.count()
    query = (
        sa.select(label.c.name, count)
        .join(conversation_label, conversation_label.c.label_id == label.c.id)
        .join(conversation, c.id == conversation_label.c.conversation_id)
        .where(_org, _within(c.created_at))
        .group_by(label.c.name)
        .order_by(count.desc(), label.c.name)
    )
    return [{"label": name, "conversations": number} for name, number in db.connection().execute(query, asked)]


def _by_hour(db: Session, asked: dict[str, Any], period: Period) -> list[dict[str, Any]]:
    """Messages that came in, by the hour of the day on the organisation's wall; read from the index alone."""
    hours: Counter[int] = Counter()
    theirs = (message.c.org_id == sa.bindparam("org"), message.c.direction == IN, _within(message.c.at))
    for slot, count in _slots(db, message.c.at, theirs, asked):
        hours[_moment(slot, period).hour] += count
    return [{"hour": hour, "messages": hours[hour]} for hour in range(24)]


def _by_day(db: Session, asked: dict[str, Any], period: Period) -> list[dict[str, Any]]:
    """Each day's conversations and how soon people first answered in them."""
    counts: Counter[date] = Counter()
    for slot, count in _slots(db, c.created_at, _in_begun, asked):
        counts[_moment(slot, period).date()] += count
    replies: dict[date, list[float]] = defaultdict(list)
    for slot, values in _first_replies(db, asked).grouped(3).items():
        replies[_moment(slot, period).date()] += values
    return [
        {
            "day": day.isoformat(),
            "conversations": counts[day],
            "first_reply_p50": percentile(first, 50),
            "first_reply_p95": percentile(first, 95),
        }
        for day in period.days()
        for first in [sorted(replies[day])]
    ]


def _slots(db: Session, at: Any, which: Sequence[Any], asked: dict[str, Any]) -> Sequence[Any]:
    """How many rows there are of each slot of time."""
    slot = _slot(at, is_sqlite=_is_sqlite(db))
    return db.connection().execute(sa.select(slot, sa.func.count()).where(*which).group_by(slot), asked).all()


def _moment(slot: int, period: Period) -> datetime:
    return datetime.fromtimestamp(slot * SLOT_SECONDS, period.tz)


def _is_sqlite(db: Session) -> bool:
    return db.get_bind().dialect.name == "sqlite"
