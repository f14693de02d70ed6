"""The inbox with 5,000 and 100,000 conversations: first paint, a key, an event, a burst of 100, memory.

Each run is a process of its own in front of a peer in another; times are of its processor, so that a busy machine does
not change them. `python -m tests.bench inbox`
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.bench.figures import Options, Row

SIZES = (5_000, 100_000)


def measure(folder: Path, options: Options) -> Iterator[Row]:
    for size in SIZES:
        runs = [_run(size) for _ in range(options.times)]
        name = f"{size:,} conversations"
        for key, unit, budget, about in (
            ("first_paint", "ms cpu", "≤ 700", "from the import to the first conversation on the screen"),
            ("all_shown", "ms", "≤ 50", "every conversation put into the list at once"),
            ("key", "ms cpu", "≤ 60", "j, with the chat of the next conversation"),
            ("typing", "ms cpu", "≤ 12", "a letter in the composer"),
            ("event", "ms cpu", "≤ 5", "a message comes in, all of them in the list"),
            ("burst", "ms cpu", "≤ 120", "a hundred messages at once"),
            ("memory", "MB", "≤ 120", "resident, with all of them in the list"),
        ):
            yield Row(f"inbox, {name}: {key.replace('_', ' ')}", unit, tuple(run[key] for run in runs), budget, about)


def _run(size: int) -> dict[str, float]:
    """The figures of one run."""
    serve = [sys.executable, "-m", "tests.kit.fake_api", "--port", "0", "--conversations", "5000", "--every", "0"]
    peer = subprocess.Popen([*serve, "--seconds", "240"], stdout=subprocess.PIPE, text=True)
    try:
        assert peer.stdout is not None
        url, _word, token = peer.stdout.readline().split()
        seat = [sys.executable, "-m", "tests.bench.inbox_seat", url, token, str(size)]
        child = subprocess.run(seat, capture_output=True, text=True, timeout=200, check=True)
    finally:
        peer.terminate()
        peer.wait(10)
    figures: dict[str, float] = json.loads(child.stdout.splitlines()[-1])
    return figures
