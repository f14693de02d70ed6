"""Flows as files: beginning one, checking, reading, drawing and comparing them.

$ pytake flow new agenda --template appointment
$ pytake flow check
$ pytake flow show agenda
"""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

import typer

from pytake_cli.cli import flow_files, flow_import, flow_new, flow_show
from pytake_cli.cli.context import context
from pytake_cli.cli.output import data, emit, paint, say
from pytake_cli.flow.check import Examined
from pytake_cli.flow.problems import FlowErrors, Problem
from pytake_cli.locale import _, is_ascii, ngettext
from pytake_cli.text import clean

app = typer.Typer(add_completion=False, rich_markup_mode=None)
app.command("new")(flow_new.new)
app.command("import")(flow_import.import_)
app.command("show")(flow_show.show)
app.command("graph")(flow_show.graph)

INVALID = FlowErrors.exit_code
Paths = Annotated[
    list[str] | None, typer.Argument(metavar="[FILE|FOLDER|NAME]...", help="Which; by default all of the project's.")
]
File = Annotated[str, typer.Argument(metavar="FILE|NAME", help="A flow file, or the name of a flow of the project.")]

LIST_FIELDS = {
    "name": "What the flow is called.",
    "title": "What people read.",
    "starts": "What starts it.",
    "steps": "How many steps it has.",
    "languages": "Languages of its texts.",
    "errors": "How many mistakes it has.",
    "warnings": "How many things may be looked at.",
    "path": "Its file.",
}
LIST_SHOWN = ("name", "title", "starts", "steps", "errors", "warnings", "path")
CHECK_FIELDS = {
    "path": "The file.",
    "line": "The line, from 1.",
    "column": "The column, from 1.",
    "severity": "error or warning.",
    "slug": "The kind of mistake: pytake errors SLUG.",
    "message": "What is wrong.",
    "fix": "What would be right.",
}
DIFF_FIELDS = {
    "kind": "added, removed, renamed, verb, text, way, expectation, field or header.",
    "step": "The step, as the new file calls it.",
    "where": "The place in the step, or the key of the header.",
    "language": "Of a text.",
    "before": "What the old file says.",
    "after": "What the new file says.",
    "sentence": "The change in words.",
}


@app.command("list")
def list_(paths: Paths = None) -> None:
    """Lists the flow files of the project.

    $ pytake flow list
    $ pytake flow list flows/drafts --json
    """
    found = flow_files.examined(flow_files.named(paths or []))
    emit([flow_show.row(each) for each in found], LIST_FIELDS, default=LIST_SHOWN)


@app.command("check")
def check(
    paths: Paths = None,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Also 65 when there are only warnings.")] = False,
) -> None:
    """Finds all mistakes in flow files: the place of each, what is wrong, and what would be right.

    $ pytake flow check
    $ pytake flow check flows/agenda.yaml flows/drafts
    $ pytake flow check --exit-code --json  # in a pipeline: 0 without a mistake, else 65
    """
    found = flow_files.examined(flow_files.named(paths or []))
    problems = [problem for each in found for problem in each.problems]
    if context().output.form in ("table", "plain"):
        for problem in problems:
            data(_line(problem))
    else:
        emit([problem.to_json() for problem in problems], CHECK_FIELDS)
    _summary(found)
    if any(each.errors for each in found) or (exit_code and problems):
        raise typer.Exit(INVALID)


def _line(problem: Problem) -> str:
    """`✗ flows/agenda.yaml:41:9  what is wrong; what would be right   PT-FLOW-TARGET`."""
    output = context().output
    is_error = problem.severity == "error"
    sign = ("error:" if is_error else "warn:") if is_ascii() else ("✗" if is_error else "⚠")
    sign = paint(sign, "error" if is_error else "warn", output.color_out)
    text = f"{clean(problem.place)}  {clean(problem.sentence, newlines=False)}"
    return f"{sign} {text}   {paint(problem.slug, 'dim', output.color_out)}"


def _summary(found: list[Examined]) -> None:
    errors = sum(len(each.errors) for each in found)
    warnings = sum(len(each.warnings) for each in found)
    parts = [ngettext("{count} file", "{count} files", len(found)).format(count=len(found))]
    parts.append(ngettext("{count} error", "{count} errors", errors).format(count=errors))
    parts.append(ngettext("{count} warning", "{count} warnings", warnings).format(count=warnings))
    say(", ".join(parts))


@app.command("schema")
def schema() -> None:
    """Prints the JSON Schema of a flow file, for editors that complete and check.

    $ pytake flow schema > flows/.schema.json
    """
    from pytake_cli.flow.schema import schema as schema_of_flows

    data(json.dumps(schema_of_flows(), ensure_ascii=False, indent=2))


@app.command("export")
def export(
    flow: File,
    form: Annotated[Literal["yaml", "json"], typer.Option("--format", help="yaml or json.")] = "yaml",
) -> None:
    """Prints a flow in its one canonical form: aliases written out, keys in the order of the reference.

    $ pytake flow export agenda > agenda.yaml
    $ pytake flow export agenda --json
    """
    from pytake_cli.flow import written

    found = flow_files.sound(flow_files.one(flow))
    if form == "json" or context().output.form == "json":
        data(json.dumps(written.plain(found), ensure_ascii=False, indent=2))
    else:
        data(written.yaml_text(found))


@app.command("diff")
def diff(
    old: Annotated[str, typer.Argument(metavar="OLD", help="A flow file or name.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="Another.")],
    exit_code: Annotated[bool, typer.Option("--exit-code", help="1 when something differs.")] = False,
) -> None:
    """Compares two flows by what they mean: steps, texts in each language, ways, and what answers they expect.

    $ pytake flow diff agenda agenda-sabado
    $ pytake flow diff old.yaml flows/agenda.yaml --json
    """
    from pytake_cli.flow.diff import diff as differences
    from pytake_cli.flow.diff import movable

    before, after = flow_files.sound(flow_files.one(old)), flow_files.sound(flow_files.one(new))
    changes = differences(before, after)
    rows: list[dict[str, Any]] = [{**change.to_json(), "sentence": change.sentence} for change in changes]
    if context().output.form in ("table", "plain"):
        data("".join(f"{clean(row['sentence'], newlines=False)}\n" for row in rows)) if rows else None
    else:
        emit(rows, DIFF_FIELDS)
    if not rows:
        say(_("nothing differs"))
    for name, step in before.steps.items():
        reason = movable(before, after, name) if step.waits else None
        if reason:
            say(_("who waits at {step} stays on the old version: {reason}").format(step=name, reason=_(reason)))
    if exit_code and rows:
        raise typer.Exit(1)
