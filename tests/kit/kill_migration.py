"""Kills a migration at each of its statements: `python -m tests.kit.kill_migration FOLDER`; prints how many kills."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event, inspect

from pytake_cli.store import Store, schema
from tests.kit.stores import NOW


def migrate_and_die(path: Path, at: int) -> None:
    """In a child: kill -9 before the statement number `at`, or an ordinary end when there are fewer."""
    passed = 0

    @event.listens_for(Engine, "before_cursor_execute")
    def count(*_: Any) -> None:
        nonlocal passed
        passed += 1
        if passed == at:
            os.kill(os.getpid(), signal.SIGKILL)

    store = Store(f"sqlite:///{path}")
    schema.migrate(store, None, NOW)
    store.close()
    os._exit(0)


def check(path: Path) -> None:
    """Whole or nothing; and the next run makes it whole."""
    store = Store(f"sqlite:///{path}")
    tables = inspect(store.reader).get_table_names()
    found = schema.version(store)
    assert (found is None) == (not tables), f"between the versions: {found}, {tables}"
    schema.migrate(store, None, NOW)
    schema.check_current(store)
    store.close()


def run(folder: Path) -> int:
    for at in range(1, 10_000):
        path = folder / f"{at}.db"
        child = os.fork()
        if child == 0:
            migrate_and_die(path, at)
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            assert os.WEXITSTATUS(status) == 0
            check(path)
            return at - 1
        check(path)
        path.unlink()
    raise AssertionError("a migration of ten thousand statements")


if __name__ == "__main__":
    print(run(Path(sys.argv[1])), "kills")
