"""Folding inside the databases: as `flow.words.fold` compares words, so that SQL and Python mean the same people.

SQLite calls the Python function itself, PostgreSQL has a function written from it.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import Any

from sqlalchemy import Boolean, ColumnElement, Connection, String, literal
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from pytake_cli.flow import words
from pytake_cli.segment import patterns

NAME, MATCHES = "pytake_folded", "pytake_matches"


class folded(FunctionElement[str]):  # noqa: N801 - reads as the SQL function that it is
    """`folded(contact.c.name)`: without case, accents and double spaces; NULL stays NULL."""

    type = String()
    inherit_cache = True


class folded_in(FunctionElement[bool]):  # noqa: N801 - likewise
    """`folded_in(contact.c.stage, "lead", "mql")`: whether the folded value is one of these folded words."""

    type = Boolean()
    inherit_cache = True


class matching(FunctionElement[bool]):  # noqa: N801 - likewise
    """`matching(folded(contact.c.name), "^ana")`: whether a part of the folded value fits a pattern of segments."""

    type = Boolean()
    inherit_cache = True

    def __init__(self, value: ColumnElement[Any], pattern: str) -> None:
        super().__init__(value, literal(pattern), literal(patterns.postgresql(pattern)))


@compiles(matching, "sqlite")
def _matching_sqlite(element: matching, compiler: SQLCompiler, **more: Any) -> str:
    value, pattern, _theirs = element.clauses
    return f"{MATCHES}({compiler.process(pattern, **more)}, {compiler.process(value, **more)})"


@compiles(matching, "postgresql")
def _matching_postgresql(element: matching, compiler: SQLCompiler, **more: Any) -> str:
    """In the order "C" words have the edges that RE2 sees."""
    value, _pattern, theirs = element.clauses
    return f'(({compiler.process(value, **more)}) COLLATE "C" ~ {compiler.process(theirs, **more)})'


@compiles(folded, "sqlite")
@compiles(folded, "postgresql")
def _folded(element: folded, compiler: SQLCompiler, **more: Any) -> str:
    return f"{NAME}({compiler.process(element.clauses, **more)})"


@compiles(folded_in, "sqlite")
def _folded_in_sqlite(element: folded_in, compiler: SQLCompiler, **more: Any) -> str:
    """Most words are ASCII without spaces, where NOCASE is enough: six times as quick as asking Python.

    A CASE, because SQLAlchemy compares what is boolean with 1 here, and then SQLite works out both sides of an OR.
    """
    value, wanted, again = _parts(element, compiler, **more)
    asked = f"WHEN {value} GLOB '*[^!-~]*' THEN {NAME}({value}) IN ({again})"
    return f"CASE WHEN {value} COLLATE NOCASE IN ({wanted}) THEN 1 {asked} ELSE 0 END"


@compiles(folded_in, "postgresql")
def _folded_in_postgresql(element: folded_in, compiler: SQLCompiler, **more: Any) -> str:
    """Likewise: the function takes 1.5 µs, which is four times as long as all else that is asked of a contact."""
    value, wanted, again = _parts(element, compiler, **more)
    asked = f"WHEN {value} ~ '[^!-~]' THEN {NAME}({value}) IN ({again})"
    return f'CASE WHEN lower({value} COLLATE "C") IN ({wanted}) THEN true {asked} ELSE false END'


def _parts(element: folded_in, compiler: SQLCompiler, **more: Any) -> tuple[str, str, str]:
    value, *wanted = element.clauses
    listed = [", ".join(compiler.process(each, **more) for each in wanted) for _ in range(2)]
    return f"({compiler.process(value, **more)})", listed[0], listed[1]


def register(connection: Any) -> None:
    """Teaches a connection of SQLite's driver the functions."""
    connection.create_function(NAME, 1, _fold, deterministic=True)
    connection.create_function(MATCHES, 2, _matches, deterministic=True)


@lru_cache(maxsize=4096)
def _fold(value: Any) -> str | None:
    """Cached, because a million contacts live in a few cities."""
    return None if value is None else words.fold(str(value))


def _matches(pattern: str, value: Any) -> bool:
    return value is not None and patterns.matches(pattern, value)


def statement() -> str:
    """What makes PostgreSQL's function; migration 0003 keeps its text."""
    letters = {chr(code): _as_folded(chr(code)) for code in range(0x80, 0x110000) if not 0xD800 <= code <= 0xDFFF}
    changed = {letter: to for letter, to in letters.items() if to is not None and to != letter}
    single = {letter: to for letter, to in changed.items() if len(to) == 1}
    spelt = "translate(v, '{}', '{}')".format("".join(single), "".join(single.values()).replace("'", "''"))
    for letter, to in changed.items():
        if len(to) > 1:
            spelt = f"replace({spelt}, '{letter}', '{to}')"
    return TEXT.format(name=NAME, limit=words.MAX_FOLDED, marks=_MARKS, spelt=spelt, spaces=_SPACES)


def _as_folded(letter: str) -> str | None:
    """What becomes of a letter that decomposing leaves as it is; None of the others."""
    if unicodedata.normalize("NFKD", letter) != letter:
        return None
    return words.fold(f"x{letter}x")[1:-1] if not letter.isspace() else letter


def create(connection: Connection) -> None:
    """Makes the function; on SQLite every connection brings its own."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(statement())


_MARKS = "\\u0300-\\u036f\\u1ab0-\\u1aff\\u1dc0-\\u1dff\\u20d0-\\u20f0\\ufe00-\\ufe0f\\u200b-\\u200f\\u2060"
_SPACES = "\\u0009-\\u000d\\u001c-\\u0020\\u0085\\u1680\\u2028\\u2029"
# Nearly all text is ASCII at once or after decomposing: only the rest pays for the long `translate`.
TEXT = """\
CREATE OR REPLACE FUNCTION {name}(value text) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE v text := left(value, {limit});
BEGIN
  IF octet_length(v) <> length(v) THEN
    v := regexp_replace(normalize(v, NFKD), '[{marks}]+', '', 'g');
    IF octet_length(v) <> length(v) THEN
      v := {spelt};
    END IF;
  END IF;
  v := translate(v, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz');
  IF v ~ '[{spaces}]' THEN
    v := regexp_replace(regexp_replace(v, '^[{spaces}]+|[{spaces}]+$', '', 'g'), '[{spaces}]+', ' ', 'g');
  END IF;
  RETURN v;
END $$"""
