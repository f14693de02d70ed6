"""Writes the newest migration anew from the tables, until it is out: `python -m tests.kit.regenerate_migration`."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Literal

from alembic.autogenerate import produce_migrations, render_python_code
from alembic.autogenerate.api import AutogenContext
from alembic.migration import MigrationContext
from sqlalchemy import JSON, BigInteger
from sqlmodel import AutoString, SQLModel

from pytake_cli.store import Store, schema
from pytake_cli.store.types import UtcTime

FROZEN: dict[type, str] = {BigInteger: "ID", JSON: "JSON", UtcTime: "TIME", AutoString: "sa.String()"}
FILE = schema.MIGRATIONS / "versions" / "0005_approvals.py"
TEXT = '''"""Approvals and erasures: what stands between the release before and today's tables; no way leads down.

Written by tests/kit/regenerate_migration.py from the classes.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "{version}"
down_revision = "{before}"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    {body}
'''


def source() -> str:
    """The migration's text: frozen types, no import of ours, every constraint by name."""
    *released, newest = schema.STEPS
    with tempfile.TemporaryDirectory() as folder:
        store = Store(f"sqlite:///{folder}/before.db", make=True)
        for step in released:
            with schema.transaction(store) as connection:
                schema.take(connection, step)
        body = _difference(store)
        store.close()
    text = TEXT.format(version=newest.version, before=released[-1].version, body=body)
    return _formatted(text)


def _difference(store: Store) -> str:
    """What has to be done to the store before to have today's tables; columns come to old tables one by one."""
    options = {"render_item": _frozen_type, "include_name": _is_ours, "compare_type": False}
    with store.reader.connect() as connection:
        context = MigrationContext.configure(connection, opts=options)
        script = produce_migrations(context, SQLModel.metadata)
    assert script.upgrade_ops is not None
    lines = render_python_code(script.upgrade_ops, render_item=_frozen_type).splitlines()
    body = "\n".join(line for line in lines if not line.strip().startswith("# ###")).strip()
    return body.replace("server_default=sa.text('0')", "server_default=sa.false()")  # SQLite's spelling of it


def _is_ours(name: str | None, kind: str, parents: Any) -> bool:
    """False for the tables that a search index is made of."""
    return kind != "table" or name in SQLModel.metadata.tables


def _frozen_type(kind: str, item: Any, context: AutogenContext) -> str | Literal[False]:
    """Our own types by what they are in SQL, so that a change of ours never changes an old migration."""
    if kind != "type":
        return False
    return next((name for known, name in FROZEN.items() if isinstance(item, known)), False)


def _formatted(text: str) -> str:
    ruff = [sys.executable, "-m", "ruff", "format", "--stdin-filename", str(Path(FILE)), "-"]
    return subprocess.run(ruff, input=text, capture_output=True, text=True, check=True).stdout


if __name__ == "__main__":
    FILE.write_text(source())
    print(FILE)
