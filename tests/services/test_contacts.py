"""Contacts: found by what Meta tells of a person, linked, merged; nobody is lost and nobody is two."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import col, select

from pytake_cli.errors import InvalidData
from pytake_cli.policy.people import keys_of
from pytake_cli.services import contacts, parties
from pytake_cli.store import Store
from pytake_cli.store.contacts import Contact, Identity, ServiceWindow
from pytake_cli.store.numbers import Number
from pytake_cli.whatsapp.webhooks import IdentityChange, Person
from tests.kit.stores import NOW, make_number, make_org

SCOPE = "portfolio"
ANA = Person(wa_id="5511968184101", user_id="BR.1001", name="Ana")
LATER = NOW + timedelta(days=30)


def one(store: Store, org: int, person: Person, now: object = NOW, scope: str = SCOPE) -> int:
    with store.write() as db:
        [found] = contacts.resolve(db, org, scope, [person], now)  # type: ignore[arg-type]
    return found


def identities(store: Store, contact_id: int) -> dict[tuple[str, str], bool]:
    """(kind, value) -> whether it is in use."""
    with store.read() as db:
        rows = db.exec(select(Identity).where(Identity.contact_id == contact_id)).all()
    return {(row.kind, row.value): row.retired_at is None for row in rows}


def contact(store: Store, contact_id: int) -> Contact:
    with store.read() as db:
        return db.get_one(Contact, contact_id)


def test_the_same_person_is_one_contact_however_often_they_come(store: Store) -> None:
    org = make_org(store)
    with store.write() as db:
        first = contacts.resolve(db, org, SCOPE, [ANA, ANA, Person(wa_id=ANA.wa_id), Person(user_id=ANA.user_id)], NOW)
    assert len(set(first)) == 1
    assert one(store, org, ANA) == first[0]
    assert identities(store, first[0]) == {("phone", "5511968184101"): True, ("bsuid", "BR.1001"): True}
    assert contact(store, first[0]).profile_name == "Ana"


def test_a_batch_of_strangers_gets_a_contact_each_in_order(store: Store) -> None:
    org = make_org(store)
    people = [Person(wa_id=f"55119{i:08}", user_id=f"BR.{i}", name=f"P{i}") for i in range(200)]
    with store.write() as db:
        found = contacts.resolve(db, org, SCOPE, people, NOW)
    assert len(set(found)) == 200
    with store.read() as db:
        names = {row.id: row.profile_name for row in db.exec(select(Contact))}
    assert [names[id_] for id_ in found] == [f"P{i}" for i in range(200)]


@pytest.mark.parametrize(
    ("known", "seen"),
    [
        ("5551998887777", "555198887777"),
        ("555198887777", "5551998887777"),
        ("525512345678", "5215512345678"),
        ("5491123456789", "541123456789"),
    ],
)
def test_another_spelling_of_a_number_finds_its_contact(store: Store, known: str, seen: str) -> None:
    org = make_org(store)
    first = one(store, org, Person(wa_id=known))
    assert one(store, org, Person(wa_id=seen, user_id="XX.1")) == first
    assert identities(store, first) == {("phone", known): True, ("phone", seen): True, ("bsuid", "XX.1"): True}


def test_a_spelling_that_two_contacts_share_finds_neither_and_the_exact_digits_find_theirs(store: Store) -> None:
    org = make_org(store)
    with store.write() as db:
        mobile, local = contacts.resolve(db, org, SCOPE, [Person(wa_id="5491123456789"), Person(wa_id="99123")], NOW)
        db.add(
            Identity(
                org_id=org, contact_id=local, kind="phone", value="54111523456789", first_seen_at=NOW, last_seen_at=NOW
            )
        )
    neither = one(store, org, Person(wa_id="541123456789"))
    assert neither not in (mobile, local)
    assert one(store, org, Person(wa_id="5491123456789")) == mobile


def test_a_bsuid_and_a_phone_of_two_contacts_prove_one_person_and_the_older_stays(store: Store) -> None:
    org = make_org(store)
    by_phone = one(store, org, Person(wa_id="5511968184101", name="Ana"))
    by_bsuid = one(store, org, Person(user_id="BR.1001", username="ana.b"))
    assert by_phone != by_bsuid
    assert one(store, org, ANA) == by_phone
    assert contact(store, by_bsuid).merged_into_id == by_phone
    assert identities(store, by_bsuid) == {}
    assert set(identities(store, by_phone)) == {
        ("phone", "5511968184101"),
        ("bsuid", "BR.1001"),
        ("username", "ana.b"),
    }


def test_inside_one_batch_the_ids_are_those_after_the_merge(store: Store) -> None:
    org = make_org(store)
    with store.write() as db:
        found = contacts.resolve(db, org, SCOPE, [Person(wa_id="551"), Person(user_id="B"), Person("551", "B")], NOW)
    assert len(set(found)) == 1
    with store.read() as db:
        assert len(db.exec(select(Contact)).all()) == 1


def test_bsuids_of_two_portfolios_are_strangers_and_phones_are_not(store: Store) -> None:
    org = make_org(store)
    first = one(store, org, Person(user_id="BR.1"), scope="a")
    assert one(store, org, Person(user_id="BR.1"), scope="b") != first
    by_phone = one(store, org, Person(wa_id="551"), scope="a")
    assert one(store, org, Person(wa_id="551"), scope="b") == by_phone


def test_two_organisations_never_share_a_contact(store: Store) -> None:
    here, there = make_org(store), make_org(store, "outra")
    assert one(store, here, ANA) != one(store, there, ANA)


def test_a_parent_bsuid_finds_but_never_merges(store: Store) -> None:
    org = make_org(store)
    first = one(store, org, Person(user_id="BR.1", parent_user_id="BR.ENT.9"))
    assert one(store, org, Person(parent_user_id="BR.ENT.9")) == first
    other = one(store, org, Person(wa_id="552"))
    assert one(store, org, Person(wa_id="552", parent_user_id="BR.ENT.9")) == other
    assert one(store, org, Person(parent_user_id="BR.ENT.9")) == first


def test_a_username_is_shown_but_finds_nobody_and_moves_to_who_showed_it_last(store: Store) -> None:
    org = make_org(store)
    first = one(store, org, Person(user_id="BR.1", username="@Ana"))
    second = one(store, org, Person(user_id="BR.2", username="ana"))
    assert first != second
    assert identities(store, first) == {("bsuid", "BR.1"): True}
    assert identities(store, second) == {("bsuid", "BR.2"): True, ("username", "ana"): True}
    one(store, org, Person(user_id="BR.2", username="ana.maria"))
    assert identities(store, second)[("username", "ana")] is False
    assert identities(store, second)[("username", "ana.maria")] is True


def test_a_new_profile_name_replaces_the_old_and_leaves_ours(store: Store) -> None:
    org = make_org(store)
    ana = one(store, org, ANA)
    with store.write() as db:
        db.get_one(Contact, ana).name = "Dona Ana"
    one(store, org, Person(wa_id=ANA.wa_id, name="Aninha\0"))
    assert (contact(store, ana).profile_name, contact(store, ana).name) == ("Aninha", "Dona Ana")


def test_a_changed_number_keeps_the_contact_retires_the_old_and_closes_the_window(store: Store) -> None:
    org = make_org(store)
    number = make_number(store, org)
    ana = one(store, org, ANA)
    changed = IdentityChange(Person(wa_id="5511900000000", user_id="BR.2002"), Person(ANA.wa_id, ANA.user_id))
    with store.write() as db:
        db.add(ServiceWindow(org_id=org, number_id=number, contact_id=ana, last_inbound_at=NOW))
        assert contacts.change(db, org, SCOPE, ana, changed, NOW) == ana
    assert identities(store, ana) == {
        ("phone", "5511968184101"): False,
        ("bsuid", "BR.1001"): False,
        ("phone", "5511900000000"): True,
        ("bsuid", "BR.2002"): True,
    }
    with store.read() as db:
        assert db.get_one(ServiceWindow, (number, ana)).last_inbound_at is None
        party = parties.of(db, db.get_one(Contact, ana), number)
        assert parties.address(party, SCOPE).value == "+5511900000000"
    assert one(store, org, ANA) == ana  # late, from before the change
    assert one(store, org, Person("5511900000000", "BR.2002")) == ana


def test_a_new_number_that_wrote_before_the_news_of_the_change_is_merged(store: Store) -> None:
    org = make_org(store)
    ana = one(store, org, ANA)
    early = one(store, org, Person("5511900000000", "BR.2002"))
    changed = IdentityChange(Person("5511900000000", "BR.2002"), Person(ANA.wa_id, ANA.user_id))
    with store.write() as db:
        assert contacts.change(db, org, SCOPE, ana, changed, NOW) == ana
    assert contact(store, early).merged_into_id == ana


def test_an_abandoned_number_that_writes_long_after_is_somebody_else(store: Store) -> None:
    org = make_org(store)
    ana = one(store, org, ANA)
    changed = IdentityChange(Person("5511900000000", "BR.2002"), Person(ANA.wa_id, ANA.user_id))
    with store.write() as db:
        contacts.change(db, org, SCOPE, ana, changed, NOW)
    stranger = one(store, org, Person(ANA.wa_id, "BR.3003"), now=LATER)
    assert stranger != ana
    assert ("phone", ANA.wa_id) not in identities(store, ana)
    assert identities(store, stranger) == {("phone", ANA.wa_id): True, ("bsuid", "BR.3003"): True}


def test_an_abandoned_number_without_a_bsuid_is_somebody_else_after_a_week(store: Store) -> None:
    org = make_org(store)
    ana = one(store, org, Person(wa_id="5511968184101"))
    changed = IdentityChange(Person(wa_id="14155550100"), Person(wa_id="5511968184101"))
    with store.write() as db:
        contacts.change(db, org, SCOPE, ana, changed, NOW)
    assert one(store, org, Person(wa_id="5511968184101"), now=NOW + timedelta(days=7)) == ana
    assert one(store, org, Person(wa_id="5511968184101"), now=NOW + timedelta(days=8)) != ana


def test_going_back_to_an_old_number_takes_it_into_use_again(store: Store) -> None:
    org = make_org(store)
    ana = one(store, org, ANA)
    there = IdentityChange(Person("5511900000000", "BR.2002"), Person(ANA.wa_id, ANA.user_id))
    back = IdentityChange(Person(ANA.wa_id, "BR.3003"), Person("5511900000000", "BR.2002"))
    with store.write() as db:
        contacts.change(db, org, SCOPE, ana, there, NOW)
        contacts.change(db, org, SCOPE, ana, back, LATER)
    assert identities(store, ana)[("phone", "5511968184101")] is True
    assert identities(store, ana)[("phone", "5511900000000")] is False


def test_what_metas_answer_calls_the_person_finds_them_from_then_on(store: Store) -> None:
    org = make_org(store)
    number = make_number(store, org, waba=SCOPE)
    dialled = one(store, org, Person(wa_id="5551998887777"))
    with store.write() as db:
        row = db.get_one(Number, number)
        keys = keys_of("555198887777", "BR.77", None)
        assert contacts.learn(db, row.phone_number_id, [(dialled, keys)], NOW) == [dialled]
    assert one(store, org, Person(user_id="BR.77")) == dialled


def test_answers_that_come_together_are_learnt_as_if_one_by_one(store: Store) -> None:
    org = make_org(store)
    number = make_number(store, org, waba=SCOPE)
    ana, bia, caio = (one(store, org, Person(wa_id=f"555199888777{serial}")) for serial in range(3))
    known = one(store, org, Person(user_id="BR.9"))
    with store.write() as db:
        row = db.get_one(Number, number)
        told = [
            (ana, keys_of("555198887770", "BR.7", None)),
            (bia, keys_of("555198887771", "BR.9", None)),  # who was somebody else until now
            (caio, keys_of("555198887770", None, None)),  # Meta says that it is Ana
            (ana, keys_of("555198887770", "BR.7", None)),
        ]
        assert contacts.learn(db, row.phone_number_id, told, NOW) == [ana, bia, ana, ana]
    assert known not in (ana, bia)
    assert [one(store, org, Person(user_id=user)) for user in ("BR.7", "BR.9")] == [ana, bia]
    assert one(store, org, Person(wa_id="5551998887772")) == ana


def test_a_person_without_identity_is_refused(store: Store) -> None:
    org = make_org(store)
    with pytest.raises(InvalidData), store.write() as db:
        contacts.resolve(db, org, SCOPE, [Person(name="Nobody"), Person(wa_id="US.12")], NOW)


def test_a_bsuid_is_never_read_as_a_phone(store: Store) -> None:
    org = make_org(store)
    phone = one(store, org, Person(wa_id="13491208655302741918"))
    assert one(store, org, Person(user_id="US.13491208655302741918")) != phone
    with store.read() as db:
        kinds = db.exec(select(Identity.kind).order_by(col(Identity.id))).all()
    assert list(kinds) == ["phone", "bsuid"]
