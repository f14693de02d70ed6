"""Two agents at two terminals, an emulator with customers, and the daemon: the inbox walked by keyboard alone.

python -m tests.kit.walk_inbox --rounds 3

Each step is done in one pane and has to show in both; told is how long after the commit of its event that took. A pane
is looked at whenever its program has written, so what is told is at most the time of one look too long.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlmodel import func, select

from pytake_cli import clock
from pytake_cli.emulator import defaults
from pytake_cli.services import accounts, flows
from pytake_cli.store import Store
from pytake_cli.store.conversations import Conversation
from pytake_cli.store.templates import Template
from tests.kit import bodies, home
from tests.kit.children import wait_until
from tests.kit.commits import Commits
from tests.kit.home import Home
from tests.kit.tmux import Terminal
from tests.kit.watched import Watched

CUSTOMERS = 50
SIZE = (120, 40)
PATIENCE = 12.0  # seconds for anything to show
BUDGET = 0.2  # seconds from the commit to both screens
PEOPLE = ("Karina", "Marina", "Thiago", "Eduarda", "Sonia", "Otavio")  # each round has its own of each
FLOW = """
name: menu
triggers: [{keyword: menu}]
start: hello
steps:
  hello:
    ask: What can I do for you?
    choices: {a: Order, b: Person}
    on_invalid: person
    next: person
  person: {handoff: {note: from the menu}, text: Somebody comes.}
"""
Test = Callable[[str], bool]


@dataclass
class Walk:
    """Both panes, and what was measured."""

    home: Home
    store: Store
    commits: Commits
    ana: Watched
    bia: Watched
    bell: threading.Event  # a pane has written
    round: int = 0
    seconds: dict[str, list[tuple[float, float]]] = field(default_factory=dict)  # step -> (Ana, Bia), one a round

    def name(self, person: str) -> str:
        return f"{person}{self.round}"

    def wa_id(self, person: str) -> str:
        return bodies.phone(self.round * len(PEOPLE) + PEOPLE.index(person))

    def says(self, person: str, text: str) -> None:
        self.home.emulator.post("say", contact=f"+{self.wa_id(person)}", text=text)

    def taps(self, person: str, choice: str) -> bool:
        """Taps on what was offered last; False: nothing was yet."""
        try:
            self.home.emulator.post("say", contact=f"+{self.wa_id(person)}", kind="tap", choice=choice)
        except AssertionError:
            return False
        return True

    def step(
        self, name: str, act: Callable[[], None], *, on: str, ana: str = "", bia: str = "", gone: str = "",
        patience: float = PATIENCE,
    ) -> None:  # fmt: skip
        """Does it and waits until each pane shows its text; `gone` is in neither any more. `on`: the event it is."""
        mark = self.commits.mark()
        act()
        seen: dict[str, float] = {}
        end = time.monotonic() + patience
        while len(seen) < 2:
            self.bell.clear()
            for who, pane, text in (("ana", self.ana, ana), ("bia", self.bia, bia)):
                if who not in seen and text in (screen := pane.screen()) and not (gone and gone in screen):
                    seen[who] = time.monotonic()
            if time.monotonic() > end:
                raise AssertionError(f"{name}: not shown\n{self.ana.screen()}\n{'=' * 80}\n{self.bia.screen()}")
            if len(seen) < 2:
                self.bell.wait(0.5)
        self._note(name, on, mark, seen)

    def _note(self, name: str, on: str, mark: int, seen: dict[str, float]) -> None:
        if not on:  # presence is in no table
            return
        wait_until(lambda: self.commits.first(on, after=mark) is not None, 2)
        commit = self.commits.first(on, after=mark)
        assert commit is not None, f"{name}: no event {on!r} among {self.commits.since(mark)}"
        each = (max(0.0, seen["ana"] - commit.seen), max(0.0, seen["bia"] - commit.seen))
        self.seconds.setdefault(name, []).append(each)
        print(f"{self.round + 1} {name:<40} Ana {1000 * each[0]:5.0f} ms   Bia {1000 * each[1]:5.0f} ms", flush=True)

    def both_open(self, person: str) -> None:
        """Puts both on one person's conversation, by searching for the name."""
        name = self.name(person)
        for pane in (self.ana, self.bia):
            leave(pane)
            pane.keys("/")
            if "words of this conversation" in either(pane, "words of this conversation", "name, phone or words"):
                leave(pane)  # in the chat it looks for words there
                pane.keys("Left")
                time.sleep(0.4)
                pane.keys("/")
                pane.wait_for("name, phone or words", PATIENCE)
            pane.type(name)
            pane.wait_for(f"│ {name}  +", PATIENCE)
            pane.keys("Enter")
            time.sleep(0.5)
            leave(pane)
        wait_until(lambda: all(f"│ {name}" in pane.screen() for pane in (self.ana, self.bia)), PATIENCE, every=0.05)

    def table(self) -> str:
        """What every step took until both panes had it."""
        lines = [f"{'step':<40} {'p50':>8} {'p95':>8} {'max':>8}"]
        steps = {name: [max(pair) for pair in pairs] for name, pairs in self.seconds.items()}
        for name, both in {**steps, "all of them": [one for each in steps.values() for one in each]}.items():
            both.sort()
            figures = statistics.median(both), both[min(int(len(both) * 0.95), len(both) - 1)], both[-1]
            lines.append(f"{name:<40} " + " ".join(f"{1000 * figure:5.0f} ms" for figure in figures))
        return "\n".join(lines)


