"""How other processes wake the daemon and find it."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path

import pytest

from pytake_cli import clock
from pytake_cli.daemon.engine_local import LocalEngine
from pytake_cli.daemon.neighbours import PokeSocket, announce, understood, withdraw
from pytake_cli.store import Store
from pytake_cli.store.work import Datagrams, Lane, Poke, poke


@pytest.fixture(params=["short", "long"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    folder = tmp_path if request.param == "short" else tmp_path / ("x" * 90) / ("y" * 60)
    folder.mkdir(parents=True, exist_ok=True)
    return folder / "pokes.sock"


def test_a_commit_of_another_process_wakes_the_daemon(store: Store, address: Path) -> None:
    woken: list[tuple[str, str]] = []

    async def handle(key: str, lane: Lane) -> None:
        woken.append((key, lane))

    async def run() -> None:
        engine = LocalEngine()
        working = asyncio.ensure_future(engine.run({"number": handle}))
        listening = PokeSocket(address, engine)
        listening.open()
        assert address.stat().st_mode & 0o777 == 0o600
        store.waker = Datagrams(address)

        def commit() -> None:
            with store.write() as db:
                for i in range(120):
                    poke(db, "number", i, "campaign")

        await asyncio.to_thread(commit)
        async with asyncio.timeout(20):
            while len(woken) < 120:
                await asyncio.sleep(0.005)
        assert set(woken) == {(str(i), "campaign") for i in range(120)}
        listening.close()
        assert not address.exists()
        await engine.stop(1.0)
        await working

    asyncio.run(run())


def test_nobody_listening_is_no_error(tmp_path: Path) -> None:
    assert not Datagrams(tmp_path / "pokes.sock").send([["journal", "", "live"]])
    Datagrams(tmp_path / "none" / "pokes.sock").after_commit([Poke("journal", "")])


def test_a_socket_left_by_a_dead_daemon_is_taken_over(tmp_path: Path) -> None:
    address = tmp_path / "pokes.sock"

    async def run() -> None:
        engine = LocalEngine()
        left = PokeSocket(address, engine)
        left.open()
        again = PokeSocket(address, engine)
        again.open()
        assert Datagrams(address).send([])
        again.close()
        left.close()

    asyncio.run(run())


@pytest.mark.parametrize(
    "datagram",
    [
        b"",
        b"\xff\xfe",
        b"{}",
        b"null",
        b"[1, 2]",
        b'[["number", "7"]]',
        b'[["number", 7, "live"]]',
        b'[["number", "7", "fast"]]',
        b'[["number", "7; drop", "live"]]',
        b'[["number", "", "live"]]',
        b'[["journal", "7", "live"]]',
        b'[["shutdown", "", "live"]]',
        '[["number", "٧", "live"]]'.encode(),
        b'[["number", "1111111111111111111111", "live"]]',
        b"[" * 5000,
    ],
)
def test_malformed_datagrams_are_ignored(datagram: bytes) -> None:
    assert understood(datagram) == []


def test_the_good_part_of_a_datagram_counts() -> None:
    assert understood(b'[["number", "7", "live"], 3, ["journal", "", "live"]]') == [
        ("number", "7", "live"),
        ("journal", "", "live"),
    ]


def test_the_state_file_names_process_and_address_and_goes_with_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "daemon.json"
    announce(path, "http://127.0.0.1:8787", clock.now())
    state = json.loads(path.read_text())
    assert (state["pid"], state["url"]) == (os.getpid(), "http://127.0.0.1:8787")
    assert path.stat().st_mode & 0o777 == 0o600
    path.write_text(json.dumps({**state, "pid": 1}))
    withdraw(path)
    assert path.exists()
    announce(path, "http://127.0.0.1:1", clock.now())
    withdraw(path)
    assert not path.exists()
    withdraw(path)
