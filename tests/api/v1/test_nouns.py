"""What people do over the API, noun by noun, from the first request to what is in the store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from pytake_cli.services import campaigns
from pytake_cli.store.campaigns import Campaign
from tests.kit.api import Face, open_api, somebody
from tests.kit.shop import Shop
from tests.kit.stocked import FLOW, GREETING, Stock

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6300010000050001" + "0d0a2db40000000049454e44ae426082"
)


@pytest.fixture
def stock(shop: Shop) -> Stock:
    return Stock(shop.store)


@pytest.fixture
def client(stock: Stock) -> Iterator[httpx.Client]:
    with open_api(stock.store) as face, _of(face, stock) as client:
        yield client


def _of(face: Face, stock: Stock) -> httpx.Client:
    return face.as_(somebody(stock.org, "*", user_id=stock.rita.id), if_match="*")


def ok(answer: httpx.Response, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json() if answer.content else None


def test_a_contact_is_made_changed_tagged_heard_and_put_away(client: httpx.Client) -> None:
    made = ok(client.post("/contacts", json={"phone": "(11) 96818-4199", "name": "Ana", "tags": ["feira"]}), 201)
    target = f"/contacts/{made['id']}"
    ok(client.post("/fields", json={"name": "cidade", "type": "text"}), 201)
    changed = ok(client.patch(target, json={"stage": "lead", "fields": {"cidade": "Campinas"}}))
    assert (changed["stage"], changed["fields"], changed["tags"]) == ("lead", {"cidade": "Campinas"}, ["feira"])
    assert ok(client.patch(target, json={"fields": {"cidade": None}}))["fields"] == {}
    assert ok(client.post(f"{target}/tags", json={"add": ["vip"], "remove": ["feira"]}))["tags"] == ["vip"]
    said = {"topic": "marketing", "granted": True, "source": "loja"}
    assert ok(client.post(f"{target}/consent", json=said))["marketing_granted_at"] is not None
    card = ok(client.post(f"{target}/notes", json={"body": "prefere de manhã"}), 201)
    assert card["notes"][0]["body"] == "prefere de manhã"
    assert {"stage", "note", "tag:vip"} <= {line["what"] for line in ok(client.get(f"{target}/history"))["items"]}
    ok(client.delete(target), 204)
    assert client.get(target).status_code == 404


def test_whoever_is_blocked_is_told_to_meta_if_there_is_a_token(client: httpx.Client, stock: Stock) -> None:
    blocked = ok(client.post(f"/contacts/{stock.contact}/block"))
    assert blocked["contact"]["blocked_at"] is not None
    assert [each["state"] for each in blocked["meta"]] == ["not asked"]
    assert ok(client.post(f"/contacts/{stock.contact}/unblock"))["contact"]["blocked_at"] is None


def test_contacts_are_taken_out_as_a_file(client: httpx.Client, stock: Stock) -> None:
    answer = client.get("/contacts/export", params={"fields": "id,name,phone", "tag": "vip"})
    assert answer.headers["content-disposition"] == 'attachment; filename="contacts.csv"'
    assert answer.headers["content-type"].startswith("text/csv")
    assert len(answer.text.strip().splitlines()) == 2
    assert ok(client.get("/contacts/imports"))["items"][0]["id"] == stock.imported


def test_a_segment_is_counted_explained_changed_and_forgotten(client: httpx.Client) -> None:
    assert ok(client.post("/segments/count", json={"where": "tag = vip"})) == {"people": 1}
    ok(client.post("/segments", json={"name": "todos", "query": "created > -1d"}), 201)
    assert ok(client.get("/segments/todos"))["people"] == 4
    assert ok(client.patch("/segments/todos", json={"query": "tag = vip"}))["people"] == 1
    assert ok(client.post("/segments/preview", json={"name": "todos"}))["total"] == 1
    explained = ok(client.post("/segments/explain", json={"where": "tag = vip stage = lead"}))
    assert [row["people"] for row in explained["conditions"]] == [1, 0]
    assert client.post("/segments/count", json={"where": "idade > "}).json()["slug"].startswith("PT-SEG")
    ok(client.delete("/segments/todos"), 204)
    assert client.get("/segments/todos").status_code == 404


def test_templates_tell_what_one_costs_to_the_customer_of_a_conversation(client: httpx.Client) -> None:
    first = ok(client.get("/conversations"))["items"][0]["id"]
    [promo] = ok(client.get("/templates", params={"conversation": first}))["items"]
    assert (promo["category"], promo["price"]["currency"]) == ("MARKETING", "USD")
    assert 0 < float(promo["price"]["amount"]) < 1
    assert ok(client.get("/templates"))["items"][0]["price"] is None
    assert client.get("/templates", params={"conversation": 99999}).status_code == 404


def test_a_template_is_filled_in_and_a_file_checked(client: httpx.Client) -> None:
    assert ok(client.get("/templates/promo"))["values"][0]["key"] == "1"
    assert ok(client.post("/templates/promo/preview", json={"values": {"1": "Bia"}}))["body"] == "Oi Bia!"
    told = ok(client.post("/templates/lint", json={"text": "category: UTILITY\nname: x\nlanguage: pt_BR\nbdy: oi\n"}))
    assert told["items"]
    spied = client.post("/templates/lint", json={"text": "category: UTILITY\nheader: {image: /etc/passwd}\nbody: a\n"})
    assert spied.json()["slug"] == "PT-TEMPLATE-SAMPLE"


def test_a_campaign_is_planned_launched_once_paused_and_ended(client: httpx.Client, stock: Stock) -> None:
    with_consent = {"topic": "marketing", "granted": True, "source": "loja"}
    reader = next(row["id"] for row in ok(client.get("/contacts"))["items"] if row["id"] != stock.contact)
    ok(client.post(f"/contacts/{reader}/consent", json=with_consent))
    plan = ok(client.post("/campaigns/plan", json={"campaign": GREETING | {"name": "verao"}}))
    assert plan["recipients"] == 1
    order = {"plan": plan["id"], "expect": 1, "max_cost": "USD 1"}
    wrong = client.post("/campaigns/launch", json=order | {"expect": 3})
    assert wrong.json()["slug"] == "PT-CAMP-EXPECT"
    key = {"idempotency-key": "verao-2026"}
    first = ok(client.post("/campaigns/launch", json=order, headers=key), 201)
    again = client.post("/campaigns/launch", json=order, headers=key)
    assert again.headers["idempotent-replayed"] == "true"
    assert again.json() == first
    assert ok(client.post("/campaigns/verao/pause"))["status"] == "paused"
    assert ok(client.post("/campaigns/verao/resume"))["status"] == "running"
    people = ok(client.get("/campaigns/verao/recipients"))
    assert [row["contact_id"] for row in people["items"]] == [reader]
    assert ok(client.get("/campaigns/verao/report"))["recipients"] == 1
    assert ok(client.get("/campaigns/verao/replies"))["items"] == []
    assert ok(client.post("/campaigns/verao/cancel"))["status"] == "cancelled"
    stale = client.delete("/campaigns/verao", headers={"if-match": '"another"'})
    assert (stale.status_code, stale.json()["present"]["name"]) == (412, "verao")
    seen = {"if-match": client.get("/campaigns/verao").headers["etag"]}
    ok(client.delete("/campaigns/verao", headers=seen), 204)
    with stock.store.read(stock.org) as db:
        assert db.get(Campaign, first["campaign"]["id"]) is None
        assert campaigns.get(db, stock.org, "promo-de-natal")


def test_a_campaign_names_no_file_of_the_server(client: httpx.Client) -> None:
    answer = client.post("/campaigns/plan", json={"campaign": GREETING | {"audience": {"file": "/etc/passwd"}}})
    assert answer.status_code == 422


def test_a_flow_is_looked_at_checked_published_and_taken_back(client: httpx.Client) -> None:
    card = ok(client.get("/flows/boas-vindas"))
    assert [row["step"] for row in card["outline"]] == ["pergunta", "fim"]
    assert "pergunta" in card["tree"]
    problems = ok(client.post("/flows/check", json={"text": FLOW.replace("next: fim", "next: nada")}))["items"]
    assert problems[0]["line"]
    refused = client.post("/flows/publish", json={"text": FLOW.replace("next: fim", "next: nada")})
    assert refused.status_code == 422
    assert refused.json()["problems"]
    seen = {"if-match": client.get("/flows/boas-vindas").headers["etag"]}
    wanted = {"text": FLOW.replace("Olá", "Oi"), "message": "mais curto"}
    second = ok(client.post("/flows/publish", json=wanted, headers=seen))
    late = client.post("/flows/publish", json={"text": FLOW.replace("Olá", "E aí")}, headers=seen)
    assert (late.status_code, late.json()["present"]) == (412, {"version": 2})
    assert (second["version"], second["before"]) == (2, 1)
    assert len(ok(client.get("/flows/boas-vindas/versions"))["items"]) == 2
    assert ok(client.post("/flows/boas-vindas/rollback", json={}))["version"] == 1
    assert ok(client.post("/flows/boas-vindas/disable"))["paused"] is True
    assert ok(client.get("/flows/boas-vindas/stats"))["entries"] == 1
    assert ok(client.get("/flow-sessions"))["items"][0]["flow"] == "boas-vindas"


def test_a_talk_with_a_flow_goes_from_the_first_word_to_the_last(client: httpx.Client) -> None:
    talk = ok(client.post("/simulator", json={"flow": "boas-vindas"}), 201)
    target = f"/simulator/{talk['id']}"
    assert ok(client.post(f"{target}/say", json={"text": "oi"}))["waits_for"] == "reply"
    assert ok(client.post(f"{target}/advance", json={"seconds": 60}))["now"] > talk["now"]
    ended = ok(client.post(f"{target}/say", json={"text": "Ana"}))
    assert [(line["who"], line["text"]) for line in ended["lines"]][-2:] == [("bot", "Olá, Ana!"), ("end", "completed")]
    assert ok(client.get(target))["outcome"] == "completed"
    ok(client.delete(target), 204)
    assert client.get(target).status_code == 404


def test_a_file_comes_back_as_it_was_and_as_nothing_that_runs(client: httpx.Client, home: Path) -> None:
    up = ok(client.post("/media", params={"kind": "image", "name": "../../foto.png"}, content=PNG), 201)
    assert (up["mime_type"], up["filename"]) == ("image/png", "foto.png")
    down = client.get(f"/media/{up['id']}")
    assert down.content == PNG
    assert down.headers["x-content-type-options"] == "nosniff"
    assert down.headers["content-disposition"] == f'inline; filename="media-{up["id"]}.png"'
    page = client.post("/media", params={"kind": "image"}, content=b"<script>alert(1)</script>")
    assert page.status_code == 422


def test_words_are_found_and_schedules_held(client: httpx.Client, stock: Stock) -> None:
    found = ok(client.get("/search", params={"q": "Karina", "in": "contacts"}))["items"]
    assert [hit["contact"]["id"] for hit in found] == [stock.contact]
    assert ok(client.get("/schedules/diario"))["runs"][0]["state"] == "done"
    assert ok(client.post("/schedules/diario/pause"))["state"] == "paused"
    assert ok(client.post("/schedules/diario/resume"))["state"] == "active"
    assert ok(client.post("/schedules/diario/run"), 202)["state"] == "queued"
    assert ok(client.get("/ops/queue"))["items"][0]["id"] == f"job:{stock.job}"
    assert ok(client.get("/numbers"))["items"][0]["has_token"] is False


def test_the_organisation_is_changed_by_its_version(client: httpx.Client) -> None:
    assert ok(client.patch("/org", json={"tz": "America/Manaus"}))["tz"] == "America/Manaus"
    assert client.patch("/org", json={"tz": "Marte/Olympus"}).status_code == 422
