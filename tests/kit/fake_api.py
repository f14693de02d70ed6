"""A peer for the inbox: HTTP and WebSocket of the contract over a real socket, with a World behind it.

`python -m tests.kit.fake_api --port 8790` serves one by hand, with customers who write now and then.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import re
import socket
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs

import uvicorn

from pytake_cli import clock
from tests.kit.fake_world import AGENT, BIA, CANNED, ME, SAID, Json, Refusal, World, iso

TOKEN = "inbox-token"
VIEWS: dict[str, tuple[str, Callable[[Json], bool]]] = {
    "mine": ("Mine", lambda row: row["assignee"] == ME and row["status"] == "open"),
    "unassigned": ("Unassigned", lambda row: row["assignee"] is None and row["status"] == "open"),
    "all": ("All", lambda row: row["status"] != "resolved"),
    "closing": ("Window closing", lambda row: bool(row["window_closes_at"]) and row["status"] == "open"),
    "snoozed": ("Snoozed", lambda row: row["status"] == "snoozed"),
    "resolved": ("Resolved today", lambda row: row["status"] == "resolved"),
}

NOUNS: dict[str, list[Json]] = {
    "/users": [{**ME, "availability": "available"}, {**BIA, "availability": "available"}],
    "/teams": [{"id": 2, "name": "vendas"}],
    "/labels": [{"name": "vip"}, {"name": "vendas"}, {"name": "entrega"}],
    "/templates": [],
    "/macros": [],
    "/activity": [],
}


class FakeApi:
    """`with FakeApi(World()) as api: Client(api.url, Login(TOKEN))`."""

    def __init__(self, world: World | None = None, *, port: int = 0) -> None:
        self.world = world or World()
        self.world.on_event = self._broadcast
        self.requests: list[tuple[str, str]] = []
        self.frames: list[Json] = []
        self.refreshed: list[str] = []  # refresh tokens that were used up
        self.tokens = {TOKEN}
        self.uploads: list[tuple[str, str, bytes]] = []  # kind, name, content
        self.delay_seconds = 0.0
        self.refusing = 0  # the status of every answer, while it is one
        self.refused = 0  # requests
        self.batches: dict[int, list[int]] = {}
        self._listeners: set[asyncio.Queue[Json | None]] = set()
        self._port = port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.stop()

    def start(self) -> None:
        """Listens; after stop() on the same port again."""
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind(("127.0.0.1", self._port))
        self._port = self._socket.getsockname()[1]
        config = uvicorn.Config(
            self._app,
            log_level="error",
            ws="websockets-sansio",
            lifespan="off",
            interface="asgi3",
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)

    def stop(self) -> None:
        """Ends, and all connections with it."""
        for listener in list(self._listeners):
            self._loop.call_soon_threadsafe(listener.put_nowait, None)
        self._server.should_exit = True
        self._thread.join(10)
        self._socket.close()

    def _serve(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._loop.run_until_complete(self._server.serve(sockets=[self._socket]))
        self._loop.run_until_complete(asyncio.sleep(0.02))  # what was closed says so to its sockets
        self._loop.close()

    def _broadcast(self, event: Json) -> None:
        for listener in list(self._listeners):
            self._loop.call_soon_threadsafe(listener.put_nowait, event)

    # -- the wire ------------------------------------------------------------------------------------------------------

    async def _app(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "websocket":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)

    async def _http(self, scope: Any, receive: Any, send: Any) -> None:
        body = b""
        while True:
            part = await receive()
            body += part.get("body", b"")
            if not part.get("more_body"):
                break
        if self.delay_seconds:
            await asyncio.sleep(self.delay_seconds)
        path = scope["path"].removeprefix("/api/v1")
        self.requests.append((scope["method"], path))
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        query = {key: values[0] for key, values in parse_qs(scope["query_string"].decode()).items()}
        status, kind = 200, b"application/json"
        answer: Any
        try:
            if self.refusing:
                self.refused += 1
                raise Refusal(self.refusing, "PT-STORE", "not now")
            if path == "/auth/refresh":
                self.tokens = {TOKEN}
                self.refreshed.append(json.loads(body)["refresh_token"])
            elif headers.get("authorization", "").removeprefix("Bearer ") not in self.tokens:
                raise Refusal(401, "PT-LOGIN", "log in first")
            with self.world.lock:
                if path == "/auth/refresh":
                    answer = {"access_token": TOKEN, "refresh_token": f"refresh-{len(self.refreshed)}"}
                elif path == "/media":
                    answer = self._take_in(query, body)
                else:
                    given = json.loads(body or b"{}")
                    answer = self._route(scope["method"], path, query, given)
        except Refusal as refusal:
            status, answer, kind = refusal.status, refusal.body, b"application/problem+json"
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", kind)]})
        await send({"type": "http.response.body", "body": b"" if answer is None else json.dumps(answer).encode()})

    async def _live(self, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept", "subprotocol": "pytake.v1"})
        hello = json.loads((await receive()).get("text") or "{}")
        if hello.get("token") not in self.tokens:
            await send({"type": "websocket.close", "code": 4401})
            return
        queue: asyncio.Queue[Json | None] = asyncio.Queue()
        with self.world.lock:
            self._listeners.add(queue)
            events = self.world.events
            cursor = hello.get("cursor")
            missed = [] if cursor is None else [event for event in events if event["id"] > cursor]
            ready: Json = {"type": "ready", "cursor": cursor if missed else len(events), "missed": len(missed),
                     "now": iso(clock.now()), "viewers": []}  # fmt: skip
        reader = asyncio.create_task(self._listen(receive, queue))
        try:
            await send({"type": "websocket.send", "text": json.dumps(ready)})
            for event in missed:
                await send({"type": "websocket.send", "text": json.dumps(event)})
            while (event_ := await self._next(queue)) is not None:
                await send({"type": "websocket.send", "text": json.dumps(event_)})
            await send({"type": "websocket.close", "code": 1012})
        finally:
            self._listeners.discard(queue)
            reader.cancel()

    async def _next(self, queue: asyncio.Queue[Json | None]) -> Json | None:
        try:
            return await asyncio.wait_for(queue.get(), 2.0)
        except TimeoutError:
            return {"type": "beat", "now": iso(clock.now())}

    async def _listen(self, receive: Any, queue: asyncio.Queue[Json | None]) -> None:
        while (message := await receive())["type"] == "websocket.receive":
            self.frames.append(json.loads(message["text"]))
        queue.put_nowait(None)

    # -- the routes ----------------------------------------------------------------------------------------------------

    def _route(self, method: str, path: str, query: Json, body: Json) -> Any:
        if found := re.fullmatch(r"/conversations/(\d+)(/.*)?", path):
            id_ = int(found[1])
            if id_ not in self.world.rows:
                raise Refusal(404, "PT-CONVERSATION", f"no conversation {id_}")
            return self._conversation(method, id_, found[2] or "", query, body)
        if method == "GET" and path in NOUNS:
            return {"items": NOUNS[path], "next": None}
        match method, path:
            case "GET", "/me":
                return self._me()
            case "PATCH", "/me":
                self.world.availability = body["availability"]
                return self._me()
            case "GET", "/views":
                return {"items": [self._view(slug) for slug in VIEWS]}
            case "GET", "/conversations":
                return self._list(query)
            case "GET", "/canned":
                wanted = query.get("q", "")
                return {"items": [each for each in CANNED if wanted in each["key"]], "next": None}
            case "POST", "/bulk":
                return self._bulk(body)
            case "POST", "/undo":
                changes = self.batches.pop(body["batch"]) if "batch" in body else [body["change"]]
                return {"done": [self.world.undo(change) for change in changes]}
        raise Refusal(404, "PT-API-PATH", f"nothing at {path}")

    def _take_in(self, query: Json, body: bytes) -> Json:
        self.uploads.append((query.get("kind", ""), query.get("name", ""), body))
        return {"id": len(self.uploads), "kind": query.get("kind"), "size_bytes": len(body)}

    def _me(self) -> Json:
        return {**ME, "role": "AGENT", "permissions": list(AGENT), "availability": self.world.availability,
                "org": {"slug": "loja-sul", "name": "loja-sul"}, "live": False}  # fmt: skip

    def _view(self, slug: str) -> Json:
        name, belongs = VIEWS[slug]
        rows = [row for row in self.world.rows.values() if belongs(row)]
        return {"slug": slug, "name": name, "where": "", "builtin": True, "shared": False, "count": len(rows),
                "unread": sum(1 for row in rows if row["unread"])}  # fmt: skip

    def _list(self, query: Json) -> Json:
        belongs = VIEWS.get(query.get("view", "all"), VIEWS["all"])[1]
        wanted = query.get("where", "").strip('"').lower().removeprefix("text:").strip('"')
        rows = [row for row in self.world.rows.values() if belongs(row)]
        if wanted:
            rows = [row for row in rows if wanted in f"{row['contact']['name']} {row['preview']}".lower()]
        field = "last_message_at" if query.get("order") == "activity" else "waiting_since"
        rows.sort(key=lambda row: (not row["starred"], row[field] is None, row[field] or "", row["id"]),
                  reverse=False)  # fmt: skip
        if field == "last_message_at":
            rows.sort(key=lambda row: row[field] or "", reverse=True)
        start, limit = int(query.get("cursor", 0)), int(query.get("limit", 50))
        end = start + limit
        return {"items": [{**row, "draft": row["id"] in self.world.drafts} for row in rows[start:end]],
                "next": str(end) if end < len(rows) else None, "total": len(rows)}  # fmt: skip

    def _conversation(self, method: str, id_: int, rest: str, query: Json, body: Json) -> Any:
        world = self.world
        match method, rest:
            case "GET", "":
                return {**world.rows[id_], "draft": id_ in world.drafts}
            case "GET", "/timeline":
                items = world.timelines[id_]
                ids = [item["id"] for item in items]
                end = ids.index(query["before"]) if query.get("before") in ids else len(items)
                start = max(0, end - int(query.get("limit", 200)))
                return {"items": items[start:end], "next": items[start]["id"] if start else None}
            case "GET", "/contact":
                return world.card(id_)
            case "POST", "/messages":
                return world.send(id_, body)
            case "POST", "/notes":
                return world.note(id_, body)
            case "POST", "/actions":
                return world.act(id_, body)
            case "GET", "/draft":
                return world.drafts.get(id_) or {"text": "", "mode": "reply", "reply_to": None}
            case "PUT", "/draft":
                world.drafts[id_] = body
                return body
            case "DELETE", "/draft":
                world.drafts.pop(id_, None)
                return None
        raise Refusal(404, "PT-API-PATH", f"nothing at {rest}")

    def _bulk(self, body: Json) -> Json:
        batch, done, skipped = self.world.serial(), [], []
        self.batches[batch] = []
        for id_ in body["ids"]:
            try:
                self.batches[batch].append(self.world.act(id_, body)["change"])
                done.append(id_)
            except Refusal as refusal:
                skipped.append({"id": id_, "slug": refusal.body["slug"], "says": refusal.body["detail"]})
        return {"batch": batch, "done": done, "skipped": skipped}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8790)
    parser.add_argument("--conversations", type=int, default=40)
    parser.add_argument("--every", type=float, default=5.0, help="seconds between what customers write; 0: never")
    parser.add_argument("--seconds", type=float, default=600.0, help="ends after so long")
    given = parser.parse_args()
    with FakeApi(World(given.conversations), port=given.port) as api:
        print(f"{api.url} token {TOKEN}", flush=True)
        end, chance = time.monotonic() + given.seconds, random.Random(1)
        while time.monotonic() < end:
            time.sleep(given.every or 1.0)
            if given.every:
                api.world.customer_says(chance.choice(list(api.world.rows)), chance.choice(SAID))


if __name__ == "__main__":
    main()
