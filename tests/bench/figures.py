"""What a benchmark returns, and how figures of several runs become a row of the table."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil


@dataclass(frozen=True, slots=True)
class Options:
    """How often each benchmark runs, and how long the ceiling is held."""

    times: int = 3
    seconds: int = 15


@dataclass(frozen=True, slots=True)
class Row:
    """One line: what was measured, the median with its spread, what it is held against, and what limited it."""

    name: str
    unit: str
    values: tuple[float, ...]
    target: str = ""
    note: str = ""

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    def cells(self) -> tuple[str, str, str, str, str]:
        spread = f"{short(min(self.values))}–{short(max(self.values))}" if len(self.values) > 1 else ""
        return self.name, f"{short(self.median)} {self.unit}", spread, self.target, self.note


def short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def table(rows: Sequence[Row]) -> str:
    cells = [("figure", "median", "spread", "target", "note"), *(row.cells() for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(4)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(line, (*widths, 0), strict=True)) for line in cells]
    return "\n".join(line.rstrip() for line in lines)


def machine() -> str:
    """The machine and the versions that matter, so that two tables can be compared."""
    from pytake_cli.store.sqlite import driver

    names = ("pytake", "sqlalchemy", "uvicorn", "aiohttp", "pywa", "uvloop")
    versions = ", ".join(f"{name} {_version(name)}" for name in names)
    return (
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, {psutil.virtual_memory().total >> 30} GiB,"
        f" Python {platform.python_version()}, SQLite {driver().sqlite_version}, load {load()}\n{versions}"
    )


def load() -> str:
    """What else the machine was busy with in the last 1, 5 and 15 minutes."""
    return ", ".join(f"{value:.1f}" for value in os.getloadavg())


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        from pytake_cli import __version__

        return __version__ if name == "pytake" else "–"


def cpu_seconds(pid: int) -> float:
    """User and system time that the process has used."""
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


def resident_mb(pid: int) -> float:
    return float(psutil.Process(pid).memory_info().rss) / 1e6


def runs(count: int, once: Callable[[Path], float], folder: Path) -> tuple[float, ...]:
    """`once` in a fresh folder each time."""
    return tuple(once(folder / f"run-{index}") for index in range(count))
