"""Routing: conversations that wait for people come to a team, and from its queue to somebody, each to one.

The rows are the truth: `route` may run as often as one likes, in as many daemons. Whoever routes an organisation
locks its teams first, so that loads are counted and conversations given in one step.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from pytake_cli.policy import routing
from pytake_cli.policy.routing import Agent, Give, Overflow, Queue, Wait, Waiting
from pytake_cli.services import availability, closed_hours, notifications, ownership, talks, teams
from pytake_cli.store import Store
from pytake_cli.store import teams as rows
from pytake_cli.store.contacts import Contact
from pytake_cli.store.conversations import OPEN, QUEUED, RESOLVED, Conversation
from pytake_cli.store.notifications import ASSIGNED
from pytake_cli.store.teams import Team, TeamMember
from pytake_cli.store.users import User

AT_ONCE = 100  # conversations that one transaction places, moves or gives
ROUNDS = 50  # transactions in a row before others get their turn
REMEMBERED = timedelta(days=90)  # how long a contact belongs to whom they spoke with

conversation = Conversation.__table__  # type: ignore[attr-defined]
contact = Contact.__table__  # type: ignore[attr-defined]
_unclaimed = (
    conversation.c.org_id == sa.bindparam("org"),
    conversation.c.status == QUEUED,
    conversation.c.assignee_id.is_(None),
    conversation.c.standby.is_(False),
)


@dataclass(frozen=True, slots=True)
class Office:
    """All that decides, as it is at one moment."""

    teams: Mapping[int, Team]
    queues: Mapping[int, Queue]
    agents: Mapping[int, Agent]
    users: Mapping[int, User]


def route_all(store: Store, now: datetime) -> int:
    """Routes every organisation that has teams; how many conversations were given, moved or placed."""
    with store.read() as db:
        orgs = rows.organisations(db)
    return sum(route(store, org_id, now) for org_id in orgs)


def route(store: Store, org_id: int, now: datetime) -> int:
    """Places, moves and gives what can be; how many conversations that were."""
    done = 0
    for _ in range(ROUNDS):
        with store.read(org_id) as db:
            if not _anybody_waits(db, org_id):  # so it is nearly always, and it is asked after every change
                return done
            if not (_placing(db, org_id, office(db, org_id, now)) or _steps(db, org_id, now)):
                return done
        with store.write(org_id) as db:
            rows.locked(db, org_id)
            step = _place(db, org_id, now) or _move(db, org_id, now)
        if step == 0:
            return done
        done += step
    return done


_ANY_TEAM = sa.select(sa.literal(1)).where(Team.__table__.c.org_id == sa.bindparam("org")).limit(1)  # type: ignore[attr-defined]
_ANYBODY = sa.select(sa.literal(1)).where(*_unclaimed).limit(1)


def _anybody_waits(db: Session, org_id: int) -> bool:
    connection = db.connection()
    return all(connection.execute(query, {"org": org_id}).first() for query in (_ANYBODY, _ANY_TEAM))


def office(db: Session, org_id: int, now: datetime) -> Office:
    known = {team.id or 0: team for team in rows.everyone(db, org_id)}
    turns: dict[int, dict[int, datetime | None]] = {id_: {} for id_ in known}
    for member in rows.members(db, org_id):
        turns.setdefault(member.team_id, {})[member.user_id] = member.given_at
    load = availability.open_conversations(db, org_id)
    users = {user.id or 0: user for user in db.exec(select(User).where(User.org_id == org_id, col(User.active)))}
    agents = {
        id_: Agent(id_, user.availability, load.get(id_, 0), user.capacity, frozenset(user.skills))
        for id_, user in users.items()
    }
    queues = {id_: _queue(team, turns[id_], now) for id_, team in known.items()}
    return Office(known, queues, agents, users)


def _queue(team: Team, turns: Mapping[int, datetime | None], now: datetime) -> Queue:
    return Queue(
        id=team.id or 0,
        mode=team.mode,
        skills=frozenset(team.skills),
        capacity=team.capacity,
        is_open=teams.is_open(team, now),
        overflow=team.overflow_id,
        overflow_after=timedelta(seconds=team.overflow_seconds) if team.overflow_seconds is not None else None,
        turns=turns,
    )


def _placing(db: Session, org_id: int, here: Office) -> list[tuple[int, int]]:
    """(conversation, team) of those that are in no team and belong to one; in the order of their ids."""
    names = {name: id_ for id_, team in here.teams.items() for name in (team.name.lower(), team.slug)}
    everybody = next((id_ for id_, team in here.teams.items() if team.takes_all), None)
    vips = next((id_ for id_, team in here.teams.items() if team.takes_vips), everybody)
    wanted = [conversation.c.team.in_([team.slug for team in here.teams.values()])]
    wanted.append(sa.func.lower(conversation.c.team).in_(list(names)))
    if everybody is not None:
        wanted.append(sa.true())
    elif vips is not None:
        wanted.append(contact.c.vip)
    query = (
        sa.select(conversation.c.id, conversation.c.team, contact.c.vip)
        .join(contact, contact.c.id == conversation.c.contact_id)
        .where(*_unclaimed, conversation.c.team_id.is_(None), sa.or_(*wanted))
        .order_by(conversation.c.id)
        .limit(AT_ONCE)
    )
    found = db.connection().execute(query, {"org": org_id})
    return [
        (row.id, team)
        for row in found
        if (team := names.get(row.team.strip().lower(), vips if row.vip else everybody)) is not None
    ]


def _place(db: Session, org_id: int, now: datetime) -> int:
    here = office(db, org_id, now)
    placing = dict(_placing(db, org_id, here))
    found = _claimed(db, list(placing))
    for one in found:
        put(db, one, here.teams[placing[one.id or 0]], now)
        closed_hours.tell(db, one, here.teams[placing[one.id or 0]], now)
    return len(found)


def put(db: Session, one: Conversation, team: Team, now: datetime) -> None:
    """The conversation waits in the team's queue from now on."""
    before = talks.kept(one)
    one.team_id, one.team, one.team_since, one.routed_to_id = team.id, team.slug, now, None
    db.add(one)
    talks.changed(db, one, "team", before, now, cause="routing")


