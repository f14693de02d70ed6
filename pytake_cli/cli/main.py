"""The one main(): first what needs no import, then the command; every way out is an exit code."""

from __future__ import annotations

import gc
import io
import os
import sys

COLLECT_AFTER = 50_000  # objects: a command's imports make very many, and all of them stay


def main(argv: list[str] | None = None) -> int:
    """Runs one command line; returns its exit code."""
    from pytake_cli.cli import front

    arguments = sys.argv[1:] if argv is None else list(argv)
    _open_what_is_closed()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # where our letters cannot be shown, their codes are
    try:
        code = front.answer(arguments)
    except OSError as error:
        from pytake_cli.cli import line, problems

        return problems.tell_system(error, arguments, line.Flags())
    if code is not None:
        return code
    gc.set_threshold(COLLECT_AFTER)
    from pytake_cli.cli import run

    return run.run(arguments)


def _open_what_is_closed() -> None:
    """Supervisors and `>&-` start programs without a stream: nobody reads it then, and no file takes its number."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115 - as long as the process
