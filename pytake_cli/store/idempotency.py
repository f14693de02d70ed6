"""Idempotency keys of commands that launch things: the same key with the same content gives the first result again."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlmodel import Field

from pytake_cli.store.rows import Owned, json, reference, time


class IdempotencyKey(Owned, table=True):
    """Kept for 30 days; `content_hash` tells whether the same was meant, `result` is what is printed again."""

    __tablename__ = "idempotency_key"

    org_id: int = reference("organisation.id", primary_key=True)
    scope: str = Field(primary_key=True)  # contact import | schedule create …
    key: str = Field(primary_key=True)
    content_hash: str
    result: dict[str, Any] = json(dict)
    created_at: datetime = time()
