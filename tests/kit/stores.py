"""Stores for tests: `store` is a fresh, migrated one, on SQLite and on PostgreSQL; and what to put in it first."""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pytake_cli.store import Store, schema
from pytake_cli.store.numbers import Number
from pytake_cli.store.organisations import Organisation
from tests.kit import postgres

NOW = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)
# PYTAKE_TEST_DATABASES=sqlite leaves PostgreSQL out, for a quick look.
DATABASES = os.environ.get("PYTAKE_TEST_DATABASES", "sqlite,postgres").split(",")
_TEMPLATE = "pytake_template"
_serial = itertools.count(1)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.Server]:
    """One server per session (per worker under xdist), started by the first test that wants it."""
    server = postgres.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def postgres_template(postgres_server: postgres.Server) -> str:
    store = Store(postgres_server.create(_TEMPLATE))
    schema.migrate(store, None, NOW)
    store.close()
    return _TEMPLATE


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "pytake.db"
    store = Store(f"sqlite:///{path}")
    schema.migrate(store, None, NOW)
    store.close()
    return path


@pytest.fixture(params=DATABASES)
def database(request: pytest.FixtureRequest) -> str:
    """The kind of database; `@pytest.mark.parametrize("database", ["sqlite"], indirect=True)` picks one."""
    return str(request.param)


@pytest.fixture
def empty_url(database: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database with nothing in it."""
    if database == "sqlite":
        yield f"sqlite:///{tmp_path}/empty.db"
        return
    server: postgres.Server = request.getfixturevalue("postgres_server")
    name = f"pytake_{next(_serial)}"
    yield server.create(name)
    server.drop(name)


@pytest.fixture
def store_url(database: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a migrated store, a copy of the session's template: 2 ms on SQLite, 80 ms on PostgreSQL."""
    if database == "sqlite":
        path = tmp_path / "pytake.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        path.chmod(0o600)
        yield f"sqlite:///{path}"
        return
    server: postgres.Server = request.getfixturevalue("postgres_server")
    name = f"pytake_{next(_serial)}"
    yield server.create(name, request.getfixturevalue("postgres_template"))
    server.drop(name)


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """A migrated store without an organisation; runs the test once on each kind of database."""
    opened = Store(store_url)
    yield opened
    opened.close()


def make_org(store: Store, slug: str = "loja", *, country: str = "BR", now: datetime = NOW) -> int:
    with store.write() as db:
        org = Organisation(slug=slug, name=slug.title(), country=country, created_at=now)
        db.add(org)
        db.flush()
        assert org.id is not None
        return org.id


def make_number(store: Store, org_id: int, *, waba: str = "", display: str = "", now: datetime = NOW) -> int:
    """A business number; each has a WABA, and with it a scope of BSUIDs, of its own unless `waba` is given."""
    serial = next(_serial)
    with store.write() as db:
        number = Number(
            org_id=org_id,
            phone_number_id=str(2_000_000_000_000 + serial),
            waba_id=waba or str(1_000_000_000_000 + serial),
            portfolio_id=waba or str(1_000_000_000_000 + serial),
            display=display or f"+5511400{serial:05}",
            created_at=now,
        )
        db.add(number)
        db.flush()
        assert number.id is not None
        return number.id
