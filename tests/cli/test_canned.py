"""`pytake canned`: kept, found, filled, carried from one organisation to another."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytake_cli.store import Store
from tests.kit import people
from tests.kit.shell import Shell
from tests.kit.stores import make_number, make_org


@pytest.fixture
def shell(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, store: Store, store_url: str) -> Shell:
    people.wrote(store, make_number(store, make_org(store)), name="Karina Silva")
    return Shell(capfd, monkeypatch, store_url)


def test_a_reply_is_made_found_previewed_changed_and_deleted(shell: Shell) -> None:
    text = "Oi {{ contact.first_name }}, chega em {{ prazo | 5 a 7 }} dias."
    made = shell.json("canned", "create", "prazo", "-m", text, "--title", "Prazo de entrega", "--labels", "Entrega")
    assert made["key"] == "prazo"
    kept = shell.json("canned", "show", "prazo")
    assert (kept["labels"], kept["own"]) == (["entrega"], False)
    shell("canned", "create", "prazo", "-m", "x", code=6)
    assert [row["key"] for row in shell.json("canned", "list", "entreg")] == ["prazo"]
    assert shell.json("canned", "list", "--label", "outra") == []
    seen = shell.json("canned", "preview", "prazo", "--conversation", "1")
    assert seen["text"] == "Oi Karina, chega em 5 a 7 dias."
    assert seen["stops"] == [{"start": 20, "end": 25, "name": "prazo", "default": "5 a 7"}]
    assert "Karina" not in shell("canned", "preview", "prazo")
    assert "prazo" in shell.err
    shell("canned", "set", "prazo", "-m", "Days: {{ n }}", "--lang", "en", "-n")
    assert set(shell.json("canned", "show", "prazo")["texts"]) == {""}
    shell("canned", "set", "prazo", "-m", "Days: {{ n }}", "--lang", "en")
    assert set(shell.json("canned", "show", "prazo")["texts"]) == {"", "en"}
    shell("canned", "show", "prazos", code=5)
    assert "did you mean prazo?" in shell.err
    shell("canned", "delete", "prazo", "--yes")
    assert shell.json("canned", "list") == []


def test_a_mistake_in_a_text_is_shown_under_its_place(shell: Shell) -> None:
    shell("canned", "create", "x", "-m", "Oi {{ contact.frist_name }}", code=65)
    assert "did you mean contact.first_name?" in shell.err
    assert "        ^" in shell.err


def test_replies_go_to_a_file_and_into_another_organisation(shell: Shell, store: Store, tmp_path: Path) -> None:
    make_org(store, "filial")
    file = tmp_path / "respostas.yaml"
    shell("-o", "loja", "canned", "create", "oi", "-m", "Olá!")
    shell("-o", "loja", "canned", "export", str(file))
    assert shell.json("-o", "filial", "canned", "list") == []
    assert shell.json("-o", "filial", "canned", "import", str(file), "-n")["new"] == ["oi"]
    assert shell.json("-o", "filial", "canned", "import", str(file))["new"] == ["oi"]
    assert shell("-o", "filial", "canned", "export") == file.read_text()
    shell("-o", "filial", "canned", "import", str(tmp_path / "none.yaml"), code=5)
