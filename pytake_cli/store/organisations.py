"""Organisations: whose data this is. Everything else hangs below one."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Column, Text
from sqlmodel import Field, Session, select

from pytake_cli.store.rows import Row, counted_since, json, primary_key, time


class Organisation(Row, table=True):
    __tablename__ = "organisation"

    id: int | None = primary_key()
    slug: str = Field(unique=True)
    name: str
    tz: str = "America/Sao_Paulo"  # IANA name
    lang: str = "pt-BR"
    country: str = "BR"  # ISO 3166, for numbers typed without a country code
    acknowledgement: str = ""  # text that answers the first message of a conversation; empty: none
    # Who answers people's questions about their data; as words, an address or a link.
    dpo: str = Field(default="", sa_column=Column(Text, nullable=False, server_default=""))
    second_person_above: int = counted_since(0)  # recipients of a launch that somebody else approves; 0: none
    settings: dict[str, Any] = json(dict)
    created_at: datetime = time()


def by_slug(db: Session, slug: str) -> Organisation | None:
    return db.exec(select(Organisation).where(Organisation.slug == slug)).first()


def everyone(db: Session) -> list[Organisation]:
    return list(db.exec(select(Organisation).order_by(Organisation.slug)))
