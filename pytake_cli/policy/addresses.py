"""Which addresses flows may call: public ones, on the web's ports, unless the settings name the host. Pure.

What a URL looks like is checked here, and so is every address that its name turns out to have. The connection goes to
an address that was checked, never to a name: `daemon/outside/network.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import quote, urlsplit

import idna

MOST_URL_CHARS = 4096
PORTS = {"http": 80, "https": 443}

# IANA's special-purpose registries, and what clouds keep for themselves; `is_global` lets a third of it through.
_CLOSED_V4 = tuple(
    IPv4Network(each)
    for each in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "168.63.129.16/32", "169.254.0.0/16",
        "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24",
        "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4",
        "240.0.0.0/4",
    )
)  # fmt: skip
_OPEN_V6 = IPv6Network("2000::/3")  # all that is handed out; mapped, NAT64, link-local, ULA, multicast lie elsewhere
_CLOSED_V6 = tuple(
    IPv6Network(each)
    for each in ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3ffe::/16", "3fff::/20")
)
_CLOSED_NAMES = (
    "localhost", "localdomain", "local", "internal", "intranet", "lan", "home", "corp", "private", "home.arpa",
    "onion", "test", "example", "invalid", "in-addr.arpa", "ip6.arpa", "instance-data.ec2.internal",
)  # fmt: skip
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f\\\u0080-\u00a0\u2028\u2029\ufeff]")
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"\d+|0x[0-9a-f]*")
_PORT = re.compile(r"[0-9]{1,5}")


class Refused(Exception):
    """An address that is not called; the text says why."""


@dataclass(frozen=True, slots=True)
class Target:
    """A URL that may be tried. `host` is ASCII, `path` has the query with it."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """What the Host header says."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def origin(self) -> tuple[str, str, int]:
        return self.scheme, self.host, self.port

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.authority}{self.path}"


class Allowed:
    """Hosts that the operator named: `erp.lan`, `127.0.0.1:8080`, `[::1]:8080`. Without a port it is 80 and 443."""

    def __init__(self, entries: Iterable[str] = ()) -> None:
        self._pairs: set[tuple[str, int]] = set()
        for entry in entries:
            if "/" in entry:
                raise Refused(f"{entry!r} is no HOST or HOST:PORT")
            target = _split(f"http://{entry}/")
            ports = [target.port] if _has_port(entry) else list(PORTS.values())
            self._pairs.update((target.host, port) for port in ports)

    def __call__(self, host: str, port: int) -> bool:
        return (host, port) in self._pairs


def read_url(url: str, allowed: Allowed) -> Target:
    """The parts of a URL that may be tried; raises Refused."""
    target = _split(url)
    if allowed(target.host, target.port):
        return target
    if target.port not in PORTS.values():
        raise Refused(f"port {target.port} is neither 80 nor 443")
    address = _literal(target.host)
    if address is not None:
        check_address(str(address))
    elif "." not in target.host or any(
        target.host == name or target.host.endswith(f".{name}") for name in _CLOSED_NAMES
    ):
        raise Refused(f"{target.host} is a name of a private network")
    return target


def check_address(text: str) -> None:
    """Raises Refused unless the IP address is one of the public internet."""
    try:
        address = ip_address(text)
    except ValueError:
        raise Refused(f"{text!r} is no IP address") from None
    if isinstance(address, IPv4Address):
        closed = any(address in network for network in _CLOSED_V4) or not address.is_global
    else:
        closed = _closed_v6(address)
    if closed:
        raise Refused(f"{text} is not an address of the public internet")


def _closed_v6(address: IPv6Address) -> bool:
    if address.scope_id is not None or address not in _OPEN_V6 or not address.is_global:
        return True
    return any(address in network for network in _CLOSED_V6)


def _split(url: str) -> Target:
    if len(url) > MOST_URL_CHARS:
        raise Refused(f"the URL is longer than {MOST_URL_CHARS} characters")
    if _FORBIDDEN.search(url):
        raise Refused("the URL holds blanks, control characters or a backslash")
    try:
        parts = urlsplit(url)
    except ValueError:
        raise Refused("that is no URL") from None
    if parts.scheme not in PORTS:
        raise Refused(f"{parts.scheme or 'a URL without http:// or https://'} is not called")
    if "@" in parts.netloc or "%" in parts.netloc:
        raise Refused("a URL with a user name, a password or an escaped host is not called")
    host, port = _authority(parts.netloc)
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    query = quote(parts.query, safe="/%:@!$&'()*+,;=~-._?[]{}|")
    return Target(
        parts.scheme, _host(host), port or PORTS[parts.scheme], f"/{path.lstrip('/')}" + (f"?{query}" if query else "")
    )


def _authority(netloc: str) -> tuple[str, int | None]:
    if netloc.startswith("["):
        host, bracket, rest = netloc[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            raise Refused("that is no host")
        port = rest[1:]
    else:
        host, _, port = netloc.partition(":")
    if port and (not _PORT.fullmatch(port) or not 0 < int(port) <= 65535):
        raise Refused(f"{port!r} is no port")
    if netloc.startswith("[") != (":" in host):
        raise Refused("that is no host")
    return host, int(port) if port else None


def _has_port(entry: str) -> bool:
    return ":" in entry.rpartition("]")[2]


def _host(host: str) -> str:
    """The host as it is looked up: ASCII, lower case, without the root's dot; numbers only as a whole IP address."""
    if ":" in host:
        try:
            return str(IPv6Address(host))
        except ValueError:
            raise Refused(f"{host!r} is no IPv6 address") from None
    if not host.isascii():
        try:
            host = idna.encode(host, uts46=True, std3_rules=True).decode()
        except (idna.IDNAError, UnicodeError):
            raise Refused(f"{host!r} is no host name") from None
    name = host.lower().removesuffix(".")
    labels = name.split(".")
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise Refused(f"{host!r} is no host name")
    if _NUMBER.fullmatch(labels[-1]):
        try:
            return str(IPv4Address(name))
        except ValueError:
            raise Refused(f"{host!r} is a number that is no plain IP address") from None
    return name


def _literal(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None
