"""The routes: the webhook door and the probes; every other path is 404."""

from __future__ import annotations

from pytake_cli.api import webhook
from pytake_cli.api.asgi import App, Receive, Scope, Send, answer

PROBES = ("/healthz", "/readyz", "/metrics")


def application(door: App, probes: App) -> App:
    """The ASGI app; what is unknown to the probes goes to the door, which knows only its own paths."""

    async def route(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "TRACE":
            await answer(send, webhook.METHOD)
        elif scope["path"] in PROBES:
            await probes(scope, receive, send)
        else:
            await door(scope, receive, send)

    return route
