"""The API on a real socket, in a thread of its own: a face for each kind of person, who need not log in."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

import httpx

from pytake_cli.api.app import application
from pytake_cli.api.connection import Places
from pytake_cli.api.probes import Probes
from pytake_cli.api.server import Server
from pytake_cli.api.v1 import application as api_application
from pytake_cli.api.v1.limits import Limits
from pytake_cli.api.v1.office import Office
from pytake_cli.api.visitors import Proven, Proxies
from pytake_cli.api.webhook import Door
from pytake_cli.errors import AuthError
from pytake_cli.policy.permissions import EVERYTHING, ROLES
from pytake_cli.services.principals import Principal
from pytake_cli.store import Store
from tests.kit.door import KEYS, Well


@dataclass(frozen=True)
class Somebody:
    """A principal of the test's making."""

    org_id: int
    permissions: frozenset[str] = frozenset({EVERYTHING})
    role: str = "ORG_ADMIN"
    user_id: int | None = None
    name: str = "rita"
    kind: str = "session"
    session_id: int | None = None
    token_id: int | None = None

    may = Principal.may
    require = Principal.require


def somebody(org_id: int, *permissions: str, role: str = "ORG_ADMIN", **more: Any) -> Somebody:
    """With the rights of a role, or with just these permissions."""
    return Somebody(org_id, frozenset(permissions) or ROLES[role], role, **more)


@dataclass
class Face:
    """The running API. `port` is where it listens; `people` are those whose token is good."""

    port: int
    office: Office
    people: dict[str, Principal | Somebody] = field(default_factory=dict)
    taken: list[bytes] = field(default_factory=list)  # webhooks
    signed_in: int = 0  # requests whose token was good

    def as_(self, who: Principal | Somebody | None, **headers: str) -> httpx.Client:
        """A client of this person, or of nobody."""
        lines = {name.replace("_", "-"): value for name, value in headers.items()}
        if who is not None:
            token = f"token-{len(self.people)}"
            self.people[token] = who
            lines["authorization"] = f"Bearer {token}"
        return httpx.Client(base_url=f"http://127.0.0.1:{self.port}/api/v1", headers=lines, timeout=60.0)


@contextmanager
def open_api(store: Store, **options: Any) -> Iterator[Face]:
    """The API of this store; `options` are those of Office."""
    people: dict[str, Principal | Somebody] = {}

    def sign_in(_store: Store, token: str, _org: str, _now: datetime) -> Principal:
        if token not in people:
            raise AuthError("PT-API-LOGIN", "who is that", fix="pytake auth login")
        face.signed_in += 1
        return cast("Principal", people[token])

    many = Limits(100_000, 100_000, 100_000)
    office = Office(**{"store": store, "sign_in": sign_in, "limits": many, **options})
    loop = asyncio.new_event_loop()
    taken: list[bytes] = []
    server, port = loop.run_until_complete(_listen(office, taken))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    watchman = asyncio.run_coroutine_threadsafe(server.run(), loop)
    face = Face(port, office, people, taken)
    try:
        yield face
    finally:
        watchman.cancel()
        asyncio.run_coroutine_threadsafe(server.close(2.0), loop).result(10.0)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()


async def _listen(office: Office, taken: list[bytes]) -> tuple[Server, int]:
    async def put(_app: str, body: bytes) -> None:
        taken.append(body)

    proven = Proven()
    places = Places(proven=proven, proxies=office.proxies, idle_seconds=65.0, most_body_bytes=office.most_body_bytes)
    door = Door(put, lambda: KEYS, max_body_bytes=office.most_body_bytes, proxies=Proxies(), proven=proven)
    probes = Probes(Well(), lambda: None)
    server = Server(application(door, probes, None, api_application(office)), places)
    url = await server.listen("127.0.0.1", 0, None)
    return server, int(url.rpartition(":")[2])
