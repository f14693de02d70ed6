"""The frame of the API: logins, errors, pages, languages."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pytake_cli import clock
from pytake_cli.services import directory
from tests.kit.api import Face, open_api, somebody
from tests.kit.shop import Shop


@pytest.fixture
def face(shop: Shop) -> Iterator[Face]:
    with open_api(shop.store) as face:
        yield face


def test_whoever_is_signed_in_sees_who_they_are(face: Face, shop: Shop) -> None:
    with face.as_(somebody(shop.org, "contacts:read", role="VIEWER")) as client:
        answer = client.get("/me")
    assert answer.status_code == 200
    assert answer.json()["org"]["slug"] == "loja"
    assert answer.json()["permissions"] == ["contacts:read"]


def test_without_a_login_there_is_nothing_to_see(face: Face) -> None:
    with face.as_(None) as client:
        answer = client.get("/contacts")
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert answer.headers["content-type"] == "application/problem+json"
        client.headers["authorization"] = "Bearer made-up"
        assert client.get("/contacts").status_code == 401


def test_a_right_that_is_missing_is_named(face: Face, shop: Shop) -> None:
    with face.as_(somebody(shop.org, role="VIEWER")) as client:
        answer = client.get("/contacts")
    assert answer.status_code == 403
    assert answer.json()["values"]["permission"] == "contacts:read"


def test_contacts_come_in_pages_each_once(face: Face, shop: Shop) -> None:
    with shop.store.write(shop.org) as db:
        for index in range(7):
            phone = f"+55119681841{index:02}"
            directory.create(db, shop.org, phone, {}, actor="rita", now=clock.now())
    seen: list[int] = []
    with face.as_(somebody(shop.org)) as client:
        page = client.get("/contacts", params={"limit": 3}).json()
        assert page["total"] == 7
        while True:
            seen += [row["id"] for row in page["items"]]
            if page["next"] is None:
                break
            page = client.get("/contacts", params={"limit": 3, "cursor": page["next"]}).json()
        assert client.get("/contacts", params={"cursor": "made-up"}).json()["slug"] == "PT-API-CURSOR"
    assert seen == sorted(seen, reverse=True)
    assert len(seen) == 7


def test_errors_are_told_in_the_language_that_was_asked_for(face: Face) -> None:
    with face.as_(None, accept_language="pt-BR,pt;q=0.9") as client:
        assert (
            client.get("/nowhere").json()["title"]
            != client.get("/nowhere", headers={"accept-language": "en"}).json()["title"]
        )


def test_what_does_not_fit_is_told_by_its_place(face: Face, shop: Shop) -> None:
    with face.as_(somebody(shop.org)) as client:
        answer = client.get("/contacts", params={"limit": 0})
    assert answer.status_code == 422
    assert answer.json()["slug"] == "PT-API-BODY"
    assert [each["at"] for each in answer.json()["problems"]] == ["query.limit"]


def test_the_document_describes_every_route(face: Face) -> None:
    with face.as_(None) as client:
        document = client.get("/openapi.json").json()
    assert "/api/v1/contacts" in document["paths"]


def test_what_is_refused_is_said_in_the_language_that_was_asked_for(shop: Shop) -> None:
    few = somebody(shop.org, "contacts:read", "segments:read", role="AGENT")
    with open_api(shop.store) as face, face.as_(few, accept_language="pt-BR,pt;q=0.9") as client:
        assert client.get("/audit").json()["why"] == "Ler o registro de auditoria."
        told = client.post("/segments/count", json={"where": "xyz = 3"}).json()
        assert told["detail"].startswith("não há campo xyz")
        assert told["fix"] == "os campos próprios se escrevem f.<nome>"
        flaws = client.get("/contacts", params={"limit": 9999}).json()["problems"]
        assert flaws == [{"at": "query.limit", "says": "é no máximo 500"}]
    with open_api(shop.store) as face, face.as_(few) as client:
        assert client.get("/audit").json()["why"] == "Read the audit log."
