"""`pytake flow diff`: what another file or version says otherwise, and which sessions that concerns."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from pytake_cli.cli import flow_publish, flow_words
from pytake_cli.cli.context import context
from pytake_cli.cli.flow_words import Meant
from pytake_cli.cli.output import data, emit, say
from pytake_cli.locale import _
from pytake_cli.text import clean

FIELDS = {
    "kind": "added, removed, renamed, verb, text, way, expectation, field or header.",
    "step": "The step, as the new file calls it.",
    "where": "The place in the step, or the key of the header.",
    "language": "Of a text.",
    "before": "What the old file says.",
    "after": "What the new file says.",
    "sentence": "The change in words.",
}
SESSIONS_FIELDS = {
    "version": "The version that they are on.",
    "step": "Where they stand.",
    "waits_for": "reply, time, answer, signal or person.",
    "count": "How many.",
    "moves": "Whether `flow publish --migrate` moves them.",
    "reason": "Why it does not.",
}


def diff(
    old: Annotated[str, typer.Argument(metavar="OLD", help="A flow file or name, or a version such as agenda@2.")],
    new: Annotated[
        str | None, typer.Argument(metavar="[NEW]", help="Another; by default OLD's file, seen from what is published.")
    ] = None,
    sessions: Annotated[
        bool, typer.Option("--sessions", help="The sessions that it concerns, instead of the changes.")
    ] = False,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="1 when something differs.")] = False,
) -> None:
    """Compares two flows by what they mean. Steps, texts in each language, ways, and what answers they expect.

    Against a published version it also tells which sessions under way could move to the other.

    $ pytake flow diff agenda  # what publishing the file would change
    $ pytake flow diff agenda@1 agenda@2
    $ pytake flow diff agenda --sessions --json
    $ pytake flow diff old.yaml flows/agenda.yaml --json
    """
    before, after = _two(old, new)
    rows = _changes(before, after)
    groups = _groups(before, after)
    if sessions:
        emit([_row(each) for each in groups or ()], SESSIONS_FIELDS, empty=_("no session is under way"))
    elif context().output.form in ("table", "plain"):
        data("".join(f"{clean(row['sentence'], newlines=False)}\n" for row in rows)) if rows else None
    else:
        emit(rows, FIELDS)
    if not rows:
        say(_("nothing differs"))
    if groups is None:
        _tell_steps(before, after)
    elif rows and not sessions:
        flow_publish.describe_groups(groups, migrate=False)
    if exit_code and rows:
        raise typer.Exit(1)


def _two(old: str, new: str | None) -> tuple[Meant, Meant]:
    if new is not None:
        return flow_words.meant(old), flow_words.meant(new)
    after = flow_words.meant(old)
    return flow_words.stored(after.flow.name), after


def _changes(before: Meant, after: Meant) -> list[dict[str, Any]]:
    from pytake_cli.flow.diff import diff as differences

    return [{**change.to_json(), "sentence": change.sentence} for change in differences(before.flow, after.flow)]


def _groups(before: Meant, after: Meant) -> Any:
    """The sessions that stand on older versions; None when OLD is a file, which nobody stands on."""
    if before.version is None:
        return None
    from pytake_cli.services import flow_moves

    here = context()
    besides = after.version.id if after.version is not None else None
    with here.store.read(here.org_id) as db:
        return tuple(flow_moves.standing(db, before.version.flow_id, after.flow, besides=besides))


def _row(group: Any) -> dict[str, Any]:
    return {
        "version": group.version,
        "step": group.step,
        "waits_for": group.wait,
        "count": group.count,
        "moves": group.reason is None,
        "reason": str(group.reason) if group.reason else None,
    }


def _tell_steps(before: Meant, after: Meant) -> None:
    from pytake_cli.flow.diff import movable

    for name, step in before.flow.steps.items():
        reason = movable(before.flow, after.flow, name) if step.waits else None
        if reason:
            say(_("who waits at {step} stays on the old version: {reason}").format(step=name, reason=_(reason)))
