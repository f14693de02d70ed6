"""Migrations: from nothing to today's tables, equal to the classes, and a kill leaves no half."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlmodel import SQLModel

from pytake_cli.errors import ConfigError
from pytake_cli.store import Store, facts, schema, search
from tests.kit.stores import NOW, make_org

REGENERATE = "tables changed: run `python -m tests.kit.regenerate_migration`"
ONLY_SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def parts(table: str) -> list[str]:
    """The columns and constraints of a CREATE TABLE: what stands between commas that are in no inner parentheses."""
    body = table[table.index("(") + 1 : table.rindex(")")]
    found, depth = [""], 0
    for sign in body:
        depth += (sign == "(") - (sign == ")")
        if sign == "," and depth == 0:
            found.append("")
        else:
            found[-1] += sign
    return found


def description(store: Store) -> set[str]:
    """Every table, column, index and constraint in the database's own words, without their order."""
    with store.reader.connect() as connection:
        if store.is_sqlite:
            rows = connection.execute(text("SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL")).all()
            return {
                f"{row.type} {row.name} {' '.join(line.split())}"
                for row in rows
                if row.name != "alembic_version"
                for line in (parts(row.sql) if row.type == "table" and "VIRTUAL" not in row.sql else [row.sql])
            }
        queries = (
            """SELECT concat_ws(' ', table_name, column_name, data_type, is_nullable, column_default)
               FROM information_schema.columns WHERE table_schema = 'public'""",
            "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'",
            "SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint",
        )
        found = {line for query in queries for line in connection.execute(text(query)).scalars()}
        return {line for line in found if "alembic_version" not in line}


def test_the_migrated_schema_is_that_of_the_table_classes(store: Store, empty_url: str) -> None:
    created = Store(empty_url)
    with created.writer.begin() as connection:
        SQLModel.metadata.create_all(connection)
        search.create(connection)
    assert description(created) == description(store), REGENERATE
    created.close()


def test_the_list_of_steps_names_every_migration_file() -> None:
    config = Config()
    config.set_main_option("script_location", str(schema.MIGRATIONS))
    revisions = list(ScriptDirectory.from_config(config).walk_revisions())
    assert [revision.revision for revision in reversed(revisions)] == [step.version for step in schema.STEPS]


def test_a_new_store_asks_for_migration_and_is_then_current(empty_url: str) -> None:
    store = Store(empty_url)
    assert schema.version(store) is None
    with pytest.raises(ConfigError) as raised:
        schema.check_current(store)
    assert (raised.value.slug, raised.value.exit_code, raised.value.fix) == ("PT-SCHEMA-NONE", 78, "pytake db migrate")

    done = schema.migrate(store, None, NOW)

    assert (done.before, done.after, done.backup) == (None, schema.STEPS[-1].version, None)
    assert schema.pending(store) == []
    schema.check_current(store)
    store.close()


def test_migrating_twice_does_nothing_the_second_time(store: Store, tmp_path: Path) -> None:
    before = description(store)
    done = schema.migrate(store, tmp_path / "backups", NOW)
    assert (done.steps, done.backup) == ((), None)
    assert description(store) == before


def test_a_store_gets_its_instance_name_once(store: Store) -> None:
    with store.read() as db:
        name = facts.get(db, "instance")
    assert name is not None
    assert len(name) == 8
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyz234567")
    schema.migrate(store, None, NOW)
    with store.read() as db:
        assert facts.get(db, "instance") == name


def test_a_store_of_a_newer_program_is_refused(store: Store) -> None:
    with store.write() as db:
        db.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for function in (schema.check_current, schema.pending, lambda store: schema.migrate(store, None, NOW)):
        with pytest.raises(ConfigError) as raised:
            function(store)
        assert raised.value.slug == "PT-SCHEMA-NEWER"
        assert "9999" in str(raised.value)


def test_two_processes_that_migrate_at_once_make_one_schema(empty_url: str) -> None:
    stores = [Store(empty_url) for _ in range(3)]
    failures: list[BaseException] = []

    def run(store: Store) -> None:
        try:
            schema.migrate(store, None, NOW)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(store,)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    schema.check_current(stores[0])
    make_org(stores[0])
    for store in stores:
        store.close()


@ONLY_SQLITE
def test_foreign_keys_are_on_again_after_a_migration(empty_url: str) -> None:
    store = Store(empty_url)
    schema.migrate(store, None, NOW)
    with store.write() as db:
        assert db.execute(text("PRAGMA foreign_keys")).scalar() == 1
    store.close()


def test_a_kill_at_any_statement_leaves_no_table_and_the_next_run_completes(tmp_path: Path) -> None:
    """Kills at each statement of the first migration in a process of its own; see the module that runs it."""
    run = subprocess.run(
        [sys.executable, "-m", "tests.kit.kill_migration", str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert int(run.stdout.split()[0]) > 30, run.stdout
