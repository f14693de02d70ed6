"""Two agents at two terminals, an emulator with customers, and the daemon: the inbox walked by keyboard alone.

python -m tests.kit.walk_inbox

Each step is done in one pane and has to show in both; told is how long after its event was written that took.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from sqlmodel import col, func, select

from pytake_cli import clock
from pytake_cli.emulator import defaults
from pytake_cli.services import accounts, flows
from pytake_cli.store import Store
from pytake_cli.store.contacts import Contact, ServiceWindow
from pytake_cli.store.conversations import Conversation
from pytake_cli.store.events import Event
from pytake_cli.store.templates import Template
from tests.kit import bodies, home
from tests.kit.children import wait_until
from tests.kit.home import Home
from tests.kit.tmux import Terminal

CUSTOMERS = 50
SIZE = (120, 40)
PATIENCE = 12.0  # seconds for anything to show
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


@dataclass
class Walk:
    """Both panes, and what was measured."""

    home: Home
    store: Store
    ana: Terminal
    bia: Terminal
    seconds: dict[str, float] = field(default_factory=dict)  # step -> from the event's writing until both panes had it

    def event(self) -> int:
        with self.store.read() as db:
            return int(db.exec(select(func.max(Event.id))).one() or 0)

    def step(self, name: str, act: Callable[[], None], *, ana: str = "", bia: str = "", gone: str = "") -> None:
        """Does it and waits until each pane shows its text; `gone` is in neither any more."""
        before = self.event()
        act()
        end = time.monotonic() + PATIENCE
        while not self._shown(ana, bia, gone):
            if time.monotonic() > end:
                raise AssertionError(f"{name}: not shown\n{self.ana.screen()}\n{'=' * 80}\n{self.bia.screen()}")
            time.sleep(0.005)
        seen = clock.now()
        with self.store.read() as db:
            written = db.exec(select(func.min(Event.at)).where(col(Event.id) > before)).one()
        self.seconds[name] = max(0.0, (seen - written).total_seconds()) if written else 0.0
        print(f"{name:<44} {1000 * self.seconds[name]:6.0f} ms", flush=True)

    def _shown(self, ana: str, bia: str, gone: str) -> bool:
        left, right = self.ana.screen(), self.bia.screen()
        return ana in left and bia in right and not (gone and (gone in left or gone in right))

    def both_open(self, name: str) -> None:
        """Puts both on one person's conversation, by searching for the name."""
        for pane in (self.ana, self.bia):
            leave(pane)
            pane.keys("/")
            pane.wait_for("name, phone or words", PATIENCE)
            pane.type(name)
            pane.wait_for(f"│ {name}  +", PATIENCE)
            pane.keys("Enter")
            time.sleep(0.5)
            leave(pane)
        wait_until(lambda: all(f"│ {name}" in pane.screen() for pane in (self.ana, self.bia)), PATIENCE, every=0.05)


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


def answering(walk: Walk) -> None:
    """Claim, reply, a collision, a note, a transfer."""
    walk.both_open("Karina")
    walk.step("claim", lambda: walk.ana.keys("m"), ana="@Ana", bia="@Ana")
    walk.step("reply", lambda: write(walk.ana, "it left this morning"), ana="this morning", bia="this morning")
    walk.ana.type("and it comes")  # Ana goes on typing while Bia answers too
    walk.step("typing is seen", lambda: walk.ana.type(" by"), bia="Ana is typing")
    write(walk.bia, "hello from Bia")
    time.sleep(0.7)
    assert "hello from Bia" not in _chat(walk.ana), "a colleague was talked over without a question"
    walk.step("second Enter sends", lambda: walk.bia.keys("Enter"), ana="hello from Bia", bia="hello from Bia")
    walk.ana.keys("C-u")
    leave(walk.ana, walk.bia)
    walk.step("note", lambda: write(walk.ana, "a good customer", key="i"), ana="a good customer", bia="a good customer")
    leave(walk.ana)

    def give() -> None:
        walk.ana.keys("a")
        time.sleep(0.5)
        walk.ana.type("Bia")
        time.sleep(0.3)
        walk.ana.keys("Enter")

    walk.step("transfer", give, ana="@Bia", bia="@Bia")


