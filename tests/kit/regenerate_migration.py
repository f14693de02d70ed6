"""Writes the first migrations anew from the tables: `python -m tests.kit.regenerate_migration` (until 0.1 is out)."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, cast

from alembic.autogenerate import produce_migrations, render_python_code
from alembic.autogenerate.api import AutogenContext
from alembic.migration import MigrationContext
from sqlalchemy import JSON, BigInteger, Connection, create_engine
from sqlalchemy.engine.default import DefaultDialect
from sqlmodel import AutoString, SQLModel

from pytake_cli.store import search
from pytake_cli.store.schema import MIGRATIONS
from pytake_cli.store.types import UtcTime

FROZEN: dict[type, str] = {BigInteger: "ID", JSON: "JSON", UtcTime: "TIME", AutoString: "sa.String()"}
TABLES = '''"""The first tables, written by tests/kit/regenerate_migration.py from the classes; no way leads down."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    {body}
'''
SEARCH = '''"""Search, written by tests/kit/regenerate_migration.py from store/search.py; no way leads down."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"

STATEMENTS = {{
    {body}
}}


def upgrade() -> None:
    connection = op.get_bind()
    for statement in STATEMENTS[connection.dialect.name]:
        connection.exec_driver_sql(statement)
'''
BREAKS = ("BEGIN", "SELECT new", "INSERT INTO", "USING", "AFTER", "GENERATED", "(to_tsvector", "'aaaaaa")


def sources() -> dict[Path, str]:
    """The migrations' text: frozen types and statements, no import of ours, every constraint by name."""
    texts = {
        "0001_first_tables.py": TABLES.format(body=_tables()),
        "0002_search.py": SEARCH.format(body="\n    ".join((_search("sqlite"), _search("postgresql")))),
    }
    return {MIGRATIONS / "versions" / name: _formatted(name, text) for name, text in texts.items()}


def _tables() -> str:
    with create_engine("sqlite://").connect() as connection:
        context = MigrationContext.configure(connection, opts={"render_item": _frozen_type})
        script = produce_migrations(context, SQLModel.metadata)
    assert script.upgrade_ops is not None
    lines = render_python_code(script.upgrade_ops, render_item=_frozen_type).splitlines()
    return "\n".join(line for line in lines if not line.strip().startswith("# ###")).strip()


def _frozen_type(kind: str, item: Any, context: AutogenContext) -> str | Literal[False]:
    """Our own types by what they are in SQL, so that a change of ours never changes an old migration."""
    if kind != "type":
        return False
    return next((name for known, name in FROZEN.items() if isinstance(item, known)), False)


@dataclass
class Recorder:
    """Stands in for a connection and keeps what it is told to execute."""

    dialect: DefaultDialect
    statements: list[str] = field(default_factory=list)

    def exec_driver_sql(self, statement: str) -> None:
        self.statements.append(statement.strip())


def _search(dialect: str) -> str:
    """What `search.create` executes on a database, as an entry of a dictionary."""
    recorder = Recorder(DefaultDialect())
    recorder.dialect.name = dialect
    search.create(cast(Connection, recorder))
    return f'"{dialect}": ({", ".join(_literal(statement) for statement in recorder.statements)},),'


def _literal(statement: str) -> str:
    """A triple-quoted literal, broken before some words; what cannot be shown is escaped."""
    escaped = statement.replace("\\", "\\\\")
    shown = "".join(sign if sign.isprintable() or sign == "\n" else f"\\x{ord(sign):02x}" for sign in escaped)
    for word in BREAKS:
        shown = shown.replace(f" {word}", f"\n{word}")
    return f'"""{shown}"""'


def _formatted(name: str, text: str) -> str:
    ruff = [sys.executable, "-m", "ruff", "format", "--stdin-filename", str(MIGRATIONS / name), "-"]
    return subprocess.run(ruff, input=text, capture_output=True, text=True, check=True).stdout


if __name__ == "__main__":
    for path, text in sources().items():
        path.write_text(text)
        print(path)
