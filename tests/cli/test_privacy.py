"""`pytake privacy`: what is held of a person, its end, and how long what is kept."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from sqlmodel import select

from pytake_cli import clock, settings
from pytake_cli.services.media import folder
from pytake_cli.store import Store
from pytake_cli.store.jobs import Job
from pytake_cli.store.media import Media
from pytake_cli.store.messages import Message
from pytake_cli.store.organisations import Organisation
from tests.kit import people
from tests.kit.shell import Shell
from tests.kit.stores import make_number, make_org


@pytest.fixture
def shell(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, store_url: str, store: Store) -> Shell:
    org, old = make_org(store), clock.now() - timedelta(days=40)
    with store.write() as db:
        for n in range(3):
            db.add(Job(org_id=org, kind="x", key=f"k{n}", state="done", due_at=old, done_at=old, created_at=old))
    return Shell(capfd, monkeypatch, store_url)


def counts(rows: list[dict[str, int]]) -> dict[object, int]:
    return {row["name"]: row["count"] for row in rows if row["count"]}


def test_what_would_go_is_counted_and_goes_when_somebody_agrees(shell: Shell, store: Store) -> None:
    assert counts(shell.json("privacy", "retention", "show")) == {"jobs": 3}
    assert counts(shell.json("privacy", "retention", "run", "--dry-run")) == {"jobs": 3}
    shell("privacy", "retention", "run", code=64)
    with store.read() as db:
        assert len(db.exec(select(Job)).all()) == 3
    assert counts(shell.json("privacy", "retention", "run", "jobs", "--yes")) == {"jobs": 3}
    assert counts(shell.json("privacy", "retention", "run")) == {}


def test_the_days_are_a_setting_like_any_other(shell: Shell) -> None:
    shell("privacy", "retention", "set", "jobs", "60")
    settings.forget()
    assert counts(shell.json("privacy", "retention", "show")) == {}
    assert shell.json("config", "explain", "retention.job_days")[0]["value"] == 60
    shell("privacy", "retention", "set", "jobs", "never", code=65)
    shell("privacy", "retention", "set", "nothing", "3", code=5)
    assert "jobs" in shell.err


def test_with_several_organisations_webhooks_are_left_to_the_daemon(shell: Shell, store: Store) -> None:
    names = {row["name"] for row in shell.json("privacy", "retention", "show")}
    assert "webhooks" in names
    make_org(store, "norte")
    rows = shell.json("-o", "norte", "privacy", "retention", "show")
    assert {row["name"] for row in rows} == names - {"webhooks", "paces"}
    assert counts(rows) == {}


@pytest.fixture
def known(shell: Shell) -> Shell:
    """Somebody with a note."""
    shell("contact", "create", "+5511968184101", "--name", "Karina Silva")
    shell("contact", "note", "+5511968184101", "-m", "só de manhã")
    return shell


def test_what_is_held_of_a_person_is_one_private_file(known: Shell, tmp_path: Path) -> None:
    counted = known.json("privacy", "export", "+5511968184101", "--dry-run")
    assert {"what": "contact", "rows": 1} in counted
    target = tmp_path / "karina.json"
    known("privacy", "export", "+5511968184101", "--out", str(target))
    found = json.loads(target.read_text())
    assert (found["person"]["name"], target.stat().st_mode & 0o777) == ("Karina Silva", 0o600)
    assert "contact_note" not in found["held"]
    known("privacy", "export", "+5511968184101", "--out", str(target), code=6)
    whole = json.loads(known("privacy", "export", "Karina Silva", "--with-notes"))
    assert whole["held"]["contact_note"][0]["body"] == "só de manhã"
    assert {each["action"] for each in whole["access"]} == {"privacy.exported"}


def test_erasing_wants_the_number_once_more_and_leaves_its_line(known: Shell) -> None:
    known("privacy", "erase", "+5511968184101", "--yes", code=64)
    known("privacy", "erase", "+5511968184101", "--confirm", "+5511968184102", code=2)
    assert {"what": "contact_note", "rows": 1} in known.json("privacy", "erase", "+5511968184101", "--dry-run")
    assert known.json("contact", "show", "+5511968184101")["name"] == "Karina Silva"
    words = ("--confirm", "+5511968184101", "--reason", "pedido do titular")
    gone = known.json("privacy", "erase", "(11) 96818-4101", *words)
    assert gone["erased"]
    assert gone["held"]["contact_note"] == 1
    known("privacy", "erase", "+5511968184101", *words, code=5)
    [noted] = known.json("audit", "list", "--action", "contact.erased")
    assert noted["target"] == f"contact:{gone['contact']}"


def test_who_was_erased_comes_back_by_a_new_agreement_and_by_no_list(known: Shell, tmp_path: Path) -> None:
    known("privacy", "erase", "+5511968184101", "--confirm", "+5511968184101")
    listed, rejects = tmp_path / "lista.csv", tmp_path / "rejeitados.csv"
    listed.write_text("nome,celular\nKarina,(11) 6818-4101\nBob,(11) 96818-4102\n")
    told = known.json("contact", "import", str(listed), "--rejects", str(rejects), code=7)
    assert (told["new"], told["reasons"]) == (1, {"erased": 1})
    assert "privacy consent set" in rejects.read_text()
    known("contact", "create", "+5511968184101", code=6)
    assert "PT-CONTACT-ERASED" in known.err
    consent = ("privacy", "consent", "set", "+5511968184101", "--topic", "marketing")
    known(*consent, "--stopped", code=5)
    known(*consent, "--granted", code=2)
    known(*consent, "--granted", "--source", "loja", "--dry-run")
    known("contact", "show", "+5511968184101", code=5)
    known(*consent, "--granted", "--source", "loja", "--proof", "ficha 9")
    [line] = known.json("privacy", "consent", "show", "+5511968184101")
    assert (line["purpose"], line["granted"], line["holds"], line["proof"]) == ("marketing", True, True, "ficha 9")
    assert known.json("contact", "import", str(listed), "--tag", "x")["updated"] == 2


def test_the_access_log_says_who_looked_at_a_person(known: Shell) -> None:
    known("contact", "show", "+5511968184101")
    known("privacy", "consent", "show", "+5511968184101")
    rows = known.json("privacy", "access-log", "+5511968184101")
    assert [row["action"] for row in rows] == ["contact.read", "contact.read"]
    assert "Karina" not in json.dumps(rows)


def test_the_export_as_zip_has_the_persons_files(known: Shell, store: Store, tmp_path: Path) -> None:
    with store.write() as db:
        [org] = db.exec(select(Organisation)).all()
    conversation = people.wrote(store, make_number(store, org.id or 0), phone="+5511968184102")
    with store.write() as db:
        message = db.exec(select(Message).where(Message.conversation_id == conversation.id)).one()
        common: Any = {"org_id": message.org_id, "number_id": message.number_id, "message_id": message.id}
        for name in ("a/foto.jpg", "a/lost.jpg"):
            db.add(Media(**common, direction="in", path=name, state="stored", created_at=clock.now()))
    (folder() / "a").mkdir(parents=True)
    (folder() / "a" / "foto.jpg").write_bytes(b"photo")
    target = tmp_path / "karina.zip"
    known("privacy", "export", "+5511968184102", "--out", str(target))
    assert "1 files of theirs are here no more" in known.err
    with ZipFile(target) as pack:
        assert pack.read("media/a/foto.jpg") == b"photo"
        assert json.loads(pack.read("data.json"))["held"]["media"][0]["path"] == "a/foto.jpg"
