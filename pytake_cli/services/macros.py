"""Macros as people keep them, see them before, and run them: every step or none, and one undo for all."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from pytake_cli.errors import Conflict, InvalidData, NotFound, PytakeError
from pytake_cli.flow import reader
from pytake_cli.flow.problems import FlowErrors, near
from pytake_cli.policy.acts import Act
from pytake_cli.policy.people import storable
from pytake_cli.services import act_checks, act_reading, acts, ownership
from pytake_cli.services.act_reading import Page
from pytake_cli.services.acts import Scene
from pytake_cli.store import macros
from pytake_cli.store.changes import ConversationChange
from pytake_cli.store.conversations import Conversation
from pytake_cli.store.macros import Macro
from pytake_cli.store.users import User

NAME = re.compile(r"(?!\d+$)[a-z0-9][a-z0-9_-]{0,62}")
_LONGEST_TITLE = 120


@dataclass(frozen=True, slots=True)
class Ran:
    """What a macro did in a conversation; `change` is what undo takes, None when nothing can be undone."""

    did: list[str]
    change: ConversationChange | None


@lru_cache(maxsize=512)
def parsed(source: str) -> tuple[Act, ...]:
    """The steps of a macro that was kept."""
    return _read(source, "macro").acts


@dataclass(frozen=True, slots=True)
class _Found:
    acts: tuple[Act, ...]
    page: Page


def _read(source: str | bytes, path: str) -> _Found:
    """The steps of a file: a list, or a map with `steps`; InvalidData with every mistake at its place."""
    try:
        found = reader.read(reader.decode(source, path) if isinstance(source, bytes) else source, path)
    except FlowErrors as error:
        raise _refused([str(each) for each in error.problems]) from None
    page = Page(path, found.positions, "PT-MACRO-STEPS", list(found.problems))
    data, at = found.data, ()
    if isinstance(data, dict) and "steps" in data:
        page.unknown(data, ("steps", "title"), (), "part of a macro")
        data, at = data["steps"], ("steps",)  # type: ignore[assignment]
    steps = act_reading.steps(page, data, at, "macro")
    if wrong := act_reading.spoilt(steps):
        page.say(wrong, at)
    return _Found(steps, page)


def read(db: Session, org_id: int, source: str | bytes, path: str) -> tuple[Act, ...]:
    """The steps, checked against what the organisation has."""
    found = _read(source, path)
    if not found.page.problems:
        for index, verb, reason in act_checks.missing(db, org_id, found.acts):
            at = ("steps", index, verb) if ("steps",) in found.page.positions.values else (index, verb)
            found.page.say("{reason}", at, reason=reason)
    if found.page.problems:
        told = sorted(found.page.problems, key=lambda each: (each.line, each.column))
        raise _refused([str(each) for each in told])
    return found.acts


def _refused(told: Sequence[str]) -> InvalidData:
    return InvalidData(
        "PT-MACRO-STEPS",
        "{first}" if len(told) == 1 else "{first} (and {more} more)",
        why="\n".join(told[1:5]).replace("{", "{{").replace("}", "}}"),
        fix="pytake macro create -h",
        first=told[0],
        more=len(told) - 1,
    )


def create(
    db: Session, org_id: int, name: str, source: str, now: datetime, *, title: str = "", path: str = "macro"
) -> Macro:
    """Keeps steps under a name that is free."""
    if not NAME.fullmatch(name):
        raise InvalidData(
            "PT-MACRO-NAME",
            "{name} is no name for a macro",
            why="names are small letters, digits, - and _",
            fix="pytake macro create encerra --steps FILE",
            name=name,
        )
    if macros.by_name(db, org_id, name) is not None:
        raise Conflict(
            "PT-MACRO-EXISTS", "there is a macro {name} already", fix="pytake macro set {name} --steps FILE", name=name
        )
    row = Macro(org_id=org_id, name=name, created_at=now, updated_at=now)
    change(db, row, now, source=source, title=title, path=path)
    return row


def change(
    db: Session, row: Macro, now: datetime, *, source: str | None = None, title: str | None = None, path: str = "macro"
) -> list[str]:
    """Changes what is given; which parts are otherwise now."""
    new: dict[str, Any] = {}
    if source is not None:
        read(db, row.org_id, source, path)
        new["source"] = source
    if title is not None:
        new["title"] = storable(title).strip()[:_LONGEST_TITLE]
    changed = [name for name, value in new.items() if getattr(row, name) != value]
    for name in changed:
        setattr(row, name, new[name])
    row.updated_at = now if changed else row.updated_at
    db.add(row)
    db.flush()
    return changed


def find(db: Session, org_id: int, name: str) -> Macro:
    """By its name; NotFound names the nearest."""
    row = macros.by_name(db, org_id, name)
    if row is not None:
        return row
    meant = near(name, [each.name for each in macros.everyone(db, org_id)])
    raise NotFound(
        "PT-MACRO",
        "there is no macro {name}",
        why="did you mean {meant}?" if meant else "",
        fix="pytake macro list",
        name=name,
        meant=meant,
    )


def delete(db: Session, row: Macro) -> None:
    db.delete(row)
    db.flush()


def steps(row: Macro) -> list[str]:
    """Its steps in a word or some each: `reply`, `label: vip`."""
    return [acts.gist(act) for act in parsed(row.source)]


def preview(
    db: Session, row: Macro, conversation: Conversation, by: User | None, now: datetime
) -> list[dict[str, Any]]:
    """Every step as it would be in the conversation, texts filled; changes nothing."""
    return acts.preview(_scene(db, row, conversation, by, now), parsed(row.source))


def run(db: Session, row: Macro, conversation: Conversation, by: User | None, now: datetime) -> Ran:
    """Does all of it in the caller's transaction, or raises and leaves none of it done."""
    ownership.refuse_resolved(conversation, "changed by a macro")
    ownership.lock(db, conversation)
    mine = select(ConversationChange).where(ConversationChange.conversation_id == conversation.id)
    newest = mine.order_by(col(ConversationChange.id).desc()).limit(1)
    before = db.exec(newest).first()
    try:
        with db.begin_nested():
            did = acts.carry_out(_scene(db, row, conversation, by, now), parsed(row.source))
    except PytakeError:
        db.refresh(conversation)
        raise
    db.flush()
    macros.used(db, row.id or 0, now)
    last = _as_one(db, conversation, before.id or 0 if before else 0)
    return Ran(did, last)


def _as_one(db: Session, conversation: Conversation, before: int) -> ConversationChange | None:
    """The lines that the macro left in the history are undone together; the first of them, if any can be."""
    made = select(ConversationChange).where(
        ConversationChange.conversation_id == conversation.id, col(ConversationChange.id) > before
    )
    found = db.exec(made.order_by(col(ConversationChange.id))).all()
    if not found:
        return None
    if len(found) > 1:
        ids = [each.id for each in found]
        theirs = sa.update(ConversationChange).where(col(ConversationChange.id).in_(ids))
        db.execute(theirs.values(batch=found[0].id))
        db.refresh(found[0])
    return found[0]


def _scene(db: Session, row: Macro, conversation: Conversation, by: User | None, now: datetime) -> Scene:
    actor = f"user:{by.id}" if by else "cli"
    return Scene(db, conversation, now, by, actor, f"macro:{row.id}:{conversation.id}:{now.timestamp():.6f}")