def waiting(walk: Walk) -> None:
    """Snoozed until the customer writes, and woken by that."""

    def snooze() -> None:
        walk.bia.keys("z")
        time.sleep(0.4)
        walk.bia.type("2h")
        time.sleep(0.3)
        walk.bia.keys("Enter")

    walk.step("snooze", snooze, ana="snoozed", bia="snoozed")
    say = lambda: walk.home.emulator.post("say", contact=bodies.phone(1), text="are you there?")  # noqa: E731
    walk.step("the customer's message wakes it", say, ana="are you there?", bia="are you there?")


def outside_the_window(walk: Walk) -> None:
    """Only a template may go."""
    walk.both_open("Marina")
    wait_until(lambda: "⊘" in walk.ana.screen(), PATIENCE, every=0.05)

    def send() -> None:
        walk.ana.keys("T")
        time.sleep(1.0)
        walk.ana.type("hello")
        time.sleep(0.5)
        walk.ana.keys("Enter")

    walk.step("template after the window closed", send, ana="Hello World", bia="Hello World")


def a_flow(walk: Walk) -> None:
    """The bot has it, a person takes it and hands it back."""
    walk.home.emulator.post("say", contact=bodies.phone(3), text="menu")
    walk.both_open("Thiago")
    wait_until(lambda: "What can I do" in walk.ana.screen(), PATIENCE, every=0.05)
    walk.step("take over", lambda: walk.ana.keys("t"), ana="@Ana", bia="@Ana")
    walk.step("hand back", lambda: walk.ana.keys("b"), ana="handed", bia="handed")


def the_end(walk: Walk) -> None:
    """Resolved, and taken back by one key."""
    walk.both_open("Eduarda")
    walk.step("resolve", lambda: walk.ana.keys("e"), ana=f"All {CUSTOMERS - 1}", bia=f"All {CUSTOMERS - 1}")
    walk.step("undo", lambda: walk.ana.keys("u"), ana=f"All {CUSTOMERS}", bia=f"All {CUSTOMERS}")


def _chat(pane: Terminal) -> str:
    return "\n".join(line.partition("│")[2] for line in pane.screen().splitlines())


def _contact(walk: Walk, name: str) -> int:
    with walk.store.read() as db:
        return db.exec(select(Contact).where(Contact.profile_name == name)).one().id or 0


NAMES = ("Karina", "Marina", "Thiago", "Eduarda")


def furnish(here: Home, store: Store) -> None:
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
        name = NAMES[index - 1] if 1 <= index <= len(NAMES) else f"Customer {index}"
        here.emulator.post("say", contact=bodies.phone(index), text=f"hello, it is {name}", name=name)
    wait_until(lambda: _conversations(store) >= CUSTOMERS, 30, every=0.1)
    with store.write() as db:  # Marina wrote more than a day ago
        marina = select(Contact.id).where(Contact.profile_name == "Marina")
        window = db.exec(select(ServiceWindow).where(col(ServiceWindow.contact_id).in_(marina))).one()
        window.last_inbound_at = now - timedelta(hours=25)
        db.add(window)


def _conversations(store: Store) -> int:
    with store.read() as db:
        return db.exec(select(func.count()).select_from(Conversation)).one()


def main() -> int:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="walk-inbox-")))
        here = stack.enter_context(home.running(folder / "home", acknowledgement=""))
        store = stack.enter_context(here.store())
        furnish(here, store)
        command = [sys.executable, "-m", "pytake_cli", "inbox", "--lang", "en", "--view", "all", "--as"]
        ana, bia = (
            stack.enter_context(Terminal([*command, who], folder, size=SIZE, environment=here.environment))
            for who in ("ana@loja.example", "bia@loja.example")
        )
        for pane in (ana, bia):
            pane.wait_for("Customer", 30)
        walk = Walk(here, store, ana, bia)
        for part in (answering, waiting, outside_the_window, a_flow, the_end):
            part(walk)
        slow = {name: seconds for name, seconds in walk.seconds.items() if seconds > 0.2}
        print(f"{len(walk.seconds)} steps, {len(slow)} above 200 ms")
    return 0


if __name__ == "__main__":
    sys.exit(main())
