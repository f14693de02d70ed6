"""Proves completion: what may come next, in real shells where there are any."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pytake_cli import clock
from pytake_cli.store import tags
from pytake_cli.store.campaigns import Campaign
from pytake_cli.store.fields import Field
from pytake_cli.store.segments import Segment
from pytake_cli.store.templates import Template
from tests.cli.conftest import Run
from tests.kit.shop import Shop


def offered(pytake: Run, *words: str) -> list[str]:
    ran = pytake("__complete", *words)
    assert (ran.code, ran.err) == (0, "")
    return [line.partition("\t")[0] for line in ran.out.splitlines()]


def test_nouns_verbs_flags_and_values_are_offered(pytake: Run) -> None:
    assert offered(pytake, "conf") == ["config"]
    assert "secret" in offered(pytake, "")
    assert offered(pytake, "config", "e") == ["edit", "explain"]
    assert offered(pytake, "configs", "e") == ["edit", "explain"]
    assert offered(pytake, "config", "set", "--proj") == ["--project"]
    assert "--json" in offered(pytake, "config", "list", "--")
    assert offered(pytake, "config", "get", "serve.po") == ["serve.port"]
    assert offered(pytake, "secret", "move", "app_secret", "--to", "") == ["file", "keyring"]
    assert offered(pytake, "secret", "move", "--to=k") == ["--to=keyring"]
    assert offered(pytake, "--lang", "p") == ["pt-BR"]
    assert offered(pytake, "-o", "acme", "config", "ge") == ["get"]
    assert "PT-SECRET-MISSING" in offered(pytake, "errors", "PT-SECRET-M")
    assert "exit-codes" in offered(pytake, "help", "ex")
    assert offered(pytake, "completion", "z") == ["zsh"]
    assert offered(pytake, "nonsense", "x") == []
    assert offered(pytake) != []


def test_install_asks_and_writes(screen: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("ZDOTDIR", str(tmp_path))
    file = tmp_path / "data" / "bash-completion" / "completions" / "pytake"
    assert screen("completion", "bash", "--install", stdin="n\n").code == 0
    assert not file.exists()
    assert screen("completion", "bash", "--install", stdin="s\n").code == 0
    assert "complete -" in file.read_text()
    (tmp_path / ".zshrc").write_text("alias ls=ls")
    for _ in range(2):
        assert screen("completion", "zsh", "--install", "--yes").code == 0
    assert (tmp_path / ".zshrc").read_text() == "alias ls=ls\nsource <(pytake completion zsh)\n"


@pytest.fixture
def command(tmp_path: Path) -> Path:
    file = tmp_path / "bin" / "pytake"
    file.parent.mkdir()
    file.write_text(f'#!/bin/sh\nPYTHONPATH={Path.cwd()} exec {sys.executable} -m pytake_cli "$@"\n')
    file.chmod(0o755)
    return file


@pytest.mark.skipif(not shutil.which("bash"), reason="no bash here")
def test_bash_completes(pytake: Run, command: Path, tmp_path: Path) -> None:
    (tmp_path / "script").write_text(pytake("completion", "bash").out)
    for line, words, found in (
        ("pytake config ex", "pytake config ex", "explain"),
        ("pytake secret  move --to=k", "pytake secret move --to = k", "keyring"),  # as bash breaks it
        ("pytake contact list -w 'vip sta", "pytake contact list -w \\'vip\\ sta", "vip stage"),
    ):
        code = (
            f"PATH={command.parent}:$PATH; source {tmp_path}/script; COMP_WORDS=({words}); COMP_LINE=$1; "
            'COMP_POINT=${#1}; COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _pytake; printf "%s\\n" "${COMPREPLY[@]}"'
        )
        ran = subprocess.run(["bash", "-c", code, "bash", line], capture_output=True, text=True, check=True)
        assert (ran.stdout, ran.stderr) == (f"{found}\n", "")


@pytest.mark.skipif(not shutil.which("fish"), reason="no fish here")
def test_fish_completes(pytake: Run, command: Path, tmp_path: Path) -> None:
    (tmp_path / "script").write_text(pytake("completion", "fish").out)
    code = f'set -x PATH {command.parent} $PATH; source {tmp_path}/script; complete -C "pytake config ex"'
    ran = subprocess.run(["fish", "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.startswith("explain\t")


def test_segments_fields_and_tags_are_offered_from_the_store(pytake: Run, shop: Shop) -> None:
    contact_id = shop.wrote().contact_id
    with shop.store.write(shop.org) as db:
        db.add(Segment(org_id=shop.org, name="leads", query="vip", created_at=clock.now(), updated_at=clock.now()))
        db.add(Field(org_id=shop.org, name="plano", created_at=clock.now()))
        tags.put(db, shop.org, contact_id, "cliente novo", clock.now())
        times: dict[str, Any] = {"created_at": clock.now(), "updated_at": clock.now()}
        db.add(Template(org_id=shop.org, waba_id="w", name="promo", language="pt_BR", category="MARKETING", **times))
        db.add(Campaign(org_id=shop.org, number_id=1, name="bf", **times))
    assert offered(pytake, "segment", "count", "le") == ["leads"]
    assert offered(pytake, "campaign", "plan", "--segment", "le") == ["leads"]
    assert offered(pytake, "contact", "list", "--tag", "cl") == ["cliente novo"]
    assert offered(pytake, "template", "show", "pr") == ["promo"]
    assert offered(pytake, "message", "send", "-t", "pr") == ["promo"]
    assert offered(pytake, "campaign", "show", "b") == ["bf"]
    assert offered(pytake, "segment", "count", "-w", "sc") == ["score"]
    assert offered(pytake, "segment", "count", "-w", "vip f.") == ["vip f.plano"]
    assert offered(pytake, "segment", "preview", "-w", "vip tag = ") == ['vip tag = "cliente novo"']
    assert offered(pytake, "segment", "preview", "-w", "segment in (le") == ["segment in (leads"]
    assert offered(pytake, "-o", "outra", "segment", "count", "le") == []


def test_without_a_store_nothing_is_offered_and_nothing_is_made(pytake: Run, home: Path) -> None:
    assert offered(pytake, "segment", "count", "") == []
    assert not (home / "data" / "pytake.db").exists()
