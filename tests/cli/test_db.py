"""`pytake db`: looked at, migrated, copied, put back, checked; through the command line as a person has it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pytake_cli.store import Store, backup, schema
from pytake_cli.store.lock import daemon_lock
from tests.kit import people
from tests.kit.shell import Shell
from tests.kit.stores import make_number, make_org

HEAD = schema.STEPS[-1].version


@pytest.fixture
def shell(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, store_url: str) -> Shell:
    return Shell(capfd, monkeypatch, store_url)


@pytest.fixture
def filled(store: Store) -> Store:
    people.wrote(store, make_number(store, make_org(store)), "oi")
    return store


def test_status_tells_version_and_rows(filled: Store, shell: Shell) -> None:
    status = shell.json("db", "status")
    assert status["version"] == status["needed"] == HEAD
    assert status["rows"]["message"] == 1


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "words", [("status",), ("contact", "list"), ("db", "status"), ("db", "backup"), ("db", "migrate", "-n"), ("serve",)]
)
def test_looking_for_a_store_that_is_not_there_says_init_and_makes_none(
    empty_url: str, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    for name in ("APP_SECRET", "VERIFY_TOKEN", "ACCESS_TOKEN"):
        monkeypatch.setenv(f"PYTAKE_SECRET_{name}", "x")
    shell = Shell(capfd, monkeypatch, empty_url)
    shell(*words, code=78)
    assert "PT-STORE-NONE" in shell.err
    assert "pytake init" in shell.err
    assert not Path(empty_url.removeprefix("sqlite:///")).exists()


def test_a_backup_into_a_folder_that_is_not_there_is_refused(filled: Store, shell: Shell, tmp_path: Path) -> None:
    shell("db", "backup", str(tmp_path / "nowhere" / "pytake.db"), code=65)
    assert "PT-BACKUP-TARGET" in shell.err


def test_a_command_on_a_store_without_tables_exits_78_and_names_the_fix(
    empty_url: str, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Store(empty_url).close()
    shell = Shell(capfd, monkeypatch, empty_url)
    shell("contact", "list", code=78)
    assert "pytake db migrate" in shell.err
    shown = shell.json("db", "migrate", "-n")
    assert [step["state"] for step in shown] == ["pending"] * len(schema.STEPS)
    assert shell.json("db", "status")["version"] is None
    shell("db", "migrate")
    assert shell.json("db", "status")["version"] == HEAD
    assert shell.json("db", "migrate") == []
    shell("contact", "list", code=5)  # no organisation yet


def test_a_backup_is_made_named_and_restored_with_the_stores_name(
    filled: Store, shell: Shell, home: Path, tmp_path: Path
) -> None:
    made = shell.json("db", "backup")
    assert Path(made["file"]).parent == home / "data" / "backups"
    shell("db", "backup", made["file"], code=2)
    other = tmp_path / "copy"
    shell("db", "backup", str(other))
    filled.close()
    shell("db", "restore", str(other), code=64)
    shell("db", "restore", str(other), "--confirm", "wrong", code=2)
    name = Path(filled.url.database or "").stem
    assert "nothing was changed" in (shell("db", "restore", str(other), "-n"), shell.err)[1]
    restored = shell.json("db", "restore", str(other), "--confirm", name)
    assert restored["held"] == 0
    assert shell.json("db", "status")["restored_at"]


def test_a_backup_to_stdout_is_whole(filled: Store, store_url: str, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTAKE_STORE__URL": store_url}
    run = subprocess.run(
        [sys.executable, "-m", "pytake_cli", "db", "backup", "-"], capture_output=True, env=environment
    )
    assert run.returncode == 0, run.stderr
    (tmp_path / "copy").write_bytes(run.stdout)
    assert backup.verify(tmp_path / "copy").rows["message"] == 1


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_restore_refuses_while_a_daemon_has_the_store(filled: Store, shell: Shell, tmp_path: Path) -> None:
    shell("db", "backup", str(tmp_path / "copy"))
    with daemon_lock(filled):
        shell("db", "restore", str(tmp_path / "copy"), "--confirm", "pytake", code=6)
        assert "kill" in shell.err


def test_check_and_vacuum(filled: Store, shell: Shell) -> None:
    assert shell.json("db", "check") == []
    from sqlalchemy import text

    with filled.write() as db:
        db.execute(text("UPDATE message SET rank = 7"))
    assert shell.json("db", "check", code=65)[0]["check"] == "status and rank"
    shell("db", "vacuum", "-n")
    shell("db", "vacuum")
