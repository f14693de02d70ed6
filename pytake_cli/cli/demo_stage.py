"""The stage of `pytake demo`: a throw-away home with a shop, and the emulator and the daemon as own processes."""

from __future__ import annotations

import ctypes
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytake_cli import secrets as chain
from pytake_cli import settings
from pytake_cli.cli import context as contexts
from pytake_cli.emulator import defaults
from pytake_cli.errors import DaemonDown
from pytake_cli.locale import _

if TYPE_CHECKING:
    from datetime import datetime

    from pytake_cli.store import Store

PACKAGE_ROOT = Path(__file__).parents[2]  # the processes run this very code, installed or not
START_SECONDS = 20.0  # two busy cores need 2 to 3
STOP_SECONDS = 5.0
PR_SET_PDEATHSIG = 1
# How the emulator's customers behave: quick, so that the story fits into ten seconds.
PACE = {"sent_delay": "80ms", "delivered_delay": "200ms", "read_delay": "500ms", "handshake": "false"}


@dataclass
class Stage:
    """Where the story plays."""

    folder: Path
    store: Store
    org_id: int
    number_id: int
    emulator_url: str
    daemon_url: str
    children: list[subprocess.Popen[bytes]] = field(default_factory=list)
    environ: dict[str, str] = field(default_factory=dict)  # for a further process that belongs to the demo

    def say(self, contact: str, **words: Any) -> dict[str, Any]:
        """A customer says something on the emulator's side."""
        return post(f"{self.emulator_url}/_emulator/say", {"contact": contact, **words})

    def dead(self) -> str:
        """The name of a process that ended though it should not."""
        return next((str(child.args[2]) for child in self.children if child.poll() is not None), "")  # type: ignore[index]


def post(url: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """A call of the emulator's control API."""
    request = urllib.request.Request(  # noqa: S310 - our own http address
        url, json.dumps(arguments).encode(), {"Content-Type": "application/json"}, method="POST"
    )
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
        found: dict[str, Any] = json.load(answer)
    return found


def fetch(url: str) -> dict[str, Any]:
    """What the emulator's control API has at an address."""
    with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - our own http address
        found: dict[str, Any] = json.load(answer)
    return found


@contextmanager
def open_stage(
    folder: Path, now: datetime, *, seed: int, words: dict[str, str], meanwhile: Callable[[], None] = lambda: None
) -> Iterator[Stage]:
    """Builds everything, waits until both processes answer, and stops them whatever happens.

    Most of the time to the first message is Python being imported: the daemon begins with that while the shop is built.
    """
    with ExitStack() as stack:
        daemon_port, emulator_port = _free_port(), _free_port()
        environ = _environment(folder, daemon_port, emulator_port)
        stack.enter_context(_at_home(environ))
        children = [_start("emulator", _emulator(emulator_port, daemon_port, seed), environ, folder)]
        stack.callback(_stop, children)
        store = _open_store(folder)
        stack.callback(store.close)
        children.append(_start("daemon", ["-m", "pytake_cli", "serve", "--auto-migrate"], environ, folder))
        org_id, number_id = _open_shop(store, now, words)
        stage = Stage(
            folder,
            store,
            org_id,
            number_id,
            f"http://127.0.0.1:{emulator_port}",
            f"http://127.0.0.1:{daemon_port}",
            children,
            environ,
        )
        meanwhile()
        _wait(stage, f"{stage.emulator_url}/_emulator")
        _wait(stage, f"{stage.daemon_url}/readyz")
        yield stage


@contextmanager
def _at_home(environ: dict[str, str]) -> Iterator[None]:
    """This process lives in the demo's home meanwhile: its settings are the demo's, and are put back at the end."""
    ours = {name: value for name, value in environ.items() if name.startswith("PYTAKE_")}
    before = {name: value for name, value in os.environ.items() if name.startswith("PYTAKE_")}
    flags = contexts.context().flags
    contexts.drop()
    for name in before:
        del os.environ[name]
    os.environ.update(ours)
    chain.forget()
    contexts.use(flags)
    try:
        yield
    finally:
        contexts.drop()
        for name in ours:
            os.environ.pop(name, None)
        os.environ.update(before)
        chain.forget()
        contexts.use(flags)


def _environment(folder: Path, daemon_port: int, emulator_port: int) -> dict[str, str]:
    keys = {f"PYTAKE_SECRET_{name}": secrets.token_hex(16) for name in ("APP_SECRET", "VERIFY_TOKEN", "ACCESS_TOKEN")}
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("PYTAKE_")},
        **keys,
        "PYTHONPATH": os.pathsep.join(filter(None, (str(PACKAGE_ROOT), os.environ.get("PYTHONPATH")))),
        "PYTAKE_HOME": str(folder),
        "PYTAKE_SERVE__PORT": str(daemon_port),
        "PYTAKE_WHATSAPP__GRAPH_URL": f"http://127.0.0.1:{emulator_port}",
        "PYTHONUNBUFFERED": "1",
    }


