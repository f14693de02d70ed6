"""Every route of the document, with every kind of person and with another organisation's things."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import APIRouter
from sqlmodel import SQLModel, select

from pytake_cli import clock
from pytake_cli.api import v1
from pytake_cli.api.v1.routers import ROUTERS
from pytake_cli.policy.permissions import PERMISSIONS, ROLES, allows
from pytake_cli.store import Store
from tests.api.v1.walk import MISSING, OPEN, Route, body_of, routes, rules
from tests.kit import people
from tests.kit.api import Face, Somebody, open_api, somebody
from tests.kit.shop import Shop
from tests.kit.stocked import KNOWN, Stock
from tests.kit.stores import make_number, make_org
from tests.store.test_isolation import furnish

# noun -> what of it the first organisation calls something; whatever is numbered has 1 there
NAMES = {"segments": "vip", "fields": "plano", "campaigns": "bf", "flows": "faq", "templates": "oi", "plans": "plan_1"}
SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # what no query decides
CUSTOM = ("contacts:read", "segments:write")  # a role that an organisation made for itself


@pytest.fixture
def shop(store: Store) -> Shop:
    """The first organisation, on both databases."""
    org = make_org(store, "loja", now=clock.now())
    return Shop(store, org, make_number(store, org, now=clock.now()), people.user(store, org))


@pytest.fixture
def stock(shop: Shop) -> Stock:
    """The second organisation, stocked; the first, `sul`, has a row in every table."""
    return Stock(shop.store)


@pytest.fixture
def face(shop: Shop, stock: Stock) -> Iterator[Face]:
    with open_api(shop.store) as face:
        yield face


def everybody(org: int) -> dict[str, Somebody | None]:
    people: dict[str, Somebody | None] = {role: somebody(org, role=role) for role in ROLES}
    return people | {"custom": somebody(org, *CUSTOM, role="recepcao"), "none": None}


def values(route: Route, *, string: str, number: int) -> dict[str, Any]:
    return {name: number if route.kind(name) == "integer" else string for name in route.parameters}


def noun(route: Route) -> str:
    parts = [part for part in route.path.split("/") if part and not part.startswith("{")]
    return "plans" if "plans" in parts else parts[0]


@SQLITE
def test_no_route_is_missing_from_the_document(face: Face) -> None:
    with face.as_(None) as client:
        document = client.get("/openapi.json").json()
    told = {(route.method, f"{v1.ROOT}{route.path}") for route in routes(document)}
    assert told == set(rules())
    modules = [importlib.import_module(f"{v1.__name__}.{found.name}") for found in pkgutil.iter_modules(v1.__path__)]
    assert {id(module.router) for module in modules if isinstance(getattr(module, "router", None), APIRouter)} == {
        id(router) for router in ROUTERS
    }


@SQLITE
def test_a_role_of_their_own_opens_a_route_with_just_what_it_needs_and_not_with_all_else(
    face: Face, stock: Stock
) -> None:
    wrong, pairs = [], 0
    with face.as_(None, if_match="*") as client:
        document = client.get("/openapi.json").json()
        for route in routes(document):
            for missing in (None, *(route.needs or ())):
                rights = set(route.needs or ()) if missing is None else set(PERMISSIONS) - {missing}
                if not rights:
                    continue
                pairs += 1
                face.people["own"] = somebody(stock.org, *rights, role="recepcao")
                target = route.address(values(route, string=f"nada{MISSING}", number=MISSING))
                body, own = body_of(document, route.operation), {"authorization": "Bearer own"}
                answer = client.request(route.method, target, json=body, headers=own)
                refused = answer.status_code == 403 and answer.json()["slug"] == "PT-ROLE"
                if refused != (missing is not None) or answer.status_code in (401, 500):
                    wrong.append(f"{route} without {missing} -> {answer.status_code} {answer.text[:100]}")
    assert wrong == []
    assert pairs >= 340


@SQLITE
def test_every_route_says_who_may_use_it(face: Face) -> None:
    with face.as_(None) as client:
        document = client.get("/openapi.json").json()
    found = list(routes(document))
    assert [str(route) for route in found if route.needs is None and not route.path.startswith(OPEN)] == []
    named = {name for route in found for name in route.needs or ()}
    assert named <= {*PERMISSIONS, "*"}


@SQLITE
def test_each_may_do_what_the_table_of_permissions_says_and_nothing_else(face: Face, stock: Stock) -> None:
    with face.as_(None) as client:
        document = client.get("/openapi.json").json()
    wrong, pairs = [], 0
    for name, who in everybody(stock.org).items():
        with face.as_(who, if_match="*") as client:
            for route in routes(document):
                if route.needs is None:
                    continue
                pairs += 1
                target = route.address(values(route, string=f"nada{MISSING}", number=MISSING))
                answer = client.request(route.method, target, json=body_of(document, route.operation))
                may = who is not None and all(allows(who.permissions, each) for each in route.needs)
                status = answer.status_code
                right = status not in (401, 403) if may else status == (401 if who is None else 403)
                if not right or status >= 500:
                    wrong.append(f"{name}: {route} -> {status}")
    assert wrong == []
    assert pairs >= 1000


def test_what_belongs_to_another_organisation_is_as_if_it_were_not_there(shop: Shop, face: Face) -> None:
    """The same status and the same words as for a thing that nobody has."""
    furnished = furnish(shop.store, "sul")
    assert furnished != shop.org
    with face.as_(None) as client:
        document = client.get("/openapi.json").json()
    tables = first_ids(shop, furnished)
    wrong, pairs = [], 0
    with face.as_(somebody(shop.org, "*", role="SUPER_ADMIN"), if_match="*") as client:
        for route in routes(document):
            if not route.parameters or route.needs is None:
                continue
            pairs += 1
            body = body_of(document, route.operation)
            theirs = values(route, string=NAMES.get(noun(route), f"x{furnished}"), number=their_id(tables, noun(route)))
            nobodys = values(route, string=f"nada{MISSING}", number=MISSING)
            answers = [
                (client.request(route.method, route.address(each), json=body), each) for each in (theirs, nobodys)
            ]
            told = [(answer.status_code, _without(answer.text, given)) for answer, given in answers]
            if told[0] != told[1] or told[0][0] not in (404, 422):
                wrong.append(f"{route}:\n  {told[0]}\n  {told[1]}")
    assert not wrong, "\n".join(wrong)
    assert pairs >= 90


def test_another_organisations_ids_in_bodies_and_queries_are_as_if_nobody_had_them(
    shop: Shop, face: Face, stock: Stock
) -> None:
    """Every number that a body or a query may name, once theirs and once nobody's: the same answer."""
    tables = first_ids(shop, furnish(shop.store, "sul"))
    with face.as_(None) as client:
        document = client.get("/openapi.json").json()
    wrong, pairs = [], 0
    with face.as_(somebody(stock.org, "*", role="SUPER_ADMIN", user_id=stock.rita.id), if_match="*") as client:
        for route in routes(document):
            if route.needs is None:
                continue
            target = route.address(dict(own(route, stock)))
            for place, name in numbers_of(document, route):
                pairs += 1
                told = []
                for number in (their_number(tables, name), MISSING):
                    params, body = given(document, route, place, name, number)
                    answer = client.request(route.method, target, params=params, json=body)
                    told.append((answer.status_code, _told(answer, number)))
                if told[0] != told[1]:
                    wrong.append(f"{route} {place}.{name}:\n  {told[0]}\n  {told[1]}")
    assert not wrong, "\n".join(wrong)
    assert pairs >= 20


