"""PostgreSQL's rows as a zip of JSON lines: one consistent snapshot, no tools of the server needed.

manifest.json         {"format": 1, "version": "0002", "rows": {"contact": 812}, "digests": {"contact": "9f…"}}
tables/contact.jsonl  {"id":7,"name":"Ana","created_at":"2026-11-22T15:00:00+00:00", …}, a row a line

The server itself turns rows into JSON and back, so that no type needs a rule of ours.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO

from sqlalchemy import Connection, inspect, text

from pytake_cli.errors import InvalidData
from pytake_cli.store import facts
from pytake_cli.store.database import Store

FORMAT = 1
ROWS_AT_ONCE = 1000
NOT_OURS = "procrastinate_"  # tables of an engine that lives in the same database
Summary = tuple[str | None, dict[str, int], dict[str, str]]

# Generated columns come back by themselves.
_COLUMNS = text(
    "SELECT column_name FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = :table"
    " AND is_generated = 'NEVER' ORDER BY ordinal_position"
)


@dataclass(slots=True)
class Tally:
    """Rows and a digest that does not depend on their order: a sum of each line's own."""

    rows: int = 0
    sum: int = 0

    def add(self, line: bytes) -> None:
        self.rows += 1
        self.sum = (self.sum + int.from_bytes(hashlib.blake2b(line, digest_size=16).digest())) % (1 << 128)

    def digest(self) -> str:
        return f"{self.sum:032x}"


def write(store: Store, target: Path) -> Summary:
    """All rows of all tables as one moment saw them."""
    with (
        store.reader.connect() as connection,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as file,
    ):
        connection.execution_options(isolation_level="REPEATABLE READ")
        version = facts.schema_version(connection)
        tallies: dict[str, Tally] = {}
        for table in tables(connection):
            with file.open(f"tables/{table}.jsonl", "w", force_zip64=True) as member:
                tallies[table] = _write_table(connection, table, member)
        rows = {table: tally.rows for table, tally in tallies.items()}
        digests = {table: tally.digest() for table, tally in tallies.items()}
        file.writestr(
            "manifest.json", json.dumps({"format": FORMAT, "version": version, "rows": rows, "digests": digests})
        )
    return version, rows, digests


def tables(connection: Connection) -> list[str]:
    """Our tables, in an order in which their rows can be inserted."""
    ordered = inspect(connection).get_sorted_table_and_fkc_names()
    return [name for name, _ in ordered if name is not None and not name.startswith(NOT_OURS)]


def lines_of(connection: Connection, table: str) -> Iterator[bytes]:
    """Every row of a table as a line of JSON, by its primary key."""
    keys = inspect(connection).get_pk_constraint(table)["constrained_columns"]
    order = f"ORDER BY {_names(keys)}" if keys else ""
    inner = f'SELECT {_names(_columns(connection, table))} FROM "{table}" {order}'  # noqa: S608 - names of the database's
    query = text(f"SELECT row_to_json(r)::text FROM ({inner}) AS r")  # noqa: S608
    streamed = connection.execute(query, execution_options={"yield_per": ROWS_AT_ONCE})
    for chunk in streamed.scalars().partitions():
        for line in chunk:
            yield line.encode() + b"\n"


def verify(path: Path) -> Summary:
    """Reads a dump to its last line and compares with its manifest."""
    try:
        with zipfile.ZipFile(path) as file:
            manifest = json.loads(file.read("manifest.json"))
            if manifest["format"] != FORMAT:
                raise ValueError(f"format {manifest['format']}")
            for table, digest in manifest["digests"].items():
                tally = Tally()
                with file.open(f"tables/{table}.jsonl") as member:
                    for line in member:
                        tally.add(line)
                if (tally.rows, tally.digest()) != (manifest["rows"][table], digest):
                    raise ValueError(f"rows of {table} differ from the manifest")
    except (zipfile.BadZipFile, KeyError, ValueError, EOFError, OSError, zlib.error) as error:
        raise InvalidData(
            "PT-BACKUP-DAMAGED",
            "{file} is damaged or no backup of PyTake: {reason}",
            fix="pytake db backup",
            file=path,
            reason=error,
        ) from error
    return manifest["version"], manifest["rows"], manifest["digests"]


def load(connection: Connection, path: Path) -> None:
    """Puts a verified dump into tables of the same version, in place of all rows that are in them."""
    names = [table for table in tables(connection) if table != "alembic_version"]
    connection.execute(text(f"TRUNCATE {_names(names)}"))
    with zipfile.ZipFile(path) as file:
        digests = json.loads(file.read("manifest.json"))["digests"]
        for table in names:
            with file.open(f"tables/{table}.jsonl") as member:
                _load_table(connection, table, member)
            tally = Tally()
            for line in lines_of(connection, table):
                tally.add(line)
            if tally.digest() != digests[table]:
                raise AssertionError(f"the rows of {table} came back otherwise than they are in {path}")


def _write_table(connection: Connection, table: str, member: IO[bytes]) -> Tally:
    tally = Tally()
    for line in lines_of(connection, table):
        tally.add(line)
        member.write(line)
    return tally


def _load_table(connection: Connection, table: str, lines: Iterable[bytes]) -> None:
    names = _names(_columns(connection, table))
    insert = text(
        f'INSERT INTO "{table}" ({names}) SELECT {names} FROM json_populate_recordset(NULL::"{table}", :rows)'  # noqa: S608
    )
    left = iter(lines)
    while chunk := list(islice(left, ROWS_AT_ONCE)):
        connection.execute(insert, {"rows": f"[{b','.join(chunk).decode()}]"})
    for column in _columns(connection, table):
        sequence = connection.execute(
            text("SELECT pg_get_serial_sequence(:table, :column)"), {"table": f'"{table}"', "column": column}
        ).scalar()
        if sequence:
            newest = f'(SELECT max("{column}") FROM "{table}")'  # noqa: S608
            connection.execute(text(f"SELECT setval(:sequence, {newest})"), {"sequence": sequence})


def _columns(connection: Connection, table: str) -> list[str]:
    return list(connection.execute(_COLUMNS, {"table": table}).scalars())


def _names(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)
