"""What waits or is stuck: messages to be sent, jobs, and webhooks that could not be applied.

$ pytake queue list
$ pytake queue list --state unknown --fields id | pytake queue retry - --yes
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

import typer

from pytake_cli.cli import confirm
from pytake_cli.cli.context import context
from pytake_cli.cli.neighbour import wake
from pytake_cli.cli.output import done, emit, say
from pytake_cli.cli.selectors import each, several
from pytake_cli.locale import _
from pytake_cli.services import queues

app = typer.Typer(add_completion=False, rich_markup_mode=None)

FIELDS = {
    "id": "message:12, job:5 or quarantine:3.",
    "state": "queued, sending, unknown, running, failed or quarantined.",
    "about": "What it is.",
    "since": "Since when.",
    "due_at": "When it is due.",
    "attempts": "How often it was tried.",
    "error": "Why it is stuck.",
}
SHOWN = ("id", "state", "about", "since", "attempts", "error")
Ids = Annotated[
    list[str], typer.Argument(metavar="ID", help="message:12, job:5, quarantine:3; - reads them from stdin.")
]


@app.command("list")
def list_(
    kind: Annotated[Literal["message", "job", "quarantine"] | None, typer.Option("--kind", help="Only these.")] = None,
    state: Annotated[
        Literal["queued", "sending", "unknown", "running", "failed", "quarantined"] | None,
        typer.Option("--state", help="Only those."),
    ] = None,
    limit: Annotated[int | None, typer.Option("-l", "--limit", min=0, help="At most so many; 0: all.")] = None,
) -> None:
    """Lists what waits, the oldest first; failed messages only with --state failed.

    $ pytake queue list
    $ pytake queue list --state unknown --json
    $ pytake queue list --kind quarantine
    """
    here = context()
    most = here.limit(limit)
    with here.store.read(here.org_id) as db:
        kinds = (kind,) if kind else queues.KINDS
        rows = queues.listed(db, here.org_id, kinds=kinds, state=state, limit=most or 0)
        total = queues.count(db, here.org_id, kinds=kinds, state=state) if most and len(rows) == most else None
    emit(rows, FIELDS, default=SHOWN, total=total, empty=_("Nothing waits."))


@app.command("show")
def show(id: Annotated[str, typer.Argument(metavar="ID", help="message:12, job:5 or quarantine:3.")]) -> None:  # noqa: A002
    """Shows one thing in a queue with all its details: the row, the traceback, what Meta sent.

    $ pytake queue show quarantine:3
    """
    here = context()
    with here.store.read(here.org_id) as db:
        row = queues.find(db, here.org_id, id)
        entry = queues.entry_of(row)
        details: dict[str, Any] = row.model_dump()
    known = {name: getattr(entry, name) for name in FIELDS}
    extra = {name: value for name, value in details.items() if name not in known and value not in (None, "", {})}
    emit({**known, **extra}, {**FIELDS, **dict.fromkeys(extra, "")})


@app.command("retry")
def retry(ids: Ids) -> None:
    """Tries again: a failed message is queued, a failed job is due now, a quarantined webhook is applied once more.

    An unknown message may have been sent: it is sent again, and labelled as a possible duplicate.

    $ pytake queue retry job:5
    $ pytake queue list --kind quarantine --fields id | pytake queue retry -
    """
    _act(ids, queues.retry, _("{id} is tried again"))


@app.command("drop")
def drop(ids: Ids) -> None:
    """Gives up on it: a queued message is cancelled, an unknown one counts as failed, the rest is put away.

    $ pytake queue drop message:12 --yes
    """
    wanted = several(ids, "ID")
    question = _("Give up on {count} things in the queues?").format(count=len(wanted))
    if not context().dry_run and not confirm.ordinary(question):
        say(_("nothing was changed"))
        return
    _act(wanted, queues.drop, _("{id} is given up"))


def _act(ids: list[str], act: Callable[..., None], told: str) -> None:
    here = context()

    def one(reference: str) -> None:
        with wake(here.store).write(here.org_id) as db:
            row = queues.find(db, here.org_id, reference)
            act(db, row, here.now)
            if here.dry_run:
                db.rollback()
                db.info.pop("pokes", None)
        if here.dry_run:
            say(f"{told.format(id=reference)} (--dry-run)")
        else:
            done(told.format(id=reference))

    each(several(ids, "ID"), one)
