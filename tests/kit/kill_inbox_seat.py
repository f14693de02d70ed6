"""Where tests/kit/kill_inbox.py sits: a real inbox in tmux, a real daemon that dies, customers, and the truth."""

from __future__ import annotations

import re
import secrets
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random

from sqlalchemy import text
from sqlmodel import col, select

from pytake_cli import clock
from pytake_cli.services import accounts, principals, talk_sending, timeline
from pytake_cli.services.talk_sending import Letter
from pytake_cli.store import Store
from pytake_cli.store.contacts import Contact, ServiceWindow
from pytake_cli.store.conversations import Conversation
from pytake_cli.store.desks import Draft
from pytake_cli.store.messages import OUT, Message
from pytake_cli.store.users import User
from tests.kit import bodies, home
from tests.kit.children import wait_until
from tests.kit.home import Home
from tests.kit.kill import STALE_CLAIM_SECONDS, store_url
from tests.kit.tmux import Terminal
from tests.kit.walk_inbox import conversations, either, leave

SIZE = (120, 60)
PATIENCE = 30.0  # seconds for anything to show, on a machine that does other things too
WORD = re.compile(r"\b[acb][0-9]+x[0-9]+\b")  # what Ana, a customer or Bia says: a3x1
ON, OFF, OUTAGE = "● on", "◌ reconnecting", "no connection for"
COMPOSER = "─ Answer ─"
SETTLED = ("sent", "delivered", "read", "failed", "held")


