"""The organisation's labels: made, renamed, deleted; giving them to conversations is in talk_actions."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, select

from pytake_cli.errors import Conflict, NotFound
from pytake_cli.policy.talks import MANAGE, WRITE
from pytake_cli.services.principals import Principal
from pytake_cli.services.talk_actions import label_names
from pytake_cli.store.labels import Label, conversation_label


def find(db: Session, who: Principal, name: str) -> Label:
    """The label of that name, or NotFound."""
    [wanted] = label_names([name])
    found = db.exec(select(Label).where(Label.org_id == who.org_id, Label.name == wanted)).first()
    if found is None:
        raise NotFound("PT-LABEL", "there is no label {name}", fix="pytake label list", name=wanted)
    return found


def create(db: Session, who: Principal, name: str, now: datetime) -> Label:
    """Makes a label; Conflict when there is one of that name."""
    who.require(WRITE)
    [wanted] = label_names([name])
    _refuse_taken(db, who, wanted)
    row = Label(org_id=who.org_id, name=wanted, created_at=now)
    db.add(row)
    db.flush()
    return row


def rename(db: Session, who: Principal, name: str, to: str) -> Label:
    """Calls it otherwise, wherever it is given."""
    who.require(MANAGE)
    row = find(db, who, name)
    [wanted] = label_names([to])
    if wanted != row.name:
        _refuse_taken(db, who, wanted)
        row.name = wanted
        db.add(row)
        db.flush()
    return row


def delete(db: Session, who: Principal, name: str) -> int:
    """Deletes the label, and takes it from every conversation; how many had it."""
    who.require(MANAGE)
    row = find(db, who, name)
    taken = sa.delete(conversation_label).where(conversation_label.c.label_id == row.id)
    count = db.connection().execute(taken).rowcount
    db.delete(row)
    db.flush()
    return count


def _refuse_taken(db: Session, who: Principal, name: str) -> None:
    if db.exec(select(Label.id).where(Label.org_id == who.org_id, Label.name == name)).first() is not None:
        raise Conflict("PT-LABEL-EXISTS", "there is a label {name} already", fix="pytake label list", name=name)
