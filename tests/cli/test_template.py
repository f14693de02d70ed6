"""`pytake template` against a real emulator on a socket."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pytake_cli.emulator import defaults
from tests.cli.conftest import Run
from tests.kit.children import environment, free_port
from tests.kit.home import Emulator

IDS = ("--waba", defaults.WABA_ID, "--phone-id", defaults.PHONE_NUMBER_ID)
TOKEN = "EAAG-emulated-token-1234567890"


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    port = free_port()
    folder = tmp_path_factory.mktemp("emulator")
    nowhere = f"http://127.0.0.1:{free_port()}/webhooks/whatsapp"
    arguments = ["--port", str(port), "--webhook-url", nowhere, "--state-dir", str(folder), "--seed", "1"]
    started = Emulator(port, arguments, environment(folder), folder)
    started.up()
    yield started
    started.kill()


@pytest.fixture
def loja(pytake: Run, emulator: Emulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """A home with a number at the emulator, in a project folder of its own."""
    monkeypatch.setenv("PYTAKE_WHATSAPP__GRAPH_URL", emulator.url)
    monkeypatch.chdir(tmp_path)
    pytake("init", "--no-input", "--org-name", "Loja")
    assert pytake("number", "add", *IDS, "--token-file", "-", stdin=TOKEN).code == 0
    return pytake


def rows(run: Run, *words: str) -> Any:
    ran = run(*words, "--json")
    assert ran.code == 0, ran.err
    return json.loads(ran.out)


def test_what_meta_has_is_pulled_and_a_second_pull_changes_nothing(loja: Run) -> None:
    assert "pytake template pull" in loja("template", "list").err
    assert {row["change"] for row in rows(loja, "template", "pull", "--dry-run")} == {"added"}
    assert rows(loja, "template", "list") == []
    assert {row["change"] for row in rows(loja, "template", "pull")} == {"added"}
    assert rows(loja, "template", "pull") == []
    known = {row["name"]: row for row in rows(loja, "template", "list")}
    assert known["oferta_semana"]["values"] == "1, 2, button.0, [button.1]"
    assert known["hello_world"]["status"] == "APPROVED"
    assert rows(loja, "template", "show", "oferta_semana", "--fields", "usable")["usable"] is True


def test_an_unknown_template_names_the_nearest(loja: Run) -> None:
    loja("template", "pull")
    ran = loja("template", "show", "oferta_semanal")
    assert (ran.code, "oferta_semana?" in ran.err) == (5, True)
