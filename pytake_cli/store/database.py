"""Opens the store; hands out reading and writing transactions, scoped to one organisation where asked."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import ORMExecuteState, with_loader_criteria
from sqlmodel import Session

from pytake_cli.errors import ConfigError, PytakeError, StoreUnavailable
from pytake_cli.store import postgres, sqlite
from pytake_cli.store.rows import Owned
from pytake_cli.store.work import Waker

LOCK_TIMEOUT_SECONDS = 30.0  # a thread of ours that waits longer for the writer's turn gives up


class Store:
    """A database and its two ways in: `write()` commits at the end or not at all, `read()` sees one moment.

    Synchronous, and refuses to run on an event loop: async code calls it through a thread.
    """

    def __init__(self, url: str, *, waker: Waker | None = None, make: bool = True) -> None:
        """Opens it; a SQLite file that is not there is made, or refused if not `make`."""
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        if self.is_sqlite and not make:
            sqlite.require_file(self.url)
        self.waker = waker
        dialect = sqlite if self.is_sqlite else postgres
        self.writer = dialect.writing_engine(self.url)
        self.reader = dialect.reading_engine(self.url)
        self._turn = sqlite.write_lock() if self.is_sqlite else None

    def close(self) -> None:
        self.reader.dispose()
        self.writer.dispose()

    @contextmanager
    def write(self, org: int | None = None) -> Iterator[Session]:
        """One transaction that takes the write lock at once. Pokes made in it fire after the commit."""
        with self.turn(), translated(self), Session(self.writer, expire_on_commit=False) as db:
            scope(db, org)
            yield db
            db.flush()  # rows that wake somebody do so when they are written
            pokes = list(db.info.get("pokes", ()))
            if pokes and self.waker:
                self.waker.in_transaction(db, pokes)
            db.commit()
        if pokes and self.waker:
            self.waker.after_commit(pokes)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """The turn of this process's only writer on SQLite; nothing to wait for on PostgreSQL."""
        refuse_event_loop()
        if self._turn is None:
            yield
            return
        if not self._turn.acquire(timeout=LOCK_TIMEOUT_SECONDS):
            raise StoreUnavailable(
                "PT-STORE-BUSY",
                "the store did not get free within {seconds:g} s",
                fix="the same command again",
                seconds=LOCK_TIMEOUT_SECONDS,
            )
        try:
            yield
        finally:
            self._turn.release()

    @contextmanager
    def read(self, org: int | None = None) -> Iterator[Session]:
        """One snapshot; whatever is changed in it is thrown away."""
        refuse_event_loop()
        with translated(self), Session(self.reader, expire_on_commit=False, autoflush=False) as db:
            scope(db, org)
            yield db


def refuse_event_loop() -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise AssertionError("the store is synchronous: call it through asyncio.to_thread")


def scope(db: Session, org: int | None) -> None:
    """Limits every ORM statement of the session to rows of `org`; None is for the daemon, which serves all."""
    db.info["org"] = org


@event.listens_for(Session, "do_orm_execute")
def _only_own_rows(state: ORMExecuteState) -> None:
    org = state.session.info.get("org")
    if org is not None and not state.is_column_load and not state.is_relationship_load:
        state.statement = state.statement.options(*_only_rows_of(org))


@lru_cache(maxsize=64)
def _only_rows_of(org: int) -> tuple[Any, ...]:
    return tuple(with_loader_criteria(table, table.org_id == org, include_aliases=True) for table in owned_tables())


def owned_tables() -> list[Any]:
    """Every table class whose rows belong to an organisation."""
    return list(Owned.__subclasses__())


@event.listens_for(Session, "before_flush")
def _write_only_own_rows(db: Session, *_: Any) -> None:
    org = db.info.get("org")
    if org is None:
        return
    for row in (*db.new, *db.dirty, *db.deleted):
        if getattr(row, "org_id", org) != org:
            raise AssertionError(f"{type(row).__name__} of another organisation written from organisation {org}")


@contextmanager
def translated(store: Store) -> Iterator[None]:
    """Turns the driver's "cannot now" into `StoreUnavailable`; programming errors keep their traceback."""
    try:
        yield
    except PytakeError:
        raise
    except Exception as error:
        if is_outage(error):
            raise unavailable(store, error) from error
        if is_damage(error):
            raise damaged(store, error) from error
        raise


SQLITE_ERROR = 1  # "SQL error or missing database": a mistake of ours, not an outage


def is_outage(error: BaseException) -> bool:
    """True for the driver's word that the database cannot work just now: locked, full, read-only, gone."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    operational = any(kind.__name__ == "OperationalError" for kind in type(cause).__mro__)
    return operational and getattr(cause, "sqlite_errorcode", None) != SQLITE_ERROR


def is_damage(error: BaseException) -> bool:
    """True when SQLite finds that the file is not what it wrote."""
    words = str(error.orig if isinstance(error, DBAPIError) else error)
    return "malformed" in words or "file is not a database" in words


def damaged(store: Store, error: BaseException) -> ConfigError:
    return ConfigError(
        "PT-STORE-DAMAGED",
        "the store is damaged: {reason}",
        why="{where} does not hold what was written to it",
        fix="pytake db check, then pytake db restore FILE --confirm",
        reason=str(error.orig if isinstance(error, DBAPIError) else error),
        where=store.url.render_as_string(hide_password=True),
    )


def unavailable(store: Store, error: BaseException) -> StoreUnavailable:
    cause = error.orig if isinstance(error, DBAPIError) else error
    lines = str(cause).strip().splitlines()
    return StoreUnavailable(
        "PT-STORE",
        "the store cannot be used just now: {reason}",
        why="{where} is locked, full, read-only or not reachable",
        fix="pytake doctor --only store",
        reason=lines[0] if lines else type(cause).__name__,
        where=store.url.render_as_string(hide_password=True),
    )