def _emulator(port: int, daemon_port: int, seed: int) -> list[str]:
    webhook_url = f"http://127.0.0.1:{daemon_port}/webhooks/whatsapp"
    arguments = ["-m", "pytake_cli.emulator", "--port", str(port), "--webhook-url", webhook_url, "--seed", str(seed)]
    arguments += ["--app-secret-env", "PYTAKE_SECRET_APP_SECRET", "--verify-token-env", "PYTAKE_SECRET_VERIFY_TOKEN"]
    for name, value in PACE.items():
        arguments += ["--set", f"{name}={value}"]
    return arguments


def _start(name: str, arguments: list[str], environ: dict[str, str], folder: Path) -> subprocess.Popen[bytes]:
    with (folder / f"{name}.log").open("ab") as log:
        return subprocess.Popen(  # noqa: S603 - this very Python
            [sys.executable, *arguments],
            env=environ,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C is ours: we stop them in order
            preexec_fn=_die_with_parent if sys.platform == "linux" else None,
        )


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _stop(children: list[subprocess.Popen[bytes]]) -> None:
    """The daemon first, so that nothing is in flight when the emulator goes."""
    for child in reversed(children):
        child.terminate()
        try:
            child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait(STOP_SECONDS)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(stage: Stage, url: str) -> None:
    ends = time.monotonic() + START_SECONDS
    while time.monotonic() < ends and not stage.dead():
        try:
            with urllib.request.urlopen(url, timeout=1) as answer:  # noqa: S310 - our own http address
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.02)
    log = stage.folder / ("emulator.log" if url.startswith(stage.emulator_url) else "daemon.log")
    raise DaemonDown(
        "PT-DEMO-START",
        "a part of the demo did not start: {url} does not answer",
        why="its last words: {words}",
        fix="less {log}",
        url=url,
        log=str(log),
        words=(log.read_text(errors="replace").strip().splitlines() or ["none"])[-1],
    )


def _open_store(folder: Path) -> Store:
    """The file is there, with nothing in it, before anybody else looks for it."""
    from pytake_cli.store import Store, schema
    from pytake_cli.store.work import Datagrams

    store = Store(settings.current().store.url)
    schema.version(store)
    store.waker = Datagrams(folder / "run" / "pokes.sock")
    return store


def _open_shop(store: Store, now: datetime, words: dict[str, str]) -> tuple[int, int]:
    """The tables, a small shop, the people who work there, and its number."""
    from pytake_cli.services import accounts, flows
    from pytake_cli.store import schema
    from pytake_cli.store.numbers import Number

    schema.migrate(store, None, now)
    with store.write() as db:
        org = accounts.create_organisation(
            db, name=words["shop"], slug="demo", now=now, acknowledgement=words["acknowledgement"]
        )
        assert org.id is not None
        accounts.invite(db, org_id=org.id, email="rita@loja.example", name="Rita", role="ORG_ADMIN", now=now)
        accounts.invite(db, org_id=org.id, email="bia@loja.example", name="Bia", role="AGENT", now=now)
        number = Number(
            org_id=org.id,
            phone_number_id=defaults.PHONE_NUMBER_ID,
            waba_id=defaults.WABA_ID,
            portfolio_id=defaults.BUSINESS_ID,
            display=defaults.DISPLAY_NUMBER,
            name=words["shop"],
            created_at=now,
        )
        db.add(number)
        db.flush()
        assert number.id is not None
        flows.publish(db, org.id, [flows.Draft("flows/demo.yaml", words["flow"])], now=now)
    return org.id, number.id


def told_processes(stage: Stage) -> str:
    """Where both processes listen, for the transcript."""
    return _("WhatsApp emulator {emulator} · daemon {daemon}").format(
        emulator=stage.emulator_url.removeprefix("http://"), daemon=stage.daemon_url.removeprefix("http://")
    )
