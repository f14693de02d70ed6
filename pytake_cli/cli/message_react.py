"""Emoji on messages: `pytake message react`, as the inbox does it."""

from __future__ import annotations

from typing import Annotated

import typer

from pytake_cli.cli import conversation_acts, neighbour, selectors
from pytake_cli.cli.context import context
from pytake_cli.cli.output import done, say
from pytake_cli.locale import _

Mid = Annotated[
    str, typer.Argument(metavar="MESSAGE", help="Number of the message, its wamid, or the beginning of it.")
]
As = Annotated[str | None, typer.Option("--as", metavar="USER", help="Who does this; needed when there are several.")]


def react(
    mid: Mid,
    emoji: Annotated[str, typer.Option("--emoji", metavar="EMOJI", help="Which; '' takes it away.")] = "👍",
    takeover: Annotated[bool, typer.Option("--takeover", help="Takes the conversation from a flow.")] = False,
    as_: As = None,
) -> None:
    """Puts an emoji on a message, in place of the one that is there.

    $ pytake message react 81 --emoji ❤
    $ pytake message react 81 --emoji ''  # takes it away
    """
    from pytake_cli.services import conversations, messages, talk_sending

    here = context()

    def work() -> str:
        with neighbour.wake(here.store).write(here.org_id) as db:
            found = messages.find(db, mid)
            letter = talk_sending.Letter(reaction={"message": found.id, "emoji": emoji}, takeover=takeover)
            conversation = conversations.get(db, found.conversation_id)
            sent, _known = talk_sending.send(db, conversation_acts.who(db, as_), conversation, letter, here.now)
            if here.dry_run:
                db.rollback()
                db.info.pop("pokes", None)
            words = _("message {id} gets {emoji}") if emoji else _("message {id} gets no emoji any more")
            return words.format(id=found.id, emoji=emoji) + ("" if here.dry_run else f" · {sent.id}")

    if here.dry_run:
        selectors.would(lambda: say(_("would be: {what}").format(what=work())))
        return
    done(work())
    if neighbour.running() is None:
        say(_("the daemon is not running: pytake serve sends what is queued"))
