"""`pytake number` and `pytake webhook` against a real emulator on a socket."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pytake_cli import clock, secrets
from pytake_cli.emulator import defaults
from pytake_cli.store import Store
from tests.cli.conftest import Run
from tests.kit.children import environment, free_port
from tests.kit.home import Emulator
from tests.kit.people import wrote

IDS = ("--waba", defaults.WABA_ID, "--phone-id", defaults.PHONE_NUMBER_ID)
TOKEN = "EAAG-emulated-token-1234567890"


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[Emulator]:
    port = free_port()
    folder = tmp_path / "emulator"
    folder.mkdir()
    nowhere = f"http://127.0.0.1:{free_port()}/webhooks/whatsapp"
    arguments = ["--port", str(port), "--webhook-url", nowhere, "--state-dir", str(folder), "--seed", "1"]
    started = Emulator(port, arguments, environment(folder), folder)
    started.up()
    yield started
    started.kill()


@pytest.fixture
def loja(pytake: Run, emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A home with an organisation that talks to the emulator and has no number yet."""
    monkeypatch.setenv("PYTAKE_WHATSAPP__GRAPH_URL", emulator.url)
    pytake("init", "--no-input", "--org-name", "Loja")
    return pytake


def one(run: Run, *words: str, stdin: str = "") -> dict[str, Any]:
    ran = run(*words, "--json", stdin=stdin)
    assert ran.code == 0, ran.err
    found: dict[str, Any] = json.loads(ran.out)
    return found


def test_meta_is_asked_and_the_token_becomes_the_numbers_secret(loja: Run) -> None:
    ran = loja("number", "add", *IDS, "--token-file", "-", "--json", stdin=f"{TOKEN}\n")
    assert ran.code == 0, ran.err
    assert json.loads(ran.out)["status"] == "CONNECTED"
    row = one(loja, "number", "show")
    assert row["display"] == defaults.DISPLAY_NUMBER
    assert row["token"] == "sealed file"
    assert row["rate_per_second"] == 80
    assert "template.pull" in loja("queue", "list", "--json", "--fields", "all").out
    assert secrets.get("access_token", defaults.PHONE_NUMBER_ID) == TOKEN
    assert secrets.get("access_token") is None
    assert TOKEN not in ran.out + ran.err
    assert "pytake webhook url" in ran.err


