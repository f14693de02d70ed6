"""`pytake inbox --web`: nobody gets in without the secret, and nobody from elsewhere with it."""

from __future__ import annotations

import asyncio

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from pytake_cli.cli.inbox_web import COOKIE, HEADERS, guard
from tests.kit.children import free_port


async def page(_request: web.Request) -> web.Response:
    return web.Response(text="the inbox")


def test_only_the_secret_and_only_our_own_origin_open_the_inbox() -> None:
    async def work() -> None:
        port = free_port()
        app = web.Application(middlewares=[guard(port, "s3cret")])
        app.router.add_get("/", page)
        app.router.add_get("/ws", page)
        async with TestClient(TestServer(app, host="127.0.0.1", port=port)) as client:
            assert (await client.get("/")).status == 403
            assert (await client.get("/ws")).status == 403
            assert (await client.get("/?secret=other")).status == 403
            assert (await client.get("/?secret=ségredo")).status == 403
            answer = await client.get("/?secret=s3cret", allow_redirects=False)
            assert (answer.status, answer.headers["Location"]) == (303, "/")
            cookie = answer.headers["Set-Cookie"]
            assert "HttpOnly" in cookie
            assert "SameSite=Strict" in cookie
            known = {"Cookie": f"{COOKIE}=s3cret"}
            answer = await client.get("/", headers=known)
            assert (answer.status, await answer.text()) == (200, "the inbox")
            assert {name: answer.headers[name] for name in HEADERS} == HEADERS
            for lie in ({"Origin": "http://evil.example"}, {"Origin": "null"}, {"Host": "evil.example"}):
                assert (await client.get("/ws", headers={**known, **lie})).status == 403
            good = {**known, "Origin": f"http://127.0.0.1:{port}"}
            assert (await client.get("/ws", headers=good)).status == 200

    asyncio.run(work())
