"""Teams: made, changed, filled with people, and their hours."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlmodel import Session, col, delete, select, update

from pytake_cli.errors import Conflict, InvalidData, NotFound
from pytake_cli.policy import hours
from pytake_cli.services import accounts, availability
from pytake_cli.store import teams
from pytake_cli.store.conversations import RESOLVED, Conversation
from pytake_cli.store.organisations import Organisation
from pytake_cli.store.teams import CLOSED, FLOW, MODES, TEXT, Team, TeamMember
from pytake_cli.store.users import User
from pytake_cli.store.work import poke

LONGEST_TEXT = 4096  # Meta's limit for a text message
MOST_CAPACITY = 1000
_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?")
NUMBERS = {"capacity": (1, MOST_CAPACITY), "overflow_seconds": (30, 7 * 86_400)}
CHANGEABLE = (
    "name", "mode", "skills", "capacity", "takes_vips", "takes_all", "closed", "closed_text", "closed_flow",
    "overflow", "overflow_seconds", "rating", "rating_template",
)  # fmt: skip


def find(db: Session, org_id: int, ref: str) -> Team:
    """The team of that slug or name."""
    known = teams.everyone(db, org_id)
    wanted = ref.strip().lower()
    for team in known:
        if wanted in (team.slug, team.name.lower()):
            return team
    near = difflib.get_close_matches(wanted, [team.slug for team in known], 1, 0.5)
    raise NotFound(
        "PT-TEAM",
        "there is no team {name}",
        why="did you mean {near}?" if near else "",
        fix="pytake team list",
        name=ref,
        near=near[0] if near else "",
    )


def create(db: Session, org_id: int, slug: str, now: datetime, **values: Any) -> Team:
    """Makes a team; `values` as `change` takes them."""
    check_slug(slug)
    if teams.by_slug(db, org_id, slug) is not None:
        raise Conflict("PT-TEAM-EXISTS", "there is already a team {name}", fix="pytake team list", name=slug)
    team = Team(org_id=org_id, slug=slug, name=slug, created_at=now, updated_at=now)
    db.add(team)
    db.flush()
    change(db, team, now, **values)
    return team


def check_slug(slug: str) -> None:
    """Raises InvalidData for what cannot be the name of a team or a policy."""
    if not _SLUG.fullmatch(slug):
        raise InvalidData(
            "PT-TEAM-SLUG",
            "{name} cannot be a name here: small letters, digits, - and _, at most 63",
            fix="{near}",
            name=slug or "(empty)",
            near=accounts.slug_of(slug),
        )


def change(db: Session, team: Team, now: datetime, **values: Any) -> list[str]:
    """Changes what is not None among CHANGEABLE; returns what differs now. `overflow` is a team's slug, or ""."""
    wanted = {name: value for name, value in values.items() if value is not None}
    if "overflow" in wanted:
        wanted["overflow_id"] = _overflow(db, team, str(wanted.pop("overflow")))
    if "skills" in wanted:
        wanted["skills"] = availability.check_skills(wanted["skills"])
    changed = [name for name, value in wanted.items() if getattr(team, name) != value]
    for name in changed:
        setattr(team, name, wanted[name])
    _check(team)
    if changed:
        _only_one(db, team, changed)
        team.updated_at = now
        team.version += 1
    db.add(team)
    db.flush()
    poke(db, "route", team.org_id)
    return ["overflow" if name == "overflow_id" else name for name in changed]


def _check(team: Team) -> None:
    if team.mode not in MODES:
        raise _refused("mode", team.mode, ", ".join(MODES))
    if team.closed not in CLOSED:
        raise _refused("closed", team.closed, ", ".join(CLOSED))
    for name, (least, most) in NUMBERS.items():
        value = getattr(team, name)
        if value is not None and not least <= value <= most:
            raise _refused(name, str(value), f"{least}-{most}")
    if len(team.closed_text) > LONGEST_TEXT or not 0 < len(team.name) <= 120 or not team.name.isprintable():
        raise _refused("closed_text / name", team.name[:20], f"1-120 / {LONGEST_TEXT}")
    if team.closed == TEXT and not team.closed_text.strip():
        raise _refused("closed", TEXT, '--closed-text "…"')
    if team.closed == FLOW and not team.closed_flow:
        raise _refused("closed", FLOW, "--closed-flow NAME")


def _refused(field: str, value: str, wanted: str) -> InvalidData:
    return InvalidData(
        "PT-TEAM-VALUE",
        "{field} of a team cannot be {value}: {wanted}",
        fix="pytake team set -h",
        field=field,
        value=value or "(empty)",
        wanted=wanted,
    )


def _overflow(db: Session, team: Team, slug: str) -> int | None:
    """The id of the team that takes over; no chain may come back to where it began."""
    if not slug:
        return None
    target = find(db, team.org_id, slug)
    known = {each.id: each for each in teams.everyone(db, team.org_id)}
    seen, step = {team.id}, target
    while step.id not in seen:
        seen.add(step.id)
        if step.overflow_id is None or step.overflow_id not in known:
            return target.id
        step = known[step.overflow_id]
    raise Conflict(
        "PT-TEAM-CIRCLE",
        "{name} cannot overflow to {to}: conversations would come back",
        fix="pytake team list --fields slug,overflow",
        name=team.slug,
        to=target.slug,
    )


