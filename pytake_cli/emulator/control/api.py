"""The door of the control API: finds the handler, reads and answers JSON, tells errors plainly."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import orjson
from aiohttp import web

from pytake_cli.emulator.control import account, people, running, traffic
from pytake_cli.emulator.errors import GraphError
from pytake_cli.errors import PytakeError

if TYPE_CHECKING:
    from pytake_cli.emulator.world import World

LOCAL = ("127.0.0.1", "localhost", "::1")
Handler = Callable[["World", dict[str, Any]], Awaitable[Any]]

ROUTES: dict[tuple[str, str], Handler] = {
    ("GET", ""): running.status,
    ("POST", "reset"): running.reset,
    ("GET", "clock"): running.clock_state,
    ("POST", "clock"): running.set_clock,
    ("GET", "config"): running.show_config,
    ("POST", "config"): running.set_config,
    ("POST", "say"): people.say_,
    ("POST", "status"): people.set_status,
    ("GET", "customers"): people.list_customers,
    ("POST", "customers"): people.set_customer,
    ("GET", "templates"): account.list_templates,
    ("POST", "template"): account.change_template,
    ("POST", "templates"): account.add_template,
    ("POST", "number"): account.change_number,
    ("POST", "numbers"): account.add_number,
    ("POST", "preference"): account.preference,
    ("POST", "event"): account.event,
    ("POST", "token"): account.token,
    ("GET", "faults"): account.list_faults,
    ("POST", "faults"): account.add_fault,
    ("DELETE", "faults"): account.remove_faults,
    ("GET", "businesses"): account.businesses,
    ("GET", "ledger"): traffic.ledger,
    ("GET", "messages"): traffic.messages,
    ("GET", "ledger/stats"): traffic.ledger_stats,
    ("GET", "webhooks"): traffic.deliveries,
    ("POST", "webhook"): traffic.raw_webhook,
    ("GET", "requests"): traffic.requests,
    ("GET", "record"): traffic.recording,
    ("POST", "record"): traffic.record,
    ("POST", "replay"): traffic.replay,
    ("POST", "test"): traffic.test_payload,
    ("GET", "state"): traffic.state,
}


class Control:
    """Answers everything below `/_emulator`."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        if not self._is_local(request.host):
            return _json({"error": "forbidden", "message": "the control API is for this machine"}, 403)
        name = request.path.removeprefix("/_emulator").strip("/")
        handler = ROUTES.get((request.method, name))
        if handler is None:
            return _json({"error": "unknown_path", "message": f"there is no {request.method} /_emulator/{name}"}, 404)
        try:
            return _json(await handler(self._world, await _arguments(request)))
        except PytakeError as error:
            told = {"error": error.slug, "message": str(error), "why": error.why, "fix": error.fix}
            values = {name: str(value) for name, value in error.values.items()}
            return _json(told | {"template": error.message, "values": values}, error.http_status)
        except GraphError as error:
            return _json({"error": error.code, "message": error.details}, 422)
        except web.HTTPException as error:
            return _json({"error": "http", "message": error.text}, error.status)
        except (KeyError, TypeError, ValueError) as error:
            return _json({"error": "value", "message": f"{type(error).__name__}: {error}"}, 422)

    def _is_local(self, host: str) -> bool:
        """False for a name that a web page made point here (DNS rebinding)."""
        own = self._world.config.host
        return own in ("0.0.0.0", "::") or host.rpartition(":")[0].strip("[]") in (*LOCAL, own)  # noqa: S104


async def _arguments(request: web.BaseRequest) -> dict[str, Any]:
    """Query and JSON body together; a body must say it is JSON, so that no web page can post here."""
    arguments: dict[str, Any] = dict(request.query)
    raw = await request.read()
    if raw:
        if request.content_type != "application/json":
            raise web.HTTPUnsupportedMediaType(text="send application/json")
        body = orjson.loads(raw)
        if isinstance(body, dict):
            arguments |= body
    return arguments


def _json(value: Any, status: int = 200) -> web.Response:
    return web.Response(body=orjson.dumps(value, default=str), status=status, content_type="application/json")
