"""What can be typed in `pytake chat`: words to the customer, a note, or a command that begins with a slash."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pytake_cli import clock
from pytake_cli.cli import message_queueing, neighbour, selectors
from pytake_cli.cli.compose import Draft
from pytake_cli.cli.context import context
from pytake_cli.cli.output import done, say
from pytake_cli.errors import Conflict, NotFound, UsageError
from pytake_cli.locale import _

if TYPE_CHECKING:
    from sqlmodel import Session

    from pytake_cli.services.conversations import View
    from pytake_cli.store.conversations import Conversation
    from pytake_cli.store.users import User


class Over(Exception):
    """Whoever types has had enough."""


class Chat:
    """One person's side of a conversation."""

    def __init__(self, conversation_id: int, user_id: int | None, *, notes: bool, as_: str | None) -> None:
        self.conversation_id = conversation_id
        self.mine: set[tuple[str, int]] = set()  # (direction, id) of what was typed here
        self.refused = 0
        self._user_id, self._as, self._notes = user_id, as_, notes
        self._warned_of_bot = False

    @property
    def prompt(self) -> str:
        return _("note") + "> " if self._notes else "> "

    def user_name(self, view: View) -> str:
        """What the person at this end is called in the transcript."""
        return view.authors.get(self._user_id or 0, "")

    def take(self, typed: str) -> None:
        """Does what one line says; `//` begins words with a slash."""
        line = typed.strip()
        if not line:
            return
        if line.startswith("/") and not line.startswith("//"):
            word, _sep, rest = line[1:].partition(" ")
            self._command(word.lower(), rest.strip())
        elif self._notes:
            self.note(line.removeprefix("/") if line.startswith("//") else line)
        else:
            self.send(Draft(text=line[1:] if line.startswith("//") else line))

    def _command(self, word: str, rest: str) -> None:
        name = next((name for name, words in WORDS.items() if word in words), None)
        if name is None:
            raise UsageError("PT-CHAT-COMMAND", "there is no command /{word} here", fix="/help", word=word)
        getattr(self, name)(rest)

    def send(self, draft: Draft) -> None:
        """Queues a message; the first one to somebody whom a flow is talking to is asked about."""
        with context().store.read(context().org_id) as db:
            conversation = self._here(db)
            bot_owns = conversation.owner == "bot"
            to = f"contact:{conversation.contact_id}"
        if bot_owns and not self._warned_of_bot:
            self._warned_of_bot = True
            raise Conflict(
                "PT-CHAT-BOT",
                "not sent: a flow is answering this person",
                fix="/takeover, or the same line again",
            )
        request = message_queueing.Request(to, self._number(), None, None, self._as)
        if draft.template:
            draft = Draft(
                template=draft.template,
                definition=message_queueing.definition(draft.template, None, request),
                variables=draft.variables,
            )
        queued, _replayed = message_queueing.queue(draft, request)
        self.conversation_id = queued.conversation_id
        self.mine.add(("out", queued.id or 0))

    def note(self, words: str) -> None:
        """Writes an internal note."""
        from pytake_cli.services import conversations

        def change(db: Session, conversation: Conversation, by: User | None) -> str:
            written = conversations.add_note(db, conversation, words, by=by, now=clock.now())
            self.mine.add(("note", written.id or 0))
            return _("noted; the customer does not see it")

        self._change(change)

    def resolve(self, note: str) -> None:
        """Closes the conversation, with a note if there are words."""
        from pytake_cli.services import automation, conversations

        def change(db: Session, conversation: Conversation, by: User | None) -> str:
            if note:
                conversations.add_note(db, conversation, note, by=by, now=clock.now())
            automation.close(db, conversation, by=by, now=clock.now())
            return _("#{id} resolved · reopen: /reopen").format(id=conversation.id)

        self._change(change)

    def reopen(self, _rest: str) -> None:
        """Opens the resolved conversation again."""
        from pytake_cli.services import conversations

        def change(db: Session, conversation: Conversation, by: User | None) -> str:
            conversations.reopen(db, conversation, by=by, now=clock.now())
            return _("#{id} is open again").format(id=conversation.id)

        self._change(change)

    def assign(self, who: str) -> None:
        """Gives the conversation to somebody; without a name to oneself."""
        from pytake_cli.services import conversations

        def change(db: Session, conversation: Conversation, by: User | None) -> str:
            owner = selectors.user(db, who or selectors.ME, self._as)
            conversations.assign(db, conversation, owner, by=by, now=clock.now())
            if owner is None:
                return _("#{id} belongs to nobody").format(id=conversation.id)
            return _("#{id} belongs to {who}").format(id=conversation.id, who=owner.name or owner.email)

        self._change(change)

    def takeover(self, _rest: str) -> None:
        """Takes the conversation from the flow."""
        from pytake_cli.services import ownership

        def change(db: Session, conversation: Conversation, by: User | None) -> str:
            ownership.take_over(db, conversation, by, clock.now())
            return _("#{id} is yours · give it back: /handback").format(id=conversation.id)

        self._change(change)

    def handback(self, flow: str) -> None:
        """Gives the conversation back to the bot."""
        from pytake_cli.services import automation

        def change(db: Session, conversation: Conversation, by: User | None) -> str:
            automation.hand_back(db, conversation, flow or None, by=by, now=clock.now())
            return _("#{id} is the bot's · take it: /takeover").format(id=conversation.id)

        self._change(change)

    def template(self, rest: str) -> None:
        """Sends a template: `/template NAME nome=Karina`."""
        try:
            name, *values = shlex.split(rest)
        except ValueError:
            name, values = "", []
        if not name:
            raise UsageError("PT-USAGE-MISSING", "{name} is missing", fix="/template NAME nome=Karina", name="NAME")
        self.send(Draft(template=name, variables=values))

    def retry(self, _rest: str) -> None:
        """Queues the last message that failed again."""
        from sqlmodel import col, select

        from pytake_cli.services import outbound
        from pytake_cli.store.messages import Message

        def change(db: Session, conversation: Conversation, _by: User | None) -> str:
            mine = (Message.conversation_id == conversation.id, Message.status == "failed")
            found = db.exec(select(Message).where(*mine).order_by(col(Message.id).desc()).limit(1)).first()
            if found is None:
                return _("nothing failed here")
            outbound.retry(db, found, clock.now())
            return _("message {id} goes again").format(id=found.id)

        self._change(change)

    def claim(self, rest: str) -> None:
        """Takes the conversation for oneself; a colleague's only with `sure`."""
        self._act("claim", {"sure": rest.lower() in SURE}, _("#{id} is yours · take it back: /undo"))

    def snooze(self, until: str) -> None:
        """Puts it aside until a time, or without one until the person writes."""
        from pytake_cli.cli import times

        tz = context().tz
        moment = times.instant(until, clock.now(), tz) if until and until.lower() not in NEXT_REPLY else None
        words = f"{moment.astimezone(tz):%Y-%m-%d %H:%M}" if moment else _("the next reply")
        told = _("#{id} is snoozed until {until} · wake it: /wake")
        self._act("snooze", {"until": moment, "until_reply": moment is None}, told, until=words)

    def wake(self, _rest: str) -> None:
        """Ends the snooze."""
        self._act("wake", {}, _("#{id} is awake"))

    def label(self, rest: str) -> None:
        """Gives labels, and takes those with a minus before them."""
        names = rest.replace("#", " ").split()
        given = {
            "add": [name for name in names if name[0] != "-"],
            "remove": [name[1:] for name in names if name[0] == "-"],
        }
        if not names:
            raise UsageError("PT-USAGE-MISSING", "{name} is missing", fix="/label vip -vendas", name="NAME")
        self._act("label", given, _("#{id} is labelled · take it back: /undo"))

    def priority(self, wanted: str) -> None:
        """Says how urgent it is."""
        name = URGENCY.get(wanted.lower(), wanted.lower())
        self._act("priority", {"priority": name}, _("#{id} has the priority {priority}"), priority=_(name))

    def undo(self, _rest: str) -> None:
        """Takes back what one did last here."""
        from pytake_cli.cli.conversation_acts import who
        from pytake_cli.services import talk_undo

        def change(db: Session, conversation: Conversation, _by: User | None) -> str:
            acting = who(db, self._as)
            rows = talk_undo.newest(db, acting)
            if any(row.conversation_id != conversation.id for row in rows):
                raise NotFound("PT-CHANGE-NONE", "there is nothing to undo", fix="pytake conversation undo")
            for row in rows:
                talk_undo.undo(db, acting, row, clock.now())
            return ", ".join(
                _("#{id}: {what} was taken back").format(id=conversation.id, what=_(row.what)) for row in rows
            )

        self._change(change)

    def status(self, _rest: str) -> None:
        """Tells how the conversation stands."""
        from pytake_cli.cli import chat_lines
        from pytake_cli.services import conversations

        ctx = context()
        with ctx.store.read(ctx.org_id) as db:
            say(chat_lines.head(conversations.show(db, self._here(db), messages=1)))

    def help(self, _rest: str) -> None:
        """Tells what can be typed."""
        for name, words in WORDS.items():
            say(f"/{', /'.join(words)}".ljust(34) + " " + _(HELP[name]))

    def quit(self, _rest: str) -> None:
        raise Over

    def _act(self, action: str, given: dict[str, Any], told: str, **values: str) -> None:
        """Does what the inbox does under that name."""
        from pytake_cli.cli.conversation_acts import who
        from pytake_cli.services import talk_actions

        def change(db: Session, conversation: Conversation, _by: User | None) -> str:
            talk_actions.act(db, who(db, self._as), conversation, action, given, clock.now())
            return told.format(id=conversation.id, **values)

        self._change(change)

    def _change(self, change: Callable[[Session, Conversation, User | None], str]) -> None:
        ctx = context()
        with neighbour.wake(ctx.store).write(ctx.org_id) as db:
            told = change(db, self._here(db), selectors.author(db, self._as))
        done(told)

    def _here(self, db: Session) -> Conversation:
        from pytake_cli.services import conversations

        return conversations.get(db, self.conversation_id)

    def _number(self) -> str:
        """The number that the person wrote to; an answer never comes from another one."""
        from pytake_cli.store.numbers import Number

        with context().store.read(context().org_id) as db:
            return db.get_one(Number, self._here(db).number_id).phone_number_id


