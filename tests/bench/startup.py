"""How long commands take from Enter to their last byte, beside `python -c pass`."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.bench.figures import Options, Row
from tests.kit import home

TURNS = 5  # commands timed for each run asked for


def measure(folder: Path, options: Options) -> Iterator[Row]:
    here = home.make(folder / "startup")
    environment = {**os.environ, **here.environment}
    bare = _timed([sys.executable, "-c", "pass"], environment, options.times * TURNS)
    yield Row("python -c pass", "ms", bare, "", "the floor")
    cases: list[tuple[str, list[str], str]] = [
        ("pytake --version", ["--version"], "≤ 3 ×"),
        ("pytake --help", ["--help"], "≤ 3 ×"),
        ("pytake config TAB", ["__complete", "config", ""], "≤ 3 ×"),
        ("pytake message send --help", ["message", "send", "--help"], "≤ 3 ×"),
        ("pytake contact list", ["contact", "list", "-o", "loja"], "≤ 11 ×"),
        ("pytake conversation list", ["conversation", "list", "-o", "loja"], "≤ 11 ×"),
    ]
    floor = sorted(bare)[len(bare) // 2]
    for name, arguments, target in cases:
        values = _timed([sys.executable, "-m", "pytake_cli", *arguments], environment, options.times * TURNS)
        yield Row(name, "ms", values, target, f"{sorted(values)[len(values) // 2] / floor:.1f} ×")


def _timed(command: Sequence[str], environment: dict[str, str], times: int) -> tuple[float, ...]:
    values = []
    for _ in range(times):
        started = time.perf_counter()
        done = subprocess.run(command, env=environment, capture_output=True, check=False)
        values.append((time.perf_counter() - started) * 1e3)
        assert done.returncode == 0, done.stderr.decode()
    return tuple(values)
