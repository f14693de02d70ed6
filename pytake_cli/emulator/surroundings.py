"""What the emulator shares with the daemon of one PYTAKE_HOME: secrets, addresses, the state file."""

from __future__ import annotations

import importlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytake_cli.emulator import defaults

STATE_FILE = "emulator.json"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where the daemon is and which secrets both use."""

    webhook_url: str
    app_secret: str
    verify_token: str
    host: str
    port: int
    run: Path


def look() -> Surroundings:
    """Reads settings and the secrets chain."""
    settings, secrets = importlib.import_module("pytake_cli.settings"), importlib.import_module("pytake_cli.secrets")
    current = settings.current()
    webhook_url = current.emulator.webhook_url or f"http://{current.serve.host}:{current.serve.port}/webhooks/whatsapp"
    return Surroundings(
        webhook_url=webhook_url,
        app_secret=secrets.get("app_secret") or defaults.APP_SECRET,
        verify_token=secrets.get("verify_token") or defaults.VERIFY_TOKEN,
        host=current.emulator.host,
        port=current.emulator.port,
        run=Path(settings.paths().run),
    )


def write_state(run: Path, url: str) -> Path:
    """Tells other commands of this PYTAKE_HOME where the emulator is."""
    run.mkdir(parents=True, exist_ok=True)
    path = run / STATE_FILE
    path.write_text(json.dumps({"url": url, "pid": os.getpid()}))
    return path


def read_state(run: Path) -> dict[str, Any] | None:
    try:
        state = json.loads((run / STATE_FILE).read_text())
    except (OSError, ValueError):
        return None
    return state if isinstance(state, dict) else None
