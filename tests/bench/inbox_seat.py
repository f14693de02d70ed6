"""The process that tests/bench/inbox.py measures: an inbox and nothing else, so that its memory is the inbox's."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

KEYS, EVENTS, BURST = 40, 40, 100


async def _sit_down(url: str, token: str, size: int) -> dict[str, float]:
    began = time.process_time()
    from pytake_cli.tui.app import InboxApp
    from pytake_cli.tui.client import Client, Login
    from pytake_cli.tui.live import Event
    from pytake_cli.tui.options import Options
    from pytake_cli.tui.screens.inbox import InboxScreen

    app = InboxApp(Client(url, Login(token)), Options(view="all", theme="dark"))
    found: dict[str, float] = {}
    async with app.run_test(size=(120, 40)) as pilot:
        screen: Any = app.screen
        assert isinstance(screen, InboxScreen)
        while not screen.talks.rows:
            await asyncio.sleep(0.002)
        await pilot.pause()
        found["first_paint"] = (time.process_time() - began) * 1000
        await _until(lambda: screen.open is not None and screen.chat.items)
        first = screen.talks.rows[0]
        rows = [replace(first, id=10_000 + at) for at in range(size - len(screen.talks.rows))]
        at = time.process_time()
        screen.talks.show([*screen.talks.rows, *rows])
        await pilot.pause()
        found["all_shown"] = (time.process_time() - at) * 1000
        found["key"] = await _each(KEYS, lambda: pilot.press("j"), 0.12)
        found["event"] = await _each(EVENTS, lambda: _event(app, Event, [screen.talks.rows[0].id]), 0.05)
        at = time.process_time()
        await _event(app, Event, [row.id for row in screen.talks.rows[:BURST]])
        await asyncio.sleep(1.6)
        found["burst"] = (time.process_time() - at) * 1000
        await pilot.press("enter")
        found["typing"] = await _each(KEYS, lambda: pilot.press("a"), 0.02)
        found["memory"] = _resident_mb()
    return found


def _resident_mb() -> float:
    """Not the highest of getrusage: that begins with what the parent had."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


async def _event(app: Any, kind: Any, ids: list[int]) -> None:
    for id_ in ids:
        payload = {"conversation": id_, "direction": "in", "kind": "text"}
        app._heard(kind(None, "message:new", id_, payload))


async def _until(holds: Any) -> None:
    while not holds():
        await asyncio.sleep(0.005)


async def _each(times: int, do: Any, wait: float) -> float:
    """Processor time of one, what it sets off included, without what waiting alone costs."""
    at = time.process_time()
    for _ in range(times):
        await asyncio.sleep(wait)
    idle = time.process_time() - at
    at = time.process_time()
    for _ in range(times):
        await do()
        await asyncio.sleep(wait)
    return max(0.0, time.process_time() - at - idle) / times * 1000


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("token")
    parser.add_argument("size", type=int)
    given = parser.parse_args()
    print(json.dumps(asyncio.run(_sit_down(given.url, given.token, given.size))))
