"""`pytake macro` and `pytake conversation macro`."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from pytake_cli import clock
from pytake_cli.store import Store
from tests.kit import people
from tests.kit.shell import Shell
from tests.kit.stores import make_number, make_org


@pytest.fixture
def shell(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, store: Store, store_url: str) -> Shell:
    org = make_org(store)
    number = make_number(store, org)
    people.user(store, org)
    for name in ("Karina", "Bia"):
        people.wrote(store, number, name=name, at=clock.now())
    return Shell(capfd, monkeypatch, store_url)


def test_a_macro_is_made_previewed_run_changed_and_deleted(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "fim.yaml"
    file.write_text("- reply: Obrigada, {{ contact.first_name }}!\n- label: resolvido\n- resolve: true\n")
    made = shell.json("macro", "create", "fim", "--steps", str(file), "--title", "Encerra")
    assert made["steps"] == ["reply: Obrigada, {{ contact.first_name }}!", "label: resolvido", "resolve"]
    seen = shell.json("macro", "preview", "fim", "1")
    assert seen[0] == {"step": "reply", "what": "Obrigada, Karina!", "talks": True}
    shell("conversation", "macro", "1", "fim", "-n")
    assert shell.json("conversation", "show", "1")["status"] == "queued"
    shell("conversation", "macro", "1", "2", "fim")
    assert shell.json("conversation", "show", "1")["status"] == "resolved"
    assert [row["uses"] for row in shell.json("macro", "list")] == [2]
    monkeypatch.setattr("sys.stdin", io.StringIO("[{note: oi}]"))
    shell("macro", "set", "fim", "--steps", "-")
    assert shell.json("macro", "show", "fim")["steps"] == ["note: oi"]
    shell("conversation", "macro", "1", "fmi", code=5)
    shell("macro", "delete", "fim", "--yes")
    assert shell.json("macro", "list") == []


def test_a_mistake_in_a_step_has_its_place(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "fim.yaml"
    file.write_text("- note: a\n- labell: b\n")
    shell("macro", "create", "fim", "--steps", str(file), code=65)
    assert "fim.yaml:2:3" in shell.err
    assert "did you mean `label`?" in shell.err