def give_to_team(db: Session, one: Conversation, team: Team, *, by: User | None, now: datetime) -> bool:
    """A person gives a conversation to a team: it waits in its queue. False when it does already."""
    ownership.refuse_resolved(one, "assign")
    ownership.lock(db, one)
    if one.team_id == team.id and one.assignee_id is None and one.status == QUEUED:
        return False
    before = talks.kept(one)
    ownership.to_people(db, one, now, cause="person:assign")
    one.assignee_id = None
    talks.put(one, "hand_off", now)
    one.team_id, one.team, one.team_since, one.routed_to_id = team.id, team.slug, now, None
    db.add(one)
    talks.changed(db, one, "team", before, now, by=by)
    return True


def _claimed(db: Session, ids: Sequence[int]) -> list[Conversation]:
    """Those of them that still wait for nobody in particular, locked; whom others hold is left for the next time."""
    query = (
        select(Conversation)
        .where(col(Conversation.id).in_(ids), Conversation.status == QUEUED, col(Conversation.assignee_id).is_(None))
        .order_by(col(Conversation.id))
        .with_for_update(skip_locked=True)
    )
    return list(db.exec(query.execution_options(populate_existing=True)))


def waiting(db: Session, org_id: int) -> list[Waiting]:
    """The queues of all teams, in no order."""
    c = conversation.c
    columns = (c.id, c.team_id, c.team_since, c.created_at, c.priority, c.skills, c.routed_to_id, c.contact_id)
    query = (
        sa.select(*columns, contact.c.vip)
        .join(contact, contact.c.id == c.contact_id)
        .where(*_unclaimed, c.team_id.is_not(None))
    )
    found = db.connection().execute(query, {"org": org_id}).all()
    known = _last_agents(db, [row.contact_id for row in found])
    return [
        Waiting(
            id=row.id,
            team=row.team_id,
            since=row.team_since or row.created_at,
            priority=row.priority,
            vip=row.vip,
            skills=frozenset(skill.strip().lower() for skill in row.skills),
            last_agent=known.get(row.contact_id),
            gave_back=row.routed_to_id,
        )
        for row in found
    ]


def _last_agents(db: Session, contact_ids: Sequence[int]) -> dict[int, int]:
    """Who had the newest resolved conversation of each contact."""
    c = conversation.c
    found: dict[int, int] = {}
    for start in range(0, len(contact_ids), 500):
        some = contact_ids[start : start + 500]
        query = sa.select(c.contact_id, c.assignee_id).where(
            c.contact_id.in_(some), c.status == RESOLVED, c.assignee_id.is_not(None)
        )
        found |= {row.contact_id: row.assignee_id for row in db.connection().execute(query.order_by(c.id))}
    return found


def _steps(db: Session, org_id: int, now: datetime) -> list[tuple[Waiting, Give | Overflow]]:
    """What is to be done now with what waits, in the order of the turns."""
    here = office(db, org_id, now)
    if not _may_move(db, org_id, here, now):
        return []
    decided = routing.plan(here.queues, waiting(db, org_id), here.agents, now)
    steps = [(one, decision) for one, decision in decided if not isinstance(decision, Wait)]
    return steps[:AT_ONCE]


def _may_move(db: Session, org_id: int, here: Office, now: datetime) -> bool:
    """Whether anybody has a place free, or anything overflows: cheaper than to read a queue of thousands."""
    for queue in here.queues.values():
        if queue.overflow is not None and not queue.is_open:
            return True
        if queue.is_open and queue.mode != "manual":
            members = (here.agents[id_] for id_ in queue.turns if id_ in here.agents)
            if any(a.availability == "available" and a.open < routing.capacity(queue, a) for a in members):
                return True
        if queue.overflow_after is not None:
            old = (conversation.c.team_id == queue.id, conversation.c.team_since <= now - queue.overflow_after)
            if db.connection().execute(sa.select(1).where(*_unclaimed, *old).limit(1), {"org": org_id}).first():
                return True
    return False


