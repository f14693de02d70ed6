"""Lists of contacts sent in over the API: planned, taken in, asked about, and gone on with; on every dialect."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from pytake_cli import clock
from pytake_cli.store.imports import contact_import, import_reject
from tests.api.v1.test_nouns import ok
from tests.kit.api import Face, open_api, somebody
from tests.kit.children import wait_until
from tests.kit.stocked import Stock

LIST = "nome;fone;cidade\nAna;(11) 96818-4301;Campinas\nBia;(11) 96818-4302;Natal\nCaio;12;Natal\n"
WHERE = "/contacts/imports"


def sent(client: httpx.Client, text: str, where: str = WHERE, key: str = "", **params: Any) -> httpx.Response:
    headers = {"content-type": "application/octet-stream"} | ({"idempotency-key": key} if key else {})
    return client.post(where, params={"name": "feira.csv", **params}, content=text.encode(), headers=headers)


def ended(client: httpx.Client, id_: int) -> dict[str, Any]:
    wait_until(lambda: ok(client.get(f"{WHERE}/{id_}"))["state"] != "running", 20.0, every=0.05)
    found: dict[str, Any] = ok(client.get(f"{WHERE}/{id_}"))
    return found


def test_a_list_is_planned_taken_in_and_its_rejects_are_told(client: httpx.Client) -> None:
    plan = ok(sent(client, LIST, f"{WHERE}/plan"))
    assert [(each["becomes"], each["new"]) for each in plan["columns"]][1] == ("phone", False)
    assert (plan["counts"]["new"], plan["counts"]["rejected"]) == (2, 1)
    began = sent(client, LIST, tag=["feira", "Natal 26"], key="k1")
    id_ = ok(began, 202)["id"]
    done = ended(client, id_)
    assert (done["state"], done["rows_done"], done["source"]) == ("done", 3, "feira.csv")
    assert (done["counts"]["new"], done["counts"]["rejected"]) == (2, 1)
    [reject] = ok(client.get(f"{WHERE}/{id_}/rejects"))["items"]
    assert reject["line"] == 4
    found = ok(client.get("/contacts", params={"where": 'tag = "natal 26"'}))["items"]
    assert {each["name"] for each in found} == {"Ana", "Bia"}
    again = sent(client, LIST, tag=["feira", "Natal 26"], key="k1")
    assert (ok(again, 202)["id"], again.headers["idempotent-replayed"]) == (id_, "true")
    other = sent(client, LIST + "Davi;(11) 96818-4303;Natal\n", key="k1")
    assert (other.status_code, other.json()["slug"]) == (409, "PT-IMPORT-KEY")


def test_the_cells_of_rejected_rows_are_not_kept(client: httpx.Client, stock: Stock) -> None:
    ended(client, ok(sent(client, LIST), 202)["id"])
    with stock.store.read() as db:
        assert db.execute(sa.select(import_reject.c.cells)).scalars().all() == [[]]


def test_an_import_that_died_says_so_and_goes_on_when_the_list_is_sent_again(
    client: httpx.Client, stock: Stock
) -> None:
    id_ = ok(sent(client, LIST), 202)["id"]
    ended(client, id_)
    with stock.store.write() as db:
        then = clock.now() - timedelta(minutes=5)
        db.execute(
            sa.update(contact_import)
            .where(contact_import.c.id == id_)
            .values(state="running", rows_done=1, counts={"rows": 1, "new": 1}, updated_at=then)
        )
        db.execute(sa.delete(import_reject))
    assert ok(client.get(f"{WHERE}/{id_}"))["state"] == "stopped"
    assert ok(sent(client, LIST), 202)["id"] == id_
    wait_until(lambda: ok(client.get(f"{WHERE}/{id_}"))["state"] == "done", 20.0, every=0.05)
    counts = ok(client.get(f"{WHERE}/{id_}"))["counts"]
    assert (counts["rows"], counts["new"], counts["same"], counts["rejected"]) == (3, 1, 1, 1)


@pytest.mark.parametrize(
    ("text", "params", "status", "slug"),
    [
        ("", {}, 422, "PT-IMPORT-EMPTY"),
        (LIST, {"country": "QQ"}, 422, "PT-ORG-COUNTRY"),
        (LIST, {"map": ["fone"]}, 422, "PT-USAGE-CHANGE"),
        (LIST, {"consent": "marketing"}, 400, "PT-IMPORT-CONSENT"),
        (
            LIST,
            {"consent": "marketing", "consent_source": "x", "consent_at": "2099-01-01T00:00:00Z"},
            400,
            "PT-IMPORT-CONSENT",
        ),
        (LIST, {"color": "red"}, 422, "PT-API-BODY"),
    ],
)
def test_what_cannot_be_taken_in_is_said_at_once(
    client: httpx.Client, text: str, params: dict[str, Any], status: int, slug: str
) -> None:
    answer = sent(client, text, **params)
    assert (answer.status_code, answer.json()["slug"]) == (status, slug)
    assert [each["source"] for each in ok(client.get(WHERE))["items"]] == ["a.csv"]


def test_a_list_larger_than_files_may_be_is_refused(stock: Stock) -> None:
    with open_api(stock.store, most_upload_bytes=5_000_000, most_body_bytes=1_000_000) as face:
        for size, statuses in ((5_000_001, (413,)), (1_100_000, (202, 422))):  # a refused one ends its connection
            with face.as_(somebody(stock.org, "*")) as client:
                assert sent(client, "x" * size).status_code in statuses


def test_importing_needs_the_right_to_write_contacts(face: Face, stock: Stock) -> None:
    with face.as_(somebody(stock.org, "contacts:read")) as client:
        assert sent(client, LIST).status_code == 403
        assert client.get(f"{WHERE}/{stock.imported}/rejects").status_code == 403
