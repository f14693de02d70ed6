"""The gate of the API: how often, how large, from where; and that webhooks know nothing of it."""

from __future__ import annotations

import asyncio
import http.client
from collections.abc import Iterator

import httpx
import pytest

from pytake_cli.api.v1.limits import Limits
from pytake_cli.api.visitors import Proxies
from pytake_cli.api.webhook import ROOT
from pytake_cli.whatsapp.signature import sign
from tests.api.v1.walk import body_of, routes
from tests.kit.api import Face, open_api, somebody
from tests.kit.door import SECRET
from tests.kit.shop import Shop

OWN = "https://painel.loja.com.br"


@pytest.fixture
def limited(shop: Shop) -> Iterator[Face]:
    with open_api(shop.store, limits=Limits(), proxies=Proxies(["127.0.0.9"])) as face:
        yield face


def test_the_hundred_and_first_request_of_a_stranger_is_refused_until_the_minute_is_over(limited: Face) -> None:
    with limited.as_(None) as client:
        assert [client.get("/me").status_code for _ in range(100)] == [401] * 100
        answer = client.get("/me")
    assert answer.status_code == 429
    assert 1 <= int(answer.headers["retry-after"]) <= 60
    assert answer.json()["slug"] == "PT-API-RATE"


def test_an_invented_forwarded_address_does_not_help(limited: Face) -> None:
    with limited.as_(None) as client:
        for serial in range(101):
            answer = client.get("/me", headers={"x-forwarded-for": f"203.0.113.{serial}"})
    assert answer.status_code == 429


def test_a_body_that_is_too_large_ends_its_connection_after_the_answer(shop: Shop) -> None:
    with open_api(shop.store, most_upload_bytes=1_000_000) as face:
        for length in ({}, {"transfer-encoding": "chunked"}):
            with face.as_(somebody(shop.org, "conversations:write")) as client:
                content = b"x" * 3_000_000 if not length else (b"x" * 100_000 for _ in range(30))
                refused = client.post("/media", params={"kind": "image", "name": "a.jpg"}, content=content)
                assert (refused.status_code, refused.json()["slug"]) == (413, "PT-API-SIZE")
                assert refused.headers["connection"] == "close"
                assert [client.get("/me").status_code for _ in range(3)] == [200] * 3


def test_a_trusted_proxy_tells_its_visitors_apart_and_ipv6_counts_by_its_64(limited: Face) -> None:
    def ask(address: str) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", limited.port, source_address=("127.0.0.9", 0), timeout=5)
        connection.request("GET", "/api/v1/me", headers={"X-Forwarded-For": address})
        status = connection.getresponse().status
        connection.close()
        return status

    for serial in range(100):
        assert ask(f"2001:db8:7:7::{serial + 1:x}") == 401
    assert ask("2001:db8:7:7::ffff") == 429
    assert ask("2001:db8:7:8::1") == 401
    assert ask("198.51.100.4") == 401


def test_colleagues_behind_a_flooded_address_go_on_and_each_has_a_limit_of_their_own(shop: Shop) -> None:
    with open_api(shop.store, limits=Limits(strangers=5, people=10)) as face:
        ana, stranger = face.as_(somebody(shop.org, "contacts:read", name="ana", user_id=1)), face.as_(None)
        with ana, stranger:
            assert ana.get("/me").status_code == 200
            assert [stranger.get("/me").status_code for _ in range(5)][-1] == 429
            assert [ana.get("/me").status_code for _ in range(9)] == [200] * 9
            assert ana.get("/contacts").status_code == 429


def test_a_login_that_is_good_no_longer_counts_as_a_stranger(shop: Shop) -> None:
    with open_api(shop.store, limits=Limits(strangers=3)) as face, face.as_(somebody(shop.org)) as ana:
        assert [ana.get("/me").status_code for _ in range(5)] == [200] * 5
        face.people.clear()
        assert [ana.get("/me").status_code for _ in range(4)] == [401, 401, 401, 429]


