"""/ops: how the work stands, what waits, who is here; only what belongs to the organisation."""

from __future__ import annotations

from pytake_cli import clock
from pytake_cli.services import incidents
from tests.kit import people
from tests.kit.api import open_api, somebody
from tests.kit.shop import Shop
from tests.kit.stores import make_org


def test_the_standing_counts_what_waits_and_what_is_stuck(shop: Shop) -> None:
    conversation = shop.wrote()
    with shop.store.write(shop.org) as db:
        people.outgoing(db, conversation, "olá", status="unknown", at=clock.now())
        incidents.tell(db, shop.org, "PT-NUMBER-TEMPLATES", "campaigns wait", clock.now())
    with open_api(shop.store) as face, face.as_(somebody(shop.org)) as client:
        standing = client.get("/ops/status").json()
        assert (standing["state"], standing["unknown"], standing["windows_open"]) == ("queue", 1, 1)
        [waiting] = client.get("/ops/queue").json()["items"]
        assert waiting["state"] == "unknown"
        assert client.get("/ops/incidents").json()["items"][0]["slug"] == "PT-NUMBER-TEMPLATES"
        assert client.post(f"/ops/queue/{waiting['id']}/drop").json()["state"] == "failed"
        assert client.get("/ops/queue").json()["items"] == []
        assert [each["name"] for each in client.get("/ops/people").json()["items"]] == ["Rita"]


def test_nobody_sees_or_moves_what_is_another_organisations(shop: Shop) -> None:
    conversation = shop.wrote()
    with shop.store.write(shop.org) as db:
        queued = people.outgoing(db, conversation, "olá", status="queued", at=clock.now()).id
    with open_api(shop.store) as face, face.as_(somebody(make_org(shop.store, "outra"))) as client:
        assert client.get("/ops/queue").json()["items"] == []
        assert client.get("/ops/people").json()["items"] == []
        assert client.post(f"/ops/queue/message:{queued}/drop").status_code == 404


def test_looking_is_for_those_who_may(shop: Shop) -> None:
    with open_api(shop.store) as face:
        with face.as_(somebody(shop.org, "conversations:read")) as client:
            assert client.get("/ops/status").status_code == 403
        with face.as_(somebody(shop.org, "ops:read")) as client:
            assert client.get("/ops/status").status_code == 200
            assert client.post("/ops/queue/message:1/drop").status_code == 403
