"""What all tables share: the metadata with its naming rules, and what "belongs to an organisation" means."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any

from sqlalchemy import (
    BindParameter,
    Boolean,
    Column,
    Connection,
    ForeignKey,
    Insert,
    Integer,
    Table,
    Text,
    any_,
    bindparam,
    cast,
    column,
    false,
    func,
    literal_column,
    select,
    text,
    true,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.visitors import replacement_traverse
from sqlmodel import Field, Session, SQLModel
from sqlmodel._compat import SQLModelConfig

from pytake_cli.store.types import BigId, Json, UtcTime, to_json

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Row(SQLModel):
    """A table row."""

    model_config = SQLModelConfig(defer_build=True)  # rows are not validated, and every command would pay for it


class Owned(Row):
    """A row that belongs to an organisation by its `org_id`: see `database.scope`."""


def primary_key() -> Any:
    return Field(default=None, sa_column=Column(BigId, primary_key=True, autoincrement=True))


def reference(target: str, *, nullable: bool = False, index: bool = False, primary_key: bool = False) -> Any:
    column: Column[Any] = Column(BigId, ForeignKey(target), nullable=nullable, index=index, primary_key=primary_key)
    return Field(default=None, sa_column=column) if nullable else Field(sa_column=column)


def time(*, nullable: bool = False, index: bool = False) -> Any:
    column: Column[datetime] = Column(UtcTime, nullable=nullable, index=index)
    return Field(default=None, sa_column=column) if nullable else Field(sa_column=column)


def json(default: Callable[[], Any] | None = None) -> Any:
    """A JSON column; without `default` it may be NULL."""
    if default is None:
        return Field(default=None, sa_column=Column(Json, nullable=True))
    return Field(default_factory=default, sa_column=Column(Json, nullable=False))


def long_text(default: str = "") -> Any:
    return Field(default=default, sa_column=Column(Text, nullable=False))


def since(default: bool) -> Any:
    """A flag that came after the first release: rows from before have the default."""
    column: Column[bool] = Column(Boolean, nullable=False, server_default=true() if default else false())
    return Field(default=default, sa_column=column)


def counted_since(default: int) -> Any:
    """A number that came after the first release: rows from before have the default."""
    column: Column[int] = Column(Integer, nullable=False, server_default=str(default))
    return Field(default=default, sa_column=column)


COUNTED = {"preserve_rowcount": True}  # execution options of an INSERT: PostgreSQL's rowcount is -1 without them


class Batch:
    """A statement for many rows that all have the same keys, compiled once for each database.

    SQLAlchemy's own way works out anew for every row what is to be bound, which costs more than SQLite's work.
    An UPDATE names each row of its table once.
    """

    def __init__(self, statement: Callable[[Session], Any]) -> None:
        self._statement = statement
        self._compiled: dict[tuple[str, tuple[str, ...]], _Each | _AtOnce] = {}

    def run(self, db: Session, rows: Sequence[dict[str, Any]]) -> int:
        """Returns how many rows it made or changed."""
        if not rows:
            return 0
        dialect, keys = db.get_bind().dialect, tuple(rows[0])
        compiled = self._compiled.get((dialect.name, keys))
        if compiled is None:
            way = _AtOnce if dialect.name == "sqlite" else _Each
            compiled = self._compiled[dialect.name, keys] = way(self._statement(db), dialect, keys)
        return compiled.run(db.connection(), rows)


class _Each:
    """A statement a row, which PostgreSQL's driver sends all together."""

    def __init__(self, statement: Any, dialect: Dialect, keys: tuple[str, ...]) -> None:
        compiled = _compile(statement, dialect, keys)
        self._text = str(compiled)
        binders = compiled._bind_processors
        constants = {key: value for key, value in compiled.params.items() if key not in keys}
        self._constants = {key: binders[key](value) if key in binders else value for key, value in constants.items()}
        self._binders = [(key, bind) for key, bind in binders.items() if key in keys]

    def run(self, connection: Connection, rows: Sequence[dict[str, Any]]) -> int:
        return connection.exec_driver_sql(self._text, [self._bound(row) for row in rows]).rowcount

    def _bound(self, row: dict[str, Any]) -> dict[str, Any]:
        values = row | self._constants
        for key, bind in self._binders:
            values[key] = bind(values[key])
        return values


