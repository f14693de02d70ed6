"""Erased people stay erased: a keyed mark of their number refuses whoever would bring it back without a new consent."""

from __future__ import annotations

import hmac
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from pytake_cli import secrets
from pytake_cli.errors import Conflict
from pytake_cli.policy import phones
from pytake_cli.policy.people import PHONE
from pytake_cli.store import erased
from pytake_cli.store.contacts import Identity

KEY = "erasure_key"


def mark(db: Session, org_id: int, contact_ids: Collection[int], now: datetime) -> None:
    """Marks every number of contacts that are about to be erased."""
    mine = select(Identity.value).where(col(Identity.contact_id).in_(contact_ids), Identity.kind == PHONE)
    numbers = db.exec(mine).all()
    if numbers:
        key = secrets.keys(KEY)[0]
        erased.add(db, org_id, {_digest(key, org_id, phones.variants(number)) for number in numbers}, now)


def any_of(db: Session, org_id: int) -> bool:
    """Whether the organisation has erased anybody: looked at once for many numbers."""
    return erased.any_of(db, org_id)


def marked(db: Session, org_id: int, numbers: Iterable[Sequence[str]]) -> set[str]:
    """Of numbers, each with its spellings, the first spelling of those that are marked."""
    keys = secrets.keys(KEY)
    by_digest = {_digest(key, org_id, spellings): spellings[0] for spellings in numbers for key in keys}
    return {by_digest[digest] for digest in erased.among(db, org_id, by_digest.keys())}


def refuse(db: Session, org_id: int, digits: str) -> None:
    """Raises Conflict for the number of somebody who was erased."""
    if any_of(db, org_id) and marked(db, org_id, [phones.variants(digits)]):
        raise Conflict(
            "PT-CONTACT-ERASED",
            "the person with this number was erased on request",
            why="only a consent that they gave since brings them back, or a message of theirs",
            fix="pytake privacy consent set +{phone} --topic marketing --granted --source TEXT",
            phone=digits,
        )


def lift(db: Session, org_id: int, digits: str) -> bool:
    """The person with this number said that they are to be there again; False if they had not been erased."""
    if not any_of(db, org_id):
        return False
    spellings = phones.variants(digits)
    return erased.remove(db, org_id, {_digest(key, org_id, spellings) for key in secrets.keys(KEY)})


def _digest(key: str, org_id: int, spellings: Sequence[str]) -> str:
    """The same for every spelling of a number, in no two organisations the same."""
    return hmac.digest(key.encode(), f"{org_id}:{min(spellings)}".encode(), "sha256").hex()
