"""One daemon a SQLite file: a lock beside the file that dies with its holder, whatever kills it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pytake_cli.errors import Conflict
from pytake_cli.store import sqlite
from pytake_cli.store.database import Store

PATIENCE_SECONDS = 0.2  # a look at who holds the lock takes it for a moment; the pid appears a moment after the lock


@contextmanager
def daemon_lock(store: Store) -> Iterator[None]:
    """Held by `pytake serve` and by a restore; raises Conflict that names the holder. PostgreSQL takes many daemons."""
    if not store.is_sqlite:
        yield
        return
    with _held(_path(store)):
        yield


def holder(store: Store) -> int | None:
    """The process that holds the store's lock; None if nobody does."""
    if not store.is_sqlite or not _path(store).exists():
        return None
    try:
        with _held(_path(store), noting=False):
            return None
    except Conflict as conflict:
        return int(conflict.values["pid"])


def _path(store: Store) -> Path:
    file = sqlite.file_of(store.url)
    return file.with_name(f"{file.name}.lock")


@contextmanager
def _held(path: Path, *, noting: bool = True) -> Iterator[None]:
    import fcntl  # not on Windows, where only other commands run

    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if not _taken(descriptor, fcntl.LOCK_EX if noting else fcntl.LOCK_SH):
            raise Conflict(
                "PT-STORE-LOCKED",
                "process {pid} has this store: {file}",
                why="one daemon a SQLite file; several need PostgreSQL",
                fix="stop it first, for example: kill {pid}",
                pid=_pid_in(descriptor),
                file=path.with_suffix(""),
            )
        if noting:
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(descriptor)  # lets go of the lock; the file stays, or two could lock two files of one name


def _taken(descriptor: int, kind: int) -> bool:
    import fcntl

    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except OSError:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        else:
            return True


def _pid_in(descriptor: int) -> int:
    text = os.pread(descriptor, 20, 0)
    return int(text) if text.isdigit() else 0
