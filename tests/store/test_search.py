"""Search: words, phrases and beginnings, newest first, never over the organisation's fence."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import select

from pytake_cli.store import Store, search
from pytake_cli.store.contacts import Contact
from pytake_cli.store.messages import Message
from tests.kit import people
from tests.kit.stores import make_number, make_org


@pytest.fixture
def org(store: Store) -> int:
    return make_org(store)


def found(store: Store, org: int, query: str, table: str = "message", limit: int = 50) -> list[str]:
    with store.read(org) as db:
        ids = search.ids(db, table, query, org=org, limit=limit)
        rows = {row.id: row.text for row in db.exec(select(Message))} if table == "message" else {}
        return [rows.get(id_, str(id_)) for id_ in ids]


def test_words_are_found_whatever_their_case_accents_and_order(store: Store, org: int) -> None:
    number = make_number(store, org)
    for words in ("Não recebi a ENTREGA", "quero a 2ª via do boleto", "entrega amanhã?"):
        people.wrote(store, number, words)
    assert found(store, org, "entrega") == ["entrega amanhã?", "Não recebi a ENTREGA"]
    assert found(store, org, "nao recebi") == ["Não recebi a ENTREGA"]
    assert found(store, org, "RECEBI NÃO") == ["Não recebi a ENTREGA"]
    assert found(store, org, '"a entrega"') == ["Não recebi a ENTREGA"]
    assert found(store, org, '"entrega a"') == []
    assert found(store, org, "bole*") == ["quero a 2ª via do boleto"]
    assert found(store, org, "bole") == []
    assert found(store, org, "entrega", limit=1) == ["entrega amanhã?"]


def test_words_of_scripts_without_spaces_are_found_within_a_sentence(store: Store, org: int) -> None:
    number = make_number(store, org)
    for words in ("訂單什麼時候到 PIX", "注文はいつ届きますか", "สินค้าจะมาเมื่อไหร่", "100%訂單"):
        people.wrote(store, number, words)
    assert found(store, org, "什麼時候") == ["訂單什麼時候到 PIX"]
    assert found(store, org, "訂單") == ["100%訂單", "訂單什麼時候到 PIX"]
    assert found(store, org, "訂單 pix") == ["訂單什麼時候到 PIX"]
    assert found(store, org, "0%訂") == ["100%訂單"]
    assert (found(store, org, "届き"), found(store, org, "เมื่อ")) == (["注文はいつ届きますか"], ["สินค้าจะมาเมื่อไหร่"])
    assert found(store, make_org(store, "outra"), "訂單") == []


def test_changed_and_deleted_rows_are_found_by_their_new_words_only(store: Store, org: int) -> None:
    number = make_number(store, org)
    people.wrote(store, number, "laranja")
    with store.write() as db:
        message = db.exec(select(Message)).one()
        message.text = "banana"
        db.add(message)
    assert (found(store, org, "laranja"), found(store, org, "banana")) == ([], ["banana"])
    with store.write() as db:
        db.exec(select(Message)).one().text = ""
    assert found(store, org, "banana") == []
    with store.write() as db:
        db.exec(select(Message)).one().text = "uva"
    assert found(store, org, "uva") == ["uva"]
    with store.write() as db:
        db.delete(db.exec(select(Message)).one())
    with store.read() as db:
        assert search.ids(db, "message", "uva", org=org, limit=5) == []


def test_contacts_are_found_by_both_names(store: Store, org: int) -> None:
    number = make_number(store, org)
    people.wrote(store, number, name="Zé da Silva")
    with store.write() as db:
        contact = db.exec(select(Contact)).one()
        contact.name = "José"
        db.add(contact)
    assert found(store, org, "jose", "contact") == [str(contact.id)]
    assert found(store, org, "silva ze", "contact") == [str(contact.id)]


def test_another_organisation_finds_nothing_of_ours(store: Store, org: int) -> None:
    people.wrote(store, make_number(store, org), "segredo")
    other = make_org(store, "outra")
    assert found(store, org, "segredo") == ["segredo"]
    assert found(store, other, "segredo") == []
    assert found(store, other, f"org{org}") == []
    assert found(store, other, f"owner : org{org}") == []


@pytest.mark.parametrize(
    "query", ["", "   ", '"', '""', "*", "AND", "-", "text:", "()", "NEAR(a b)", "a OR", "\x00", "'; --"]
)
def test_no_query_is_an_error_in_the_databases_language(store: Store, org: int, query: str) -> None:
    people.wrote(store, make_number(store, org), "oi")
    assert found(store, org, query) == []


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=st.text(max_size=60))
def test_any_text_may_be_looked_for(store: Store, query: str) -> None:
    with store.read() as db:
        assert search.ids(db, "message", query, org=1, limit=5) == []
