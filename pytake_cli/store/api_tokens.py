"""API tokens: what programs act with, in the name of a person and with some of their rights."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Text
from sqlmodel import Field, Session, col, select

from pytake_cli.store.rows import Owned, json, primary_key, reference, time


class ApiToken(Owned, table=True):
    __tablename__ = "api_token"

    id: int | None = primary_key()
    org_id: int = reference("organisation.id")
    user_id: int = reference("user_account.id", index=True)
    name: str
    hash: str = Field(sa_type=Text)  # argon2id of the whole token
    scopes: list[str] = json(list)  # permissions; what the owner loses, the token loses
    created_at: datetime = time()
    expires_at: datetime | None = time(nullable=True)
    last_used_at: datetime | None = time(nullable=True)
    revoked_at: datetime | None = time(nullable=True)


def of_user(db: Session, user_id: int | None) -> list[ApiToken]:
    """Tokens of a person, or (None) of everybody; the newest first."""
    query = select(ApiToken).order_by(col(ApiToken.id).desc())
    return list(db.exec(query if user_id is None else query.where(ApiToken.user_id == user_id)))