def _move(db: Session, org_id: int, now: datetime) -> int:
    """Gives and overflows, with the teams locked."""
    here = office(db, org_id, now)
    steps = {one.id: decision for one, decision in _steps(db, org_id, now)}
    claimed = {one.id or 0: one for one in _claimed(db, list(steps))}
    moment = now
    for id_, decision in steps.items():
        one = claimed.get(id_)
        if one is None:
            continue
        if isinstance(decision, Overflow):
            put(db, one, here.teams[decision.team], now)
            closed_hours.tell(db, one, here.teams[decision.team], now)
        else:
            moment += timedelta(microseconds=1)  # turns of one moment keep their order
            _give(db, one, here.users[decision.agent], now, moment)
    db.flush()
    return len(claimed)


def _give(db: Session, one: Conversation, agent: User, now: datetime, turn: datetime) -> None:
    before = talks.kept(one)
    ownership.to_people(db, one, now, cause="routing")
    talks.put(one, "assign", now, assignee_id=agent.id)
    one.routed_to_id = agent.id
    db.add(one)
    talks.changed(db, one, "assigned", before, now, cause="routing")
    notifications.tell(db, one.org_id, [agent.id or 0], ASSIGNED, now, conversation_id=one.id, by="", team=one.team)
    mine = (TeamMember.team_id == one.team_id, TeamMember.user_id == agent.id)
    member = db.exec(select(TeamMember).where(*mine)).first()
    if member is not None:
        member.given_at = turn
        db.add(member)


def explain(db: Session, one: Conversation, now: datetime) -> dict[str, Any]:
    """Who would get the conversation now, and why the others would not."""
    here = office(db, one.org_id, now)
    vip = db.get_one(Contact, one.contact_id).vip
    team_id = one.team_id or dict(_placing(db, one.org_id, here)).get(one.id or 0)
    about: dict[str, Any] = {"conversation": one.id, "status": one.status, "team": one.team or None, "vip": vip}
    if team_id is None or team_id not in here.teams:
        return {**about, "verdict": "no_team", "to": None, "position": None, "agents": []}
    queue = here.queues[team_id]
    queued = [each for each in waiting(db, one.org_id) if each.id != one.id and each.team == team_id]
    mine = next((each for each in waiting(db, one.org_id) if each.id == one.id), None)
    mine = mine or Waiting(
        one.id or 0,
        team_id,
        one.team_since or now,
        one.priority,
        vip,
        frozenset(one.skills),
        _last_agents(db, [one.contact_id]).get(one.contact_id),
    )
    line = routing.ordered([*queued, mine], now)
    target = here.queues.get(queue.overflow) if queue.overflow else None
    decision = dict(routing.plan(here.queues, line, here.agents, now))[mine]
    about |= {"team": here.teams[team_id].slug, "priority": one.priority, "position": line.index(mine) + 1}
    about |= {"skills": sorted(queue.skills | mine.skills), "waiting_since": mine.since}
    verdict, to = _verdict(decision, here)
    if one.status != QUEUED or one.assignee_id is not None:
        owner = here.users.get(one.assignee_id or 0)
        verdict, to = one.status if one.status != OPEN else "assigned", owner.email if owner else None
    about |= {"verdict": verdict, "to": to, "overflow": here.teams[target.id].slug if target else None}
    return about | {"agents": [_told(here, queue, mine, id_) for id_ in queue.turns if id_ in here.users]}


def _verdict(decision: routing.Decision, here: Office) -> tuple[str, str | None]:
    match decision:
        case Give(agent, why):
            return why, here.users[agent].email
        case Overflow(team, reason):
            return f"overflow:{reason}", here.teams[team].slug
        case Wait(reason):
            return reason, None


def _told(here: Office, queue: Queue, one: Waiting, agent_id: int) -> dict[str, Any]:
    agent = here.agents[agent_id]
    return {
        "agent": here.users[agent_id].email,
        "open": agent.open,
        "capacity": routing.capacity(queue, agent),
        "last_turn": queue.turns[agent_id],
        "knows_contact": one.last_agent == agent_id,
        "why_not": routing.refusals(queue, one, agent),
    }


def preview(db: Session, org_id: int, now: datetime) -> list[dict[str, Any]]:
    """What routing would do now with each that waits in a queue, in the order of their turns."""
    here = office(db, org_id, now)
    found = []
    for one, decision in routing.plan(here.queues, waiting(db, org_id), here.agents, now):
        verdict, to = _verdict(decision, here)
        found.append({"conversation": one.id, "team": here.teams[one.team].slug, "verdict": verdict, "to": to})
    return found
