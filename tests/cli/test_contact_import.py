"""`pytake contact import`: lists as shops have them, taken row by row."""

from __future__ import annotations

import io
import stat
from pathlib import Path
from typing import Any

import pytest

from pytake_cli.store import Store
from tests.kit.shell import Shell
from tests.kit.stores import make_org

LIST = "Nome;Celular;Cidade;Etiquetas\nAna Lúcia;(11) 96818-4101;Osasco;VIP, Base 2026\nBob;123;;\n"


@pytest.fixture
def org(store: Store) -> int:
    return make_org(store)


@pytest.fixture
def shell(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, store_url: str, org: int) -> Shell:
    return Shell(capfd, monkeypatch, store_url)


@pytest.fixture
def listed(tmp_path: Path) -> Any:
    def write(text: str | bytes, name: str = "clientes.csv") -> str:
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return str(path)

    return write


def test_a_list_becomes_contacts_and_what_is_wrong_is_kept_with_its_reason(
    shell: Shell, listed: Any, tmp_path: Path
) -> None:
    rejects = tmp_path / "rejeitados.csv"
    told = shell.json("contact", "import", listed(LIST.encode("latin-1")), "--rejects", str(rejects), code=7)
    assert (told["new"], told["rejected"], told["reasons"]) == (1, 1, {"phone": 1})
    [ana] = shell.json("contact", "list", "--fields", "all")
    assert (ana["name"], ana["phone"], ana["fields"]) == ("Ana Lúcia", "+5511968184101", {"cidade": "Osasco"})
    header, bob = rejects.read_text().splitlines()
    assert header == "Nome;Celular;Cidade;Etiquetas;pytake_line;pytake_reason"
    assert bob.startswith("Bob;123;;;3;")
    assert stat.S_IMODE(rejects.stat().st_mode) == 0o600


def test_a_dry_run_shows_what_each_column_becomes_and_changes_nothing(shell: Shell, listed: Any) -> None:
    out = shell("contact", "import", listed(LIST), "--dry-run", "--plain", code=3)
    assert "1 rows would not be taken" in shell.err
    shell("contact", "import", listed(LIST), "--dry-run", "--allow-partial")
    out = shell("contact", "import", listed(LIST), "--dry-run", "--plain", "--allow-partial")
    assert "f.cidade" in out
    assert "«;»" in shell.err
    assert "UTF-8" in shell.err
    assert shell.json("contact", "list") == []


def test_people_are_found_by_any_spelling_of_their_number_which_stays_as_it_was(shell: Shell, listed: Any) -> None:
    made = shell.json("contact", "create", "+551168184101", "--name", "Ana")
    told = shell.json(
        "contact", "import", listed("nome,celular\nAna Souza,11 96818-4101\nRepetida,1168184101\n"), code=7
    )
    assert (told["new"], told["updated"], told["reasons"]) == (0, 1, {"repeated": 1})
    [ana] = shell.json("contact", "list", "--fields", "all")
    assert (ana["id"], ana["name"], ana["phone"]) == (made["id"], "Ana Souza", "+551168184101")


def test_the_same_key_imports_once(shell: Shell, listed: Any) -> None:
    path = listed(LIST)
    again = ("contact", "import", path, "--idempotency-key", "base-2026")
    first = shell.json(*again, code=7)
    second = shell.json(*again)
    assert (first["replayed"], second["replayed"]) == (False, True)
    assert second["new"] == first["new"] == 1
    listed(LIST + "Caio;11968184102;;\n")
    shell(*again, code=6)
    assert "PT-IMPORT-KEY" in shell.err


def test_what_export_writes_import_reads(
    shell: Shell, listed: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell("contact", "import", listed(LIST.replace("Bob;123;;\n", "")), "--segment", "Base 2026")
    assert "pytake segment create" in shell.err
    piped = shell("contact", "export", "-")
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(piped.encode())))
    told = shell.json("contact", "import", "-")
    assert (told["rows"], told["same"]) == (1, 1)
    target = tmp_path / "out.xlsx"
    assert shell.json("contact", "export", str(target), "--tag", "vip", "--fields", "phone,f.cidade")["rows"] == 1
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    shell("contact", "export", str(target), code=6)
    shell("contact", "export", str(target), "--force", "-w", 'f.cidade = "Osasco"')
    shell("contact", "export", "-", "--fields", "fone", code=2)
    assert "f.cidade" in shell("contact", "export", "--fields", "help")
    lines = shell("contact", "export", "-", "--jsonl", "--fields", "phone,tags,f.cidade")
    assert lines == '{"phone":"+5511968184101","tags":["base 2026","vip"],"fields":{"cidade":"Osasco"}}\n'
    assert shell.json("contact", "export", str(tmp_path / "never.csv"), "--dry-run")["rows"] == 1
    assert not (tmp_path / "never.csv").exists()


