"""Schedules: runs the commands of what is due, each in a process of its own, for a bounded time."""

from __future__ import annotations

import asyncio
import logging
import os
import signal

from pytake_cli import clock, settings
from pytake_cli.services import schedule_runs
from pytake_cli.services.schedule_runs import Child
from pytake_cli.store import Store
from pytake_cli.store.work import Lane

log = logging.getLogger(__name__)

DUE = "due"  # the key that stands for all schedules; others are runs
KEPT_BYTES = 64 * 1024  # of the end of what a command prints
PATIENCE_SECONDS = 5.0  # between asking a process to end and ending it
AFTER_SECONDS = 1.0  # for what a process left in the pipe


class Schedules:
    """The handler of `schedule`."""

    def __init__(self, store: Store, me: str) -> None:
        self._store = store
        self._me = me
        self._places = asyncio.Semaphore(settings.current().schedule.at_once)
        self._running: dict[int, asyncio.Task[None]] = {}
        self._stopping = False

    async def handle(self, key: str, lane: Lane) -> None:
        """Looks for what is due, or begins one run; returns at once, the runs go on by themselves."""
        if key == DUE:
            while await asyncio.to_thread(schedule_runs.fire_due, self._store, clock.now()) == schedule_runs.AT_ONCE:
                pass
            return
        run_id = int(key)
        if not self._stopping and run_id not in self._running:
            task = asyncio.ensure_future(self._run(run_id))
            self._running[run_id] = task
            task.add_done_callback(lambda _: self._running.pop(run_id, None))

    def tasks(self) -> list[asyncio.Task[None]]:
        """The runs under way, and those that wait for a place."""
        return list(self._running.values())

    async def close(self, seconds: float) -> None:
        """Ends what runs; each is noted as failed."""
        self._stopping = True
        tasks = self.tasks()
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=seconds)

    async def _run(self, run_id: int) -> None:
        try:
            async with self._places:
                child = await asyncio.to_thread(schedule_runs.begin, self._store, run_id, self._me, clock.now())
                if child is not None:
                    await self._watch(child)
        except asyncio.CancelledError:
            pass  # the daemon stops
        except Exception:
            log.exception("a run of a schedule could not be noted", extra={"run": run_id})

    async def _watch(self, child: Child) -> None:
        said = bytearray()
        code: int | None = None
        reason = "stopped"
        try:
            code, reason = await until_it_ends(child, said)
        except OSError as error:
            said += f"{error.strerror}: {child.argv[0]}".encode()
            reason = ""
        finally:
            output = said.decode(errors="replace")
            end = asyncio.to_thread(
                schedule_runs.finish,
                *(self._store, child.run_id, self._me),
                exit_code=code,
                output=output,
                reason=reason,
                now=clock.now(),
            )
            await asyncio.shield(asyncio.ensure_future(end))


async def until_it_ends(child: Child, said: bytearray) -> tuple[int | None, str]:
    """Runs a command; its exit code and what ended it. When this returns, it and all that it started are gone."""
    process = await asyncio.create_subprocess_exec(
        *child.argv,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=child.environment,
        start_new_session=True,
    )
    assert process.stdout is not None
    listening = asyncio.ensure_future(_keep_the_end(process.stdout, said))
    try:
        async with asyncio.timeout(child.most_seconds):
            return await process.wait(), ""
    except TimeoutError:
        return None, "timeout"
    finally:
        await _end(process)
        await asyncio.wait((listening,), timeout=AFTER_SECONDS)
        listening.cancel()


async def _keep_the_end(stream: asyncio.StreamReader, said: bytearray) -> None:
    while more := await stream.read(65536):
        said += more
        del said[:-KEPT_BYTES]


async def _end(process: asyncio.subprocess.Process) -> None:
    """Asks the process and what it started to end, and ends it if it does not."""
    if process.returncode is None:
        _signal(process, signal.SIGTERM)
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await process.wait()
        except TimeoutError:
            pass
    _signal(process, signal.SIGKILL)
    await process.wait()


def _signal(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    try:
        os.killpg(process.pid, number)
    except (ProcessLookupError, PermissionError):
        pass  # all of them are gone