@dataclass
class Outcome:
    """What a run has to say."""

    kills: int = 0
    sends: int = 0  # Enters on a text
    asked: int = 0  # came back as a draft with a reason, and nothing had gone out
    seconds: list[float] = field(default_factory=list)  # from the daemon's first answer to "on"
    wrong: list[str] = field(default_factory=list)

    def text(self) -> str:
        ordered = sorted(self.seconds)
        middle, worst = (ordered[len(ordered) // 2], ordered[-1]) if ordered else (0.0, 0.0)
        told = f"{self.kills} kills, {self.sends} sends, {self.asked} of them asked again, {len(self.wrong)} wrong"
        return f"{told}; on again after {middle:.1f} s (p50), {worst:.1f} s (max)"


@dataclass
class Seat:
    """Ana at her inbox, and what surrounds her."""

    home: Home
    store: Store
    ana: Terminal
    chance: Random
    outcome: Outcome = field(default_factory=Outcome)
    round: int = 0
    said: int = 0
    mine: list[str] = field(default_factory=list)  # that Ana sent in this round

    # -- who and what --------------------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        return f"Karina{self.round:02}"

    @property
    def phone(self) -> str:
        return bodies.phone(self.round)

    def word(self, who: str) -> str:
        self.said += 1
        return f"{who}{self.round}x{self.said}"

    def customer(self, person: int | None = None) -> str:
        """Somebody writes: whoever the round is about, or another."""
        word = self.word("c")
        number = bodies.phone(self.round if person is None else person)
        self.home.emulator.post("say", contact=f"+{number}", text=word)
        return word

    def conversation(self) -> int:
        with self.store.read() as db:
            query = select(Conversation.id).join(Contact, col(Contact.id) == Conversation.contact_id)
            return db.exec(query.where(Contact.profile_name == self.name)).one() or 0

    def truth(self) -> list[str]:
        """What the store has of the open conversation, in its order."""
        with self.store.read() as db:
            items = timeline.everything(db, db.get_one(Conversation, self.conversation()))
        return [word for item in items for word in WORD.findall(str(item.get("text") or ""))]

    def draft(self) -> str:
        """What the store has of Ana's draft."""
        with self.store.read() as db:
            query = select(Draft.text).where(Draft.conversation_id == self.conversation())
            return db.exec(query).first() or ""

    def rows(self, word: str) -> list[Message]:
        with self.store.read() as db:
            return list(db.exec(select(Message).where(Message.text == word, Message.direction == OUT)))

    def accepted(self, word: str) -> int:
        """How often the customer got it."""
        fresh = self.home.emulator.get("messages?limit=2000")
        return sum((message["body"] or {}).get("text", {}).get("body") == word for message in fresh)

    # -- the terminal --------------------------------------------------------------------------------------------------

    def right(self) -> list[str]:
        return [line.partition("│")[2] for line in self.ana.screen().splitlines()]

    def shown(self) -> list[str]:
        """The words in the chat, as they stand there."""
        lines = self.right()
        ends = [at for at, line in enumerate(lines) if COMPOSER in line]
        return [word for line in lines[: ends[-1] if ends else None] for word in WORD.findall(line)]

    def written(self) -> str:
        """What stands in the composer."""
        lines = self.right()
        starts = [at for at, line in enumerate(lines) if COMPOSER in line]
        return " ".join(" ".join(lines[starts[-1] + 1 :]).replace("▎", " ").split()) if starts else ""

    def open(self) -> None:
        """Ana finds whom the round is about."""
        pane = self.ana
        for _ in range(10):  # on a busy machine a key may still mean what it meant before the one ahead of it
            leave(pane)
            pane.keys("/")
            if "name, phone or words" in either(pane, "words of this conversation", "name, phone or words"):
                break
            leave(pane)  # in the chat it looks for words there
            pane.keys("Left")
            time.sleep(0.4)
        pane.type(self.name)
        pane.wait_for(f"│ {self.name}  +", PATIENCE)
        pane.keys("Enter")
        time.sleep(0.5)
        pane.keys("Escape")
        wait_until(lambda: self.shown() == self.truth(), PATIENCE, every=0.1)
        time.sleep(0.5)
        pane.keys("Enter")  # the composer has the keys now
        time.sleep(0.5)

    def write(self) -> str:
        """Ana writes a word of hers, without sending it."""
        word = self.word("a")
        self.ana.type(word)
        wait_until(lambda: word in self.written(), PATIENCE, every=0.05)
        time.sleep(0.1)
        return word

    def send(self, word: str) -> None:
        """Enter."""
        self.ana.keys("Enter")
        self.mine.append(word)
        self.outcome.sends += 1

    # -- the daemon ----------------------------------------------------------------------------------------------------

    def kill(self) -> None:
        self.home.daemon.kill()
        self.outcome.kills += 1

    def offline(self) -> None:
        """The inbox says by itself that nobody answers."""
        self.ana.wait_for(OUTAGE, PATIENCE)
        self.expect(OFF in self.ana.screen(), "the bar does not say that it reconnects")

    def back(self) -> None:
        """The daemon is there again, and the inbox finds it by itself."""
        self.home.daemon.up()
        answered = time.monotonic()
        self.on()
        self.outcome.seconds.append(time.monotonic() - answered)

    def on(self) -> None:
        wait_until(lambda: ON in self.ana.screen() and OUTAGE not in self.ana.screen(), PATIENCE, every=0.02)

    # -- what has to hold ----------------------------------------------------------------------------------------------

    def expect(self, holds: bool, what: str) -> None:
        if not holds:
            self.outcome.wrong.append(f"round {self.round}: {what}\n{self.ana.screen()}")

    def becomes(self, holds: object, what: str, seconds: float = PATIENCE) -> bool:
        """Waits for something; what does not come is wrong."""
        try:
            wait_until(holds, seconds, every=0.1)  # type: ignore[arg-type]
        except AssertionError:
            self.expect(False, what)
            return False
        return True

    def same(self) -> None:
        """The chat is the store's timeline: no gap, nothing twice, the same order."""
        if not self.becomes(lambda: self.shown() == self.truth(), "the chat is not the timeline"):
            self.outcome.wrong.append(f"  shown {self.shown()}\n  store {self.truth()}")

    def settle(self) -> None:
        """Each word that Ana sent is at the customer's once, or a draft again and nowhere else."""
        for word in self.mine:
            self.becomes(lambda word=word: self.is_done(word), f"{word} is neither sent nor a draft")
            if word in self.written() or word in self.draft():
                self.outcome.asked += 1
                self.expect(not self.rows(word), f"{word} is a draft and was sent as well")
                continue
            rows = self.rows(word)
            self.expect(len(rows) == 1, f"{word} is {len(rows)} times in the store")
            settled = lambda word=word: self.rows(word)[0].status in SETTLED  # noqa: E731
            self.becomes(settled, f"{word} never settled", PATIENCE + STALE_CLAIM_SECONDS)
            doubtful = bool(rows) and self.rows(word)[0].possible_duplicate
            count = self.accepted(word)
            self.expect(count == 1 or (count == 2 and doubtful), f"{word} came {count} times to the customer")
        self.mine.clear()

    def is_done(self, word: str) -> bool:
        return bool(self.rows(word)) or word in self.written() or word in self.draft()

    # -- meanwhile -----------------------------------------------------------------------------------------------------

    def bia_answers(self) -> str:
        """A colleague answers, whose daemon is another one, as it were."""
        word = self.word("b")
        with self.store.write(self.home.org_id) as db:
            bia = db.exec(select(User).where(User.email == "bia@loja.example")).one()
            who = principals.local(self.home.org_id, bia.id, bia.name)
            talk = db.get_one(Conversation, self.conversation())
            talk_sending.send(db, who, talk, Letter(text=word, client_id=secrets.token_hex(8)), clock.now())
        return word

    def execute(self, sql: str) -> None:
        """What nobody else would do to the store."""
        with self.store.write() as db:
            db.connection().execute(text(sql))

    def window_closes(self) -> None:
        with self.store.write() as db:
            contact = db.exec(select(Contact).where(Contact.profile_name == self.name)).one()
            pair = db.exec(select(ServiceWindow).where(ServiceWindow.contact_id == contact.id)).one()
            pair.last_inbound_at = clock.now() - timedelta(hours=25)
            db.add(pair)


def inbox_command() -> list[str]:
    return [sys.executable, "-m", "pytake_cli", "inbox", "--lang", "en", "--view", "all", "--as"]


def furnish(here: Home, store: Store, people: int) -> None:
    """Ana and Bia; everybody has written."""
    with store.write() as db:
        for name in ("Ana", "Bia"):
            email = f"{name.lower()}@loja.example"
            accounts.invite(db, org_id=here.org_id, email=email, name=name, role="AGENT", now=clock.now())
    for index in range(people):
        here.emulator.post("say", contact=f"+{bodies.phone(index)}", text=f"c{index}x0", name=f"Karina{index:02}")
    wait_until(lambda: conversations(store) >= people, PATIENCE, every=0.2)


@contextmanager
def seated(
    folder: Path, people: int, seed: int, settings: Sequence[tuple[str, str]] = (), database: str | None = None
) -> Iterator[Seat]:
    """Everything runs, and Ana sees her inbox."""
    with ExitStack() as stack:
        url = stack.enter_context(store_url(database))
        options = {"acknowledgement": "", "grace_seconds": 4.0, "settings": dict(settings), "store_url": url}
        here = stack.enter_context(home.running(folder / "home", **options))
        store = stack.enter_context(here.store())
        furnish(here, store, people)
        command = [*inbox_command(), "ana@loja.example"]
        ana = stack.enter_context(Terminal(command, folder, size=SIZE, environment=here.environment))
        ana.wait_for("Karina", PATIENCE)
        ana.wait_for(ON, PATIENCE)
        yield Seat(here, store, ana, Random(seed))
