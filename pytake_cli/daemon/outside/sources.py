"""`lookup` steps: rows of a source that the settings name. What a customer wrote is only ever a bound value.

A source is one table or view, or one CSV file. Which columns come back and which may be asked for stands in the
settings; a flow chooses among them, and nothing that it says becomes part of a statement.
"""

from __future__ import annotations

import asyncio
import csv
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from pytake_cli import clock, secrets, settings
from pytake_cli.daemon.outside.answers import LARGEST_INTEGER, Failed, effect_of, small_enough, storable
from pytake_cli.flow.effects import LookUp
from pytake_cli.sections import Source
from pytake_cli.store.jobs import Job

if TYPE_CHECKING:
    from pytake_cli.daemon.jobs import Workshop

MOST_ROWS = 100
MOST_SECONDS = 5.0
MOST_VALUES = 100  # in a list of which one has to match
MOST_CSV_BYTES = 64 * 1024 * 1024
ROWS_BETWEEN_LOOKS = 1000  # at the clock, in a CSV file
STEPS_BETWEEN_LOOKS = 10_000  # of SQLite's machine


def repeatable(payload: dict[str, Any]) -> bool:
    return True  # it reads


async def look_up(shop: Workshop, job: Job) -> Any:
    """{"session": 7, "effect": {"token": "3.price", "source": "prices", "where": {"sku": "A1"}, "limit": 1}}"""
    effect = effect_of(job, LookUp)
    return await asyncio.to_thread(rows, effect.source, effect.where, effect.limit)


def rows(name: str, where: Mapping[str, Any], limit: int) -> list[dict[str, Any]]:
    """The rows whose columns have all the values of `where`; a list matches any of its values, None what is empty."""
    source = settings.current().flows.sources.get(name)
    if source is None:
        raise Failed("settings", f"there is no source {name[:40]!r} in flows.sources")
    if not where:
        raise Failed("invalid", "a lookup without a condition would read whatever comes first")
    askable = source.where or source.columns
    for column, value in where.items():
        if column not in askable:
            raise Failed("refused", f"the source {name} may not be asked for {column[:40]!r}")
        if not _is_plain(value):
            raise Failed("invalid", f"what {column} is compared with is no text, number or list of them")
    where = {column: _bound(value) for column, value in where.items()}
    limit = max(1, min(limit, MOST_ROWS))
    read = {"csv": _csv, "sqlite": _sqlite, "postgres": _postgres}[source.kind]
    found: list[dict[str, Any]] = small_enough(storable(read(source, where, limit)))
    return found


def _is_plain(value: Any) -> bool:
    if isinstance(value, list):
        return 0 < len(value) <= MOST_VALUES and all(_is_plain(each) and not isinstance(each, list) for each in value)
    return value is None or isinstance(value, str | int | float | bool)


def _bound(value: Any) -> Any:
    """The value as drivers take it: an integer that no column can hold is its digits."""
    if isinstance(value, list):
        return [_bound(each) for each in value]
    return str(value) if isinstance(value, int) and abs(value) > LARGEST_INTEGER else value


def _file(source: Source) -> Path:
    """The file of a source; seen from the project, beside whose flows it lies."""
    path = settings.flows_folder().parent / Path(source.path).expanduser()
    if not source.path or not path.is_file():
        raise Failed("settings", f"there is no file {source.path!r}")
    return path


def _csv(source: Source, where: Mapping[str, Any], limit: int) -> list[dict[str, Any]]:
    path = _file(source)
    if path.stat().st_size > MOST_CSV_BYTES:
        raise Failed("too_big", f"{source.path} is larger than {MOST_CSV_BYTES // 1024 // 1024} MiB; use SQLite")
    wanted = {column: _texts(value) for column, value in where.items()}
    found: list[dict[str, Any]] = []
    end = clock.monotonic() + MOST_SECONDS
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, delimiter=source.delimiter, strict=True)
            missing = {*source.columns, *wanted} - set(reader.fieldnames or ())
            if missing:
                raise Failed("settings", f"{source.path} has no column {min(missing)}")
            for number, row in enumerate(reader):
                if number % ROWS_BETWEEN_LOOKS == 0 and clock.monotonic() > end:
                    raise _too_slow()
                if all((row[column] or "").strip() in texts for column, texts in wanted.items()):
                    found.append({column: row[column] for column in source.columns})
                    if len(found) == limit:
                        break
    except (csv.Error, UnicodeDecodeError, OSError) as error:
        raise Failed("settings", f"{source.path} cannot be read: {type(error).__name__}") from None
    return found