def _only_one(db: Session, team: Team, changed: Sequence[str]) -> None:
    """Those that name no team go to one, VIPs to one: the newest word holds."""
    for flag in ("takes_vips", "takes_all"):
        if flag in changed and getattr(team, flag):
            others = update(Team).where(col(Team.org_id) == team.org_id, col(Team.id) != team.id)
            db.execute(others.values({flag: False}))


def remove(db: Session, team: Team) -> int:
    """Deletes a team; what waits in it waits in none. Returns how many conversations those are."""
    mine = (col(Conversation.org_id) == team.org_id, col(Conversation.team_id) == team.id)
    waiting = db.execute(
        update(Conversation)
        .where(*mine, col(Conversation.status) != RESOLVED)
        .values(team_id=None, team="", team_since=None)
    )
    overflowing = update(Team).where(col(Team.org_id) == team.org_id, col(Team.overflow_id) == team.id)
    db.execute(overflowing.values(overflow_id=None))
    db.execute(delete(TeamMember).where(col(TeamMember.team_id) == team.id))
    db.delete(team)
    db.flush()
    return int(getattr(waiting, "rowcount", 0))


def add(db: Session, team: Team, user: User, now: datetime) -> bool:
    """Puts a person into a team; False when they are in it already."""
    if _membership(db, team, user) is not None:
        return False
    if not user.active:
        raise Conflict(
            "PT-USER-DISABLED", "{email} is disabled", fix="pytake user set {email} --enable", email=user.email
        )
    row = TeamMember(org_id=team.org_id, team_id=team.id or 0, user_id=user.id or 0, created_at=now)
    db.add(row)
    db.flush()
    poke(db, "route", team.org_id)
    return True


def drop(db: Session, team: Team, user: User) -> bool:
    """Takes a person out of a team; what they have stays theirs."""
    row = _membership(db, team, user)
    if row is None:
        return False
    db.delete(row)
    db.flush()
    return True


def _membership(db: Session, team: Team, user: User) -> TeamMember | None:
    mine = (TeamMember.team_id == team.id, TeamMember.user_id == user.id)
    return db.exec(select(TeamMember).where(*mine)).first()


def set_hours(
    db: Session,
    team: Team,
    spans: Mapping[str, Sequence[str]],
    now: datetime,
    *,
    tz: str = "",
    holidays: Sequence[date] = (),
) -> None:
    """Business hours: {"mon-fri": ["09:00-18:00"]}, in the organisation's time zone or `tz`; no spans: always open."""
    zone = tz or db.get_one(Organisation, team.org_id).tz
    try:
        team.hours = hours.dump(hours.read_schedule(spans, zone, holidays)) if spans else None
    except ValueError as error:
        raise InvalidData(
            "PT-TEAM-HOURS",
            "these are no business hours: {detail}",
            fix="pytake team hours set {name} mon-fri=09:00-18:00 sat=09:00-13:00",
            detail=str(error),
            name=team.slug,
        ) from None
    team.updated_at = now
    team.version += 1
    db.add(team)
    db.flush()
    poke(db, "route", team.org_id)


def schedule(team: Team) -> hours.Schedule | None:
    """The team's business hours; None: always open."""
    return hours.load(team.hours) if team.hours else None


def is_open(team: Team, now: datetime) -> bool:
    known = schedule(team)
    return known is None or hours.is_open(known, now)


def spans_of(team: Team) -> dict[str, str]:
    """What `hours show` tells: {"mon": "09:00-12:00, 13:30-18:00", …}."""
    known = schedule(team)
    if known is None:
        return {}
    return {
        name: ", ".join(f"{start:%H:%M}-{end:%H:%M}" for start, end in known.days.get(day, ()))
        for day, name in enumerate(hours.DAYS)
    }


def card(db: Session, team: Team, now: datetime) -> dict[str, Any]:
    """A team as commands and the API show it."""
    known = {each.id: each.slug for each in teams.everyone(db, team.org_id)}
    member_of = select(User).join(TeamMember, col(TeamMember.user_id) == col(User.id))
    people = db.exec(member_of.where(TeamMember.team_id == team.id).order_by(User.email)).all()
    return {
        "id": team.id,
        "slug": team.slug,
        "name": team.name,
        "mode": team.mode,
        "members": [user.email for user in people],
        "skills": team.skills,
        "capacity": team.capacity,
        "takes_vips": team.takes_vips,
        "takes_all": team.takes_all,
        "open": is_open(team, now),
        "hours": spans_of(team),
        "tz": team.hours["tz"] if team.hours else "",
        "holidays": team.hours.get("holidays", []) if team.hours else [],
        "closed": team.closed,
        "closed_text": team.closed_text,
        "closed_flow": team.closed_flow,
        "overflow": known.get(team.overflow_id, ""),
        "overflow_seconds": team.overflow_seconds,
        "rating": team.rating,
        "rating_template": team.rating_template,
        "version": team.version,
    }
