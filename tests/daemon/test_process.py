"""The real daemon as a process: how it starts, what it refuses, how it ends."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import select

from pytake_cli import clock
from pytake_cli.services import outbound
from pytake_cli.store.contacts import ServiceWindow
from pytake_cli.store.messages import OUT, Message
from pytake_cli.store.numbers import Number
from pytake_cli.store.sqlite import driver
from pytake_cli.store.work import Datagrams
from pytake_cli.whatsapp import messages as wire
from tests.kit import bodies
from tests.kit.children import ROOT, Child, environment, http_get, wait_until
from tests.kit.home import Home, make, running
from tests.kit.load import LoadThread


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Home]:
    with running(tmp_path / "shop") as home:
        yield home


def ends(folder: Path, *arguments: str, **env: str) -> tuple[int, str]:
    """Exit code and output of a `serve` that does not get to serve."""
    folder.mkdir(parents=True, exist_ok=True)
    child = Child("serve", ["-m", "pytake_cli", "serve", *arguments], environment(folder, **env), folder)
    with child:
        child.start()
        return child.wait(15.0), child.output()


def test_without_an_app_secret_it_does_not_serve_and_says_what_to_do(tmp_path: Path) -> None:
    code, output = ends(tmp_path / "a", PYTAKE_HOME=str(tmp_path / "a"))
    assert code == 78
    assert "pytake secret set app_secret" in output


def test_a_store_without_tables_is_not_served_unless_asked_to_migrate(tmp_path: Path) -> None:
    env = {"PYTAKE_HOME": str(tmp_path / "a"), "PYTAKE_SECRET_APP_SECRET": "s" * 32}
    code, output = ends(tmp_path / "a", "--port", "0", **env)
    assert code == 78
    assert "PT-STORE-NONE" in output
    assert "pytake init" in output
    child = Child(
        "serve",
        ["-m", "pytake_cli", "serve", "--port", "0", "--auto-migrate", "--json"],
        environment(tmp_path / "a", **env),
        tmp_path / "a",
    )
    with child:
        child.start()
        state = tmp_path / "a" / "run" / "daemon.json"
        wait_until(lambda: '{"url"' in child.output(), 15.0)
        ready = json.loads(next(line for line in child.output().splitlines() if line.startswith('{"url"')))
        assert ready["pid"] == child.pid
        assert json.loads(state.read_text())["url"] == ready["url"]
        assert http_get(int(ready["url"].rpartition(":")[2]), "/readyz")[0] == 200
        assert child.stop() == 0
        assert not state.exists()
        assert not (tmp_path / "a" / "run" / "pokes.sock").exists()
    mine = [path for path in (tmp_path / "a").rglob("*") if path != child.log and path.stat().st_mode & 0o077]
    assert mine == []


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7"])
def test_other_machines_are_not_served_without_tls(tmp_path: Path, host: str) -> None:
    env = {"PYTAKE_HOME": str(tmp_path / "a"), "PYTAKE_SECRET_APP_SECRET": "s" * 32}
    code, output = ends(tmp_path / "a", "--host", host, **env)
    assert code == 78
    assert "--behind-proxy" in output


def test_a_second_daemon_on_the_same_file_names_the_first_and_ends(shop: Home) -> None:
    code, output = ends(shop.folder / "second", "--port", "0", **shop.environment)
    assert code == 6
    assert str(shop.daemon.pid) in output
    assert shop.daemon.alive()


def test_a_message_goes_in_and_its_answer_out(shop: Home) -> None:
    shop.emulator.say(bodies.phone(1), "oi")
    wait_until(lambda: statuses(shop) == ["read"], 10.0)
    assert shop.emulator.accepted() == 1


def test_what_another_process_queues_is_sent_at_once(shop: Home) -> None:
    shop.meet(1)
    wait_until(lambda: statuses(shop) == ["read"], 10.0)
    waits = []
    for sent in range(2, 7):
        queue(shop, 1, wake=True)
        waits.append(wait_until(lambda so_many=sent: shop.emulator.accepted() == so_many, 10.0))  # type: ignore[misc]
    assert min(waits) < 0.9  # the sweep alone would take about a second


def test_a_stop_finishes_what_is_in_flight(tmp_path: Path) -> None:
    with running(tmp_path / "shop", emulator={"latency": "700ms"}) as home:
        home.meet(5)
        wait_until(lambda: statuses(home) == ["read"] * 5, 15.0)
        queue(home, 5, wake=True)
        wait_until(lambda: statuses(home)[5:] == ["sending"] * 5, 5.0, every=0.005)
        assert home.daemon.stop() == 0
        assert home.emulator.accepted() == 10
        left = statuses(home)
        assert len(left) == 10
        assert not {"sending", "unknown", "queued"} & set(left)


def test_a_second_signal_does_not_wait(tmp_path: Path) -> None:
    late = {"latency": "60s", "sent_delay": "60s"}  # no status tells before the answer would
    with running(tmp_path / "shop", emulator=late) as home:
        home.emulator.say(bodies.phone(1))
        wait_until(lambda: statuses(home) == ["sending"], 10.0)
        home.daemon.ask_to_stop()
        time.sleep(0.5)
        assert home.daemon.running
        home.daemon.ask_to_stop()
        assert home.daemon.wait(10.0) == 128 + signal.SIGTERM
        home.daemon.up()
        assert statuses(home) == ["unknown"]


def test_a_part_that_dies_takes_the_daemon_with_it(shop: Home) -> None:
    broken = driver().connect(shop.data / "pytake.db")
    broken.execute("ALTER TABLE journal RENAME TO journal_gone")
    broken.close()
    code = shop.daemon.wait(30.0)
    assert code not in (0, None)
    assert "PT-PART-DIED" in shop.daemon.output()
    assert not (shop.folder / "run" / "daemon.json").exists()


def test_while_somebody_locks_the_store_webhooks_are_put_off_and_none_is_lost(shop: Home) -> None:
    holder = driver().connect(shop.data / "pytake.db", isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    load = LoadThread(shop.load([bodies.message(bodies.phone(i)) for i in range(20)], connections=4))
    load.start()
    wait_until(lambda: load.load.result.statuses[503] >= 1, 10.0)
    assert load.load.result.statuses[200] == 0
    assert http_get(shop.daemon.port, "/healthz")[0] == 200
    wait_until(lambda: http_get(shop.daemon.port, "/readyz")[0] == 503, 5.0)  # a body is late before its write fails
    holder.execute("ROLLBACK")
    holder.close()
    assert len(load.finish(20.0, stop=False).acked) == 20
    wait_until(lambda: len(incoming(shop)) == 20, 10.0)
    wait_until(lambda: http_get(shop.daemon.port, "/readyz")[0] == 200, 5.0)


def test_a_secret_that_changes_opens_the_door_at_once(tmp_path: Path) -> None:
    home = make(tmp_path / "shop")
    for child in (home.daemon, home.emulator):
        del child.environment["PYTAKE_SECRET_APP_SECRET"]
    secret(home, "set", "app_secret", "-", stdin="the first app secret")
    with home.daemon:
        home.daemon.up()
        body = bodies.message(bodies.phone(1))
        home.secrets["app_secret"] = "the second app secret"
        load = home.load([body], connections=1, patience_seconds=0.01)
        assert asyncio.run(load.run()).statuses == {401: 1}
        secret(home, "set", "app_secret", "-", stdin="the second app secret")
        assert asyncio.run(home.load([body], connections=1, patience_seconds=20.0).run()).statuses[200] == 1


def secret(home: Home, *words: str, stdin: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "pytake_cli", "secret", *words],
        env=home.environment,
        input=stdin,
        text=True,
        check=True,
        capture_output=True,
    )


def test_metrics_tell_what_happened_and_name_nobody(shop: Home) -> None:
    shop.emulator.say(bodies.phone(1), "oi")
    wait_until(lambda: statuses(shop) == ["read"], 10.0)
    code, body = http_get(shop.daemon.port, "/metrics")
    assert code == 200
    text = body.decode()
    assert 'pytake_sends_total{outcome="sent"} 1.0' in text
    assert "pytake_messages_received_total 1.0" in text
    assert bodies.phone(1) not in text
    assert http_get(shop.daemon.port, "/openapi.json")[0] == 404


def test_a_very_talkative_daemon_tells_its_calls_to_meta(tmp_path: Path) -> None:
    home = make(tmp_path / "shop")
    home.daemon.arguments.append("-vv")
    with home.emulator, home.daemon:
        home.emulator.up()
        home.daemon.up()
        home.emulator.say(bodies.phone(1), "oi")
        wait_until(lambda: "call to Meta" in home.daemon.output(), 10.0)
    [line] = [line for line in home.daemon.output().splitlines() if "call to Meta" in line]
    assert " debug " in line
    assert "/2000000000001/messages status=200" in line
    assert home.secrets["access_token"] not in home.daemon.output()


def test_verify_sees_the_handshake_that_meta_makes(shop: Home) -> None:
    words = [sys.executable, "-m", "pytake_cli", "webhook", "verify", "--wait", "30s", "--json"]
    pipe = subprocess.PIPE
    with subprocess.Popen(words, env=shop.environment, cwd=ROOT, stdout=pipe, stderr=pipe, text=True) as waiting:
        assert waiting.stderr is not None
        assert any("waiting for Meta" in line for line in waiting.stderr)
        token = shop.secrets["verify_token"]
        query = f"hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token={token}"
        assert http_get(shop.daemon.port, f"/webhooks/whatsapp?{query}") == (200, b"1158201444")
        out, err = waiting.communicate(timeout=30)
    assert waiting.returncode == 0, err
    assert json.loads(out)["handshake"] is True
    assert "handshake came" in err


def queue(home: Home, count: int, *, wake: bool) -> None:
    """Queues a message to everybody who wrote, from this process."""
    with home.store() as store:
        if wake:
            store.waker = Datagrams(home.folder / "run" / "pokes.sock")
        with store.write() as db:
            number = db.get_one(Number, home.number_id)
            people = db.exec(select(ServiceWindow.contact_id).limit(count)).all()
            for contact_id in people:
                outbound.queue(
                    db,
                    number=number,
                    contact_id=contact_id,
                    outgoing=wire.text("olá"),
                    origin="agent",
                    now=clock.now(),
                )
        assert len(people) == count


def statuses(home: Home) -> list[str]:
    with home.store() as store, store.read() as db:
        return list(db.exec(select(Message.status).where(Message.direction == OUT).order_by(Message.id)))  # type: ignore[arg-type]


def incoming(home: Home) -> list[str | None]:
    with home.store() as store, store.read() as db:
        return list(db.exec(select(Message.wamid).where(Message.direction != OUT)))
