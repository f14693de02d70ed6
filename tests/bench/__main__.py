"""Runs the benchmarks by name, or all of them, and prints one table as each row comes."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.bench import ceiling, engine, figures, intake, processing, reply, sending, startup

BENCHMARKS: dict[str, Callable[[Path], Iterator[figures.Row]]] = {
    "intake": intake.measure,
    "processing": processing.measure,
    "ceiling": ceiling.measure,
    "sending": sending.measure,
    "reply": reply.measure,
    "startup": startup.measure,
    "engine": engine.measure,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    names = parser.parse_args().names or list(BENCHMARKS)
    if unknown := set(names) - set(BENCHMARKS):
        parser.error(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}")
    print(figures.machine(), end="\n\n")
    rows: list[figures.Row] = []
    with tempfile.TemporaryDirectory(prefix="pytake-bench-") as folder:
        for name in names:
            for row in BENCHMARKS[name](Path(folder)):
                rows.append(row)
                print("  ".join(filter(None, row.cells())), flush=True)
    print(f"\n{figures.table(rows)}")


if __name__ == "__main__":
    main()
