"""Backups: taken from a store in use, verified, restored without sending anything again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import select

from pytake_cli.errors import Conflict, InvalidData
from pytake_cli.store import Store, backup, facts, schema, upkeep
from pytake_cli.store.lock import daemon_lock, holder
from pytake_cli.store.messages import RANK, Message
from pytake_cli.store.restore import restore
from tests.kit import people
from tests.kit.stores import NOW, make_number, make_org

ON_SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def filled(store: Store) -> Store:
    """A store with a customer's message and outgoing ones in several states."""
    org = make_org(store)
    number = make_number(store, org)
    people.wrote(store, number, "Olá, \U0001f600 \u2028 'quoted' \\ \"double\"")
    with store.write() as db:
        original = db.exec(select(Message)).one()
        for status in ("queued", "sending", "unknown", "sent", "read", "failed", "cancelled"):
            values: dict[str, Any] = original.model_dump(exclude={"id", "wamid"})
            values |= {"direction": "out", "origin": "agent", "status": status, "rank": RANK[status], "due_at": NOW}
            db.add(Message(**{**values, "claim": "me" if status == "sending" else None}))
    return store


def statuses(store: Store) -> list[tuple[str, bool]]:
    with store.read() as db:
        rows = db.exec(select(Message).where(Message.direction == "out").order_by(Message.id))  # type: ignore[arg-type]
        return [(row.status, row.due_at is None) for row in rows]


def test_a_backup_holds_every_row_and_nobody_else_can_read_it(filled: Store, tmp_path: Path) -> None:
    path = backup.into_folder(filled, tmp_path / "backups", NOW, label="test")
    assert path.stat().st_mode & 0o077 == 0
    assert path.parent.stat().st_mode & 0o077 == 0
    contents = backup.verify(path)
    assert contents.version == schema.STEPS[-1].version
    assert contents.rows["message"] == 8
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_a_backup_taken_during_writes_is_one_moment(filled: Store, tmp_path: Path) -> None:
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            with filled.write() as db:
                facts.put(db, "a", "1")
                facts.put(db, "b", "1")
                db.execute(text("UPDATE organisation SET name = name || '.'"))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for index in range(5):
            backup.write(filled, tmp_path / f"{index}.backup")
    finally:
        stop.set()
        writer.join()


def test_what_is_restored_is_what_was_backed_up_and_nothing_is_sent_again(filled: Store, tmp_path: Path) -> None:
    path = tmp_path / "copy"
    before = backup.write(filled, path)
    with filled.read() as db:
        instance = facts.get(db, "instance")
    with filled.write() as db:
        db.execute(text("DELETE FROM message"))
        db.execute(text("UPDATE contact SET profile_name = 'changed'"))

    done = restore(filled, path, tmp_path / "aside", NOW)

    assert done.held == 3
    assert statuses(filled) == [
        ("unknown", True),
        ("unknown", True),
        ("unknown", True),
        ("sent", False),
        ("read", False),
        ("failed", False),
        ("cancelled", False),
    ]
    with filled.read() as db:
        assert facts.get(db, "restored_at") == NOW.isoformat()
        assert facts.get(db, "instance") != instance
        assert facts.get(db, f"instance_before:{instance}") == "8"
        assert db.execute(text("SELECT count(*) FROM contact WHERE profile_name = 'changed'")).scalar() == 0
    assert upkeep.check(filled) == []
    again = backup.write(filled, tmp_path / "again")
    unchanged = set(before.digests) - {"message", "fact"}
    assert {t: again.digests[t] for t in unchanged if "_search" not in t} == {
        t: before.digests[t] for t in unchanged if "_search" not in t
    }


def test_the_store_that_was_there_is_kept_aside(filled: Store, tmp_path: Path) -> None:
    path = tmp_path / "copy"
    backup.write(filled, path)
    with filled.write() as db:
        db.execute(text("UPDATE contact SET profile_name = 'lost otherwise'"))
    kept = restore(filled, path, tmp_path / "aside", NOW).aside
    assert kept is not None
    assert backup.verify(kept).rows["message"] == 8
    restore(filled, kept, tmp_path / "aside", NOW)
    with filled.read() as db:
        assert db.execute(text("SELECT DISTINCT profile_name FROM contact")).scalar() == "lost otherwise"


def test_new_rows_after_a_restore_get_new_ids(filled: Store, tmp_path: Path) -> None:
    backup.write(filled, tmp_path / "copy")
    restore(filled, tmp_path / "copy", tmp_path / "aside", NOW)
    make_number(filled, make_org(filled, "nova"))


def test_a_backup_restores_into_an_empty_database(filled: Store, empty_url: str, tmp_path: Path) -> None:
    backup.write(filled, tmp_path / "copy")
    store = Store(empty_url)
    assert restore(store, tmp_path / "copy", tmp_path / "aside", NOW).aside is None
    schema.check_current(store)
    assert len(statuses(store)) == 7
    store.close()


