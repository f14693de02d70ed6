"""Runs the benchmarks by name, or all of them, and prints one table as each row comes."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.bench import (
    ceiling,
    engine,
    figures,
    freezing,
    importing,
    inbox,
    intake,
    live,
    processing,
    reply,
    segments,
    sending,
    startup,
)

BENCHMARKS: dict[str, Callable[[Path, figures.Options], Iterator[figures.Row]]] = {
    "intake": intake.measure,
    "processing": processing.measure,
    "ceiling": ceiling.measure,
    "sending": sending.measure,
    "reply": reply.measure,
    "importing": importing.measure,
    "freezing": freezing.measure,
    "startup": startup.measure,
    "segments": segments.measure,
    "inbox": inbox.measure,
    "engine": engine.measure,
    "live": live.measure,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    parser.add_argument("--times", type=int, default=3, help="runs of each, whose median and spread are printed")
    parser.add_argument("--seconds", type=int, default=15, help="how long the ceiling is held in each of its runs")
    given = parser.parse_args()
    options = figures.Options(given.times, given.seconds)
    names = given.names or list(BENCHMARKS)
    if unknown := set(names) - set(BENCHMARKS):
        parser.error(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}")
    print(figures.machine(), end="\n\n")
    rows: list[figures.Row] = []
    with tempfile.TemporaryDirectory(prefix="pytake-bench-") as folder:
        for name in names:
            for row in BENCHMARKS[name](Path(folder), options):
                rows.append(row)
                print("  ".join(filter(None, row.cells())), flush=True)
    print(f"\n{figures.table(rows)}\nload at the end: {figures.load()}")


if __name__ == "__main__":
    main()
