"""Notes, drafts, labels, views, batches and undo over the API."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from pytake_cli.store.users import User
from tests.api.v1.test_inbox import agent
from tests.kit import people
from tests.kit.api import Face, open_api, somebody
from tests.kit.shop import Shop


@pytest.fixture
def face(shop: Shop) -> Iterator[Face]:
    with open_api(shop.store) as face:
        yield face


@pytest.fixture
def bia(shop: Shop) -> User:
    return people.user(shop.store, shop.org, "bia@loja.example", "bia")


@pytest.fixture
def client(face: Face, shop: Shop, bia: User) -> Iterator[httpx.Client]:
    with face.as_(agent(shop, bia)) as client:
        yield client


@pytest.fixture
def boss(face: Face, shop: Shop) -> Iterator[httpx.Client]:
    with face.as_(somebody(shop.org, user_id=shop.rita.id, name="Rita")) as client:
        yield client


def test_a_note_names_a_colleague_who_finds_it_in_their_mentions(
    client: httpx.Client, boss: httpx.Client, shop: Shop
) -> None:
    conversation = shop.wrote("oi")
    note = client.post(f"/conversations/{conversation.id}/notes", json={"body": "@rita veja", "client_id": "n1"})
    assert (note.status_code, note.json()["mentions"]) == (201, [shop.rita.id])
    again = client.post(f"/conversations/{conversation.id}/notes", json={"body": "@rita veja", "client_id": "n1"})
    assert again.json()["id"] == note.json()["id"]
    found = boss.get("/conversations", params={"view": "mentions"}).json()["items"]
    assert [row["id"] for row in found] == [conversation.id]


def test_a_draft_is_kept_until_it_is_sent(client: httpx.Client, boss: httpx.Client, shop: Shop) -> None:
    path = f"/conversations/{shop.wrote('oi').id}"
    assert client.get(f"{path}/draft").json()["text"] == ""
    assert client.put(f"{path}/draft", json={"text": "estou vendo"}).status_code == 204
    assert client.get(f"{path}/draft").json()["text"] == "estou vendo"
    assert boss.get(f"{path}/draft").json()["text"] == ""
    assert client.get(path).json()["draft"] is True
    client.post(f"{path}/messages", json={"text": "estou vendo"})
    assert client.get(path).json()["draft"] is False


def test_two_terminals_of_one_agent_do_not_write_over_each_other_s_draft(client: httpx.Client, shop: Shop) -> None:
    path = f"/conversations/{shop.wrote('oi').id}/draft"
    seen = {"if-match": client.get(path).headers["etag"]}
    assert client.put(path, json={"text": "aqui"}, headers=seen).status_code == 204
    refused = client.put(path, json={"text": "ali"}, headers=seen)
    assert (refused.status_code, refused.json()["present"]["text"]) == (412, "aqui")
    assert client.delete(path, headers=seen).status_code == 412
    assert client.delete(path, headers={"if-match": client.get(path).headers["etag"]}).status_code == 204


def test_what_i_said_of_myself_elsewhere_is_not_written_over(client: httpx.Client) -> None:
    seen = {"if-match": client.get("/me").headers["etag"]}
    changed = client.patch("/me", json={"availability": "paused"}, headers=seen)
    assert changed.status_code == 200
    assert client.patch("/me", json={"availability": "available"}, headers=seen).status_code == 412
    again = {"if-match": changed.headers["etag"]}
    assert client.patch("/me", json={"availability": "available"}, headers=again).status_code == 200


def test_labels_are_made_renamed_and_deleted_by_those_who_may(
    client: httpx.Client, boss: httpx.Client, shop: Shop
) -> None:
    conversation = shop.wrote("oi")
    assert client.post("/labels", json={"name": "VIP"}).json()["name"] == "vip"
    assert client.post("/labels", json={"name": "vip"}).status_code == 409
    client.post(f"/conversations/{conversation.id}/actions", json={"action": "label", "add": ["vip"]})
    assert client.put("/labels/vip", json={"name": "muito vip"}).status_code == 403
    assert boss.put("/labels/vip", json={"name": "muito vip"}).status_code == 428
    etag = boss.get("/labels/vip").headers["etag"]
    assert boss.put("/labels/vip", json={"name": "muito vip"}, headers={"if-match": etag}).status_code == 200
    assert client.get(f"/conversations/{conversation.id}").json()["labels"] == ["muito vip"]
    etag = boss.get("/labels/muito vip").headers["etag"]
    assert boss.delete("/labels/muito vip", headers={"if-match": etag}).status_code == 204
    assert client.get("/labels").json()["items"] == []


def test_views_are_ones_own_or_shared(client: httpx.Client, boss: httpx.Client, shop: Shop) -> None:
    shop.wrote("oi")
    made = client.post("/views", json={"name": "Sem resposta", "where": "waiting:yes"})
    assert (made.status_code, made.json()["slug"], made.json()["count"]) == (201, "sem-resposta", 1)
    assert "sem-resposta" not in {row["slug"] for row in boss.get("/views").json()["items"]}
    etag = client.get("/views/sem-resposta").headers["etag"]
    wanted = {"name": "Sem resposta", "where": "waiting>1h", "shared": True}
    changed = client.put("/views/sem-resposta", json=wanted, headers={"if-match": etag})
    assert (changed.status_code, changed.json()["count"]) == (200, 0)
    assert client.put("/views/sem-resposta", json=wanted, headers={"if-match": etag}).status_code == 412
    assert "sem-resposta" in {row["slug"] for row in boss.get("/views").json()["items"]}
    refused = client.delete("/views/mine", headers={"if-match": "*"})
    assert (refused.status_code, refused.json()["slug"]) == (409, "PT-VIEW-BUILTIN")
    assert client.delete("/views/sem-resposta", headers={"if-match": "*"}).status_code == 204


def test_a_batch_is_done_told_and_undone(client: httpx.Client, boss: httpx.Client, shop: Shop) -> None:
    ids = [shop.wrote("um").id, shop.wrote("dois", name="João", phone="+5511968184102").id]
    done = client.post("/bulk", json={"ids": [*ids, 999], "action": "priority", "priority": "high"}).json()
    assert (done["done"], [each["slug"] for each in done["skipped"]]) == (ids, ["PT-CONVERSATION"])
    assert client.post("/undo", json={"batch": done["batch"]}).json()["done"] == ids[::-1]
    assert client.post("/bulk", json={"view": "all", "action": "resolve"}).status_code == 403
    assert boss.post("/bulk", json={"where": "status:queued", "action": "resolve"}).json()["done"] == ids
    log = boss.get("/activity", params={"mine": True, "limit": 1}).json()
    assert (log["items"][0]["what"], log["items"][0]["by"]["name"]) == ("resolved", "Rita")
    assert log["next"] is not None


def test_undo_is_refused_when_a_colleague_came_after(client: httpx.Client, boss: httpx.Client, shop: Shop) -> None:
    path = f"/conversations/{shop.wrote('oi').id}"
    change = client.post(f"{path}/actions", json={"action": "snooze", "until_reply": True}).json()["change"]
    boss.post(f"{path}/actions", json={"action": "wake"})
    refused = client.post("/undo", json={"change": change})
    assert (refused.status_code, refused.json()["slug"]) == (409, "PT-UNDO-CHANGED")


def test_the_card_says_who_the_person_is(client: httpx.Client, shop: Shop) -> None:
    conversation = shop.wrote("oi")
    card = client.get(f"/conversations/{conversation.id}/contact").json()
    assert (card["display"], card["phone"], card["previous"]) == ("Karina Silva", "+5511968184101", [])


def test_a_conversation_is_opened_by_phone_once(client: httpx.Client, shop: Shop, bia: User) -> None:
    first = client.post("/conversations", json={"phone": "+55 11 96818-4177"}).json()
    again = client.post("/conversations", json={"phone": "+5511968184177"}).json()
    assert first["id"] == again["id"]
    assert (first["assignee"]["name"], first["window_closes_at"]) == ("bia", None)
    assert client.post("/conversations", json={}).json()["slug"] == "PT-OPEN-WHOM"
