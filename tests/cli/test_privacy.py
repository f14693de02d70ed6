"""`pytake privacy`: what is held of a person, its end, and how long what is kept."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from pytake_cli import clock, settings
from pytake_cli.store import Store
from pytake_cli.store.jobs import Job
from tests.kit.shell import Shell
from tests.kit.stores import make_org


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
