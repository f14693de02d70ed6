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
    """A file that has its name's content when all of it is on disk; one that is there is replaced only with `force`."""
    part = path.with_name(f".{path.name}.{clock.token(6)}.part")
    try:
        if not force:
            os.close(os.open(path, _NEW, 0o600))  # the name is ours from here on
        descriptor = os.open(part, _NEW, 0o600)
    except FileExistsError:
        raise Conflict("PT-FILE-EXISTS", "{path} is there already", fix="--force", path=str(path)) from None
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
        part.replace(path)  # a link is replaced by the file, never written through
    except BaseException:
        part.unlink(missing_ok=True)
        if not force:
            path.unlink(missing_ok=True)
        raise
