"""A conversation as lines: who, when, what; what came since the last look, and what became of ours."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Any

from pytake_cli import clock
from pytake_cli.cli import forms, transcript
from pytake_cli.cli.context import context
from pytake_cli.cli.conversation_window import window_text
from pytake_cli.cli.transcript import Line
from pytake_cli.errors import PytakeError
from pytake_cli.locale import _
from pytake_cli.telling import texts
from pytake_cli.text import clean

if TYPE_CHECKING:
    from pytake_cli.cli.chat_commands import Chat
    from pytake_cli.services.conversations import View

AT_ONCE = 200  # messages in one look
LONG_NAME = 40
UNHAPPY = ("failed", "unknown")


class Reader:
    """What was printed of a talk, so that each thing is printed once."""

    def __init__(self, talk: Chat) -> None:
        self._talk = talk
        self._shown: set[tuple[str, int]] = set()
        self._unhappy: set[int] = set()
        self._event = 0
        self._standing: tuple[Any, ...] = ()
        self._one_at_a_time = threading.Lock()

    def begin(self, history: int) -> None:
        """The head, and the newest messages and notes."""
        with self._one_at_a_time:
            self._event = self._newest_event()
            view = self._view(max(history, 1))
            lines = transcript.lines_of(view, with_notes=True)
            known = transcript.lines_of(self._view(AT_ONCE), with_notes=True)
            self._shown = {(line.direction, line.id) for line in known}
            self._unhappy = {line.id for line in lines if line.status in UNHAPPY}
            self._standing = _standing(view)
            if is_for_people():
                _print(head(view))
            since = min((line.at for line in lines if line.direction != "note"), default=None)
            if history and since is not None:
                for line in lines:
                    if line.at >= since:
                        self._tell(line, view, with_status=True)

    def look(self) -> None:
        """Prints what has happened since the last look."""
        with self._one_at_a_time:
            newest = self._newest_event()
            if newest == self._event:
                return
            self._event = newest
            self._move_on()
            view = self._view(AT_ONCE)
            for line in transcript.lines_of(view, with_notes=True):
                self._see(line, view)
            if (standing := _standing(view)) != self._standing:
                self._standing = standing
                if is_for_people():
                    _print(_state(view))

    def _see(self, line: Line, view: View) -> None:
        key = (line.direction, line.id)
        if key not in self._shown:
            self._shown.add(key)
            if not (key in self._talk.mine and is_for_people() and not context().no_input):
                self._tell(line, view)
        if line.status in UNHAPPY and line.id not in self._unhappy:
            self._unhappy.add(line.id)
            if is_for_people():
                _print(unhappy(line))

    def _tell(self, line: Line, view: View, *, with_status: bool = False) -> None:
        if is_for_people():
            _print(sentence(line, self._talk.user_name(view), with_status=with_status))
        else:
            record = {name: getattr(line, name) for name in transcript.LINE_FIELDS}
            _print(forms.json_line(record).rstrip("\n"))

    def _newest_event(self) -> int:
        from sqlalchemy import func
        from sqlmodel import select

        from pytake_cli.store.events import Event

        ctx = context()
        with ctx.store.read(ctx.org_id) as db:
            return db.exec(select(func.max(Event.id)).where(Event.org_id == ctx.org_id)).one() or 0

    def _move_on(self) -> None:
        """A resolved conversation whose person writes again goes on in another one."""
        from sqlmodel import col, select

        from pytake_cli.store.conversations import RESOLVED, Conversation

        ctx = context()
        with ctx.store.read(ctx.org_id) as db:
            here = db.get_one(Conversation, self._talk.conversation_id)
            if here.status != RESOLVED:
                return
            pair = (Conversation.contact_id == here.contact_id, Conversation.number_id == here.number_id)
            alive = col(Conversation.id) > here.id, Conversation.status != RESOLVED
            found = db.exec(select(Conversation.id).where(*pair, *alive).limit(1)).first()
        if found is not None:
            self._talk.conversation_id = found
            if is_for_people():
                _print(_("a new conversation began: #{id}").format(id=found))

    def _view(self, messages: int) -> View:
        from pytake_cli.services import conversations

        ctx = context()
        with ctx.store.read(ctx.org_id) as db:
            return conversations.show(db, conversations.get(db, self._talk.conversation_id), messages=messages)


def is_for_people() -> bool:
    """False where every line is an object for a program."""
    return context().output.form not in ("json", "jsonl")


def head(view: View) -> str:
    """`#5008 Karina Silva, +5511…, open, owner ana, window 19h12`."""
    phone = next((f"+{one.value}" for one in view.identities if one.kind == "phone"), "")
    facts = [view.name, phone if phone != view.name else "", _state(view)]
    return f"#{view.conversation.id} " + ", ".join(clean(fact, newlines=False) for fact in facts if fact)


def _state(view: View) -> str:
    who = (view.assignee.name or view.assignee.email) if view.assignee else _("nobody")
    parts = [_(view.conversation.status), _("owner {who}").format(who=who)]
    parts.append(_("window {left}").format(left=window_text(view.window_closes_at, clock.now())))
    return ", ".join(clean(part, newlines=False) for part in parts)


def _standing(view: View) -> tuple[Any, ...]:
    return view.conversation.id, view.conversation.status, view.conversation.assignee_id


def sentence(line: Line, me: str, *, with_status: bool = False) -> str:
    """`11:01 Karina Silva: Consegue parcelar?`; further lines of it are set in, so that nobody forges one."""
    name = clean(line.author, newlines=False, limit=LONG_NAME)
    if line.direction == "out":
        name = _("you") if line.author == me and me else _("{name} (team)").format(name=name)
    elif line.direction == "note":
        name = _("note by {who}").format(who=_("you") if line.author == me and me else name)
    words = [clean(line.text).replace("\n", "\n    ")] if line.text else []
    words += [f"[{line.file}]"] if line.file else []
    tail = f" ({_(line.status)})" if with_status and line.direction == "out" else ""
    return f"{line.at.astimezone(context().tz):%H:%M} {name}: {' '.join(words)}{tail}"


def unhappy(line: Line) -> str:
    """That one of ours did not arrive, and why."""
    said = clean(line.text, newlines=False, limit=40)
    why = clean(line.error, newlines=False, limit=160)
    return _("not delivered: «{text}» · {why} · again: /retry").format(text=said, why=why or _(line.status))


def told(error: PytakeError) -> str:
    """An error in one line."""
    message, why, fix = texts(error)
    if error.slug == "PT-WA-131047":
        fix = _("/template NAME, or wait until they write")
    return " · ".join(part.replace("\n", " ") for part in (message, why, fix) if part)


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
