"""Every screen, dialog and popup with hostile words, in a real terminal: `python -m tests.kit.hostile_screens`.

The words begin with h0, h1, …; each view is opened again and again until every word has stood on it.
`--inside FOLDER VIEW …` is what runs in the terminal.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textual.css.query import NoMatches
from textual.pilot import Pilot
from textual.strip import Strip

import pytake_cli
from pytake_cli import locale
from pytake_cli.tui.live import Event
from pytake_cli.tui.screens.inbox import InboxScreen
from pytake_cli.tui.screens.listing import Listing
from tests.kit import screens
from tests.kit.awkward import hostile
from tests.kit.inbox_rows import desk_of_dialogs, inbox
from tests.kit.seven import Seven
from tests.kit.seven_rows import SEVEN
from tests.kit.tmux import Terminal

ROOT = Path(pytake_cli.__file__).parents[1]
SIZE = (120, 40)
PLACES = {**SEVEN, "inbox": inbox}
IN_VAIN = 6  # rounds of one view that show no word more
PATIENCE_SECONDS = 3.0
WORD = re.compile(r"(?<![0-9A-Za-z])[hH](\d+)(?!\d)")
# What programs are asked for, told or made to do by what customers write; none of it may come through.
THEIRS = (
    b"\x1b]0;", b"\x1b]52", b"\x1b]8;", b"\x1b]777", b"\x1b]9;", b"\x1b]4;", b"\x1bP+q", b"\x1bP$q", b"\x1b_G",
    b"\x1bc", b"\x1b[!p",
)  # fmt: skip
MODES = "#{pane_title}|#{alternate_on}|#{cursor_flag}|#{insert_flag}|#{keypad_flag}|#{mouse_any_flag}|#{wrap_flag}"


@dataclass(frozen=True, slots=True)
class View:
    """A screen and what is opened on it; words count where they stand within `part`."""

    place: str
    keys: tuple[str, ...] = ()
    part: str = ""
    leave: tuple[str, ...] = ("escape",)


VIEWS: dict[str, View] = {
    **{place: View(place) for place in PLACES},
    "metrics as tables": View("metrics", ("t",), "", ("t",)),
    "a contact's form": View("contacts", ("E",), "Frame"),
    "a contact's tags": View("contacts", ("l",), "Frame"),
    "cancelling a campaign": View("campaigns", ("K",), "Frame"),
    "a campaign's twin": View("campaigns", ("D",), "Frame"),
    "dropping from the queue": View("ops", ("K",), "Frame"),
    "who did what": View("inbox", ("w",), "Frame"),
    "a file": View("inbox", ("tab", "k", "v"), "Frame", ("escape", "shift+tab")),
    "to whom": View("inbox", ("a",), "Frame"),
    "labels": View("inbox", ("l",), "Frame"),
    "macros": View("inbox", ("M",), "Frame"),
    "templates to send": View("inbox", ("T",), "Frame"),
    "the log": View("inbox", ("L",), "Frame"),
    "a refusal": View("inbox", ("e",), "Toast"),
    "a notification": View("inbox", ("notification",), "Toast"),
    "ready answers": View("inbox", ("enter", "slash"), "#popup", ("escape", "backspace", "escape")),
    "mentions": View("inbox", ("i", "@"), "#popup", ("escape", "backspace", "escape")),
    "people of the palette": View("inbox", ("colon", "@"), "Frame"),
    "labels of the palette": View("inbox", ("colon", "number_sign"), "Frame"),
    "conversations of the palette": View("inbox", ("colon", "greater_than_sign"), "Frame"),
    "the contact beside": View("inbox", ("s",), "#sidebar", ("s",)),
}


# -- in the terminal -----------------------------------------------------------------------------------------------


def inside(folder: Path, names: Sequence[str], count: int) -> None:
    """Goes through the views and writes which words were not seen."""
    locale.use("pt-BR")
    words = list(hostile(count))
    missed: dict[str, list[str]] = {}
    for place in dict.fromkeys(VIEWS[name].place for name in names):
        app = Seven(PLACES[place](words), place, language="pt-BR")

        async def go(pilot: Pilot[Any], place: str = place) -> None:
            try:
                for name in names:
                    if VIEWS[name].place == place:
                        missed[name] = await _all_seen(pilot, VIEWS[name], words)
            finally:
                pilot.app.exit()

        app.run(auto_pilot=go)
        sys.stdout.write(app.notifier.farewell)  # as the command does
    (folder / "missed.json").write_text(json.dumps(missed), encoding="utf-8")


async def _all_seen(pilot: Pilot[Any], view: View, words: list[str]) -> list[str]:
    """The words that the view never showed."""
    left, in_vain = list(words), 0
    while in_vain < IN_VAIN:
        await _told(pilot, view, left)
        seen = await _opened(pilot, view, set(_numbers(left)))
        for key in view.leave if view.keys else ():
            await pilot.press(key)
        still = [word for word in left if _number(word) not in seen]
        if not still:
            return []
        in_vain = in_vain + 1 if len(still) == len(left) else 0
        left = still if not in_vain else still[1:] + still[:1]
    return [f"h{_number(word)}" for word in left]


async def _told(pilot: Pilot[Any], view: View, words: list[str]) -> None:
    """The API has these words now, and the screen has read them."""
    app = pilot.app
    assert isinstance(app, Seven)
    of_desk = view.place == "inbox" and set(view.keys[:1]) & set(OF_DESK) and view.keys[-1] != "greater_than_sign"
    under = PLACES[view.place](["plain"] if of_desk else words)
    app.api.on = {**under.on, **desk_of_dialogs(words)}
    screen = app.screen
    if isinstance(screen, InboxScreen):
        screen._kept.clear()
        screen._cards.clear()
        screen._canned.clear()
        screen._people = None
        await screen.load_view()
        screen.open_row(None)
        screen.open_row(screen.talks.row)
    elif isinstance(screen, Listing):
        await screen.load()
    await pilot.pause()


OF_DESK = ("a", "l", "M", "T", "L", "enter", "i", "colon")  # keys of what is read from lists of its own


async def _opened(pilot: Pilot[Any], view: View, wanted: set[str]) -> set[str]:
    """Opens the view and tells which of the words it shows, once it shows one."""
    app = pilot.app
    if view.keys == ("notification",):
        text = next(word for word in hostile(200) if _number(word) in wanted)
        payload = {"kind": "assigned", "parts": {"by": text}, "conversation": 5000}
        getattr(app, "_heard")(Event(None, "notification", 5000, payload))  # noqa: B009
    else:
        for key in view.keys:
            await pilot.press(key)
    seen: set[str] = set()
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        seen = wanted & set(WORD.findall(_part(app, view.part)))
        if seen:
            break
        await asyncio.sleep(0.01)
    return seen


def _part(app: Any, part: str) -> str:
    """The text of the screen, or of a part of it."""
    if not part:
        return screens.text(app)
    try:
        found = list(app.screen.query(part))
    except NoMatches:
        return ""
    lines = screens.lines(app)
    return "\n".join(
        Strip(lines[y]).crop(each.region.x, each.region.right).text
        for each in found
        if each.display
        for y in range(max(0, each.region.y), min(each.region.bottom, len(lines)))
    )


def _number(word: str) -> str:
    match = WORD.match(word)
    assert match is not None
    return match[1]


def _numbers(words: Iterable[str]) -> list[str]:
    return [_number(word) for word in words]


# -- around it -----------------------------------------------------------------------------------------------------


def shown(names: Sequence[str], folder: Path, *, words: int = 200, seconds: float = 300) -> dict[str, list[str]]:
    """Shows the views in a terminal of its own, which is as it was afterwards; which words were never seen."""
    inside_ = [
        sys.executable,
        "-m",
        "tests.kit.hostile_screens",
        "--words",
        str(words),
        "--inside",
        str(folder),
        *names,
    ]
    waiting = ["sh", "-c", '"$@"; echo the end $?; read stays', "sh", *inside_]  # a dead pane has no cursor
    where = {"PYTHONPATH": str(ROOT), "LANG": "C.UTF-8", "TERM": "xterm-256color"}
    with Terminal(waiting, folder, size=SIZE, environment=where) as terminal:
        before = terminal.ask(MODES)
        screen = terminal.wait_for("the end", seconds)
        assert "the end 0" in screen, screen
        after = terminal.ask(MODES)
        assert after == before, f"{before} -> {after}"
        assert terminal.clipboard() == ""
        raw = terminal.raw()
    assert [code for code in THEIRS if code in raw] == []
    assert re.search(rb"\xc2[\x80-\x9f]", raw) is None
    missed: dict[str, list[str]] = json.loads((folder / "missed.json").read_text(encoding="utf-8"))
    return missed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("views", nargs="*", help="by default all")
    parser.add_argument("--words", type=int, default=200)
    parser.add_argument("--inside", type=Path)
    given = parser.parse_args()
    if given.inside:
        inside(given.inside, given.views, given.words)
        return
    for name in given.views or VIEWS:
        with tempfile.TemporaryDirectory() as folder:
            missed = shown([name], Path(folder), words=given.words, seconds=900)
            print(f"{name}: {len(missed[name])} of {given.words} not seen {' '.join(missed[name][:8])}", flush=True)


if __name__ == "__main__":
    main()
