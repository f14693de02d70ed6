"""Full-text search over messages, notes and contacts: FTS5 on SQLite, tsvector and GIN on PostgreSQL; newest first.

Words must all occur, in any order; "words in quotes" are a phrase; `entreg*` finds beginnings. Accents and case do
not count. Nothing is ranked: sorting a common word by relevance took 1.8 s over a million messages, newest first 1 ms.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

# table -> the columns searched in it; all of them have `id` and `org_id`
SEARCHED: dict[str, tuple[str, ...]] = {
    "message": ("text",),
    "note": ("body",),
    "contact": ("name", "profile_name"),
}
MAX_TERMS = 12
_TERM = re.compile(r'"([^"]*)"|(\S+)')
_WORD = re.compile(r"\w", re.UNICODE)
# Thai, Lao, Burmese, Khmer, Japanese, Chinese: without spaces a sentence is one word of the index, and is read instead.
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")

_ACCENTED = "àáâãäåçèéêëìíîïñòóôõöùúûüýÿ"
_PLAIN = "aaaaaaceeeeiiiinooooouuuuyy"
# PostgreSQL's `unaccent` is an extension, and not immutable: this is enough for the languages that we speak, and it
# gives the same under every locale of the database. The default parser takes what is not ASCII for letters.
_POSTGRES_FOLD = f"""
CREATE OR REPLACE FUNCTION pytake_fold(value text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT regexp_replace(
     translate(lower(value), '{_ACCENTED}{_ACCENTED.upper()}', '{_PLAIN * 2}'), '[\x01-\x2f:-@\\[-`{{-\x7f]+', ' ', 'g'
   ) $$
"""


@dataclass(frozen=True, slots=True)
class Term:
    """A word, a phrase, or with `prefix` the beginning of a word."""

    words: str
    prefix: bool = False


def terms(query: str) -> list[Term]:
    """What a person typed, as terms: never an error, never an operator of the database's own language."""
    found: list[Term] = []
    for phrase, word in _TERM.findall(query):
        words = (phrase or word).strip('"')
        prefix = not phrase and words.endswith("*")
        if _WORD.search(words):
            found.append(Term(words.rstrip("*"), prefix))
    return found[:MAX_TERMS]


def ids(db: Session, table: str, query: str, *, org: int, limit: int, before: int | None = None) -> list[int]:
    """Ids of the newest rows of `table` that contain all of `query`; `before` continues below an id."""
    wanted = terms(query)
    if not wanted:
        return []
    if any(_UNSPACED.search(term.words) for term in wanted):
        return _ids_read(db, table, wanted, org, limit, before)
    ask = _ids_sqlite if db.get_bind().dialect.name == "sqlite" else _ids_postgres
    return ask(db, table, wanted, org, limit, before)


def _ids_read(db: Session, table: str, wanted: Sequence[Term], org: int, limit: int, before: int | None) -> list[int]:
    """Looks into the texts themselves, the newest first."""
    like = "LIKE" if db.get_bind().dialect.name == "sqlite" else "ILIKE"
    values: dict[str, Any] = {"org": org, "before": before or 2**62, "limit": limit}
    parts = []
    for index, term in enumerate(wanted):
        words = term.words.replace("\x00", " ")
        values[f"part{index}"] = "%" + re.sub("([!%_])", r"!\1", words) + "%"
        parts.append(" OR ".join(f"{column} {like} :part{index} ESCAPE '!'" for column in SEARCHED[table]))
    return _newest(db, table, f"({') AND ('.join(parts)})", values)


def _ids_sqlite(db: Session, table: str, wanted: Sequence[Term], org: int, limit: int, before: int | None) -> list[int]:
    columns = " ".join(SEARCHED[table])
    found = (f'{{{columns}}} : "{_quoted(term.words)}"{"*" if term.prefix else ""}' for term in wanted)
    match = " AND ".join((*found, f'owner : "org{org}"'))
    rows = db.connection().execute(
        text(
            f"SELECT rowid FROM {table}_search WHERE {table}_search MATCH :match AND rowid < :before"  # noqa: S608 - literals of SEARCHED
            " ORDER BY rowid DESC LIMIT :limit"
        ),
        {"match": match, "before": before or 2**62, "limit": limit},
    )
    return [row[0] for row in rows]


def _quoted(words: str) -> str:
    return words.replace('"', '""').replace("\x00", " ")


def _ids_postgres(
    db: Session, table: str, wanted: Sequence[Term], org: int, limit: int, before: int | None
) -> list[int]:
    values: dict[str, Any] = {"org": org, "before": before or 2**62, "limit": limit}
    parts = []
    for index, term in enumerate(wanted):
        values[f"term{index}"] = term.words.replace("\x00", " ")
        exact = f"phraseto_tsquery('simple', pytake_fold(:term{index}))"
        parts.append(f"to_tsquery('simple', {exact}::text || ':*')" if term.prefix else exact)
    return _newest(db, table, f"search @@ ({' && '.join(parts)})", values)


def _newest(db: Session, table: str, holds: str, values: dict[str, Any]) -> list[int]:
    """Ids of the rows of one organisation for which `holds` is true."""
    query = f"SELECT id FROM {table} WHERE {holds} AND org_id = :org AND id < :before ORDER BY id DESC LIMIT :limit"  # noqa: S608 - literals of SEARCHED
    return [row[0] for row in db.connection().execute(text(query), values)]


def create(connection: Connection) -> None:
    """Makes the indexes, and what keeps them in step with their tables; the first migration calls it."""
    make = _create_sqlite if connection.dialect.name == "sqlite" else _create_postgres
    make(connection)


def _create_sqlite(connection: Connection) -> None:
    """Contentless tables hold the index only, and need no old values to delete a row from it.

    The organisation is a word in a column of its own: otherwise a small organisation that looks for a word common in a
    big one reads the big one's rows to throw them away (43 ms instead of 0.3 in 300,000 messages).
    """
    for table, columns in SEARCHED.items():
        names = ", ".join(columns)
        fresh = ", ".join(f"new.{column}" for column in columns)
        some = " OR ".join(f"new.{column} <> ''" for column in columns)
        insert = f"INSERT INTO {table}_search (rowid, {names}, owner)"
        put = f"{insert} SELECT new.id, {fresh}, 'org' || new.org_id WHERE {some};"
        drop = f"DELETE FROM {table}_search WHERE rowid = old.id;"  # noqa: S608
        options = "content='', contentless_delete=1, tokenize='unicode61 remove_diacritics 2'"
        for statement in (
            f"CREATE VIRTUAL TABLE {table}_search USING fts5({names}, owner, {options})",
            f"CREATE TRIGGER {table}_search_insert AFTER INSERT ON {table} BEGIN {put} END",
            f"CREATE TRIGGER {table}_search_delete AFTER DELETE ON {table} BEGIN {drop} END",
            f"CREATE TRIGGER {table}_search_update AFTER UPDATE OF {names} ON {table} BEGIN {drop} {put} END",
        ):
            connection.exec_driver_sql(statement)


def forget_deleted(connection: Connection) -> None:
    """Takes the words of deleted rows out of SQLite's indexes, which keep them until they are merged into one."""
    there = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'").scalars().all()
    for name in (f"{table}_search" for table in SEARCHED):
        if name in there:
            connection.exec_driver_sql(f"INSERT INTO {name} ({name}) VALUES ('optimize')")  # noqa: S608 - SEARCHED


def _create_postgres(connection: Connection) -> None:
    connection.exec_driver_sql(_POSTGRES_FOLD)
    for table, columns in SEARCHED.items():
        source = " || ' ' || ".join(columns)
        connection.exec_driver_sql(
            f"ALTER TABLE {table} ADD COLUMN search tsvector GENERATED ALWAYS AS"
            f" (to_tsvector('simple', pytake_fold({source}))) STORED"
        )
        connection.exec_driver_sql(f"CREATE INDEX ix_{table}_search ON {table} USING gin (search)")


def drop(connection: Connection) -> None:
    """Takes the indexes away again."""
    for table in SEARCHED:
        if connection.dialect.name == "sqlite":
            for event in ("insert", "delete", "update"):
                connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {table}_search_{event}")
            connection.exec_driver_sql(f"DROP TABLE IF EXISTS {table}_search")
        else:
            connection.exec_driver_sql(f"ALTER TABLE {table} DROP COLUMN IF EXISTS search")
    if connection.dialect.name != "sqlite":
        connection.exec_driver_sql("DROP FUNCTION IF EXISTS pytake_fold(text)")
