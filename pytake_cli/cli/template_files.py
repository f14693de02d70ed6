"""Template files on disk: which there are, which a word names; `pytake template lint`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from pytake_cli import settings
from pytake_cli.cli import flow_report
from pytake_cli.cli.context import context
from pytake_cli.cli.flow_files import SUFFIXES, shown
from pytake_cli.cli.output import data, emit, say
from pytake_cli.errors import ConfigError, NotFound, PytakeError
from pytake_cli.flow.problems import near
from pytake_cli.flow.reader import MAX_BYTES
from pytake_cli.locale import _, ngettext
from pytake_cli.services import template_files, template_lint
from pytake_cli.services.template_files import TemplateErrors, Written

FOLDER = "templates"
LINT_FIELDS = {
    "path": "The file.",
    "line": "The line, from 1.",
    "column": "The column, from 1.",
    "severity": "error or warning.",
    "slug": "The kind of mistake: pytake errors SLUG.",
    "message": "What is wrong.",
    "fix": "What would be right.",
}


def folder() -> Path:
    """Where the project's templates are: beside its flows."""
    return settings.flows_folder().parent / FOLDER


def files(place: Path) -> list[Path]:
    """The template files of a folder and those below it."""
    return sorted(path for path in place.rglob("*") if path.suffix in SUFFIXES and path.is_file())


def named(words: list[str]) -> list[Path]:
    """The files that paths, folders and names stand for; all of the project's for none."""
    if words:
        return list(dict.fromkeys(path for word in words for path in _named(word)))
    found = files(folder()) if folder().is_dir() else []
    if not found:
        raise NotFound(
            "PT-TEMPLATE-NONE",
            "there is no template in {folder}",
            fix="pytake template pull --files",
            folder=shown(folder()),
        )
    return found


def _named(word: str) -> list[Path]:
    path = Path(word)
    if path.is_dir():
        return files(path)
    if path.is_file():
        return [path]
    known = files(folder()) if folder().is_dir() else []
    found = [each for each in known if word in (each.stem, each.stem.partition(".")[0])]
    if found:
        return found
    meant = near(word, [each.stem for each in known])
    raise NotFound(
        "PT-TEMPLATE-NONE",
        "there is no template file {word}",
        why="did you mean {meant}?" if meant else "",
        fix="pytake template lint",
        word=word,
        meant=meant,
    )


def read(path: Path) -> bytes:
    """What a file holds, no more than one may."""
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)


def usable(path: Path) -> Written:
    """A file without mistakes; TemplateErrors else."""
    return template_files.usable(read(path), path, shown(path))


def prices() -> template_lint.Prices:
    """Of the organisation if there is one, else what ships, for Brazil."""
    from pytake_cli.policy.pricing import Table
    from pytake_cli.services import prices

    here = context()
    on = here.now.date().isoformat()
    try:
        with here.store.read(here.org_id) as db:
            return template_lint.Prices(prices.table(db, here.org_id), here.org.country, on)
    except (ConfigError, PytakeError):
        return template_lint.Prices(Table.of(prices.shipped()), "BR", on)


def lint(
    paths: Annotated[
        list[str] | None,
        typer.Argument(metavar="[FILE|FOLDER|NAME]...", help="Which; by default all in templates/."),
    ] = None,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Also 65 when there are only warnings.")] = False,
) -> None:
    """Checks template files against all of Meta's rules and says what a message costs. Each mistake has its place.

    Words that read like advertising in a UTILITY template are a warning with both prices: Meta files it as MARKETING,
    whatever the file says.

    $ pytake template lint
    $ pytake template lint templates/confirmacao_pedido.pt_BR.yaml
    $ pytake template lint --exit-code --json  # in a pipeline: 0 without a word, else 65
    """
    costs = prices()
    found = template_lint.examine(((read(path), path, shown(path)) for path in named(paths or [])), costs)
    problems = [problem for each in found for problem in sorted(each.problems, key=lambda one: (one.line, one.column))]
    if context().output.form in ("table", "plain"):
        for problem in problems:
            data(flow_report.problem_line(problem))
    else:
        emit([problem.to_json() for problem in problems], LINT_FIELDS)
    for each in found:
        _tell_price(each, costs)
    errors = sum(len(each.errors) for each in found)
    parts = [ngettext("{count} file", "{count} files", len(found)).format(count=len(found))]
    parts.append(ngettext("{count} error", "{count} errors", errors).format(count=errors))
    warnings = len(problems) - errors
    parts.append(ngettext("{count} warning", "{count} warnings", warnings).format(count=warnings))
    say(", ".join(parts))
    if errors or (exit_code and problems):
        raise typer.Exit(TemplateErrors.exit_code)


def _tell_price(written: Written, costs: template_lint.Prices) -> None:
    values: dict[str, Any] = {"path": written.path, "category": written.draft.get("category", "")}
    price = costs.of(str(values["category"]))
    if price is not None:
        text = _("{path}: {category}, about {price} a message in {country}")
        say(text.format(**values, price=price, country=costs.country))
