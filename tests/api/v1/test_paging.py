"""Lists in pages: every one has them, and page by page there is on them what there is at once."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.api.v1.test_nouns import ok
from tests.api.v1.walk import Route, routes
from tests.kit.stocked import Stock, shelve

# Answers that are a table of figures, or as long as what was asked for is.
FIGURES = {
    "/analytics/{part}", "/auth/sessions", "/campaigns/{name}/failures", "/campaigns/{name}/replies", "/search",
    "/ops/people", "/ops/queue", "/sla/report", "/users/{user}/sessions",
}  # fmt: skip
MADE: tuple[tuple[str, dict[str, Any]], ...] = (
    ("/labels", {"name": "Ágil"}),
    ("/teams", {"slug": "apoio", "name": "Apoio"}),
    ("/users", {"email": "ana@norte.example"}),
    ("/canned", {"key": "cep", "texts": {"": "01310-100"}}),
    ("/macros", {"name": "ciao", "steps": [{"note": "ciao"}]}),
    ("/views", {"name": "Boleto", "where": "text:boleto"}),
    ("/segments", {"name": "todos", "query": "tag = vip"}),
)


def lists(document: dict[str, Any]) -> list[Route]:
    """Every GET that answers with a Page."""
    found = []
    for route in routes(document):
        content = route.operation["responses"].get("200", {}).get("content", {})
        schema = content.get("application/json", {}).get("schema", {})
        if route.method == "GET" and schema.get("$ref", "").rpartition("/")[2].startswith("Page_"):
            found.append(route)
    return found


def through(client: httpx.Client, path: str) -> list[Any]:
    """What a list has, one at a time."""
    items: list[Any] = []
    cursor: dict[str, Any] = {}
    while True:
        page = ok(client.get(path, params={"limit": 1, **cursor}))
        items += page["items"]
        if page["next"] is None:
            return items
        cursor = {"cursor": page["next"]}
        assert len(items) < 100, path


def test_every_list_comes_in_pages_and_they_make_up_the_whole(client: httpx.Client, stock: Stock) -> None:
    shelve(client)
    for path, body in MADE:
        ok(client.post(path, json=body), 201)
    walked = 0
    for route in lists(ok(client.get("/openapi.json"))):
        if route.path in FIGURES:
            continue
        taken = {each["name"] for each in route.operation.get("parameters", ())}
        assert {"limit", "cursor"} <= taken, f"{route} has no pages"
        if not route.parameters and route.path != "/audit":  # which grows while it is read
            whole = ok(client.get(route.path))["items"]
            walked += len(whole) > 1
            assert through(client, route.path) == whole, str(route)
    assert walked >= 10


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_who_comes_or_goes_between_two_pages_hides_nobody(client: httpx.Client) -> None:
    for name in ("alfa", "bravo", "delta"):
        ok(client.post("/labels", json={"name": name}), 201)
    first = ok(client.get("/labels", params={"limit": 2}))
    ok(client.post("/labels", json={"name": "aaa"}), 201)
    assert client.delete("/labels/bravo", headers={"if-match": "*"}).status_code == 204
    second = ok(client.get("/labels", params={"limit": 2, "cursor": first["next"]}))
    assert [each["name"] for each in second["items"]] == ["delta"]
    refused = client.get("/labels", params={"cursor": "WzFd"})
    assert (refused.status_code, refused.json()["slug"]) == (400, "PT-API-CURSOR")
