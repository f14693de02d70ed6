"""Kills backups, vacuums and restores at random moments: `python -m tests.kit.kill_upkeep FOLDER [KILLS]`."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import text

from pytake_cli.store import Store, backup, schema, upkeep
from pytake_cli.store.restore import restore
from tests.kit.stores import NOW, make_org

ROWS = 3000


def fill(path: Path) -> Store:
    """A store of some megabytes, so that there is a middle to be killed in."""
    store = Store(f"sqlite:///{path}")
    schema.migrate(store, None, NOW)
    make_org(store)
    with store.write() as db:
        rows = [{"key": f"key{index}", "value": "x" * 1000} for index in range(ROWS)]
        db.execute(text("INSERT INTO fact (key, value) VALUES (:key, :value)"), rows)
    return store


def facts_in(store: Store) -> int:
    with store.read() as db:
        return int(db.execute(text("SELECT count(*) FROM fact WHERE key LIKE 'key%'")).scalar_one())


def killed(work: Callable[[], object], seconds: float) -> bool:
    """Runs `work` in a child that is killed after so long; False when it was through before."""
    child = os.fork()
    if child == 0:
        work()
        os._exit(0)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            assert status == 0
            return False
        time.sleep(0.001)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def kill_backup(folder: Path, seconds: float) -> bool:
    """The store stays as it is; a copy with a final name is whole."""
    store, target = Store(f"sqlite:///{folder}/pytake.db"), folder / "copy"
    target.unlink(missing_ok=True)
    died = killed(lambda: backup.write(Store(str(store.url)), target), seconds)
    if target.exists():
        assert backup.verify(target).rows["organisation"] == 1
    assert facts_in(store) == ROWS
    backup.write(store, target)
    assert upkeep.check(store) == []
    store.close()
    return died


def kill_vacuum(folder: Path, seconds: float) -> bool:
    """The store stays as it is."""
    store = Store(f"sqlite:///{folder}/pytake.db")
    store.close()
    died = killed(lambda: upkeep.vacuum(Store(str(store.url))), seconds)
    assert (facts_in(store), upkeep.check(store)) == (ROWS, [])
    store.close()
    return died


def kill_restore(folder: Path, seconds: float) -> bool:
    """The store is the old one or the restored one; the next try goes through."""
    path = folder / "other.db"
    for file in folder.glob("other.db*"):
        file.unlink()
    shutil.copy(folder / "empty.db", path)
    source, aside = folder / "whole", folder / "aside"
    died = killed(lambda: restore(Store(f"sqlite:///{path}"), source, aside, NOW), seconds)
    store = Store(f"sqlite:///{path}")
    assert facts_in(store) in (0, ROWS)
    assert upkeep.check(store) == []
    restore(store, source, aside, NOW)
    assert facts_in(store) == ROWS
    store.close()
    shutil.rmtree(aside)
    return died


def run(folder: Path, kills: int) -> int:
    chance = random.Random(7)
    store = fill(folder / "pytake.db")
    backup.write(store, folder / "whole")
    store.close()
    empty = Store(f"sqlite:///{folder}/empty.db")
    schema.migrate(empty, None, NOW)
    empty.close()
    done = 0
    for work in (kill_backup, kill_vacuum, kill_restore):
        started = time.monotonic()
        assert not work(folder, 60.0)
        longest = (time.monotonic() - started) / 2  # what is checked afterwards takes about as long as the work itself
        for _ in range(kills):
            done += work(folder, chance.uniform(0.0, longest))
    return done


if __name__ == "__main__":
    print(run(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 20), "kills")
