"""The routes: webhooks, the API, the live wire, the door for signals, and the probes; every other path is 404."""

from __future__ import annotations

from pytake_cli.api import signals, webhook
from pytake_cli.api.asgi import App, Receive, Scope, Send, answer

PROBES = ("/healthz", "/readyz", "/metrics")
API = "/api/v1/"


def application(
    door: App, probes: App, signal_door: App | None = None, api: App | None = None, live: App | None = None
) -> App:
    """The ASGI app; what is unknown to the probes goes to the door, which knows only its own paths."""

    async def route(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await (live or no_socket)(scope, receive, send)
        elif scope["method"] == "TRACE":
            await answer(send, webhook.METHOD)
        elif scope["path"] in PROBES:
            await probes(scope, receive, send)
        elif signal_door is not None and scope["path"].startswith(signals.ROOT):
            await signal_door(scope, receive, send)
        elif api is not None and scope["path"].startswith(API):
            await api(scope, receive, send)
        else:
            await door(scope, receive, send)

    return route


async def no_socket(scope: Scope, receive: Receive, send: Send) -> None:
    """Refuses a WebSocket where there is no live wire."""
    await send({"type": "websocket.close"})
