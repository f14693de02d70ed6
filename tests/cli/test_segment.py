"""`pytake segment`: asked, kept, explained, refreshed."""

from __future__ import annotations

import pytest
from sqlmodel import select

from pytake_cli.services import segment_members
from pytake_cli.store import Store, tags
from pytake_cli.store.contacts import Contact
from pytake_cli.store.events import Event
from tests.kit import people
from tests.kit.shell import Shell
from tests.kit.stores import NOW, make_number, make_org


@pytest.fixture
def org(store: Store) -> int:
    return make_org(store)


@pytest.fixture
def ids(store: Store, org: int) -> list[int]:
    """Ana, a lead with 80 points and a tag; Bia, a lead with 10; Caio, who is nothing yet."""
    number = make_number(store, org)
    found = [people.wrote(store, number, name=name).contact_id for name in ("Ana", "Bia", "Caio")]
    with store.write(org) as db:
        for id_, stage, score in zip(found, ("lead", "Lead", ""), (80, 10, 0), strict=True):
            row = db.get_one(Contact, id_)
            row.stage, row.score = stage, score
            db.add(row)
        tags.put(db, org, found[0], "cliente", NOW)
    return found


@pytest.fixture
def shell(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, store_url: str, ids: list[int]) -> Shell:
    return Shell(capfd, monkeypatch, store_url)


def test_a_segment_is_kept_counted_shown_changed_and_deleted(shell: Shell, ids: list[int]) -> None:
    made = shell.json("segment", "create", "leads", "-w", "stage = lead", "--description", "quem falta")
    assert (made["name"], made["people"], made["materialised"]) == ("leads", 2, False)
    shell("segment", "create", "leads", "-w", "vip", code=6)
    assert shell("segment", "count", "leads").strip() == "2"
    assert shell("segment", "count", "-w", "segment = leads score >= 50").strip() == "1"
    assert [int(row["id"]) for row in shell.json("segment", "preview", "leads")] == [ids[1], ids[0]]
    assert shell.json("segment", "count", "leads") == {"people": 2}
    assert [int(row["id"]) for row in shell.json("contact", "list", "-w", "segment = leads")] == [ids[1], ids[0]]
    shell("segment", "set", "leads", "-w", "stage = lead score > 20", "--name", "bons")
    assert [(row["name"], row["members"]) for row in shell.json("segment", "list")] == [("bons", None)]
    assert shell.json("segment", "show", "bons")["people"] == 1
    shell("segment", "delete", "bons", "--yes")
    shell("segment", "show", "bons", code=5)


def test_explain_counts_each_condition_and_what_is_left(shell: Shell) -> None:
    found = shell.json("segment", "explain", "-w", "stage = lead (tag = cliente or tag = clinte) score >= 50")
    rows = [(row["condition"], row["people"], row["left"], row["note"]) for row in found["conditions"]]
    assert rows == [
        ("stage = lead", 2, 2, ""),
        ("tag = cliente", 1, None, ""),
        ("tag = clinte", 0, None, "no tag clinte; did you mean cliente?"),
        ("tag = cliente or tag = clinte", 1, 1, ""),
        ("score >= 50", 1, 1, ""),
    ]
    assert found["people"] == 1
    assert "SELECT contact.id" in found["sql"]
    assert "lead" in found["values"].values()
    assert "SELECT" in shell("segment", "explain", "-w", "vip", "--sql")


def test_a_mistake_is_shown_at_its_place_with_what_comes_near(shell: Shell) -> None:
    shell("segment", "count", "-w", "stage = lead scor >= 50", code=65)
    assert "there is no field scor" in shell.err
    assert "  stage = lead scor >= 50\n  " in shell.err
    assert "             ^" in shell.err
    assert "did you mean score?" in shell.err
    shell("segment", "count", "tag:clinte", code=65)
    assert "tag = clinte" in shell.err
    shell("segment", "count", code=65)
    shell("segment", "count", "nobody", code=5)
    assert shell("segment", "count", "stage = lead").strip() == "2"
    for field in ("flow.vendas.outcome = done", "not camp.black.sent"):
        shell("segment", "count", "-w", field, code=65)