def test_the_only_number_of_an_account_needs_no_id(loja: Run, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(TOKEN)
    row = one(loja, "number", "add", "--waba", defaults.WABA_ID, "--token-file", str(file), "--fields", "all")
    assert row["phone_number_id"] == defaults.PHONE_NUMBER_ID


def test_without_a_token_it_asks_nobody(loja: Run) -> None:
    assert loja("number", "add", *IDS).code == 64


@pytest.mark.parametrize("content", ["", "two words", "a\nb", "é" * 20])
def test_what_is_no_token_is_refused(loja: Run, tmp_path: Path, content: str) -> None:
    file = tmp_path / "token"
    file.write_text(content)
    assert loja("number", "add", *IDS, "--token-file", str(file)).code == 65
    assert loja("number", "add", *IDS, "--token-file", str(tmp_path / "none")).code == 65


def test_an_unknown_number_is_metas_refusal_and_nothing_is_kept(loja: Run) -> None:
    ran = loja("number", "add", "--waba", "1", "--phone-id", "99", "--token-file", "-", "--json", stdin=TOKEN)
    assert ran.code == 10
    assert json.loads(ran.err.splitlines()[-1])["error"]["slug"] == "PT-WA-33"
    assert secrets.get("access_token", "99") is None
    assert loja("number", "list", "--json").out == "[]\n"


def test_a_dry_run_asks_meta_and_keeps_nothing(loja: Run) -> None:
    row = one(loja, "number", "add", *IDS, "--token-file", "-", "-n", stdin=TOKEN)
    assert row["display"] == defaults.DISPLAY_NUMBER
    assert loja("number", "list").out == ""
    assert secrets.get("access_token", defaults.PHONE_NUMBER_ID) is None


def test_verifying_takes_over_what_meta_says(loja: Run, emulator: Emulator) -> None:
    loja("number", "add", *IDS, "--token-file", "-", stdin=TOKEN)
    emulator.post("number", quality="RED")
    ran = loja("number", "verify", "-n", "--json")
    assert json.loads(ran.out)["quality"] == "RED"
    assert one(loja, "number", "show")["quality"] == "GREEN"
    assert one(loja, "number", "verify")["quality"] == "RED"
    assert one(loja, "number", "show")["quality"] == "RED"


def test_limits_show_tier_rate_and_the_pair_rule(loja: Run) -> None:
    loja("number", "add", *IDS, "--token-file", "-", stdin=TOKEN)
    row = one(loja, "number", "limits")
    assert (row["rate_per_second"], row["pair_interval_seconds"], row["pair_burst"]) == (80, 6, 45)
    assert row["used_people"] == 0


def test_removing_needs_the_number_itself_and_forgets_the_token(loja: Run) -> None:
    loja("number", "add", *IDS, "--token-file", "-", stdin=TOKEN)
    number = defaults.DISPLAY_NUMBER
    assert loja("number", "remove", number, "-y").code == 64
    assert loja("number", "remove", number, "--confirm", number, "-n").code == 0
    assert one(loja, "number", "show")["status"] == "CONNECTED"
    assert loja("number", "remove", number, "--confirm", number).code == 0
    assert secrets.get("access_token", defaults.PHONE_NUMBER_ID) is None
    assert loja("number", "list").out == ""
    assert [row["status"] for row in json.loads(loja("number", "list", "--all", "--json").out)] == ["REMOVED"]
    assert one(loja, "number", "add", *IDS, "--token-file", "-", stdin=TOKEN)["status"] == "CONNECTED"


def test_a_test_message_needs_the_daemon(loja: Run) -> None:
    loja("number", "add", *IDS, "--token-file", "-", stdin=TOKEN)
    ran = loja("number", "test", "--to", "+5511968184101", "--template", "hello_world", "-n")
    assert ran.code == 0, ran.err
    assert loja("number", "test", "--to", "+5511968184101", "-m", "oi").code == 9
    ran = loja("number", "test", "--to", "+5511968184101", "--template", "hello_world")
    assert ran.code == 69


def test_doctor_finds_nothing_wrong_at_meta(loja: Run) -> None:
    loja("number", "add", *IDS, "--token-file", "-", "--no-subscribe", stdin=TOKEN)
    found = json.loads(loja("doctor", "--only", "meta,webhook,number,clock", "--json").out)
    assert {row["check"] for row in found} == {"meta", "webhook", "number", "clock"}
    assert [row for row in found if row["state"] == "error" and row["slug"] != "PT-CHECK-SUBSCRIPTION"] == []


def test_doctor_mends_a_missing_subscription(loja: Run, emulator: Emulator) -> None:
    loja("number", "add", *IDS, "--token-file", "-", stdin=TOKEN)
    found = json.loads(loja("doctor", "--only", "webhook", "--fix", "--json").out)
    assert all(row["state"] != "error" or row["fixed"] for row in found)
    found = json.loads(loja("doctor", "--only", "webhook", "--json").out)
    assert [row["slug"] for row in found if row["state"] == "error"] == []


def test_subscribing_by_api_says_what_it_did(loja: Run) -> None:
    loja("number", "add", *IDS, "--token-file", "-", stdin=TOKEN)
    assert "nothing was changed" in loja("webhook", "subscribe", "-n").err
    ran = loja("webhook", "subscribe")
    assert ran.code == 0, ran.err
    assert f"the account {defaults.WABA_ID} is subscribed" in ran.err


def test_a_token_that_meta_refuses_is_named_with_its_fix(loja: Run, emulator: Emulator) -> None:
    loja("number", "add", *IDS, "--token-file", "-", stdin=TOKEN)
    secrets.put("access_token", "expired", defaults.PHONE_NUMBER_ID)
    ran = loja("doctor", "--only", "meta", "--json")
    assert ran.code == 1
    errors = [row for row in json.loads(ran.out) if row["state"] == "error"]
    assert errors[0]["slug"] == "PT-WA-190"
    assert errors[0]["fix"] == f"pytake secret set access_token - --scope {defaults.PHONE_NUMBER_ID}"


def test_meta_blocks_whom_it_may_and_its_refusal_is_told_in_plain_words(loja: Run, home: Path) -> None:
    loja("number", "add", *IDS, "--token-file", "-", stdin=f"{TOKEN}\n")
    store = Store(f"sqlite:///{home}/data/pytake.db")
    conversation = wrote(store, 1, "oi", at=clock.now())  # who never wrote to the emulator
    store.close()
    ran = loja("contact", "block", f"contact:{conversation.contact_id}", "--json")
    assert ran.code == 0
    assert json.loads(ran.out)["changed"] == 1
    assert "Meta refused" in ran.err
    assert "some people could not be blocked" in ran.err
    assert one(loja, "contact", "show", f"contact:{conversation.contact_id}")["blocked_at"]
