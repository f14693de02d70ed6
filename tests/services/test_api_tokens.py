"""API tokens: some of a person's rights, hashed once a minute, gone at the next request when revoked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session, select

from pytake_cli.errors import AuthError, Forbidden, InvalidData, NotFound
from pytake_cli.services import accounts, api_tokens, passwords, people, roles, signing_in
from pytake_cli.services.principals import Principal, local
from pytake_cli.store import Store
from pytake_cli.store.api_tokens import ApiToken
from pytake_cli.store.users import User
from tests.kit.logins import person
from tests.kit.stores import NOW, make_org

SCOPES = ["contacts:read", "conversations:read"]


@pytest.fixture
def org(store: Store) -> Iterator[int]:
    api_tokens._trusted.clear()
    yield make_org(store)
    api_tokens._trusted.clear()


def owner(db: Session, user: User) -> Principal:
    return Principal(user.org_id, user.id, "rita", user.role, roles.rights_of(db, user), "local")


def made(store: Store, user: User, *scopes: str, days: int | None = None) -> tuple[int, str]:
    until = NOW + timedelta(days=days) if days else None
    with store.write(user.org_id) as db:
        row, text = api_tokens.create(db, owner(db, user), "crm", scopes or SCOPES, NOW, expires_at=until)
        return row.id or 0, text


def test_a_token_acts_in_its_owner_s_name_within_its_scopes(store: Store, org: int) -> None:
    rita = person(store, org, role="ORG_ADMIN")
    id_, text = made(store, rita)
    who = signing_in.principal_of(store, text, NOW)
    assert (who.kind, who.user_id, who.token_id, sorted(who.permissions)) == ("token", rita.id, id_, SCOPES)
    assert text.startswith(f"pt_{id_}_")
    assert len(text.rpartition(f"pt_{id_}_")[2]) == 43


def test_what_the_owner_loses_the_token_loses(store: Store, org: int) -> None:
    rita = person(store, org, role="ORG_ADMIN")
    person(store, org, "eva@loja.com", role="ORG_ADMIN")
    _, text = made(store, rita, "audit:read", "contacts:read")
    with store.write(org) as db:
        people.change(db, local(org), db.get_one(User, rita.id), NOW, role="AGENT")
    assert signing_in.principal_of(store, text, NOW).permissions == {"contacts:read"}
    with store.write(org) as db:
        accounts.set_user(db, db.get_one(User, rita.id), active=False)
    with pytest.raises(AuthError):
        signing_in.principal_of(store, text, NOW)


def test_a_thousand_requests_hash_once(store: Store, org: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rita = person(store, org, role="ORG_ADMIN")
    _, text = made(store, rita)
    hashes: list[str] = []
    real = passwords.token_fits

    def counting(*given: Any) -> Any:
        hashes.append("")
        return real(*given)

    monkeypatch.setattr(passwords, "token_fits", counting)
    for request in range(1000):
        signing_in.principal_of(store, text, NOW + timedelta(milliseconds=request))
    assert len(hashes) == 1


def test_a_revoked_or_expired_token_is_refused_at_once(store: Store, org: int) -> None:
    rita = person(store, org, role="ORG_ADMIN")
    id_, text = made(store, rita, days=1)
    assert signing_in.principal_of(store, text, NOW)
    with pytest.raises(AuthError):
        signing_in.principal_of(store, text, NOW + timedelta(days=1))
    with store.write(org) as db:
        api_tokens.revoke(db, owner(db, rita), id_, NOW)
    with pytest.raises(AuthError):
        signing_in.principal_of(store, text, NOW)


@pytest.mark.parametrize("wrong", ["pt_", "pt_1_", "pt_x_" + "a" * 43, "pt_1_" + "a" * 43, "pt_99999999999999999999_a"])
def test_a_made_up_token_is_refused(store: Store, org: int, wrong: str) -> None:
    made(store, person(store, org, role="ORG_ADMIN"))
    with pytest.raises(AuthError) as refused:
        signing_in.principal_of(store, wrong, NOW)
    assert refused.value.slug == "PT-AUTH"


def test_only_the_hash_is_kept_and_the_use_is_noted(store: Store, org: int) -> None:
    _, text = made(store, person(store, org, role="ORG_ADMIN"))
    signing_in.principal_of(store, text, NOW)
    signing_in.principal_of(store, text, NOW + timedelta(seconds=59))
    with store.read() as db:
        row = db.exec(select(ApiToken)).one()
    assert row.hash.startswith("$argon2id$")
    assert (text in row.hash, row.last_used_at) == (False, NOW)


def test_nobody_makes_a_token_above_their_own_rights(store: Store, org: int) -> None:
    ana = person(store, org)
    admin = person(store, org, "rita@loja.com", role="ORG_ADMIN")
    with store.write(org) as db:
        with pytest.raises(Forbidden):
            api_tokens.create(db, owner(db, ana), "crm", ["contacts:read"], NOW)  # an agent makes no tokens
        for scopes in ([], ["*"], ["no:such"]):
            with pytest.raises(InvalidData):
                api_tokens.create(db, owner(db, admin), "crm", scopes, NOW)
        limited = Principal(org, admin.id, "rita", "x", frozenset({"tokens:manage"}), "token")
        with pytest.raises(Forbidden):
            api_tokens.create(db, limited, "crm", ["contacts:read"], NOW)


def test_others_tokens_are_revoked_by_who_manages_people_only(store: Store, org: int) -> None:
    rita = person(store, org, role="ORG_ADMIN")
    eva = person(store, org, "eva@loja.com", role="ORG_ADMIN")
    id_, _ = made(store, rita)
    with store.write(org) as db:
        modest = Principal(org, eva.id, "eva", "x", frozenset({"tokens:manage"}), "session")
        with pytest.raises(NotFound):
            api_tokens.revoke(db, modest, id_, NOW)
        assert api_tokens.revoke(db, owner(db, eva), id_, NOW).revoked_at == NOW