def own(route: Route, stock: Stock) -> Iterator[tuple[str, Any]]:
    """What the organisation of `stock` calls the things of a route."""
    ids = {"contacts": stock.contact, "numbers": stock.number, "conversations": stock.conversation.id}
    for name in route.parameters:
        named = KNOWN.get(noun(route), ids.get(noun(route), MISSING))
        yield name, stock.rita.id if name == "user" else named


def _told(answer: Any, number: int) -> Any:
    """The slug of an error; of anything else what it is, without the number that was asked for."""
    found = answer.json() if answer.content else None
    if isinstance(found, dict) and "slug" in found and "status" in found:
        return found["slug"]
    if isinstance(found, dict) and "skipped" in found:
        return [(each["slug"]) for each in found["skipped"]], len(found["done"])
    return re.sub(rf'":{number}(?=[,}}])', '":…', answer.text) if isinstance(found, dict | list) else found


def test_no_list_shows_a_word_of_another_organisation(shop: Shop, face: Face, stock: Stock) -> None:
    """Every route without a name in it, asked by the first organisation: nothing that only the second has."""
    words = ("rita@norte.example", "Karina Silva", "promo-de-natal", "boas-vindas", "+5511968184200", "diario")
    with face.as_(None) as client:
        document = client.get("/openapi.json").json()
    leaks, seen = [], 0
    for who in everybody(shop.org).values():
        with face.as_(who) as client:
            for route in routes(document):
                if route.method == "GET" and not route.parameters and route.needs is not None:
                    if route.path == "/org/all":
                        continue  # what it is for: all organisations, for super administrators
                    seen += 1
                    text = client.get(route.path, params={"q": "a", "days": 1} if route.path == "/search" else {}).text
                    leaks += [f"{route}: {word}" for word in words if word in text]
    assert leaks == []
    assert seen >= 200


