"""Disks that are full or read-only: a small tmpfs or a bind mount for root, limits of the process for others."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

BALLAST = "ballast"


def may_mount() -> bool:
    """True where this process may mount: root, with the right to, on Linux."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return False
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("CapEff:"):
            return bool(int(line.split()[1], 16) & (1 << 21))  # CAP_SYS_ADMIN
    return False


def need_mounts() -> None:
    """Skips the test where mounting is not allowed."""
    if not may_mount():
        pytest.skip("mounting a small or read-only disk needs root on Linux")


@contextmanager
def small(folder: Path, size: str = "4m") -> Iterator[Path]:
    """A tmpfs of `size` on `folder`."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    _run("mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", "tmpfs", str(folder))
    try:
        yield folder
    finally:
        _run("umount", "-l", str(folder))


def fill(folder: Path) -> int:
    """Takes all the space that is left; the number of bytes."""
    taken = 0
    with (folder / BALLAST).open("ab", buffering=0) as file:
        for size in (1 << 16, 1 << 12, 1 << 8, 1):
            try:
                while True:
                    taken += file.write(b"\0" * size)
            except OSError:
                continue
    return taken


def free(folder: Path) -> None:
    """Gives back what `fill` took."""
    (folder / BALLAST).unlink(missing_ok=True)


@contextmanager
def read_only(folder: Path) -> Iterator[Path]:
    """The folder, mounted read-only over itself for as long as the context lasts."""
    _run("mount", "--bind", str(folder), str(folder))
    try:
        _run("mount", "-o", "remount,ro,bind", str(folder))
        yield folder
    finally:
        _run("umount", "-l", str(folder))


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"{command[0]} is refused here: {done.stderr.strip()}")