def test_a_tag_that_nobody_has_is_doubted_wherever_it_counts(shell: Shell) -> None:
    odd = "no tag clinte; did you mean cliente?"
    assert shell("segment", "count", "-w", "tag = clinte").strip() == "0"
    assert odd in shell.err
    for words in (("preview",), ("create", "bons"), ("set", "bons")):
        shell("segment", *words, "-w", "vip or tag = clinte")
        assert odd in shell.err
    shell("segment", "count", "-w", "tag = cliente")
    assert "no tag" not in shell.err
    shell("segment", "count", "-w", "tag = clinte", "--lang", "pt-BR")
    assert "não há etiqueta clinte; você quis dizer cliente?" in shell.err


def test_words_that_are_fields_and_choices_that_are_none_are_doubted(shell: Shell) -> None:
    shell("field", "add", "plano", "--type", "choice", "--choices", "Basic,gold")
    for text, odd in (
        ("not plano", "did you mean f.plano?"),
        ("opted_out", "is no field"),
        ("f.plano in (basic, platinum)", "platinum is no choice of f.plano: those are Basic, gold"),
    ):
        shell("segment", "count", "-w", text)
        assert odd in shell.err
    for text in ("ana", "f.plano = BASIC", "f.plano is set", "f.plano ~ gol", "score between 1 99"):
        shell("segment", "count", "-w", text)
        assert shell.err == ""


def test_a_segment_that_is_named_stays_and_circles_are_refused(shell: Shell) -> None:
    shell("segment", "create", "leads", "-w", "stage = lead")
    shell("segment", "create", "bons", "-w", "segment = leads score >= 50")
    shell("segment", "delete", "leads", "--yes", code=6)
    assert "segment bons" in shell.err
    shell("segment", "set", "leads", "--name", "todos", code=6)
    shell("segment", "set", "leads", "-w", "segment = bons", code=65)
    assert "leads -> bons -> leads" in shell.err
    assert shell("segment", "count", "leads").strip() == "2"


def test_a_dry_run_keeps_nothing(shell: Shell) -> None:
    shell("segment", "create", "leads", "-w", "stage = lead", "--materialise", "-n")
    assert shell.json("segment", "list") == []
    shell("segment", "create", "leads", "-w", "stage = lead")
    shell("segment", "set", "leads", "-w", "vip", "-n")
    shell("segment", "delete", "leads", "-n")
    assert shell("segment", "count", "leads").strip() == "2"


def events(store: Store, org: int) -> list[tuple[str, list[int]]]:
    with store.read(org) as db:
        found = db.exec(select(Event).where(Event.kind.startswith("segment:")).order_by(Event.id))  # type: ignore[arg-type]
        return [(event.kind, event.payload["contacts"]) for event in found]


def test_whoever_enters_or_leaves_a_materialised_segment_is_told_of(
    shell: Shell, store: Store, org: int, ids: list[int]
) -> None:
    ana, bia, caio = ids
    shell("segment", "create", "leads", "-w", "stage = lead", "--materialise")
    assert [int(row["contact_id"]) for row in shell.json("segment", "members", "leads")] == [bia, ana]
    assert events(store, org) == []
    with store.write(org) as db:
        db.get_one(Contact, ana).stage = "cliente"
        db.get_one(Contact, caio).stage = "lead"
    segment_members.refresh_all(store, NOW)
    segment_members.refresh_all(store, NOW)
    assert events(store, org) == [("segment:left", [ana]), ("segment:entered", [caio])]
    assert {int(row["contact_id"]) for row in shell.json("segment", "members", "leads")} == {bia, caio}
    shell("segment", "set", "leads", "-w", "stage = cliente")
    assert [int(row["contact_id"]) for row in shell.json("segment", "members", "leads")] == [ana]
    assert len(events(store, org)) == 2
    shell("segment", "set", "leads", "--no-materialise")
    shell("segment", "refresh", "leads", code=6)
    assert shell.json("segment", "members", "leads") == []
