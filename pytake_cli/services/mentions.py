"""Who is named in a note: `@bia`, `@bia@loja.com.br`; the conversation comes into their mentions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlmodel import Session, col, select

from pytake_cli.services import notifications
from pytake_cli.store.conversations import Note
from pytake_cli.store.desks import Mention
from pytake_cli.store.notifications import MENTION
from pytake_cli.store.users import User

MOST = 20  # people of one note
SHOWN = 200  # characters of it in the notification
_NAMED = re.compile(r"(?<![\w.@])@([\w][\w.+-]*(?:@[\w-]+(?:\.[\w-]+)+)?)")


def keep(db: Session, note: Note, now: datetime) -> list[int]:
    """Keeps the mentions of a note that was written just now; who they are, without its author."""
    wanted = [word.rstrip(".-+").lower() for word in _NAMED.findall(note.body)]
    if not wanted:
        return []
    active = db.exec(select(User).where(User.org_id == note.org_id, col(User.active)).order_by(col(User.id))).all()
    called = _called(active)
    ids = list(dict.fromkeys(called[word] for word in wanted if word in called))[:MOST]
    ids = [id_ for id_ in ids if id_ != note.author_id]
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


def _called(people: Iterable[User]) -> Mapping[str, int]:
    """Every word by which exactly one of them may be called."""
    found: dict[str, set[int]] = {}
    for user in people:
        name = user.name.lower().split()
        words = {user.email.lower(), user.email.lower().partition("@")[0], "".join(name), ".".join(name), *name[:1]}
        for word in words - {""}:
            found.setdefault(word, set()).add(user.id or 0)
    return {word: next(iter(ids)) for word, ids in found.items() if len(ids) == 1}
