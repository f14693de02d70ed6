"""`pytake contact import`: lists of people out of spreadsheets; each row is taken, or kept with the reason why not."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from pytake_cli.cli import times
from pytake_cli.cli.changes import split
from pytake_cli.cli.context import context
from pytake_cli.cli.form import filled_in
from pytake_cli.cli.output import done, emit, say, warn
from pytake_cli.cli.progress import Progress
from pytake_cli.errors import InputNeeded, InvalidData, PartialFailure, WouldFail
from pytake_cli.locale import _, number

if TYPE_CHECKING:
    from pytake_cli.services.contact_import import Outcome, Wanted
    from pytake_cli.services.contact_import_files import Source
    from pytake_cli.store.imports import ContactImport

FIELDS = {
    "id": "number of the import",
    "source": "the file",
    "rows": "rows read",
    "new": "contacts made",
    "updated": "contacts changed",
    "same": "contacts that were like that already",
    "skipped": "contacts left as they are (--on-conflict skip)",
    "rejected": "rows not taken",
    "reasons": "how many were rejected for what",
    "first_rejects": "the first rejected rows",
    "stopped": "people who had stopped marketing and stay so, whatever the list says",
    "rejects": "file with the rejected rows",
    "resumed_at": "rows that were done before, when a stopped import goes on",
    "replayed": "true: the idempotency key was used before, and nothing was imported again",
    "columns": "what becomes of each column",
}
COLUMN_FIELDS = {
    "column": "column of the file",
    "becomes": "field of the contact; - is left out, ? has to be said by --map",
    "example": "first value",
    "note": "what is to be known about it",
}
BESIDES = ("file", "key", "rejects", "allow_partial")  # with others of these it is still the same import


@dataclass(frozen=True, slots=True)
class Given:
    """What the line says."""

    file: Annotated[str, typer.Argument(metavar="FILE|-", help="CSV, XLSX or JSONL; - reads stdin.")]
    form: Annotated[
        Literal["csv", "xlsx", "jsonl"] | None,
        typer.Option("--format", metavar="FORM", help="csv, xlsx or jsonl, where the file does not tell."),
    ] = None
    mapping: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="COLUMN=FIELD", help="What a column becomes; - leaves it out. Repeatable."),
    ] = None
    by: Annotated[
        str,
        typer.Option("--key", metavar="FIELD", help="What people are known by: phone, bsuid or an own field as cpf."),
    ] = "phone"
    on_conflict: Annotated[
        Literal["skip", "update", "fail"],
        typer.Option("--on-conflict", help="What is done about people who are there; fail rejects their rows."),
    ] = "update"
    tag: Annotated[
        list[str] | None, typer.Option("--tag", metavar="TAG", help="A tag for all of them. Repeatable.")
    ] = None
    segment: Annotated[
        str | None, typer.Option("--segment", metavar="NAME", help="A tag for all, and how to make a segment of it.")
    ] = None
    consent: Annotated[
        Literal["marketing"] | None, typer.Option("--consent", metavar="marketing", help="All of them agreed to it.")
    ] = None
    consent_source: Annotated[
        str, typer.Option("--consent-source", metavar="TEXT", help="Where they agreed: goes into the ledger.")
    ] = ""
    consent_date: Annotated[
        str | None, typer.Option("--consent-date", metavar="DATE", help="When they agreed, such as 2026-03-02.")
    ] = None
    country: Annotated[
        str | None, typer.Option("--country", metavar="CC", help="Of numbers without + and country code, such as BR.")
    ] = None
    rejects: Annotated[
        str | None, typer.Option("--rejects", metavar="FILE", help="Gets the rows not taken, with line and reason.")
    ] = None
    key: Annotated[
        str | None, typer.Option("--idempotency-key", metavar="KEY", help="The same key imports once only.")
    ] = None
    allow_partial: Annotated[bool, typer.Option("--allow-partial", help="Exits with 0 if rows were rejected.")] = False


@filled_in
def import_(given: Given) -> None:
    """Imports contacts from a list. People are found by phone, however it is written, and numbers stay as they are.

    With --key cpf they are found by that field first; rows whose phone is somebody else's are rejected.
    Unknown columns become fields. An import that was stopped goes on where it was when the command is given again.

    $ pytake contact import clientes.csv --dry-run
    $ pytake contact import clientes.csv --tag base-2026 --rejects rejeitados.csv
    $ pytake contact import clientes.xlsx --map "Fone 2=phone" --map "Obs=-" --on-conflict skip
    $ pytake contact import crm.csv --key cpf --map "Documento=f.cpf"
    $ pytake contact import - --consent marketing --consent-source "loja física" --consent-date 2026-03-02 < novos.csv
    """
    from pytake_cli.services import contact_import_files

    if given.file == "-" and sys.stdin.isatty():
        raise InputNeeded(
            "PT-INPUT-STDIN", "- reads a list from stdin, and that is this terminal", fix="… - < clientes.csv"
        )
    with contact_import_files.source(sys.stdin.buffer if given.file == "-" else Path(given.file), given.form) as source:
        wanted = _wanted(given, source)
        _tell_stops(source, wanted)
        if context().dry_run:
            _try_out(given, source, wanted)
        else:
            _import(given, source, wanted)


def _wanted(given: Given, source: Source) -> Wanted:
    from pytake_cli.policy.phones import is_country
    from pytake_cli.services import contact_import, contact_import_plan
    from pytake_cli.services.contact_import_chunk import Rules
    from pytake_cli.store.tags import name_of

    here = context()
    country = (given.country or here.org.country).upper()
    if not is_country(country):
        raise InvalidData("PT-ORG-COUNTRY", "there is no country {code}", fix="--country BR", code=country)
    mapping = dict(split(each) for each in given.mapping or ())
    key = contact_import_plan.key_named(given.by)
    with here.store.read(here.org_id) as db:
        columns = contact_import_plan.plan(db, here.org_id, source, mapping, country, key)
    when = times.past(given.consent_date, here.now, here.tz) if given.consent_date else None
    everybody = given.consent is not None
    rules = Rules(
        here.org_id,
        source.name,
        given.on_conflict,
        tuple(name_of(tag) for tag in (*(given.tag or ()), *([given.segment] if given.segment else ()))),
        everybody,
        given.consent_source,
        contact_import_plan.agreed_at(columns, everybody, given.consent_source, when, here.now),
        key,
    )
    return contact_import.Wanted(rules, tuple(columns), country, source.form == "csv")


def _try_out(given: Given, source: Source, wanted: Wanted) -> None:
    from pytake_cli.services import contact_import

    here = context()
    columns = _columns(source, wanted)
    if here.output.form in ("table", "plain"):
        _describe(source)
        emit(columns, COLUMN_FIELDS)
    progress = Progress("import --dry-run", source.about)
    outcome = contact_import.try_out(here.store, source, wanted, here.now, _follow(progress))
    progress.end()
    if here.output.form not in ("table", "plain"):
        emit({**outcome.row(), "rejects": None, "columns": columns}, FIELDS)
    _sum_up(outcome)
    if wanted.rules.consent_at is None:
        warn(_("no consent comes with this list: no marketing campaign reaches who is new in it (LGPD)"))
    say(_("nothing was changed (--dry-run)"))
    if outcome.counts["rejected"] and not given.allow_partial:
        raise WouldFail(
            "PT-IMPORT-REJECTED",
            "{count} rows would not be taken",
            fix="--rejects FILE, to have them with their reasons, or --allow-partial",
            count=outcome.counts["rejected"],
        )


def _describe(source: Source) -> None:
    parts = [_("{count} rows").format(count=number(source.about))]
    if source.form == "csv":
        from pytake_cli.policy.spreadsheets import DELIMITER_NAMES

        shown = DELIMITER_NAMES.get(source.delimiter, source.delimiter)
        parts += [_("separator {sign}").format(sign=f"«{shown}»"), source.encoding_name]
        parts.append(_("with a header") if source.has_header else _("without a header"))
    else:
        parts.append(source.form.upper())
    say(f"{source.name}: {', '.join(parts)}")


def _columns(source: Source, wanted: Wanted) -> list[dict[str, str]]:
    from pytake_cli.policy.import_columns import UNDECIDED
    from pytake_cli.services.contact_import_plan import examples

    rows = []
    for column, example in zip(wanted.columns, examples(source), strict=True):
        note = ""
        if column.new:
            note = _("new field ({type})").format(type=column.type)
        elif column.target == UNDECIDED:
            note = _("left out; --map '{column}=consent.marketing'?").format(column=column.header)
        elif column.target == "phone":
            note = _("read as +… of {country}").format(country=wanted.country)
        rows.append({"column": column.header, "becomes": column.target, "example": example, "note": note})
    return rows


def _tell_stops(source: Source, wanted: Wanted) -> None:
    """An export tells who stopped what, and a list cannot: what does it, then."""
    from pytake_cli.policy.import_columns import LEFT_OUT, STOPS
    from pytake_cli.services.contact_import_plan import examples

    for column, example in zip(wanted.columns, examples(source), strict=True):
        if column.header in STOPS and column.target == LEFT_OUT and example:
            warn(
                _("{column} does not come along: give the numbers that have one to {command}").format(
                    column=column.header, command=STOPS[column.header]
                )
            )


def _follow(progress: Progress) -> Any:
    def tell(counts: Counter[str]) -> None:
        progress.at(counts["rows"], new=counts["new"], updated=counts["updated"], rejected=counts["rejected"])

    return tell


def _import(given: Given, source: Source, wanted: Wanted) -> None:
    from pytake_cli.services import contact_import, contact_import_rejects
    from pytake_cli.store.tags import name_of

    here = context()
    said = {name: value for name, value in asdict(given).items() if name not in BESIDES}
    if said["by"] == "phone":
        del said["by"]  # as it was when there was nothing else: imports from then keep their digest
    digest = contact_import.digest_of(source, said)
    job = contact_import.begin(here.store, here.org_id, source, given.key, digest, here.now)
    rejects = Path(given.rejects) if given.rejects else None
    if rejects is not None:
        contact_import_rejects.check(rejects, source)
    if job.rows_done and job.state == "running":
        say(_("going on after row {row}").format(row=number(job.rows_done)))
    outcome = _run(source, wanted, job)
    if not outcome.replayed:
        contact_import.finish(here.store, here.org_id, source, outcome, rejects, here.now)
    written = str(rejects) if rejects and outcome.counts["rejected"] and not outcome.replayed else None
    if here.output.form not in ("table", "plain"):
        emit({**outcome.row(), "rejects": written}, FIELDS, default=[name for name in FIELDS if name != "columns"])
    _sum_up(outcome)
    if given.segment:
        query = f'tag = "{name_of(given.segment)}"'
        say(_("next: {command}").format(command=f"pytake segment create {given.segment} -w '{query}'"))
    if outcome.replayed:
        say(_("this key was used before: nothing was imported again"))
    elif outcome.counts["rejected"] and not given.allow_partial:
        raise PartialFailure(
            "PT-IMPORT-REJECTED",
            "{count} rows were not taken",
            why="they are in {file}, each with its reason" if written else "",
            fix="put them right and import that file" if written else "--rejects FILE, the next time",
            count=outcome.counts["rejected"],
            file=written,
        )


def _run(source: Source, wanted: Wanted, job: ContactImport) -> Outcome:
    from pytake_cli.services import contact_import

    here = context()
    progress = Progress(f"import {source.name}", source.about)
    try:
        return contact_import.run(here.store, source, wanted, job, here.now, _follow(progress))
    except KeyboardInterrupt:
        warn(_("stopped; the same command goes on where it was"))
        raise
    finally:
        progress.end()


def _reasons() -> dict[str, str]:
    """What rows are rejected for, in a word."""
    return {
        "phone": _("phone number"),
        "repeated": _("repeated"),
        "key": _("identity"),
        "value": _("value"),
        "columns": _("columns"),
        "exists": _("there already"),
        "deleted": _("deleted"),
        "erased": _("erased on request"),
        "unreadable": _("unreadable"),
    }


def _sum_up(outcome: Outcome) -> None:
    """`✓ 11,020 new, 1,204 changed, 96 the same, 111 rejected (104 phone, 7 repeated)`."""
    counts = outcome.counts
    words = (
        (_("{count} new"), "new"),
        (_("{count} changed"), "updated"),
        (_("{count} the same"), "same"),
        (_("{count} skipped"), "skipped"),
        (_("{count} rejected"), "rejected"),
    )
    told = ", ".join(text.format(count=number(counts[name])) for text, name in words if counts[name] or name == "new")
    called = _reasons()
    reasons = ", ".join(f"{number(count)} {called[name]}" for name, count in outcome.row()["reasons"].items())
    done(f"{told} ({reasons})" if reasons else told)
    for reject in outcome.rejects:
        say(_("line {line}: {reason}").format(line=reject.line, reason=reject.reason))
    if counts["stopped"]:
        warn(_("{count} had stopped marketing, and stay so").format(count=number(counts["stopped"])))
