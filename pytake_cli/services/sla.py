"""Promised times kept: clocks are set as conversations change, and told of when they are nearly or wholly over."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, select

from pytake_cli.policy import sla
from pytake_cli.policy.hours import Schedule
from pytake_cli.policy.sla import BREACHED, CLOCKS, Promise, Talk
from pytake_cli.services import notifications, teams
from pytake_cli.store import Store, events, labels
from pytake_cli.store import sla as rows
from pytake_cli.store import teams as team_rows
from pytake_cli.store.changes import snoozes
from pytake_cli.store.conversations import OPEN, QUEUED, RESOLVED, SNOOZED, Conversation
from pytake_cli.store.sla import SlaBreach, SlaPolicy
from pytake_cli.store.teams import TeamMember
from pytake_cli.store.users import User

AT_ONCE = 200  # conversations that one transaction looks at

conversation = Conversation.__table__  # type: ignore[attr-defined]
c = conversation.c
_came_to_people = (c.people_since.is_(None), c.waiting_since.is_not(None), c.status.in_((QUEUED, OPEN)))
_stale = sa.and_(
    sa.text("conversation.status <> 'resolved'"),
    c.people_since.is_not(None),
    sa.or_(
        c.sla_told.is_(None),
        c.waiting_since.is_distinct_from(c.sla_waiting_since),
        (c.status == SNOOZED) != c.sla_paused,
    ),
)
_UPDATE = (
    sa.update(conversation)
    .where(c.id == sa.bindparam("of_id"))
    .values({name: sa.bindparam(f"to_{name}", type_=c[name].type) for name in (
        "first_reply_due", "next_reply_due", "resolution_due", "sla_waiting_since", "sla_next_at", "sla_told",
        "sla_paused",
    )})
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class About:
    """What beside their rows decides about some conversations."""

    labels: Mapping[int, Sequence[str]]
    snoozes: Mapping[int, Sequence[tuple[datetime, datetime]]]

    @classmethod
    def of(cls, db: Session, found: Sequence[Any]) -> About:
        ids = [row.id for row in found]
        return cls(labels.of_conversations(db, ids), snoozes(db, ids))


@dataclass(frozen=True, slots=True)
class Promises:
    """What an organisation promises, and when its teams are open."""

    promises: Sequence[Promise]
    hours: Mapping[int, Schedule | None]
    slugs: Mapping[int, str]

    def clocks(self, row: Any, about: About) -> tuple[Promise | None, dict[str, sla.Clock]]:
        promise = sla.choose(self.promises, row.team_id, row.priority, about.labels.get(row.id, ()))
        times = (row.people_since, row.first_replied_at, row.waiting_since)
        talk = Talk(*times, row.status == RESOLVED, row.status == SNOOZED, about.snoozes.get(row.id, ()))
        return promise, sla.clocks(promise, talk, self.hours.get(row.team_id or 0))


def keep(store: Store, now: datetime) -> int:
    """Notes who came to people, sets the clocks that changed, tells what is over; how many conversations that were."""
    done = _note_arrivals(store, now)
    with store.read() as db:
        orgs = rows.organisations(db)
    for org_id in orgs:
        done += _repeat(store, org_id, _stale_of(org_id), lambda db, org: _set(db, org, now))
        done += _repeat(store, org_id, _due_of(org_id, now), lambda db, org: _tell(db, org, now))
    return done


def _repeat(store: Store, org_id: int, which: Any, work: Callable[[Session, int], int]) -> int:
    """Works a transaction at a time on the conversations `which` finds; without any, nothing is locked."""
    done = 0
    while True:
        with store.read(org_id) as db:
            if db.connection().execute(which.limit(1)).first() is None:
                return done
        with store.write(org_id) as db:
            step = work(db, org_id)
        if step == 0:
            return done
        done += step


def _stale_of(org_id: int) -> Any:
    return sa.select(conversation).where(c.org_id == org_id, _stale).order_by(c.id).limit(AT_ONCE)


def _due_of(org_id: int, now: datetime) -> Any:
    due = (c.org_id == org_id, sa.text("conversation.sla_next_at IS NOT NULL"), c.sla_next_at <= now)
    return sa.select(conversation).where(*due).order_by(c.id).limit(AT_ONCE)


def _note_arrivals(store: Store, now: datetime) -> int:
    """When each conversation first waited for people; also where nothing is promised, for the figures."""
    with store.read() as db:
        if db.connection().execute(sa.select(c.id).where(*_came_to_people).limit(1)).first() is None:
            return 0
    with store.write() as db:
        note = sa.update(conversation).where(*_came_to_people).values(people_since=c.waiting_since)
        return db.connection().execute(note).rowcount


def promises(db: Session, org_id: int) -> Promises:
    known = team_rows.everyone(db, org_id)
    return Promises(
        [_promise(each) for each in rows.everyone(db, org_id)],
        {team.id or 0: teams.schedule(team) for team in known},
        {team.id or 0: team.slug for team in known},
    )


def _promise(row: SlaPolicy) -> Promise:
    spans = {name: timedelta(seconds=value) for name in CLOCKS if (value := getattr(row, name)) is not None}
    return Promise(row.id or 0, row.team_id, row.priority, row.label, spans, row.business_hours, row.warn_percent)


def _set(db: Session, org_id: int, now: datetime) -> int:
    """Sets the clocks of conversations in which somebody wrote or answered since."""
    found = db.connection().execute(_stale_of(org_id).with_for_update(skip_locked=True)).all()
    if not found:
        return 0
    here, about = promises(db, org_id), About.of(db, found)
    changes = []
    for row in found:
        _, running = here.clocks(row, about)
        told = {name: word for name, word in (row.sla_told or {}).items() if name != sla.NEXT_REPLY}
        if row.waiting_since == row.sla_waiting_since and row.sla_told:
            told = row.sla_told
        changes.append(_change(row, running, sla.still_told(running, told, now)))
    db.connection().execute(_UPDATE, changes)
    return len(found)


def _change(row: Any, running: Mapping[str, sla.Clock], told: Mapping[str, str]) -> dict[str, Any]:
    is_paused = row.status == SNOOZED
    due = {name: clock.due for name, clock in running.items()}
    # what is over keeps the time at which it was due; what stands still is due at no time
    first = None if is_paused and row.first_replied_at is None else row.first_reply_due
    return {
        "of_id": row.id,
        "to_first_reply_due": due.get(sla.FIRST_REPLY, first),
        "to_next_reply_due": due.get(sla.NEXT_REPLY),
        "to_resolution_due": due.get(sla.RESOLUTION, None if is_paused else row.resolution_due),
        "to_sla_waiting_since": row.waiting_since,
        "to_sla_next_at": sla.next_at(running, told),
        "to_sla_told": dict(told),
        "to_sla_paused": is_paused,
    }


def _tell(db: Session, org_id: int, now: datetime) -> int:
    """Tells of what is nearly or wholly over: an event, a notification, and of a breach a row."""
    found = db.connection().execute(_due_of(org_id, now).with_for_update(skip_locked=True)).all()
    if not found:
        return 0
    here, about = promises(db, org_id), About.of(db, found)
    changes = []
    for row in found:
        promise, running = here.clocks(row, about)
        told = dict(row.sla_told or {})
        for name, word in sla.news(running, told, now).items():
            told[name] = word
            _say(db, row, running[name], word, promise, here, now)
        changes.append(_change(row, running, told))
    db.connection().execute(_UPDATE, changes)
    return len(found)


def _say(
    db: Session, row: Any, clock: sla.Clock, word: str, promise: Promise | None, here: Promises, now: datetime
) -> None:
    due = clock.due.isoformat().replace("+00:00", "Z")
    team = here.slugs.get(row.team_id or 0)
    payload = {"conversation": row.id, "clock": clock.name, "due": due, "team": team, "assignee": row.assignee_id}
    events.tell(db, row.org_id, f"sla:{word}", payload, now, row.id)
    whom = [row.assignee_id] if row.assignee_id is not None else _members(db, row.team_id)
    notifications.tell(
        db, row.org_id, whom, "sla", now, conversation_id=row.id, clock=clock.name, state=word, due=due, team=team
    )
    if word == BREACHED:
        db.add(
            SlaBreach(
                org_id=row.org_id,
                conversation_id=row.id,
                policy_id=promise.id if promise else None,
                clock=clock.name,
                due_at=clock.due,
                team_id=row.team_id,
                user_id=row.assignee_id,
                at=now,
            )
        )
        db.flush()


def _members(db: Session, team_id: int | None) -> list[int]:
    return list(db.exec(select(TeamMember.user_id).where(TeamMember.team_id == team_id)))


def reckon_again(db: Session, org_id: int) -> None:
    """The promises are other ones: every unresolved conversation's clocks are set anew, keeping what was told."""
    unresolved = (c.org_id == org_id, sa.text("conversation.status <> 'resolved'"), c.people_since.is_not(None))
    first = sa.case((c.first_replied_at.is_(None), sa.null()), else_=c.first_reply_due)
    stale = {"sla_paused": c.status != SNOOZED}  # as it is not: so the clocks are looked at
    again = sa.update(conversation).where(*unresolved)
    db.connection().execute(again.values(**stale, first_reply_due=first, resolution_due=None))


