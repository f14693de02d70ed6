"""Results of tests and their coverage as a person reads them, at 80 columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from pytake_cli.cli.context import context
from pytake_cli.cli.folding import columns, cut, fold
from pytake_cli.cli.output import paint
from pytake_cli.flow.positions import Positions
from pytake_cli.flow.problems import Problem
from pytake_cli.flow.testing.coverage import KINDS, Coverage, Point
from pytake_cli.flow.testing.coverage import percent as percent_of
from pytake_cli.flow.testing.runner import Ran, Result
from pytake_cli.flow.testing.talk import Entry
from pytake_cli.locale import _, is_ascii, language, ngettext, own
from pytake_cli.text import clean

LATEST = 12  # lines of a talk before the one that failed
WHO = 9  # columns
# who does something in a talk, and what can be walked
WORDS = ("customer", "bot", "call", "time", "person", "outside", *KINDS)


def results(ran: Iterable[Ran], *, width: int, color: bool) -> str:
    """A line for each file, then each test that failed with its talk."""
    files = list(ran)
    lines = [line for one in files for line in _file(one, color)]
    for one in files:
        for result in one.failed:
            lines += ["", *_failure(result, width, color)]
    return "\n".join(lines) + "\n" if lines else ""


def problem_line(problem: Problem, color: bool | None = None) -> str:
    """`✗ flows/agenda.yaml:41:9  what is wrong; what would be right   PT-FLOW-TARGET`."""
    on = context().output.color_out if color is None else color
    sign = _sign("error" if problem.severity == "error" else "warn", on)
    text = f"{clean(problem.place)}  {clean(problem.sentence, newlines=False)}"
    return f"{sign} {text}   {paint(problem.slug, 'dim', on)}"


def _file(ran: Ran, color: bool) -> Iterator[str]:
    for problem in ran.problems:
        yield problem_line(problem, color)
    if ran.errors:
        return
    failed = len(ran.failed)
    passed = len(ran.results) - failed
    parts = [ngettext("{count} passed", "{count} passed", passed).format(count=passed)]
    if failed:
        parts.append(ngettext("{count} failed", "{count} failed", failed).format(count=failed))
    yield f"{_sign('error' if failed else 'ok', color)} {clean(ran.path)}  {', '.join(parts)}"


def _sign(kind: str, color: bool) -> str:
    signs = {"ok": "ok:", "warn": "warn:", "error": "error:"} if is_ascii() else {"ok": "✓", "warn": "⚠", "error": "✗"}
    return paint(signs[kind], kind, color)


def _failure(result: Result, width: int, color: bool) -> Iterator[str]:
    head = f"{clean(result.place)}  {clean(result.name, newlines=False)} ({result.played.language})"
    yield f"{_sign('error', color)} {paint(head, 'heading', color)}"
    yield "  " + fold(clean(result.played.problem), width - 2, "  ")
    talk = result.played.transcript
    shown = talk[-LATEST:]
    if len(talk) > len(shown):
        yield paint(own(f"    … {len(talk) - len(shown)}"), "dim", color)
    for entry in shown:
        yield from _entry(entry, width, color)


def _entry(entry: Entry, width: int, color: bool) -> Iterator[str]:
    """`  - 10:00 bot       words of the bot [geral] [odonto]  welcome`."""
    role = {"-": "error", "+": "ok"}.get(entry.sign, "")
    head = f"  {entry.sign or ' '} {entry.at:%H:%M} {cut(_(entry.who), WHO).ljust(WHO)} "
    words = clean(entry.text) + "".join(f" [{clean(each)}]" for each in entry.options)
    lines = [part for line in words.split("\n") for part in fold(line, width - columns(head)).split("\n")]
    for number, line in enumerate(lines):
        text = (head if number == 0 else " " * columns(head)) + line
        if number == 0 and entry.step and columns(text) + len(entry.step) + 2 <= width:
            step = paint(entry.step, "dim", color)
            yield f"{paint(text, role, color and bool(role))}  {step}".rstrip()
        else:
            yield paint(text.rstrip(), role, color and bool(role))


def coverage(
    covered: Iterable[Coverage],
    paths: Mapping[str, str],
    positions: Mapping[str, Positions],
    *,
    width: int,
    color: bool,
) -> str:
    """A line for each flow, then everything that no test has walked, with its place."""
    lines = []
    for each in covered:
        counts = [(kind, *each.count(kind)) for kind in KINDS]
        told = "  ".join(f"{_(kind)} {walked}/{total}" for kind, walked, total in counts if total)
        is_whole = not each.missing
        head = f"{_sign('ok' if is_whole else 'warn', color)} {paint(each.flow, 'heading', color)}  "
        lines.append(f"{head}{percent(each.percent)} %  {paint(told, 'dim', color)}")
        for point in each.told:
            line, column = positions[each.flow].key(point.path)
            lines.append(
                "  " + fold(f"{clean(paths[each.flow])}:{line}:{column}  {sentence(point)}", width - 2, "    ")
            )
    return "\n".join(lines) + "\n" if lines else ""


def sentence(point: Point) -> str:
    """What no test has done, in words."""
    template = {
        "step": _("{step}: no test comes here"),
        "way": _("{step}: {name} → {target}") if point.step else _("{name} → {target}"),
        "choice": _("{step}: nobody chooses {name}"),
        "error": _("{step}: {name} → {target}") if point.step else _("{name} → {target}"),
        "language": _("{step}: never said in {name}"),
        "trigger": _("no test begins by {name}"),
        "interrupt": _("nobody says {name}, which leads to {target}"),
    }[point.kind]
    return own(template.format(step=point.step, name=clean(point.name), target=point.target))


def summary(ran: Iterable[Ran], covered: list[Coverage]) -> str:
    """`6 files, 84 tests, 0 failed, 100 % walked`."""
    files = list(ran)
    total = sum(len(one.results) for one in files)
    failed = sum(len(one.failed) for one in files)
    parts = [
        ngettext("{count} file", "{count} files", len(files)).format(count=len(files)),
        ngettext("{count} test", "{count} tests", total).format(count=total),
        ngettext("{count} failed", "{count} failed", failed).format(count=failed),
    ]
    if covered:
        parts.append(_("{percent} % walked").format(percent=percent(percent_of(covered))))
    return ", ".join(parts)


def percent(value: float) -> str:
    """`100` or `93.4`, as the language writes it."""
    text = f"{value:.1f}".removesuffix(".0")
    return text if language() == "en" else text.replace(".", ",")
