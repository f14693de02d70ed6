"""What people type to name a contact, and how contacts are called and reached."""

from __future__ import annotations

import pytest

from pytake_cli.errors import Conflict, InvalidData, NotFound
from pytake_cli.policy.people import keys_of
from pytake_cli.services import contacts, parties
from pytake_cli.store import Store
from pytake_cli.store.contacts import Contact
from pytake_cli.whatsapp.webhooks import Person
from tests.kit.stores import NOW, make_org


def make(store: Store, org: int, person: Person, name: str = "", scope: str = "p") -> int:
    with store.write() as db:
        [id_] = contacts.resolve(db, org, scope, [person], NOW)
        db.get_one(Contact, id_).name = name
    return id_


def found(store: Store, org: int, ref: str) -> int | None:
    with store.read() as db:
        return contacts.lookup(db, org, ref).id


@pytest.mark.parametrize(
    "ref",
    [
        "+55 11 96818-4101",
        "5511968184101",
        "(11) 96818-4101",
        "551168184101",
        "contact:1",
        "Ana Souza",
        "@Ana.B",
        "BR.7",
    ],
)
def test_a_contact_is_named_in_many_ways(store: Store, ref: str) -> None:
    org = make_org(store)
    ana = make(store, org, Person("5511968184101", "BR.7", username="ana.b"), "Ana Souza")
    assert found(store, org, ref if ref != "contact:1" else f"contact:{ana}") == ana


def test_the_profile_name_counts_only_where_we_gave_none(store: Store) -> None:
    org = make_org(store)
    make(store, org, Person("5511968184101", name="Ana"), "Bia")
    ana = make(store, org, Person("5511968184102", name="Ana"))
    assert found(store, org, "Ana") == ana


def test_two_spellings_of_one_number_on_two_contacts_are_told_apart_by_exact_digits(store: Store) -> None:
    org = make_org(store)
    with store.write() as db:
        one, two = contacts.resolve(db, org, "p", [Person("5511968184101"), Person("552")], NOW)
        contacts._link(db, org, "p", [(two, keys_of("551168184101", None, None))], NOW)
    assert found(store, org, "+5511968184101") == one
    assert found(store, org, "551168184101") == two


def test_several_are_named_in_the_error(store: Store) -> None:
    org = make_org(store)
    first = make(store, org, Person("5511968184101"), "Ana")
    second = make(store, org, Person("5511968184102"), "Ana")
    with pytest.raises(Conflict) as raised:
        found(store, org, "Ana")
    assert f"contact:{first}" in str(raised.value)
    assert f"contact:{second}" in str(raised.value)


@pytest.mark.parametrize("ref", ["Zé", "+5511900000000", "contact:99", "contact:x", "@nobody", "BR.404", "", "@", "+"])
def test_nobody_is_not_found(store: Store, ref: str) -> None:
    org = make_org(store)
    make(store, org, Person("5511968184101"))
    with pytest.raises(NotFound):
        found(store, org, ref)


def test_another_organisations_contact_is_not_found(store: Store) -> None:
    here, there = make_org(store), make_org(store, "outra")
    ana = make(store, there, Person("5511968184101", "BR.7", username="ana"), "Ana")
    for ref in ("+5511968184101", f"contact:{ana}", "Ana", "@ana", "BR.7"):
        with pytest.raises(NotFound):
            found(store, here, ref)


def test_the_name_on_screens_is_the_best_that_is_known(store: Store) -> None:
    org = make_org(store)
    known = [
        make(store, org, Person("551", "BR.123456789", name="Profile"), "Ours"),
        make(store, org, Person("552", "BR.2", name="Profile", username="two")),
        make(store, org, Person("553", "BR.3", username="three")),
        make(store, org, Person("554", "BR.4")),
        make(store, org, Person(user_id="BR.123456789012")),
    ]
    with store.read() as db:
        names = contacts.display_names(db, known)
    assert [names[id_] for id_ in known] == ["Ours", "Profile", "@three", "+554", "WhatsApp user …789012"]


def test_a_contact_is_reached_by_phone_else_by_the_id_of_that_portfolio(store: Store) -> None:
    org = make_org(store)
    both = make(store, org, Person("551", "BR.1"))
    only_id = make(store, org, Person(user_id="BR.2"))
    only_parent = make(store, org, Person(parent_user_id="BR.ENT.3"))
    with store.read() as db:
        known = [parties.of(db, db.get_one(Contact, id_), 1) for id_ in (both, only_id, only_parent)]
        reached = [parties.address(party, "p") for party in known]
        assert [(one.kind, one.value) for one in reached] == [
            ("phone", "+551"),
            ("bsuid", "BR.2"),
            ("parent_bsuid", "BR.ENT.3"),
        ]
        with pytest.raises(InvalidData):
            parties.address(known[1], "another portfolio")
