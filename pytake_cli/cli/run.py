"""Runs one command: global flags, settings, the command, and every way out as an exit code."""

from __future__ import annotations

import os
import sys
from typing import Any

os.environ.setdefault(
    "PYDANTIC_DISABLE_PLUGINS", "__all__"
)  # looking for some reads every installed package's metadata

import typer

from pytake_cli import locale, log
from pytake_cli.cli import context as contexts
from pytake_cli.cli import front, noting, problems
from pytake_cli.cli.line import Flags, Line, take_apart
from pytake_cli.errors import PytakeError, UsageError

INTERRUPTED = 130


def run(arguments: list[str]) -> int:
    """Runs a command line and returns its exit code; nothing but an exit code comes out."""
    os.umask(0o077)  # databases, key files, reports: for their owner only
    line = Line()
    locale.use(front.language(arguments) or locale.choose(None))
    locale.only_ascii(front.only_ascii(arguments))
    try:
        code = _run(arguments, line)
        sys.stdout.flush()
    except BrokenPipeError:
        front.reader_left()
        code = 0
    except KeyboardInterrupt:
        sys.stderr.write("\n")
        code = INTERRUPTED
    except typer.Exit as leaving:
        code = leaving.exit_code
    except typer.TyperException as error:
        code = problems.tell(problems.from_typer(error, line, arguments), line.flags)
    except PytakeError as error:
        code = problems.tell(error, line.flags)
    except OSError as error:
        code = problems.tell_system(error, arguments, line.flags)
    except Exception as error:  # the top: a bug leaves a report, never a traceback on the screen
        code = problems.tell_bug(error, arguments, line.flags)
    finally:
        contexts.drop()
    return code


def _run(arguments: list[str], line: Line) -> int:
    take_apart(arguments, line)
    _enter_directory(line.flags)
    current = contexts.use(line.flags)
    locale.use(locale.choose(current.settings.lang))
    level = "debug" if line.flags.verbose > 1 else current.settings.log.level
    log.setup("warning" if level == "info" and not line.flags.verbose else level, current.settings.log.format)
    if line.flags.help or hasattr(line.command, "commands") or line.command is None:
        return _help(line)
    command: Any = line.command
    try:
        with command.make_context(f"pytake {' '.join(line.path)}", list(line.rest)) as ctx:
            result = command.invoke(ctx)
    finally:
        noting.note(current, line.path)  # also of a command that failed after it had changed something
    return result if isinstance(result, int) and not isinstance(result, bool) else 0


def _enter_directory(flags: Flags) -> None:
    if flags.directory is None:
        return
    try:
        os.chdir(flags.directory)
    except OSError as error:
        detail = error.strerror or type(error).__name__
        raise UsageError(
            "PT-USAGE-DIR", "cannot go to {path}: {detail}", fix="pytake -C DIR …", path=flags.directory, detail=detail
        ) from None


def _help(line: Line) -> int:
    """Help that the front could not give: of a command that is newer than the generated description."""
    from pytake_cli.cli import surface, surface_text

    described = surface.describe(line.path[0]) if line.path else None
    text = surface_text.help_for(line.path, True, described)
    sys.stdout.write(text or "")
    return 0
