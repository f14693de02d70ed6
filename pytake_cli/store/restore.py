"""Restoring a backup: verified before, the present store kept aside, and nothing that was queued is sent again."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import text

from pytake_cli.errors import Conflict, InvalidData
from pytake_cli.store import backup, dump, facts, schema, sqlite
from pytake_cli.store.database import Store, refuse_event_loop
from pytake_cli.store.lock import daemon_lock

log = logging.getLogger(__name__)

# What Meta accepted after the backup was made is not known to it: whatever was on its way is held for a person.
_HOLD = (
    "UPDATE message SET status = 'unknown', rank = 2, due_at = NULL, claim = NULL, claimed_at = NULL"
    " WHERE direction = 'out' AND status IN ('queued', 'sending', 'unknown')"
)
# Nor is whom a campaign has written to since: it goes on when a person says so.
WAITS = "the store was restored from a backup: people may have been written to since it was made"
_PAUSE = (
    "UPDATE campaign SET status = 'paused', status_reason = :reason, due_at = NULL, status_detail = :detail"
    " WHERE status IN ('running', 'scheduled')"
)


@dataclass(frozen=True, slots=True)
class Restored:
    """What came back: how much, what is held for a person, and where the store that was there is now."""

    contents: backup.Contents
    held: int
    aside: Path | None


def restore(store: Store, source: Path, aside: Path, now: datetime) -> Restored:
    """Puts a backup in the store's place; what was there goes to the folder `aside`. Refuses a running daemon.

    Afterwards outgoing messages that were not finished are `unknown` without a due time, which holds them, and the
    store has a new instance name: ids given out after the backup are given out again, to other messages.
    """
    refuse_event_loop()
    contents = backup.verify(source)
    if contents.version is None:
        raise InvalidData(
            "PT-BACKUP-EMPTY", "{file} holds no tables of PyTake", fix="pytake db restore -h", file=source
        )
    schema.missing(contents.version)  # refuses a backup of a newer program
    with daemon_lock(store):
        put = _into_sqlite if store.is_sqlite else _into_postgres
        held, kept = put(store, source, contents, aside, now)
    log.info("store restored", extra={"backup": str(source), "held": held})
    return Restored(contents, held, kept)


def _into_sqlite(
    store: Store, source: Path, contents: backup.Contents, aside: Path, now: datetime
) -> tuple[int, Path | None]:
    _refuse_other_kind(source, backup.is_sqlite(source), "SQLite", "PostgreSQL")
    target = sqlite.file_of(store.url)
    fresh = target.with_name(f"{target.name}.restoring")
    fresh.unlink(missing_ok=True)
    os.close(os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    shutil.copyfile(source, fresh)
    with closing(sqlite.driver().connect(fresh)) as connection:
        held = _mark(lambda sql, values: connection.execute(sql, values).rowcount, contents, now)
        connection.execute(f"DROP TABLE IF EXISTS {backup.MANIFEST}")
        connection.commit()
    backup.sync(fresh)
    store.close()
    kept = _keep_aside(target, aside, now)
    for suffix in ("-wal", "-shm"):  # of a file that is gone: SQLite would write them into the new one
        target.with_name(target.name + suffix).unlink(missing_ok=True)
    fresh.replace(target)
    backup.sync(target.parent)
    return held, kept


def _keep_aside(target: Path, aside: Path, now: datetime) -> Path | None:
    """A second name for the present file, once nobody has it open and its WAL is in it."""
    if not target.exists() or not target.stat().st_size:
        return None
    kept = backup.free_name(aside, now, "before-restore", ".db")
    module = sqlite.driver()
    try:
        with closing(module.connect(target, timeout=sqlite.BUSY_TIMEOUT_SECONDS)) as connection:
            connection.execute("PRAGMA journal_mode=delete")  # only the last connection can, and it folds the WAL in
    except module.OperationalError as error:
        raise Conflict(
            "PT-STORE-IN-USE", "another process has the store open: {reason}", fix="pytake status", reason=error
        ) from error
    except module.DatabaseError:
        log.warning("the present store is damaged; it is kept as it is", extra={"file": str(kept)})
    for suffix in ("", "-wal", "-shm"):
        file = target.with_name(target.name + suffix)
        if not file.exists():
            continue
        if suffix:
            shutil.move(file, kept.with_name(kept.name + suffix))
        else:
            _second_name(file, kept)
    return kept


def _second_name(file: Path, kept: Path) -> None:
    try:
        os.link(file, kept)
    except OSError:  # another file system, or one without links
        shutil.copy2(file, kept)


def _into_postgres(
    store: Store, source: Path, contents: backup.Contents, aside: Path, now: datetime
) -> tuple[int, Path | None]:
    _refuse_other_kind(source, not backup.is_sqlite(source), "PostgreSQL", "SQLite")
    kept = backup.into_folder(store, aside, now, label="before-restore") if schema.version(store) else None
    store.close()
    _refuse_company(store)
    with schema.transaction(store) as connection:
        names = ", ".join(f'"{table}"' for table in dump.tables(connection))
        if names:
            connection.execute(text(f"DROP TABLE {names} CASCADE"))
        for step in schema.STEPS:
            schema.take(connection, step)
            if step.version == contents.version:
                break
        dump.load(connection, source)
        held = _mark(lambda sql, values: connection.execute(text(sql), values).rowcount, contents, now)
    return held, kept


def _refuse_company(store: Store) -> None:
    """Daemons on PostgreSQL hold no lock of ours, but their connections show."""
    others = text(
        "SELECT string_agg(pid || ' ' || coalesce(client_addr::text, 'here'), ', ') FROM pg_stat_activity"
        " WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
    )
    with store.writer.connect() as connection:
        found = connection.execute(others).scalar()
    if found:
        raise Conflict(
            "PT-STORE-IN-USE", "another process has the store open: {reason}", fix="pytake status", reason=found
        )


def _refuse_other_kind(source: Path, fits: bool, here: str, there: str) -> None:
    if not fits:
        raise InvalidData(
            "PT-BACKUP-KIND",
            "{file} is a backup of {there}, and this store is {here}",
            fix="pytake --profile NAME db restore FILE",
            file=source,
            there=there,
            here=here,
        )


def _mark(execute: Callable[[str, dict[str, Any]], int], contents: backup.Contents, now: datetime) -> int:
    """Holds what was on its way, and notes in the store that it was restored; returns how many messages are held."""
    held = execute(_HOLD, {})
    if "campaign" in contents.rows:  # a backup of an older version has none
        execute(_PAUSE, {"reason": "PT-CAMP-RESTORED", "detail": WAITS})
    put = "INSERT INTO fact (key, value) VALUES (:key, :value) ON CONFLICT (key) DO UPDATE SET value = excluded.value"
    former = (
        "INSERT INTO fact (key, value) SELECT 'instance_before:' || value, CAST((SELECT coalesce(max(id), 0)"
        " FROM message) AS TEXT) FROM fact WHERE key = 'instance' ON CONFLICT DO NOTHING"
    )
    execute(former, {})
    execute(put, {"key": "instance", "value": facts.new_instance()})
    execute(put, {"key": "restored_at", "value": now.isoformat()})
    return held
