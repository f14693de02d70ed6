"""Runs a command of ours beside the inbox, for what works with files of this machine."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import DEVNULL, PIPE


async def run(*words: str) -> tuple[str, str]:
    """What `pytake WORDS` writes: its data, and what it says beside it."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "pytake_cli", *words, stdin=DEVNULL, stdout=PIPE, stderr=PIPE
    )
    try:
        data, told = await child.communicate()
    except asyncio.CancelledError:
        child.kill()
        raise
    return data.decode(errors="replace"), told.decode(errors="replace")
