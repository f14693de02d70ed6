"""Where things are kept: the directories of a user and the nearest .pytake.toml; light enough for completion."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from pytake_cli.errors import ConfigError

PROJECT_FILE = ".pytake.toml"


@dataclass(frozen=True, slots=True)
class Paths:
    """The directories that PYTAKE keeps things in; whoever writes makes them, 0700."""

    config: Path
    data: Path
    state: Path
    cache: Path
    run: Path


def paths() -> Paths:
    """Where things are: below PYTAKE_HOME if that is set, else where the system wants them."""
    if home := os.environ.get("PYTAKE_HOME"):
        root = Path(home).expanduser().absolute()
        return Paths(root / "config", root / "data", root / "state", root / "cache", root / "run")
    from platformdirs import PlatformDirs

    dirs = PlatformDirs("pytake", appauthor=False)
    state = Path(dirs.user_state_dir)
    return Paths(
        Path(dirs.user_config_dir), Path(dirs.user_data_dir), state, Path(dirs.user_cache_dir), _run_dir(state)
    )


def _run_dir(state: Path) -> Path:
    # cron and ssh have no XDG_RUNTIME_DIR, but must find what a desktop session started
    named = os.environ.get("XDG_RUNTIME_DIR")
    uid = os.getuid() if hasattr(os, "getuid") else 0
    for candidate in (named, f"/run/user/{uid}"):
        if candidate and os.access(candidate, os.W_OK):
            return Path(candidate) / "pytake"
    return state / "run"


def find_project_file(start: Path) -> Path | None:
    """The nearest .pytake.toml from `start` upward; another user's is refused, it could send our tokens elsewhere."""
    for directory in (start, *start.parents):
        candidate = directory / PROJECT_FILE
        if not candidate.is_file():
            continue
        if hasattr(os, "getuid") and os.environ.get("PYTAKE_TRUST_PROJECT") != "1":
            status = candidate.stat()
            if status.st_uid not in (os.getuid(), 0) or status.st_mode & 0o002:
                raise ConfigError(
                    "PT-CONFIG-OWNER",
                    "{path} belongs to another user, or anybody may write to it",
                    why="it could send your tokens to another server",
                    fix="PYTAKE_TRUST_PROJECT=1 pytake …",
                    path=str(candidate),
                )
        return candidate
    return None
