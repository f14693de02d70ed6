"""How far long work is, on stderr: a line that is redrawn on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys

from pytake_cli import clock
from pytake_cli.cli.context import context
from pytake_cli.locale import is_ascii, number

REDRAW_SECONDS = 0.1
SAY_SECONDS = 30.0
WIDTH = 20


class Progress:
    """Says `done` of `total` things; nothing with --quiet or when a program reads the result."""

    def __init__(self, what: str, total: int) -> None:
        output = context().output
        self._what, self._total = what, max(total, 1)
        self._quiet = output.quiet or output.form in ("json", "jsonl")
        self._tty = sys.stderr.isatty()
        self._began = self._last = clock.monotonic()
        self._tenth = 0
        self._first: int | None = None

    def at(self, done: int, **counts: int) -> None:
        """Draws, or says something if it is time."""
        now = clock.monotonic()
        if self._quiet:
            return
        if self._first is None:  # what was done before this began says nothing about how fast it is
            self._first, self._began = done, now
        share = min(done / self._total, 1.0)
        rate = (done - self._first) / max(now - self._began, 0.001)
        if self._tty and now - self._last >= REDRAW_SECONDS:
            self._last = now
            full = round(share * WIDTH)
            bar = ("#" if is_ascii() else "█") * full + ("." if is_ascii() else "░") * (WIDTH - full)
            sys.stderr.write(f"\r{bar} {number(done)}/{number(self._total)} {number(round(rate))}/s\x1b[K")
            sys.stderr.flush()
        elif not self._tty and (int(share * 10) > self._tenth or now - self._last >= SAY_SECONDS):
            self._last, self._tenth = now, int(share * 10)
            left = max(self._total - done, 0) / rate if rate else 0
            told = " ".join(f"{name}={count}" for name, count in counts.items())
            at = f"{clock.now():%Y-%m-%dT%H:%M:%SZ}"
            sys.stderr.write(
                f"{at} {self._what} {done}/{self._total} {share:.0%} {rate:.0f}/s eta={left:.0f}s {told}\n"
            )

    def end(self) -> None:
        """Leaves an empty line for what comes next."""
        if self._tty and not self._quiet:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