def report(
    db: Session, org_id: int, since: datetime, until: datetime, now: datetime, *, by: str = "clock"
) -> list[dict[str, Any]]:
    """How promises due in a period were kept: for each clock, team, or agent the total, met, broken and running."""
    found: dict[str, dict[str, Any]] = {}
    names = _names(db, org_id)

    def count(row: Any, clock: str, kept: str) -> None:
        key = {"clock": clock, "team": names["team", row.team_id], "agent": names["agent", row.assignee_id]}[by]
        line = found.setdefault(key, {by: key, "total": 0, "met": 0, "broken": 0, "running": 0})
        line["total"] += 1
        line[kept] += 1

    for clock, due, done in (
        (sla.FIRST_REPLY, c.first_reply_due, c.first_replied_at),
        (sla.RESOLUTION, c.resolution_due, c.resolved_at),
    ):
        query = sa.select(c.team_id, c.assignee_id, due.label("due"), done.label("done")).where(
            c.org_id == org_id, due >= since, due < until
        )
        for row in db.connection().execute(query):
            over = row.done <= row.due if row.done is not None else None
            count(row, clock, "met" if over else "broken" if over is False or row.due <= now else "running")
    breach = rows.sla_breach.c
    late = sa.select(breach.team_id, breach.user_id.label("assignee_id")).where(
        breach.org_id == org_id, breach.clock == sla.NEXT_REPLY, breach.due_at >= since, breach.due_at < until
    )
    for row in db.connection().execute(late):
        count(row, sla.NEXT_REPLY, "broken")
    for line in found.values():
        ended = line["met"] + line["broken"]
        line["percent"] = round(100 * line["met"] / ended) if ended else None
    return [found[key] for key in sorted(found)]


class _Names(dict[tuple[str, int | None], str]):
    """What ids are called; of what is gone nothing is known."""

    def __missing__(self, key: tuple[str, int | None]) -> str:
        return ""


def _names(db: Session, org_id: int) -> _Names:
    found = _Names()
    for team in team_rows.everyone(db, org_id):
        found["team", team.id] = team.slug
    for user in db.exec(select(User).where(User.org_id == org_id)):
        found["agent", user.id] = user.email
    return found
