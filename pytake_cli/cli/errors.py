"""Explains PyTake's and Meta's errors, offline."""

from __future__ import annotations

import difflib
import importlib
import re
from typing import Annotated, Any

import typer

from pytake_cli import errors as registry
from pytake_cli.cli.context import context
from pytake_cli.cli.output import emit
from pytake_cli.errors import NotFound
from pytake_cli.locale import _

FIELDS = {
    "error": "Slug or Meta's code.",
    "meaning": "What it means.",
    "advice": "What to do.",
    "retry": "Whether PyTake tries again by itself.",
}


def errors(
    error: Annotated[
        str, typer.Argument(metavar="ERROR", help="A slug (PT-…) or a code of Meta; without it all are listed.")
    ] = "",
) -> None:
    """Explains an error: what it means and what to do.

    $ pytake errors PT-SECRET-MISSING
    $ pytake errors 131047
    $ pytake errors --json
    """
    rows = [*_ours(), *_metas()]
    if not error:
        emit(rows, FIELDS, default=("error", "meaning"))
        return
    wanted = re.sub(r"^PT-WA-(?=\d)", "", error.upper())
    for row in rows:
        if row["error"] == wanted:
            names = (
                [name for name in FIELDS if row[name] not in ("", None)] if context().output.form == "table" else None
            )
            emit(row, FIELDS, default=names)
            return
    near = difflib.get_close_matches(wanted, [row["error"] for row in rows], 1, 0.5)
    raise NotFound(
        "PT-ERROR",
        "there is no error {error}",
        why="did you mean {near}?" if near else "",
        fix="pytake errors",
        error=error,
        near=near[0] if near else "",
    )


def _ours() -> list[dict[str, Any]]:
    return [
        {"error": slug, "meaning": _(meaning), "advice": "", "retry": None} for slug, meaning in registry.SLUGS.items()
    ]


def _metas() -> list[dict[str, Any]]:
    """Meta's codes, from the table that the sender obeys."""
    try:
        table: Any = importlib.import_module("pytake_cli.whatsapp.errors")
    except ModuleNotFoundError:
        return []
    rules = table.RULES.values() if isinstance(table.RULES, dict) else table.RULES
    return [
        {
            "error": str(rule.code),
            "meaning": _(rule.meaning),
            "advice": _(rule.advice),
            "retry": rule.retry_seconds is not None,
        }
        for rule in rules
    ]
