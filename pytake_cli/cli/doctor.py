"""`pytake doctor`: everything that can be wrong, each with its fix."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlmodel import select

from pytake_cli import __version__, log, secrets, settings, telling
from pytake_cli.cli.checks import home, network
from pytake_cli.cli.checks import store as store_checks
from pytake_cli.cli.checks.finding import Finding, error
from pytake_cli.cli.context import Context, context
from pytake_cli.cli.forms import fraction, local
from pytake_cli.cli.output import data, done, emit, paint, say
from pytake_cli.errors import NotFound, PytakeError, UsageError
from pytake_cli.locale import _, is_ascii, ngettext, own
from pytake_cli.services import numbers, overview
from pytake_cli.store import Store, sqlite
from pytake_cli.store.logins import Credential
from pytake_cli.store.numbers import Number

FIELDS = {
    "check": "What was looked at.",
    "state": "ok, warning, error or skipped.",
    "message": "What was seen.",
    "slug": "For pytake errors SLUG.",
    "fix": "What to do.",
    "fixed": "Whether --fix has done it.",
}
SIGNS = {"ok": "✓", "warn": "⚠", "error": "✗", "dim": "·"}
WORDS = {"ok": "ok:   ", "warn": "warn: ", "error": "error:", "dim": "-     "}
GLYPHS = {"ok": "ok", "warning": "warn", "error": "error", "skipped": "dim"}


class Patient:
    """What the checks look at, read once; what cannot be read is None or empty, and a check says why."""

    def __init__(self, here: Context) -> None:
        self.here = here
        self.problem: PytakeError | None = None
        self.rows: list[Number] = []
        self.view: overview.Overview | None = None
        self.hashes: list[str] = []  # of passwords
        self.limits: list[tuple[Number, numbers.Limits]] = []
        file = self.store_file()
        if file is not None and not file.exists():  # opening it would make it
            self.problem = NotFound("PT-STORE-NONE", "there is no store at {path}", fix="pytake init", path=str(file))
            return
        try:
            org_id = here.org_id
            with here.store.read(org_id) as db:
                self.rows = [row for row in numbers.listed(db, org_id) if row.status != numbers.REMOVED]
                self.view = overview.of(db, org_id, here.now)
                self.hashes = [each for each in db.exec(select(Credential.password)) if each]
                self.limits = [(row, numbers.limits(db, row, here.now)) for row in self.rows]
        except PytakeError as problem:
            self.problem = problem

    def store_file(self) -> Path | None:
        url = self.here.settings.store.url
        return Path(url.removeprefix("sqlite:///")) if url.startswith("sqlite:///") else None


def _config(patient: Patient) -> Iterator[Finding]:
    yield from home.check_config()


def _store(patient: Patient) -> Iterator[Finding]:
    if patient.problem is not None and patient.problem.slug == "PT-STORE-NONE":
        problem = patient.problem
        yield error(problem.slug, problem.message, check="store", fix=problem.fix, **problem.values)
        return
    store: Store | None = None
    try:
        store = Store(secrets.fill(patient.here.settings.store.url))
        yield from store_checks.check_store(store)
    except PytakeError as problem:
        yield error(problem.slug, problem.message, check="store", fix=problem.fix, **problem.values)
    finally:
        if store is not None:
            store.close()


def _files(patient: Patient) -> Iterator[Finding]:
    yield from home.check_files(patient.store_file())


def _secrets(patient: Patient) -> Iterator[Finding]:
    yield from home.check_secrets(patient.rows)
    yield from home.check_pepper(patient.hashes)


def _daemon(patient: Patient) -> Iterator[Finding]:
    yield from network.check_daemon()


def _meta(patient: Patient) -> Iterator[Finding]:
    if patient.view is None:
        yield home.not_looked_at("meta", patient.problem)
    elif not patient.rows:
        yield home.no_number()
    else:
        yield from network.check_meta(patient.rows, patient.view, patient.here.now)
        for row, used in patient.limits:
            yield from network.check_limits(row, used)


def _queue(patient: Patient) -> Iterator[Finding]:
    if patient.view is None:
        yield home.not_looked_at("queue", patient.problem)
    else:
        yield from store_checks.check_queue(patient.view, patient.here.now)


def _clock(patient: Patient) -> Iterator[Finding]:
    yield from network.check_clock()


def _terminal(patient: Patient) -> Iterator[Finding]:
    yield from home.check_terminal()


# what --only names -> the check; `meta` also looks at the webhook and the numbers, which are asked in one go
CHECKS: dict[str, Callable[[Patient], Iterator[Finding]]] = {
    "config": _config,
    "store": _store,
    "files": _files,
    "secrets": _secrets,
    "daemon": _daemon,
    "meta": _meta,
    "queue": _queue,
    "clock": _clock,
    "terminal": _terminal,
}
# where settings and secrets come from, as words of a sentence
SOURCES = (
    *("flag", "environment", "project", "profile", "user", "system", "default", "defaults"),
    *("keyring", "sealed file", "systemd", "file"),
)
PARTS = {"webhook": "meta", "number": "meta"}


def doctor(
    only: Annotated[str | None, typer.Option(metavar="A,B", help="Only these checks.")] = None,
    fix: Annotated[bool, typer.Option("--fix", help="Mends what can be mended without asking.")] = False,
    report: Annotated[str | None, typer.Option(metavar="FILE", help="Writes a report without secrets.")] = None,
) -> None:
    """Checks everything that can be wrong, each with its fix. Exit code 1: something must be done.

    The checks: config, store, files, secrets, daemon, meta, webhook, number, queue, clock, terminal.

    $ pytake doctor
    $ pytake doctor --only store,secrets --json
    $ pytake doctor --fix --report doctor.txt
    """
    here = context()
    wanted = _wanted(only)
    patient = Patient(here)
    say(f"PyTake {__version__} {own('·')} {local(here.now, here.tz)}")
    findings: list[tuple[Finding, bool]] = []
    for name in dict.fromkeys(PARTS.get(each, each) for each in wanted):
        for finding in CHECKS[name](patient):
            if finding.check in wanted or name in wanted:
                findings.append((finding, _mend(finding) if fix and not here.dry_run else False))
    _show(findings)
    if report:
        _write_report(Path(report), findings)
    errors = sum(finding.state == "error" and not fixed for finding, fixed in findings)
    warnings = sum(finding.state == "warning" and not fixed for finding, fixed in findings)
    mendable = any(finding.mend is not None and not fixed for finding, fixed in findings)
    if not errors + warnings:
        done(_("all is well"))
        return
    told = [
        ngettext("{count} error", "{count} errors", errors).format(count=errors),
        ngettext("{count} warning", "{count} warnings", warnings).format(count=warnings),
    ]
    hint = _(" · mend what can be mended: pytake doctor --fix") if mendable and not fix else ""
    say(", ".join(told) + hint)
    if errors:
        raise typer.Exit(1)


def _wanted(only: str | None) -> list[str]:
    known = [*CHECKS, *PARTS]
    if only is None:
        return known
    wanted = [name.strip() for name in only.split(",") if name.strip()]
    for name in wanted:
        if name not in known:
            raise UsageError(
                "PT-DOCTOR-CHECK",
                "there is no check {name}; there are {known}",
                fix="pytake doctor -h",
                name=name,
                known=", ".join(known),
            )
    return wanted


def _mend(finding: Finding) -> bool:
    if finding.mend is None or finding.state not in ("warning", "error"):
        return False
    try:
        finding.mend()
    except (PytakeError, OSError) as problem:
        say(_("could not mend it: {reason}").format(reason=problem))
        return False
    return True


def _show(findings: list[tuple[Finding, bool]]) -> None:
    here = context()
    if here.output.form != "table":
        emit([_row(finding, fixed) for finding, fixed in findings], FIELDS, default=tuple(FIELDS))
        return
    width = max((len(_(finding.check)) for finding, _fixed in findings), default=0)
    for finding, fixed in findings:
        kind = "ok" if fixed else GLYPHS[finding.state]
        glyph = paint((WORDS if is_ascii() else SIGNS)[kind], kind, here.output.color_out)
        text = _(finding.text).format(**{name: _word(value) for name, value in finding.values.items()})
        slug = f"   {finding.slug}" if finding.state in ("warning", "error") else ""
        data(f"{glyph} {_(finding.check).ljust(width)}  {_clean(text)}{slug}")
        if fixed:
            data(f"  {'':<{width}}  {_('mended')}")
        elif finding.fix:
            data(f"  {'':<{width}}  {own('→')} {_clean(finding.advice())}")


def _word(value: Any) -> Any:
    """What a finding names, in the language of this process where it is a word of ours."""
    match value:
        case PytakeError():
            return telling.texts(value)[0]
        case float():
            return fraction(value)
        case str() if value.partition(" ")[0] in SOURCES and value not in SOURCES:  # `environment PYTAKE_…`
            return f"{_(value.partition(' ')[0])} {value.partition(' ')[2]}"
        case str():
            return ", ".join(_(part) if part in SOURCES else part for part in value.split(", "))
        case _:
            return value


def _clean(text: str) -> str:
    from pytake_cli.text import clean

    return clean(text, newlines=False)


def _row(finding: Finding, fixed: bool) -> dict[str, Any]:
    return {
        "check": finding.check,
        "state": finding.state,
        "message": finding.message(),
        "slug": finding.slug or None,
        "fix": finding.advice() or None,
        "fixed": fixed,
    }


def _write_report(path: Path, findings: list[tuple[Finding, bool]]) -> None:
    """Versions, layers and findings; no values of settings, and nothing that looks like a secret."""
    lines = [
        f"PyTake {__version__} · Python {platform.python_version()} · {platform.platform()}",
        f"SQLite {sqlite.driver().sqlite_version}",
        f"layers: {', '.join(layer.kind for layer in settings.layers() if layer.values)}",
        f"store: {settings.current().store.url.partition(':')[0]}",
        f"variables: {', '.join(sorted(name for name in os.environ if name.startswith('PYTAKE_')))}",
        "",
        *(
            f"{finding.state:<8} {finding.check:<9} {finding.message()} {finding.slug}".rstrip()
            for finding, _fixed in findings
        ),
    ]
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(log.redact("\n".join(lines)) + "\n")
    done(_("the report is in {path}").format(path=path))