# method -> what may be typed for it, in English and Portuguese
WORDS: dict[str, tuple[str, ...]] = {
    "help": ("help", "ajuda", "?"),
    "note": ("note", "nota"),
    "resolve": ("resolve", "encerrar", "resolver"),
    "reopen": ("reopen", "reabrir"),
    "claim": ("claim", "minha", "pegar"),
    "assign": ("assign", "atribuir"),
    "snooze": ("snooze", "adiar"),
    "wake": ("wake", "acordar"),
    "label": ("label", "etiqueta", "etiquetar"),
    "priority": ("priority", "prioridade"),
    "takeover": ("takeover", "assumir"),
    "handback": ("handback", "devolver"),
    "template": ("template", "modelo"),
    "retry": ("retry", "reenviar"),
    "undo": ("undo", "desfazer"),
    "status": ("status", "estado"),
    "quit": ("quit", "sair", "q"),
}
NEXT_REPLY = ("next-reply", "reply", "resposta", "próxima-resposta", "proxima-resposta")
SURE = ("sure", "mesmo")
URGENCY = {"urgente": "urgent", "alta": "high", "baixa": "low"}
HELP: dict[str, str] = {
    "help": "what can be typed",
    "note": "an internal note: /note TEXT",
    "resolve": "closes the conversation; words become a note",
    "reopen": "opens it again",
    "claim": "makes it yours; /claim sure takes a colleague's",
    "assign": "gives it to USER, @me or @none",
    "snooze": "puts it aside: /snooze [+3h]; by itself until they write",
    "wake": "ends the snooze",
    "label": "labels it: /label vip -vendas takes vendas off",
    "priority": "low, normal, high or urgent",
    "takeover": "takes it from the flow",
    "handback": "gives it back to the bot: /handback [FLOW]",
    "template": "sends a template: /template NAME nome=Karina",
    "retry": "sends what failed again",
    "undo": "takes back what you did last here",
    "status": "tells how it stands",
    "quit": "ends; so does the end of the input",
}
