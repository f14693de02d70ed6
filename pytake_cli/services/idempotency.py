"""Idempotency keys of commands: the same key with the same content gives the first result again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session

from pytake_cli.errors import Conflict
from pytake_cli.store.idempotency import IdempotencyKey


def earlier(db: Session, org_id: int, scope: str, key: str, content: Mapping[str, Any]) -> dict[str, Any] | None:
    """What the first use of the key gave; None if it is new, Conflict if it stood for something else."""
    known = db.get(IdempotencyKey, (org_id, scope, key))
    if known is None:
        return None
    if known.content_hash == _digest(content):
        return dict(known.result["result"])
    before = known.result["content"]
    differs = sorted(name for name in {*before, *content} if before.get(name) != _plain(content).get(name))
    raise Conflict(
        "PT-IDEMPOTENCY",
        "the idempotency key {key} was used on {day} for something else",
        why="what differs: {differs}",
        fix="another --idempotency-key",
        key=key,
        day=f"{known.created_at:%Y-%m-%d}",
        differs=", ".join(f"{name} {before.get(name)!r} → {_plain(content).get(name)!r}" for name in differs),
    )


def keep(
    db: Session,
    org_id: int,
    scope: str,
    key: str,
    content: Mapping[str, Any],
    result: Mapping[str, Any],
    now: datetime,
) -> None:
    """Remembers the first use of a key, in the transaction of what it stands for; it is kept for 30 days."""
    kept = {"content": _plain(content), "result": _plain(result)}
    db.add(
        IdempotencyKey(
            org_id=org_id,
            scope=scope,
            key=key,
            content_hash=_digest(content),
            result=kept,
            created_at=now,
        )
    )


def _plain(content: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(content, default=str))
    return found


def _digest(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()