def test_a_damaged_backup_is_refused_and_the_store_stays(filled: Store, tmp_path: Path) -> None:
    path = tmp_path / "copy"
    backup.write(filled, path)
    whole = path.read_bytes()
    for damaged in (b"", b"hello", whole[: len(whole) // 2], whole[:-200] + b"\0" * 200):
        path.write_bytes(damaged)
        with pytest.raises(InvalidData) as raised:
            restore(filled, path, tmp_path / "aside", NOW)
        assert raised.value.slug.startswith("PT-BACKUP-")
    with pytest.raises(InvalidData):
        restore(filled, tmp_path / "missing", tmp_path / "aside", NOW)
    assert len(statuses(filled)) == 7
    assert statuses(filled)[0][0] == "queued"


@ON_SQLITE
def test_flipped_bits_in_a_backup_are_refused_or_changed_no_row(filled: Store, tmp_path: Path) -> None:
    path = tmp_path / "copy"
    expected = backup.write(filled, path)
    whole = bytearray(path.read_bytes())
    refused = 0
    for place in range(150, len(whole), len(whole) // 450):
        whole[place] ^= 0x10
        path.write_bytes(whole)
        try:
            assert backup.verify(path) == expected
        except InvalidData:
            refused += 1
        whole[place] ^= 0x10
    where = whole.index("Olá".encode())
    path.write_bytes(whole[:where] + b"o" + whole[where + 1 :])
    with pytest.raises(InvalidData, match="changed after the backup was made"):
        backup.verify(path)
    assert refused > 5


def test_a_failed_backup_leaves_no_file(filled: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda descriptor: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(OSError, match="No space"):
        backup.write(filled, tmp_path / "backups.db")
    monkeypatch.undo()
    assert [path.name for path in tmp_path.iterdir() if "backups" in path.name] == []


@ON_SQLITE
def test_a_running_daemon_refuses_a_restore_and_is_named(filled: Store, tmp_path: Path) -> None:
    backup.write(filled, tmp_path / "copy")
    with daemon_lock(filled), pytest.raises(Conflict) as raised:
        restore(filled, tmp_path / "copy", tmp_path / "aside", NOW)
    assert str(os.getpid()) in str(raised.value)


def test_another_connection_refuses_a_restore(filled: Store, store_url: str, tmp_path: Path) -> None:
    backup.write(filled, tmp_path / "copy")
    other = Store(store_url)
    with other.read() as db:
        db.execute(text("SELECT count(*) FROM contact"))
        with pytest.raises(Conflict) as raised:
            restore(filled, tmp_path / "copy", tmp_path / "aside", NOW)
    assert raised.value.slug == "PT-STORE-IN-USE"
    other.close()
    assert statuses(filled)[0][0] == "queued"


@ON_SQLITE
def test_the_lock_is_free_again_after_kill_9_of_its_holder(store: Store, store_url: str) -> None:
    program = (
        "import sys, time\nfrom pytake_cli.store import Store\nfrom pytake_cli.store.lock import daemon_lock\n"
        f"with daemon_lock(Store({store_url!r})):\n    print('held', flush=True)\n    time.sleep(60)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    assert holder(store) == process.pid
    with pytest.raises(Conflict) as raised, daemon_lock(store):
        pass
    assert raised.value.values["pid"] == process.pid
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert holder(store) is None
    with daemon_lock(store):
        assert holder(store) == os.getpid()


def test_migrating_a_store_with_tables_makes_a_backup_first(store: Store, empty_url: str, tmp_path: Path) -> None:
    old = Store(empty_url)
    with schema.transaction(old) as connection:
        schema.take(connection, schema.STEPS[0])
        as_it_was = "INSERT INTO organisation (slug, name, tz, lang, country, acknowledgement, settings, created_at)"
        row = "VALUES ('loja', 'Loja', 'UTC', 'pt-BR', 'BR', '', '{}', '2026-11-22 12:00:00')"
        connection.execute(text(f"{as_it_was} {row}"))
    done = schema.migrate(old, tmp_path / "backups", NOW)
    assert done.backup is not None
    assert backup.verify(done.backup).version == "0001"
    assert backup.verify(done.backup).rows["organisation"] == 1
    schema.check_current(old)
    old.close()


@ON_SQLITE
def test_a_backup_of_before_a_migration_restores_to_its_version(store: Store, empty_url: str, tmp_path: Path) -> None:
    old = Store(empty_url)
    with schema.transaction(old) as connection:
        schema.take(connection, schema.STEPS[0])
    backup.write(old, tmp_path / "old")
    old.close()
    restore(store, tmp_path / "old", tmp_path / "aside", NOW)
    assert schema.version(store) == "0001"
    schema.migrate(store, None, NOW)
    schema.check_current(store)


def test_a_part_that_a_killed_backup_left_goes_with_the_next(filled: Store, tmp_path: Path) -> None:
    left, fresh = tmp_path / "pytake-1.db.part", tmp_path / "pytake-2.db.part"
    for part in (left, fresh):
        part.touch()
    os.utime(left, (0, 0))
    backup.into_folder(filled, tmp_path, NOW)
    assert (left.exists(), fresh.exists()) == (False, True)


def test_kills_leave_the_store_sound_and_no_half_backup(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "tests.kit.kill_upkeep", str(tmp_path), "8"], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert int(run.stdout.split()[0]) > 8, run.stdout


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_log_of_a_file_that_is_gone_does_not_reach_the_restored_one(filled: Store, tmp_path: Path) -> None:
    assert filled.url.database is not None
    target = Path(filled.url.database)
    backup.write(filled, tmp_path / "copy")
    with filled.write() as db:
        db.add(facts.Fact(key="later", value="x"))
    log = target.with_name(target.name + "-wal").read_bytes()
    filled.close()
    target.unlink()
    target.with_name(target.name + "-wal").write_bytes(log)
    restore(filled, tmp_path / "copy", tmp_path / "aside", NOW)
    with filled.read() as db:
        assert facts.get(db, "later") is None
