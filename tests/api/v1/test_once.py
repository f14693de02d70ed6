"""Requests that are sent twice, and changes of what somebody else has changed."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlmodel import select

from pytake_cli import clock
from pytake_cli.services import audit
from pytake_cli.store.idempotency import IdempotencyKey
from tests.kit.api import Face, open_api, somebody
from tests.kit.shop import Shop

ANA = {"phone": "+5511968184101", "name": "Ana"}


@pytest.fixture
def face(shop: Shop) -> Iterator[Face]:
    with open_api(shop.store) as face:
        yield face


def test_the_same_key_gives_the_first_answer_and_happens_once(face: Face, shop: Shop) -> None:
    with face.as_(somebody(shop.org), idempotency_key="k1") as client:
        first, second = client.post("/contacts", json=ANA), client.post("/contacts", json=ANA)
        assert first.status_code == second.status_code == 201
        assert first.json() == second.json()
        assert "idempotent-replayed" not in first.headers
        assert second.headers["idempotent-replayed"] == "true"
        assert client.get("/contacts").json()["total"] == 1


def test_the_same_key_with_another_body_is_refused(face: Face, shop: Shop) -> None:
    with face.as_(somebody(shop.org), idempotency_key="k1") as client:
        client.post("/contacts", json=ANA)
        answer = client.post("/contacts", json=ANA | {"name": "Outra"})
    assert answer.status_code == 409
    assert answer.json()["slug"] == "PT-IDEMPOTENCY"


def test_a_key_is_free_again_when_nothing_came_of_it(face: Face, shop: Shop) -> None:
    with face.as_(somebody(shop.org), idempotency_key="k1") as client:
        assert client.post("/contacts", json={"phone": "12"}).status_code == 422
        assert client.post("/contacts", json=ANA).status_code == 201


def test_two_people_may_have_the_same_key(face: Face, shop: Shop) -> None:
    for user, phone in ((1, "+5511968184101"), (2, "+5511968184102")):
        with face.as_(somebody(shop.org, user_id=user), idempotency_key="k1") as client:
            assert client.post("/contacts", json={"phone": phone}).status_code == 201


@pytest.mark.parametrize(("state", "age", "status"), [("begun", 5, 409), ("begun", 120, 201), ("used", 120, 409)])
def test_after_a_crash_only_what_did_not_happen_may_happen(
    face: Face, shop: Shop, state: str, age: int, status: int
) -> None:
    with face.as_(somebody(shop.org), idempotency_key="k1") as client:
        client.post("/contacts", json=ANA)
        with shop.store.write(shop.org) as db:
            row = db.exec(select(IdempotencyKey)).one()
            row.result, row.created_at = {"state": state}, clock.now() - timedelta(seconds=age)
        assert client.post("/contacts", json=ANA).status_code in (status, 409 if state == "begun" else status)
        with shop.store.read(shop.org) as db:
            assert len(db.exec(select(IdempotencyKey)).all()) == (1 if status == 409 else 0)


def test_a_change_names_the_version_it_changes(face: Face, shop: Shop) -> None:
    with face.as_(somebody(shop.org)) as client:
        id_ = client.post("/contacts", json=ANA).json()["id"]
        seen = client.get(f"/contacts/{id_}").headers["etag"]
        assert client.patch(f"/contacts/{id_}", json={"stage": "lead"}).status_code == 428
        changed = client.patch(f"/contacts/{id_}", json={"stage": "lead"}, headers={"if-match": seen})
        assert changed.status_code == 200
        stale = client.patch(f"/contacts/{id_}", json={"stage": "cliente"}, headers={"if-match": seen})
        assert stale.status_code == 412
        assert stale.json()["present"]["stage"] == "lead"
        fresh = changed.headers["etag"]
        assert client.patch(f"/contacts/{id_}", json={"score": 5}, headers={"if-match": fresh}).status_code == 200


def test_the_key_of_an_upload_stands_for_one_file(face: Face, shop: Shop) -> None:
    with face.as_(somebody(shop.org), idempotency_key="k1") as client:
        params = {"kind": "document", "name": "a.txt"}
        first, again, other = (
            client.post("/media", params=params, content=content) for content in (b"um", b"um", b"dois")
        )
    assert (first.status_code, again.json()["id"]) == (201, first.json()["id"])
    assert again.headers["idempotent-replayed"] == "true"
    assert (other.status_code, other.json()["slug"]) == (409, "PT-IDEMPOTENCY")


def at_once(client: httpx.Client, count: int, *request: Any, **options: Any) -> list[int]:
    """The status of the same request sent by so many at the same moment."""
    with ThreadPoolExecutor(count) as threads:
        answers = list(threads.map(lambda _: client.request(*request, **options), range(count)))
    return sorted(answer.status_code for answer in answers)


def test_of_many_who_change_the_same_version_at_once_one_does(face: Face, shop: Shop) -> None:
    with face.as_(somebody(shop.org)) as client:
        id_ = client.post("/contacts", json=ANA).json()["id"]
        for path, change in ((f"/contacts/{id_}", {"stage": "lead"}), (f"/users/{shop.rita.id}", {"name": "Maria"})):
            seen = client.get(path).headers["etag"]
            assert at_once(client, 4, "PATCH", path, json=change, headers={"if-match": seen}) == [200] + [412] * 3


def test_of_many_who_make_the_same_at_once_one_does_and_the_others_hear_why(face: Face, shop: Shop) -> None:
    with face.as_(somebody(shop.org, "*", user_id=shop.rita.id)) as client:
        same_key = at_once(client, 4, "POST", "/labels", json={"name": "a"}, headers={"idempotency-key": "k"})
        assert set(same_key) <= {201, 409}
        assert 201 in same_key
        for path, body in (("/labels", {"name": "b"}), ("/teams", {"slug": "c"}), ("/contacts", ANA)):
            assert at_once(client, 4, "POST", path, json=body) == [201] + [409] * 3, path


def test_who_did_and_who_saw_what_stands_in_the_audit_log(face: Face, shop: Shop) -> None:
    with face.as_(somebody(shop.org, user_id=shop.rita.id)) as client:
        id_ = client.post("/contacts", json=ANA).json()["id"]
        for _ in range(3):
            client.get(f"/contacts/{id_}")
    assert face.office.reads.write(shop.store) == 1
    with shop.store.read(shop.org) as db:
        found = audit.listed(db, shop.org, audit.Filter(), None)
        assert [(each.action, each.target) for each in found] == [
            ("contact.read", f"contact:{id_}"),
            ("contact.created", f"contact:{id_}"),
        ]
        assert not audit.verify(db, shop.org).wrong
