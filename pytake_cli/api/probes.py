"""/healthz, /readyz and /metrics: yes or no for everybody, the details for this machine or whoever has the token."""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable
from typing import Protocol

from pytake_cli.api.asgi import Receive, Response, Scope, Send, answer, header, response
from pytake_cli.api.visitors import is_local

NO_STORE = ((b"cache-control", b"no-store"),)
METHOD = response(405, close=True, headers=((b"allow", b"GET"),))
FORBIDDEN = response(403, close=True)
METRICS_KIND = b"text/plain; version=0.0.4; charset=utf-8"


class Patient(Protocol):
    """Whose health is asked about."""

    def ailments(self) -> list[str]: ...

    def unready(self) -> list[str]: ...

    async def metrics(self) -> bytes: ...


class Probes:
    """Answers GET; `token` gives the secret that opens /metrics to other machines, or None."""

    def __init__(self, patient: Patient, token: Callable[[], str | None]) -> None:
        self._patient = patient
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] not in ("GET", "HEAD"):
            return await answer(send, METHOD)
        match scope["path"]:
            case "/healthz":
                return await answer(send, _state(self._patient.ailments(), scope))
            case "/readyz":
                return await answer(send, _state(self._patient.unready(), scope))
            case _:
                if not self._may_see(scope):
                    return await answer(send, FORBIDDEN)
                return await answer(send, response(200, await self._patient.metrics(), kind=METRICS_KIND))

    def _may_see(self, scope: Scope) -> bool:
        if is_local(scope):
            return True
        token = self._token()
        given = header(scope, b"authorization") or b""
        return bool(token) and hmac.compare_digest(given, b"Bearer " + str(token).encode())


def _state(problems: list[str], scope: Scope) -> Response:
    state = {"status": "failing" if problems else "ok"}
    details = {"problems": problems} if problems and is_local(scope) else {}
    body = json.dumps({**state, **details}).encode() + b"\n"
    return response(503 if problems else 200, body, kind=b"application/json", headers=NO_STORE)
