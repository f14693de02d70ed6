"""Templates: what Meta has approved, paused or refused, as far as we know."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Session, select

from pytake_cli.store.rows import Owned, json, primary_key, reference, time

APPROVED = "APPROVED"  # the only status in which a template can be sent
LOCAL = "LOCAL"  # made here and not submitted


class Template(Owned, table=True):
    """One language of one name in one WhatsApp account, in Meta's shape."""

    __tablename__ = "template"
    __table_args__ = (
        UniqueConstraint("org_id", "waba_id", "name", "language"),
        Index("ix_template_meta", "meta_id"),
    )

    id: int | None = primary_key()
    org_id: int = reference("organisation.id")
    waba_id: str
    meta_id: str = ""  # empty until Meta has it
    name: str
    language: str  # pt_BR, with _
    category: str  # MARKETING | UTILITY | AUTHENTICATION
    coming_category: str = ""  # what Meta announced that it will become
    coming_at: datetime | None = time(nullable=True)  # when, if Meta said so
    status: str = LOCAL  # or Meta's
    quality: str = "UNKNOWN"  # GREEN | YELLOW | RED | UNKNOWN
    parameter_format: str = "POSITIONAL"  # or NAMED
    components: list[dict[str, Any]] = json(list)
    ttl_seconds: int | None = None
    rejected_reason: str = ""
    pause_title: str = ""  # FIRST_PAUSE | SECOND_PAUSE | RATE_LIMITING_PAUSE …
    content_hash: str = ""  # of format, components and ttl, without samples: what `template diff` compares
    told_at: datetime | None = time(nullable=True)  # of the newest webhook about its status, by Meta's clock
    pulled_at: datetime | None = time(nullable=True)
    gone_at: datetime | None = time(nullable=True)  # Meta no longer lists it
    edits: list[str] = json(list)  # when we edited it at Meta, oldest first: one a day, ten in 30 days
    created_at: datetime = time()
    updated_at: datetime = time()


def by_name(db: Session, org_id: int, waba_id: str, name: str) -> list[Template]:
    """Every language of a template that Meta still has."""
    mine = select(Template).where(Template.org_id == org_id, Template.waba_id == waba_id, Template.name == name)
    return list(db.exec(mine.where(Template.gone_at == None).order_by(Template.language)))  # noqa: E711


def by_meta_id(db: Session, org_id: int, waba_id: str, meta_id: str) -> Template | None:
    mine = select(Template).where(Template.org_id == org_id, Template.waba_id == waba_id)
    return db.exec(mine.where(Template.meta_id == meta_id)).first() if meta_id else None


def by_key(db: Session, org_id: int, waba_id: str, name: str, language: str) -> Template | None:
    """One language of a name, gone or not."""
    mine = select(Template).where(Template.org_id == org_id, Template.waba_id == waba_id)
    return db.exec(mine.where(Template.name == name, Template.language == language)).first()
