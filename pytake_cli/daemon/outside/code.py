"""`code` steps: a function of the project, in a process of its own with limits, which ends when its time is over.

It keeps a mistake in a function from taking the daemon along, and its secrets from being read by accident. It is no
wall against its author: the function runs as the same user and may read what that user may. Hence `flows.allow_code`.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from pytake_cli import settings
from pytake_cli.daemon.outside.answers import MOST_BYTES, Failed, effect_of, read_json
from pytake_cli.flow.effects import RunCode
from pytake_cli.store.jobs import Job

if TYPE_CHECKING:
    from pytake_cli.daemon.jobs import Workshop

CHILD = Path(__file__).with_name("code_child.py")
MOST_SECONDS = 30.0
AT_ONCE = 4  # a process each
ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "PYTHONHASHSEED": "random"}
REASONS = ("code", "memory", "settings", "too_big")

_places = asyncio.Semaphore(AT_ONCE)


def repeatable(payload: dict[str, Any]) -> bool:
    return False  # nobody knows what a function does


async def run(shop: Workshop, job: Job) -> Any:
    """{"session": 7, "effect": {"token": "3.price", "function": "prices:of", "arguments": {"sku": "A1"}}}"""
    effect = effect_of(job, RunCode)
    options = settings.current().flows
    if not options.allow_code:
        raise Failed("settings", "code steps are switched off: flows.allow_code")
    seconds = min(effect.timeout_seconds, MOST_SECONDS)
    asked = {
        "project": str(settings.flows_folder().absolute().parent),
        "function": effect.function,
        "arguments": effect.arguments,
        "memory_bytes": options.code_memory_mib * 1024 * 1024,
        "seconds": int(seconds) + 1,
    }
    question = orjson.dumps(asked)
    if len(question) > MOST_BYTES:
        raise Failed("too_big", "what the function would be given is too big")
    async with _places:
        return _answer(await _in_a_child(question, asked["project"], seconds))


async def _in_a_child(question: bytes, folder: str, seconds: float) -> bytes:
    """What the child wrote. When this returns, the child and all it started are gone."""
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        str(CHILD),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=ENVIRONMENT,
        cwd=folder if Path(folder).is_dir() else "/",
        start_new_session=True,
        limit=2 * MOST_BYTES,
    )
    try:
        async with asyncio.timeout(seconds):
            return await _talk(child, question)
    except TimeoutError:
        raise Failed("timeout", f"the function took longer than {seconds:g} s") from None
    finally:
        try:
            os.killpg(child.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        await child.wait()


async def _talk(child: asyncio.subprocess.Process, question: bytes) -> bytes:
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        child.stdin.write(question)
        await child.stdin.drain()
        child.stdin.close()
    except ConnectionError:
        pass  # it died before it had heard all; what it wrote, if anything, says why
    said = bytearray()
    while len(said) <= 2 * MOST_BYTES and (more := await child.stdout.read(65536)):
        said += more
    return bytes(said)


def _answer(said: bytes) -> Any:
    if not said:
        raise Failed("code", "the function ended its process")
    if len(said) > 2 * MOST_BYTES:
        raise Failed("too_big", "what the function returned is too big")
    answer = read_json(said)
    if not isinstance(answer, dict) or ("value" not in answer and "error" not in answer):
        raise Failed("invalid", "the function wrote over its own answer")
    if "value" in answer:
        return answer["value"]
    reason, detail = (str(each) for each in answer["error"])
    raise Failed(reason if reason in REASONS else "code", detail)
