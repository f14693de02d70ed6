"""Flows: files that are checked, compared and published, and the sessions that walk through them.

$ pytake flow new agenda --template appointment
$ pytake flow check
$ pytake flow publish agenda -m "horários de sábado"
$ pytake flow stats agenda
"""

from __future__ import annotations

import json
from typing import Annotated, Literal

import typer

from pytake_cli.cli import (
    flow_compare,
    flow_explain,
    flow_files,
    flow_import,
    flow_new,
    flow_publish,
    flow_report,
    flow_show,
    flow_signal,
    flow_simulate,
    flow_start,
    flow_stats,
    flow_tests,
    flow_versions,
    flow_walking,
    flow_watch,
    flow_words,
)
from pytake_cli.cli.context import context
from pytake_cli.cli.output import data, emit, say
from pytake_cli.flow.check import Examined
from pytake_cli.flow.problems import FlowErrors
from pytake_cli.locale import ngettext

app = typer.Typer(add_completion=False, rich_markup_mode=None)
app.command("new")(flow_new.new)
app.command("list")(flow_versions.list_)
app.command("import")(flow_import.import_)
app.command("show")(flow_show.show)
app.command("graph")(flow_show.graph)
app.command("simulate")(flow_simulate.simulate)
app.command("test")(flow_tests.play)
app.command("watch")(flow_watch.watch)
app.command("diff")(flow_compare.diff)
app.command("publish")(flow_publish.publish)
app.command("versions")(flow_versions.versions)
app.command("rollback")(flow_publish.rollback)
app.command("enable")(flow_publish.enable)
app.command("disable")(flow_publish.disable)
app.command("start")(flow_start.start)
app.command("stats")(flow_stats.stats)
app.command("sessions")(flow_walking.sessions)
app.command("session")(flow_walking.session)
app.command("replay")(flow_walking.replay)
app.command("reset")(flow_walking.reset)
app.command("explain")(flow_explain.explain)
app.command("signal")(flow_signal.signal)

INVALID = FlowErrors.exit_code
Paths = Annotated[
    list[str] | None, typer.Argument(metavar="[FILE|FOLDER|NAME]...", help="Which; by default all of the project's.")
]
File = Annotated[str, typer.Argument(metavar="FILE|NAME", help="A flow file, a flow of the project, or agenda@2.")]

CHECK_FIELDS = {
    "path": "The file.",
    "line": "The line, from 1.",
    "column": "The column, from 1.",
    "severity": "error or warning.",
    "slug": "The kind of mistake: pytake errors SLUG.",
    "message": "What is wrong.",
    "fix": "What would be right.",
}


@app.command("check")
def check(
    paths: Paths = None,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Also 65 when there are only warnings.")] = False,
) -> None:
    """Finds all mistakes in flow files. Each has its place, what is wrong, and what would be right.

    $ pytake flow check
    $ pytake flow check flows/agenda.yaml flows/drafts
    $ pytake flow check --exit-code --json  # in a pipeline: 0 without a mistake, else 65
    """
    found = flow_files.examined(flow_files.named(paths or []))
    problems = [problem for each in found for problem in each.problems]
    if context().output.form in ("table", "plain"):
        for problem in problems:
            data(flow_report.problem_line(problem))
    else:
        emit([problem.to_json() for problem in problems], CHECK_FIELDS)
    _summary(found)
    if any(each.errors for each in found) or (exit_code and problems):
        raise typer.Exit(INVALID)


def _summary(found: list[Examined]) -> None:
    errors = sum(len(each.errors) for each in found)
    warnings = sum(len(each.warnings) for each in found)
    parts = [ngettext("{count} file", "{count} files", len(found)).format(count=len(found))]
    parts.append(ngettext("{count} error", "{count} errors", errors).format(count=errors))
    parts.append(ngettext("{count} warning", "{count} warnings", warnings).format(count=warnings))
    say(", ".join(parts))


@app.command("schema")
def schema(
    tests: Annotated[bool, typer.Option("--tests", help="Of test files instead.")] = False,
) -> None:
    """Prints the JSON Schema of flow files, for editors. With --tests, that of their tests.

    $ pytake flow schema > flows/.schema.json
    $ pytake flow schema --tests > flows/.tests.schema.json
    """
    if tests:
        from pytake_cli.flow.testing.schema import schema as schema_of_tests

        data(json.dumps(schema_of_tests(), ensure_ascii=False, indent=2))
        return
    from pytake_cli.flow.schema import schema as schema_of_flows

    data(json.dumps(schema_of_flows(), ensure_ascii=False, indent=2))


@app.command("export")
def export(
    flow: File,
    form: Annotated[Literal["yaml", "json"], typer.Option("--format", help="yaml or json.")] = "yaml",
) -> None:
    """Prints a flow in its one canonical form. Aliases are written out, keys are in the order of the reference.

    $ pytake flow export agenda > agenda.yaml
    $ pytake flow export agenda@2 > before.yaml
    $ pytake flow export agenda --json
    """
    from pytake_cli.flow import written

    found = flow_words.meant(flow).flow
    if form == "json" or context().output.form == "json":
        data(json.dumps(written.plain(found), ensure_ascii=False, indent=2))
    else:
        data(written.yaml_text(found))
