"""PostgreSQL 15 or newer by psycopg 3, for those who outgrow one machine."""

from __future__ import annotations

from sqlalchemy import Engine, create_engine
from sqlalchemy.engine import URL

from pytake_cli.errors import ConfigError
from pytake_cli.store.types import from_json, to_json


def writing_engine(url: URL) -> Engine:
    return _engine(url, pool_size=10)


def reading_engine(url: URL) -> Engine:
    return _engine(url, pool_size=5).execution_options(postgresql_readonly=True)


def _engine(url: URL, *, pool_size: int) -> Engine:
    try:
        import psycopg  # noqa: F401
    except ImportError as error:
        raise ConfigError(
            "PT-POSTGRES-DRIVER",
            "the store is on PostgreSQL but its driver is not installed",
            fix='pip install "pytake[postgres]"',
        ) from error
    return create_engine(
        url.set(drivername="postgresql+psycopg"),
        json_serializer=to_json,
        json_deserializer=from_json,
        hide_parameters=True,
        pool_size=pool_size,
        max_overflow=5,
        pool_pre_ping=True,
        execution_options={"preserve_rowcount": True},  # without it an INSERT on this driver tells -1
        # Without jit: compiling the long question of who gets a campaign took longer than a chunk's answer.
        connect_args={"connect_timeout": 5, "options": "-c timezone=UTC -c lock_timeout=5s -c jit=off"},
    )
