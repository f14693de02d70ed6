"""The store: its version, backups, checks.

$ pytake db status
$ pytake db migrate
$ pytake db backup
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from pytake_cli import settings
from pytake_cli.cli import confirm
from pytake_cli.cli.context import context
from pytake_cli.cli.output import done, emit, say
from pytake_cli.errors import InvalidData, UsageError
from pytake_cli.locale import _

app = typer.Typer(no_args_is_help=False)

STATUS_FIELDS = {
    "url": "where the store is",
    "engine": "which database, and its version",
    "version": "the schema's version",
    "needed": "the version that this PyTake needs",
    "size_bytes": "bytes on disk",
    "wal_bytes": "bytes in the write-ahead log",
    "free_bytes": "bytes that `pytake db vacuum` would give back",
    "journal_waiting": "webhooks that are stored and not yet worked through",
    "journal_oldest_at": "when the oldest of them came",
    "daemon_pid": "process of the daemon that has the store",
    "instance": "the store's own name, in what Meta echoes",
    "restored_at": "when it was restored from a backup",
    "rows": "rows by table",
}
STEP_FIELDS = {"version": "version", "title": "what it brings", "state": "done or pending"}
BACKUP_FIELDS = {
    "file": "the backup",
    "size_bytes": "bytes",
    "version": "the schema's version",
    "rows": "rows by table",
}
RESTORE_FIELDS = {
    "file": "the backup",
    "version": "the schema's version",
    "held": "messages that were on their way and now wait for a person",
    "aside": "where the store that was there is now",
}
PROBLEM_FIELDS = {"check": "what was checked", "rows": "how many times it does not hold", "detail": "what is wrong"}
VACUUM_FIELDS = {"before_bytes": "bytes before", "after_bytes": "bytes after"}


@app.command("status")
def status() -> None:
    """Shows the store's version, size and contents.

    $ pytake db status
    $ pytake db status --json --fields version,rows
    """
    from pytake_cli.store import upkeep

    emit(upkeep.state(context().unchecked_store), STATUS_FIELDS)


@app.command("migrate")
def migrate() -> None:
    """Brings the store to the version of this PyTake, after a verified backup. Does nothing when it is there.

    $ pytake db migrate
    $ pytake db migrate -n  # shows the steps
    """
    from pytake_cli.store import schema

    here = context()
    here.makes_store = not here.dry_run
    store = here.unchecked_store
    before = schema.version(store)
    steps = schema.missing(before)
    if not steps:
        say(_("the store is at version {version} already").format(version=before))
    elif here.dry_run:
        say(_("these steps would be taken; nothing was changed (--dry-run)"))
    elif before and not here.no_input and not confirm.ordinary(_("Take {count} steps?").format(count=len(steps))):
        say(_("nothing was changed"))
        return
    else:
        taken = schema.migrate(store, settings.paths().data / "backups", here.now)
        if taken.backup:
            say(_("backup: {file}").format(file=taken.backup))
        done(_("the store is at version {version}").format(version=taken.after))
    state = "pending" if here.dry_run else "done"
    emit([{"version": step.version, "title": step.title, "state": state} for step in steps], STEP_FIELDS)


@app.command("backup")
def backup(
    file: Annotated[str | None, typer.Argument(help="Where to; - is stdout. By default a dated file.")] = None,
) -> None:
    """Copies the store while it is in use, and reads the copy back before it gets its name.

    $ pytake db backup
    $ pytake db backup /media/usb/pytake.db
    $ pytake db backup - | age -r age1… > pytake.db.age
    """
    from pytake_cli.store import backup as copies

    here = context()
    if file == "-":
        _to_stdout()
        return
    if file is None:
        target = copies.into_folder(here.unchecked_store, settings.paths().data / "backups", here.now)
    else:
        target = Path(file).expanduser().absolute()
        if target.exists():
            raise UsageError("PT-BACKUP-EXISTS", "{file} exists", fix="choose another name", file=target)
        copies.write(here.unchecked_store, target)
    contents = copies.verify(target)
    row = {"file": target, "size_bytes": target.stat().st_size, "version": contents.version, "rows": contents.rows}
    emit(row, BACKUP_FIELDS, default=("file", "size_bytes", "version"))
    done(_("verified; readable by you alone, not encrypted"))


def _to_stdout() -> None:
    from pytake_cli.store import backup as copies

    if sys.stdout.isatty():
        raise UsageError("PT-BACKUP-TERMINAL", "a backup is no text for a terminal", fix="pytake db backup - > FILE")
    with tempfile.TemporaryDirectory(dir=_scratch()) as folder:
        target = Path(folder) / "backup"
        copies.write(context().unchecked_store, target)
        sys.stdout.flush()
        with target.open("rb") as whole:
            shutil.copyfileobj(whole, sys.stdout.buffer)
            sys.stdout.buffer.flush()


def _scratch() -> Path:
    """A folder of ours on the store's own disk: /tmp is often memory."""
    folder = settings.paths().data
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


