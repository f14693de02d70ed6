"""Schedules and templates that are made, changed and taken away over the API, on every dialect."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from pytake_cli.emulator import defaults
from pytake_cli.store.numbers import Number
from tests.api.v1.test_nouns import ok
from tests.kit.api import Face, somebody
from tests.kit.children import environment, free_port, wait_until
from tests.kit.home import Emulator
from tests.kit.stocked import Stock

REMIND = {"name": "remind", "rule": {"cron": "0 9 * * 1-5"}, "command": ["campaign", "launch", "remind"]}
PROMO = """\
name: {name}
language: pt_BR
category: MARKETING
body: |
  Olá {{{{nome}}}}, o cupom {{{{cupom}}}} {words}
footer: Para não receber mais, toque em Parar
buttons:
  - reply: Parar
examples: {{nome: Karina, cupom: SUL10}}
"""


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    port, folder = free_port(), tmp_path_factory.mktemp("emulator")
    nowhere = f"http://127.0.0.1:{free_port()}/webhooks/whatsapp"
    arguments = ["--port", str(port), "--webhook-url", nowhere, "--state-dir", str(folder), "--seed", "1"]
    started = Emulator(port, arguments, environment(folder), folder)
    started.up()
    started.post("config", review_delay="10ms")
    yield started
    started.kill()


@pytest.fixture
def at_meta(emulator: Emulator, stock: Stock, monkeypatch: pytest.MonkeyPatch) -> Emulator:
    monkeypatch.setenv("PYTAKE_WHATSAPP__GRAPH_URL", emulator.url)
    monkeypatch.setenv("PYTAKE_SECRET_ACCESS_TOKEN", "EAAG-emulated-token-1234567890")
    with stock.store.write() as db:
        number = db.get_one(Number, stock.number)
        number.phone_number_id, number.waba_id = defaults.PHONE_NUMBER_ID, defaults.WABA_ID
    return emulator


def test_a_schedule_is_made_changed_and_deleted(client: httpx.Client) -> None:
    answer = client.post("/schedules", json=REMIND, headers={"idempotency-key": "k1"})
    made = ok(answer, 201)
    assert made["command"] == ["campaign", "launch", "remind", "--yes", "--expect", "any"]
    assert (made["state"], made["created_by"], len(made["coming"])) == ("active", "rita", 5)
    assert client.post("/schedules", json=REMIND, headers={"idempotency-key": "k1"}).json()["id"] == made["id"]
    assert client.post("/schedules", json=REMIND).json()["slug"] == "PT-SCHEDULE-EXISTS"
    shown = client.get("/schedules/remind")
    assert shown.headers["etag"] == answer.headers["etag"]
    change = {"rule": {"weekly": "mon-fri", "at": "10:00"}, "command": made["command"], "tz": "America/Recife"}
    assert client.patch("/schedules/remind", json=change).status_code == 428
    changed = client.patch("/schedules/remind", json=change, headers={"if-match": shown.headers["etag"]})
    assert (ok(changed)["tz"], changed.json()["next_local"][-5:]) == ("America/Recife", "10:00")
    stale = client.delete("/schedules/remind", headers={"if-match": shown.headers["etag"]})
    assert (stale.status_code, stale.json()["slug"]) == (412, "PT-VERSION")
    ok(client.delete("/schedules/remind", headers={"if-match": changed.headers["etag"]}), 204)
    assert client.get("/schedules/remind").status_code == 404
    assert [each["action"] for each in ok(client.get("/audit"))["items"]][:3] == [
        "schedule.deleted",
        "schedule.changed",
        "schedule.created",
    ]


@pytest.mark.parametrize(
    "command",
    [
        ["user", "create", "eve@x.com"],
        ["campaign", "launch", "../../etc/passwd"],
        ["campaign", "launch", "--plan"],
        ["campaign", "launch", "x", "--at", "now"],
        ["campaign", "launch"],
        ["db", "shell"],
        ["template", "pull", "--files"],
    ],
)
def test_a_schedule_from_afar_runs_only_what_is_harmless(client: httpx.Client, command: list[str]) -> None:
    answer = client.post("/schedules", json={**REMIND, "command": command})
    assert (answer.status_code, answer.json()["slug"]) == (422, "PT-SCHEDULE-COMMAND")


def test_nobody_schedules_what_they_may_not_do_at_once(face: Face, stock: Stock) -> None:
    with face.as_(somebody(stock.org, "schedules:write", "schedules:read")) as client:
        answer = client.post("/schedules", json=REMIND)
        assert (answer.status_code, answer.json()["values"]["permission"]) == (403, "campaigns:launch")
        made = client.patch("/schedules/diario", json={"command": ["template", "pull"]}, headers={"if-match": "*"})
        assert made.status_code == 403


def test_a_rule_that_makes_no_sense_says_what_it_has_to_be(client: httpx.Client) -> None:
    rules: list[dict[str, Any]] = [
        {"cron": "x"},
        {"every": []},
        {"at": 3},
        {"weekly": {"a": 1}},
        {"at": "1999-01-01T09:00"},
        {"a": 1},
    ]
    for rule in rules:
        answer = client.post("/schedules", json={**REMIND, "rule": rule})
        assert answer.status_code == 422, answer.text


def test_a_template_goes_from_a_text_to_metas_approval_is_edited_and_deleted(
    client: httpx.Client, at_meta: Emulator, stock: Stock
) -> None:
    name = "cupom_sqlite" if stock.store.is_sqlite else "cupom_postgres"
    text = PROMO.format(name=name, words="vale até domingo.")
    made = client.post("/templates", json={"text": text})
    assert (ok(made, 201)["status"], made.json()["usable"]) == ("LOCAL", False)
    longer = PROMO.format(name=name, words="ainda vale até domingo.")
    assert client.put(f"/templates/{name}", json={"text": longer}).status_code == 428
    draft = client.put(f"/templates/{name}", json={"text": longer}, headers={"if-match": made.headers["etag"]})
    assert "ainda" in ok(draft)["text"]
    assert ok(client.post(f"/templates/{name}/submit", json={}))["status"] in ("PENDING", "APPROVED")
    assert client.post(f"/templates/{name}/submit", json={}).json()["slug"] == "PT-TEMPLATE-EXISTS"
    wait_until(lambda: _pulled(client, name) == "APPROVED", 10.0, every=0.1)
    seen = client.get(f"/templates/{name}")
    other = PROMO.format(name=name, words="vale até sábado.")
    edited = client.put(f"/templates/{name}", json={"text": other}, headers={"if-match": seen.headers["etag"]})
    assert "sábado" in ok(edited)["text"]
    assert any("sábado" in str(one) for one in at_meta.get("templates") if one["name"] == name)
    again = PROMO.format(name=name, words="vale até terça.")
    hasty = client.put(f"/templates/{name}", json={"text": again}, headers={"if-match": "*"})
    assert hasty.status_code in (409, 422, 429), hasty.text
    stale = client.delete(f"/templates/{name}", headers={"if-match": made.headers["etag"]})
    assert stale.status_code == 412
    ok(client.delete(f"/templates/{name}", headers={"if-match": "*"}), 204)
    assert name not in {one["name"] for one in at_meta.get("templates")}


def _pulled(client: httpx.Client, name: str) -> Any:
    ok(client.post("/templates/pull", json={}))
    return ok(client.get(f"/templates/{name}"))["status"]


def test_a_template_with_mistakes_or_files_of_the_machine_is_refused(client: httpx.Client, tmp_path: Path) -> None:
    answer = client.post("/templates", json={"text": "category: WRONG\nbody: x\n"})
    assert (answer.status_code, bool(answer.json()["problems"])) == (422, True)
    stolen = f"name: a\nlanguage: pt_BR\ncategory: UTILITY\nheader: {{image: {tmp_path}/secret.png}}\nbody: oi ali\n"
    assert client.post("/templates", json={"text": stolen}).json()["slug"] == "PT-TEMPLATE-SAMPLE"


def test_a_template_that_a_campaign_sends_is_deleted_only_by_who_is_sure(client: httpx.Client, stock: Stock) -> None:
    answer = client.delete("/templates/promo", headers={"if-match": "*"})
    assert (answer.status_code, answer.json()["slug"]) == (409, "PT-TEMPLATE-USED")
