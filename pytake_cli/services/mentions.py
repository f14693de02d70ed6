"""Who is named in a note: `@bia`, `@bia@loja.com.br`, `@Vendas SP`; the conversation comes into their mentions."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime

from sqlmodel import Session, col, select

from pytake_cli.services import notifications
from pytake_cli.store import teams
from pytake_cli.store.conversations import Note
from pytake_cli.store.desks import Mention
from pytake_cli.store.notifications import MENTION
from pytake_cli.store.users import User

MOST = 20  # people and teams that one note names
SHOWN = 200  # characters of it in the notification
_AT = re.compile(r"(?<![\w.@])@(?=\w)")
_GOES_ON = re.compile(r"[\w@]|[.+-]\w")  # what follows a name that is only the beginning of another word


def keep(db: Session, note: Note, now: datetime) -> list[int]:
    """Keeps the mentions of a note that was written just now; who they are, without its author."""
    if _AT.search(note.body) is None:
        return []
    active = db.exec(select(User).where(User.org_id == note.org_id, col(User.active)).order_by(col(User.id))).all()
    called = _teams(db, note.org_id, {user.id or 0 for user in active}) | _people(active)
    wanted = named(note.body, called)
    ids = [id_ for id_ in dict.fromkeys(id_ for name in wanted for id_ in called[name]) if id_ != note.author_id]
    for id_ in ids:
        db.add(
            Mention(
                org_id=note.org_id,
                note_id=note.id or 0,
                conversation_id=note.conversation_id,
                user_id=id_,
                at=now,
            )
        )
    db.flush()
    author = next((user.name or user.email for user in active if user.id == note.author_id), "")
    parts = {"by": author, "text": note.body[:SHOWN]}
    notifications.tell(db, note.org_id, ids, MENTION, now, conversation_id=note.conversation_id, **parts)
    return ids


def named(body: str, names: Iterable[str]) -> list[str]:
    """Which of the names (in small letters) stand behind an @, each once; of two that fit, the longer one."""
    longest_first = sorted(names, key=len, reverse=True)
    found: dict[str, None] = {}
    for at in _AT.finditer(body):
        rest = body[at.end() : at.end() + 200].lower()
        fits = (name for name in longest_first if rest.startswith(name) and not _GOES_ON.match(rest, len(name)))
        if name := next(fits, None):
            found[name] = None
    return list(found)[:MOST]


def _people(active: Iterable[User]) -> dict[str, tuple[int, ...]]:
    """Every word by which exactly one of them may be called."""
    found: dict[str, set[int]] = {}
    for user in active:
        name = user.name.lower().split()
        words = {user.email.lower(), user.email.lower().partition("@")[0], " ".join(name), "".join(name)}
        for word in (words | {".".join(name), *name[:1]}) - {""}:
            found.setdefault(word, set()).add(user.id or 0)
    return {word: tuple(ids) for word, ids in found.items() if len(ids) == 1}


def _teams(db: Session, org_id: int, active: set[int]) -> dict[str, tuple[int, ...]]:
    """The members of each team, by its slug and its name."""
    members: dict[int, list[int]] = {}
    for each in teams.members(db, org_id):
        if each.user_id in active:
            members.setdefault(each.team_id, []).append(each.user_id)
    known = teams.everyone(db, org_id)
    return {name: tuple(members.get(team.id or 0, ())) for team in known for name in (team.name.lower(), team.slug)}
