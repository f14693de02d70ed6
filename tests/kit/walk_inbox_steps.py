"""What the two agents of tests/kit/walk_inbox.py do, in the order of one table."""

from __future__ import annotations

import time
from datetime import timedelta

from sqlmodel import select

from pytake_cli import clock
from pytake_cli.store.contacts import Contact, ServiceWindow
from tests.kit.children import wait_until
from tests.kit.tmux import Terminal
from tests.kit.walk_inbox import CUSTOMERS, PATIENCE, Walk, leave, write


def answering(walk: Walk) -> None:
    """Claim, reply, a collision, a note, a transfer."""
    walk.both_open("Karina")
    updated = "conversation:updated "
    walk.step("claim", lambda: walk.ana.keys("m"), on=updated + "assigned", ana="@Ana", bia="@Ana")
    said = f"it left this morning {walk.round}"
    walk.step("reply", lambda: write(walk.ana, said), on="message:new out", ana=said, bia=said)
    walk.ana.type("and it comes")  # Ana goes on typing while Bia answers too
    walk.step("typing is seen", lambda: walk.ana.type(" by"), on="", bia="Ana is typing")
    write(walk.bia, "hello from Bia")
    time.sleep(0.7)
    assert "hello from Bia" not in chat(walk.ana), "a colleague was talked over without a question"
    hello = "hello from Bia"
    walk.step("collision: second Enter", lambda: walk.bia.keys("Enter"), on="message:new out", ana=hello, bia=hello)
    walk.ana.keys("C-u")
    leave(walk.ana, walk.bia)
    note = f"a good customer {walk.round}"
    walk.step("note", lambda: write(walk.ana, note, key="i"), on="note:new", ana=note, bia=note)
    leave(walk.ana)

    def give() -> None:
        walk.ana.keys("a")
        time.sleep(0.5)
        walk.ana.type("Bia")
        time.sleep(0.3)
        walk.ana.keys("Enter")

    walk.step("transfer", give, on=updated + "assigned", ana="@Bia", bia="@Bia")


def waiting(walk: Walk) -> None:
    """Snoozed until the customer writes, and woken by that."""
    asleep = "conversation:updated snoozed"
    walk.step("snooze", lambda: snooze(walk.bia, "2h"), on=asleep, ana="snoozed", bia="snoozed", gone="@Bia  #")
    there = f"are you there? {walk.round}"
    walk.step(
        "the customer's message wakes it", lambda: walk.says("Karina", there), on="message:new in", ana=there, bia=there
    )


def outside_the_window(walk: Walk) -> None:
    """Only a template may go."""
    with walk.store.write() as db:
        contact = db.exec(select(Contact).where(Contact.profile_name == walk.name("Marina"))).one()
        window = db.exec(select(ServiceWindow).where(ServiceWindow.contact_id == contact.id)).one()
        window.last_inbound_at = clock.now() - timedelta(hours=25)
        db.add(window)
    walk.both_open("Marina")
    wait_until(lambda: "⊘" in walk.ana.screen(), PATIENCE, every=0.05)

    def send() -> None:
        walk.ana.keys("T")
        time.sleep(1.0)
        walk.ana.type("hello")
        time.sleep(0.5)
        walk.ana.keys("Enter")

    walk.step("template after the window", send, on="message:new out", ana="Hello World", bia="Hello World")


def a_flow(walk: Walk) -> None:
    """The bot has it, a person takes it and hands it back."""
    walk.says("Thiago", "menu")
    walk.both_open("Thiago")
    wait_until(lambda: all("What can I do" in pane.screen() for pane in (walk.ana, walk.bia)), PATIENCE, every=0.05)
    updated = "conversation:updated "
    walk.step("take over", lambda: walk.ana.keys("t"), on=updated + "taken_over", ana="@Ana", bia="@Ana")
    walk.step("hand back", lambda: walk.ana.keys("b"), on=updated + "handed_back", ana="handed", bia="handed")


def a_short_sleep(walk: Walk) -> None:
    """Snoozed for a minute, and woken by its own timer."""
    walk.both_open("Sonia")
    asleep, sign = "conversation:updated snoozed", "☾ snoozed"
    walk.step("snooze for a minute", lambda: snooze(walk.ana, "+1m"), on=asleep, ana=sign, bia=sign)
    woken = "conversation:updated woken"
    walk.step("its timer wakes it", lambda: None, on=woken, ana="Sonia", bia="Sonia", gone=sign, patience=75)


def the_end(walk: Walk) -> None:
    """Resolved, and taken back by one key."""
    walk.both_open("Eduarda")
    updated, sign = "conversation:updated ", "✓ resolved"
    walk.step("resolve", lambda: walk.ana.keys("e"), on=updated + "resolved", ana=sign, bia=sign)
    here = CUSTOMERS - walk.round  # one was resolved for good in each round before
    fewer, all_ = f"All {here - 1}", f"All {here}"
    wait_until(lambda: all(fewer in pane.screen() for pane in (walk.ana, walk.bia)), PATIENCE, every=0.05)
    undone = updated + "undone"
    walk.step("undo, counts of the tabs", lambda: walk.ana.keys("u"), on=undone, ana=all_, bia=all_, gone=sign)


def rated(walk: Walk) -> None:
    """Resolved with the survey; the customer answers it, and both see how it was."""
    walk.both_open("Otavio")
    walk.ana.keys("Tab")
    walk.bia.keys("Tab")  # both read the conversation: it stays open when it is over

    def end() -> None:
        walk.ana.keys("E")
        walk.ana.wait_for("how it was", PATIENCE)
        walk.ana.keys("Enter")

    updated, sign = "conversation:updated ", "✓ resolved"
    walk.step("resolve with CSAT", end, on=updated + "resolved", ana=sign, bia=sign)
    asked = "[ ★★★★★ ]"
    walk.step("the survey is sent", lambda: None, on="message:new out", ana=asked, bia=asked)

    def tap() -> None:
        wait_until(lambda: walk.taps("Otavio", "1"), PATIENCE, every=0.2)  # once the emulator has got it

    given = "gave 5 of 5 stars"
    walk.step("the customer's rating", tap, on=updated + "rated", ana=given, bia=given)
    leave(walk.ana, walk.bia)


def snooze(pane: Terminal, until: str) -> None:
    pane.keys("z")
    time.sleep(0.4)
    pane.type(until)
    time.sleep(0.3)
    pane.keys("Enter")


def chat(pane: Terminal) -> str:
    return "\n".join(line.partition("│")[2] for line in pane.screen().splitlines())


PARTS = (answering, waiting, outside_the_window, a_flow, the_end, rated, a_short_sleep)
