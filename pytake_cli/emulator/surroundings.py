"""What the emulator shares with the daemon of one PYTAKE_HOME: secrets, addresses, the state file."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from pytake_cli import secrets, settings
from pytake_cli.emulator import defaults
from pytake_cli.nearby import EMULATOR_FILE


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Which secrets both use, and where the emulator listens."""

    app_secret: str
    verify_token: str
    host: str
    port: int
    run: Path


def look() -> Surroundings:
    """Reads settings and the secrets chain."""
    current = settings.current()
    return Surroundings(
        app_secret=_first("app_secret", defaults.APP_SECRET),
        verify_token=_first("verify_token", defaults.VERIFY_TOKEN),
        host=current.emulator.host,
        port=current.emulator.port,
        run=settings.paths().run,
    )


def _first(name: str, otherwise: str) -> str:
    """The global secret, else any scoped one: an emulator plays one app only."""
    return secrets.get(name) or next(iter(secrets.all_values(name)), otherwise)


def write_state(run: Path, url: str) -> Path:
    """Tells other commands of this PYTAKE_HOME where the emulator is."""
    run.mkdir(parents=True, exist_ok=True)
    path = run / EMULATOR_FILE
    path.write_text(json.dumps({"url": url, "pid": os.getpid()}))
    return path
