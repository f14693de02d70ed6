"""`pytake flow new`: a flow file to begin with, and its tests beside it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from pytake_cli.cli import flow_files
from pytake_cli.cli.context import context
from pytake_cli.cli.output import done, say
from pytake_cli.errors import Conflict, InvalidData, NotFound
from pytake_cli.flow.check import examine_all
from pytake_cli.flow.problems import near
from pytake_cli.locale import _, language
from pytake_cli.services import flow_settings

NAME = re.compile(r"[a-z0-9-]{1,40}")
_PLACES = (Path(__file__).parents[1] / "shipped", Path(__file__).parents[2] / "flows")  # installed, or a checkout

_FLOW = """\
name: {name}
title: {title}
language: {language}
triggers:
  - keyword: [{name}]
expires: 24h
vars:
  subject: {{type: text}}
start: welcome
on:
  - keyword: [{person}]
    goto: human
on_error: human
steps:
  welcome:
    ask: "{hello}"
    choices:
      hours: {hours}
      human: {{title: {talk}, goto: human}}
    save: subject
    on_invalid: human
    timeout: 30m
    on_timeout: bye
    next: answer
  answer:
    say: "{answer}"
    next: bye
  bye:
    end: answered
    text: "{bye}"
  human:
    handoff:
    text: "{moment}"
"""
_TEST = """\
flow: {name}
tests:
  {told}:
    talk:
      - customer: {name}
      - bot: {{choices: [hours, human]}}
      - customer: {{choice: hours}}
      - bot: "{answer}"
      - bot: "{bye}"
    expect: {{outcome: answered, vars: {{subject: hours}}}}
  {calls}:
    talk:
      - customer: {name}
      - bot: {{choices: [hours, human]}}
      - customer: {{choice: human}}
      - bot: "{moment}"
      - person: closes
      - customer: {name}
      - bot: {{}}
      - customer: {person}
      - bot: "{moment}"
    expect: {{outcome: handoff}}
  {odd}:
    talk:
      - customer: {name}
      - bot: {{}}
      - customer: {{sticker: true}}
      - bot: {{}}
      - customer: "?"
      - bot: {{}}
      - customer: "???"
      - bot: "{moment}"
    expect: {{outcome: handoff}}
  {silence}:
    talk:
      - customer: {name}
      - bot: {{}}
      - after: 31m
      - bot: "{bye}"
    expect: {{outcome: answered}}
"""
_WORDS = {
    "pt-BR": {
        "title": "Atendimento",
        "person": "atendente",
        "hello": "Olá, {{ contact.first_name | default('tudo bem') }}! Como posso ajudar?",
        "hours": "Horários",
        "talk": "Falar com alguém",
        "answer": "Abrimos de segunda a sexta, das 9h às 18h.",
        "bye": "Até logo!",
        "moment": "Um momento, alguém já vem.",
        "told": "diz os horários",
        "calls": "chama alguém, pela opção ou pela palavra",
        "odd": "chama alguém depois de três respostas que não entende",
        "silence": "despede-se de quem não responde",
    },
    "en": {
        "title": "Service",
        "person": "agent",
        "hello": "Hello {{ contact.first_name | default('there') }}! How can I help?",
        "hours": "Opening hours",
        "talk": "Talk to someone",
        "answer": "We are open Monday to Friday, 9 to 18.",
        "bye": "Goodbye!",
        "moment": "One moment, somebody is coming.",
        "told": "tells the hours",
        "calls": "calls somebody, by the choice or by the word",
        "odd": "calls somebody after three answers that it does not understand",
        "silence": "says goodbye to who does not answer",
    },
}


def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Small letters, digits and hyphens.")],
    template: Annotated[
        str | None,
        typer.Option("--template", "--from", metavar="NAME", help="A flow that ships with PyTake, to begin with."),
    ] = None,
) -> None:
    """Begins a flow: its file and its tests, ready to be changed.

    $ pytake flow new agenda --template appointment
    $ pytake flow new duvidas
    """
    if not NAME.fullmatch(name):
        raise InvalidData(
            "PT-FLOW-SLUG",
            "{name} is no name for a flow",
            why="it has small letters, digits and hyphens, at most 40",
            fix="pytake flow new agenda",
            name=name,
        )
    path = flow_files.folder() / f"{name}.yaml"
    tests = path.with_name(f"{name}.test.yaml")
    for each in (path, tests):
        if each.exists():
            there = flow_files.shown(each)
            raise Conflict("PT-FLOW-EXISTS", "{path} is there already", fix="pytake flow list", path=there)
    texts = _copied(template, name) if template else _begun(name)
    if not context().dry_run:
        path.parent.mkdir(parents=True, exist_ok=True)
        for each, text in zip((path, tests), texts, strict=True):
            if text:
                each.write_text(text, encoding="utf-8")
    done(_("{path} begun").format(path=flow_files.shown(path)))
    say(_("next: change it, then pytake flow check {name}").format(name=name))
    for todo in _first(texts[0]):
        say(_("before pytake flow publish {name}: {todo}").format(name=name, todo=todo))


def _first(flow: str) -> list[str]:
    """What the settings need before the flow can be published: business hours that nobody has set."""
    examined = examine_all({"new": flow.encode()}, flow_settings.around())
    return [each.fix for one in examined for each in one.problems if each.slug == "PT-FLOW-SCHEDULE"]


def _begun(name: str) -> tuple[str, str]:
    words = _WORDS[language()]
    return _FLOW.format(name=name, language=language(), **words), _TEST.format(name=name, **words)


def templates() -> dict[str, Path]:
    """The flows that ship, by name."""
    found: dict[str, Path] = {}
    for place in reversed(_PLACES):
        if place.is_dir():
            found |= {path.stem: path for path in flow_files.files(place)}
    return found


def _copied(template: str, name: str) -> tuple[str, str]:
    known = templates()
    if template not in known:
        meant = near(template, known)
        raise NotFound(
            "PT-FLOW-SHIPPED",
            "there is no template {template}",
            why="did you mean {meant}?" if meant else "there are {known}" if known else "",
            fix="pytake flow new {name}",
            template=template,
            meant=meant,
            known=", ".join(known),
            name=name,
        )
    path = known[template]
    tests = path.with_name(f"{path.stem}.test.yaml")
    flow = re.sub(r"(?m)^name:.*$", f"name: {name}", path.read_text(encoding="utf-8"), count=1)
    test = tests.read_text(encoding="utf-8") if tests.is_file() else ""
    return flow, re.sub(r"(?m)^flow:.*$", f"flow: {name}", test, count=1)
