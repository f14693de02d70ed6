"""Canned replies, macros and automations over the API."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest

from pytake_cli import clock
from pytake_cli.services import automation_runs
from pytake_cli.store.users import User
from tests.kit import people
from tests.kit.api import Face, Somebody, open_api
from tests.kit.shop import Shop
from tests.kit.stores import make_org

TEXT = "Oi {{ contact.first_name }}, chega em {{ prazo | 5 a 7 }} dias."
RULE = "name: marca\nwhen: {keyword: boleto}\nthen: [{label: financeiro}, {reply: 'Já envio!'}]\n"


@pytest.fixture
def face(shop: Shop) -> Iterator[Face]:
    with open_api(shop.store) as face:
        yield face


@pytest.fixture
def bia(shop: Shop) -> User:
    return people.user(shop.store, shop.org, "bia@loja.example", "bia")


@pytest.fixture
def client(face: Face, shop: Shop, bia: User) -> Iterator[httpx.Client]:
    with face.as_(Somebody(shop.org, user_id=bia.id, name=bia.name)) as client:
        yield client


def test_a_canned_reply_is_kept_filled_used_changed_and_deleted(client: httpx.Client, shop: Shop) -> None:
    talk = shop.wrote("oi")
    made = client.post("/canned", json={"key": "prazo", "title": "Prazo", "texts": {"": TEXT}, "labels": ["entrega"]})
    assert made.status_code == 201
    assert client.post("/canned", json={"key": "prazo", "texts": {"": "x"}}).status_code == 409
    assert client.post("/canned/prazo/used").status_code == 204
    [row] = client.get("/canned", params={"q": "praz", "conversation": talk.id}).json()["items"]
    assert row["filled"].endswith(", chega em 5 a 7 dias.")
    assert row["text"].endswith(", chega em {{prazo|5 a 7}} dias.")
    [stop] = row["stops"]
    assert row["filled"][stop["start"] : stop["end"]] == stop["default"] == "5 a 7"
    assert (row["uses"], row["own"], row["labels"]) == (1, False, ["entrega"])
    assert client.get("/canned", params={"q": "zzz"}).json()["items"] == []
    tag = client.get("/canned/prazo").headers["etag"]
    assert client.put("/canned/prazo", json={"texts": {"": "Olá"}}).status_code == 428
    assert client.put("/canned/prazo", json={"texts": {"": "Olá"}}, headers={"if-match": tag}).status_code == 200
    assert client.put("/canned/prazo", json={"texts": {"": "Oi"}}, headers={"if-match": tag}).status_code == 412
    assert client.delete("/canned/prazo", headers={"if-match": "*"}).status_code == 204
    assert client.get("/canned/prazo").status_code == 404


def test_a_macro_is_run_by_an_action_and_undone_as_one(client: httpx.Client, shop: Shop) -> None:
    talk = shop.wrote("oi")
    steps = [{"label": "vip"}, {"priority": "high"}, {"note": "conferido por {{ agent.name }}"}]
    assert client.post("/macros", json={"name": "vip", "steps": steps}).json()["steps"][0] == "label: vip"
    assert client.post("/macros", json={"name": "x", "steps": [{"lable": "a"}]}).status_code == 422
    seen = client.post("/macros/vip/preview", json={"conversation": talk.id}).json()
    assert seen[2] == {"step": "note", "what": "conferido por bia", "talks": False}
    done = client.post(f"/conversations/{talk.id}/actions", json={"action": "macro", "macro": "vip"}).json()
    assert (done["conversation"]["labels"], done["conversation"]["priority"]) == (["vip"], "high")
    undone = client.post("/undo", json={"change": done["change"]})
    assert undone.status_code == 200, undone.json()
    row = client.get(f"/conversations/{talk.id}").json()
    assert (row["labels"], row["priority"]) == ([], "normal")
    many = client.post("/bulk", json={"ids": [talk.id, 999], "action": "macro", "macro": "vip"}).json()
    assert (many["done"], [each["id"] for each in many["skipped"]]) == ([talk.id], [999])
    assert client.post("/undo", json={"batch": many["batch"]}).status_code == 200
    assert client.get(f"/conversations/{talk.id}").json()["labels"] == []
    assert client.get("/macros").json()["items"][0]["uses"] == 2


def test_a_macro_that_cannot_send_leaves_all_as_it_was(client: httpx.Client, shop: Shop) -> None:
    talk = shop.wrote("oi", at=clock.now() - timedelta(hours=30))
    client.post("/macros", json={"name": "fala", "steps": [{"priority": "high"}, {"reply": "oi"}]})
    refused = client.post(f"/conversations/{talk.id}/actions", json={"action": "macro", "macro": "fala"})
    assert refused.json()["slug"] == "PT-WA-131047"
    assert client.get(f"/conversations/{talk.id}").json()["priority"] == "normal"


def test_an_automation_is_published_tried_out_run_and_switched_off(client: httpx.Client, shop: Shop) -> None:
    made = client.post("/automations", json={"source": RULE})
    assert (made.status_code, made.json()["when"], made.json()["then"]) == (
        201,
        ["keyword"],
        ["label: financeiro", "reply: Já envio!"],
    )
    wrong = client.post("/automations", json={"source": "when: mesage_in\nthen: [{note: a}]"})
    assert (wrong.status_code, wrong.json()["slug"]) == (422, "PT-AUTO-FILE")
    talk = shop.wrote("boleto")
    automation_runs.work(shop.store, clock.now())
    since = (clock.now() - timedelta(days=1)).isoformat()
    assert client.post("/automations/dry-run", json={"source": RULE, "since": since}).status_code == 200
    page = client.get("/automations/runs", params={"conversation": talk.id, "state": "done"}).json()
    assert page["next"] is None
    assert client.get("/automations/runs", params={"automation": "nada"}).status_code == 404
    assert client.post("/automations/marca/disable").json()["enabled"] is False
    tag = client.get("/automations/marca").headers["etag"]
    assert client.put("/automations/marca", json={"source": RULE}, headers={"if-match": tag}).status_code == 200
    other = client.put(
        "/automations/marca", json={"source": "name: x\nwhen: opened\nthen: [{note: a}]"}, headers={"if-match": "*"}
    )
    assert other.status_code == 422
    assert client.delete("/automations/marca", headers={"if-match": tag}).status_code == 204
    assert client.get("/automations").json()["items"] == []


def test_an_agent_reads_and_runs_and_another_organisation_sees_nothing(
    client: httpx.Client, face: Face, shop: Shop, bia: User
) -> None:
    client.post("/canned", json={"key": "oi", "texts": {"": "Olá"}})
    client.post("/macros", json={"name": "m", "steps": [{"note": "a"}]})
    client.post("/automations", json={"source": RULE})
    rights = frozenset({"conversations:read", "conversations:write", "canned:read"})
    with face.as_(Somebody(shop.org, rights, role="AGENT", user_id=bia.id)) as agent:
        assert agent.get("/canned").status_code == 200
        assert agent.post("/canned", json={"key": "x", "texts": {"": "x"}}).status_code == 403
        assert agent.get("/automations").status_code == 403
    with face.as_(Somebody(make_org(shop.store, "outra"))) as stranger:
        for path in ("/canned/oi", "/macros/m", "/automations/marca"):
            assert stranger.get(path).status_code == 404
        for path in ("/canned", "/macros", "/automations", "/automations/runs"):
            assert stranger.get(path).json()["items"] == []
