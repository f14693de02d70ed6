"""Every route of the document, with every kind of person and with another organisation's things."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlmodel import SQLModel, select

from pytake_cli.policy.permissions import PERMISSIONS, ROLES, allows
from tests.api.v1.walk import MISSING, OPEN, Route, body_of, routes
from tests.kit.api import Face, Somebody, open_api, somebody
from tests.kit.shop import Shop
from tests.kit.stocked import Stock
from tests.store.test_isolation import furnish

# noun -> what of it the first organisation calls something; whatever is numbered has 1 there
NAMES = {"segments": "vip", "fields": "plano", "campaigns": "bf", "flows": "faq", "templates": "oi", "plans": "plan_1"}
CUSTOM = ("contacts:read", "segments:write")  # a role that an organisation made for itself


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


def test_every_route_says_who_may_use_it(face: Face) -> None:
    with face.as_(None) as client:
        document = client.get("/openapi.json").json()
    found = list(routes(document))
    assert [str(route) for route in found if route.needs is None and not route.path.startswith(OPEN)] == []
    named = {name for route in found for name in route.needs or ()}
    assert named <= {*PERMISSIONS, "*"}


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
    assert pairs >= 400


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
    assert pairs >= 30


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
