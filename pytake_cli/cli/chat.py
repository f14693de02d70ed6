"""`pytake chat`: one conversation line by line, for screen readers, slow links and pipes; no cursor is ever moved."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from pytake_cli.cli import chat_lines, neighbour, selectors
from pytake_cli.cli.chat_commands import Chat, Over
from pytake_cli.cli.context import context
from pytake_cli.cli.form import filled_in
from pytake_cli.cli.output import say, warn
from pytake_cli.errors import NotFound, PartialFailure, PytakeError
from pytake_cli.locale import _

if TYPE_CHECKING:
    from sqlmodel import Session

    from pytake_cli.store.conversations import Conversation

POLL_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class Given:
    """What the line says, as it was typed."""

    whom: Annotated[
        str,
        typer.Argument(metavar="CONTACT|ID", help="A conversation's number, or a contact: phone, @username, name."),
    ]
    note: Annotated[
        bool, typer.Option("--note", help="What you write are internal notes; the customer never sees them.")
    ] = False
    history: Annotated[
        int, typer.Option("--history", metavar="N", help="Begins with the newest N messages.", min=0, max=10_000)
    ] = 20
    as_: Annotated[str | None, typer.Option("--as", metavar="USER", help="Who writes it.")] = None


@filled_in
def chat(given: Given) -> None:
    """Talks with one person, line by line: what you write is sent, what arrives is printed. /help tells the rest.

    Every message is one line on stdout, so screen readers and pipes can follow; the end of the input ends it.

    $ pytake chat 5008
    $ pytake chat "Karina Silva" --history 50
    $ echo "Seu pedido saiu" | pytake chat +5511968184101 --history 0
    $ pytake chat 5008 --note
    """
    ctx = context()
    with ctx.store.read(ctx.org_id) as db:
        conversation = _meant(db, given.whom)
        author = selectors.author(db, given.as_)
    talk = Chat(conversation.id or 0, author.id if author else None, notes=given.note, as_=given.as_)
    reader = chat_lines.Reader(talk)
    reader.begin(given.history)
    if neighbour.running() is None:
        warn(_("the daemon is not running: nothing arrives or leaves until pytake serve runs"))
    over = threading.Event()
    follower = threading.Thread(target=_follow, args=(reader, over), name="chat", daemon=True)
    follower.start()
    try:
        _listen_to_me(talk)
    finally:
        over.set()
        follower.join(5)
    reader.look()
    if talk.refused and ctx.no_input:
        raise PartialFailure("PT-CHAT-FAILED", "{count} lines were refused", fix="pytake chat -h", count=talk.refused)


def _meant(db: Session, ref: str) -> Conversation:
    """The conversation of that number, else the contact's: the one that goes on, or the last one."""
    from sqlmodel import col, select

    from pytake_cli.services import contacts, conversations
    from pytake_cli.store.conversations import RESOLVED, Conversation

    word = ref.strip()
    if word.startswith("#") or contacts.is_id(word):
        return conversations.get(db, word)
    person = contacts.lookup(db, context().org_id, word)
    order = (
        col(Conversation.status) == RESOLVED,
        col(Conversation.last_message_at).desc(),
        col(Conversation.id).desc(),
    )
    found = db.exec(select(Conversation).where(Conversation.contact_id == person.id).order_by(*order).limit(1)).first()
    if found is None:
        raise NotFound(
            "PT-CHAT-NONE",
            "there is no conversation with {who} yet",
            why="the first message to somebody who has not written is a template",
            fix="pytake message send --to contact:{id} --template NAME",
            who=word,
            id=person.id,
        )
    return found


def _follow(reader: chat_lines.Reader, over: threading.Event) -> None:
    """Prints what happens, until it is over."""
    while not over.wait(POLL_SECONDS):
        try:
            reader.look()
        except PytakeError as error:
            warn(chat_lines.told(error))


def _listen_to_me(talk: Chat) -> None:
    """Does what is typed, until the end of the input or /quit; what goes wrong is said, and the talk goes on."""
    if not context().no_input:
        say(_("write and press Enter; /help lists the commands, /quit ends"))
    for line in _typed(talk):
        try:
            talk.take(line)
        except Over:
            return
        except PytakeError as error:
            talk.refused += 1
            warn(chat_lines.told(error))


def _typed(talk: Chat) -> Iterator[str]:
    """The lines of a person, edited with readline, or those of a pipe."""
    if context().no_input:
        for line in sys.stdin:
            yield line.rstrip("\n")
        return
    try:
        import readline  # input() edits lines and remembers them once this is there
    except ImportError:
        pass  # Windows: input() edits lines by itself
    else:  # a Ctrl-D typed while a line is being done reaches readline as a NUL
        readline.parse_and_bind(r'"\C-@": "\C-d"')
    while True:
        try:
            yield input(talk.prompt)
        except EOFError:
            return
