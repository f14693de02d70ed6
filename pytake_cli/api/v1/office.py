"""What the API works with: the store, who signs in, the clock, and what of the daemon it may ask."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from pytake_cli import clock
from pytake_cli.api.v1.limits import Limits
from pytake_cli.api.v1.reads import Reads
from pytake_cli.api.visitors import Proxies
from pytake_cli.services.contact_import_work import Works
from pytake_cli.services.principals import Principal as Principal

if TYPE_CHECKING:
    from pytake_cli.store import Store


# (store, bearer token, slug of the organisation asked for or "", now) -> who that is; raises AuthError
SignIn = Callable[["Store", str, str, datetime], Principal]


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
    reads: Reads = field(default_factory=Reads)
    imports: Works = field(default_factory=Works)
