"""Lists of contacts as files have them: hostile, broken, huge, twice, and by people who said no."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import col, func, select

from pytake_cli.errors import Conflict, InvalidData, UsageError
from pytake_cli.services import (
    consent,
    contact_export,
    contact_import,
    contact_import_files,
    contact_import_plan,
    contact_import_reader,
    contacts,
    directory,
)
from pytake_cli.services.contact_import_chunk import Rules
from pytake_cli.services.contact_import_files import Unreadable
from pytake_cli.store import Store, imports, upkeep
from pytake_cli.store.contact_history import ContactChange
from pytake_cli.store.contacts import Consent, Contact, Identity
from pytake_cli.store.events import Event
from pytake_cli.store.fields import everyone
from pytake_cli.whatsapp.webhooks import Person
from tests.kit.stores import NOW, make_org


@pytest.fixture
def org(store: Store) -> int:
    return make_org(store)


def do(
    store: Store,
    org: int,
    content: str | bytes | Path,
    *,
    mapping: Mapping[str, str] | None = None,
    dry: bool = False,
    key: str | None = None,
    form: Any = None,
    tell: contact_import.Tell = lambda counts: None,
    **rules: Any,
) -> contact_import.Outcome:
    """Imports a list as the command does."""
    file = (
        content if isinstance(content, Path) else io.BytesIO(content.encode() if isinstance(content, str) else content)
    )
    with contact_import_files.source(file, form) as source:
        with store.read(org) as db:
            columns = contact_import_plan.plan(db, org, source, mapping or {}, "BR", rules.get("key_field", "phone"))
        rules["key"] = rules.pop("key_field", "phone")
        wanted = contact_import.Wanted(Rules(org, source.name, **rules), tuple(columns), "BR", source.form == "csv")
        if dry:
            return contact_import.try_out(store, source, wanted, NOW, lambda counts: None)
        job = contact_import.begin(store, org, source, key, contact_import.digest_of(source, {}), NOW)
        outcome = contact_import.run(store, source, wanted, job, NOW, tell)
        if not outcome.replayed:
            contact_import.finish(store, org, source, outcome, None, NOW)
        return outcome


def people(store: Store, org: int) -> list[dict[str, Any]]:
    with store.read(org) as db:
        return list(contact_export.rows(db, contact_export.Wanted(org)))


def told(outcome: contact_import.Outcome) -> dict[str, Any]:
    return {name: count for name, count in outcome.counts.items() if count and name != "rows"}


def sound(store: Store) -> None:
    assert upkeep.check(store) == []


def test_values_take_the_types_of_their_fields(store: Store, org: int) -> None:
    text = "nome;celular;Idade;Nascimento;Assinante;CPF\nAna;11968184101;31;02/03/1990;sim;01234567890\n"
    assert told(do(store, org, text)) == {"new": 1}
    [ana] = people(store, org)
    assert ana["fields"] == {"idade": 31, "nascimento": "1990-03-02", "assinante": True, "cpf": "01234567890"}
    with store.read(org) as db:
        assert {field.name: field.type for field in everyone(db, org)} == {
            "idade": "number", "nascimento": "date", "assinante": "bool", "cpf": "text",
        }  # fmt: skip
    later = do(store, org, "celular;idade\n11968184102;trinta\n")
    assert told(later) == {"rejected": 1, "rejected.value": 1}
    assert "idade" in later.rejects[0].reason


@pytest.mark.parametrize(
    "text", ['sep=;\nnome;celular\n"Souza, Ana";11968184101\n', '\ufeff"sep=;"\r\nnome;celular\r\n"Souza, Ana";1\r\n']
)
def test_what_excel_says_of_the_separator_is_heard(store: Store, org: int, text: str) -> None:
    with contact_import_files.source(io.BytesIO(text.encode())) as source:
        assert (source.delimiter, source.columns) == (";", ("nome", "celular"))
        [(line, cells)] = source.rows()
    assert (line, cells[0]) == (3, "Souza, Ana")  # type: ignore[index]


def test_json_objects_are_known_by_their_first_sign_however_they_are_spaced(store: Store, org: int) -> None:
    outcome = do(store, org, '{ "phone": "11968184101", "name": "Ana" }\n{"phone": "11968184102"}\n')
    assert told(outcome) == {"new": 2}


def test_what_is_empty_erases_nothing_and_what_is_the_same_changes_nothing(store: Store, org: int) -> None:
    do(store, org, "nome,celular,cidade,tags\nAna,11968184101,Osasco,vip\n")
    assert told(do(store, org, "nome,celular,cidade,tags\n,11968184101,,\n")) == {"same": 1}
    assert told(do(store, org, "nome,celular,cidade,tags\nAna,+5511968184101,Osasco,VIP\n")) == {"same": 1}
    assert told(do(store, org, "nome,celular,tags\nAna B,11968184101,novo\n")) == {"updated": 1}
    [ana] = people(store, org)
    assert (ana["name"], ana["tags"], ana["fields"]) == ("Ana B", ["novo", "vip"], {"cidade": "Osasco"})
    with store.read(org) as db:
        [line] = db.exec(select(ContactChange))
        assert (line.what, line.before, line.after) == (
            "imported",
            {"name": "Ana"},
            {"name": "Ana B", "tags": ["novo"]},
        )
        found = directory.page(db, org, directory.Filter(words="Ana B"))
        assert found[1] == 1
    sound(store)


@pytest.mark.parametrize(
    ("rule", "what", "name"),
    [
        ("skip", {"skipped": 1, "new": 1}, "Ana"),
        ("fail", {"rejected": 1, "rejected.exists": 1, "new": 1}, "Ana"),
        ("update", {"updated": 1, "new": 1}, "Outra"),
    ],
)
def test_who_is_there_already_is_updated_skipped_or_refused(
    store: Store, org: int, rule: str, what: dict[str, int], name: str
) -> None:
    do(store, org, "nome,celular\nAna,11968184101\n")
    assert told(do(store, org, "nome,celular\nOutra,11968184101\nBia,11968184102\n", on_conflict=rule)) == what
    assert [each["name"] for each in people(store, org)] == [name, "Bia"]


def test_a_list_with_old_numbers_finds_the_people_that_whatsapp_knows_without_the_ninth_digit(
    store: Store, org: int
) -> None:
    with store.write(org) as db:
        [known] = contacts.resolve(db, org, "p", [Person(wa_id="553198765432")], NOW)
    assert told(do(store, org, "nome,celular\nAna,31 99876-5432\n")) == {"updated": 1}
    [ana] = people(store, org)
    assert (ana["id"], ana["phone"], ana["name"]) == (known, "+553198765432", "Ana")
    assert told(do(store, org, "nome,celular\nAna,3198765432\nAna,(31) 99876-5432\n")) == {
        "same": 1, "rejected": 1, "rejected.repeated": 1,
    }  # fmt: skip


def test_consent_comes_with_its_proof_and_never_lifts_what_somebody_stopped(store: Store, org: int) -> None:
    do(store, org, "nome,celular\nAna,11968184101\nBia,11968184102\n")
    [_, bia] = people(store, org)
    with store.write(org) as db:
        consent.withdraw(db, bia["id"], "marketing", source="word", proof="PARAR", at=NOW - timedelta(days=9))
    agreed: dict[str, Any] = {"consent_source": "loja física", "consent_at": NOW - timedelta(days=1)}
    text = "nome,celular,Aceita MKT\nAna,11968184101,S\nBia,11968184102,S\nCaio,11968184103,S\nDora,11968184104,N\n"
    outcome = do(store, org, text, mapping={"Aceita MKT": "consent.marketing"}, **agreed)
    assert told(outcome) == {"new": 2, "updated": 1, "same": 1, "stopped": 1}
    granted = {each["name"]: (bool(each["marketing_granted_at"]), bool(each["marketing_stopped_at"]))
               for each in people(store, org)}  # fmt: skip
    assert granted == {"Ana": (True, False), "Bia": (False, True), "Caio": (True, False), "Dora": (False, True)}
    with store.read(org) as db:
        lines = db.exec(select(Consent).where(Consent.source == "loja física").order_by(col(Consent.contact_id))).all()
        assert [(line.granted, line.proof, line.actor) for line in lines] == [
            (True, "stdin:2", f"import:{outcome.id}"),
            (True, "stdin:4", f"import:{outcome.id}"),
            (False, "stdin:5", f"import:{outcome.id}"),
        ]
    sound(store)
    assert told(do(store, org, "nome,celular\nAna,11968184101\n", consent=True, **agreed)) == {"same": 1}


def test_a_column_that_looks_like_consent_is_left_out_until_somebody_says_so(store: Store, org: int) -> None:
    do(store, org, "nome,celular,Aceita MKT\nAna,11968184101,S\n")
    [ana] = people(store, org)
    assert (ana["fields"], ana["marketing_granted_at"]) == ({}, None)


def test_who_was_deleted_stays_deleted(store: Store, org: int) -> None:
    do(store, org, "nome,celular\nAna,11968184101\n")
    with store.write(org) as db:
        db.exec(select(Contact)).one().deleted_at = NOW
    assert told(do(store, org, "nome,celular\nAna,11968184101\n")) == {"rejected": 1, "rejected.deleted": 1}


def test_a_number_that_somebody_gave_up_long_ago_is_somebody_elses(store: Store, org: int) -> None:
    do(store, org, "nome,celular\nAna,11968184101\n")
    with store.write(org) as db:
        db.exec(select(Identity)).one().retired_at = NOW - timedelta(days=30)
    assert told(do(store, org, "nome,celular\nBia,11968184101\n")) == {"new": 1}
    assert [(each["name"], each["phone"]) for each in people(store, org)] == [("Ana", ""), ("Bia", "+5511968184101")]
    sound(store)


def test_one_organisations_list_touches_nobody_of_another(store: Store, org: int) -> None:
    other = make_org(store, "norte")
    do(store, org, "nome,celular,tags\nAna,11968184101,vip\n")
    assert told(do(store, other, "nome,celular,tags\nBia,11968184101,vip\n")) == {"new": 1}
    assert [each["name"] for each in people(store, org)] == ["Ana"]
    assert [each["name"] for each in people(store, other)] == ["Bia"]
    sound(store)


def test_an_import_that_was_stopped_goes_on_where_it_was(
    store: Store, org: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contact_import_reader, "CHUNK", 3)
    lines = [f"P{n},119681841{n % 9:02}" for n in range(10)]  # the tenth is the first one's number
    text = "nome,celular\n" + "\n".join(lines) + "\n"

    class Stopped(Exception):
        pass

    def stop_at_six(counts: Counter[str]) -> None:
        if counts["rows"] == 6:
            raise Stopped

    with contact_import_files.source(io.BytesIO(text.encode())) as source:
        with store.read(org) as db:
            columns = contact_import_plan.plan(db, org, source, {}, "BR")
        wanted = contact_import.Wanted(Rules(org, source.name), tuple(columns), "BR")
        job = contact_import.begin(store, org, source, "k", "digest", NOW)
        with pytest.raises(Stopped):
            contact_import.run(store, source, wanted, job, NOW, stop_at_six)
        assert len(people(store, org)) == 6
        again = contact_import.begin(store, org, source, "k", "digest", NOW)
        assert (again.id, again.rows_done) == (job.id, 6)
        outcome = contact_import.run(store, source, wanted, again, NOW, lambda counts: None)
        assert told(outcome) == {"new": 9, "rejected": 1, "rejected.repeated": 1}
        assert outcome.resumed_at == 6
        contact_import.finish(store, org, source, outcome, None, NOW)
        done = contact_import.begin(store, org, source, "k", "digest", NOW)
        assert contact_import.run(store, source, wanted, done, NOW, lambda counts: None).replayed
        with pytest.raises(Conflict):
            contact_import.begin(store, org, source, "k", "other", NOW)
    assert len(people(store, org)) == 9
    with store.read(org) as db:
        assert db.exec(select(func.count()).select_from(imports.ImportReject)).one() == 0
        told_of = [event.payload["new"] for event in db.exec(select(Event).where(Event.kind == "contact:imported"))]
        assert sum(told_of) == 9
    sound(store)


def test_after_a_long_list_the_planner_knows_how_many_people_there_are(
    store: Store, org: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contact_import, "MANY", 3)
    listed = "telefone\n" + "".join(f"+55119681{serial:05}\n" for serial in range(40))
    asked = (
        "SELECT CAST(stat AS INTEGER) FROM sqlite_stat1 WHERE idx = 'ix_contact_audience'"  # its first word: rows
        if store.is_sqlite
        else "SELECT reltuples FROM pg_class WHERE relname = 'contact'"
    )
    meanwhile = []

    def look(*_counts: Any) -> None:
        with store.read() as db:
            meanwhile.append(db.connection().exec_driver_sql(asked).scalar())

    if store.is_sqlite:
        do(store, org, listed)
    else:  # after the first of its chunks too
        do(store, org, listed, tell=look)
        assert meanwhile == [40]
    look()
    assert meanwhile[-1] == 40


def test_two_that_do_the_same_import_at_once_are_told_apart(store: Store, org: int) -> None:
    with contact_import_files.source(io.BytesIO(b"nome,celular\nAna,11968184101\n")) as source:
        with store.read(org) as db:
            columns = contact_import_plan.plan(db, org, source, {}, "BR")
        wanted = contact_import.Wanted(Rules(org, source.name), tuple(columns), "BR")
        one = contact_import.begin(store, org, source, "k", "digest", NOW)
        other = contact_import.begin(store, org, source, "k", "digest", NOW)
        contact_import.run(store, source, wanted, one, NOW, lambda counts: None)
        with pytest.raises(Conflict):
            contact_import.run(store, source, wanted, other, NOW, lambda counts: None)
    assert len(people(store, org)) == 1


HOSTILE = [
    "nome,celular\n=cmd|'/C calc'!A0,11968184101\n\x00\x01,11968184102\n\x1b]0;x\x07,11968184103\n",
    "nome,celular\r\nAna,11968184101\rBia,11968184102\nCaio,11968184103\n",
    'nome,celular\n"Ana,11968184101\nBia,11968184102\nCaio,11968184103\nDora,11968184104\n',
    "nome,celular\n" + "x" * (2 << 20) + ",11968184101\nAna,11968184102\nBia,11968184103\n",
    "nome,celular\n" + "," * 1_000_000 + "\nAna,1\n" + "," * 50_000 + "a\nBia,11968184102\n",
    "nome,celular\n" + ",".join("a" for _ in range(200_000)) + "\nBia,11968184102\nAna,11968184101\n",
]


@pytest.mark.parametrize("text", HOSTILE, ids=["controls", "newlines", "quote", "long", "commas", "columns"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp1252"])
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_every_row_of_a_hostile_file_is_taken_or_rejected(store: Store, org: int, text: str, encoding: str) -> None:
    outcome = do(store, org, text.encode(encoding))
    assert outcome.counts["new"] + outcome.counts["rejected"] == outcome.counts["rows"] >= 2
    assert outcome.counts["new"] >= 1
    sound(store)


def test_a_quote_that_nobody_closed_costs_one_row(store: Store, org: int) -> None:
    outcome = do(store, org, HOSTILE[2])
    assert [(each.line, each.reason) for each in outcome.rejects] == [(2, "a quote is not closed")]
    assert [each["name"] for each in people(store, org)] == ["Bia", "Caio", "Dora"]


@settings(deadline=None)
@given(st.binary(max_size=400))
def test_no_file_whatever_it_holds_makes_the_reader_fail(content: bytes) -> None:
    try:
        with contact_import_files.source(io.BytesIO(content)) as source:
            rows = list(source.rows())
    except InvalidData:
        return
    assert all(isinstance(cells, Unreadable | list) for _, cells in rows)


@pytest.mark.parametrize(
    ("typed", "phone"),
    [
        ("(11) 96818-4101", "+5511968184101"),
        ("11968184101", "+5511968184101"),
        ("5511968184101", "+5511968184101"),
        ("+55 11 96818 4101", "+5511968184101"),
        ("5511968184101.0", "+5511968184101"),
        ("'+5511968184101", "+5511968184101"),
        ("11 6818-4101", "+551168184101"),
        ("+351 912 345 678", "+351912345678"),
    ],
)
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_phones_are_read_as_lists_have_them(store: Store, org: int, typed: str, phone: str) -> None:
    do(store, org, f"nome;celular\nAna;{typed}\n")
    assert [each["phone"] for each in people(store, org)] == [phone]


@pytest.mark.parametrize("typed", ["5,51197E+12", "123", "", "11968184101 / 1132654321", "BR.1349", "1196818.4101.0"])
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_what_is_no_phone_number_is_rejected(store: Store, org: int, typed: str) -> None:
    outcome = do(store, org, f"nome;celular\nAna;{typed}\n")
    assert told(outcome) == {"rejected": 1, "rejected.phone": 1}


@pytest.mark.parametrize(
    ("mapping", "header"),
    [
        ({"fone": "phone"}, "nome,celular"),
        ({"nome": "banana"}, "nome,celular"),
        ({"nome": "f.É"}, "nome,celular"),
        ({"nome": "f.x:money"}, "nome,celular"),
        ({"a": "name", "b": "name"}, "a,b,celular"),
    ],
)
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_mappings_that_do_not_fit_are_refused(store: Store, org: int, mapping: dict[str, str], header: str) -> None:
    with pytest.raises(UsageError):
        do(store, org, f"{header}\nx,11968184101,y\n", mapping=mapping)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_columns_of_one_name_are_told_apart(store: Store, org: int) -> None:
    text = "celular,Obs,Obs,Obs,\n11968184101,a,b,c,\n"
    assert told(do(store, org, text, mapping={"obs (2)": "-"})) == {"new": 1}
    with store.read(org) as db:
        assert [each.name for each in everyone(db, org)] == ["obs", "obs_3"]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_list_without_a_header_gives_at_least_the_numbers(store: Store, org: int) -> None:
    assert told(do(store, org, "Ana;11 96818-4101\nBia;11 96818-4102\n")) == {"new": 2}
    with pytest.raises(InvalidData):
        do(store, org, "nome;cidade\nAna;Osasco\n")


def test_json_lines_and_what_python_makes_of_them_come_in_too(store: Store, org: int) -> None:
    text = '{"phone": "+5511968184101", "tags": ["vip", "a, b"], "fields": {"idade": 31, "vip": true}}\nnull\n[1]\n'
    outcome = do(store, org, text, form="jsonl")
    assert told(outcome) == {"new": 1, "rejected": 2, "rejected.unreadable": 2}
    [ana] = people(store, org)
    assert (ana["tags"], ana["fields"]) == (["a, b", "vip"], {"idade": 31, "vip": True})


def test_csv_rows_keep_their_lines() -> None:
    content = b'nome,celular\n\n"Ana\nMaria",11968184101\nBia,11968184102\n'
    with contact_import_files.source(io.BytesIO(content)) as source:
        assert list(source.rows()) == [(3, ["Ana\nMaria", "11968184101"]), (5, ["Bia", "11968184102"])]
    assert len(list(csv.reader(io.StringIO(content.decode())))) == 4


def test_people_are_known_by_the_key_that_is_chosen(store: Store, org: int) -> None:
    do(store, org, "nome,celular,cpf\nAna,11968184101,01234567890\nBob,11968184102,\n")
    text = "nome,celular,cpf\nAna L.,,01234567890\nBob B.,11968184102,222\nEva,11968184103,333\n"
    assert told(do(store, org, text, key_field="f.cpf", dry=True)) == {"updated": 2, "new": 1}
    assert told(do(store, org, text, key_field="f.cpf")) == {"updated": 2, "new": 1}
    assert {each["name"]: each["fields"]["cpf"] for each in people(store, org)} == {
        "Ana L.": "01234567890", "Bob B.": "222", "Eva": "333",
    }  # fmt: skip
    assert told(do(store, org, text + "\n", key_field="f.cpf")) == {"same": 3}
    sound(store)


@pytest.mark.parametrize(
    ("row", "slug", "why"),
    [
        ("X,11968184102,A1", "key", "but not this phone number"),
        ("X,11968184102,ZZ", "key", "and another cpf"),
        ("X,,ZZ", "phone", "nobody has this f.cpf"),
        ("X,,twice", "key", "several contacts have this cpf"),
        ("X,,", "phone", "the phone number is missing"),
        ("X,11968184109,C3\nY,11968184108,c3 ", "repeated", "the same cpf as in line 2"),
    ],
)
def test_a_row_whose_key_and_phone_mean_two_people_is_rejected(
    store: Store, org: int, row: str, slug: str, why: str
) -> None:
    do(store, org, "nome,celular,cpf\nA,11968184101,A1\nB,11968184102,B2\nC,11968184103,twice\nD,11968184104,Twice\n")
    outcome = do(store, org, f"nome,celular,cpf\n{row}\n", key_field="f.cpf", mapping={"cpf": "f.cpf"})
    assert outcome.counts[f"rejected.{slug}"] == 1
    assert why in outcome.rejects[0].reason
    sound(store)


def test_numbers_are_keys_too_and_keys_that_tell_nobody_apart_are_refused(store: Store, org: int) -> None:
    do(store, org, "nome,celular,matricula:n\nAna,11968184101,12\n", mapping={"matricula:n": "f.matricula:number"})
    assert told(do(store, org, "nome,matricula\nAna L.,12\n", key_field="f.matricula")) == {"updated": 1}
    for text, mapping, why in (
        ("celular,nome\n11968184101,A\n", {}, "the columns become"),
        ("celular,cliente desde\n11968184101,2020-01-01\n", {"cliente desde": "f.cpf:date"}, "tells nobody apart"),
    ):
        with pytest.raises(UsageError) as refused:
            do(store, org, text, mapping=mapping, key_field="f.cpf")
        assert refused.value.slug == "PT-IMPORT-IDENTITY"
        assert why in refused.value.why


def test_a_stopped_import_by_key_goes_on_and_counts_nobody_twice(
    store: Store, org: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contact_import_reader, "CHUNK", 2)
    text = "celular,cpf\n" + "".join(f"1196818410{n},c{n}\n" for n in range(5)) + ",C0\n"
    assert told(do(store, org, text, key_field="f.cpf")) == {"new": 5, "rejected": 1, "rejected.repeated": 1}
    assert told(do(store, org, text + "\n", key_field="f.cpf"))["same"] == 5
    sound(store)


def test_people_without_a_phone_are_known_by_their_bsuid(store: Store, org: int) -> None:
    with store.write(org) as db:
        contacts.resolve(db, org, "p", [Person(user_id="BR.1")], NOW)
    assert told(do(store, org, "bsuid,cidade\nBR.1,Osasco\n", key_field="bsuid")) == {"updated": 1}
    assert people(store, org)[0]["fields"] == {"cidade": "Osasco"}