def either(pane: Terminal, *texts: str) -> str:
    """The screen, once one of them is on it."""
    wait_until(lambda: any(text in pane.screen() for text in texts), PATIENCE, every=0.05)
    return pane.screen()


def write(pane: Terminal, text: str, *, key: str = "Enter") -> None:
    """Writes into the composer and sends."""
    pane.keys(key)
    time.sleep(0.3)
    pane.type(text)
    time.sleep(0.3)
    pane.keys("Enter")


def leave(*panes: Terminal) -> None:
    """Out of the composer; a key that came at once would be taken for Alt and that key."""
    for pane in panes:
        pane.keys("Escape")
    time.sleep(0.4)


def furnish(here: Home, store: Store, rounds: int) -> None:
    """Ana and Bia, a flow, a template; the customers have written."""
    now = clock.now()
    with store.write() as db:
        for name in ("Ana", "Bia"):
            email = f"{name.lower()}@loja.example"
            accounts.invite(db, org_id=here.org_id, email=email, name=name, role="AGENT", now=now)
        flows.publish(db, here.org_id, [flows.Draft("flows/menu.yaml", FLOW)], now=now)
        body = {"type": "BODY", "text": "Hello World"}
        db.add(
            Template(
                org_id=here.org_id,
                waba_id=defaults.WABA_ID,
                meta_id="1",
                name="hello_world",
                language="en_US",
                category="UTILITY",
                status="APPROVED",
                components=[body],
                created_at=now,
                updated_at=now,
            )
        )
    for index in range(CUSTOMERS):
        at, person = divmod(index, len(PEOPLE))
        name = f"{PEOPLE[person]}{at}" if at < rounds else f"Customer {index}"
        here.emulator.post("say", contact=f"+{bodies.phone(index)}", text=f"hello, it is {name}", name=name)
    wait_until(lambda: conversations(store) >= CUSTOMERS, 30, every=0.1)


def conversations(store: Store) -> int:
    with store.read() as db:
        return db.exec(select(func.count()).select_from(Conversation)).one()


@contextmanager
def seated(folder: Path, rounds: int) -> Iterator[Walk]:
    """Everything runs, and both agents see their inbox."""
    with ExitStack() as stack:
        quick = {"PYTAKE_ROUTING__RATING_AFTER_SECONDS": "1"}
        here = stack.enter_context(home.running(folder / "home", acknowledgement="", settings=quick))
        store = stack.enter_context(here.store())
        furnish(here, store, rounds)
        commits = stack.enter_context(Commits(here.store_url.removeprefix("sqlite:///")))
        command = [sys.executable, "-m", "pytake_cli", "inbox", "--lang", "en", "--view", "all", "--as"]
        bell = threading.Event()
        ana, bia = (
            stack.enter_context(Watched([*command, who], folder, bell, size=SIZE, environment=here.environment))
            for who in ("ana@loja.example", "bia@loja.example")
        )
        for pane in (ana, bia):
            pane.wait_for("hello, it is", 30)
        yield Walk(here, store, commits, ana, bia, bell)


def main() -> int:
    from tests.kit.walk_inbox_steps import PARTS

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory(prefix="walk-inbox-") as folder, seated(Path(folder), rounds) as walk:
        for walk.round in range(rounds):
            for part in PARTS:
                part(walk)
        print(walk.table())
        slow = [name for name, pairs in walk.seconds.items() if max(map(max, pairs)) > BUDGET]
        print(f"{len(walk.seconds)} steps, {rounds} rounds, above {1000 * BUDGET:.0f} ms: {', '.join(slow) or 'none'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
