"""Column types that SQLite and PostgreSQL do not share: aware UTC times, JSON, big ids."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import orjson
from sqlalchemy import JSON, BigInteger, DateTime, Integer
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

# SQLite's rowid alias must be declared INTEGER; PostgreSQL wants BIGINT.
BigId = BigInteger().with_variant(Integer(), "sqlite")
# None is stored as SQL NULL, not as JSON null: "no value" has one spelling.
Json = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


def to_json(value: Any) -> str:
    """What engines serialise JSON columns with: five times as quick as the standard library's."""
    return orjson.dumps(value).decode()


def from_json(value: Any) -> Any:
    """Reads a JSON column back; SQLite hands a bare number over as a number (a JSON column has numeric affinity)."""
    return orjson.loads(value) if isinstance(value, str | bytes) else value


_WITHOUT_ZONE = len("2026-01-01 00:00:00.000000")


@lru_cache(maxsize=1024)  # the rows of a batch share most of their times
def _naive_utc_text(value: datetime | None) -> str | None:
    if value is None:
        return None
    if value.tzinfo is None:
        raise ValueError(f"naive datetime {value!r}: times are aware UTC")
    moment = value if value.tzinfo is UTC else value.astimezone(UTC)
    return moment.isoformat(" ", "microseconds")[:_WITHOUT_ZONE]


class UtcTime(TypeDecorator[datetime]):
    """Aware datetimes, in and out; SQLite keeps them as naive UTC text that sorts."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"naive datetime {value!r}: times are aware UTC")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def bind_processor(self, dialect: Dialect) -> Any:
        """What `process_bind_param` and SQLite's own type do to a value, in one step: hot batches bind many."""
        return _naive_utc_text if dialect.name == "sqlite" else super().bind_processor(dialect)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)

    def coerce_compared_value(self, op: Any, value: Any) -> Any:
        return self
