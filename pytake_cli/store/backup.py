"""Backups: consistent copies of a store in use, whole or not there at all."""

from __future__ import annotations

import os
from contextlib import closing
from datetime import datetime
from pathlib import Path

from pytake_cli.store import sqlite
from pytake_cli.store.database import Store, refuse_event_loop, translated


def into_folder(store: Store, folder: Path, now: datetime, *, label: str = "") -> Path:
    """A backup in `folder` under a name made of the time and the label."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    name = "-".join(part for part in ("pytake", f"{now:%Y%m%dT%H%M%SZ}", label) if part)
    target = folder / f"{name}.db"
    write(store, target)
    return target


def write(store: Store, target: Path) -> None:
    """Copies the store while it is in use; `target` appears whole, readable by its owner alone, or not at all."""
    refuse_event_loop()
    part = target.with_name(target.name + ".part")
    with translated(store), store.reader.connect() as connection:
        part.unlink(missing_ok=True)
        os.close(os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        source = connection.connection.driver_connection
        assert source is not None
        with closing(sqlite.driver().connect(part)) as copy:
            source.backup(copy)
    with part.open("rb") as whole:
        os.fsync(whole.fileno())
    part.replace(target)
