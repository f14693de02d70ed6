"""What Alembic runs a step in: the connection, and with it the transaction, are the caller's (`store/schema.py`)."""

from __future__ import annotations

from alembic import context
from sqlmodel import SQLModel

import pytake_cli.store  # noqa: F401 - makes every table known

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    render_as_batch=True,  # SQLite alters a table by making it anew
)
context.run_migrations()
