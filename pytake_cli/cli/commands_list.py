"""The whole command surface as data."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from pytake_cli.cli.context import context
from pytake_cli.cli.output import data, page
from pytake_cli.cli.surface_data import SURFACE
from pytake_cli.locale import _


def commands(
    tree: Annotated[bool, typer.Option("--tree", help="As a tree.")] = False,
    paths: Annotated[bool, typer.Option("--paths", help="Only the paths, one a line.")] = False,
) -> None:
    """Lists every command, its arguments and its flags.

    $ pytake commands
    $ pytake commands --json | jq -r 'keys[]'
    """
    if context().output.form == "json":
        data(json.dumps(SURFACE, ensure_ascii=False, indent=2))
        return
    lines = []
    for path, entry in SURFACE.items():
        if paths:
            if not entry["verbs"]:
                lines.append(path)
        elif tree:
            depth = path.count(" ")
            lines.append("  " * depth + path.split()[-1])
        else:
            lines.append(f"{path}\t{_(entry['help'])}")
    page("\n".join(lines) + "\n")
