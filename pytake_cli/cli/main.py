"""The one main(): first what needs no import, then the command; every way out is an exit code."""

from __future__ import annotations

import sys


def main(argv: list[str] | None = None) -> int:
    """Runs one command line; returns its exit code."""
    from pytake_cli.cli import front

    arguments = sys.argv[1:] if argv is None else list(argv)
    code = front.answer(arguments)
    if code is not None:
        return code
    from pytake_cli.cli import run

    return run.run(arguments)
