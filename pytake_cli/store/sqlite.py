"""SQLite: the right library version, the pragmas, immediate transactions, files nobody else can read."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from types import ModuleType
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL

from pytake_cli.errors import ConfigError, StoreUnavailable
from pytake_cli.store import folding
from pytake_cli.store.types import from_json, to_json

OLDEST_SAFE = (3, 51, 3)  # before it, two connections that write and checkpoint at once can corrupt a WAL database
BUSY_TIMEOUT_SECONDS = 5.0
# Of each connection, and a busy daemon fills all six; at a million contacts more made nothing quicker.
WRITER_CACHE_KB, READER_CACHE_KB = 16_384, 4_096
CHECKPOINT_PAGES = 1000  # 8,000 gave p99 of 214-361 ms for intake, 1,000 gave 18-28 ms


def driver() -> ModuleType:
    """The first SQLite module at hand that has no WAL-reset bug."""
    import sqlite3

    candidates: list[ModuleType] = []
    try:
        from pysqlite3 import dbapi2

        candidates.append(dbapi2)
    except ImportError:
        pass
    candidates.append(sqlite3)
    for module in candidates:
        if module.sqlite_version_info >= OLDEST_SAFE:
            return module
    raise ConfigError(
        "PT-SQLITE-OLD",
        "SQLite {found} is too old: PyTake needs {needed} or newer",
        why="older versions have a bug that can corrupt a database with two writers",
        fix="pip install pysqlite3, or use PostgreSQL",
        found=candidates[-1].sqlite_version,
        needed=".".join(map(str, OLDEST_SAFE)),
    )


def file_of(url: URL) -> Path:
    return Path(url.database or "")


def require_file(url: URL) -> None:
    """Raises ConfigError when there is no store, so that looking for one leaves no empty file behind."""
    path = file_of(url)
    if not path.exists():
        raise ConfigError("PT-STORE-NONE", "there is no store at {path}", fix="pytake init", path=str(path))


def writing_engine(url: URL) -> Engine:
    """One connection that writes; the file and its -wal and -shm are made 0600 before anything is in them."""
    path = file_of(url)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise StoreUnavailable(
            "PT-STORE-OPEN",
            "cannot open the store {where} for writing: {reason}",
            fix="pytake doctor --only store",
            where=str(path),
            reason=(error.strerror or type(error).__name__).lower(),
        ) from None
    checkpoints, cache = f"wal_autocheckpoint={CHECKPOINT_PAGES}", f"cache_size=-{WRITER_CACHE_KB}"
    pragmas = ("journal_mode=wal", "synchronous=full", checkpoints, cache, "foreign_keys=on")
    return _engine(url, pragmas, pool_size=1, begin="BEGIN IMMEDIATE")


def reading_engine(url: URL) -> Engine:
    pragmas = ("query_only=on", f"cache_size=-{READER_CACHE_KB}")
    return _engine(url, pragmas, pool_size=5, begin="BEGIN")


def write_lock() -> threading.Lock:
    """Threads of one process queue here instead of polling SQLite's busy handler, which sleeps up to 100 ms a try."""
    return threading.Lock()


def _engine(url: URL, pragmas: tuple[str, ...], *, pool_size: int, begin: str) -> Engine:
    engine = create_engine(
        url,
        module=driver(),
        json_serializer=to_json,
        json_deserializer=from_json,
        hide_parameters=True,  # errors are logged: people's words must not be in them
        connect_args={"timeout": BUSY_TIMEOUT_SECONDS, "check_same_thread": False},
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=30,
    )

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # transactions are ours: see `begin`
        folding.register(connection)
        # mmap_size stays 0: each connection would map the file, 500 MB resident for a gain of 5 % in large segments.
        for pragma in (*pragmas, "trusted_schema=off", "temp_store=memory"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin_transaction(connection: Any) -> None:
        connection.exec_driver_sql(begin)

    return engine
