"""The daemon is killed under a real inbox, again and again: nothing may be lost, doubled, or sent without a word.

python -m tests.kit.kill_inbox --kills 12 [--store postgres]

Each round has its own conversation and one of the moments below; afterwards the inbox has to be on again by itself, the
chat has to be the store's timeline, and each text that was sent has to be at the customer's once, or a draft again.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.kit.children import wait_until
from tests.kit.kill_inbox_seat import ON, PATIENCE, Seat, seated

Moment = Callable[[Seat], None]
WRITERS = 3  # people who only write


def what_waits(seat: Seat) -> str:
    """What Ana sends while nobody answers."""
    word = seat.write()
    seat.kill()
    seat.send(word)
    seat.becomes(lambda: "queue 1" in seat.ana.screen(), "the queue is not shown")
    return word


def with_a_draft(seat: Seat) -> None:
    """Ana is writing, and goes on while nobody answers."""
    word = seat.write()
    time.sleep(seat.chance.random() * 0.5)
    seat.kill()
    seat.ana.type(" and")
    seat.offline()
    seat.ana.type(" more")
    time.sleep(0.6)
    seat.back()
    whole = f"{word} and more"
    seat.becomes(lambda: seat.written() == whole, "the draft is not in the composer")
    seat.becomes(lambda: seat.draft() == whole, f"the draft is not in the store: {seat.draft()!r}")


def before_the_request(seat: Seat) -> None:
    """Nobody answers when Enter is pressed; the customer writes on."""
    word = what_waits(seat)
    seat.expect(word in seat.shown(), "what waits does not stand in the chat")
    seat.customer()
    seat.offline()
    seat.back()


def during_the_request(seat: Seat) -> None:
    """The daemon dies somewhere in the request."""
    word = seat.write()
    seat.send(word)
    time.sleep(seat.chance.random() * 0.12)
    seat.kill()
    seat.back()


def before_the_answer(seat: Seat) -> None:
    """The message is committed, and the daemon dies before it says so."""
    seat.home.daemon.stop()
    seat.home.daemon.up({"PYTAKE_CRASH_AT": "api.conversations.write"})
    seat.on()
    word = seat.write()
    seat.send(word)
    seat.home.daemon.wait(PATIENCE)
    seat.outcome.kills += 1
    seat.customer()
    seat.back()
    seat.becomes(lambda: seat.rows(word) and not seat.written().startswith("a"), "what was sent is a draft again")


def after_the_request(seat: Seat) -> None:
    """The message is in the store, and on its way."""
    word = seat.write()
    seat.send(word)
    wait_until(lambda: bool(seat.rows(word)), PATIENCE, every=0.01)
    time.sleep(seat.chance.random() * 0.4)
    seat.kill()
    seat.back()


def while_customers_write(seat: Seat) -> None:
    """Everybody writes before, during and after."""
    over = threading.Event()

    def crowd() -> None:
        for _ in range(40):  # as many as the window shows at once
            if over.wait(0.05):
                return
            seat.customer(seat.chance.choice([seat.round, seat.round, *range(WRITERS)]))

    thread = threading.Thread(target=crowd, daemon=True)
    thread.start()
    time.sleep(0.3 + seat.chance.random())
    seat.kill()
    time.sleep(seat.chance.random())
    seat.back()
    over.set()
    thread.join(PATIENCE)


def a_colleague_answers(seat: Seat) -> None:
    """What waits is needless once a colleague has answered: it comes back, and Ana sends it all the same."""
    word = what_waits(seat)
    seat.bia_answers()
    seat.back()
    seat.becomes(lambda: word in seat.written(), "it did not come back as a draft")
    seat.expect(not seat.rows(word), "it was sent over a colleague's head")
    seat.same()
    seat.ana.keys("Enter")
    seat.becomes(lambda: bool(seat.rows(word)), "Enter does not send it now")


def the_window_closes(seat: Seat) -> None:
    """What waits may not go any more: it stays, as a draft that the composer shows behind its lock."""
    word = what_waits(seat)
    seat.window_closes()
    seat.back()
    seat.becomes(lambda: word in seat.draft(), "it is not kept as a draft")
    seat.expect(not seat.rows(word), "it was sent outside the window")


def the_inbox_dies_too(seat: Seat) -> None:
    """What waits and what is written survive the end of the inbox; nothing goes out that was not seen again."""
    word = what_waits(seat)
    time.sleep(0.5)
    seat.ana.kill()
    wait_until(lambda: seat.ana.ask("#{pane_dead}") == "1", PATIENCE)
    seat.home.daemon.up()
    seat.ana.again()
    seat.ana.wait_for(ON, PATIENCE)
    seat.open()
    seat.becomes(lambda: word in seat.written() or bool(seat.rows(word)), "what waited is lost")


def a_draft_outlives_the_inbox(seat: Seat) -> None:
    """Written while nobody answers, in an inbox that is killed then."""
    word = seat.write()
    seat.kill()
    seat.ana.type(" kept")
    time.sleep(1.5)
    seat.ana.kill()
    wait_until(lambda: seat.ana.ask("#{pane_dead}") == "1", PATIENCE)
    seat.home.daemon.up()
    seat.ana.again()
    seat.ana.wait_for(ON, PATIENCE)
    seat.open()
    seat.becomes(lambda: seat.written() == f"{word} kept", f"the draft is lost: {seat.written()!r}")
    seat.becomes(lambda: seat.draft() == f"{word} kept", "the draft is not in the store")


def the_cursor_is_too_old(seat: Seat) -> None:
    """What happened meanwhile can no longer be told one by one: everything is read anew."""
    seat.kill()
    seat.execute("DELETE FROM event")
    word = seat.customer()
    seat.back()
    seat.becomes(lambda: word in seat.shown(), "what was missed is not shown")


def the_login_ends(seat: Seat) -> None:
    """Somebody ends Ana's session during the outage: the inbox says so, and keeps what she writes for the next one."""
    word = seat.write()
    seat.kill()
    seat.ana.type(" kept")
    seat.execute("UPDATE login_session SET ended_at = created_at, ended_why = 'admin'")
    seat.home.daemon.up()
    seat.ana.wait_for("log in again", PATIENCE)
    seat.ana.wait_for("your login has ended", PATIENCE)
    seat.ana.keys("C-q")
    wait_until(lambda: seat.ana.ask("#{pane_dead}") == "1", PATIENCE)
    seat.ana.again()
    seat.ana.wait_for(ON, PATIENCE)
    seat.open()
    seat.becomes(lambda: seat.written() == f"{word} kept", f"the draft is lost: {seat.written()!r}")


