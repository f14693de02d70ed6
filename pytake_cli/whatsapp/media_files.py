"""Where files from outside come to rest: named by their content, readable by us alone, no name of a sender's."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path
from types import TracebackType
from typing import Self

from pytake_cli import clock
from pytake_cli.whatsapp.media_types import HEAD, picture_size

_NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class Arriving:
    """A file being received: counted, hashed, and then kept under `{folder}/ab/<sha256>` or thrown away.

    with Arriving(folder) as file:
        file.write(part)
        path = file.keep()
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._name = f"arriving-{clock.new_id()}"
        self._hash = hashlib.sha256()
        self._kept = False
        self.size = 0
        self.head = b""

    def __enter__(self) -> Self:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._home = os.open(self._folder, _FOLDER)
        try:
            self._file = os.open(self._name, _NEW, 0o600, dir_fd=self._home)
        except OSError:
            os.close(self._home)
            raise
        return self

    def write(self, part: bytes) -> None:
        """Appends bytes."""
        self._hash.update(part)
        self.size += len(part)
        if len(self.head) < HEAD:
            self.head += part[: HEAD - len(self.head)]
        view = memoryview(part)
        while view:
            view = view[os.write(self._file, view) :]

    @property
    def sha256(self) -> bytes:
        """The digest of what was written so far."""
        return self._hash.digest()

    def pixels(self) -> int:
        """Width times height if it is a picture of a known kind, else 0."""
        width, height = picture_size(lambda offset, count: os.pread(self._file, count, offset))
        return width * height

    def keep(self) -> Path:
        """Makes the file durable under the name of its content; the same content twice is one file."""
        name = self._hash.hexdigest()
        os.fsync(self._file)
        try:
            os.mkdir(name[:2], 0o700, dir_fd=self._home)
        except FileExistsError:
            pass  # every 256th file shares a drawer
        drawer = os.open(name[:2], _FOLDER, dir_fd=self._home)  # a symlink here is refused
        try:
            if not _is_file(name, drawer, self.size):
                os.replace(self._name, name, src_dir_fd=self._home, dst_dir_fd=drawer)
                os.fsync(drawer)
                self._kept = True
        finally:
            os.close(drawer)
        return self._folder / name[:2] / name

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._file)
        try:
            if not self._kept:
                os.unlink(self._name, dir_fd=self._home)
        finally:
            os.close(self._home)


def _is_file(name: str, drawer: int, size: int) -> bool:
    try:
        found = os.stat(name, dir_fd=drawer, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return stat.S_ISREG(found.st_mode) and found.st_size == size
