"""Roles of one's own, and that nobody gives, takes or governs above themselves."""

from __future__ import annotations

from typing import Any

import pytest
from sqlmodel import Session

from pytake_cli.errors import Conflict, Forbidden, InvalidData, NotFound
from pytake_cli.policy.permissions import PERMISSIONS, ROLES
from pytake_cli.services import people, roles
from pytake_cli.services.principals import Principal, local
from pytake_cli.store import Store
from pytake_cli.store.users import User
from tests.kit.logins import person
from tests.kit.stores import NOW, make_org

LEAD = frozenset({"users:manage", "users:read", "roles:manage", "contacts:read"})


def somebody(org: int, held: frozenset[str], user_id: int | None = 99) -> Principal:
    return Principal(org, user_id, "lia", "lead", held, "session")


def test_a_role_is_made_given_changed_and_removed(store: Store) -> None:
    org = make_org(store)
    ana = person(store, org)
    who = local(org)
    with store.write(org) as db:
        roles.create(db, who, "caixa", ["contacts:read"], NOW, about="Recebe")
        people.change(db, who, db.get_one(User, ana.id), NOW, role="Caixa")
        assert roles.rights(db, org, "caixa") == {"contacts:read"}
        assert roles.change(db, who, "caixa", ["contacts:read", "contacts:write"], NOW).version == 2
        assert [(row.name, row.people) for row in roles.listed(db, org)][-1] == ("caixa", 1)
        with pytest.raises(Conflict) as used:
            roles.delete(db, who, "caixa", NOW)
        assert used.value.slug == "PT-ROLE-IN-USE"
        people.change(db, who, db.get_one(User, ana.id), NOW, role="AGENT")
        roles.delete(db, who, "caixa", NOW)
        with pytest.raises(NotFound):
            roles.find(db, org, "caixa")


@pytest.mark.parametrize(
    ("name", "wanted", "slug"),
    [
        ("agent", [], "PT-ROLE-NAME"),
        ("Caixa", [], "PT-ROLE-NAME"),
        ("", [], "PT-ROLE-NAME"),
        ("x" * 41, [], "PT-ROLE-NAME"),
        ("caixa", ["*"], "PT-ROLE-PERMISSION"),
        ("caixa", ["contact:read"], "PT-ROLE-PERMISSION"),
    ],
)
def test_what_cannot_be_a_role_is_refused(store: Store, name: str, wanted: list[str], slug: str) -> None:
    org = make_org(store)
    with store.write(org) as db, pytest.raises(InvalidData) as refused:
        roles.create(db, local(org), name, wanted, NOW)
    assert refused.value.slug == slug


def test_roles_of_the_house_stay_as_they_are(store: Store) -> None:
    org = make_org(store)
    with store.write(org) as db:
        with pytest.raises(InvalidData):
            roles.change(db, local(org), "AGENT", [], NOW)
        with pytest.raises(InvalidData):
            roles.delete(db, local(org), "agent", NOW)


def test_nobody_rises_above_themselves(store: Store) -> None:
    """Whoever manages people and roles, and has little else, cannot get more by any way."""
    org = make_org(store)
    admin = person(store, org, "rita@loja.com", role="ORG_ADMIN")
    lia = person(store, org, "lia@loja.com", role="VIEWER")
    with store.write(org) as db:
        roles.create(db, local(org), "lead", sorted(LEAD), NOW)
        roles.create(db, local(org), "big", sorted(PERMISSIONS), NOW)
    who = somebody(org, LEAD, lia.id)

    def mine(db: Session) -> User:
        return db.get_one(User, lia.id)

    def boss(db: Session) -> User:
        return db.get_one(User, admin.id)

    ways: list[Any] = [
        lambda db: people.change(db, who, mine(db), NOW, role="ORG_ADMIN"),
        lambda db: people.change(db, who, mine(db), NOW, role="big"),
        lambda db: people.change(db, who, boss(db), NOW, active=False),
        lambda db: people.change(db, who, boss(db), NOW, role="VIEWER"),
        lambda db: people.reset(db, who, boss(db), NOW),
        lambda db: people.invite(db, who, "x@loja.com", NOW, role="AGENT"),
        lambda db: roles.create(db, who, "bigger", ["campaigns:launch"], NOW),
        lambda db: roles.change(db, who, "lead", [*LEAD, "audit:read"], NOW),
        lambda db: roles.change(db, who, "big", ["users:read"], NOW),
        lambda db: roles.delete(db, who, "big", NOW),
    ]
    for way in ways:
        with store.write(org) as db, pytest.raises(Forbidden):
            way(db)
    with store.write(org) as db:
        assert people.invite(db, who, "y@loja.com", NOW, role="lead").role == "lead"


@pytest.mark.parametrize("role", [role for role in ROLES if role not in ("SUPER_ADMIN", "ORG_ADMIN")])
def test_who_may_not_manage_people_does_not(store: Store, role: str) -> None:
    org = make_org(store)
    ana = person(store, org)
    who = somebody(org, ROLES[role])
    with store.write(org) as db:
        for way in (
            lambda: people.invite(db, who, "x@loja.com", NOW),
            lambda: people.change(db, who, db.get_one(User, ana.id), NOW, name="x"),
            lambda: people.reset(db, who, db.get_one(User, ana.id), NOW),
            lambda: roles.create(db, who, "x", [], NOW),
        ):
            with pytest.raises(Forbidden) as refused:
                way()
            assert refused.value.slug == "PT-ROLE"


@pytest.mark.parametrize("change", [{"role": "AGENT"}, {"active": False}])
def test_the_last_administrator_stays(store: Store, change: dict[str, Any]) -> None:
    org = make_org(store)
    admin = person(store, org, role="ORG_ADMIN")
    with store.write(org) as db, pytest.raises(Conflict) as refused:
        people.change(db, local(org), db.get_one(User, admin.id), NOW, **change)
    assert refused.value.slug == "PT-USER-LAST-ADMIN"
