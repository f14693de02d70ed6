"""`pytake flow list` and `versions`: the files of the project and what the store has of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from pytake_cli.cli import flow_files, flow_show, flow_words
from pytake_cli.cli.context import context
from pytake_cli.cli.output import emit
from pytake_cli.errors import NotFound
from pytake_cli.locale import _

if TYPE_CHECKING:
    from sqlmodel import Session

    from pytake_cli.flow.check import Examined

Paths = Annotated[
    list[str] | None, typer.Argument(metavar="[FILE|FOLDER|NAME]...", help="Which; by default all of the project's.")
]
LIST_FIELDS = {
    "name": "What the flow is called.",
    "title": "What people read.",
    "starts": "What starts it.",
    "steps": "How many steps it has.",
    "languages": "Languages of its texts.",
    "errors": "How many mistakes it has.",
    "warnings": "How many things may be looked at.",
    "path": "Its file; empty for one that is only in the store.",
    "state": "draft: never published; published; differs: the file is not what is published; stored: it has no file.",
    "version": "The version that starts new sessions.",
    "paused": "Whether it starts no sessions at the moment.",
    "sessions": "Sessions under way.",
}
LIST_SHOWN = ("name", "title", "starts", "steps", "errors", "warnings", "path", "state", "version", "sessions")
ON_SCREEN = ("name", "state", "version", "sessions", "starts", "errors", "warnings", "path")
VERSION_FIELDS = {
    "version": "Its number.",
    "published": "Whether it starts new sessions.",
    "published_at": "When it was published first.",
    "by": "Who did that.",
    "message": "Why.",
    "open": "Sessions under way on it.",
    "sessions": "All sessions that are or ended on it.",
    "ref": "Name and hash.",
    "calls": "The versions of sub-flows that it calls.",
}
VERSIONS_SHOWN = ("version", "published", "published_at", "by", "message", "open", "sessions", "ref")


def list_(paths: Paths = None) -> None:
    """Lists flow files, and what of them is published. A file that differs from its published version is marked.

    $ pytake flow list
    $ pytake flow list flows/drafts --json
    """
    connected = flow_words.is_connected()
    try:
        found = flow_files.examined(flow_files.named(paths or []))
    except NotFound:
        if paths or not connected:
            raise
        found = []
    rows = [flow_show.row(each) for each in found]
    if connected:
        here = context()
        with here.store.read(here.org_id) as db:
            rows = _with_store(db, found, rows, alone=not paths)
    if not rows:
        flow_files.named([])  # says that there is none
    on_screen = context().output.form in ("table", "plain")
    emit(rows, LIST_FIELDS, default=ON_SCREEN if on_screen and connected else LIST_SHOWN)


def _with_store(db: Session, found: list[Examined], rows: list[dict[str, Any]], *, alone: bool) -> list[dict[str, Any]]:
    """The rows with what the store knows; the flows that have no file come after them."""
    from pytake_cli.services import flow_figures, flow_surroundings, flows

    org = context().org_id
    around = flow_surroundings.of(db, org)
    changed = flows.differs(db, org, [each.reading.flow for each in found if each.reading.flow], around)
    known = {each["flow"].name: each for each in flows.overview(db, org)}
    for name, each in known.items():
        version, flow = each["version"], each["flow"]
        counts = flow_figures.sessions_by_version(db, flow)
        each["row"] = {
            "state": "differs" if changed.get(name) else "published",
            "version": version.number if version else None,
            "paused": flow.paused,
            "sessions": sum(open_ for open_, _all in counts.values()),
        }
    for row in rows:
        stored = known.get(row["name"] or "")
        row.update(stored["row"] if stored else {"state": "draft", "paused": False, "sessions": 0})
    here = {row["name"] for row in rows}
    rest = [name for name in known if alone and name not in here]
    return rows + [_stored(name, known[name], around.flows or {}) for name in rest]


def _stored(name: str, known: dict[str, Any], flows: Any) -> dict[str, Any]:
    flow = flows.get(name)
    row: dict[str, Any] = {"name": name, "title": known["flow"].title, "path": None}
    if flow is not None:
        row |= flow_show.facts(flow)
    return {**row, **known["row"], "state": "stored"}


def versions(name: Annotated[str, typer.Argument(metavar="NAME", help="A flow that was published.")]) -> None:
    """Lists the versions of a flow, the newest first: when and why each was published, and who is still on it.

    $ pytake flow versions agenda
    $ pytake flow versions agenda --json --fields version,open
    """
    from pytake_cli.services import flow_figures, flows
    from pytake_cli.store.users import User

    here = context()
    with here.store.read(here.org_id) as db:
        flow = flows.get(db, here.org_id, flow_words.name_of(name))
        counts = flow_figures.sessions_by_version(db, flow)
        rows = []
        for each in flows.versions(db, flow):
            by = db.get(User, each.published_by_id) if each.published_by_id else None
            open_, all_ = counts.get(each.id or 0, (0, 0))
            rows.append(
                {
                    "version": each.number,
                    "published": each.id == flow.published_version_id,
                    "published_at": each.published_at,
                    "by": by.email if by else None,
                    "message": each.message or None,
                    "open": open_,
                    "sessions": all_,
                    "ref": each.ref,
                    "calls": each.pins,
                }
            )
    emit(rows, VERSION_FIELDS, default=VERSIONS_SHOWN, empty=_("nothing was published yet"))
