"""Checks of the store: reachable, at this program's version, writable, with room to grow; and what is stuck in it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import text

from pytake_cli.cli.checks.finding import Finding, error, ok, warning
from pytake_cli.errors import ConfigError, StoreUnavailable
from pytake_cli.services import overview
from pytake_cli.store import Store, schema, sqlite

LITTLE_SPACE = 1024**3  # bytes; a busy number writes some 100 MB a week
NO_SPACE = 64 * 1024**2
STALE_QUEUE = timedelta(minutes=5)


def check_store(store: Store) -> Iterator[Finding]:
    """Version, writing, size and space."""
    try:
        missing = schema.pending(store)
    except (ConfigError, StoreUnavailable) as problem:
        yield _of(problem)
        return
    if missing:
        yield error(
            "PT-SCHEMA-OLD",
            "the store lacks {count} migrations",
            check="store",
            fix="pytake db migrate",
            count=len(missing),
        )
        return
    try:
        with store.write():
            pass
    except StoreUnavailable as problem:
        yield _of(problem)
        return
    yield from _sqlite(store) if store.is_sqlite else _postgres(store)


def _of(problem: ConfigError) -> Finding:
    return error(problem.slug, problem.message, check="store", fix=problem.fix, **problem.values)


def _sqlite(store: Store) -> Iterator[Finding]:
    path = sqlite.file_of(store.url)
    free = shutil.disk_usage(path.parent).free
    size = sum(file.stat().st_size for file in path.parent.glob(f"{path.name}*"))
    if free < LITTLE_SPACE:
        make = error if free < NO_SPACE else warning
        yield make(
            "PT-CHECK-DISK",
            "{free} MB are free on the disk of {path}",
            check="store",
            free=free // 1024**2,
            path=str(path.parent),
        )
    yield ok(
        "store",
        "SQLite {version}, {size} MB, migration {migration}",
        version=sqlite.driver().sqlite_version,
        size=round(size / 1024**2, 1),
        migration=schema.STEPS[-1].version,
    )


def _postgres(store: Store) -> Iterator[Finding]:
    with store.reader.connect() as connection:
        version = str(connection.execute(text("SHOW server_version")).scalar())
    yield ok(
        "store",
        "PostgreSQL {version}, migration {migration}",
        version=version.split()[0],
        migration=schema.STEPS[-1].version,
    )


def check_queue(view: overview.Overview, now: datetime) -> Iterator[Finding]:
    """What waits longer than it should, or waits for a person."""
    problems = [finding for finding in _stuck(view, now) if finding.values["count"]]
    yield from problems or [ok("queue", "nothing waits for a person")]


def _stuck(view: overview.Overview, now: datetime) -> Iterator[Finding]:
    waited = now - view.oldest_queued_at if view.oldest_queued_at else timedelta()
    minutes = int(waited.total_seconds() // 60) if waited > STALE_QUEUE else 0
    yield error(
        "PT-CHECK-QUEUE",
        "the oldest message has waited {count} min to be sent",
        check="queue",
        fix="pytake queue list",
        count=minutes,
    )
    yield warning(
        "PT-CHECK-UNKNOWN",
        "messages that may or may not have been sent: {count}",
        check="queue",
        fix="pytake queue list --state unknown",
        count=view.outbox.get("unknown", 0),
    )
    yield warning(
        "PT-CHECK-JOBS",
        "jobs that have failed: {count}",
        check="queue",
        fix="pytake queue list --kind job",
        count=view.jobs_failed,
    )
    yield warning(
        "PT-CHECK-QUARANTINE",
        "updates from Meta that could not be applied: {count}",
        check="queue",
        fix="pytake webhook replay --quarantined",
        count=view.quarantined,
    )
    yield warning(
        "PT-CHECK-BACKLOG",
        "webhooks that are stored and not yet applied: {count}",
        check="queue",
        fix="pytake serve",
        count=view.journal_backlog,
    )
