"""Proves completion: what may come next, in real shells where there are any."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Run


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
    code = (
        f"PATH={command.parent}:$PATH; source {tmp_path}/script; COMP_WORDS=(pytake config ex); COMP_CWORD=2; _pytake; "
        'printf "%s\\n" "${COMPREPLY[@]}"'
    )
    ran = subprocess.run(["bash", "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["explain"]
    assert ran.stderr == ""


@pytest.mark.skipif(not shutil.which("fish"), reason="no fish here")
def test_fish_completes(pytake: Run, command: Path, tmp_path: Path) -> None:
    (tmp_path / "script").write_text(pytake("completion", "fish").out)
    code = f'set -x PATH {command.parent} $PATH; source {tmp_path}/script; complete -C "pytake config ex"'
    ran = subprocess.run(["fish", "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.startswith("explain\t")
