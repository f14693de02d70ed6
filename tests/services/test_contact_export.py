"""Contacts as lists: nothing in them runs, nobody else reads them, and an import gives the same people again."""

from __future__ import annotations

import csv
import io
import stat
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytake_cli.errors import Conflict
from pytake_cli.services import contact_export, contacts, fields, private_files
from pytake_cli.services.contact_export import Form
from pytake_cli.store import Store, tags
from pytake_cli.store.contacts import Contact
from pytake_cli.whatsapp.webhooks import Person
from tests.kit.stores import NOW, make_org
from tests.policy.test_spreadsheets import DANGEROUS, hostile
from tests.services.test_contact_import import do, people, told

OWN = ("phone", "name", "stage", "score", "vip", "tags", "bsuid", "fields")


@pytest.fixture
def org(store: Store) -> int:
    return make_org(store)


def add(store: Store, org: int, phone: str, *names: str, **values: Any) -> int:
    with store.write(org) as db:
        [id_] = contacts.resolve(db, org, "", [Person(wa_id=phone)], NOW)
        row = db.get_one(Contact, id_)
        for name, value in values.items():
            setattr(row, name, value)
        for name in names:
            tags.put(db, org, id_, name, NOW)
    return id_


def export(store: Store, org: int, form: Form = "csv", **options: Any) -> bytes:
    file = io.BytesIO()
    with store.read(org) as db:
        known = contact_export.columns(db, org)
        names = [*contact_export.DEFAULT, *(name for name in known if name.startswith("f."))]
        contact_export.write(file, form, names, contact_export.rows(db, contact_export.Wanted(org, **options)))
    return file.getvalue()


def gist(store: Store, org: int) -> list[dict[str, Any]]:
    return [{name: row[name] for name in OWN} for row in people(store, org)]


def declare(store: Store, org: int) -> None:
    with store.write(org) as db:
        for name, type_ in (("obs", "text"), ("idade", "number"), ("socio", "bool"), ("desde", "date")):
            fields.add(db, org, name, type_, NOW)


@pytest.mark.parametrize("form", ["csv", "jsonl", "xlsx"])
def test_an_export_that_is_imported_again_changes_nothing_and_makes_the_same_people_elsewhere(
    store: Store, org: int, form: Form
) -> None:
    declare(store, org)
    own = {"obs": "=HYPERLINK(1)", "idade": -12.5, "socio": False, "desde": "2026-03-02"}
    add(store, org, "5511968184101", "vip", "a, b", 'c"d', name="'=1+1", stage="+55", vip=True, fields=own)
    add(store, org, "553198765432", name="Lúcia;\n–", score=7, fields={"obs": "linha\nde\nbaixo"})
    content = export(store, org, form)
    assert told(do(store, org, content)) == {"same": 2}
    other = make_org(store, "norte")
    declare(store, other)
    assert told(do(store, other, content)) == {"new": 2}
    assert gist(store, other) == gist(store, org)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.one_of(hostile, st.text(max_size=30)), min_size=1, max_size=40))
def test_hostile_cells_never_begin_a_formula_and_come_back_as_they_were(
    store: Store, org: int, texts: list[str]
) -> None:
    org = make_org(store, f"org{id(texts)}{len(texts)}{hash(tuple(texts))}")
    kept = ["".join(sign for sign in text if sign.isprintable() or sign in "\t\r\n").strip() or "x" for text in texts]
    for serial, text in enumerate(kept):
        add(store, org, f"55119{60000000 + serial}", name=text, stage=text)
    content = export(store, org)
    for row in csv.DictReader(io.StringIO(content.decode(), newline="")):
        assert row["name"][:1] not in tuple(DANGEROUS)
        assert row["stage"][:1] not in tuple(DANGEROUS)
    assert told(do(store, org, content)) == {"same": len(kept)}


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_workbook_types_its_cells_and_runs_none(store: Store, org: int) -> None:
    add(store, org, "5511968184101", name="=1+1", score=7)
    sheet = openpyxl.load_workbook(io.BytesIO(export(store, org, "xlsx"))).active
    assert sheet is not None
    cells = {header.value: cell for header, cell in zip(*sheet.iter_rows(), strict=True)}
    assert (cells["name"].value, cells["name"].data_type) == ("=1+1", "s")
    assert (cells["score"].value, cells["score"].data_type) == (7, "n")
    assert (cells["phone"].value, cells["phone"].data_type) == ("+5511968184101", "s")


def test_only_who_is_wanted_is_in_it(store: Store, org: int) -> None:
    add(store, org, "5511968184101", "vip", name="Ana")
    add(store, org, "5511968184102", name="Bia")
    add(store, org, "5511968184103", "vip", name="Caio", deleted_at=NOW)
    add(store, make_org(store, "norte"), "5511968184104", "vip", name="Dora")
    assert "Bia" in (everybody := export(store, org).decode())
    assert "Caio" not in everybody
    assert "Dora" not in everybody
    some = export(store, org, tag="VIP").decode()
    assert ("Ana" in some, "Bia" in some) == (True, False)


def test_a_person_without_a_number_is_found_again_by_what_whatsapp_calls_them(store: Store, org: int) -> None:
    with store.write(org) as db:
        contacts.resolve(db, org, "p", [Person(user_id="BR.1349", wa_id=None)], NOW)
    content = export(store, org)
    assert told(do(store, org, content)) == {"same": 1}
    assert told(do(store, make_org(store, "norte"), content)) == {"rejected": 1, "rejected.phone": 1}


def test_files_with_people_in_them_are_private_whole_and_never_written_over(tmp_path: Path) -> None:
    path = tmp_path / "clientes.csv"
    with private_files.written(path) as file:
        file.write(b"a")
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (b"a", 0o600)
    with pytest.raises(Conflict), private_files.written(path) as file:
        file.write(b"b")
    link, target = tmp_path / "link", tmp_path / "elsewhere"
    link.symlink_to(target)
    with pytest.raises(Conflict), private_files.written(link) as file:
        file.write(b"b")
    with private_files.written(link, force=True) as file:
        file.write(b"c")
    assert (target.exists(), link.is_symlink(), link.read_bytes()) == (False, False, b"c")
    with pytest.raises(ZeroDivisionError), private_files.written(tmp_path / "half") as file:
        raise ZeroDivisionError
    assert sorted(each.name for each in tmp_path.iterdir()) == ["clientes.csv", "link"]
