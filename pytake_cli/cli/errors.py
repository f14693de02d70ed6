"""Explains PyTake's and Meta's errors, offline."""

from __future__ import annotations

import difflib
import re
from typing import Annotated, Any

import typer

from pytake_cli import errors as registry
from pytake_cli.cli.context import context
from pytake_cli.cli.output import emit
from pytake_cli.errors import NotFound
from pytake_cli.locale import _
from pytake_cli.whatsapp.errors import Action, codes, rule, slug_of

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
    if not error:
        emit([*_ours(), *(_metas(code) for code in _first_codes())], FIELDS, default=("error", "meaning"))
        return
    wanted = re.sub(r"^PT-WA-(?=\d)", "", error.upper())
    rows = [row for row in _ours() if row["error"] == wanted]
    if wanted.isdigit() and rule(int(wanted)).action is not Action.UNKNOWN_CODE:
        rows = [_metas(int(wanted))]
    if rows:
        shown = [name for name in FIELDS if rows[0][name] not in ("", None)]
        emit(rows[0], FIELDS, default=shown if context().output.form in ("table", "plain") else None)
        return
    known = [*registry.SLUGS, *(str(code) for code in codes())]
    near = difflib.get_close_matches(wanted, known, 1, 0.5)
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


def _first_codes() -> list[int]:
    """One code for each row of Meta's table."""
    return [code for code in codes() if slug_of(rule(code)) == f"PT-WA-{code}"]


def _metas(code: int) -> dict[str, Any]:
    found = rule(code)
    return {
        "error": str(code),
        "meaning": _(found.meaning),
        "advice": _(found.advice),
        "retry": found.retryable,
    }
