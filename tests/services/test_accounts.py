"""Organisations and their people: made once, changed with care, deleted whole, and never mixed up."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlmodel import SQLModel, func, select

from pytake_cli.errors import Conflict, InvalidData, NotFound
from pytake_cli.services import accounts, outbound
from pytake_cli.store import Store, buckets, organisations
from pytake_cli.store.media import Media
from pytake_cli.store.messages import Message
from pytake_cli.store.numbers import Number
from pytake_cli.store.organisations import Organisation
from pytake_cli.whatsapp import messages as wire
from tests.kit.people import user, wrote
from tests.kit.stores import NOW, make_number, make_org


def test_the_short_name_comes_from_the_name(store: Store) -> None:
    with store.write() as db:
        made = accounts.create_organisation(db, name="Loja São João & Cia", now=NOW)
    assert (made.slug, made.tz, made.country) == ("loja-sao-joao-cia", "America/Sao_Paulo", "BR")


@pytest.mark.parametrize(("name", "slug"), [("  ", "org"), ("Ação!", "acao"), ("日本", "org"), ("A" * 90, "a" * 63)])
def test_any_name_gives_a_short_name(name: str, slug: str) -> None:
    assert accounts.slug_of(name) == slug


def test_a_short_name_belongs_to_one_organisation(store: Store) -> None:
    make_org(store, "loja")
    with store.write() as db, pytest.raises(Conflict) as caught:
        accounts.create_organisation(db, name="Loja", now=NOW)
    assert caught.value.slug == "PT-ORG-EXISTS"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("tz", "Mars/Olympus"),
        ("tz", "../../etc/passwd"),
        ("lang", "fr"),
        ("country", "Brasil"),
        ("name", "a\nb"),
        ("x", "1"),
    ],
)
def test_a_value_that_does_not_fit_is_refused(field: str, value: str) -> None:
    with pytest.raises(InvalidData):
        accounts.check_field(field, value)


def test_setting_a_field_to_what_it_is_changes_nothing(store: Store) -> None:
    org_id = make_org(store)
    with store.write() as db:
        organisation = db.get_one(Organisation, org_id)
        assert accounts.set_organisation(db, organisation, {"tz": "America/Manaus", "name": "Loja"}) == ["tz"]
        assert accounts.set_organisation(db, organisation, {"tz": "America/Manaus"}) == []


def test_an_unknown_organisation_is_told_with_the_nearest_name(store: Store) -> None:
    make_org(store, "loja-sul")
    with store.read() as db, pytest.raises(NotFound) as caught:
        accounts.find_organisation(db, "loja-su")
    assert caught.value.values["near"] == "loja-sul"


def test_a_person_is_invited_once(store: Store) -> None:
    org_id = make_org(store)
    with store.write() as db:
        made = accounts.invite(db, org_id=org_id, email=" Bia@Example.com ", role="agent", now=NOW)
        assert (made.email, made.role, made.active) == ("bia@example.com", "AGENT", True)
        with pytest.raises(Conflict):
            accounts.invite(db, org_id=org_id, email="bia@example.com", now=NOW)


def test_the_same_person_may_belong_to_two_organisations(store: Store) -> None:
    first, second = make_org(store, "a"), make_org(store, "b")
    with store.write() as db:
        one = accounts.invite(db, org_id=first, email="bia@example.com", now=NOW)
        other = accounts.invite(db, org_id=second, email="bia@example.com", now=NOW)
        assert accounts.find_user(db, first, "bia@example.com").id == one.id
        assert accounts.find_user(db, second, "bia@example.com").id == other.id


def test_a_person_of_another_organisation_is_nobody_here(store: Store) -> None:
    first, second = make_org(store, "a"), make_org(store, "b")
    user(store, first, "rita@example.com")
    with store.read() as db, pytest.raises(NotFound) as caught:
        accounts.find_user(db, second, "rita@example.com")
    assert caught.value.values["near"] == ""


@pytest.mark.parametrize("email", ["", "bia", "bia@", "a b@c.d", "a@b", "x" * 250 + "@a.br", "a@b.c\n"])
def test_what_is_no_address_is_refused(email: str) -> None:
    if email == "a@b.c\n":
        assert accounts.check_email(email) == "a@b.c"
        return
    with pytest.raises(InvalidData):
        accounts.check_email(email)


def test_the_last_administrator_stays_one(store: Store) -> None:
    org_id = make_org(store)
    with store.write() as db:
        rita = accounts.invite(db, org_id=org_id, email="rita@example.com", role="ORG_ADMIN", now=NOW)
        for change in ({"role": "VIEWER"}, {"active": False}):
            with pytest.raises(Conflict):
                accounts.set_user(db, rita, **change)
        bia = accounts.invite(db, org_id=org_id, email="bia@example.com", role="ORG_ADMIN", now=NOW)
        assert accounts.set_user(db, rita, active=False) == ["active"]
        with pytest.raises(Conflict):
            accounts.set_user(db, bia, role="AGENT")


def test_deleting_an_organisation_takes_every_row_and_nothing_of_others(store: Store) -> None:
    first, second = make_org(store, "a"), make_org(store, "b")
    for org_id in (first, second):
        number_id = make_number(store, org_id)
        user(store, org_id, f"rita{org_id}@example.com")
        conversation = wrote(store, number_id)
        with store.write() as db:
            number = db.get_one(Number, number_id)
            outbound.queue(
                db, number=number, contact_id=conversation.contact_id, outgoing=wire.text("oi"), origin="agent", now=NOW
            )
            buckets.take(db, f"number:{number_id}", 1, rate=80, burst=80, reserve=0, now=NOW)
            for path in ("shared", f"own-{org_id}"):
                db.add(Media(org_id=org_id, number_id=number_id, direction="in", path=path, created_at=NOW))
    before = counts(store)
    with store.write() as db:
        gone = accounts.delete_organisation(db, accounts.find_organisation(db, "a"))
    assert gone.files == (f"own-{first}",)
    after = counts(store)
    assert {name: rows for name, rows in before.items() if rows} == {
        name: rows + gone.rows.get(name, 0) + (1 if name in ("organisation", "rate_bucket") else 0)
        for name, rows in after.items()
        if rows
    }
    with store.read() as db:
        assert [org.slug for org in organisations.everyone(db)] == ["b"]
        assert db.exec(select(func.count()).select_from(Message).where(Message.org_id == first)).one() == 0


def counts(store: Store) -> dict[str, int]:
    with store.reader.connect() as connection:
        return {
            table: connection.execute(text(f'SELECT count(*) FROM "{table}"')).scalar() or 0
            for table in SQLModel.metadata.tables
            if table not in ("fact",)
        }


def test_times_of_people_are_kept_in_utc(store: Store) -> None:
    org_id = make_org(store)
    with store.write() as db:
        accounts.invite(db, org_id=org_id, email="bia@example.com", now=NOW + timedelta(seconds=1))
    with store.read(org_id) as db:
        assert accounts.find_user(db, org_id, "bia@example.com").created_at == NOW + timedelta(seconds=1)
