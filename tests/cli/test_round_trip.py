"""Emulator and daemon as processes, and commands as people type them: the way in, the way out, the trace."""

from __future__ import annotations

import http.server
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytake_cli.whatsapp.signature import signed_by
from tests.kit.children import ROOT, wait_until
from tests.kit.home import Home, make

KARINA = "5511968184101"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A home whose emulator and daemon run."""
    made = make(tmp_path_factory.mktemp("round-trip"))
    try:
        made.emulator.up()
        made.daemon.up()
        yield made
    finally:
        made.stop()


def pytake(home: Home, *words: str, code: int = 0, stdin: str = "") -> str:
    """Runs a command of that home; stdout."""
    ran = subprocess.run(
        [sys.executable, "-m", "pytake_cli", *words],
        env=home.environment,
        cwd=ROOT,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == code, f"{words}: {ran.returncode}\n{ran.stdout}\n{ran.stderr}"
    return ran.stdout


def test_the_round_trip_with_its_statuses(running: Home) -> None:
    running.emulator.say(KARINA, "oi")
    wait_until(lambda: bool(json.loads(pytake(running, "conversation", "list", "--json"))), 20)
    (conversation,) = json.loads(pytake(running, "conversation", "list", "--json"))
    assert (conversation["phone"], conversation["window"]) == (f"+{KARINA}", "open")
    sent = json.loads(pytake(running, "message", "send", "--to", f"+{KARINA}", "-m", "olá", "--wait", "read", "--json"))
    assert (sent["status"], sent["conversation_id"]) == ("read", conversation["id"])
    steps = json.loads(pytake(running, "trace", sent["id"], "--json"))["steps"]
    whats = [step["what"] for step in steps]
    assert whats[:4] == ["queued", "conversation", "claimed", "request"]
    assert "sent" in whats
    assert [step["status"] for step in steps if step["what"] == "status"][-1] == "read"
    assert all(step.get("journal") for step in steps if step["what"] == "status")
    first = json.loads(pytake(running, "message", "list", "--direction", "in", "--json"))[-1]
    came = json.loads(pytake(running, "trace", first["wamid"][:60], "--json"))["steps"]
    assert [step["what"] for step in came][:3] == ["webhook", "applied", "message"]


def test_a_picture_goes_out_and_comes_back(running: Home, tmp_path: Path) -> None:
    import base64

    png = base64.b64decode(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    )
    (tmp_path / "foto.png").write_bytes(png)
    running.emulator.say(KARINA, "manda a foto")
    line = ("message", "send", "--to", f"+{KARINA}", "--image", str(tmp_path / "foto.png"), "--wait", "delivered")
    wait_until(lambda: bool(pytake(running, "conversation", "list")), 20)
    pytake(running, *line)
    running.emulator.post("say", contact=f"+{KARINA}", kind="image", text="chegou assim")
    ready = ("media", "list", "--direction", "in", "--state", "ready", "--json")
    wait_until(lambda: bool(json.loads(pytake(running, *ready))), 20)
    (media, *_) = json.loads(pytake(running, *ready))
    pytake(running, "media", "get", media["id"], "-o", str(tmp_path / "back"))
    assert (tmp_path / "back").stat().st_size == media["size_bytes"]


def test_a_triggered_webhook_is_stored_heard_and_handed_on(running: Home) -> None:
    received: list[tuple[bytes, str]] = []

    class Receiver(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.append((body, self.headers["X-Hub-Signature-256"]))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class calls it so
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Receiver) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        listening = subprocess.Popen(
            [
                *(sys.executable, "-m", "pytake_cli", "listen", "--format", "jsonl", "--exit-after", "1"),
                *("--events", "message.text", "--forward-to", f"http://127.0.0.1:{server.server_port}/hook"),
            ],
            env=running.environment,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        time.sleep(2.0)  # it shows only what comes after its start
        pytake(
            running, "trigger", "message.text", "--set", "messages.0.text.body=quero a 2ª via", "--to", "+5511900000001"
        )
        out, err = listening.communicate(timeout=30)
        server.shutdown()
    heard = json.loads(out)
    assert (heard["name"], heard["text"], heard["subject"]) == ("message.text", "quero a 2ª via", "+5511900000001")
    assert "POST http://127.0.0.1" in err
    ((body, signature),) = received
    assert signed_by(signature.encode(), body, [running.secrets["app_secret"]])
    wait_until(lambda: "2ª via" in pytake(running, "conversation", "search", "via"), 10)


def test_an_injected_failure_is_an_exit_code_and_a_line_in_the_trace(running: Home) -> None:
    running.emulator.say(KARINA, "oi de novo")
    wait_until(lambda: "oi de novo" in pytake(running, "message", "list", "--direction", "in"), 20)
    running.emulator.fault("error", code=131026, http=400, count=1)
    try:
        pytake(running, "message", "send", "--to", f"+{KARINA}", "-m", "vai falhar", "--wait", "sent", code=10)
    finally:
        running.emulator.no_faults()
    failures = ("message", "list", "--status", "failed", "--contact", f"+{KARINA}", "--json")
    (failed,) = json.loads(pytake(running, *failures))
    assert failed["error_code"] == 131026
    assert "131026" in pytake(running, "trace", failed["id"])
    pytake(running, "message", "retry", failed["id"])
    wait_until(lambda: not json.loads(pytake(running, *failures)), 20)


def test_a_live_number_is_never_triggered(running: Home) -> None:
    environ = {**running.environment, "PYTAKE_WHATSAPP__GRAPH_URL": "https://graph.facebook.com"}
    ran = subprocess.run(
        [sys.executable, "-m", "pytake_cli", "trigger", "message.text"],
        env=environ,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 77
    assert "PT-TRIGGER-LIVE" in ran.stderr


def demo(tmp_path: Path, *words: str) -> subprocess.Popen[str]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PYTAKE_")}
    environ |= {
        "TMPDIR": str(tmp_path),
        "HOME": str(tmp_path),
        "PYTAKE_HOME": str(tmp_path / "mine"),
        "LANG": "C.UTF-8",
    }
    return subprocess.Popen(
        [sys.executable, "-m", "pytake_cli", "demo", *words],
        env=environ,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def processes_of(folder: Path) -> list[str]:
    """Command lines of whatever still runs in that folder."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and str(folder) in os.readlink(entry / "cwd"):
                found.append((entry / "cmdline").read_text())
        except OSError:
            continue  # gone meanwhile, or somebody else's
    return found


def test_the_demonstration_tells_its_story_and_leaves_nothing_behind(tmp_path: Path) -> None:
    process = demo(tmp_path, "--json")
    out, err = process.communicate(timeout=90)
    assert process.returncode == 0, err
    told = json.loads(out)
    assert (told["customers"], told["received"], told["sent"], told["failed"], told["files"]) == (6, 8, 12, 0, 1)
    assert told["read"] == told["sent"]
    assert told["flows"] == 1
    assert any("Azul G" in line for line in told["transcript"])
    assert any("Vaso azul" in line for line in told["transcript"])
    assert processes_of(tmp_path) == []
    assert list(tmp_path.glob("pytake-demo-*")) == []
    assert not (tmp_path / "mine" / "data").exists()


def test_a_demonstration_that_is_stopped_stops_its_processes(tmp_path: Path) -> None:
    process = demo(tmp_path, "--no-inbox")
    assert process.stdout is not None
    for line in process.stdout:
        if "Karina" in line:
            break
    assert len(processes_of(tmp_path)) == 2
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    assert process.returncode == 130
    assert processes_of(tmp_path) == []
    assert list(tmp_path.glob("pytake-demo-*")) == []