def test_what_cannot_be_is_said_before_anything_is_done(shell: Shell, listed: Any, tmp_path: Path) -> None:
    path = listed(LIST)
    shell("contact", "import", path, "--consent", "marketing", code=2)
    assert "PT-IMPORT-CONSENT" in shell.err
    shell("contact", "import", str(tmp_path / "none.csv"), code=5)
    shell("contact", "import", path, "--map", "Fone=phone", code=2)
    shell("contact", "import", path, "--map", "Celular=-", code=65)
    shell("contact", "import", path, "--country", "XX", code=65)
    shell("contact", "import", path, "--rejects", path, code=6)
    shell("contact", "import", listed(b"", "empty.csv"), code=65)
    shell("contact", "import", listed(b"PK\x03\x04", "bad.xlsx"), code=65)
    assert "The workbook cannot be read: it is no XLSX file" in shell.err
    shell("contact", "import", listed(b'[ {"phone": "+5511968184101"}]', "all.json"), code=65)
    assert "jq -c '.[]' all.json | pytake contact import -" in shell.err
    assert shell.json("contact", "list") == []
    shell("contact", "import", path, "--allow-partial")


def test_an_export_in_another_organisation_is_the_same_but_for_what_people_stopped(
    shell: Shell, listed: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell("field", "add", "preco", "--type", "number")
    ana = ("contact", "create", "+5511968184101", "--name", "=Ana", "--field", "vip=yes", "--tag", "vip")
    shell(*ana, "--field", "f.preco=1234.5", "--field", "tz=America/Manaus")
    shell("contact", "create", "+351912345678", "--name", '\'-Zé, "o"')
    shell("contact", "optout", "+351912345678", "--topic", "all")
    kept = shell("contact", "export", "-", "--jsonl")
    files = [tmp_path / f"out.{form}" for form in ("csv", "jsonl", "xlsx")]
    for file in files:
        shell("contact", "export", str(file), "--fields", "all")
    for file in files:
        form = file.suffix[1:]
        shell("org", "create", form)
        shell("-o", form, "contact", "import", str(file), "--dry-run", "--plain")
        assert f"out.{form}: 2 rows" in shell.err
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(file.read_bytes())))
        shell("-o", form, "contact", "import", "-")
        assert "pytake contact optout - --topic all" in shell.err
        assert "blocked_at" not in shell.err
        assert shell("-o", form, "contact", "export", "-", "--jsonl") == kept
        assert shell.json("-o", form, "field", "list", "--fields", "name,type,label") == [
            {"name": "preco", "type": "number", "label": "preco"}
        ]


def test_who_takes_contacts_out_needs_the_right_and_is_in_the_audit_log(
    shell: Shell, listed: Any, tmp_path: Path
) -> None:
    shell("contact", "import", listed("Nome;Celular;E-mail\nAna;11968184101;a@loja.example\n"))
    shell("user", "invite", "ana@loja.example", "--role", "AGENT")
    shell("user", "invite", "rita@loja.example", "--role", "ORG_ADMIN")
    target = tmp_path / "out.csv"
    shell("contact", "export", str(target), "--as", "ana@loja.example", code=77)
    assert "contacts:export" in shell.err
    assert not target.exists()
    where = ("-w", 'f.e_mail = "a@loja.example"')
    shell("contact", "export", str(tmp_path / "a.csv"), "--as", "rita@loja.example", "--fields", "phone,name", *where)
    entry = shell.json("audit", "list", "--action", "contacts.exported", "--fields", "all")[0]
    details = entry["details"]
    assert (entry["actor"], details["contacts"], details["filtered"]) == ("rita@loja.example", 1, True)
    assert "loja.example" not in str(entry["details"])
    before = len(shell.json("audit", "list"))
    shell("contact", "export", str(target), "--dry-run")
    assert len(shell.json("audit", "list")) == before
