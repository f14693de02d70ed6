"""`pytake flow simulate`: a chat with a flow, with a clock that can be put on, and no store or network."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from pytake_cli.cli import flow_files, times
from pytake_cli.cli.context import context
from pytake_cli.cli.output import say
from pytake_cli.cli.simulator import Mistake, Simulator
from pytake_cli.errors import InputNeeded, InvalidData, NotFound
from pytake_cli.flow.definition import Flow
from pytake_cli.flow.testing.player import Player, World
from pytake_cli.flow.testing.runner import Shelf
from pytake_cli.locale import own
from pytake_cli.services.business_hours import schedules

PROMPT = "{clock} › "


def simulate(
    flow: Annotated[str, typer.Argument(metavar="FILE|NAME", help="A flow file, or the name of a flow.")],
    script: Annotated[
        Path | None, typer.Option("--script", metavar="FILE", help="Lines to type, one after the other; - is stdin.")
    ] = None,
    name: Annotated[str, typer.Option("--name", help="The customer's name.")] = "Ana Souza",
    language: Annotated[
        str, typer.Option("--language", metavar="LANG", help="The customer's language; by default the flow's.")
    ] = "",
    at: Annotated[str, typer.Option("--at", metavar="WHEN", help="When the talk begins; by default now.")] = "",
    record: Annotated[
        Path | None, typer.Option("--record", metavar="FILE", help="Writes the talk as a test when it is over.")
    ] = None,
) -> None:
    """Chats with a flow: write as the customer would; lines that begin with : do the rest (:help).

    $ pytake flow simulate appointment
    $ pytake flow simulate flows/faq.yaml --language en --at "2026-12-01 20:00"
    $ printf 'agendar\\n2\\n:after 31m\\n' | pytake flow simulate appointment
    $ pytake flow simulate appointment --script talk.txt --record flows/appointment.test.yaml
    """
    path = flow_files.one(flow)
    found = flow_files.sound(path)
    simulator = Simulator(_player(path, found, name, language, at), path)
    if script is None and not context().no_input:
        simulator.greet()
        _chat(simulator)
    else:
        _play(simulator, script)
    if record is not None:
        simulator.record(record)


def _player(path: Path, flow: Flow, name: str, language: str, at: str) -> Player:
    here = context()
    now = times.instant(at, here.now, here.tz) if at else here.now
    beside = flow_files.examined(flow_files.files(path.parent) or [path])
    library = Shelf({each.flow.name: each.flow for each in beside if each.flow is not None} | {flow.name: flow})
    contact = {"name": name, "language": language or flow.language}
    tz = str(here.tz)
    stop_words = here.settings.flows.opt_out_words
    world = World(now=now, contact=contact, tz=tz, schedules=schedules(tz), stop_words=stop_words)
    return Player(flow, library, world)


def _chat(simulator: Simulator) -> None:
    """Reads what is typed, until :quit or the end of input."""
    try:
        import readline  # noqa: F401 - input() edits lines and remembers them once this is there
    except ImportError:
        pass  # Windows: input() edits lines by itself
    while not simulator.is_over:
        try:
            line = _typed(own(PROMPT.format(clock=simulator.clock)))
        except EOFError:
            return
        try:
            simulator.take(line)
        except Mistake as mistake:
            say(str(mistake))


def _typed(prompt: str) -> str:
    """One line; the prompt never goes where the results go."""
    if context().output.tty:
        return input(prompt)
    sys.stderr.write(prompt)
    sys.stderr.flush()
    return input()


def _play(simulator: Simulator, script: Path | None) -> None:
    """Plays a script; the first line that does not fit ends it."""
    for number, line in enumerate(_lines(script), 1):
        try:
            simulator.take(line, echo=True)
        except Mistake as mistake:
            raise InvalidData(
                "PT-FLOW-SCRIPT", "line {line}: {detail}", fix=":help", line=number, detail=str(mistake)
            ) from None
        if simulator.is_over:
            return


def _lines(script: Path | None) -> Iterator[str]:
    if script is None or str(script) == "-":
        if sys.stdin.isatty():
            raise InputNeeded("PT-INPUT", "there is nobody to type", fix="pytake flow simulate NAME --script FILE")
        yield from sys.stdin
        return
    if not script.is_file():
        raise NotFound("PT-FLOW-SCRIPT", "there is no script {path}", fix="--script FILE", path=str(script))
    yield from script.read_text(encoding="utf-8").splitlines()
