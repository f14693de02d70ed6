"""`pytake flow stats`: how many began a flow, how far they came, where they were lost, and what went wrong."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer

from pytake_cli.cli import flow_words, times
from pytake_cli.cli.context import context
from pytake_cli.cli.output import data, emit, paint
from pytake_cli.locale import _

FIELDS = {
    "flow": "What the flow is called.",
    "entries": "Sessions that began.",
    "open": "Those that are under way.",
    "lost": "Those that ended as no flow means: expired, replaced, taken over, opted out, closed, failed, reset.",
    "timeouts": "Times that nobody answered in time.",
    "invalid": "Answers that could not be taken.",
    "handoffs": "Times that people were asked to take over.",
    "incidents": "Times that something went wrong.",
    "outcomes": "How sessions ended.",
    "steps": "The funnel, step by step.",
    "versions": "The same figures for each version.",
    "incident_list": "What went wrong, where, how often, and the newest session that it happened to.",
    "ways": "How often each way, choice and share of a split was taken.",
    "since": "From when on they are counted.",
}
STEPS_FIELDS = {
    "step": "Its name.",
    "sessions": "Sessions that came to it.",
    "share": "Of those that began.",
    "times": "How often it was entered.",
    "lost": "Sessions that came no farther and ended as no flow means.",
    "open": "Sessions that are there now.",
    "timeouts": "Times that nobody answered in time.",
    "invalid": "Answers that could not be taken.",
    "handoffs": "Times that people were asked to take over.",
    "incidents": "Times that something went wrong.",
}
OUTCOMES_FIELDS = {
    "outcome": "How they ended.",
    "sessions": "How many.",
    "share": "Of those that ended.",
}
VERSIONS_FIELDS = {
    "version": "Its number.",
    "published": "Whether it starts new sessions.",
    "entries": "Sessions on it.",
    "open": "Those that are under way.",
    "lost": "Those that ended as no flow means.",
    "timeouts": "Times that nobody answered in time.",
    "invalid": "Answers that could not be taken.",
    "handoffs": "Times that people were asked to take over.",
    "incidents": "Times that something went wrong.",
    "moved_in": "Sessions that began on another version and were moved to it.",
}
INCIDENTS_FIELDS = {
    "incident": "What: pytake help flows.",
    "step": "Where.",
    "times": "How often.",
    "last_at": "When it happened last.",
    "session": "To which session that was: pytake flow session ID.",
    "detail": "What is known of it.",
}
WAYS_FIELDS = {
    "step": "From where.",
    "kind": "left, choice, split or interrupt.",
    "way": "Which.",
    "times": "How often.",
}
PARTS: dict[str, dict[str, str]] = {
    "steps": STEPS_FIELDS,
    "outcomes": OUTCOMES_FIELDS,
    "versions": VERSIONS_FIELDS,
    "incidents": INCIDENTS_FIELDS,
    "ways": WAYS_FIELDS,
}
ON_SCREEN = ("steps", "outcomes", "versions", "incidents")


def stats(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A flow that was published.")],
    version: Annotated[str | None, typer.Option("--version", metavar="N", help="Only this version.")] = None,
    since: Annotated[str | None, typer.Option("--since", metavar="TIME", help="Only from then on: 7d, 09:00.")] = None,
    by: Annotated[
        Literal["steps", "outcomes", "versions", "incidents", "ways"] | None,
        typer.Option("--by", help="One table alone: steps, outcomes, versions, incidents or ways."),
    ] = None,
) -> None:
    """Shows what became of the sessions of a flow. Entries, the funnel by step, outcomes, incidents, versions.

    With --json everything is one object; a pipe gets the funnel, or the table that --by names.

    $ pytake flow stats agenda --since 7d
    $ pytake flow stats agenda --version 2 --by incidents
    $ pytake flow stats agenda --json | jq .steps
    """
    from pytake_cli.services import flow_figures, flows

    here = context()
    with here.store.read(here.org_id) as db:
        flow = flows.get(db, here.org_id, flow_words.name_of(name))
        wanted = flows.version(db, flow, version) if version is not None else None
        after = times.past(since, here.now, here.tz) if since else None
        found = flow_figures.of(db, flow_figures.Scope(flow, wanted, after))
    if by is None and here.output.form in ("table", "plain"):
        _screen(found)
    elif by is None and here.output.form in ("json", "jsonl"):
        incidents = found["incidents"]
        emit({**found, "incidents": sum(row["times"] for row in incidents), "incident_list": incidents}, FIELDS)
    else:
        part = by or "steps"
        emit(found[part], PARTS[part], empty=_("nothing has happened yet"))


def _screen(found: dict[str, Any]) -> None:
    """Everything, one table below the other."""
    total = {**found, "incidents": sum(row["times"] for row in found["incidents"])}
    emit(total, FIELDS, default=("flow", "entries", "open", "lost", "timeouts", "invalid", "handoffs", "incidents"))
    titles = {
        "steps": _("steps"),
        "outcomes": _("outcomes"),
        "versions": _("versions"),
        "incidents": _("incidents"),
    }
    for part in ON_SCREEN:
        if found[part]:
            data("\n" + paint(titles[part], "heading", context().output.color_out))
            emit(found[part], PARTS[part])
