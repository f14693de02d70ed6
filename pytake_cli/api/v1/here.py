"""What a handler works with: who asks, the store scoped to their organisation, now; and what a route demands."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import Request
from sqlmodel import Session

from pytake_cli import clock, faults
from pytake_cli.api.v1 import ROOT
from pytake_cli.api.v1.gate import bearer
from pytake_cli.api.v1.office import Office
from pytake_cli.api.v1.once import Once
from pytake_cli.errors import AuthError
from pytake_cli.services import audit
from pytake_cli.services.principals import Principal
from pytake_cli.store.rows import one_at_a_time

ORGANISATION = "x-pytake-org"  # which organisation a super administrator means


@dataclass
class Here:
    """One request."""

    office: Office
    principal: Principal
    now: datetime
    request: Request
    once: Once | None = None

    @property
    def org_id(self) -> int:
        return self.principal.org_id

    @property
    def actor(self) -> str:
        """How histories name who did it."""
        return f"user:{self.principal.user_id}" if self.principal.user_id else f"api:{self.principal.name}"

    @contextmanager
    def read(self) -> Iterator[Session]:
        """One snapshot, only of this organisation."""
        with self.office.store.read(self.org_id) as db:
            yield db

    @contextmanager
    def write(self, *, quiet: bool = False) -> Iterator[Session]:
        """One transaction, only of this organisation; with it an idempotency key counts as used.

        What the handler did not write into the audit log itself is written by its route's name, unless `quiet`.
        """
        with self.office.store.write(self.org_id) as db:
            if "if-match" in self.request.headers:  # nobody changes it between the look at its version and the change
                one_at_a_time(db, f"{self.org_id} {'/'.join(self.request.url.path.split('/')[:5])}")
            yield db
            if not (quiet or audit.is_noted(db) or self.request.method == "GET"):
                self.note(db, self.route, self.request.url.path.removeprefix(ROOT))
            if self.once is not None:
                self.once.used(db)
        faults.point(f"api.{self.route}")

    @property
    def route(self) -> str:
        """`contacts.create`: where the request goes."""
        route = self.request.scope["route"]
        return f"{route.tags[0]}.{route.name.strip('_')}"

    def keep_no_answer(self) -> None:
        """The answer holds a secret: whoever repeats the idempotency key hears that it happened, and not what."""
        self.once = None

    def note(self, db: Session, action: str, target: str, **details: Any) -> None:
        """Writes into the audit log, in the transaction of what was done."""
        audit.note(db, self.principal, action, target, details, now=self.now)

    def noted(self, action: str, target: str, **details: Any) -> None:
        """Writes into the audit log what a use case did in transactions of its own."""
        with self.write() as db:
            self.note(db, action, target, **details)

    def saw(self, action: str, target: str = "") -> None:
        """Notes that personal data was read; written a moment later, once for the same person in a while."""
        self.office.reads.note(self.principal, action, target, self.now)


class Needs:
    """Demands a login, and every one of the permissions; made once a route, run once a request, in a thread."""

    def __init__(self, *permissions: str) -> None:
        self.permissions = permissions

    def __call__(self, request: Request) -> None:
        office: Office = request.app.state.office
        token, now = bearer(request.scope), office.now()
        if not token:
            raise AuthError("PT-API-LOGIN", "this needs a login", fix="pytake auth login")
        try:
            asked = request.headers.get(ORGANISATION, "")
            principal = office.sign_in(office.store, token.decode("latin-1"), asked, now)
        except AuthError:
            office.limits.refused(token)
            raise
        office.limits.signed_in(f"{principal.org_id}/{principal.user_id}", token, clock.monotonic())
        for permission in self.permissions:
            principal.require(permission)
        here = Here(office, principal, now, request)
        here.once = Once.begin(office.store, principal, request, now)
        request.state.here = here


def needs(*permissions: str) -> Any:
    """For `dependencies=[Depends(needs("contacts:read"))]`; without a name any login will do."""
    return Needs(*permissions)


async def here(request: Request) -> Here:
    """For `here: Here = Depends(here)`, on a route that says what it needs."""
    found: Here = request.state.here
    return found


def sensitive(request: Request) -> None:
    """For routes where passwords, codes or tokens are tried: ten a minute and address."""
    office: Office = request.app.state.office
    office.limits.tried(request.scope["pytake.visitor"], request.scope["path"], clock.monotonic())
