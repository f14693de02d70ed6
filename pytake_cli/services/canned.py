"""Canned replies as people keep and find them, and how one reads for a conversation."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session

from pytake_cli.errors import Conflict, InvalidData, NotFound
from pytake_cli.flow.words import closest, fold
from pytake_cli.policy import finding, hours
from pytake_cli.policy.people import storable
from pytake_cli.services import canned_text, flow_context, parties
from pytake_cli.services.canned_text import Filled
from pytake_cli.store import canned
from pytake_cli.store.canned import SHARED, Canned
from pytake_cli.store.contacts import Contact
from pytake_cli.store.conversations import Conversation
from pytake_cli.store.numbers import Number
from pytake_cli.store.organisations import Organisation
from pytake_cli.store.users import User

KEY = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_LONGEST_TITLE = 120


def create(
    db: Session,
    org_id: int,
    key: str,
    texts: Mapping[str, str],
    now: datetime,
    *,
    title: str = "",
    labels: Sequence[str] = (),
    owner: User | None = None,
) -> Canned:
    """Keeps a reply under a key that is free; shared unless it has an owner."""
    key = key.removeprefix("/")
    if not KEY.fullmatch(key):
        raise InvalidData(
            "PT-CANNED-KEY",
            "{key} is no key for a canned reply",
            why="keys are up to 40 small letters, digits, - and _",
            fix='pytake canned create prazo -m "…"',
            key=key,
        )
    owner_id = owner.id or SHARED if owner else SHARED
    if canned.of_owner(db, org_id, owner_id, key) is not None:
        raise Conflict(
            "PT-CANNED-EXISTS", "there is a canned reply {key} already", fix="pytake canned set {key} -m …", key=key
        )
    row = Canned(org_id=org_id, owner_id=owner_id, key=key, created_at=now, updated_at=now)
    change(db, row, now, texts=texts, title=title, labels=labels)
    return row


def change(
    db: Session,
    row: Canned,
    now: datetime,
    *,
    texts: Mapping[str, str] | None = None,
    title: str | None = None,
    labels: Sequence[str] | None = None,
) -> list[str]:
    """Changes what is given; which parts are otherwise now. An empty text takes its language away."""
    new: dict[str, Any] = {}
    if texts is not None:
        new["texts"] = {language: storable(text) for language, text in {**row.texts, **texts}.items() if text}
        for text in list(new["texts"].values()) or [""]:
            canned_text.check(text)
    if title is not None:
        new["title"] = storable(title).strip()[:_LONGEST_TITLE]
    if labels is not None:
        new["labels"] = sorted({label.strip().lower() for label in labels if label.strip()})
    changed = [name for name, value in new.items() if getattr(row, name) != value]
    for name in changed:
        setattr(row, name, new[name])
    if changed:
        row.updated_at = now
    db.add(row)
    db.flush()
    return changed


def find(db: Session, org_id: int, key: str, user: User | None = None) -> Canned:
    """The user's own reply of that key, else the shared one; NotFound names the nearest."""
    wanted = key.removeprefix("/").lower()
    known = {row.key: row for row in canned.seen_by(db, org_id, user.id if user else None)}
    if wanted in known:
        return known[wanted]
    meant = closest(wanted, known) or ""
    raise NotFound(
        "PT-CANNED",
        "there is no canned reply {key}",
        why="did you mean {meant}?" if meant else "",
        fix="pytake canned list",
        key=key,
        meant=meant,
    )


def search(db: Session, org_id: int, wanted: str, user: User | None = None) -> list[Canned]:
    """What a few letters mean, by key, title or text, the most used first among equals."""
    rows = canned.seen_by(db, org_id, user.id if user else None)
    words = {row.id: (row.key, fold(row.title), fold(" ".join(row.texts.values()))) for row in rows}
    wanted = fold(wanted.removeprefix("/"))
    return finding.found(wanted, rows, lambda row: words[row.id], lambda row: row.uses)


def delete(db: Session, row: Canned) -> None:
    db.delete(row)
    db.flush()


def in_language(texts: Mapping[str, str], language: str) -> str:
    """The text in the language, else in one of its family, else the one without a language, else any."""
    family = re.split("[-_]", language)[0].lower()
    kin = next((text for name, text in texts.items() if re.split("[-_]", name)[0].lower() == family and name), None)
    return texts.get(language) or kin or texts.get("") or next(iter(texts.values()), "")


def scope(
    db: Session, org: Organisation, user: User | None, now: datetime, conversation: Conversation | None = None
) -> dict[str, Any]:
    """What a prepared text may read; without a conversation the contact's values are left open."""
    local = now.astimezone(hours.zone(org.tz))
    name = user.name if user else ""
    agent = (
        {"id": user.id, "name": name, "first_name": name.split()[0] if name.split() else "", "email": user.email}
        if user
        else {}
    )
    found: dict[str, Any] = {"agent": agent, "org": flow_context.org_values(org), "contact": {}, "conversation": {}}
    found |= {"now": local, "today": local.date()}
    if conversation is not None:
        contact = db.get_one(Contact, conversation.contact_id)
        party = parties.of(db, contact, conversation.number_id)
        number = db.get_one(Number, conversation.number_id)
        found["contact"] = flow_context.contact_values(party)
        found["conversation"] = flow_context.conversation_values(conversation, number)
    return {name: _without_blanks(value) if isinstance(value, dict) else value for name, value in found.items()}


def _without_blanks(values: Mapping[str, Any]) -> dict[str, Any]:
    """What is empty is not known: it becomes a place to fill."""
    return {name: None if value == "" else value for name, value in values.items()}


def filled(row: Canned, given: Mapping[str, Any]) -> Filled:
    """The reply as it reads in a scope, in the contact's language."""
    language = given.get("contact", {}).get("language") or given["org"].get("language") or ""
    return canned_text.fill(in_language(row.texts, language), given)
