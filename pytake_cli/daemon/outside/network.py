"""The network as flows see it: a name is looked up once, its addresses are checked, and one of those is connected to.

Checking a name and connecting by name would be two look-ups, and whoever owns the name can answer them differently.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable
from ipaddress import ip_address
from typing import Any

import httpcore

from pytake_cli.policy.addresses import PORTS, Allowed, Refused, check_address

MOST_ADDRESSES = 4  # of one name that are tried
CONNECT_SECONDS = 5.0

Resolve = Callable[[str, int], Awaitable[list[str]]]


async def look_up(host: str, port: int) -> list[str]:
    """The addresses of a name, as the system has them."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class GuardedNetwork(httpcore.AsyncNetworkBackend):
    """Connects to public addresses and to what the operator allowed; raises Refused for everything else."""

    def __init__(self, allowed: Allowed, resolve: Resolve = look_up) -> None:
        self._allowed = allowed
        self._resolve = resolve
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        addresses = await self._addresses(host, port)
        seconds = min(timeout or CONNECT_SECONDS, CONNECT_SECONDS)
        last: httpcore.ConnectError | httpcore.ConnectTimeout = httpcore.ConnectError("no address")
        for address in addresses[:MOST_ADDRESSES]:
            try:
                return await self._network.connect_tcp(address, port, seconds, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                last = error
        raise last

    async def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.AsyncNetworkStream:
        raise Refused("sockets of this machine are not called")

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def _addresses(self, host: str, port: int) -> list[str]:
        """The addresses to try, of which every single one was checked; one that is private refuses the name."""
        allowed = self._allowed(host, port)
        if not allowed and port not in PORTS.values():
            raise Refused(f"port {port} is neither 80 nor 443")
        try:
            addresses = [str(ip_address(host))]
        except ValueError:
            try:
                addresses = await self._resolve(host, port)
            except (OSError, UnicodeError) as error:
                raise httpcore.ConnectError(f"{host} has no address") from error
        if not allowed:
            for address in addresses:
                check_address(address)
        return addresses
