"""Which handler answers which path: one literal table of (node, edge, method)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from pytake_cli.emulator.errors import unknown_object, wrong_method
from pytake_cli.emulator.graph import messages
from pytake_cli.emulator.graph.call import Call

Handler = Callable[[Call], Awaitable[Any]]

OPEN: frozenset[tuple[str, str]] = frozenset({("oauth", "access_token")})  # paths that need no token

ROUTES: dict[tuple[str, str, str], Handler] = {
    ("number", "messages", "POST"): messages.send,
    ("number", "marketing_messages", "POST"): messages.send_marketing,
    ("number", "message_history", "GET"): messages.history,
    ("number", "thread_control", "POST"): messages.thread_control,
}
ROOTS = frozenset({"oauth", "debug_token", "app", "me", "whatsapp_business", "message_template_library"})
_EDGES = frozenset(edge for _, edge, _ in ROUTES)


def kind_of(call: Call) -> str:
    """What sort of node the first part of the path is; empty when it is none."""
    world, node = call.world, call.node
    if node in world.numbers:
        return "number"
    if node in world.wabas:
        return "waba"
    if node in world.templates.by_id:
        return "template"
    if node == world.app_id:
        return "app"
    if node in world.businesses:
        return "business"
    if node in world.flows:
        return "flow"
    if node.startswith("upload:"):
        return "upload"
    if node in ROOTS:
        return node
    return "media" if world.media.find(node) is not None else ""


def find_handler(call: Call) -> Handler | None:
    """The handler; None for an unknown path; raises for an unknown object or a wrong method."""
    kind = kind_of(call)
    if not kind:
        if call.node.isdigit() and (not call.edge or call.edge in _EDGES):
            raise unknown_object(call.node, call.method)
        return None
    handler = ROUTES.get((kind, call.edge, call.method))
    if handler is None and any(route[:2] == (kind, call.edge) for route in ROUTES):
        raise wrong_method(call.method)
    return handler
