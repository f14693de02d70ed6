"""Canned replies: how a text is filled, which places stay open, what a few letters find."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytake_cli.errors import InvalidData, NotFound
from pytake_cli.policy import finding
from pytake_cli.services import canned, canned_files, canned_text
from pytake_cli.services.canned_text import Stop, check, fill
from pytake_cli.store import Store
from pytake_cli.store import canned as rows
from pytake_cli.store.conversations import Conversation
from pytake_cli.store.organisations import Organisation
from pytake_cli.store.users import User
from tests.kit import people
from tests.kit.stores import NOW, make_number, make_org

SCOPE = {"contact": {"first_name": "Karina", "phone": None}, "agent": {"name": "Ana"}, "org": {}, "conversation": {}}


def test_variables_are_filled_and_places_keep_their_default_as_a_stop() -> None:
    filled = fill("Oi {{ contact.first_name }}, chega em {{prazo|5 a 7}} dias.", SCOPE)
    assert filled.text == "Oi Karina, chega em 5 a 7 dias."
    assert filled.stops == (Stop(20, 25, "prazo", "5 a 7"),)
    assert filled.text[20:25] == "5 a 7"


def test_a_variable_without_a_value_is_a_place_to_fill() -> None:
    filled = fill("Fone: {{ contact.phone }}; {{ número do pedido }}", SCOPE)
    assert filled.text == "Fone: ; "
    assert [(stop.start, stop.name) for stop in filled.stops] == [(6, "contact.phone"), (8, "número do pedido")]


def test_filters_and_conditions_of_the_expression_language_work() -> None:
    assert fill("{{ contact.first_name | upper }} {{ 'a' if agent.name else 'b' }}", SCOPE).text == "KARINA a"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{ contact.frist_name }}", "did you mean contact.first_name?"),
        ("{{ contac.name }}", "did you mean contact?"),
        ("Oi {{ contact.name", "never closed"),
        ("{% if x %}", ""),
        ("  ", "empty"),
        ("x" * 4097, "4097"),
    ],
)
def test_a_text_that_could_not_be_filled_is_refused_with_its_place(text: str, said: str) -> None:
    if not said:
        check(text)  # no expression: words like any others
        return
    with pytest.raises(InvalidData) as caught:
        check(text)
    assert said in str(caught.value)


@given(st.text(alphabet="a{}| .é😀\n", max_size=40))
def test_whatever_passes_the_check_is_filled_and_every_stop_holds_its_default(text: str) -> None:
    try:
        check(text)
    except InvalidData:
        return
    filled = fill(text, SCOPE)
    assert all(filled.text[stop.start : stop.end] == stop.default for stop in filled.stops)


def test_what_is_found_is_sorted_by_how_well_it_fits_and_then_by_use() -> None:
    things = {"prazo": 1, "prazo-longo": 9, "boas": 0, "pz": 5}
    found = finding.found(
        "prazo", things, lambda key: (key, "", "fala do prazo" if key == "boas" else ""), things.__getitem__
    )
    assert found == ["prazo", "prazo-longo", "boas"]
    assert finding.found("pz", things, lambda key: (key, "", ""), things.__getitem__) == ["pz", "prazo-longo", "prazo"]


@pytest.fixture
def org(store: Store) -> int:
    return make_org(store)


def test_ones_own_reply_stands_in_the_place_of_the_shared_one(store: Store, org: int) -> None:
    with store.write(org) as db:
        ana = User(org_id=org, email="ana@loja.com", name="Ana Lima", created_at=NOW)
        db.add(ana)
        db.flush()
        canned.create(db, org, "oi", {"": "Olá!"}, NOW, title="Saudação")
        canned.create(db, org, "oi", {"": "Oi, aqui é {{ agent.first_name }}"}, NOW, owner=ana)
        assert canned.find(db, org, "/oi", ana).owner_id == ana.id
        assert canned.find(db, org, "oi").owner_id == rows.SHARED
        assert [row.owner_id for row in canned.search(db, org, "sauda")] == [rows.SHARED]
        scope = canned.scope(db, db.get_one(Organisation, org), ana, NOW)
        assert canned.filled(canned.find(db, org, "oi", ana), scope).text == "Oi, aqui é Ana"
        with pytest.raises(NotFound):
            canned.find(db, org, "tchau")


def test_a_reply_speaks_the_contacts_language_and_knows_the_conversation(store: Store, org: int) -> None:
    talk = people.wrote(store, make_number(store, org), name="Karina Silva")
    with store.write(org) as db:
        conversation = db.get_one(Conversation, talk.id)
        row = canned.create(
            db, org, "oi", {"en": "Hi {{ contact.first_name }}", "": "Oi {{ contact.first_name }}"}, NOW
        )
        scope = canned.scope(db, db.get_one(Organisation, org), None, NOW, conversation)
        assert canned.filled(row, scope).text == "Oi Karina"
        scope["contact"]["language"] = "en_US"
        assert canned.filled(row, scope).text == "Hi Karina"
        rows.used(db, row.id or 0, NOW)
        db.refresh(row)
        assert row.uses == 1


def test_what_is_exported_is_imported_as_it_was(store: Store, org: int) -> None:
    other = make_org(store, "filial")
    with store.write(org) as db:
        canned.create(db, org, "prazo", {"": "Chega em {{prazo|5 a 7}} dias.\nCerto?"}, NOW, labels=["Entrega"])
        canned.create(db, org, "oi", {"pt_BR": "Oi", "en": "Hi"}, NOW, title="Saudação: início")
        before = rows.seen_by(db, org, None)
        text = canned_files.yaml_text(before)
    with store.write(other) as db:
        entries = canned_files.read(text, "r.yaml")
        assert canned_files.take_in(db, other, entries, NOW, None).new == ["oi", "prazo"]
        assert canned_files.take_in(db, other, entries, NOW, None).same == ["oi", "prazo"]
        after = rows.seen_by(db, other, None)
    for one, two in zip(before, after, strict=True):
        assert (one.key, one.title, one.texts, one.labels) == (two.key, two.title, two.texts, two.labels)


def test_every_mistake_of_a_file_is_told_with_its_place() -> None:
    with pytest.raises(InvalidData) as caught:
        canned_files.read("Oi!: x\nprazo:\n  txt: a\n  text: '{{ contac.x }}'\n", "r.yaml")
    told = str(caught.value) + str(caught.value.why)
    assert "r.yaml:1:1" in told
    assert "r.yaml:3:3" in told
    assert "did you mean `text`?" in told
    assert "r.yaml:4:9" in told


def test_the_registry_of_names_is_what_scopes_hold(store: Store, org: int) -> None:
    talk = people.wrote(store, make_number(store, org), name="Karina")
    with store.read(org) as db:
        user = User(id=1, org_id=org, email="ana@loja.com", name="Ana", created_at=NOW)
        found = canned.scope(db, db.get_one(Organisation, org), user, NOW, db.get_one(Conversation, talk.id))
    assert set(found) == set(canned_text.NAMES)
    for name, parts in canned_text.NAMES.items():
        assert parts is None or set(found[name]) == set(parts)