MOMENTS: tuple[Moment, ...] = (
    with_a_draft,
    before_the_request,
    during_the_request,
    before_the_answer,
    after_the_request,
    while_customers_write,
    a_colleague_answers,
    the_window_closes,
    the_inbox_dies_too,
    a_draft_outlives_the_inbox,
    the_cursor_is_too_old,
    the_login_ends,
)


def walk(seat: Seat, moment: Moment) -> None:
    """One round; what goes wrong in it is noted, and the next one begins."""
    seat.said = 0
    try:
        seat.open()
        moment(seat)
        seat.on()
        seat.settle()
        seat.same()
    except AssertionError as error:
        seat.outcome.wrong.append(
            f"round {seat.round}, {moment.__name__}: {error}\n{seat.ana.screen()}\n{seat.home.daemon.tail()}"
        )
    finally:
        seat.mine.clear()
        if not seat.home.daemon.running:
            seat.home.daemon.up()
        if seat.ana.ask("#{pane_dead}") == "1":
            seat.ana.again()
            seat.ana.wait_for(ON, PATIENCE)


def run(seat: Seat, chosen: Sequence[Moment], kills: int) -> None:
    """So many rounds, each told as it ends."""
    for index in range(kills):
        seat.round = index + WRITERS
        moment = chosen[index % len(chosen)]
        began, wrong = time.monotonic(), len(seat.outcome.wrong)
        walk(seat, moment)
        good = "ok" if len(seat.outcome.wrong) == wrong else "WRONG"
        print(f"{index + 1:3} {moment.__name__:<28} {good} {time.monotonic() - began:.0f} s", flush=True)
        for each in seat.outcome.wrong[wrong:]:
            print(each, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=len(MOMENTS))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", help="the name of one moment")
    parser.add_argument("--store", help="`postgres`, or the URL of an empty PostgreSQL database")
    given = parser.parse_args()
    chosen = [each for each in MOMENTS if given.only in (None, each.__name__)]
    with (
        tempfile.TemporaryDirectory(prefix="kill-inbox-") as folder,
        seated(Path(folder), given.kills + WRITERS, given.seed, database=given.store) as seat,
    ):
        run(seat, chosen, given.kills)
    print(seat.outcome.text())
    return 1 if seat.outcome.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
