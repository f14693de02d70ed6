"""`pytake flow watch`: checks and tests flows whenever a file of theirs is saved."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

import typer

from pytake_cli import clock
from pytake_cli.cli import flow_files, flow_report
from pytake_cli.cli.context import context
from pytake_cli.cli.flow_tests import Suite
from pytake_cli.cli.output import data, row_stream, say
from pytake_cli.errors import NotFound, PytakeError
from pytake_cli.flow.testing.runner import Ran
from pytake_cli.locale import _, own

FIELDS = {
    "at": "When it was looked at.",
    "path": "The file.",
    "errors": "Mistakes in it.",
    "warnings": "Things that may be looked at.",
    "passed": "Tests that passed.",
    "failed": "Tests that failed.",
}
QUIET_MS = 100  # editors save in several steps


def watch(
    folder: Annotated[
        Path | None, typer.Argument(metavar="[FOLDER]", help="Where; by default the project's flows.")
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="Looks once, and not again at every save.")] = False,
) -> None:
    """Checks and tests flows whenever one is saved. Now as well, and until Ctrl-C.

    $ pytake flow watch
    $ pytake flow watch flows/drafts --jsonl
    """
    place = folder or flow_files.folder()
    if not place.is_dir():
        where = flow_files.shown(place)
        raise NotFound("PT-FLOW-NONE", "there is no flow in {folder}", fix="pytake flow new", folder=where)
    look(place, [])
    if once:
        return
    say(_("watching {folder}; Ctrl-C ends it").format(folder=flow_files.shown(place)))
    for paths in _saved(place):
        look(place, paths)


def _saved(place: Path) -> Iterator[list[Path]]:
    """The flow files and tests of each save."""
    from watchfiles import DefaultFilter
    from watchfiles import watch as changes

    stop = threading.Event()
    before = signal.getsignal(signal.SIGTERM)
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, lambda *_signal: stop.set())
    try:
        for changed in changes(
            place, watch_filter=DefaultFilter(), stop_event=stop, debounce=QUIET_MS, raise_interrupt=True
        ):
            paths = sorted({Path(path) for _change, path in changed if path.endswith(flow_files.SUFFIXES)})
            if paths:
                yield paths
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, before)


def look(place: Path, saved: Iterable[Path]) -> None:
    """Checks and tests what was saved, and all at the beginning; a file that is gone is not missed."""
    output = context().output
    words = _concerned(place, saved)
    try:
        flows = flow_files.named(words)
        suite = Suite(words)
    except PytakeError as error:
        say(error.message.format(**error.values))
        return
    examined = [each for each in suite.examined.values() if any(flow_files.shown(path) == each.path for path in flows)]
    ran = suite.run()
    if output.form not in ("table", "plain"):
        _rows(suite, ran)
        return
    say(own(f"── {clock.now().astimezone(context().tz):%H:%M:%S}  ") + ", ".join(path.name for path in flows))
    for problem in (problem for each in examined for problem in each.problems):
        data(flow_report.problem_line(problem))
    sound = [one for one in ran if not one.errors or one.path in {problem.path for problem in one.errors}]
    if text := flow_report.results(sound, width=min(output.width, 100), color=output.color_out):
        data(text)
    say(flow_report.summary(ran, []))


def _concerned(place: Path, saved: Iterable[Path]) -> list[str]:
    """The flows that a save is about: itself, or the one beside a test; all where that is not plain."""
    words = []
    for path in saved:
        flow = path
        for suffix in flow_files.TESTS:
            if path.name.endswith(suffix):
                flow = path.with_name(path.name.removesuffix(suffix) + suffix.removeprefix(".test"))
        if not flow.is_file():
            return [str(place)]
        words.append(str(flow))
    return list(dict.fromkeys(words)) or [str(place)]


def _rows(suite: Suite, ran: list[Ran]) -> None:
    write = row_stream(FIELDS)
    by_flow = {one.flow: one for one in ran}
    for name, each in suite.examined.items():
        one = by_flow.get(name)
        failed = len(one.failed) if one else 0
        write(
            {
                "at": clock.now(),
                "path": each.path,
                "errors": len(each.errors) + (len([p for p in one.errors if p.path == one.path]) if one else 0),
                "warnings": len(each.warnings),
                "passed": (len(one.results) - failed) if one else 0,
                "failed": failed,
            }
        )
