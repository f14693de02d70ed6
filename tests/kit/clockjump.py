"""Clocks that jump: an offset at the start of a process, or libfaketime, which also moves it under way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from pytake_cli import clock

_LIBRARIES = ("/usr/lib/*/faketime/libfaketime.so.1", "/usr/local/lib/faketime/libfaketime.so.1")


def offset(seconds: float) -> dict[str, str]:
    """Environment of a process whose wall clock is wrong by `seconds`."""
    return {"PYTAKE_CLOCK_OFFSET": f"{seconds:g}"}


@contextmanager
def shifted(seconds: float) -> Iterator[None]:
    """This process's own clock is wrong by `seconds` meanwhile."""
    clock.shift(timedelta(seconds=seconds))
    try:
        yield
    finally:
        clock.shift(timedelta(seconds=-seconds))


class Jump:
    """A process's clock, moved while it runs (libfaketime re-reads the file); the monotonic one stays."""

    def __init__(self, folder: Path) -> None:
        found = [path for pattern in _LIBRARIES for path in sorted(Path("/").glob(pattern.lstrip("/")))]
        if not found:
            pytest.skip("libfaketime is not installed")
        self._file = folder / "faketime.rc"
        self.environment = {
            "LD_PRELOAD": str(found[0]),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "DONT_FAKE_MONOTONIC": "1",
        }
        self.by(0)

    def by(self, seconds: float) -> None:
        """From within a second on, the wall clock is off by `seconds`."""
        self._file.write_text(f"{seconds:+g}\n")
