"""Custom roles: named sets of permissions that an organisation adds to those of policy.permissions."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Session, select

from pytake_cli.store.rows import Owned, json, primary_key, reference, time


class Role(Owned, table=True):
    __tablename__ = "role"
    __table_args__ = (UniqueConstraint("org_id", "name"),)

    id: int | None = primary_key()
    org_id: int = reference("organisation.id")
    name: str
    about: str = ""
    permissions: list[str] = json(list)
    version: int = 1
    created_at: datetime = time()
    updated_at: datetime = time()


def by_name(db: Session, org_id: int, name: str) -> Role | None:
    return db.exec(select(Role).where(Role.org_id == org_id, Role.name == name)).first()


def everything(db: Session, org_id: int) -> list[Role]:
    return list(db.exec(select(Role).where(Role.org_id == org_id).order_by(Role.name)))
