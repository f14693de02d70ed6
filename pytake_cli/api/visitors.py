"""Who calls: the address behind a trusted proxy, which addresses have proved to be Meta, and which try too often."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from pytake_cli.api.asgi import Scope, header
from pytake_cli.errors import ConfigError

WINDOW_SECONDS = 60.0
MOST_REMEMBERED = 10_000  # addresses; the least recent ones are forgotten
PROVEN_SECONDS = 24 * 3600.0  # a valid signature counts for a day


def group(address: str) -> str:
    """What is counted as one visitor: an IPv4 address, or the /64 of an IPv6 one."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv4Address):
        return address
    mapped = parsed.ipv4_mapped
    return str(mapped) if mapped else str(ip_network((parsed, 64), strict=False).network_address) + "/64"


class Limit:
    """At most `most` events a minute and visitor; an event costs no disk and little memory."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._windows: OrderedDict[str, tuple[float, int]] = OrderedDict()  # visitor -> start of window, events
        self._lock = threading.Lock()  # two requests of a user are looked at by two threads

    def exceeded(self, visitor: str, now: float) -> bool:
        """Counts one event; True when it was one too many."""
        with self._lock:
            started, count = self._windows.pop(visitor, (now, 0))
            if now - started >= WINDOW_SECONDS:
                started, count = now, 0
            self._windows[visitor] = (started, count + 1)
            if len(self._windows) > MOST_REMEMBERED:
                self._windows.popitem(last=False)
        return count >= self._most

    def wait(self, visitor: str, now: float) -> float:
        """Seconds until this visitor may come again; 0 if at once. Counts nothing."""
        started, count = self._windows.get(visitor, (now, 0))
        return max(0.0, started + WINDOW_SECONDS - now) if count >= self._most else 0.0


class Proven:
    """Addresses that have sent a validly signed webhook of late: they may hold more connections, and longer."""

    def __init__(self) -> None:
        self._until: OrderedDict[str, float] = OrderedDict()

    def add(self, visitor: str, now: float) -> None:
        self._until[visitor] = now + PROVEN_SECONDS
        self._until.move_to_end(visitor)
        if len(self._until) > MOST_REMEMBERED:
            self._until.popitem(last=False)

    def __contains__(self, visitor: object) -> bool:
        return visitor in self._until

    def forget_old(self, now: float) -> None:
        while self._until and next(iter(self._until.values())) < now:
            self._until.popitem(last=False)


class Proxies:
    """Addresses and networks whose X-Forwarded-For is believed; none by default."""

    def __init__(self, trusted: Iterable[str] = ()) -> None:
        try:
            self._networks = [ip_network(each, strict=False) for each in trusted]
        except ValueError as error:
            raise ConfigError(
                "PT-PROXY-ADDRESS",
                "serve.trusted_proxies holds something that is no address: {detail}",
                fix="pytake config explain serve.trusted_proxies",
                detail=str(error),
            ) from None

    def __bool__(self) -> bool:
        return bool(self._networks)

    def trusts(self, address: str) -> bool:
        try:
            parsed: IPv4Address | IPv6Address = ip_address(address)
        except ValueError:
            return False
        if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped:
            parsed = parsed.ipv4_mapped
        return any(parsed in network for network in self._networks)

    def client(self, scope: Scope) -> str:
        """The address that the request came from: the peer, or the right-most hop that is no proxy of ours."""
        peer: str = scope["client"][0] if scope.get("client") else ""
        if not self._networks or not self.trusts(peer):
            return peer
        forwarded = header(scope, b"x-forwarded-for") or b""
        for hop in reversed(forwarded.decode("latin-1").split(",")):
            address = hop.strip()
            if address and not self.trusts(address):
                return address if _is_address(address) else peer
        return peer


def is_local(scope: Scope) -> bool:
    """True for a request of this machine that no proxy passed on."""
    if not scope.get("client") or header(scope, b"x-forwarded-for") or header(scope, b"forwarded"):
        return False
    try:
        return ip_address(scope["client"][0]).is_loopback
    except ValueError:
        return False


def _is_address(value: str) -> bool:
    try:
        ip_address(value)
    except ValueError:
        return False
    return True
