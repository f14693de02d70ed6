"""`pytake conversation search`: words in messages, notes and names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from pytake_cli.cli import noting, selectors, times
from pytake_cli.cli.context import context
from pytake_cli.cli.output import emit
from pytake_cli.locale import _

if TYPE_CHECKING:
    from pytake_cli.services.messages import Hit

HIT_FIELDS = {
    "place": "messages, notes or contacts",
    "id": "number of the message, note or contact",
    "conversation_id": "number of the conversation",
    "contact": "what the person is called",
    "at": "when it was written",
    "text": "the words",
}


def search(
    text: Annotated[
        str, typer.Argument(metavar="TEXT", help='Words; "words in a row"; begin*. Accents do not matter.')
    ],
    in_: Annotated[
        str, typer.Option("--in", metavar="A,B", help="Where: messages, notes, contacts.")
    ] = "messages,notes,contacts",
    since: Annotated[str | None, typer.Option("--since", metavar="T", help="Not older: 7d, 2026-11-01.")] = None,
    limit: Annotated[int, typer.Option("-l", "--limit", metavar="N", help="At most so many.", min=1, max=10_000)] = 50,
) -> None:
    """Finds words in messages, notes and names of contacts, newest first.

    $ pytake conversation search "2ª via" --since 7d
    $ pytake conversation search 'bolet*' --in messages --fields conversation_id
    """
    from pytake_cli.services import messages

    ctx = context()
    places = selectors.some_of(in_, messages.PLACES, "--in", "pytake conversation search -h")
    after = times.past(since, ctx.now, ctx.tz) if since else None
    with ctx.store.read(ctx.org_id) as db:
        hits = messages.search_words(db, text, org=ctx.org_id, places=places, since=after, limit=limit)
    noting.saw("search", hits=len(hits))
    emit([_hit(hit) for hit in hits], HIT_FIELDS, empty=_("nothing has all of these words"))


def _hit(hit: Hit) -> dict[str, Any]:
    who = hit.contact.name or hit.contact.profile_name if hit.contact else None
    return {**{name: getattr(hit, name) for name in HIT_FIELDS if name != "contact"}, "contact": who}
