"""`pytake inbox --web`: the inbox in a browser on this machine; nobody without the secret of the address gets in."""

from __future__ import annotations

import hmac
import importlib.util
import logging
import os
import shlex
import sys
from typing import TYPE_CHECKING, Any

from pytake_cli import clock
from pytake_cli.cli.output import data, say
from pytake_cli.errors import ConfigError
from pytake_cli.locale import _, language

if TYPE_CHECKING:
    from aiohttp import web

HOST = "127.0.0.1"  # from elsewhere: ssh -L
COOKIE = "pytake_inbox"
HEADERS = {
    # Textual's page asks for a font of Google's; nothing is fetched from anywhere but here.
    "Content-Security-Policy": "default-src 'none'; script-src 'self' 'unsafe-inline';"
    " style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:;"
    " connect-src 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


def serve(arguments: list[str], port: int) -> None:
    """Serves `pytake inbox ARGUMENTS` until Ctrl-C, one process for each visitor; says the address with its secret."""
    if importlib.util.find_spec("textual_serve") is None:
        raise ConfigError("PT-INBOX-WEB", "the web inbox needs the extra web", fix="pip install 'pytake[web]'")
    secret = clock.token()
    command = shlex.join([sys.executable, "-m", "pytake_cli", "inbox", *arguments, "--lang", language()])
    os.environ |= {"TERM": "xterm-256color", "COLORTERM": "truecolor"}  # what the terminal in the page is
    server = _server(command, port, secret)
    data(f"http://{HOST}:{port}/?secret={secret}\n")
    say(_("open this address in a browser of this machine · Ctrl-C ends"))
    server.serve()


def _server(command: str, port: int, secret: str) -> Any:
    from textual_serve.server import Server

    class Guarded(Server):
        """Textual's server behind a secret: pages of other origins could else drive the inbox."""

        def initialize_logging(self) -> None:
            logging.getLogger("textual-serve").setLevel(logging.WARNING)

        async def on_startup(self, app: web.Application) -> None:
            """Says nothing: the address has been said."""

        async def _make_app(self) -> web.Application:
            app: web.Application = await super()._make_app()
            app.middlewares.append(guard(port, secret))
            return app

    return Guarded(command, host=HOST, port=port, title="PyTake")


def guard(port: int, secret: str) -> Any:
    """Lets in who has the secret, from this origin only; the secret leaves the address for a cookie at once."""
    from aiohttp import web

    hosts = {f"{HOST}:{port}", f"localhost:{port}"}

    @web.middleware
    async def let_in(request: web.Request, handler: Any) -> web.StreamResponse:
        if request.headers.get("Host") not in hosts or not _same_origin(request.headers.get("Origin"), hosts):
            raise web.HTTPForbidden(text="another host or origin")
        given = request.query.get("secret", "")
        if request.path == "/" and given:
            if not hmac.compare_digest(given.encode(), secret.encode()):
                raise web.HTTPForbidden(text="a wrong secret")
            welcome = web.HTTPSeeOther("/")
            welcome.set_cookie(COOKIE, secret, httponly=True, samesite="Strict", path="/")
            raise welcome
        if not hmac.compare_digest(request.cookies.get(COOKIE, "").encode(), secret.encode()):
            raise web.HTTPForbidden(text="the address with its secret is what pytake inbox --web wrote")
        response: web.StreamResponse = await handler(request)
        if not response.prepared:
            response.headers.update(HEADERS)
        return response

    return let_in


def _same_origin(origin: str | None, hosts: set[str]) -> bool:
    return origin is None or origin in {f"http://{host}" for host in hosts}
