"""Logging in over the API: tokens, sessions, passwords, roles, API tokens and the audit log, with real logins."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import httpx
import pytest

from pytake_cli.services import accounts, people, signing_in
from pytake_cli.services.principals import Principal, local
from pytake_cli.store import Store
from pytake_cli.store.users import User
from tests.api.v1.walk import routes
from tests.kit.api import Face, open_api
from tests.kit.stores import NOW, make_org

GOOD = "tres gatos no telhado"
BETTER = "quatro gatos na varanda"


def sign_in(store: Store, token: str, org: str, now: datetime) -> Principal:
    return signing_in.principal_of(store, token, now, org)


@pytest.fixture
def face(store: Store) -> Iterator[Face]:
    org = make_org(store)
    with store.write(org) as db:
        for email, role in (("rita@loja.com", "ORG_ADMIN"), ("ana@loja.com", "AGENT"), ("zoe@loja.com", "SUPER_ADMIN")):
            accounts.invite(db, org_id=org, email=email, now=NOW, role=role)
    for email in ("rita@loja.com", "ana@loja.com", "zoe@loja.com"):
        with store.read(org) as db:
            user = accounts.find_user(db, org, email)
        people.set_password(store, local(org), user, GOOD, NOW)
    with open_api(store, sign_in=sign_in, now=lambda: NOW) as face:
        yield face


def logged_in(face: Face, email: str, password: str = GOOD, **headers: str) -> httpx.Client:
    client = face.as_(None, **headers)
    client.headers["authorization"] = f"Bearer {tokens(face, email, password)['access_token']}"
    return client


def tokens(face: Face, email: str, password: str = GOOD) -> dict[str, Any]:
    with face.as_(None) as client:
        answer = client.post("/auth/login", json={"email": email, "password": password, "agent": "test"})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def with_token(face: Face, token: str) -> httpx.Client:
    client = face.as_(None)
    client.headers["authorization"] = f"Bearer {token}"
    return client


def test_a_login_asks_stays_and_leaves(face: Face) -> None:
    given = tokens(face, "ana@loja.com")
    with with_token(face, given["access_token"]) as ana:
        assert ana.get("/me").json()["role"] == "AGENT"
        [session] = ana.get("/auth/sessions").json()["items"]
        assert (session["agent"], session["current"]) == ("test", True)
        renewed = ana.post("/auth/refresh", json={"refresh_token": given["refresh_token"]}).json()
    with with_token(face, renewed["access_token"]) as ana:
        assert ana.post("/auth/logout").status_code == 204
        assert ana.get("/me").status_code == 401
        assert ana.post("/auth/refresh", json={"refresh_token": renewed["refresh_token"]}).status_code == 401


def test_the_wrong_person_and_the_wrong_password_hear_the_same(face: Face) -> None:
    with face.as_(None) as client:
        answers = [
            client.post("/auth/login", json={"email": email, "password": "nada disso aqui"})
            for email in ("ana@loja.com", "nobody@loja.com")
        ]
    assert [answer.status_code for answer in answers] == [401, 401]
    assert answers[0].content == answers[1].content


def test_switching_off_counts_at_the_next_request(face: Face) -> None:
    with logged_in(face, "rita@loja.com") as rita, logged_in(face, "ana@loja.com") as ana:
        [row] = [each for each in rita.get("/users").json()["items"] if each["email"] == "ana@loja.com"]
        assert ana.get("/me").status_code == 200
        changed = rita.patch(f"/users/{row['id']}", json={"active": False}, headers={"if-match": "*"})
        assert changed.status_code == 200
        assert ana.get("/me").status_code == 401


def test_another_role_counts_at_the_next_request(face: Face) -> None:
    with logged_in(face, "rita@loja.com") as rita, logged_in(face, "ana@loja.com") as ana:
        assert ana.get("/audit").status_code == 403
        made = rita.post("/roles", json={"name": "auditora", "permissions": ["audit:read"]})
        assert made.status_code == 201, made.text
        me = ana.get("/me").json()["id"]
        assert rita.patch(f"/users/{me}", json={"role": "auditora"}, headers={"if-match": "*"}).status_code == 200
        assert ana.get("/audit").status_code == 200
        assert ana.get("/users").status_code == 403


def test_a_new_password_ends_the_other_sessions_and_goes_on_with_this_one(face: Face) -> None:
    with logged_in(face, "ana@loja.com") as elsewhere, logged_in(face, "ana@loja.com") as ana:
        assert ana.post("/auth/password", json={"current": "errada errada", "password": BETTER}).status_code == 401
        answer = ana.post("/auth/password", json={"current": GOOD, "password": BETTER})
        assert answer.status_code == 200, answer.text
        assert elsewhere.get("/me").status_code == 401
        assert ana.get("/me").status_code == 401
        with with_token(face, answer.json()["access_token"]) as again:
            assert again.get("/me").status_code == 200
    assert tokens(face, "ana@loja.com", BETTER)


def test_a_guessable_password_is_refused_and_told_why(face: Face) -> None:
    with logged_in(face, "ana@loja.com") as ana:
        answer = ana.post("/auth/password", json={"current": GOOD, "password": "senha1234567"})
    assert (answer.status_code, answer.json()["slug"]) == (422, "PT-PASSWORD")


def test_an_invitation_s_token_sets_the_first_password_once(face: Face) -> None:
    with logged_in(face, "rita@loja.com") as rita:
        made = rita.post("/users", json={"email": "bia@loja.com", "name": "Bia"}).json()
    with face.as_(None) as nobody:
        setup = {"token": made["setup_token"], "password": BETTER}
        assert nobody.post("/auth/setup", json=setup).status_code == 204
        assert nobody.post("/auth/setup", json=setup).status_code == 409
    assert tokens(face, "bia@loja.com", BETTER)["user"] == made["id"]


def test_nobody_governs_who_may_more(face: Face) -> None:
    with logged_in(face, "rita@loja.com") as rita:
        everyone = {each["email"]: each["id"] for each in rita.get("/users").json()["items"]}
        zoe, me = everyone["zoe@loja.com"], everyone["rita@loja.com"]
        refused = [
            rita.post(f"/users/{zoe}/reset-password"),
            rita.post(f"/users/{zoe}/logout"),
            rita.patch(f"/users/{zoe}", json={"active": False}, headers={"if-match": "*"}),
            rita.patch(f"/users/{me}", json={"role": "SUPER_ADMIN"}, headers={"if-match": "*"}),
            rita.post("/users", json={"email": "x@loja.com", "role": "SUPER_ADMIN"}),
        ]
    assert [(each.status_code, each.json()["slug"]) for each in refused] == [(403, "PT-ROLE-ABOVE")] * 5


def test_a_super_administrator_picks_the_organisation_and_others_do_not(face: Face, store: Store) -> None:
    make_org(store, "norte")
    with logged_in(face, "zoe@loja.com", x_pytake_org="norte") as zoe:
        assert zoe.get("/me").json()["org"]["slug"] == "norte"
        assert zoe.get("/users").json()["items"] == []
        assert zoe.post("/auth/logout").status_code == 204
    with logged_in(face, "rita@loja.com", x_pytake_org="norte") as rita:
        elsewhere = rita.get("/me")
        rita.headers["x-pytake-org"] = "nowhere"
        nowhere = rita.get("/me")
    assert (elsewhere.status_code, nowhere.status_code) == (404, 404)


def test_an_api_token_acts_within_its_scopes_and_ends_at_once(face: Face) -> None:
    with logged_in(face, "rita@loja.com") as rita:
        key = {"idempotency-key": "k1"}
        body = {"name": "crm", "scopes": ["users:read"]}
        made = rita.post("/tokens", json=body, headers=key)
        assert rita.post("/tokens", json=body, headers=key).json()["slug"] == "PT-IDEMPOTENCY-OPEN"
        with with_token(face, made.json()["token"]) as program:
            assert program.get("/users").status_code == 200
            assert program.get("/audit").status_code == 403
            assert rita.delete(f"/tokens/{made.json()['id']}").status_code == 204
            assert program.get("/users").status_code == 401


def test_the_audit_log_tells_what_happened_and_hangs_together(face: Face) -> None:
    with logged_in(face, "rita@loja.com") as rita:
        rita.post("/roles", json={"name": "caixa", "permissions": ["contacts:read"]})
        [entry] = rita.get("/audit", params={"action": "role."}).json()["items"]
        assert (entry["action"], entry["actor"], entry["target"]) == ("role.created", "rita@loja.com", "role:caixa")
        verdict = rita.get("/audit/verdict").json()
    assert (verdict["wrong"], verdict["entries"] >= 4) == ("", True)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # what no query decides
def test_every_route_of_auth_that_changes_something_is_in_the_log(face: Face) -> None:
    """That a login goes on is no act of anybody: refresh alone leaves no row."""
    given = {"email": "ana@loja.com", "password": GOOD}
    with logged_in(face, "rita@loja.com") as rita, face.as_(None) as nobody:

        def newest() -> int:
            return int(rita.get("/audit", params={"limit": 1}).json()["items"][0]["serial"])

        def noted(client: httpx.Client, method: str, path: str, body: dict[str, str] | None = None) -> list[str]:
            before = newest()
            answer = client.request(method, path, json=body)
            assert answer.status_code < 300, answer.text
            return [each["action"] for each in rita.get("/audit").json()["items"] if each["serial"] > before]

        walked = {"POST /auth/login": noted(nobody, "POST", "/auth/login", given)}
        here, there, elsewhere = (tokens(face, "ana@loja.com") for _ in range(3))
        again = {"refresh_token": there["refresh_token"]}
        walked["POST /auth/refresh"] = noted(nobody, "POST", "/auth/refresh", again)
        with with_token(face, here["access_token"]) as ana, with_token(face, there["access_token"]) as leaving:
            walked["DELETE /auth/sessions/{session}"] = noted(ana, "DELETE", f"/auth/sessions/{elsewhere['session']}")
            walked["POST /auth/logout"] = noted(leaving, "POST", "/auth/logout")
            change = {"current": GOOD, "password": BETTER}
            walked["POST /auth/password"] = noted(ana, "POST", "/auth/password", change)
        with logged_in(face, "ana@loja.com", BETTER) as ana:
            walked["POST /auth/logout-everywhere"] = noted(ana, "POST", "/auth/logout-everywhere")
        setup = {"token": rita.post(f"/users/{here['user']}/reset-password").json()["setup_token"], "password": GOOD}
        walked["POST /auth/setup"] = noted(nobody, "POST", "/auth/setup", setup)
        there_are = [each for each in routes(nobody.get("/openapi.json").json()) if each.path.startswith("/auth/")]
    assert {str(each) for each in there_are if each.method != "GET"} == set(walked)
    assert [each for each, actions in walked.items() if not actions] == ["POST /auth/refresh"]


def test_users_of_the_store_never_show_a_hash(face: Face) -> None:
    with logged_in(face, "rita@loja.com") as rita:
        text = rita.get("/users").text
    assert "password" not in text
    assert "session_version" not in text
    assert "session_version" in User.model_fields
