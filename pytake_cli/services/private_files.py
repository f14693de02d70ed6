"""Files with people's data that commands write: whole or not at all, for their owner only, never through a link."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from pytake_cli import clock
from pytake_cli.errors import Conflict, UsageError

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW


@contextmanager
def written(path: Path, *, force: bool = False) -> Iterator[BinaryIO]:
    """A file that gets its name when all of it is on disk; one that is there is replaced only with `force`."""
    if not force and os.path.lexists(path):
        raise _exists(path)
    part = path.with_name(f".{path.name}.{clock.token(6)}.part")
    try:
        descriptor = os.open(part, _NEW, 0o600)
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise UsageError(
            "PT-FILE-TARGET", "cannot write {path}: {reason}", fix="another FILE", path=str(path), reason=reason
        ) from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        _name(part, path, force)
    finally:
        part.unlink(missing_ok=True)


def _name(part: Path, path: Path, force: bool) -> None:
    """A rename replaces a link by the file itself; a hard link, unlike a rename, refuses to replace anything."""
    if force:
        part.replace(path)
        return
    try:
        path.hardlink_to(part)
    except FileExistsError:
        raise _exists(path) from None


def _exists(path: Path) -> Conflict:
    return Conflict("PT-FILE-EXISTS", "{path} is there already", fix="--force", path=str(path))
