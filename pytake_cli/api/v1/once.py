"""Idempotency-Key: a POST that is sent again gives its first answer again, and its effect happens once.

The key is written as begun before the handler runs, as used in the handler's own transaction, and gets its answer
afterwards. A crash in between leaves it begun (nothing happened: it may run again) or used (it happened: 409).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from fastapi import Request
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from pytake_cli.errors import Conflict, UsageError
from pytake_cli.services.principals import Principal
from pytake_cli.store import Store
from pytake_cli.store.idempotency import IdempotencyKey

HEADER = "idempotency-key"
LONGEST_KEY = 255
# Where the body is a file that nobody has read yet, or the key names a work that goes on, and not an answer.
LATER = ("/api/v1/media", "/api/v1/contacts/imports", "/api/v1/contacts/imports/plan")
BEGUN, USED, ANSWERED = "begun", "used", "answered"
GIVEN_UP = timedelta(seconds=60)  # longer than any request may take: whoever began is dead


class Replayed(Exception):
    """The request was answered before, with this."""

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(status)
        self.status = status
        self.body = body


@dataclass
class Once:
    """The key of one request."""

    store: Store
    org_id: int
    scope: str
    key: str

    @classmethod
    def begin(
        cls, store: Store, principal: Principal, request: Request, now: datetime, file: bytes | None = None
    ) -> Once | None:
        """Takes the key of a POST that has one; raises Replayed, or Conflict when it stands for something else.

        `file` is the digest of a body that was read as a file.
        """
        key = request.headers.get(HEADER, "")
        if request.method != "POST" or not key:
            return None
        if len(key) > LONGEST_KEY or not key.isprintable():
            raise UsageError(
                "PT-IDEMPOTENCY-KEY", "an Idempotency-Key has 1 to 255 printable characters", fix="a UUID as the key"
            )
        if file is None and request.url.path in LATER:
            return None
        scope = f"api {principal.user_id or principal.name} {request.url.path}"
        once = cls(store, principal.org_id, scope, key)
        content = request.url.query.encode() + b"\n" + (request.state.body if file is None else file)
        digest = hashlib.sha256(content).hexdigest()
        try:
            once._take(digest, now)
        except IntegrityError:  # on PostgreSQL a rival was faster
            once._take(digest, now)
        return once

    def _take(self, digest: str, now: datetime) -> None:
        with self.store.write(self.org_id) as db:
            known = db.get(IdempotencyKey, (self.org_id, self.scope, self.key))
            if known is not None:
                self._look_at(known, digest, now)
                db.delete(known)
                db.flush()
            begun = {"state": BEGUN}
            db.add(
                IdempotencyKey(
                    org_id=self.org_id,
                    scope=self.scope,
                    key=self.key,
                    content_hash=digest,
                    result=begun,
                    created_at=now,
                )
            )

    def _look_at(self, known: IdempotencyKey, digest: str, now: datetime) -> None:
        """Returns if the first try came to nothing, and raises what it came to otherwise."""
        if known.content_hash != digest:
            raise Conflict(
                "PT-IDEMPOTENCY",
                "the idempotency key {key} was used on {day} for something else",
                fix="another Idempotency-Key",
                key=self.key,
                day=f"{known.created_at:%Y-%m-%d}",
            )
        state = known.result["state"]
        if state == ANSWERED:
            raise Replayed(known.result["status"], known.result["body"])
        if state == USED or known.created_at + GIVEN_UP > now:
            raise Conflict(
                "PT-IDEMPOTENCY-OPEN",
                "the first request with the idempotency key {key} has no answer yet, or lost it",
                fix="look whether it happened before trying with another key",
                key=self.key,
            )

    def used(self, db: Session) -> None:
        """In the transaction of the effect."""
        self._row(db).result = {"state": USED}

    def answered(self, status: int, body: Any) -> None:
        with self.store.write(self.org_id) as db:
            self._row(db).result = {"state": ANSWERED, "status": status, "body": body}

    def undone(self) -> None:
        """The handler refused: nothing happened, the key is free again."""
        with self.store.write(self.org_id) as db:
            row = self._row(db)
            if row.result["state"] == BEGUN:
                db.delete(row)

    def _row(self, db: Session) -> IdempotencyKey:
        return db.get_one(IdempotencyKey, (self.org_id, self.scope, self.key), populate_existing=True)
