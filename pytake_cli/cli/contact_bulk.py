"""Changes of many contacts: a transaction for every few hundred, progress on stderr, and who was not found and why."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from pytake_cli.cli import neighbour, selectors
from pytake_cli.cli.context import context
from pytake_cli.cli.output import done, emit, say, warn
from pytake_cli.errors import PartialFailure, PytakeError, WouldFail
from pytake_cli.locale import _, number

if TYPE_CHECKING:
    from sqlmodel import Session

REASONS = 10  # that are told one by one
FIELDS = {
    "contacts": "how many contacts were named",
    "changed": "how many of them were changed",
    "failed": "how many words named no contact",
}
Contacts = Annotated[
    list[str], typer.Argument(metavar="CONTACT", help="Phones, contact:ID or ID, @username, names; - reads stdin.")
]
# (transaction, ids, who does it) -> the ids of those that were changed
Change = Callable[["Session", list[int], str], Collection[int]]


def actor(db: Session) -> str:
    """Who acts, as the history has it: the organisation's only active user, or the command line."""
    user = selectors.author(db)
    return f"user:{user.id}" if user else "cli"


def each(words: Sequence[str], change: Change, told: str) -> None:
    """Does it to everyone that the words name; `told` says afterwards what `{changed}` of `{contacts}` are now.

    Raises PartialFailure when some words name nobody, or why the only one does not.
    """
    refs = selectors.several(words, "CONTACT")
    counts, refused = _change(refs, change)
    if len(refs) == 1 and refused:
        raise refused[0][1]
    emit(counts, FIELDS)
    shown = {name: number(count) for name, count in counts.items()}
    if context().dry_run:
        say(_("would be: {what}").format(what=told.format(**shown)))
    else:
        done(told.format(**shown))
    _tell(refused, len(refs))


def _change(refs: Sequence[str], change: Change) -> tuple[dict[str, int], list[tuple[str, PytakeError]]]:
    from pytake_cli.services import contact_refs

    here = context()
    counts = dict.fromkeys(FIELDS, 0)
    refused: list[tuple[str, PytakeError]] = []
    for start in range(0, len(refs), contact_refs.CHUNK):
        with neighbour.wake(here.store).write(here.org_id) as db:
            found = contact_refs.several(db, here.org_id, refs[start : start + contact_refs.CHUNK])
            counts["changed"] += len(change(db, found.ids, actor(db)))
            if here.dry_run:
                db.rollback()
                db.info.pop("pokes", None)
        counts["contacts"] += len(found.ids)
        refused += found.refused
        _progress(min(start + contact_refs.CHUNK, len(refs)), len(refs))
    counts["failed"] = len(refused)
    return counts, refused


def _progress(so_far: int, total: int) -> None:
    """A line on a terminal that counts up, when there is more than one chunk; it is gone in the end."""
    if context().output.quiet or not sys.stderr.isatty() or total <= so_far:
        sys.stderr.write("\r\x1b[K" if sys.stderr.isatty() and not context().output.quiet else "")
        return
    sys.stderr.write(f"\r{number(so_far)}/{number(total)}")
    sys.stderr.flush()


def _tell(refused: Sequence[tuple[str, PytakeError]], total: int) -> None:
    for ref, reason in refused[:REASONS]:
        template = _(reason.message)
        warn(f"{ref}: {template.format(**reason.values) if reason.values else template}")
    if len(refused) > REASONS:
        warn(_("and {more} more").format(more=number(len(refused) - REASONS)))
    if refused:
        kind = WouldFail if context().dry_run else PartialFailure
        raise kind(
            "PT-SOME-FAILED",
            "{failed} of {all} did not work",
            fix="the same command with those that failed",
            failed=len(refused),
            all=total,
            refs=[ref for ref, _reason in refused],
        )
