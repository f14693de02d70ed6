"""Faults as they look on the wire: resets, half answers, silence, a gateway's HTML."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aiohttp import web

from pytake_cli.emulator.errors import GraphError
from pytake_cli.emulator.faults import AFTER, BEFORE, Fault

if TYPE_CHECKING:
    from pytake_cli.emulator.graph.call import Reply

__all__ = ["AFTER", "BEFORE", "after", "before", "reset"]

GATEWAY_PAGE = (
    b"<!DOCTYPE html>\n<html><head><title>Sorry, something went wrong.</title></head>"
    b"<body><h1>Sorry, something went wrong.</h1><p>We're working on it and we'll get it fixed "
    b"as soon as we can.</p></body></html>"
)
FOREVER = 3600.0  # seconds a hanging answer waits at most


def reset(request: web.BaseRequest) -> web.StreamResponse:
    """Cuts the connection; the answer that is returned goes nowhere."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)


async def _hang(request: web.BaseRequest, fault: Fault) -> web.StreamResponse:
    """Says nothing until the delay is over or the client is gone."""
    left = fault.delay.low or FOREVER
    while left > 0 and request.transport is not None and not request.transport.is_closing():
        await asyncio.sleep(min(left, 0.1))
        left -= 0.1
    return reset(request)


def _html(fault: Fault) -> web.StreamResponse:
    return web.Response(body=GATEWAY_PAGE, status=fault.http or 502, content_type="text/html")


async def before(request: web.BaseRequest, fault: Fault) -> web.StreamResponse:
    """What comes instead of handling the request at all; `error` raises Meta's error."""
    await request.read()
    match fault.kind:
        case "reset":
            return reset(request)
        case "hang":
            return await _hang(request, fault)
        case "html":
            return _html(fault)
        case "empty":
            return web.Response(body=b"", status=fault.http or 500)
        case _:
            raise GraphError(fault.code, http=fault.http or None)


async def after(request: web.BaseRequest, fault: Fault, reply: Reply) -> web.StreamResponse:
    """What comes instead of the answer to a request that was accepted."""
    match fault.kind:
        case "hang_after":
            return await _hang(request, fault)
        case "html_after":
            return _html(fault)
        case "no_id":
            return web.Response(
                body=b'{"messaging_product":"whatsapp","contacts":[],"messages":[]}', content_type="application/json"
            )
        case "half":
            return await _half(request, reply)
        case _:
            return reset(request)


async def _half(request: web.BaseRequest, reply: Reply) -> web.StreamResponse:
    transport = request.transport
    if transport is not None and not transport.is_closing():
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(reply.body)}\r\n\r\n"
        transport.write(head.encode() + reply.body[: len(reply.body) // 2])
        await asyncio.sleep(0.02)
    return reset(request)
