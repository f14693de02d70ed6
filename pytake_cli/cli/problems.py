"""Tells errors so that they teach: what happened, why, what to do now, where to read more; or JSON with --json."""

from __future__ import annotations

import difflib
import errno
import json
import os
import platform
import sys
import traceback
from typing import Any

import typer

from pytake_cli import __version__, clock, locale, log, settings
from pytake_cli.cli import forms, front
from pytake_cli.cli.folding import columns, fold, screen_width
from pytake_cli.cli.line import Flags, Line, help_line, unknown_flag
from pytake_cli.errors import ConfigError, PytakeError, UsageError
from pytake_cli.locale import _
from pytake_cli.telling import texts
from pytake_cli.text import clean

SLUG_COLUMN = 72
GAP = "  "
REFUSALS = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT)
SHORT = ("PT-USAGE-COMMAND", "PT-USAGE-FLAG", "PT-USAGE-VALUE", "PT-USAGE-MISSING", "PT-USAGE-EXTRA")


def tell(error: PytakeError, flags: Flags) -> int:
    """Writes the error to stderr in the language and form of the line; returns its exit code."""
    sys.stdout.flush()
    if wants_json(flags):
        sys.stderr.write(forms.json_line(as_json(error)))
    else:
        sys.stderr.write(as_text(error, flags))
    if flags.verbose > 1:
        sys.stderr.write(clean(log.redact("".join(traceback.format_exception(error)))))
    return error.exit_code


def wants_json(flags: Flags) -> bool:
    """True if the line's output is JSON; the settings may be what is broken, so only line and environment count."""
    if flags.json or flags.jsonl or flags.jq is not None:
        return True
    other = flags.tsv or flags.csv or flags.plain or flags.format is not None
    return not other and os.environ.get("PYTAKE_OUTPUT") in ("json", "jsonl")


def as_json(error: PytakeError) -> dict[str, Any]:
    """`{"error": {"slug": …, "message": …, "hint": …, "exit_code": …, "details": {…}}}`."""
    message, why, fix = texts(error)
    details = {name: value for name, value in error.values.items() if value not in ("", None)}
    return {
        "error": {
            "slug": error.slug,
            "message": message,
            "why": why,
            "hint": fix,
            "exit_code": error.exit_code,
            "details": json.loads(log.redact(json.dumps(details, default=str))),
        }
    }


def as_text(error: PytakeError, flags: Flags) -> str:
    """At most six lines, the most important last."""
    message, why, fix = texts(error)
    first, *more = message.splitlines() or [""]
    headline = _sentence(first, error.message)
    if error.slug in SHORT:
        question = f". {_sentence(why, error.why)}" if why else ""
        hint = f"   ({_('help')}: {fix})" if fix else ""
        return f"{_mark(flags)} {_folded(headline + question + hint)}\n"
    lines = [f"{_mark(flags)} {_headline(headline, error, flags)}"]
    lines += [f"  {_folded(line)}" for line in (*more, *why.splitlines())][:3]
    lines += [f"  {_('Try:')}  {_whole(line)}" for line in fix.splitlines()[:2]]
    lines.append(_dim(f"  {_('Read more:')}  pytake errors {_slug(error)}", flags))
    return "\n".join(lines) + "\n"


def _slug(error: PytakeError) -> str:
    """What a person reads about: of an error that wraps another's, the inner one."""
    return str(error.values.get("problem") or error.slug)


def _whole(fix: str) -> str:
    """A flag alone is something to add to what was typed."""
    return _("the same with {flag}").format(flag=fix) if fix.startswith("--") else fix


def _headline(text: str, error: PytakeError, flags: Flags) -> str:
    """The first line, with the slug at its end where there is room; `Read more` names it in any case."""
    code = error.values.get("code")
    slug = f"{error.slug} ({code})" if isinstance(code, int) else _slug(error)
    column, mark = SLUG_COLUMN, 6 if locale.is_ascii() else 2
    if sys.stderr.isatty():
        column = min(column, screen_width() - len(slug))
        if columns(text) + mark + len(GAP) > column:
            return _folded(text)
    return text + " " * max(column - columns(text) - mark, len(GAP)) + _dim(slug, flags)


def _folded(text: str) -> str:
    return fold(text, screen_width() - len(GAP), GAP) if sys.stderr.isatty() else text


def _sentence(text: str, template: str) -> str:
    """Begins with a capital, unless what it begins with was typed by somebody or is a name."""
    return text if _(template).startswith("{") else f"{text[:1].upper()}{text[1:]}"


def tell_system(error: OSError, arguments: list[str], flags: Flags) -> int:
    """What the machine refuses (rights, a full or read-only disk) is told as that; any other is a bug."""
    if error.filename is None:
        front.reader_left()  # it was stdout: what it still holds must not fail once more at exit
    if error.errno not in REFUSALS:
        return tell_bug(error, arguments, flags)
    file, reason = error.filename or "stdout", (error.strerror or type(error).__name__).lower()
    return tell(ConfigError("PT-SYSTEM", "{file}: {reason}", fix="pytake doctor", file=file, reason=reason), flags)