def numbers_of(document: dict[str, Any], route: Route) -> Iterator[tuple[str, str]]:
    """(where, name) of every id that a route takes besides its path."""
    for each in route.operation.get("parameters", ()):
        if each["in"] == "query" and is_id(each["name"], each["schema"]):
            yield "query", each["name"]
    content = route.operation.get("requestBody", {}).get("content", {}).get("application/json")
    if content is not None:
        schema = resolved(document, content["schema"])
        for name, part in schema.get("properties", {}).items():
            if is_id(name, part):
                yield "body", name


def is_id(name: str, schema: dict[str, Any]) -> bool:
    kinds = [schema, *schema.get("anyOf", ())]
    bounded = min(int(kind.get("maximum", MISSING)) for kind in kinds) < MISSING
    return (
        not bounded
        and name not in ("only", "code", "score", "if_version")
        and any(
            kind.get("type") == "integer"
            or (kind.get("type") == "array" and kind.get("items", {}).get("type") == "integer")
            for kind in kinds
        )
    )


def resolved(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in schema:
        found: dict[str, Any] = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        return found
    return schema


def given(document: dict[str, Any], route: Route, place: str, name: str, number: int) -> tuple[dict[str, Any], Any]:
    """The query and the smallest body with this number in its place."""
    body = body_of(document, route.operation)
    if place == "query":
        return {name: number}, body
    schema = resolved(document, route.operation["requestBody"]["content"]["application/json"]["schema"])
    part = schema["properties"][name]
    many = part.get("type") == "array" or any(kind.get("type") == "array" for kind in part.get("anyOf", ()))
    if name == "to":
        body["action"] = "assign"
    return {}, {**(body if isinstance(body, dict) else {}), name: [number] if many else number}


def their_number(ids: dict[str, Any], name: str) -> int:
    """Of `assignee` that of a user; else that of whatever the name is the name of."""
    people = {"assignee": "user_account", "user": "user_account", "agent": "user_account", "to": "user_account"}
    tables = people | {
        "ids": "conversation",
        "change": "conversation_change",
        "reply_to": "message",
        "other": "conversation",
    }
    found = ids.get(tables.get(name, name), ids.get(name.removesuffix("s"), 1))
    return found if isinstance(found, int) else 1


def first_ids(shop: Shop, org: int) -> dict[str, Any]:
    """Table -> the id of a row of the organisation."""
    owned = [table for table in SQLModel.metadata.sorted_tables if {"id", "org_id"} <= set(table.columns.keys())]
    with shop.store.read() as db:
        return {
            table.name: db.execute(select(table.c.id).where(table.c.org_id == org).limit(1)).scalar() for table in owned
        }


def their_id(ids: dict[str, Any], named: str) -> int:
    """Of `flow-sessions` that of the table `flow_session`."""
    table = {"users": "user_account", "imports": "contact_import"}.get(named, named.replace("-", "_"))
    found = ids.get(table, ids.get(table.removesuffix("s"), MISSING))
    return found if isinstance(found, int) else MISSING


def _without(text: str, given: dict[str, Any]) -> str:
    for each in given.values():
        text = text.replace(str(each), "…")
    return text