class _AtOnce:
    """One statement for all rows, out of one JSON text: SQLite works while other threads have Python.

    A statement a row gives Python's lock away and waits for it again each time, with the store's only writer in hand.
    """

    def __init__(self, statement: Any, dialect: Dialect, keys: tuple[str, ...]) -> None:
        binders = _compile(statement, dialect, keys)._bind_processors
        self._binders = [binders.get(key) for key in keys]
        self._in_order = itemgetter(*keys)
        each = func.jsonb_each(bindparam("rows", type_=Text)).table_valued("value")
        values: dict[str | None, Any] = {
            key: each.c.value.op("->>")(literal_column(str(place))) for place, key in enumerate(keys)
        }
        if isinstance(statement, Insert):
            chosen = select(*values.values()).where(each.c.value.is_not(None))  # see Bulk.insert
            self._statement = statement.from_select(list(keys), chosen, include_defaults=False)
        else:
            self._statement = replacement_traverse(statement, {}, lambda element, **_: values.get(_name(element)))

    def run(self, connection: Connection, rows: Sequence[dict[str, Any]]) -> int:
        bound = [
            [
                value if bind is None else bind(value)
                for value, bind in zip(self._in_order(row), self._binders, strict=True)
            ]
            for row in rows
        ]
        return connection.execute(self._statement, {"rows": to_json(bound)}).rowcount


def _name(part: Any) -> str | None:
    return part.key if isinstance(part, BindParameter) else None


def _compile(statement: Any, dialect: Dialect, keys: tuple[str, ...]) -> Any:
    compiled = statement.compile(dialect=dialect, column_keys=list(keys), for_executemany=True)
    made_here = (*compiled.insert_prefetch, *compiled.update_prefetch)
    assert not made_here, f"a row has to say {made_here}"
    return compiled


class Bulk:
    """Thousands of rows, lists of values in the order of `columns`, written by one statement out of one JSON text.

    A statement a row makes FTS5 flush its index for each where a trigger keeps one: 10 µs a contact instead of 3.
    """

    def __init__(self, table: Table, columns: Sequence[str], **same: Any) -> None:
        """`same` are the values that all rows share."""
        self._table = table
        self._columns = tuple(columns)
        self._same = same

    def insert(self, db: Session, rows: Sequence[Sequence[Any]], *, ignore: Sequence[str] = ()) -> None:
        """Writes new rows; those whose `ignore` columns are there already are left out."""
        if not rows:
            return
        values, each = self._values(db, rows)
        same = [bindparam(None, value, self._table.c[name].type) for name, value in self._same.items()]
        # "WHERE" tells SQLite's parser that ON CONFLICT is not a join's ON
        chosen = select(*values, *same).select_from(each).where(each.c.value.is_not(None))
        statement = insert(db, self._table).from_select([*self._columns, *self._same], chosen, include_defaults=False)
        db.connection().execute(statement.on_conflict_do_nothing(index_elements=ignore) if ignore else statement)

    def update(self, db: Session, rows: Sequence[Sequence[Any]]) -> None:
        """Changes the rows whose id is the first value."""
        if not rows:
            return
        [id_, *values], _ = self._values(db, rows)
        changed = dict(zip(self._columns[1:], values, strict=True)) | self._same
        db.connection().execute(update(self._table).where(self._table.c[self._columns[0]] == id_).values(changed))

    def _values(self, db: Session, rows: Sequence[Sequence[Any]]) -> tuple[list[Any], Any]:
        text = bindparam(None, to_json(rows), Text)
        if db.get_bind().dialect.name == "sqlite":
            each: Any = func.jsonb_each(text).table_valued("value")
            return [each.c.value.op("->>")(place) for place in range(len(self._columns))], each
        each = func.jsonb_array_elements(cast(text, postgresql.JSONB)).table_valued(column("value", postgresql.JSONB))
        types = [self._table.c[name].type for name in self._columns]
        return [cast(each.c.value.op("->>")(place), type_) for place, type_ in enumerate(types)], each


def among(db: Session, column: Any, values: Collection[Any]) -> Any:
    """`IN` with one parameter, however many values there are: drivers take long over thousands."""
    if db.get_bind().dialect.name == "sqlite":
        each = func.json_each(to_json(list(values))).table_valued("value")
        return column.in_(select(each.c.value))
    return column == any_(cast(list(values), postgresql.ARRAY(column.type)))


def insert(db: Session, table: Table) -> Any:
    """INSERT of the database at hand, which knows ON CONFLICT."""
    return (sqlite if db.get_bind().dialect.name == "sqlite" else postgresql).insert(table)


def one_at_a_time(db: Session, what: str) -> None:
    """Whoever else works at the same thing waits until the transaction ends; SQLite has one writer anyway."""
    if db.get_bind().dialect.name == "postgresql":
        db.connection().execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:what, 0))"), {"what": what})


def reserve_ids(db: Session, table: Table, count: int) -> Sequence[int]:
    """Ids for new rows: SQLite's only writer counts on from the last one, PostgreSQL's sequence gives them out."""
    if db.get_bind().dialect.name == "sqlite":
        last = db.connection().execute(select(func.coalesce(func.max(table.c.id), 0))).scalar_one()
        return range(last + 1, last + 1 + count)
    next_ = text("SELECT nextval(pg_get_serial_sequence(:name, 'id')) FROM generate_series(1, :count)")
    return db.connection().execute(next_, {"name": table.name, "count": count}).scalars().all()
