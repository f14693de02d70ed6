"""The daemon's lock on an SQLite store: one daemon a file, and whoever wants it learns who has it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pytake_cli.errors import Conflict
from pytake_cli.store.database import Store


@contextmanager
def daemon_lock(store: Store) -> Iterator[None]:
    """Held as long as the daemon runs; the system frees it when the process dies. PostgreSQL serves many daemons."""
    if not store.is_sqlite:
        yield
        return
    descriptor = os.open(lock_file(store), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 20, 0).decode(errors="replace").strip()
            raise Conflict(
                "PT-DAEMON-RUNS",
                "a daemon runs on this store already (pid {pid})",
                why="two daemons on one SQLite file would send twice",
                fix="pytake status",
                pid=holder or "unknown",
            ) from None
        os.truncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def lock_file(store: Store) -> Path:
    return Path(f"{store.url.database}.lock")
