"""`pytake status`, `doctor`, `queue`, `logs` and `webhook` in homes that are well and homes that are not."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest
from sqlmodel import select

from pytake_cli import clock, secrets
from pytake_cli.cli.checks import home as home_checks
from pytake_cli.cli.checks import store as store_checks
from pytake_cli.cli.logs import parse_line
from pytake_cli.emulator import defaults
from pytake_cli.services import inbound, overview
from pytake_cli.store import Store
from pytake_cli.store.journal import Journal
from pytake_cli.store.messages import Message
from pytake_cli.store.numbers import Number
from tests.cli.conftest import Run
from tests.kit.children import free_port
from tests.kit.people import outgoing, wrote


class Loja:
    """A home with an organisation and the emulator's number; nothing else runs."""

    def __init__(self, pytake: Run, home: Path) -> None:
        self.run = pytake
        self.home = home
        ran = pytake("init", "--no-input", "--org-name", "Loja", "--number", "emulator")
        assert ran.code == 0, ran.err
        self.store = Store(f"sqlite:///{home}/data/pytake.db")

    def json(self, *words: str, code: int = 0) -> Any:
        ran = self.run(*words, "--json")
        assert ran.code == code, ran.err
        return json.loads(ran.out)

    def webhook(self, text: str, number: str = defaults.PHONE_NUMBER_ID) -> int:
        """Journals a signed message, not yet applied."""
        now = clock.now()
        message = {"from": "5511968184101", "id": f"wamid.{text}", "timestamp": str(int(now.timestamp())),
                   "type": "text", "text": {"body": text}}  # fmt: skip
        value = {"messaging_product": "whatsapp", "messages": [message],
                 "metadata": {"display_phone_number": "551140001234", "phone_number_id": number},
                 "contacts": [{"wa_id": "5511968184101", "profile": {"name": "Ana"}}]}  # fmt: skip
        change = {"field": "messages", "value": value}
        body = orjson.dumps({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [change]}]})
        with self.store.write() as db:
            row = Journal(digest=hashlib.sha256(body).digest(), body=body, received_at=now)
            db.add(row)
            db.flush()
            assert row.id is not None
            return row.id

    def unknown_message(self) -> int:
        """A message whose fate only a person can settle."""
        with self.store.read() as db:
            number = db.exec(select(Number)).one()
        conversation = wrote(self.store, number.id or 0, at=clock.now())
        with self.store.write() as db:
            return outgoing(db, conversation, "olá", status="unknown", at=clock.now()).id or 0


@pytest.fixture
def loja(pytake: Run, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Loja]:
    for name in ("PYTAKE_SERVE__PORT", "PYTAKE_EMULATOR__PORT"):
        monkeypatch.setenv(name, str(free_port()))
    made = Loja(pytake, home)
    yield made
    made.store.close()


@pytest.fixture
def door(monkeypatch: pytest.MonkeyPatch) -> Iterator[HTTPServer]:
    """A daemon as far as its probes and its handshake go, on a free port."""

    class Door(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path, query = urlsplit(self.path).path, parse_qs(urlsplit(self.path).query)
            answer, status = b'{"status": "ok"}', 200
            if path == "/webhooks/whatsapp":
                right = query.get("hub.verify_token") == [secrets.get("verify_token")]
                answer, status = (query["hub.challenge"][0].encode(), 200) if right else (b"", 403)
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Door)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def at(server: HTTPServer, home: Path) -> None:
    """Makes it the daemon of the home."""
    state = {"pid": os.getpid(), "url": f"http://127.0.0.1:{server.server_port}"}
    (home / "run" / "daemon.json").write_text(json.dumps(state))


# status


def test_status_says_that_the_daemon_is_down_and_the_exit_code_can_say_it(loja: Loja) -> None:
    row = loja.json("status")
    assert (row["state"], row["daemon"], row["pid"]) == ("daemon", "down", None)
    assert row["numbers"][0]["display"] == defaults.DISPLAY_NUMBER
    assert loja.run("status", "--exit-code").code == 69


def test_status_is_well_when_all_is_well(loja: Loja, door: HTTPServer) -> None:
    at(door, loja.home)
    assert loja.json("status", "--exit-code")["state"] == "ok"
    loja.unknown_message()
    assert loja.json("status", "--exit-code", code=1)["state"] == "queue"


