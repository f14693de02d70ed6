"""`pytake contact` for many: tags, values, consent, notes, history, deletion, checks; and `pytake field`."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from pytake_cli import clock
from pytake_cli.services import contacts
from pytake_cli.store import Store, upkeep
from pytake_cli.store.contacts import Consent, Contact, ServiceWindow
from pytake_cli.whatsapp.webhooks import Person
from tests.kit.people import wrote
from tests.kit.shell import Shell
from tests.kit.stores import NOW, make_number, make_org

ANA, BIA, CAIO = "+5511968184101", "+5511968184102", "+5511968184103"
Pipe = Callable[..., str]


@pytest.fixture
def org(store: Store) -> int:
    return make_org(store)


@pytest.fixture
def shell(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, store_url: str, org: int) -> Shell:
    shell = Shell(capfd, monkeypatch, store_url)
    for phone, name in ((ANA, "Ana"), (BIA, "Bia"), (CAIO, "Caio")):
        shell("contact", "create", phone, "--name", name)
    return shell


@pytest.fixture
def pipe(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> Pipe:
    """Runs a command with something on stdin."""

    def run(text: str, *words: str, code: int = 0) -> str:
        monkeypatch.setattr("sys.stdin", io.StringIO(text))
        return shell(*words, code=code)

    return run


def card(shell: Shell, who: str = ANA) -> Any:
    return shell.json("contact", "show", who)


def past(shell: Shell, who: str = ANA) -> list[tuple[str, Any, Any]]:
    rows = shell.json("contact", "history", who)
    return [(row["what"], row["before"], row["after"]) for row in reversed(rows)]


def test_tags_are_given_and_taken_and_narrow_the_list(shell: Shell) -> None:
    assert shell("contact", "tag", ANA, "Bia", "--tag", "VIP  Sul", "--tag", "novo") == "2\t2\t0\n"
    assert card(shell)["tags"] == ["novo", "vip sul"]
    assert [row["display"] for row in shell.json("contact", "list", "--tag", "vip sul")] == ["Bia", "Ana"]
    assert shell("contact", "tag", ANA, "--tag", "novo") == "1\t0\t0\n"
    shell("contact", "untag", ANA, "--tag", "novo")
    assert past(shell)[-3:] == [("tag:vip sul", None, True), ("tag:novo", None, True), ("tag:novo", True, None)]
    assert shell.json("contact", "list", "--tag", "nenhum") == []
    assert [row["display"] for row in shell.json("contact", "list", "-w", 'tag = "vip sul" not ana')] == ["Bia"]
    shell("contact", "list", "-w", "tag =", code=65)
    shell("contact", "tag", ANA, "--tag", "a,b", code=65)
    shell("contact", "tag", ANA, code=2)


def test_ids_from_a_pipe_are_changed_together_and_who_is_nobody_is_told(shell: Shell, pipe: Pipe) -> None:
    ids = shell("contact", "list", "--fields", "id")
    assert pipe(ids, "contact", "set", "-", "stage=lead", "score=7", "vip=sim") == "3\t3\t0\n"
    assert [row["stage"] for row in shell.json("contact", "list", "--stage", "lead")] == ["lead"] * 3
    out = pipe(f"{ids}999999\nninguém\n{ANA}\n", "contact", "tag", "-", "--tag", "feira", code=7)
    assert out == "3\t3\t2\n"
    assert "999999: no contact matches 999999" in shell.err
    assert "ninguém" in shell.err
    pipe("999999\n", "contact", "tag", "-", "--tag", "feira", code=5)
    assert pipe("", "contact", "tag", "-", "--tag", "feira") == "0\t0\t0\n"
    pipe(f"{ANA}\nninguém\n", "contact", "untag", "-", "--tag", "feira", "-n", code=3)
    assert card(shell)["tags"] == ["feira"]


def test_a_hundred_reasons_are_told_in_ten(pipe: Pipe, shell: Shell) -> None:
    pipe("".join(f"x{n}\n" for n in range(100)), "contact", "untag", "-", "--tag", "a", code=7)
    assert shell.err.count("no contact matches") == 10
    assert "and 90 more" in shell.err


def test_more_than_a_chunk_goes_through(shell: Shell, pipe: Pipe, store: Store, org: int) -> None:
    with store.write() as db:
        contacts.resolve(db, org, "", [Person(wa_id=f"55119{n:08}") for n in range(60_000_000, 60_001_100)], NOW)
    ids = shell("contact", "list", "--fields", "id")
    assert pipe(ids, "contact", "tag", "-", "--tag", "todos") == "1103\t1103\t0\n"
    assert pipe(ids, "contact", "set", "-", "stage=lead", "-n") == "1103\t1103\t0\n"
    assert pipe(ids, "contact", "set", "-", "stage=cliente") == "1103\t1103\t0\n"
    assert upkeep.check(store) == []


def test_fields_are_typed_and_unknown_ones_refused_with_what_comes_near(shell: Shell) -> None:
    shell("field", "add", "plano", "--type", "choice", "--choices", "Básico, Ouro")
    shell("field", "add", "renda", "--type", "number")
    shell("field", "add", "nasceu", "--type", "date")
    shell("field", "add", "ativo", "--type", "bool", "--label", "Está ativo")
    assert [row["name"] for row in shell.json("field", "list")] == ["ativo", "nasceu", "plano", "renda"]
    shell("contact", "set", ANA, "f.plano=ouro", "renda=1.234,50", "f.nasceu=02/03/1990", "ativo=sim")
    held = {"plano": "Ouro", "renda": 1234.5, "nasceu": "1990-03-02", "ativo": True}
    assert card(shell)["fields"] == held
    assert shell("contact", "list", "--fields", "f.plano,f.renda", "--limit", "0") == "\t\n\t\nOuro\t1234.5\n"
    assert ("f.renda", None, 1234.5) in past(shell)
    shell("contact", "set", ANA, "f.planno=ouro", code=5)
    assert "did you mean plano?" in shell.err
    shell("contact", "set", ANA, "stge=lead", code=5)
    assert "did you mean stage?" in shell.err
    shell("contact", "set", ANA, "renda=muita", code=65)
    assert "PT-FIELD-VALUE" in shell.err
    shell("contact", "set", ANA, "f.plano=Our", code=65)
    assert "did you mean Ouro?" in shell.err
    assert card(shell)["fields"] == held
    shell("contact", "set", ANA, "cor=azul", "--new-fields")
    assert card(shell)["fields"]["cor"] == "azul"


def test_a_field_is_renamed_and_deleted_with_what_contacts_hold(shell: Shell) -> None:
    shell("field", "add", "ativo", "--type", "bool")
    shell("contact", "set", ANA, "ativo=sim")
    shell("field", "rename", "ativo", "cliente", "-n")
    shell("field", "rename", "ativo", "cliente")
    assert card(shell)["fields"] == {"cliente": True}
    shell("field", "add", "cliente", "--type", "text", code=6)
    shell("field", "rename", "ativo", "x", code=5)
    shell("field", "delete", "cliente", code=64)
    shell("field", "delete", "cliente", "-n")
    shell("field", "delete", "cliente", "--yes")
    assert card(shell)["fields"] == {}
    assert shell.json("field", "list") == []
    shell("field", "add", "Cidade", "--type", "text", code=65)
    shell("field", "add", "plano", "--type", "choice", code=65)
    shell("field", "add", "plano", "--type", "text", "--choices", "a", code=65)


def test_what_contacts_held_before_a_field_was_declared_becomes_its_type(shell: Shell, store: Store) -> None:
    with store.write() as db:
        ana, bia, _caio = db.exec(select(Contact).order_by(Contact.id)).all()  # type: ignore[arg-type]
        ana.fields, bia.fields = {"idade": "41", "x": 1}, {"idade": "quarenta"}
    shell("field", "add", "idade", "--type", "number", code=6)
    assert f"contact:{bia.id}" in shell.err
    shell("field", "add", "idade", "--type", "text")
    shell("contact", "set", BIA, "idade=40")
    shell("field", "delete", "idade", "--yes")
    with store.write() as db:
        db.get_one(Contact, ana.id).fields = {"idade": "41", "x": 1}
    shell("field", "add", "idade", "--type", "number")
    assert card(shell)["fields"] == {"idade": 41, "x": 1}


def test_consent_is_written_down_with_its_proof(shell: Shell, pipe: Pipe, store: Store) -> None:
    shell("contact", "optin", ANA, "--topic", "marketing", code=2)  # nobody agrees without a source
    shell("contact", "optin", ANA, "--topic", "marketing", "--source", "loja", "--proof", "ficha 812")
    shown = card(shell)
    assert shown["marketing_granted_at"]
    [line] = shown["consents"]
    assert (line["granted"], line["source"], line["proof"], line["actor"]) == (True, "loja", "ficha 812", "cli")
    shell("contact", "optout", ANA, "--topic", "marketing", "--at", "2026-03-02")
    assert card(shell)["marketing_granted_at"]  # what was said in March is older
    shell("contact", "optout", ANA, "--topic", "utility")
    assert card(shell)["utility_stopped_at"]
    pipe(f"{ANA}\n{BIA}\n", "contact", "optout", "-", "--topic", "all")
    assert card(shell, BIA)["opted_out_at"]
    assert past(shell, BIA)[-1] == ("consent.all", None, "stopped")
    shell("contact", "optin", ANA, "--topic", "all", "--source", "telefone", "--at", "+2d", code=65)
    assert "PT-CONSENT-FUTURE" in shell.err
    shell("contact", "optout", ANA, "--topic", "tudo", code=2)
    with store.read() as db:
        before = len(db.exec(select(Consent)).all())
    shell("contact", "optout", CAIO, "--topic", "all", "-n")
    with store.read() as db:
        assert len(db.exec(select(Consent)).all()) == before
    assert upkeep.check(store) == []


def test_notes_and_history_stand_on_the_card(shell: Shell, pipe: Pipe) -> None:
    shell("contact", "note", ANA, "-m", "prefere manhã")
    pipe("duas\nlinhas\n", "contact", "note", ANA, "-m", "-")
    shell("contact", "note", ANA, "-m", "não fica", "-n")
    shown = card(shell)
    assert [note["body"] for note in shown["notes"]] == ["duas\nlinhas", "prefere manhã"]
    assert shown["history"] == len(past(shell))
    assert past(shell)[-1] == ("note", None, "duas\nlinhas")
    shell("contact", "note", ANA, "-m", " ", code=65)
    assert len(shell("contact", "history", ANA, "--limit", "1").splitlines()) == 1


def test_a_deleted_contact_is_nowhere_until_it_is_made_again(shell: Shell, store: Store) -> None:
    id_ = card(shell)["id"]
    shell("contact", "optout", ANA, "--topic", "marketing")
    shell("contact", "delete", ANA, code=64)
    shell("contact", "delete", ANA, "-n")
    assert card(shell)["id"] == id_
    shell("contact", "delete", ANA, "--yes")
    for ref in (ANA, f"contact:{id_}", id_, "Ana"):
        shell("contact", "show", ref, code=5)
    assert "did you mean" not in shell.err
    assert [row["display"] for row in shell.json("contact", "list")] == ["Caio", "Bia"]
    assert shell.json("contact", "list", "--search", "ana") == []
    assert shell.json("conversation", "search", "ana", "--in", "contacts") == []
    assert shell.json("contact", "check", ANA)[0]["known"] is False
    shell("contact", "delete", ANA, "--yes", code=5)
    assert shell.json("contact", "create", ANA)["id"] == id_
    assert card(shell)["marketing_stopped_at"]
    assert [line for line in past(shell) if line[0] == "deleted"] == [
        ("deleted", None, True),
        ("deleted", True, None),
    ]


def test_numbers_are_checked_before_anybody_writes(shell: Shell, store: Store, org: int) -> None:
    number = make_number(store, org)
    with store.write() as db:
        ana = db.exec(select(Contact).where(Contact.name == "Ana")).one()
        db.add(ServiceWindow(number_id=number, contact_id=ana.id or 0, org_id=org, last_inbound_at=clock.now()))
    shell("contact", "optin", ANA, "--topic", "marketing", "--source", "loja")
    ana_row, stranger, wrong = shell.json("contact", "check", "(11) 96818-4101", "+351912345678", "12")
    assert (ana_row["phone"], ana_row["country"], ana_row["known"], ana_row["name"]) == (ANA, "BR", True, "Ana")
    assert (ana_row["window"], ana_row["marketing"], ana_row["blocked"]) == ("open", "granted", False)
    assert (stranger["country"], stranger["known"], stranger["window"]) == ("PT", False, None)
    assert (wrong["valid"], wrong["phone"]) == (False, None)
    assert wrong["problem"]


def test_blocking_holds_here_and_says_why_meta_was_not_asked(shell: Shell, store: Store, org: int) -> None:
    assert shell("contact", "block", ANA) == "1\t1\t0\n"
    assert "only who wrote in the last 24 hours" in shell.err
    assert card(shell)["blocked_at"]
    assert shell("contact", "block", ANA) == "1\t0\t0\n"
    assert shell("contact", "unblock", ANA) == "1\t1\t0\n"
    assert past(shell)[-2:] == [("blocked", None, True), ("blocked", True, None)]
    conversation = wrote(store, make_number(store, org), "oi", at=clock.now() - timedelta(minutes=5))
    shell("contact", "block", f"contact:{conversation.contact_id}")
    assert "has no access token, so Meta was not asked" in shell.err


def test_a_merge_has_a_line_in_the_history(shell: Shell) -> None:
    other = card(shell, BIA)["id"]
    shell("contact", "merge", ANA, BIA, "--yes")
    assert past(shell)[-1] == ("merged", None, int(other))
