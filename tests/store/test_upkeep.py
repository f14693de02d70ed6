"""Looking after a store: what is wrong is found, free space is given back."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from pytake_cli.store import Store, schema, sqlite, upkeep
from tests.kit import people
from tests.kit.stores import make_number, make_org

ON_SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def filled(store: Store) -> Store:
    number = make_number(store, make_org(store))
    people.wrote(store, number, "oi")
    people.wrote(store, number, "olá")
    return store


def test_the_state_counts_what_is_there(filled: Store) -> None:
    state = upkeep.state(filled)
    assert state.version == state.needed == schema.STEPS[-1].version
    assert state.engine.startswith(("SQLite 3.", "PostgreSQL "))
    assert state.rows["message"] == 2
    assert state.rows["number"] == 1
    assert not any("search" in table for table in state.rows)
    assert state.size_bytes > 0
    assert state.daemon_pid is None
    assert state.instance


def test_the_state_of_an_empty_database_is_told_too(empty_url: str) -> None:
    store = Store(empty_url)
    state = upkeep.state(store)
    assert (state.version, state.rows, state.journal_waiting) == (None, {}, 0)
    assert upkeep.check(store) == []
    store.close()


def test_a_sound_store_has_no_problems(filled: Store) -> None:
    assert upkeep.check(filled) == []


@pytest.mark.parametrize(
    ("damage", "check"),
    [
        ("UPDATE message SET rank = 7", "status and rank"),
        ("UPDATE message SET status = 'sent', rank = 4", "direction and status"),
        ("UPDATE message SET claim = 'me'", "claims"),
        ("UPDATE message SET contact_id = (SELECT max(id) FROM contact)", "message and conversation"),
        (
            "UPDATE contact SET merged_into_id = (SELECT max(id) FROM contact) WHERE id = 1",
            "merged contacts and identity",
        ),
        ("UPDATE contact SET merged_into_id = id", "merge chains"),
    ],
)
def test_what_breaks_an_invariant_is_named(filled: Store, damage: str, check: str) -> None:
    with filled.write() as db:
        db.execute(text(damage))
    assert check in {problem.check for problem in upkeep.check(filled)}


@ON_SQLITE
def test_rows_that_refer_to_nothing_are_found(filled: Store) -> None:
    with filled.turn(), filled.writer.connect() as connection:
        raw = connection.connection.driver_connection
        assert raw is not None
        raw.execute("PRAGMA foreign_keys=off")
        raw.execute("DELETE FROM conversation")
        raw.execute("PRAGMA foreign_keys=on")
    assert "references" in {problem.check for problem in upkeep.check(filled)}


@ON_SQLITE
def test_a_damaged_file_is_found(filled: Store) -> None:
    path = sqlite.file_of(filled.url)
    filled.close()
    damage(path)
    assert "integrity" in {problem.check for problem in upkeep.check(filled)}


def damage(path: Path) -> None:
    content = bytearray(path.read_bytes())
    for page in range(2, len(content) // 4096):
        content[page * 4096 : page * 4096 + 12] = b"\xff" * 12
    path.write_bytes(content)


def test_vacuum_gives_space_back_while_somebody_reads(filled: Store) -> None:
    with filled.write() as db:
        for _ in range(50):
            db.execute(
                text("INSERT INTO fact (key, value) VALUES (:key, :value)"), {"key": f"k{_}", "value": "x" * 50_000}
            )
    with filled.write() as db:
        db.execute(text("DELETE FROM fact WHERE key LIKE 'k%'"))
    before, after = upkeep.vacuum(filled)
    if filled.is_sqlite:
        assert after < before / 2
    assert upkeep.check(filled) == []
