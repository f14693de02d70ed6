"""What the API works with: the store, who signs in, the clock, and what of the daemon it may ask."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from pytake_cli import clock
from pytake_cli.api.v1.limits import Limits
from pytake_cli.api.visitors import Proxies
from pytake_cli.errors import AuthError

if TYPE_CHECKING:
    from pytake_cli.store import Store


class Principal(Protocol):
    """Who asks, and what they may."""

    @property
    def org_id(self) -> int: ...
    @property
    def user_id(self) -> int | None: ...
    @property
    def name(self) -> str: ...
    @property
    def role(self) -> str: ...
    @property
    def permissions(self) -> frozenset[str]: ...
    @property
    def kind(self) -> str: ...
    def may(self, permission: str) -> bool: ...
    def require(self, permission: str) -> None: ...


# (store, bearer token, slug of the organisation asked for or "", now) -> who that is; raises AuthError
SignIn = Callable[["Store", str, str, datetime], Principal]


def nobody(store: Store, token: str, org: str, now: datetime) -> Principal:
    """The sign-in of a store that knows no logins."""
    raise AuthError("PT-API-LOGIN", "the API wants a login", fix="pytake auth login")


@dataclass(frozen=True)
class Office:
    """One for a daemon."""

    store: Store
    sign_in: SignIn
    proxies: Proxies = field(default_factory=Proxies)
    origins: tuple[str, ...] = ()  # of browsers that may call; exact
    tls: bool = False  # whoever calls does so over TLS, ours or a proxy's
    most_body_bytes: int = 4 * 1024 * 1024
    most_upload_bytes: int = 100 * 1024 * 1024
    limits: Limits = field(default_factory=Limits)
    now: Callable[[], datetime] = clock.now
    # (conversation, user who asks) -> id and name of a colleague who writes an answer there just now
    colleague_typing: Callable[[int, int | None], tuple[int, str] | None] = lambda conversation, user: None
    problems: Callable[[], list[str]] = list  # what keeps the daemon from working