def tell_bug(error: BaseException, arguments: list[str], flags: Flags) -> int:
    """A bug: a report in a file, its place on the screen; exit code 1."""
    path = write_report(error, arguments)
    trouble = PytakeError(
        "PT-BUG",
        "something failed that should not have: {kind}",
        why="a report without secrets is in {path}" if path else "no report could be written",
        fix="the same command with -vv",
        kind=type(error).__name__,
        path=path,
    )
    trouble.__traceback__ = error.__traceback__
    trouble.__cause__ = error
    return tell(trouble, flags)


def write_report(error: BaseException, arguments: list[str]) -> str:
    """Writes the traceback and the versions, redacted, without local variables; returns the path or ""."""
    now = clock.now()
    directory = settings.paths().state / "reports"
    path = directory / f"{now:%Y%m%dT%H%M%S}-{clock.new_id()[:6]}.txt"
    shown = [each if index < 2 or each.startswith("-") else "…" for index, each in enumerate(arguments)]
    text = "\n".join(
        [
            f"pytake {__version__} · python {platform.python_version()} · {platform.platform()}",
            f"at {now:%Y-%m-%dT%H:%M:%SZ}",
            f"command: pytake {' '.join(each.partition('=')[0] for each in shown)}",
            "",
            "".join(traceback.format_exception(error)),
        ]
    )
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(log.redact(text))
    except OSError:
        return ""
    return str(path)


def from_typer(error: typer.TyperException, line: Line, arguments: list[str]) -> PytakeError:
    """Our error for one of Typer's; told apart by type and parameter, since its texts are English prose."""
    param = getattr(error, "param", None)
    name = _param_name(param)
    match type(error).__name__:
        case "NoSuchOption":
            known = [flag for each in line.command.params for flag in (*each.opts, *each.secondary_opts)]
            from pytake_cli.cli.flags import TAKES_VALUE

            return unknown_flag(str(getattr(error, "option_name", "")), [*known, *TAKES_VALUE], line)
        case "BadOptionUsage":
            flag = str(getattr(error, "option_name", ""))
            takes = any(flag in each.opts and not getattr(each, "is_flag", False) for each in line.command.params)
            template = "{flag} needs a value" if takes else "{flag} takes no value"
            return UsageError("PT-USAGE-VALUE", template, fix=help_line(line), flag=flag)
        case "MissingParameter":
            return UsageError("PT-USAGE-MISSING", "{name} is missing", fix=help_line(line), name=name)
        case "BadParameter":
            return _bad_value(error, param, name, line)
        case _:
            extra = _extra_words(line)
            if extra:
                return UsageError(
                    "PT-USAGE-EXTRA", "too many words: {words}", fix=help_line(line), words=" ".join(extra)
                )
            return UsageError("PT-USAGE", "{detail}", fix=help_line(line), detail=error.format_message())


def _param_name(param: Any) -> str:
    if param is None:
        return ""
    flags = [flag for flag in param.opts if flag.startswith("--")] or [
        flag for flag in param.opts if flag.startswith("-")
    ]
    return flags[0] if flags else str(param.metavar or param.name).upper()


def _bad_value(error: typer.TyperException, param: Any, name: str, line: Line) -> UsageError:
    errors = getattr(error.__cause__, "errors", None)
    detail: dict[str, Any] = errors()[0] if callable(errors) else {}
    value = str(detail.get("input", ""))
    choices = (
        [str(getattr(each, "value", each)) for each in param.type_descriptor.choices or ()] if param is not None else []
    )
    near = difflib.get_close_matches(value, choices, 1, 0.5)
    kind = str(detail.get("type", ""))
    context = detail.get("ctx", {})
    if choices:
        template = "{name} must be one of {choices}, not {value}"
    elif kind.startswith("int"):
        template = "{name} must be a whole number, not {value}"
    elif kind.startswith("float"):
        template = "{name} must be a number, not {value}"
    elif kind.startswith("greater_than"):
        template = "{name} must be at least {limit}, not {value}"
    elif kind.startswith("less_than"):
        template = "{name} must be at most {limit}, not {value}"
    else:
        template = "{name} cannot be {value}: {detail}"
    return UsageError(
        "PT-USAGE-BAD",
        template,
        why="did you mean {near}?" if near else "",
        fix=help_line(line),
        name=name,
        value=value,
        choices=", ".join(choices),
        near=near[0] if near else "",
        limit=context.get("ge", context.get("le", "")),
        detail=error.message,
    )


def _extra_words(line: Line) -> list[str]:
    room = 0
    for param in getattr(line.command, "params", ()):
        if getattr(param, "param_type_name", "") == "argument":
            room += param.nargs if param.nargs > 0 else 10_000
    words = [word for word in line.rest if not word.startswith("-")]
    return words[room:]


def _mark(flags: Flags) -> str:
    return _red("error:" if locale.is_ascii() else "✗", flags)


def _colored(flags: Flags) -> bool:
    wanted = flags.color or os.environ.get("PYTAKE_COLOR") or "auto"
    if wanted != "auto":
        return wanted == "always"
    return bool(sys.stderr.isatty()) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _red(text: str, flags: Flags) -> str:
    return f"\x1b[31m{text}\x1b[0m" if _colored(flags) else text


def _dim(text: str, flags: Flags) -> str:
    return f"\x1b[2m{text}\x1b[0m" if _colored(flags) else text