@app.command("restore")
def restore(
    file: Annotated[Path, typer.Argument(help="A backup made by pytake db backup.")],
    confirmed: Annotated[
        str | None, typer.Option("--confirm", metavar="NAME", help="The store's name: pytake for pytake.db.")
    ] = None,
) -> None:
    """Puts a backup in the store's place. What was there is kept aside; what was on its way waits for a person.

    Nothing is sent because of it: Meta may have had those messages after the backup was made. The daemon must be
    stopped.

    $ pytake db restore backups/pytake-20261122T030000Z.db --confirm pytake
    """
    from sqlalchemy.engine import make_url

    from pytake_cli.store import backup as copies
    from pytake_cli.store import schema
    from pytake_cli.store.restore import restore as put_back

    here = context()
    contents = copies.verify(file)
    schema.missing(contents.version)
    name = Path(make_url(here.store_url).database or "").name.removesuffix(".db")
    if here.dry_run:
        emit({"file": file, "version": contents.version, "rows": contents.rows}, BACKUP_FIELDS)
        say(_("the backup is whole; nothing was changed (--dry-run)"))
        return
    if not confirm.severe(_("Replace the store {name} by {file}?").format(name=name, file=file), name, confirmed):
        say(_("nothing was changed"))
        return
    here.makes_store = True
    store = here.unchecked_store
    restored = put_back(store, file, settings.paths().data / "backups", here.now)
    row = {"file": file, "version": contents.version, "held": restored.held, "aside": restored.aside}
    emit(row, RESTORE_FIELDS)
    done(_("restored"))
    _tell_held(restored.held)
    if schema.pending(store):
        say(_("the backup is of an older version: pytake db migrate"))


def _tell_held(count: int) -> None:
    if count:
        say(
            _("{count} messages may have been sent since the backup: pytake message list --status unknown").format(
                count=count
            )
        )


@app.command("check")
def check() -> None:
    """Reads the whole store: structure, references, and what must hold in it. Exit code 65 when something does not.

    $ pytake db check
    $ pytake db check --json
    """
    from pytake_cli.store import upkeep

    problems = upkeep.check(context().unchecked_store)
    emit(problems, PROBLEM_FIELDS, empty=_("The store is sound"))
    if problems:
        raise InvalidData(
            "PT-STORE-UNSOUND",
            "{count} checks of the store failed",
            fix="pytake db backup, then ask for help with the list above",
            count=len(problems),
        )


@app.command("vacuum")
def vacuum() -> None:
    """Gives free space back to the disk. The store stays in use; writes wait meanwhile.

    $ pytake db vacuum
    """
    from pytake_cli.store import upkeep

    here = context()
    if here.dry_run:
        state = upkeep.state(here.unchecked_store)
        emit({"before_bytes": state.size_bytes, "after_bytes": state.size_bytes - state.free_bytes}, VACUUM_FIELDS)
        return
    before, after = upkeep.vacuum(here.unchecked_store)
    emit({"before_bytes": before, "after_bytes": after}, VACUUM_FIELDS)
    done(_("{bytes} bytes given back").format(bytes=before - after))
