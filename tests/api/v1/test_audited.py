"""Every route that changes something leaves a row in the audit log, and every route that shows people's data too."""

from __future__ import annotations

from typing import Any

from sqlmodel import col, func, select

from pytake_cli.services import audit
from pytake_cli.store.audit import AuditEntry
from tests.api.v1.test_nouns import ok
from tests.api.v1.test_rights import own
from tests.api.v1.walk import Route, body_of, routes
from tests.kit.api import Face, somebody
from tests.kit.stocked import Stock, shelve

# Changes nobody asks about later: what somebody has seen, or plays through without a customer. Routes of /auth are
# walked in test_login.py, where logins are real.
QUIET = ("/auth/", "/notifications/read", "/used", "/flow-simulator", "/simulator")
# POSTs that look and do not change; what they show of people is noted as a look.
LOOKS = ("/count", "/preview", "/explain", "/check", "/lint", "/dry-run", "/imports/plan", "/campaigns/plan")
# Nouns whose lists and cards hold no customer's data.
IMPERSONAL = (
    "analytics", "audit", "auth", "automations", "campaigns", "canned", "fields", "flows", "labels", "macros", "me",
    "notifications", "numbers", "ops", "org", "roles", "schedules", "segments", "sla", "tags", "teams", "templates",
    "tokens", "users", "views",
)  # fmt: skip
WITHOUT_PEOPLE = ("/contacts/imports", "/contacts/imports/{id}", "/media/{id}/about")
OWN = {"/campaigns/{name}/recipients", "/campaigns/{name}/replies"}


def entries(stock: Stock) -> int:
    with stock.store.read() as db:
        return db.exec(select(func.count(col(AuditEntry.id)))).one()


def document(face: Face) -> dict[str, Any]:
    with face.as_(None) as client:
        found: dict[str, Any] = client.get("/openapi.json").json()
        return found


def changes(route: Route) -> bool:
    return route.needs is not None and route.method != "GET" and not any(part in route.path for part in QUIET + LOOKS)


def test_every_change_that_comes_about_is_in_the_log(face: Face, stock: Stock) -> None:
    unheard, done = [], 0
    described = document(face)
    with face.as_(somebody(stock.org, "*", user_id=stock.rita.id), if_match="*") as client:
        shelve(client)
        for route in sorted(routes(described), key=lambda each: each.method == "DELETE"):
            if not changes(route):
                continue
            before = entries(stock)
            target = route.address(dict(own(route, stock)))
            answer = client.request(route.method, target, json=body_of(described, route.operation))
            if answer.status_code < 300:
                done += 1
                face.office.reads.write(stock.store)  # drafts, once for many letters
                if entries(stock) == before:
                    unheard.append(f"{route} -> {answer.status_code}")
    assert unheard == []
    assert done >= 50
    with stock.store.read() as db:
        assert audit.verify(db, stock.org).wrong == ""


def test_every_look_at_peoples_data_is_in_the_log(face: Face, stock: Stock) -> None:
    unheard, done = [], 0
    with face.as_(somebody(stock.org, "*", user_id=stock.rita.id)) as client:
        for route in routes(document(face)):
            noun = route.path.split("/")[1]
            personal = (noun not in IMPERSONAL or route.path in OWN) and route.path not in WITHOUT_PEOPLE
            if route.method != "GET" or not personal or route.needs is None or "draft" in route.path:
                continue
            face.office.reads.write(stock.store)
            face.office.reads._seen.clear()
            before = entries(stock)
            answer = client.get(route.address(dict(own(route, stock))), params={"q": "ana"} if noun == "search" else {})
            if answer.status_code == 200:
                done += 1
                face.office.reads.write(stock.store)
                if entries(stock) == before:
                    unheard.append(str(route))
    assert unheard == []
    assert done >= 10


def test_a_message_and_a_reading_name_who_and_which(face: Face, stock: Stock) -> None:
    talk = f"/conversations/{stock.conversation.id}"
    with face.as_(somebody(stock.org, "*", user_id=stock.rita.id), if_match="*") as client:
        ok(client.get(f"{talk}/timeline"))
        ok(client.post(f"{talk}/actions", json={"action": "claim"}))
        ok(client.post(f"{talk}/messages", json={"text": "oi", "takeover": True}), 201)
        face.office.reads.write(stock.store)
        told = [(each["action"], each["target"]) for each in ok(client.get("/audit"))["items"]]
    assert told[:3] == [
        ("conversation.read", f"conversation:{stock.conversation.id}"),
        ("conversations.write", f"{talk}/messages"),
        ("conversation.claim", f"conversation:{stock.conversation.id}"),
    ]
