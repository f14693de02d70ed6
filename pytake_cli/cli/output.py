"""Results to stdout in the form that was asked for, words to stderr; all outside text goes through clean()."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from pytake_cli import locale
from pytake_cli.cli import forms
from pytake_cli.cli.context import context
from pytake_cli.cli.folding import fold, screen_width
from pytake_cli.errors import ConfigError, UsageError
from pytake_cli.locale import _, number
from pytake_cli.text import clean

Fields = Mapping[str, str] | Sequence[str]  # name -> what it is, in the order they are shown

GAP = "  "
SIGNS = {"ok": "✓", "warn": "⚠", "error": "✗"}
WORDS = {"ok": "ok:", "warn": "warn:", "error": "error:"}
COLORS = {"heading": "1", "id": "36", "ok": "32", "warn": "33", "error": "31", "dim": "2"}


def emit(
    rows: Iterable[Any] | Mapping[str, Any] | Any,
    fields: Fields,
    *,
    default: Sequence[str] | None = None,
    total: int | None = None,
    empty: str = "",
) -> None:
    """Writes a list of things, or one thing, with the fields that were asked for.

    A row is a mapping or an object with attributes; `default` names the fields shown without --fields, `total` is how
    many there are when `rows` was cut by a limit, `empty` is what a person reads when there is nothing.
    """
    output = context().output
    if output.fields == "help":
        _write("".join(f"{name}\t{_(text)}\n" for name, text in _described(fields).items()))
        return
    names = _chosen(fields, default)
    if not isinstance(rows, (list, tuple, Iterable)) or isinstance(rows, (Mapping, str)):
        _emit_one(forms.record(rows, names), names)
        return
    if output.form == "jsonl":
        for row in rows:
            _write(forms.json_line(forms.record(row, names)))
        return
    _emit_list([forms.record(row, names) for row in rows], names, total, empty)


def _emit_list(records: list[dict[str, Any]], names: list[str], total: int | None, empty: str) -> None:
    output = context().output
    match output.form:
        case "json":
            _write(_filtered([forms.plain(record) for record in records]))
        case "csv":
            _write(forms.csv_text(records, names, header=output.header is not False))
        case "format":
            _write("".join(forms.fill(output.template or "", record) for record in records))
        case "tsv":
            _write(forms.tsv(records, names, header=output.header is True))
        case _:
            if records:
                _write(forms.table(records, names, _table_style(), header=output.header is not False))
    if not records and empty:
        say(empty)
    if total is not None and total > len(records):
        say(_("showing {shown} of {total} (--limit 0 for all)").format(shown=number(len(records)), total=number(total)))


def _emit_one(record: dict[str, Any], names: list[str]) -> None:
    output = context().output
    match output.form:
        case "json":
            _write(_filtered(forms.plain(record)))
        case "jsonl":
            _write(forms.json_line(record))
        case "csv":
            _write(forms.csv_text([record], names, header=output.header is not False))
        case "format":
            _write(forms.fill(output.template or "", record))
        case "tsv":
            _write(forms.tsv([record], names, header=output.header is True))
        case _:
            _write(forms.sheet(record, names, _table_style()))


def row_stream(fields: Fields, *, default: Sequence[str] | None = None) -> Any:
    """For commands that follow: a function that writes one row at a time and flushes it."""
    names = _chosen(fields, default)
    form = context().output.form

    def write(row: Any) -> None:
        record = forms.record(row, names)
        if form in ("json", "jsonl"):
            _write(forms.json_line(record))
        elif form == "format":
            _write(forms.fill(context().output.template or "", record))
        elif form == "csv":
            _write(forms.csv_text([record], names, header=False))
        elif form == "tsv":
            _write(forms.tsv([record], names, header=False))
        else:
            _write("  ".join(forms.shown(record[name], _table_style(), relative=False) for name in names) + "\n")
        sys.stdout.flush()

    return write


def data(text: str) -> None:
    """Writes text that is the result itself (help, a schema, a script)."""
    _write(text if text.endswith("\n") else f"{text}\n")


def say(message: str) -> None:
    """Narration for a person, on stderr; nothing with --quiet."""
    if not context().output.quiet:
        _tell(message)


def done(message: str) -> None:
    """Says what was changed: `✓ #5008 resolved`."""
    if not context().output.quiet:
        _tell(message, f"{mark('ok')} ")


def warn(message: str) -> None:
    """Says what someone may want to look at; also with --quiet."""
    _tell(message, f"{mark('warn')} ")


def mark(kind: str) -> str:
    """✓ ⚠ ✗, or ok: warn: error: with --ascii; coloured for stderr."""
    return paint((WORDS if locale.is_ascii() else SIGNS)[kind], kind, context().output.color_err)


def paint(text: str, role: str, on: bool) -> str:
    """Colours text for one of the six roles."""
    return f"\x1b[{COLORS[role]}m{text}\x1b[0m" if on else text


def page(text: str) -> None:
    """Writes text, through a pager if it is longer than the screen and both ends are terminals."""
    current = context()
    import shutil

    lines = shutil.get_terminal_size().lines
    if (
        not current.output.tty
        or current.no_input
        or current.flags.no_pager
        or current.output.quiet
        or text.count("\n") < lines
    ):
        data(text)
        return
    import os
    import subprocess

    command = current.settings.pager or os.environ.get("PAGER") or "less -FIRX"
    try:
        subprocess.run(command, shell=True, input=text.encode(), check=False)  # noqa: S602 - the user's own command
    except BrokenPipeError:
        pass  # a pager may be left early


def _table_style() -> forms.Style:
    current = context()
    plain = current.output.form == "plain"
    return forms.Style(
        width=current.output.width if current.output.tty and not plain else None,
        color=current.output.color_out,
        tz=lambda: current.tz,
        now=current.now,
    )


def _described(fields: Fields) -> dict[str, str]:
    return dict(fields) if isinstance(fields, Mapping) else dict.fromkeys(fields, "")


def _chosen(fields: Fields, default: Sequence[str] | None) -> list[str]:
    known = list(_described(fields))
    output = context().output
    wanted = output.fields
    if wanted is None and output.form == "format":
        wanted = ",".join(forms.placeholders(output.template or ""))
    if wanted is None:
        return list(default or known)
    if wanted == "all":
        return known
    return named(wanted, known) or known


def named(wanted: str, known: Collection[str]) -> list[str]:
    """The fields that `--fields a,b` asks for; refuses one that is not there."""
    names = [name.strip() for name in wanted.split(",") if name.strip()]
    for name in names:
        if name not in known:
            import difflib

            near = difflib.get_close_matches(name, known, 1, 0.5)
            raise UsageError(
                "PT-USAGE-FIELD",
                "there is no field {name}",
                why="did you mean {near}?" if near else "",
                fix="--fields help",
                name=name,
                near=near[0] if near else "",
            )
    return names


def _filtered(value: Any) -> str:
    expression = context().output.jq
    if expression is None:
        return forms.json_text(value)
    try:
        import jq  # type: ignore[import-not-found]  # an extra of its own
    except ImportError:
        raise ConfigError("PT-JQ", "--jq needs the Python package jq", fix="pip install jq") from None
    try:
        found = jq.compile(expression).input_value(value).all()
    except ValueError as error:
        raise UsageError("PT-USAGE-JQ", "--jq: {detail}", fix="pytake help formatting", detail=str(error)) from None
    return "".join(f"{each}\n" if isinstance(each, str) else forms.json_text(each) for each in found)


def _write(text: str) -> None:
    sys.stdout.write(text)


def _tell(message: str, prefix: str = "") -> None:
    sys.stdout.flush()  # so that the two streams come in order on one screen
    text = clean(message)
    if prefix:
        text = f"{prefix}{text}"
    if sys.stderr.isatty():
        text = fold(text, screen_width() - len(GAP), GAP if prefix else "")
    sys.stderr.write(f"{text}\n")
