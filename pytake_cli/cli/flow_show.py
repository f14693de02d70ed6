"""`pytake flow show` and `graph`: a flow to read and to look at."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer

from pytake_cli.cli import flow_words
from pytake_cli.cli.context import context
from pytake_cli.cli.output import data, emit, page, paint, say
from pytake_cli.flow import graph as graphs
from pytake_cli.flow.check import Examined
from pytake_cli.flow.definition import Flow
from pytake_cli.flow.gist import clip, duration, gist, trigger_label, way_label
from pytake_cli.locale import _, is_ascii
from pytake_cli.text import clean

File = Annotated[str, typer.Argument(metavar="FILE|NAME", help="A flow file, a flow of the project, or agenda@2.")]
SHOW_FIELDS = {
    "step": "Its name.",
    "verb": "What it does.",
    "says": "Its first words, or what it is about.",
    "ways": "Where it goes: kind and target of each.",
    "note": "The author's comment.",
}
WIDTH = 80


def row(examined: Examined) -> dict[str, Any]:
    """One file for `flow list`."""
    flow = examined.reading.flow
    return {
        "name": flow.name if flow else None,
        "title": flow.title if flow else None,
        **(facts(flow) if flow else {"starts": None, "steps": 0, "languages": []}),
        "errors": len(examined.errors),
        "warnings": len(examined.warnings),
        "path": examined.path,
    }


def facts(flow: Flow) -> dict[str, Any]:
    """What lists tell of a definition."""
    starts = "; ".join(map(trigger_label, flow.triggers))
    return {"starts": starts, "steps": len(flow.steps), "languages": languages(flow)}


def languages(flow: Flow) -> list[str]:
    """Every language that the flow speaks, its own first."""
    found = {
        language: None
        for step in flow.steps.values()
        for spoken in step.spoken()
        for language, _template in spoken.text.templates()
        if language
    }
    return list(dict.fromkeys((flow.language, *found)))


def show(
    flow: File,
    version: Annotated[str | None, typer.Option("--version", metavar="N", help="A published version of it.")] = None,
) -> None:
    """Shows a flow as an outline. What starts it, its variables, its steps and where each leads.

    $ pytake flow show agenda
    $ pytake flow show agenda --version 2  # or agenda@2
    $ pytake flow show flows/agenda.yaml --json
    """
    wanted = f"{flow_words.name_of(flow)}@{version}" if version is not None else flow
    found = flow_words.meant(wanted, checked=False).flow
    if context().output.form in ("table", "plain"):
        page(outline(found, min(context().output.width, 100), color=context().output.color_out))
        return
    rows = [
        {
            "step": name,
            "verb": step.verb,
            "says": gist(step, found.language),
            "ways": [f"{way_label(way) or 'next'} → {way.target or 'end'}" for way in step.ways()],
            "note": step.note or None,
        }
        for name, step in found.steps.items()
    ]
    emit(rows, SHOW_FIELDS, default=("step", "verb", "says", "ways"))


def outline(flow: Flow, width: int = WIDTH, *, color: bool = False) -> str:
    """The flow on a page: header, variables, steps in the order of the file."""
    lines = [paint(clip(f"{flow.name}  {flow.title}".rstrip(), width), "heading", color)]
    facts = [
        (_("starts"), "; ".join(map(trigger_label, flow.triggers)) or _("by hand only")),
        (_("languages"), ", ".join(languages(flow))),
        (_("expires"), duration(flow.expires) if flow.expires else ""),
        (_("variables"), ", ".join(f"{name} ({var.type})" for name, var in flow.vars.items())),
        (_("begins at"), flow.start),
        *((f"on {', '.join(each.keyword)}", f"→ {each.goto}") for each in flow.on),
        ("on_error", f"→ {flow.on_error}" if flow.on_error else ""),
        ("on_expire", f"→ {flow.on_expire}" if flow.on_expire else ""),
    ]
    lines += [clip(f"  {name}: {value}", width) for name, value in facts if value]
    for name, step in flow.steps.items():
        head = f"{name}  "
        rest = clip(f"{step.verb}  {gist(step, flow.language)}", width - len(head))
        lines += ["", paint(name, "id", color) + "  " + rest]
        if step.note:
            lines.append(paint(clip(f"  # {step.note}", width), "dim", color))
        for way in step.ways():
            label = way_label(way)
            lines.append(clip(f"  {label + ' ' if label else ''}→ {way.target or 'end'}", width))
    shown = "\n".join(line.rstrip() for line in lines) + "\n"
    return shown.replace("→", "->") if is_ascii() else shown


def graph(
    flow: File,
    form: Annotated[
        Literal["tree", "mermaid", "dot", "svg"], typer.Option("--format", help="tree, mermaid, dot or svg.")
    ] = "tree",
) -> None:
    """Draws a flow as a tree, Mermaid, DOT or SVG.

    $ pytake flow graph agenda
    $ pytake flow graph agenda --format svg > agenda.svg
    """
    found = flow_words.meant(flow, checked=False).flow
    output = context().output
    if form == "mermaid":
        data(graphs.mermaid(found))
    elif form == "dot":
        data(graphs.dot(found))
    elif form == "svg":
        from pytake_cli.flow.picture import svg

        data(svg(found))
    else:
        signs = graphs.ASCII if is_ascii() else graphs.Signs()
        lines = graphs.tree(found, width=output.width, signs=signs)
        if not output.color_out:
            page(graphs.text(lines))
            return
        page("".join("".join(_painted(role, part) for role, part in line) + "\n" for line in lines))
    if output.tty and form != "tree":
        command = f"pytake flow graph {clean(flow)} --format {form} > FILE"
        say(_("this is for a file: {command}").format(command=command))


def _painted(role: str, part: str) -> str:
    return paint(part, role, bool(role))
