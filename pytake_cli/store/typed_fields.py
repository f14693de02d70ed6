"""What `contact.fields` holds under a name, as its declared type: the same words in queries and in indexes."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Double, String
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine

TEXT, NUMBER, FLAG = "text", "number", "flag"  # how the JSON has it: dates and choices are texts


class typed_field(ColumnElement[Any]):  # noqa: N801 - reads as the SQL that it is
    """`typed_field("plano", TEXT)`: the value, or NULL where there is none or one of another type.

    The name stands in the SQL itself, so that an index of the same words fits: it must be a field's name, a-z0-9_.
    """

    inherit_cache = False

    def __init__(self, name: str, kind: str) -> None:
        assert name.replace("_", "a").isalnum() and name.isascii(), name  # noqa: PT018 - one condition
        self.name, self.kind = name, kind
        self.type: TypeEngine[Any] = Double() if kind == NUMBER else String()


@compiles(typed_field, "sqlite")
def _sqlite(element: typed_field, compiler: SQLCompiler, **more: Any) -> str:
    return sqlite_text(element.name, element.kind, "contact.fields")


@compiles(typed_field, "postgresql")
def _postgresql(element: typed_field, compiler: SQLCompiler, **more: Any) -> str:
    return postgresql_text(element.name, element.kind, "contact.fields")


def sqlite_text(name: str, kind: str, column: str) -> str:
    of_type, value = f"json_type({column}, '$.{name}')", f"json_extract({column}, '$.{name}')"
    match kind:
        case "number":
            return f"CASE WHEN {of_type} IN ('integer', 'real') THEN CAST({value} AS REAL) END"
        case "flag":
            return f"CASE WHEN {of_type} IN ('true', 'false') THEN {of_type} END"
        case _:
            return f"CASE {of_type} WHEN 'text' THEN {value} END"


def postgresql_text(name: str, kind: str, column: str) -> str:
    of_type, value = f"jsonb_typeof({column} -> '{name}')", f"({column} ->> '{name}')"
    match kind:
        case "number":
            return f"CASE {of_type} WHEN 'number' THEN {value}::float8 END"
        case "flag":
            return f"CASE {of_type} WHEN 'boolean' THEN {value} END"
        case _:
            return f"CASE {of_type} WHEN 'string' THEN {value} COLLATE \"C\" END"


class sent_place(ColumnElement[Any]):  # noqa: N801 - reads as the SQL that it is
    """`sent_place("latitude")`: what a location message in `message` says, or NULL where that is no number."""

    inherit_cache = False

    def __init__(self, name: str) -> None:
        assert name in ("latitude", "longitude"), name
        self.name = name
        self.type: TypeEngine[Any] = Double()


@compiles(sent_place, "sqlite")
def _sqlite_place(element: sent_place, compiler: SQLCompiler, **more: Any) -> str:
    return f"({sqlite_text(f'location.{element.name}', NUMBER, 'message.body')})"


@compiles(sent_place, "postgresql")
def _postgresql_place(element: sent_place, compiler: SQLCompiler, **more: Any) -> str:
    location = "message.body -> 'location'"
    return f"({postgresql_text(element.name, NUMBER, location)})"
