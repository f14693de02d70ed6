"""Writes down what passes, as JSON lines that `replay` can send again."""

from __future__ import annotations

from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import orjson

if TYPE_CHECKING:
    from pytake_cli.emulator.delivery import Delivery
    from pytake_cli.emulator.world import World

KEEP = 20_000  # lines held for a recording that was started without a file


class Recorder:
    """A recording has one line a request and one a webhook: `{"kind":"webhook","at":…,"body":"…"}`."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._file: TextIO | None = None
        self.lines: deque[str] = deque(maxlen=KEEP)
        self.on = False
        if world.config.record:
            self.start(world.config.record)

    def start(self, path: str | None = None) -> None:
        self.stop()
        self.lines.clear()
        self.on = True
        if path:
            self._file = Path(path).open("a", encoding="utf-8", buffering=1)  # noqa: SIM115 - closed by stop()

    def stop(self) -> None:
        self.on = False
        if self._file is not None:
            self._file.close()
            self._file = None

    def request(self, entry: dict[str, Any]) -> None:
        if self.on:
            self._write({"kind": "request", **entry})

    def webhook(self, delivery: Delivery) -> None:
        if self.on and delivery.body is not None:
            self._write(
                {"kind": "webhook", "at": delivery.created_at, "url": delivery.url, "body": delivery.body.decode()}
            )

    def _write(self, entry: dict[str, Any]) -> None:
        line = orjson.dumps(entry, default=str).decode()
        self.lines.append(line)
        if self._file is not None:
            self._file.write(line + "\n")


def webhook_bodies(text: str) -> list[tuple[float, bytes]]:
    """Moment and exact body of each webhook in a recording, or in plain JSON lines of webhook bodies."""
    found: list[tuple[float, bytes]] = []
    for line in text.splitlines():
        if not line.strip():
            continue
        entry = orjson.loads(line)
        if not isinstance(entry, dict):
            continue
        if entry.get("kind") == "webhook":
            found.append((float(entry.get("at", 0.0)), str(entry["body"]).encode()))
        elif "object" in entry:
            found.append((0.0, line.strip().encode()))
    return found
