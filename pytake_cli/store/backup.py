"""Backups: consistent copies of a store in use, verified, whole or not there at all.

SQLite: a database file, by SQLite's own backup. PostgreSQL: a zip of JSON lines, a table a file (see dump.py).
"""

from __future__ import annotations

import hashlib
import itertools
import os
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pytake_cli.errors import InvalidData
from pytake_cli.store import dump, sqlite
from pytake_cli.store.database import Store, refuse_event_loop, translated

SQLITE_MAGIC = b"SQLite format 3\0"
ABANDONED_SECONDS = 86_400.0  # a part this old is of a backup that was killed
MANIFEST = "backup_manifest"  # a table that only a backup has: rows and digest of each of the others


@dataclass(frozen=True, slots=True)
class Contents:
    """What a backup holds: the schema's version, and of each table the rows and a digest over them."""

    version: str | None
    rows: dict[str, int]
    digests: dict[str, str]


def into_folder(store: Store, folder: Path, now: datetime, *, label: str = "") -> Path:
    """A backup in `folder` under a name made of the time and the label."""
    target = free_name(folder, now, label, ".db" if store.is_sqlite else ".zip")
    for part in folder.glob("pytake-*.part"):
        if time.time() - part.stat().st_mtime > ABANDONED_SECONDS:
            part.unlink(missing_ok=True)
    write(store, target)
    return target


def free_name(folder: Path, now: datetime, label: str, suffix: str) -> Path:
    """A name that no file in `folder` has: a backup never takes another's place."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    stem = "-".join(part for part in ("pytake", f"{now:%Y%m%dT%H%M%SZ}", label) if part)
    names = (f"{stem}{f'-{count}' if count else ''}{suffix}" for count in itertools.count())
    return next(folder / name for name in names if not (folder / name).exists())


def write(store: Store, target: Path) -> Contents:
    """Copies the store while it is in use; `target` appears verified, readable by its owner alone, or not at all."""
    refuse_event_loop()
    with appearing(target) as part, translated(store):
        make = _copy_sqlite if store.is_sqlite else dump.write
        expected = Contents(*make(store, part))
        found = verify(part)
        if found != expected:
            raise AssertionError(f"the backup {part} differs from the store in {_difference(expected, found)}")
    return expected


def verify(path: Path) -> Contents:
    """Reads a backup to its last row; raises InvalidData if it is damaged or no backup."""
    return Contents(*(_verify_sqlite(path) if is_sqlite(path) else dump.verify(path)))


def is_sqlite(path: Path) -> bool:
    """Whether a backup is a SQLite file; raises InvalidData when it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(len(SQLITE_MAGIC)) == SQLITE_MAGIC
    except OSError as error:
        raise InvalidData(
            "PT-BACKUP-FILE",
            "{file} cannot be read: {reason}",
            fix="pytake db restore -h",
            file=path,
            reason=error.strerror,
        ) from None


@contextmanager
def appearing(target: Path) -> Iterator[Path]:
    """A file `….part` to fill, 0600; becomes `target` by fsync and rename when all went well, else it goes."""
    part = target.with_name(f"{target.name}.part")
    try:
        part.unlink(missing_ok=True)
        os.close(os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except OSError as error:
        raise InvalidData(
            "PT-BACKUP-TARGET",
            "{file} cannot be written: {reason}",
            fix="pytake db backup FILE",
            file=target,
            reason=error.strerror,
        ) from None
    try:
        yield part
        sync(part)
        part.replace(target)
        sync(target.parent)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def sync(path: Path) -> None:
    """fsync of a file or a folder."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _difference(one: Contents, other: Contents) -> str:
    tables = sorted(one.rows.keys() | other.rows.keys())
    return ", ".join(t for t in tables if one.digests.get(t) != other.digests.get(t)) or "its version"


def _copy_sqlite(store: Store, target: Path) -> tuple[str | None, dict[str, int], dict[str, str]]:
    with store.reader.connect() as connection:
        source: Any = connection.connection.driver_connection
        connection.exec_driver_sql("SELECT count(*) FROM sqlite_master")  # begins the snapshot that all below sees
        with closing(sqlite.driver().connect(target)) as copy:
            source.backup(copy)
            copy.execute("PRAGMA journal_mode=delete")  # one file; the store makes it WAL again
            contents = sqlite_contents(source)
            _, rows, digests = contents
            copy.execute(f"CREATE TABLE {MANIFEST} (name TEXT PRIMARY KEY, rows INTEGER, digest TEXT)")
            manifest = [(name, rows[name], digests[name]) for name in rows]
            copy.executemany(f"INSERT INTO {MANIFEST} VALUES (?, ?, ?)", manifest)  # noqa: S608 - a literal
            copy.commit()
        return contents


def _verify_sqlite(path: Path) -> tuple[str | None, dict[str, int], dict[str, str]]:
    module = sqlite.driver()
    try:
        with closing(module.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            problems = [row[0] for row in connection.execute("PRAGMA integrity_check(3)")]
            broken = connection.execute("PRAGMA foreign_key_check").fetchall()
            if problems != ["ok"] or broken:
                reason = "; ".join(problems) if problems != ["ok"] else f"{len(broken)} rows refer to nothing"
                raise _damaged(path, reason)
            contents = sqlite_contents(connection)
            _compare_with_manifest(path, connection, contents)
            return contents
    except module.DatabaseError as error:
        raise _damaged(path, str(error)) from error


def _compare_with_manifest(path: Path, connection: Any, contents: tuple[Any, dict[str, int], dict[str, str]]) -> None:
    """SQLite's check sees broken structure only; the digests made with the backup see every changed value."""
    _, rows, digests = contents
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (MANIFEST,)).fetchone():
        return  # a file that somebody copied by other means
    noted = dict(connection.execute(f"SELECT name, digest FROM {MANIFEST}"))  # noqa: S608 - a literal
    changed = sorted(name for name in noted.keys() | rows.keys() if noted.get(name) != digests.get(name))
    if changed:
        raise _damaged(path, f"rows of {', '.join(changed)} changed after the backup was made")


def sqlite_contents(connection: Any) -> tuple[str | None, dict[str, int], dict[str, str]]:
    """Version, rows and digests of an open SQLite database."""
    tables = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%' AND name <> ?",
        (MANIFEST,),
    ).fetchall()
    rows: dict[str, int] = {}
    digests: dict[str, str] = {}
    for (table,) in tables:
        digest = hashlib.blake2b(digest_size=16)
        count = 0
        for row in connection.execute(f'SELECT * FROM "{table}"'):  # noqa: S608 - a name from the database itself
            digest.update(repr(tuple(row)).encode("utf-8", "surrogatepass"))
            count += 1
        rows[table], digests[table] = count, digest.hexdigest()
    version = None
    if "alembic_version" in rows:
        found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        version = found[0] if found else None
    return version, rows, digests


def _damaged(path: Path, reason: str) -> InvalidData:
    return InvalidData(
        "PT-BACKUP-DAMAGED",
        "{file} is damaged or no backup of PyTake: {reason}",
        fix="pytake db backup",
        file=path,
        reason=reason,
    )