def test_signed_webhooks_are_never_limited(shop: Shop) -> None:
    body = b'{"object":"whatsapp_business_account","entry":[]}'
    headers = {"x-hub-signature-256": sign(body, SECRET)}
    with (
        open_api(shop.store, limits=Limits(strangers=1, people=1)) as face,
        httpx.Client(base_url=f"http://127.0.0.1:{face.port}") as client,
    ):
        assert client.get("/api/v1/me").status_code == 401
        assert client.get("/api/v1/me").status_code == 429
        assert {client.post(ROOT, content=body, headers=headers).status_code for _ in range(300)} == {200}
    assert len(face.taken) == 300


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "https://good.painel.loja.com.br", f"{OWN}.evil.example", f"{OWN}/"]
)
def test_pages_of_other_origins_are_not_let_read(shop: Shop, origin: str) -> None:
    with open_api(shop.store, origins=(OWN,)) as face, face.as_(None, origin=origin) as client:
        for answer in (client.get("/me"), client.options("/me")):
            assert not [name for name in answer.headers if name.startswith("access-control")]


def test_pages_of_an_allowed_origin_may_read_and_by_default_there_is_none(shop: Shop) -> None:
    with open_api(shop.store, origins=(OWN,)) as face, face.as_(None, origin=OWN) as client:
        answer = client.options("/me", headers={"access-control-request-method": "GET"})
        assert answer.status_code == 204
        assert answer.headers["access-control-allow-origin"] == OWN
        assert answer.headers["access-control-allow-credentials"] == "true"
        assert client.get("/me").headers["access-control-allow-origin"] == OWN
    with open_api(shop.store) as face, face.as_(None, origin=OWN) as client:
        assert "access-control-allow-origin" not in client.get("/me").headers


def test_every_answer_wears_its_security_headers(shop: Shop) -> None:
    with open_api(shop.store, tls=True) as face, face.as_(somebody(shop.org)) as client:
        for answer in (client.get("/me"), client.get("/nowhere"), client.get("/contacts/999999")):
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["cache-control"] == "no-store"
            assert "default-src 'none'" in answer.headers["content-security-policy"]
            assert answer.headers["strict-transport-security"].startswith("max-age=")
    with open_api(shop.store) as face, face.as_(None) as client:
        assert "strict-transport-security" not in client.get("/me").headers


def test_bodies_that_are_too_large_compressed_or_no_json_are_refused(shop: Shop) -> None:
    with open_api(shop.store, most_body_bytes=2000) as face, face.as_(somebody(shop.org)) as client:
        assert client.post("/contacts", content=b"x" * 2001).status_code == 413
        assert client.post("/contacts", content=iter([b"x" * 1500] * 2)).status_code == 413
        assert client.post("/contacts", content=b"{}", headers={"content-encoding": "gzip"}).status_code == 400
        for body in (
            b"{",
            b'{"phone": NaN}',
            b'{"phone": "\\ud800"}',
            b'{"phone": "\\u0000"}',
            b"[" * 100_000,
            b"\xff",
        ):
            answer = client.post("/contacts", content=body[:2000], headers={"content-type": "application/json"})
            assert answer.status_code == 422, body[:40]
            assert answer.json()["slug"] == "PT-API-BODY"
        assert client.get("/contacts?q=%00").status_code == 400
        assert client.get("/segments/%00").status_code == 400


def test_nobody_sets_what_is_not_theirs_to_set(shop: Shop) -> None:
    """Every PATCH and PUT refuses columns that are no part of it."""
    with open_api(shop.store) as face, face.as_(somebody(shop.org, "*"), if_match="*") as client:
        document = client.get("/openapi.json").json()
        wrong = []
        for route in routes(document):
            if route.method not in ("PATCH", "PUT", "POST") or body_of(document, route.operation) is None:
                continue
            target = route.address({name: 1 if route.kind(name) == "integer" else "x" for name in route.parameters})
            for name in ("org_id", "role_id", "is_admin", "created_at", "password_hash"):
                body = body_of(document, route.operation)
                answer = client.request(route.method, target, json={**body, name: 7})
                if answer.status_code != 422 or name not in answer.text:
                    wrong.append(f"{route} took {name}: {answer.status_code} {answer.text[:200]}")
    assert wrong == []


def test_a_slow_body_is_given_up_on(shop: Shop) -> None:
    async def drip(port: int) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST /api/v1/contacts HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\n{")
        async with asyncio.timeout(15):
            said = await reader.read()
        writer.close()
        await writer.wait_closed()
        return said

    with open_api(shop.store) as face:
        assert b" 408 " in asyncio.run(drip(face.port)).split(b"\r\n")[0]