def test_the_daemon_of_another_home_is_not_ours(loja: Loja, door: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTAKE_SERVE__PORT", str(door.server_port))
    assert loja.json("status", "--exit-code", code=1)["daemon"] == "foreign"
    found = loja.json("doctor", "--only", "daemon", code=1)
    assert [row["slug"] for row in found] == ["PT-CHECK-DAEMON-FOREIGN"]
    at(door, loja.home)
    assert [row["state"] for row in loja.json("doctor", "--only", "daemon")] == ["ok"]


def test_status_counts_windows_and_what_waits(loja: Loja) -> None:
    loja.unknown_message()
    loja.webhook("oi")
    row = loja.json("status")
    assert (row["unknown"], row["windows_open"], row["journal_backlog"]) == (1, 1, 1)
    assert row["last_webhook_at"].endswith("Z")


def test_status_on_a_terminal_is_one_screen(loja: Loja, screen: Run) -> None:
    loja.unknown_message()
    out = screen("status", "--no-color").out
    assert len(out.splitlines()) < 15
    assert "1 unknown" in out
    assert "quality GREEN" in out


# doctor


def test_doctor_tells_every_problem_with_its_fix_and_exits_1(loja: Loja) -> None:
    ran = loja.run("doctor")
    assert ran.code == 1
    by_check = {line.split("\t")[0]: line.split("\t") for line in ran.out.splitlines()}
    assert by_check["daemon"][1:2] + by_check["daemon"][3:5] == ["error", "PT-DAEMON", "pytake serve"]
    assert by_check["store"][1] == "ok"
    assert "2 errors" in ran.err


def test_doctor_in_an_empty_home_says_init(pytake: Run) -> None:
    ran = pytake("doctor", "--json")
    assert ran.code == 1
    found = {row["check"]: row for row in json.loads(ran.out)}
    assert found["store"]["fix"] == "pytake init"
    assert found["meta"]["state"] == "skipped"


def test_doctor_mends_file_modes(loja: Loja) -> None:
    loja.store.close()
    loja.home.joinpath("data").chmod(0o755)
    loja.home.joinpath("data", "pytake.db").chmod(0o644)
    found = loja.json("doctor", "--only", "files", code=1)
    assert {row["slug"] for row in found} == {"PT-CHECK-MODE"}
    assert loja.run("doctor", "--only", "files", "--fix", "-n").code == 1
    mended = loja.json("doctor", "--only", "files", "--fix")
    assert [row["fixed"] for row in mended] == [True] * len(found)
    assert [row["state"] for row in loja.json("doctor", "--only", "files")] == ["ok"]


def test_doctor_warns_of_secrets_in_the_environment_and_never_shows_them(
    loja: Loja, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PYTAKE_SECRET_APP_SECRET", "canary-in-the-environment")
    report = tmp_path / "report.txt"
    ran = loja.run("doctor", "--report", str(report), "--json")
    found = [row for row in json.loads(ran.out) if row["slug"] == "PT-CHECK-SECRET-ENV"]
    assert len(found) == 1
    assert "PYTAKE_SECRET_APP_SECRET" in found[0]["message"]
    assert "canary" not in ran.out + ran.err + report.read_text()
    assert "PT-DAEMON" in report.read_text()
    assert report.stat().st_mode & 0o077 == 0


def test_doctor_tells_a_missing_secret(loja: Loja) -> None:
    secrets.delete("app_secret")
    found = loja.json("doctor", "--only", "secrets", code=1)
    assert [row["fix"] for row in found if row["state"] == "error"] == ["pytake secret set app_secret -"]


def test_doctor_finds_what_waits_for_a_person(loja: Loja) -> None:
    loja.unknown_message()
    loja.webhook("oi", number="99")
    inbound.drain(loja.store, clock.now())
    slugs = {row["slug"] for row in loja.json("doctor", "--only", "queue")}
    assert slugs == {"PT-CHECK-UNKNOWN", "PT-CHECK-QUARANTINE"}


def test_doctor_finds_a_queue_that_stands_still(loja: Loja) -> None:
    with loja.store.read(1) as db:
        view = overview.of(db, 1, clock.now())
    stale = overview.Overview(
        **{name: getattr(view, name) for name in view.__slots__}
        | {"oldest_queued_at": clock.now() - timedelta(hours=1)}
    )
    assert [finding.slug for finding in store_checks.check_queue(stale, clock.now())] == ["PT-CHECK-QUEUE"]


def test_doctor_knows_its_checks(loja: Loja) -> None:
    ran = loja.run("doctor", "--only", "stroe")
    assert ran.code == 2
    assert "store" in ran.err


def test_doctor_on_a_terminal_has_a_glyph_a_word_and_an_arrow(loja: Loja, screen: Run) -> None:
    out = screen("doctor").out
    assert "✗" in out
    assert "→ pytake serve" in out
    out = screen("doctor", "--ascii").out
    assert "error:" in out
    assert out.isascii()


def test_a_terminal_without_utf8_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    class Narrow:
        encoding = "ascii"

        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("sys.stdout", Narrow())
    monkeypatch.setenv("COLUMNS", "60")
    found = list(home_checks.check_terminal({"TERM": "dumb"}))
    assert [finding.state for finding in found] == ["warning"] * 3


# queue


def test_the_queue_is_listed_shown_retried_and_dropped(loja: Loja) -> None:
    first, second = loja.unknown_message(), loja.unknown_message()
    assert [row["id"] for row in loja.json("queue", "list")] == [f"message:{first}", f"message:{second}"]
    assert loja.json("queue", "show", f"message:{first}")["address"] == "+5511968184101"
    assert loja.run("queue", "retry", f"message:{first}", "-n").code == 0
    assert loja.json("queue", "list", "--state", "queued") == []
    assert loja.run("queue", "retry", f"message:{first}").code == 0
    assert loja.run("queue", "drop", f"message:{second}").code == 64
    assert loja.run("queue", "drop", f"message:{second}", "-y").code == 0
    with loja.store.read() as db:
        assert [db.get_one(Message, id_).status for id_ in (first, second)] == ["queued", "failed"]


def test_ids_come_from_stdin_and_one_that_fails_does_not_stop_the_rest(loja: Loja) -> None:
    id_ = loja.unknown_message()
    ran = loja.run("queue", "retry", "-", stdin=f"message:99\nmessage:{id_}\n")
    assert ran.code == 7
    with loja.store.read() as db:
        assert db.get_one(Message, id_).status == "queued"


def test_a_list_longer_than_the_screen_says_so(loja: Loja, screen: Run) -> None:
    for _ in range(3):
        loja.unknown_message()
    assert "showing 2 of 3" in screen("queue", "list", "-l", "2").err


# webhook


def test_the_url_is_told_and_the_token_only_when_asked_for(loja: Loja) -> None:
    token = secrets.require("verify_token")
    ran = loja.run("webhook", "url", "--json")
    assert token not in ran.out + ran.err
    loja.run("config", "set", "serve.public_url", "https://wa.example.com/")
    row = loja.json("webhook", "url", "--show-token")
    assert (row["url"], row["verify_token"]) == ("https://wa.example.com/webhooks/whatsapp", token)
    assert loja.json("webhook", "url", "--app", "77")["url"].endswith("/webhooks/whatsapp/77")


def test_a_new_verify_token_replaces_the_old(loja: Loja) -> None:
    before = secrets.require("verify_token")
    loja.run("webhook", "url", "--new-token", "-n")
    assert secrets.require("verify_token") == before
    loja.run("webhook", "url", "--new-token")
    assert secrets.require("verify_token") != before


def test_verify_asks_the_door_as_meta_does(loja: Loja, door: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    at(door, loja.home)
    monkeypatch.setenv("PYTAKE_SERVE__PUBLIC_URL", f"http://127.0.0.1:{door.server_port}")
    assert loja.json("webhook", "verify")["received_at"] is None
    assert loja.run("webhook", "verify", "--wait", "0.1s").code == 8
    loja.webhook("oi")
    row = loja.json("webhook", "verify")
    assert (row["door"], row["public"]) == (True, True)
    assert row["received_at"] is not None


def test_verify_waits_for_the_next_webhook(loja: Loja, door: HTTPServer) -> None:
    at(door, loja.home)
    arrival = threading.Timer(0.8, loja.webhook, ["oi"])
    arrival.start()
    row = loja.json("webhook", "verify", "--wait", "20s")
    arrival.join()
    assert row["received_at"] is not None
    assert 0.5 < row["waited_seconds"] < 15


def test_verify_says_when_the_daemon_does_not_run(loja: Loja) -> None:
    assert loja.run("webhook", "verify").code == 69


def test_a_quarantined_webhook_is_replayed_once_its_number_is_known(loja: Loja) -> None:
    journal_id = loja.webhook("oi", number="2000")
    inbound.drain(loja.store, clock.now())
    with loja.store.write() as db:
        db.add(Number(org_id=1, phone_number_id="2000", waba_id="1", portfolio_id="1", display="+551140005678",
                      created_at=clock.now()))  # fmt: skip
    assert loja.json("webhook", "replay", "--quarantined", "-n")[0]["messages"] == 1
    rows = loja.json("webhook", "replay", "--quarantined")
    assert [(row["webhook"], row["messages"], row["quarantined"]) for row in rows] == [(journal_id, 1, 0)]
    assert loja.json("webhook", "replay", f"wh_{journal_id}")[0]["messages"] == 0
    assert loja.run("webhook", "replay", "99").code == 5
    assert loja.run("webhook", "replay").code == 2
    assert loja.json("queue", "list") == []


# logs


def test_logs_show_what_happened_in_words(loja: Loja) -> None:
    loja.webhook("preciso de ajuda")
    inbound.drain(loja.store, clock.now())
    ran = loja.run("logs", "tail", "--no-follow", "--events", "message:new")
    assert "preciso de ajuda" in ran.out
    assert "None" not in loja.run("logs", "tail", "--no-follow").out
    lines = loja.run("logs", "tail", "--no-follow", "--json").out.splitlines()
    kinds = [json.loads(line)["event"] for line in lines]
    assert {"number:updated", "contact:updated", "message:new"} <= set(kinds)
    first = json.loads(lines[0])["id"]
    assert len(loja.run("logs", "tail", "--no-follow", "--json", "--after", first).out.splitlines()) == len(lines) - 1
    assert loja.run("logs", "tail", "--no-follow", "--since", "2099-01-01").out == ""
    assert loja.run("logs", "tail", "--no-follow", "--event", "message").code == 2


def test_logs_read_a_daemons_log_in_both_forms(loja: Loja, tmp_path: Path) -> None:
    file = tmp_path / "serve.log"
    file.write_text(
        "2026-11-22T22:11:48.123Z info    serving url=http://x\n"
        '{"at":"2026-11-22T22:11:49Z","level":"error","event":"incident","logger":"pytake_cli","slug":"PT-X"}\n'
        "PyTake serves on http://x\n"
    )
    lines = loja.run("logs", "tail", "--file", str(file), "--no-follow", "--json").out.splitlines()
    assert [json.loads(line)["level"] for line in lines] == ["info", "error", "info"]
    only = loja.run("logs", "tail", "--file", str(file), "--no-follow", "--level", "error").out
    assert "incident" in only
    assert "serving" not in only
    assert loja.run("logs", "tail", "--file", str(tmp_path / "none")).code == 5


@pytest.mark.parametrize("line", ["", "{", "[]", '{"level": 3}', "\x1b]0;x\x07", "2026 nope x"])
def test_any_line_is_a_row(line: str) -> None:
    assert parse_line(line)["level"] in ("debug", "info", "warning", "error")


@pytest.mark.parametrize(
    ("given", "near"), [("zz", ""), ("status.deliverd", "status.delivered"), ("message.*,mesage:new", "message:new")]
)
def test_listening_for_what_nothing_is_called_is_refused(loja: Loja, given: str, near: str) -> None:
    ran = loja.run("listen", "--events", given, "--for", "1s")
    assert (ran.code, "PT-LISTEN-EVENT" in ran.err, near in ran.err) == (2, True, True)


@pytest.mark.parametrize("given", ["message.*", "mess*", "status.failed", "message:*", "account.anything", "*:new"])
def test_listening_takes_names_and_patterns(loja: Loja, given: str) -> None:
    assert loja.run("listen", "--events", given, "--for", "0s").code == 0


def test_doctor_and_status_speak_portuguese_and_scripts_still_get_words(loja: Loja, screen: Run) -> None:
    assert loja.json("status", "--lang", "pt-BR")["daemon"] == "down"
    found = {row["check"]: row["message"] for row in loja.json("doctor", "--lang", "pt-BR", code=1)}
    assert found["files"].startswith("only you may read")
    out = screen("doctor", "--lang", "pt-BR").out
    for word in ("configuração", "segredos", "lido de: ambiente, usuário", "arquivo selado"):
        assert word in out
    for word in ("secrets", "sealed file", "clock"):
        assert word not in out
    assert "parado" in screen("status", "--lang", "pt-BR").out


def test_what_the_system_says_is_told_in_the_language_of_the_line(loja: Loja) -> None:
    assert "arquivo ou pasta não existe" in loja.run("db", "restore", "nada.db", "--lang", "pt-BR").err


def test_a_made_up_customer_needs_a_phone_number(loja: Loja) -> None:
    assert loja.run("trigger", "message.text", "--to", "zz", "-n").code == 65
    assert "5511968184102" in loja.run("trigger", "message.text", "--to", "(11) 96818-4102", "-n").out
