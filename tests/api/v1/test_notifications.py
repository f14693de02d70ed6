"""Notifications over the API: only one's own, page by page, seen or not."""

from __future__ import annotations

from pytake_cli.services import notifications
from tests.kit import people
from tests.kit.api import open_api, somebody
from tests.kit.shop import Shop
from tests.kit.stores import NOW


def test_everybody_sees_and_reads_only_their_own(shop: Shop) -> None:
    bia = people.user(shop.store, shop.org, "bia@loja.example", "bia")
    talk = shop.wrote()
    with shop.store.write() as db:
        for turn in range(3):
            both = [shop.rita.id or 0, bia.id or 0]
            notifications.tell(db, shop.org, both, "mention", NOW, conversation_id=talk.id, by="caio", turn=turn)
    with open_api(shop.store) as face:
        me = somebody(shop.org, user_id=bia.id)
        rita = somebody(shop.org, user_id=shop.rita.id)
        with face.as_(me) as client:
            page = client.get("/notifications?limit=2").json()
            assert page["unread"] == 3
            assert [each["parts"]["turn"] for each in page["items"]] == [2, 1]
            assert page["items"][0]["conversation"] == talk.id
            assert page["items"][0]["at"].endswith("Z")
            rest = client.get("/notifications", params={"cursor": page["next"]}).json()
            assert ([each["parts"]["turn"] for each in rest["items"]], rest["next"]) == ([0], None)
            theirs = page["items"][0]["id"] - 1  # rita's
            seen = client.post("/notifications/read", json={"ids": [page["items"][0]["id"], theirs]}).json()
            assert seen == {"read": 1, "unread": 2}
            assert len(client.get("/notifications?unread=true").json()["items"]) == 2
            assert client.post("/notifications/read", json={}).json() == {"read": 2, "unread": 0}
            assert client.post("/notifications/read", json={"ids": ["x"]}).status_code == 422
        with face.as_(rita) as client:
            assert client.get("/notifications").json()["unread"] == 3
        with face.as_(None) as client:
            assert client.get("/notifications").status_code == 401