def _texts(value: Any) -> set[str]:
    """What a field of a file may say to match."""
    values = value if isinstance(value, list) else [value]
    return {
        "" if each is None else str(each).lower() if isinstance(each, bool) else str(each).strip() for each in values
    }


def _sqlite(source: Source, where: Mapping[str, Any], limit: int) -> list[dict[str, Any]]:
    path = _file(source)

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=MOST_SECONDS)
        connection.execute("PRAGMA query_only=on")
        connection.execute("PRAGMA trusted_schema=off")
        end = clock.monotonic() + MOST_SECONDS
        connection.set_progress_handler(lambda: clock.monotonic() > end, STEPS_BETWEEN_LOOKS)
        return connection

    with _engine("sqlite://", creator=connect) as engine:
        return _selected(engine, source, where, limit)


def _postgres(source: Source, where: Mapping[str, Any], limit: int) -> list[dict[str, Any]]:
    url = sa.make_url(secrets.fill(source.url))
    if url.get_backend_name() != "postgresql":
        raise Failed("settings", "the url of a postgres source begins with postgresql://")
    options = f"-c default_transaction_read_only=on -c statement_timeout={int(MOST_SECONDS * 1000)}"
    arguments = {"connect_timeout": int(MOST_SECONDS), "options": options, "application_name": "pytake lookup"}
    with _engine(url.set(drivername="postgresql+psycopg"), connect_args=arguments) as engine:
        return _selected(engine, source, where, limit)


@contextmanager
def _engine(url: Any, **options: Any) -> Iterator[sa.Engine]:
    try:
        engine = sa.create_engine(url, poolclass=NullPool, hide_parameters=True, **options)
    except ImportError:
        raise Failed("settings", "PostgreSQL needs the extra: pip install 'pytake[postgres]'") from None
    try:
        yield engine
    finally:
        engine.dispose()


def _selected(engine: sa.Engine, source: Source, where: Mapping[str, Any], limit: int) -> list[dict[str, Any]]:
    schema, _, table = source.table.rpartition(".")
    if not table:
        raise Failed("settings", "a source of a database names its table")
    columns = {name: sa.column(name) for name in (*source.columns, *where)}
    query = sa.select(*(columns[name] for name in source.columns)).limit(limit)
    query = query.select_from(sa.table(table, *columns.values(), schema=schema or None))
    for name, value in where.items():
        values = value if isinstance(value, list) else [value]
        query = query.where(sa.or_(*(_equals(columns[name], each, engine.name) for each in values)))
    try:
        with engine.connect() as connection:
            found = [dict(row._mapping) for row in connection.execute(query)]
            connection.rollback()
            return found
    except DBAPIError as error:
        return _no_rows(error)
    except SQLAlchemyError as error:
        raise Failed("failed", type(error).__name__) from None


def _equals(column: Any, value: Any, dialect: str) -> Any:
    """A comparison with a bound value; PostgreSQL gets it as text without a type, and reads it as its column's."""
    if value is None:
        return column.is_(None)
    if dialect == "postgresql":
        value = str(value).lower() if isinstance(value, bool) else str(value)
    return column == sa.bindparam(None, value, type_=sa.types.NullType())


def _no_rows(error: DBAPIError) -> list[dict[str, Any]]:
    """None at all when a value can be no value of its column ("abc" where numbers are); else why there are none."""
    name, text = type(error.orig).__name__, str(error.orig)
    if name in (
        "InvalidTextRepresentation",
        "NumericValueOutOfRange",
        "InvalidDatetimeFormat",
        "DatetimeFieldOverflow",
    ):
        return []
    if name == "QueryCanceled" or "interrupted" in text or "locked" in text:
        raise _too_slow() from None
    if name in ("UndefinedTable", "UndefinedColumn", "InsufficientPrivilege") or "no such" in text:
        raise Failed("settings", f"the table or a column of the source cannot be read: {name}") from None
    raise Failed("network" if error.connection_invalidated or name == "OperationalError" else "failed", name) from None


def _too_slow() -> Failed:
    return Failed("timeout", f"the source took longer than {MOST_SECONDS:g} s")
