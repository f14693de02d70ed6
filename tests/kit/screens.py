"""Photographs of a Textual app as text: what stands on the screen, and in which style; kept as golden files.

    async with running(Inbox(…), (80, 24)) as (app, pilot):
        await pilot.press("2")
        compare(app, "campaigns-80x24")

`WRITE_GOLDEN=1 pytest tests/tui/…` writes them anew; look at the difference like at code.
"""

from __future__ import annotations

import asyncio
import os
import string
import unicodedata
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager
from functools import wraps
from itertools import groupby
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.app import App
from textual.pilot import Pilot

GOLDEN = Path(__file__).parents[1] / "tui" / "golden"
SIZES = ((80, 24), (120, 40), (200, 60))
ENDLESS = ("live", "clock")  # groups of workers that run as long as the app
NOT_SHOWN = ("Cc", "Cf", "Cs", "Zl", "Zp")  # controls, formats, surrogates, separators of lines
LETTERS = string.ascii_letters + string.digits
A = TypeVar("A", bound=App[Any])
P = ParamSpec("P")


def on_a_loop(test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """Runs an async test; its fixtures are those of its parameters."""

    @wraps(test)
    def run(*arguments: P.args, **named: P.kwargs) -> None:
        asyncio.run(test(*arguments, **named))

    return run


@asynccontextmanager
async def running(app: A, size: tuple[int, int]) -> AsyncIterator[tuple[A, Pilot[Any]]]:
    """The app under Textual's pilot, with toasts, once it has come to rest."""
    async with app.run_test(size=size, notifications=True) as pilot:
        await settle(pilot)
        yield app, pilot


async def settle(pilot: Pilot[Any]) -> None:
    """Waits until workers and messages are done."""
    for _round in range(3):
        at_work = [worker for worker in pilot.app.workers if worker.group not in ENDLESS]
        if at_work:
            await pilot.app.workers.wait_for_complete(at_work)
        await pilot.pause()


def lines(app: App[Any]) -> list[list[Segment]]:
    """The segments of every line of the screen, modal screens with what is behind them."""
    update = app.screen._compositor.render_update(full=True, screen_stack=app._background_screens)
    rows: list[Iterable[Any]] = getattr(update, "strips", [])
    return [[segment for strip in row for segment in strip if segment.text] for row in rows]


def text(app: App[Any]) -> str:
    """What stands on the screen, without styles."""
    return "\n".join("".join(segment.text for segment in line).rstrip() for line in lines(app))


def photograph(app: App[Any]) -> str:
    """The text between bars, then for each line the runs of styles, then what the styles are."""
    shown, runs, names = [], [], dict[str, str]()
    for number, line in enumerate(lines(app), 1):
        words = "".join(segment.text for segment in line)
        shown.append(f"|{words}|")
        told = []
        for style, some in groupby(line, lambda segment: _style(segment.style)):
            if style not in names:
                names[style] = _name(len(names))
            told.append(f"{names[style]}{sum(cell_len(each.text) for each in some)}")
        runs.append(f"{number:2} {' '.join(told)}")
    legend = [f"{name} = {style}" for style, name in names.items()]
    return "\n".join([*shown, "", *_folded(runs), "", *legend]) + "\n"


def compare(app: App[Any], name: str) -> None:
    """The screen is as the golden file says; no code of others is on it, and every line is exactly as wide as it is."""
    told = photograph(app)
    check_lines(app)
    path = GOLDEN / f"{name}.txt"
    if os.environ.get("WRITE_GOLDEN") == "1":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(told, encoding="utf-8")
    assert path.is_file(), f"there is no {path.name}; WRITE_GOLDEN=1 makes it"
    assert told == path.read_text(encoding="utf-8")


def check_lines(app: App[Any]) -> None:
    """Nothing on the screen moves a cursor or is a link, and no line is too wide or too narrow."""
    for line in lines(app):
        words = "".join(segment.text for segment in line)
        bad = [character for character in words if unicodedata.category(character) in NOT_SHOWN]
        assert not bad, f"{bad!r} in {words!r}"
        assert cell_len(words) == app.size.width, f"{cell_len(words)} cells: {words!r}"
        assert not any(segment.style and segment.style.link for segment in line), words


def _style(style: Style | None) -> str:
    """`bold #ffffff on #101010`, without what is only for the mouse."""
    if style is None:
        return "none"
    words = [name for name in ("bold", "dim", "italic", "underline", "strike", "reverse") if getattr(style, name)]
    words.append(style.color.name if style.color else "default")
    return " ".join(words) + (f" on {style.bgcolor.name}" if style.bgcolor else "")


def _name(serial: int) -> str:
    return LETTERS[serial] if serial < len(LETTERS) else f"z{serial}_"


def _folded(runs: Iterable[str]) -> list[str]:
    """Lines with the same runs told once: ` 3-9 a80`."""
    told: list[str] = []
    for run, some in groupby(runs, lambda each: each[3:]):
        numbers = [each[:2].strip() for each in some]
        told.append(f"{numbers[0]}-{numbers[-1]} {run}" if len(numbers) > 1 else f"{numbers[0]} {run}")
    return told
