"""The door of the Graph API: path, token, faults, the right handler, Meta's headers and error bodies."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any

import orjson
from aiohttp import web

from pytake_cli import clock
from pytake_cli.emulator import accidents
from pytake_cli.emulator.errors import GraphError, bad_token, no_token, unknown_path
from pytake_cli.emulator.graph.call import Call, Reply
from pytake_cli.emulator.graph.routes import OPEN, find_handler
from pytake_cli.emulator.magic import LOST

if TYPE_CHECKING:
    from pytake_cli.emulator.faults import Fault
    from pytake_cli.emulator.world import World

_VERSION = re.compile(r"v\d{1,3}\.\d{1,2}$")
_SENDS = ("messages", "marketing_messages")
UNMETERED = frozenset({*_SENDS, "media"})  # these do not count as management calls


class Surface:
    """Answers everything outside `/_emulator`."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        started = clock.monotonic()
        path, _, query = request.raw_path.partition("?")
        parts = [part for part in path.split("/") if part]
        version = self._world.config.version
        if parts and _VERSION.match(parts[0]):
            version = parts.pop(0)
        call = Call(self._world, request, version, parts, query)
        trace = self._world.ids.trace()
        fault = None
        try:
            call.token = self._token(request, call)
            fault = await self._early_fault(call) if self._world.faults.rules else None
            if fault is not None:
                return await accidents.before(request, fault)
            reply = await self._dispatch(call)
        except GraphError as error:
            self._world.counts["refused"] += 1
            reply = Reply(orjson.dumps(error.body(trace)), error.http)
            reply.headers = (
                {"WWW-Authenticate": f'OAuth "Facebook Platform" "invalid_token" "{error.message}"'}
                if error.http == 401
                else {}
            )
        await self._wait(call)
        self._log(call, path, reply, started)
        accident = await self._after(call, reply)
        if accident is not None:
            return accident
        return web.Response(body=reply.body, status=reply.status, headers=self._headers(call, reply, trace))

    def _token(self, request: web.BaseRequest, call: Call) -> str:
        if call.node == "whatsapp_business" and "hop=1" in call.query_string:
            return ""  # the second host of a download needs no token, and should not be given one
        header = request.headers.get("Authorization", "")
        kind, _, token = header.partition(" ")
        if kind.lower() not in ("bearer", "oauth") or not token:
            token = call.query.get("access_token", "") if "access_token" in call.query_string else ""
        if not token:
            if (call.node, call.edge) in OPEN:
                return ""
            raise no_token()
        config = self._world.config
        if token == "expired" or token in self._world.revoked or (config.tokens and token not in config.tokens):  # noqa: S105
            raise bad_token()
        return token

    async def _dispatch(self, call: Call) -> Reply:
        handler = find_handler(call)
        if handler is None:
            raise unknown_path("/".join(part for part in (call.node, call.edge, *call.rest) if part))
        if call.edge not in UNMETERED:
            self._meter(call)
        result = await handler(call)
        return result if isinstance(result, Reply) else Reply(orjson.dumps(result))

    def _meter(self, call: Call) -> None:
        """Counts a management call against its WABA's hourly limit."""
        limit = self._world.config.calls_per_hour
        number = self._world.numbers.get(call.node)
        waba = number.waba if number else self._world.wabas.get(call.node)
        if waba is None or not limit:
            return
        now = self._world.timeline.now()
        calls = waba.calls
        while calls and calls[0] <= now - 3600:
            del calls[0]
        if len(calls) >= limit:
            raise GraphError(80007, "There have been too many calls to this WhatsApp Business account.")
        calls.append(now)

    async def _early_fault(self, call: Call) -> Fault | None:
        recipient = ""
        if call.edge in _SENDS and any(rule.to for rule in self._world.faults.rules):
            body = await call.json()
            recipient = str(body.get("to") or body.get("recipient") or "").lstrip("+") if isinstance(body, dict) else ""
        return self._world.faults.pick(accidents.BEFORE, call.edge or call.node, call.node, recipient)

    async def _wait(self, call: Call) -> None:
        config, message = self._world.config, call.message
        delay = config.latency.pick(self._world.chance)
        if self._world.faults.rules:
            recipient = message.customer.wa_id if message is not None else ""
            slow = self._world.faults.pick(("latency",), call.edge or call.node, call.node, recipient)
            delay += slow.delay.pick(self._world.chance) if slow else 0.0
        if message is not None and not config.answer_first and message.status == "accepted":
            self._world.statuses.start_now(message)
            delay = max(delay, 0.05)
        if delay > 0:
            await asyncio.sleep(delay)

    async def _after(self, call: Call, reply: Reply) -> web.StreamResponse | None:
        message = call.message
        if message is None:
            return None
        world = self._world
        if world.config.magic and message.customer.wa_id.endswith(LOST):
            return accidents.reset(call.request)
        if not world.faults.rules:
            return None
        fault = world.faults.pick(accidents.AFTER, call.edge, call.node, message.customer.wa_id)
        return await accidents.after(call.request, fault, reply) if fault is not None else None

    def _headers(self, call: Call, reply: Reply, trace: str) -> dict[str, str]:
        headers = {
            "Content-Type": reply.content_type,
            "facebook-api-version": call.version,
            "x-fb-trace-id": trace,
            "x-fb-request-id": trace,
            "x-fb-debug": trace,
        }
        number = self._world.numbers.get(call.node)
        waba = number.waba if number else self._world.wabas.get(call.node)
        if waba is not None:
            percent = min(100, len(waba.calls) * 100 // (self._world.config.calls_per_hour or 5000))
            headers["x-business-use-case-usage"] = (
                f'{{"{waba.id}":[{{"type":"whatsapp_business_management","call_count":{percent},"total_cputime":{percent},'
                f'"total_time":{percent},"estimated_time_to_regain_access":{60 if percent >= 100 else 0}}}]}}'
            )
        headers |= reply.headers
        return headers

    def _log(self, call: Call, path: str, reply: Reply, started: float) -> None:
        world = self._world
        world.counts["requests"] += 1
        if world.config.keep_requests == 0 and not world.recorder.on:
            return
        entry: dict[str, Any] = {
            "at": world.timeline.now(),
            "method": call.method,
            "path": path,
            "status": reply.status,
            "ms": round((clock.monotonic() - started) * 1000, 2),
        }
        if call.message is not None:
            entry["wamid"] = call.message.wamid
        if call.node == "whatsapp_business" and "hop=1" in call.query_string:
            entry["token_leaked"] = "Authorization" in call.request.headers
        elif reply.status >= 400:
            entry["error"] = reply.body.decode("utf-8", "replace")
        world.requests.append(entry)
        if world.recorder.on:
            world.recorder.request(entry | {"query": call.query, "answer": reply.body.decode("utf-8", "replace")})
