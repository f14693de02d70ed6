"""`pytake init`: a home from nothing, in six questions or by flags, again and again without harm."""

from __future__ import annotations

import json
import os
import stat
import tomllib
from pathlib import Path

import pytest

from pytake_cli import secrets
from pytake_cli.emulator import defaults
from tests.cli.conftest import Run

ANSWERS = ("--no-input", "--org-name", "Loja Sul", "--owner-email", "rita@example.com", "--number", "emulator")


def config(home: Path) -> dict[str, object]:
    return tomllib.loads((home / "config" / "config.toml").read_text())


def test_flags_alone_make_a_home_that_works_with_the_emulator(pytake: Run, home: Path) -> None:
    ran = pytake("init", *ANSWERS, "--json")
    assert ran.code == 0
    made = json.loads(ran.out)
    assert made["org"] == "loja-sul"
    assert made["number"] == defaults.DISPLAY_NUMBER
    assert set(made["changed"]) == {
        "store", "organisation", "owner", "number", "settings", "app_secret", "verify_token", "access_token",
    }  # fmt: skip
    assert "pytake emulator start" in ran.err
    assert config(home) == {"org": "loja-sul", "whatsapp": {"graph_url": "emulator"}}
    for name in ("app_secret", "verify_token", "access_token"):
        value = secrets.require(name)
        assert len(value) > 20
        assert value not in ran.out + ran.err


def test_a_second_run_changes_nothing(pytake: Run, home: Path) -> None:
    pytake("init", *ANSWERS)
    before = {path: path.read_bytes() for path in (home / "config").iterdir()}
    again = pytake("init", *ANSWERS, "--json")
    assert again.code == 0
    assert json.loads(again.out)["changed"] == []
    assert {path: path.read_bytes() for path in (home / "config").iterdir()} == before
    assert json.loads(pytake("init", "--no-input", "--json").out)["name"] == "Loja Sul"


def test_a_second_run_changes_only_what_is_said(pytake: Run) -> None:
    pytake("init", *ANSWERS)
    changed = json.loads(pytake("init", "--no-input", "--zone", "America/Manaus", "--json").out)
    assert changed["changed"] == ["organisation"]
    assert (changed["tz"], changed["name"], changed["number"]) == (
        "America/Manaus",
        "Loja Sul",
        defaults.DISPLAY_NUMBER,
    )


def test_nobody_else_may_read_what_it_makes(pytake: Run, home: Path) -> None:
    old = os.umask(0)
    try:
        pytake("init", *ANSWERS)
    finally:
        os.umask(old)
    for path in [home / "config", *(home / "config").iterdir(), home / "data", home / "data" / "pytake.db"]:
        assert not stat.S_IMODE(path.stat().st_mode) & 0o077, path


def test_secrets_of_the_environment_win_and_are_not_copied(pytake: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTAKE_SECRET_APP_SECRET", "from-the-environment")
    changed = json.loads(pytake("init", *ANSWERS, "--json").out)["changed"]
    assert "app_secret" not in changed
    assert secrets.get("app_secret") == "from-the-environment"
    monkeypatch.delenv("PYTAKE_SECRET_APP_SECRET")
    assert secrets.get("app_secret") is None


def test_without_a_name_and_without_a_person_it_says_which_flag_is_missing(pytake: Run, home: Path) -> None:
    ran = pytake("init", "--no-input")
    assert ran.code == 64
    assert "--org-name" in ran.err
    assert not (home / "data").exists()


def test_a_dry_run_leaves_no_trace(pytake: Run, home: Path) -> None:
    ran = pytake("init", *ANSWERS, "-n")
    assert ran.code == 0
    assert "Loja Sul" in ran.err
    assert not home.exists() or not any(home.rglob("*.db"))


def test_enter_takes_every_default(screen: Run) -> None:
    ran = screen("init", stdin="Loja Sul\n\n\n\n\n\ny\n")
    assert ran.code == 0, ran.err
    assert "6/6" in ran.err
    assert "7/6" not in ran.err
    assert defaults.DISPLAY_NUMBER in ran.out


def test_a_wrong_answer_is_asked_again_with_the_reason(screen: Run) -> None:
    ran = screen("init", stdin="Loja\nMars/Olympus\namerica/manaus\n\nnot-an-address\nrita@example.com\n\nlater\ny\n")
    assert ran.code == 0, ran.err
    assert "there is no time zone Mars/Olympus" in ran.err
    assert "not-an-address is not an e-mail address" in ran.err
    assert "America/Manaus" in ran.out


def test_no_to_the_summary_writes_nothing(screen: Run, home: Path) -> None:
    ran = screen("init", stdin="Loja Sul\n\n\n\n\n\nn\n")
    assert ran.code == 0
    assert "nothing was changed" in ran.err
    assert not (home / "data" / "pytake.db").exists()


def test_the_end_of_the_input_is_an_error_and_no_loop(screen: Run) -> None:
    assert screen("init", stdin="Loja Sul\n").code == 64


def test_the_store_may_be_anywhere(pytake: Run, home: Path, tmp_path: Path) -> None:
    path = tmp_path / "else where" / "loja.db"
    ran = pytake("init", *ANSWERS, "--store", f"sqlite:///{path}")
    assert ran.code == 0, ran.err
    assert path.exists()
    assert config(home)["store"] == {"url": f"sqlite:///{path}"}
    assert pytake("org", "list").out.startswith("loja-sul")


@pytest.mark.parametrize("url", ["mysql://x/y", "://", "postgres"])
def test_what_is_no_store_is_refused(pytake: Run, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ran = pytake("init", *ANSWERS, "--store", url)
    assert ran.code == (0 if "://" not in url else 65)  # a bare word is a file


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
def test_a_password_in_the_stores_address_becomes_a_secret(pytake: Run, home: Path, empty_url: str) -> None:
    url = empty_url.replace("postgres@", "postgres:geheim%2F1@")
    ran = pytake("init", *ANSWERS, "--store", url)
    assert ran.code == 0, ran.err
    written = (home / "config" / "config.toml").read_text()
    assert "geheim" not in written + ran.out + ran.err
    assert "${secret:db_password}" in written
    assert pytake("org", "list").out.startswith("loja-sul")


def test_going_from_the_emulator_to_meta_leaves_the_emulators_address(pytake: Run, home: Path) -> None:
    pytake("init", *ANSWERS)
    ran = pytake("init", "--no-input", "--number", "meta")
    assert ran.code == 0
    assert "whatsapp" not in config(home) or config(home)["whatsapp"] == {}
    assert "pytake number add" in ran.err


def test_it_speaks_portuguese(pytake: Run) -> None:
    ran = pytake("init", *ANSWERS, "--lang", "pt-BR")
    assert "pronto" in ran.err
    assert json.loads(pytake("org", "show", "--json").out)["lang"] == "pt-BR"


def test_an_emulator_needs_no_name_for_the_company(pytake: Run) -> None:
    made = json.loads(pytake("init", "--no-input", "--number", "emulator", "--json").out)
    assert (made["name"], made["org"]) == ("My company", "my-company")
