"""`pytake emulator …` against an emulator in its own process: what people type, what they get."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Ran, Run
from tests.emulator.pywa_world import ROOT, EmulatorProcess, running

CUSTOMER = "+5511968184101"


@pytest.fixture(scope="module")
def emulator() -> Iterator[EmulatorProcess]:
    with running("review_delay=1ms", "sent_delay=1ms", "delivered_delay=1ms", "read_delay=1ms") as started:
        yield started


class Shell:
    """Types `pytake emulator …`."""

    def __init__(self, pytake: Run) -> None:
        self._pytake = pytake

    def run(self, *words: str) -> Ran:
        return self._pytake("emulator", *words)

    def rows(self, *words: str) -> Any:
        done = self.run(*words, "--json")
        assert done.code == 0, done.err
        return json.loads(done.out)


@pytest.fixture
def shell(emulator: EmulatorProcess, pytake: Run, monkeypatch: pytest.MonkeyPatch) -> Shell:
    monkeypatch.setenv("PYTAKE_EMULATOR__PORT", emulator.url.rpartition(":")[2])
    return Shell(pytake)


def test_a_customer_says_things_and_messages_happen(emulator: EmulatorProcess, shell: Shell, tmp_path: Path) -> None:
    assert shell.rows("say", CUSTOMER, "oi", "--name", "Karina")["wamid"].startswith("wamid.")
    photo = tmp_path / "foto.png"
    photo.write_bytes(b"\x89PNG\r\n" + bytes(20))
    assert shell.rows("say", "Karina", "a foto", "--image", str(photo), "--fields", "kind")["kind"] == "image"
    assert shell.rows("say", "Karina", "--location", "-23.5,-46.6", "--fields", "kind")["kind"] == "location"
    assert shell.rows("say", "Karina", "--order", "a1:2,b2", "--fields", "kind")["kind"] == "order"
    assert (
        shell.rows("say", "Karina", "--raw", '{"type": "text", "text": {"body": "x"}}', "--fields", "kind")["kind"]
        == "text"
    )
    people = shell.rows("customers")
    assert [(person["name"], person["wa_id"]) for person in people] == [("Karina", "5511968184101")]
    assert shell.rows("customer", "Karina", "--offline")["offline"] is True
    assert shell.rows("customer", "Karina", "--online")["offline"] is False


def test_wrong_words_are_told_with_what_to_do(shell: Shell) -> None:
    nothing = shell.run("say", CUSTOMER)
    assert nothing.code == 2
    assert "PT-EMULATOR-SAY" in nothing.err
    both = shell.run("say", CUSTOMER, "--unsupported", "poll", "--contact", "Ana")
    assert both.code == 2
    missing = shell.run("say", CUSTOMER, "--image", "/no/such/file.png")
    assert missing.code == 5
    tap = shell.run("say", "+5511900001234", "--button", "2")
    assert "offered nothing" in tap.err


def test_the_clock_templates_numbers_and_faults(shell: Shell) -> None:
    assert shell.rows("clock", "freeze")["frozen"] is True
    assert shell.rows("clock", "2026-03-10T14:20:00Z")["now"] == "2026-03-10T14:20:00Z"
    assert shell.rows("clock", "+2h")["now"] == "2026-03-10T16:20:00Z"
    assert shell.rows("clock", "x10")["speed"] == 10
    assert shell.run("clock", "noon").code == 2
    shell.run("clock", "resume")
    assert "hello_world" in {row["name"] for row in shell.rows("template")}
    assert shell.rows("template", "pause", "hello_world")[0]["status"] == "PAUSED"
    assert shell.rows("template", "unpause", "hello_world")[0]["status"] == "APPROVED"
    assert shell.rows("quality", "yellow")["quality"] == "YELLOW"
    assert shell.rows("number", "tier=TIER_250")["tier"] == "TIER_250"
    assert shell.rows("fault", "error", "--code", "131016", "--count", "2")["code"] == 131016
    assert len(shell.rows("fault")) == 1
    assert shell.run("fault", "clear").code == 0
    assert shell.rows("fault") == []
    assert {row["name"]: row["value"] for row in shell.rows("config", "latency=5ms")} == {"latency": "0.005s"}


def test_what_passed_can_be_listed(emulator: EmulatorProcess, shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "traffic.jsonl"
    assert shell.run("record", str(file)).code == 0
    shell.run("say", CUSTOMER, "oi")
    body = {
        "messaging_product": "whatsapp",
        "to": CUSTOMER,
        "type": "text",
        "text": {"body": "x"},
        "biz_opaque_callback_data": "k1",
    }
    request = urllib.request.Request(f"{emulator.url}/v25.0/2000000000001/messages", json.dumps(body).encode())
    request.add_header("Authorization", "Bearer x")
    urllib.request.urlopen(request, timeout=10).close()
    assert [row["opaque"] for row in shell.rows("ledger", "--fields", "opaque")] == ["k1"]
    assert shell.rows("ledger", "--stats")["accepted"] == 1
    assert shell.rows("requests", "--limit", "1")[0]["path"].endswith("/messages")
    assert shell.rows("fail", "k1", "--code", "131036")["status"] == "failed"
    assert shell.run("record", "stop").code == 0
    assert '"kind":"request"' in file.read_text()
    assert shell.rows("status")["accepted"] == 1
    assert json.loads(shell.run("state").out)["seed"] == 7


def test_it_starts_behind_the_terminal_once_and_stops(home: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTAKE_")}
    environment |= {"PYTAKE_HOME": str(home), "PYTAKE_EMULATOR__PORT": "9"}

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "pytake_cli", "emulator", *words]
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)

    started = run("start", "--detach", "--port", "0", "--seed", "3", "--json")
    try:
        found = json.loads(started.stdout)
        assert found["url"].startswith("http://127.0.0.1:")
        assert found["webhook_url"].endswith("/webhooks/whatsapp")
        again = run("start", "--port", "0")
        assert again.returncode == 6
        assert "PT-EMULATOR-RUNNING" in again.stderr
        said = run("say", CUSTOMER, "oi")
        assert "wamid." in said.stdout
        assert "pytake serve" in said.stderr  # nobody answers webhooks in this home yet
    finally:
        stopped = run("stop")
    assert stopped.returncode == 0
    gone = run("status")
    assert gone.returncode == 69
    assert "pytake emulator start" in gone.stderr


def test_the_emulator_of_another_home_is_told_and_not_spoken_to(
    emulator: EmulatorProcess, shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = {**os.environ, "PYTAKE_HOME": str(tmp_path / "other"), "PYTAKE_SERVE__PORT": "1"}
    line = [sys.executable, "-m", "pytake_cli", "emulator", "start", "--port", "0", "--detach", "--json"]
    started = subprocess.run(line, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    other = json.loads(started.stdout)
    try:
        monkeypatch.setenv("PYTAKE_EMULATOR__PORT", other["url"].rpartition(":")[2])
        ran = shell.run("say", CUSTOMER, "oi")
        assert ran.code == 6
        assert str(tmp_path / "other") in ran.err
        monkeypatch.setenv("PYTAKE_HOME", str(tmp_path / "other"))
        assert shell.run("say", CUSTOMER, "oi").code == 0
    finally:
        os.kill(int(other["pid"]), 15)


def test_what_the_emulator_refuses_is_told_with_its_own_slug_and_in_the_line_s_language(shell: Shell) -> None:
    ran = shell.run("quality", "PURPLE", "--lang", "pt-BR")
    assert ran.code == 65
    assert "PT-EMULATOR-VALUE" in ran.err
    assert "PURPLE não é" in ran.err
    ran = shell.run("deliver", "zz")
    assert (ran.code, "PT-EMULATOR-MESSAGE" in ran.err) == (5, True)
