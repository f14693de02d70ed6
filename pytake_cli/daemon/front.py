"""What the daemon gives the API to work with."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial

from pytake_cli import clock, settings
from pytake_cli.api.v1.limits import Limits
from pytake_cli.api.v1.office import Office
from pytake_cli.api.visitors import Proxies
from pytake_cli.daemon.live import Hub
from pytake_cli.errors import StoreUnavailable
from pytake_cli.services import signing_in
from pytake_cli.services.principals import Principal
from pytake_cli.store import Store, visits


def office(store: Store, proxies: Proxies, hub: Hub, problems: Callable[[], list[str]], *, tls: bool) -> Office:
    """As the settings say."""
    config = settings.current()
    return Office(
        store,
        sign_in,
        proxies=proxies,
        origins=tuple(config.api.origins),
        tls=tls,
        most_body_bytes=config.serve.max_body_bytes,
        most_upload_bytes=config.media.max_bytes,
        limits=Limits(
            config.api.per_address,
            config.api.per_user,
            config.api.per_login,
            None if store.is_sqlite else partial(take_visits, store),  # only there one daemon is not alone
        ),
        colleague_typing=hub.colleague_typing,
        problems=problems,
    )


def sign_in(store: Store, token: str, org: str, now: datetime) -> Principal:
    return signing_in.principal_of(store, token, now, org)


def take_visits(store: Store, visitor: str, want: int, most: int) -> tuple[int, float]:
    """Leases visits of all daemons' minute; without the store there is nothing to get, and nobody is kept out."""
    try:
        with store.write() as db:
            return visits.take(db, visitor, want, most, clock.now())
    except StoreUnavailable:
        return want, 0.0
