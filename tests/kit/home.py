"""A throw-away PYTAKE_HOME with the real daemon and the real emulator beside each other, as processes of their own."""

from __future__ import annotations

import hashlib
import json
import secrets
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pytake_cli import clock
from pytake_cli.emulator import defaults
from pytake_cli.store import Store, schema
from pytake_cli.store.numbers import Number
from pytake_cli.store.organisations import Organisation
from tests.kit import bodies
from tests.kit.bodies import Body
from tests.kit.children import Child, environment, free_port, http_get, wait_until
from tests.kit.load import PATH, Load, Result

READY_SECONDS = 30.0  # on two busy cores a start takes some 2 s
RATE = 400  # messages a second of the number; nothing here is about the throughput limit
ACKNOWLEDGEMENT = "Recebemos sua mensagem."
# What the emulator does in every fault test: quick statuses, no limits of the number, no magic recipients.
QUICK: dict[str, str] = {
    "sent_delay": "20ms..100ms",
    "delivered_delay": "50ms..300ms",
    "read_delay": "50ms..500ms",
    "retry_first": "0.2s",
    "retry_cap": "1s",
    "magic": "false",
    "limit_throughput": "false",
    "limit_tier": "false",
    "ledger": "full",
    "keep_messages": "500000",
}


class Emulator(Child):
    """The emulator's process and its control API."""

    def __init__(self, port: int, arguments: Sequence[str], environ: Mapping[str, str], folder: Path) -> None:
        super().__init__("emulator", ["-m", "pytake_cli.emulator", *arguments], environ, folder)
        self.port = port
        self.url = f"http://127.0.0.1:{port}"

    def up(self) -> None:
        self.start()
        wait_until(lambda: http_get(self.port, "/_emulator")[0] == 200 or not self.running, READY_SECONDS)
        assert self.running, self.tail()

    def get(self, path: str = "") -> Any:
        return self._call("GET", path, None)

    def post(self, path: str, **arguments: Any) -> Any:
        return self._call("POST", path, arguments)

    def delete(self, path: str) -> Any:
        return self._call("DELETE", path, None)

    def fault(self, kind: str, **values: Any) -> None:
        """Adds a fault, such as `fault("error", code=131000, http=500, probability=0.03)`."""
        self.post("faults", kind=kind, **values)

    def no_faults(self) -> None:
        self.delete("faults")

    def say(self, wa_id: str, text: str = "oi") -> None:
        self.post("say", contact=f"+{wa_id}", text=text)

    def accepted(self) -> int:
        count: int = self.get()["counts"]["accepted"]
        return count

    def idle(self) -> bool:
        """No status to come, no webhook on its way."""
        status = self.get()
        return bool(status["idle"]) and status["counts"]["timers"] == 0

    def ledger(self) -> list[dict[str, Any]]:
        """Every accepted send, the oldest first: wamid, to, type, at (Unix seconds), opaque."""
        entries: list[dict[str, Any]] = self.get("ledger?limit=10000000")["messages"]
        return entries

    def _call(self, method: str, path: str, arguments: dict[str, Any] | None) -> Any:
        data = json.dumps(arguments).encode() if arguments is not None else None
        request = urllib.request.Request(
            f"{self.url}/_emulator/{path}", data, {"Content-Type": "application/json"}, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                raise AssertionError(f"emulator {method} {path}: {error.code} {error.read().decode()}") from None


class Daemon(Child):
    """`pytake serve`, always on the same port, so that it can be killed and come back."""

    def __init__(self, port: int, environ: Mapping[str, str], folder: Path) -> None:
        super().__init__("daemon", ["-m", "pytake_cli", "serve"], environ, folder)
        self.port = port
        self.url = f"http://127.0.0.1:{port}"

    def up(self, extra: Mapping[str, str] | None = None) -> float:
        """Starts it and waits until it answers; seconds that took."""
        self.start(extra)
        wait_until(lambda: self.answers() or not self.running, READY_SECONDS, every=0.01)
        assert self.running, f"the daemon ended with {self.exit_code}\n{self.tail()}"
        return time.monotonic() - self.started_at

    def answers(self) -> bool:
        """Whether the door is open; on a busy machine /readyz stays red for a while after the loop was held up."""
        return http_get(self.port, "/readyz")[0] != 0

    def alive(self) -> bool:
        return self.running and self.answers()


@dataclass
class Home:
    """The folder, the store with one organisation and one number, and both processes."""

    folder: Path
    store_url: str
    daemon: Daemon
    emulator: Emulator
    secrets: dict[str, str]
    number_id: int = 0
    org_id: int = 0
    results: list[Result] = field(default_factory=list)  # of every load, for the check

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def environment(self) -> dict[str, str]:
        """For other processes of this home, such as commands."""
        return self.daemon.environment

    @contextmanager
    def store(self) -> Iterator[Store]:
        """The store, opened by the test's own process beside the daemon."""
        opened = Store(self.store_url)
        try:
            yield opened
        finally:
            opened.close()

    def load(self, source: Iterator[Body] | Sequence[Body], **options: Any) -> Load:
        """A load for this daemon's door, whose acknowledgements the check will look at."""
        load = Load(self.daemon.url + PATH, self.secrets["app_secret"], source, **options)
        self.results.append(load.result)
        return load

    def meet(self, customers: int, *, seconds: float = 60.0) -> list[str]:
        """Lets customers write through the emulator, so that both sides know them and their windows are open."""
        people = [bodies.phone(index) for index in range(customers)]
        for wa_id in people:
            self.emulator.say(wa_id)
        with self.store() as store:
            wait_until(lambda: self._known(store) >= customers, seconds, every=0.2)
        return people

    def _known(self, store: Store) -> int:
        from sqlalchemy import text

        with store.read() as db:
            return int(db.connection().execute(text("SELECT count(*) FROM service_window")).scalar_one())

    def stop(self) -> None:
        self.daemon.stop()
        self.emulator.stop(3.0)


def make(
    folder: Path,
    *,
    store_url: str | None = None,
    emulator: Mapping[str, str] | None = None,
    settings: Mapping[str, str] | None = None,
    graph_url: str | None = None,
    seed: int = 1,
    acknowledgement: str = ACKNOWLEDGEMENT,
    data: Path | None = None,
    emulator_port: int | None = None,
    grace_seconds: float = 20.0,
) -> Home:
    """Makes a home; nothing runs yet. `emulator` are its settings, `settings` environment variables of the daemon."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    (data or folder / "data").mkdir(mode=0o700, parents=True, exist_ok=True)
    url = store_url or f"sqlite:///{data or folder / 'data'}/pytake.db"
    keys = {name: f"canary-{name}-{secrets.token_hex(12)}" for name in ("app_secret", "verify_token", "access_token")}
    secret_env = {f"PYTAKE_SECRET_{name.upper()}": value for name, value in keys.items()}
    daemon_port, emulator_port = free_port(), emulator_port or free_port()
    environ = environment(
        folder,
        PYTAKE_HOME=str(folder),
        PYTAKE_STORE__URL=url,
        PYTAKE_SERVE__PORT=str(daemon_port),
        PYTAKE_EMULATOR__PORT=str(emulator_port),
        PYTAKE_WHATSAPP__GRAPH_URL=graph_url or f"http://127.0.0.1:{emulator_port}",
        PYTAKE_SEND__GRACE_SECONDS=f"{grace_seconds:g}",
        **secret_env,
    )
    environ.update(settings or {})
    daemon = Daemon(daemon_port, environ, folder)
    arguments = ["--port", str(emulator_port), "--webhook-url", daemon.url + PATH, "--seed", str(seed)]
    arguments += ["--app-secret-env", "PYTAKE_SECRET_APP_SECRET", "--verify-token-env", "PYTAKE_SECRET_VERIFY_TOKEN"]
    for name, value in (QUICK | dict(emulator or {})).items():
        arguments += ["--set", f"{name}={value}"]
    home = Home(folder, url, daemon, Emulator(emulator_port, arguments, environ, folder), keys)
    _fill(home, acknowledgement)
    return home


def _fill(home: Home, acknowledgement: str) -> None:
    now = clock.now()
    with home.store() as store:
        schema.migrate(store, None, now)
        with store.write() as db:
            org = Organisation(slug="loja", name="Loja", acknowledgement=acknowledgement, created_at=now)
            db.add(org)
            db.flush()
            assert org.id is not None
            number = Number(
                org_id=org.id,
                phone_number_id=defaults.PHONE_NUMBER_ID,
                waba_id=defaults.WABA_ID,
                portfolio_id=defaults.WABA_ID,
                display=defaults.DISPLAY_NUMBER,
                rate_per_second=RATE,
                created_at=now,
            )
            db.add(number)
            db.flush()
            assert number.id is not None
            home.org_id, home.number_id = org.id, number.id


@contextmanager
def running(folder: Path, **options: Any) -> Iterator[Home]:
    """A home whose emulator and daemon run; both are gone afterwards, whatever happens."""
    home = make(folder, **options)
    try:
        home.emulator.up()
        home.daemon.up()
        yield home
    finally:
        home.stop()


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder for runs by hand."""
    with tempfile.TemporaryDirectory(prefix="pytake-kit-") as folder:
        yield Path(folder)


def digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
