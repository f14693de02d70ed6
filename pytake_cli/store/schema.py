"""The schema's version: which one the store has, which steps are missing, and the walk to today's."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, text

from pytake_cli.errors import ConfigError
from pytake_cli.store import backup, facts
from pytake_cli.store.database import Store, refuse_event_loop, translated

log = logging.getLogger(__name__)

MIGRATIONS = Path(__file__).parent / "migrations"
_MIGRATION_LOCK = 0x50795461_6B65  # "PyTake": PostgreSQL's advisory lock, so that two daemons do not migrate at once


@dataclass(frozen=True, slots=True)
class Step:
    """One migration; its file in migrations/versions starts with the version."""

    version: str
    title: str


# Oldest first. A literal, so that no command has to import Alembic to know what is current; a test compares.
STEPS = (
    Step("0001", "the first tables"),
    Step("0002", "search"),
    Step("0003", "the audience"),
    Step("0004", "the inbox"),
    Step("0005", "approvals and erasures"),
)


@dataclass(frozen=True, slots=True)
class Migration:
    """What `migrate` did: the steps taken and the backup that leads back, if there was something to lose."""

    before: str | None
    after: str | None
    steps: tuple[Step, ...]
    backup: Path | None


def version(store: Store) -> str | None:
    """The version that the store has; None when it holds no tables of ours yet."""
    refuse_event_loop()
    with translated(store), store.reader.connect() as connection:
        return facts.schema_version(connection)


def pending(store: Store) -> list[Step]:
    """The steps that the store lacks; refuses a store that is newer than this program."""
    return missing(version(store))


def check_current(store: Store) -> None:
    """Raises ConfigError unless the store has exactly this program's version; costs one query."""
    found = version(store)
    if not missing(found):
        return
    if found is None:
        raise ConfigError("PT-SCHEMA-NONE", "the store has no tables yet", fix="pytake db migrate")
    raise ConfigError(
        "PT-SCHEMA-OLD",
        "the store is at version {found} and this PyTake needs {needed}",
        why="nothing is migrated without being asked",
        fix="pytake db migrate",
        found=found,
        needed=STEPS[-1].version,
    )


def missing(found: str | None) -> list[Step]:
    """The steps after `found`; raises ConfigError for a version that this program does not know."""
    if found is None:
        return list(STEPS)
    known = [step.version for step in STEPS]
    if found not in known:
        raise ConfigError(
            "PT-SCHEMA-NEWER",
            "the store is at version {found}, which a newer PyTake made; this one knows {needed}",
            why="a store is never migrated back",
            fix="upgrade PyTake, or pytake db restore FILE with the backup made before the upgrade",
            found=found,
            needed=known[-1],
        )
    return list(STEPS[known.index(found) + 1 :])


def migrate(store: Store, backups: Path | None, now: datetime) -> Migration:
    """Takes every missing step, each in one transaction: a kill leaves the step before or after, never between.

    A store that has tables is backed up into `backups` first (None: the caller has done so).
    """
    before = version(store)
    steps = tuple(missing(before))
    copy = None
    if steps and before and backups:
        copy = backup.into_folder(store, backups, now, label=f"before-{steps[-1].version}")
    for step in steps:
        with transaction(store) as connection:
            if step in missing(facts.schema_version(connection)):  # else another process was faster
                take(connection, step)
        log.info("store migrated", extra={"version": step.version})
    return Migration(before, version(store), steps, copy)


@contextmanager
def transaction(store: Store) -> Iterator[Connection]:
    """One writing transaction without foreign keys on SQLite, which alters a table by dropping the old one."""
    with store.turn(), translated(store), store.writer.connect() as connection:
        if not store.is_sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
            yield connection
            connection.commit()
            return
        pragma = connection.connection.driver_connection.execute
        pragma("PRAGMA foreign_keys=off")  # does nothing inside a transaction, so it stands before
        try:
            yield connection
            _check_foreign_keys(connection)
            connection.commit()
        finally:
            connection.rollback()
            pragma("PRAGMA foreign_keys=on")


def _check_foreign_keys(connection: Connection) -> None:
    broken = connection.execute(text("PRAGMA foreign_key_check")).all()
    if broken:
        raise AssertionError(f"the migration broke {len(broken)} references, the first in {broken[0]}")


def take(connection: Connection, step: Step) -> None:
    """Runs one step in the caller's transaction; the first one gives the store its instance name."""
    from alembic import command  # 100 ms, and only migrations need it
    from alembic.config import Config

    first = facts.schema_version(connection) is None  # also begins the transaction, so that Alembic leaves it to us
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, step.version)
    if first:
        named = {"name": facts.new_instance()}
        connection.execute(text("INSERT INTO fact (key, value) VALUES ('instance', :name)"), named)
