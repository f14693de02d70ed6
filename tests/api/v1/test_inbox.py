"""The inbox over the API: lists, one conversation, writing, actions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from pytake_cli import clock
from pytake_cli.store.users import User
from tests.kit import people
from tests.kit.api import Face, Somebody, open_api, somebody
from tests.kit.shop import Shop


@pytest.fixture
def face(shop: Shop) -> Iterator[Face]:
    with open_api(shop.store) as face:
        yield face


@pytest.fixture
def bia(shop: Shop) -> User:
    return people.user(shop.store, shop.org, "bia@loja.example", "bia")


def agent(shop: Shop, user: User) -> Somebody:
    rights = frozenset({"conversations:read", "conversations:write"})
    return somebody(shop.org, *rights, role="AGENT", user_id=user.id, name=user.name)


def test_the_list_has_all_that_a_row_shows(face: Face, shop: Shop, bia: User) -> None:
    conversation = shop.wrote("Consegue parcelar em 12x?")
    with face.as_(agent(shop, bia)) as client:
        page = client.get("/conversations").json()
    [row] = page["items"]
    assert page["next"] is None
    assert row["id"] == conversation.id
    assert (row["status"], row["unread"], row["preview_kind"], row["preview_direction"]) == ("queued", 1, "text", "in")
    assert row["contact"]["phone"] == "+5511968184101"
    assert row["window_closes_at"].endswith("Z")
    assert (row["starred"], row["draft"], row["labels"], row["flow"]) == (False, False, [], None)


@pytest.mark.parametrize("order", ["waiting", "activity", "window", "priority"])
def test_every_order_pages_through_all_each_once(face: Face, shop: Shop, bia: User, order: str) -> None:
    now = clock.now()
    made = [
        shop.wrote(f"{n}", name=f"P{n}", phone=f"+55119681842{n:02}", at=now - timedelta(hours=5 * n)) for n in range(7)
    ]
    with face.as_(agent(shop, bia)) as client:
        urgent = made[4].id
        client.post(f"/conversations/{urgent}/actions", json={"action": "priority", "priority": "urgent"})
        client.post(f"/conversations/{made[2].id}/messages", json={"text": "já vejo"})
        seen: list[int] = []
        asked: dict[str, Any] = {"limit": 2, "order": order}
        while True:
            page = client.get("/conversations", params=asked).json()
            seen += [row["id"] for row in page["items"]]
            if page["next"] is None:
                break
            asked["cursor"] = page["next"]
    assert sorted(seen) == sorted(each.id or 0 for each in made)
    first = {"waiting": made[6].id, "activity": made[2].id, "window": made[4].id, "priority": urgent}[order]
    assert seen[0] == first


def test_views_are_counted_by_the_server(face: Face, shop: Shop, bia: User) -> None:
    mine, other = shop.wrote("um"), shop.wrote("dois", name="João", phone="+5511968184102")
    with face.as_(agent(shop, bia)) as client:
        client.post(f"/conversations/{mine.id}/actions", json={"action": "claim"})
        views = {row["slug"]: row for row in client.get("/views").json()["items"]}
        assert [views[slug]["count"] for slug in ("mine", "unassigned", "all", "closing")] == [1, 1, 2, 0]
        listed = client.get("/conversations", params={"view": "unassigned"}).json()["items"]
    assert [row["id"] for row in listed] == [other.id]


def test_claiming_what_somebody_else_has_names_them(face: Face, shop: Shop, bia: User) -> None:
    conversation = shop.wrote("oi")
    ana = people.user(shop.store, shop.org, "ana@loja.example", "ana")
    with face.as_(agent(shop, ana)) as client:
        done = client.post(f"/conversations/{conversation.id}/actions", json={"action": "claim"}).json()
        assert done["conversation"]["assignee"] == {"id": ana.id, "name": "ana"}
        assert done["undo_until"] is not None
    with face.as_(agent(shop, bia)) as client:
        refused = client.post(f"/conversations/{conversation.id}/actions", json={"action": "claim"})
        assert (refused.status_code, refused.json()["slug"]) == (409, "PT-CLAIMED")
        assert refused.json()["values"]["agent"] == "ana"
        taken = client.post(f"/conversations/{conversation.id}/actions", json={"action": "claim", "sure": True})
    assert taken.json()["conversation"]["assignee"]["name"] == "bia"


def test_writing_queues_once_however_often_it_is_tried(face: Face, shop: Shop, bia: User) -> None:
    conversation = shop.wrote("oi")
    with face.as_(agent(shop, bia)) as client:
        first = client.post(f"/conversations/{conversation.id}/messages", json={"text": "olá", "client_id": "a1"})
        again = client.post(f"/conversations/{conversation.id}/messages", json={"text": "olá", "client_id": "a1"})
        assert first.status_code == 201
        assert first.json()["id"] == again.json()["id"]
        assert (first.json()["status"], first.json()["client_id"]) == ("queued", "a1")
        other = client.post(f"/conversations/{conversation.id}/messages", json={"text": "outra", "client_id": "a1"})
        assert other.json()["slug"] == "PT-IDEMPOTENCY"
        items = client.get(f"/conversations/{conversation.id}/timeline").json()["items"]
    assert [item["text"] for item in items if item["type"] == "message"] == ["oi", "olá"]


def test_a_colleague_who_answered_meanwhile_is_named(face: Face, shop: Shop, bia: User) -> None:
    conversation = shop.wrote("oi")
    ana = people.user(shop.store, shop.org, "ana@loja.example", "ana")
    path = f"/conversations/{conversation.id}"
    with face.as_(agent(shop, bia)) as client:
        seen = client.get(f"{path}/timeline").json()["items"][-1]["id"]
    with face.as_(agent(shop, ana)) as client:
        client.post(f"{path}/messages", json={"text": "eu respondo"})
    with face.as_(agent(shop, bia)) as client:
        refused = client.post(f"{path}/messages", json={"text": "olá", "seen": seen})
        assert (refused.status_code, refused.json()["slug"]) == (409, "PT-COLLISION")
        sent = client.post(f"{path}/messages", json={"text": "olá", "seen": seen, "sure": True})
    assert sent.status_code == 201


def test_after_24_hours_only_templates_go(face: Face, shop: Shop, bia: User) -> None:
    conversation = shop.wrote("oi", at=clock.now() - timedelta(hours=25))
    with face.as_(agent(shop, bia)) as client:
        refused = client.post(f"/conversations/{conversation.id}/messages", json={"text": "olá"})
    assert (refused.status_code, refused.json()["slug"]) == (409, "PT-WINDOW-CLOSED")


def test_the_timeline_comes_in_pages_from_the_end(face: Face, shop: Shop, bia: User) -> None:
    conversation = shop.wrote("1")
    path = f"/conversations/{conversation.id}"
    with face.as_(agent(shop, bia)) as client:
        for number in range(2, 6):
            client.post(f"{path}/messages", json={"text": str(number)})
        client.post(f"{path}/actions", json={"action": "claim"})
        whole = client.get(f"{path}/timeline").json()
        assert whole["next"] is None
        seen: list[str] = []
        asked: dict[str, Any] = {"limit": 2}
        while True:
            page = client.get(f"{path}/timeline", params=asked).json()
            seen = [item["id"] for item in page["items"]] + seen
            if page["next"] is None:
                break
            asked["before"] = page["next"]
    assert seen == [item["id"] for item in whole["items"]]
    assert [item["type"] for item in whole["items"]].count("change") == 1


def test_what_cannot_be_read_in_a_filter_is_told(face: Face, shop: Shop, bia: User) -> None:
    with face.as_(agent(shop, bia)) as client:
        refused = client.get("/conversations", params={"where": "stauts:open"})
    assert (refused.status_code, refused.json()["slug"]) == (422, "PT-FILTER")
    assert "did you mean status?" in refused.json()["why"]


def test_while_a_colleague_types_an_answer_one_is_asked_first(shop: Shop, bia: User) -> None:
    conversation = shop.wrote("oi")
    ana = people.user(shop.store, shop.org, "ana@loja.example", "ana")
    here = {(conversation.id, ana.id or 0): "ana"}

    def typing(talk: int, user: int | None) -> tuple[int, str] | None:
        return next(((id_, name) for (where, id_), name in here.items() if where == talk and id_ != user), None)

    path = f"/conversations/{conversation.id}/messages"
    with open_api(shop.store, colleague_typing=typing) as face:
        with face.as_(agent(shop, ana)) as client:
            assert client.post(path, json={"text": "sou eu"}).status_code == 201
        with face.as_(agent(shop, bia)) as client:
            refused = client.post(path, json={"text": "olá", "client_id": "b1"})
            assert (refused.status_code, refused.json()["slug"]) == (409, "PT-COLLEAGUE-TYPING")
            assert (refused.json()["values"]["agent"], refused.json()["values"]["agent_id"]) == ("ana", ana.id)
            assert client.post(path, json={"text": "olá", "client_id": "b1", "sure": True}).status_code == 201
            again = client.post(path, json={"text": "olá", "client_id": "b1"})
            assert again.status_code == 201
        here.clear()
        with face.as_(agent(shop, bia)) as client:
            assert client.post(path, json={"text": "mais uma"}).status_code == 201
