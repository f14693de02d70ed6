"""Who is there: availability, capacity and skills of the people of an organisation."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, or_
from sqlmodel import Session, col, select

from pytake_cli import settings
from pytake_cli.errors import InvalidData
from pytake_cli.store import teams
from pytake_cli.store.conversations import OPEN, Conversation
from pytake_cli.store.events import Event
from pytake_cli.store.teams import TeamMember
from pytake_cli.store.users import AVAILABILITIES, AVAILABLE, OFFLINE, User
from pytake_cli.store.work import poke

GONE_AFTER = timedelta(minutes=3)  # without a sign of their inbox
SEEN_PRECISION = timedelta(seconds=30)  # signs are written no oftener
MOST_CAPACITY = 1000


def set_(
    db: Session,
    user: User,
    now: datetime,
    *,
    availability: str | None = None,
    capacity: int | None = None,
    skills: Sequence[str] | None = None,
) -> list[str]:
    """Changes what is given; a capacity of 0 means the team's."""
    wanted: dict[str, Any] = {}
    if availability is not None:
        if availability not in AVAILABILITIES:
            raise _refused("availability", availability, ", ".join(AVAILABILITIES))
        wanted["availability"] = availability
    if capacity is not None:
        if not 0 <= capacity <= MOST_CAPACITY:
            raise _refused("capacity", str(capacity), f"0-{MOST_CAPACITY}")
        wanted["capacity"] = capacity or None
    if skills is not None:
        wanted["skills"] = check_skills(skills)
    changed = [name for name, value in wanted.items() if getattr(user, name) != value]
    for name in changed:
        setattr(user, name, wanted[name])
    db.add(user)
    if changed:
        _tell(db, user, now)
    db.flush()
    return changed


def heard(db: Session, user_id: int, now: datetime) -> bool:
    """A sign of the person's inbox: opening it makes available, unless the settings say no. True when it did.

    Who says in it that they are offline stays so until they open it again.
    """
    user = db.get(User, user_id)
    if user is None or not user.active or (user.seen_at is not None and now - user.seen_at < SEEN_PRECISION):
        return False
    came = user.availability == OFFLINE and user.seen_at is None and settings.current().routing.available_by_inbox
    user.seen_at = now
    db.add(user)
    if came:
        user.availability = AVAILABLE
        _tell(db, user, now)
    return came


def gone(db: Session, now: datetime) -> int:
    """Whose inbox was open and has been silent is offline; how many became so."""
    silent = select(User).where(col(User.seen_at) < now - GONE_AFTER)
    count = 0
    for user in db.exec(silent):
        user.seen_at = None
        if user.availability != OFFLINE:
            user.availability = OFFLINE
            _tell(db, user, now)
            count += 1
        db.add(user)
    return count


def someone_came(db: Session, user_ids: Collection[int], now: datetime) -> bool:
    """Whether `heard` has something to note of any of them."""
    old = or_(col(User.seen_at).is_(None), col(User.seen_at) <= now - SEEN_PRECISION)
    unseen = select(User.id).where(col(User.id).in_(list(user_ids)), col(User.active), old)
    return bool(user_ids) and db.exec(unseen.limit(1)).first() is not None


def someone_is_gone(db: Session, now: datetime) -> bool:
    """Whether `gone` has something to do."""
    return db.exec(select(User.id).where(col(User.seen_at) < now - GONE_AFTER).limit(1)).first() is not None


def check_skills(skills: Sequence[str]) -> list[str]:
    """Skills as they are kept: small letters, each once, in order."""
    found = sorted({skill.strip().lower() for skill in skills if skill.strip()})
    for skill in found:
        if len(skill) > 60 or not skill.isprintable() or "," in skill:
            raise _refused("skills", skill[:20], "1-60")
    return found


def open_conversations(db: Session, org_id: int) -> dict[int, int]:
    """How many conversations each person has open."""
    query = select(Conversation.assignee_id, func.count()).where(
        Conversation.org_id == org_id, Conversation.status == OPEN, col(Conversation.assignee_id).is_not(None)
    )
    return {user: count for user, count in db.exec(query.group_by(col(Conversation.assignee_id))) if user is not None}


def cards(db: Session, org_id: int) -> list[dict[str, Any]]:
    """The active people with what routing goes by."""
    load = open_conversations(db, org_id)
    slugs = {team.id: team.slug for team in teams.everyone(db, org_id)}
    of: dict[int, list[str]] = {}
    for member in db.exec(select(TeamMember).where(TeamMember.org_id == org_id)):
        of.setdefault(member.user_id, []).append(slugs[member.team_id])
    people = db.exec(select(User).where(User.org_id == org_id, col(User.active)).order_by(User.email))
    return [
        {
            "id": user.id,
            "email": user.email,
            "name": user.name,
            "availability": user.availability,
            "open": load.get(user.id or 0, 0),
            "capacity": user.capacity,
            "skills": user.skills,
            "teams": sorted(of.get(user.id or 0, [])),
            "seen_at": user.seen_at,
        }
        for user in people
    ]


def _tell(db: Session, user: User, now: datetime) -> None:
    payload = {"user": user.id, "availability": user.availability, "capacity": user.capacity}
    db.add(Event(org_id=user.org_id, kind="agent:updated", payload=payload, at=now))
    poke(db, "route", user.org_id)


def _refused(field: str, value: str, wanted: str) -> InvalidData:
    return InvalidData(
        "PT-AGENT-VALUE",
        "{field} of a person cannot be {value}: {wanted}",
        fix="pytake team agent -h",
        field=field,
        value=value or "(empty)",
        wanted=wanted,
    )
