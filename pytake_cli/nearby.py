"""Where Graph is: Meta's, or the emulator of this home, wherever that listens just now."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pytake_cli import settings

EMULATOR = "emulator"  # the value of whatsapp.graph_url that means the emulator of this home
EMULATOR_FILE = "emulator.json"


def graph_url() -> str:
    """The address for every call to Graph; asked for again and again, as an emulator may come back elsewhere."""
    chosen = settings.current().whatsapp.graph_url
    return emulator_url() if chosen == EMULATOR else chosen


def emulator_url() -> str:
    """Where the emulator of this home listens, or would."""
    state = read_emulator(settings.paths().run)
    emulator = settings.current().emulator
    return str(state["url"]) if state else f"http://{emulator.host}:{emulator.port}"


def read_emulator(run: Path) -> dict[str, Any] | None:
    """What the emulator wrote about itself: {"url": "http://127.0.0.1:8788", "pid": 72}; None when it is not there."""
    try:
        state = json.loads((run / EMULATOR_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return state if isinstance(state, dict) and "url" in state else None
