"""Indexes of own fields: turned on and off, seen in lists, kept through renames, used by the questions they are for."""

from __future__ import annotations

from pytake_cli.services import fields, segments
from pytake_cli.store import Store, field_index
from pytake_cli.store.contacts import Contact
from tests.kit.stores import NOW, make_org


def shop_of(store: Store) -> int:
    org = make_org(store)
    with store.write(org) as db:
        for name, type_ in (("cidade", "text"), ("compras", "number"), ("renova", "date"), ("ativo", "bool")):
            fields.add(db, org, name, type_, NOW, indexed=name != "renova")
        for held in (
            {"cidade": "São Paulo", "compras": 3, "ativo": True},
            {"cidade": "sao paulo"},
            {"cidade": "Natal"},
        ):
            db.add(Contact(org_id=org, fields=held, created_at=NOW, updated_at=NOW))
    return org


def indexed(store: Store, org: int) -> list[str]:
    with store.read(org) as db:
        return [row["name"] for row in fields.listed(db, org) if row["indexed"]]


def test_an_index_is_turned_on_and_off_and_goes_along_with_its_field(store: Store) -> None:
    org = shop_of(store)
    assert indexed(store, org) == ["ativo", "cidade", "compras"]
    with store.write(org) as db:
        assert fields.change(db, org, "renova", indexed=True)[1] == ["indexed"]
        assert fields.change(db, org, "renova", indexed=True)[1] == []
        assert fields.change(db, org, "ativo", indexed=False, label="Ativo")[1] == ["label", "indexed"]
        fields.rename(db, org, "cidade", "city")
        fields.delete(db, org, "compras")
    assert indexed(store, org) == ["city", "renova"]
    with store.read(org) as db:
        assert segments.count(db, org, 'f.city = "sao paulo"', NOW) == 2


def test_questions_are_read_from_the_index_and_mean_the_same(store: Store) -> None:
    org = shop_of(store)
    with store.read(org) as db:
        asked = {text: segments.count(db, org, text, NOW) for text in ('f.cidade ~ "sao"', "f.compras > 2", "f.ativo")}
        sql = segments.explain(db, org, 'f.cidade = "SÃO PAULO"', NOW)["sql"]
    assert asked == {'f.cidade ~ "sao"': 2, "f.compras > 2": 1, "f.ativo": 1}
    assert "contact.id IN (SELECT" in " ".join(sql.split())


def test_another_organisations_field_of_the_same_name_has_no_index_by_that(store: Store) -> None:
    shop_of(store)
    other = make_org(store, "outra")
    with store.write(other) as db:
        fields.add(db, other, "cidade", "text", NOW)
        assert field_index.of(db, other) == set()


def test_a_field_of_very_many_values_is_looked_through_as_ever(store: Store) -> None:
    org = shop_of(store)
    with store.write(org) as db:
        for number in range(field_index.MOST_VALUES + 5):
            db.add(Contact(org_id=org, fields={"cidade": f"Lugar {number}"}, created_at=NOW, updated_at=NOW))
    with store.read(org) as db:
        assert field_index.Indexed(db, org).values("cidade") is None
        assert segments.count(db, org, 'f.cidade = "lugar 7"', NOW) == 1
