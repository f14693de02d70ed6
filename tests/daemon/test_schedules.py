"""Schedules in the daemon: commands run as children, for a bounded time, and end with their daemon."""

from __future__ import annotations

import asyncio
import os
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from pytake_cli import clock
from pytake_cli.daemon import schedules as running
from pytake_cli.daemon.schedules import DUE, Schedules, until_it_ends
from pytake_cli.policy.recurrence_files import read
from pytake_cli.services import schedule_runs, schedules
from pytake_cli.services.schedule_runs import Child
from pytake_cli.store import Store
from pytake_cli.store.schedules import ScheduleRun
from tests.kit.stores import make_org


def child(code: str, seconds: float = 30.0) -> Child:
    return Child(1, "x", [], dict(os.environ), seconds, [sys.executable, "-c", code])


def ended(given: Child) -> tuple[int | None, str, str]:
    said = bytearray()
    code, reason = asyncio.run(until_it_ends(given, said))
    return code, reason, said.decode()


def make(store: Store, *command: str) -> None:
    org, start = make_org(store), clock.now() - timedelta(minutes=1)
    with store.write() as db:
        row = schedules.create(
            db, org, name="x", rule=read({"every": "1h", "start": f"{start + timedelta(hours=1):%Y-%m-%dT%H:%M}"}),
            tz="UTC", command=command, missed="skip", by="", now=start,
        )  # fmt: skip
        row.next_at, row.next_local = start, f"{start:%Y-%m-%dT%H:%M}"


def run_what_is_due(store: Store, stop_after: float | None = None) -> ScheduleRun:
    async def work() -> None:
        handler = Schedules(store, "me")
        await handler.handle(DUE, "report")
        [run] = await asyncio.to_thread(schedule_runs.queued, store)
        await handler.handle(str(run), "report")
        await handler.handle(str(run), "report")  # twice is once
        if stop_after is not None:
            await asyncio.sleep(stop_after)
            await handler.close(10)
        await asyncio.gather(*handler.tasks())

    asyncio.run(work())
    with store.read() as db:
        [run] = db.exec(select(ScheduleRun)).all()
    return run


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_command_of_what_is_due_runs_as_this_program(store: Store) -> None:
    make(store, "errors", "PT-SCHEDULE")
    run = run_what_is_due(store)
    assert (run.state, run.exit_code) == ("done", 0)
    assert "PT-SCHEDULE" in run.output


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_command_that_fails_is_noted_with_its_code_and_words(store: Store) -> None:
    make(store, "errors", "PT-NO-SUCH")
    run = run_what_is_due(store)
    assert run.state == "failed"
    assert run.exit_code not in (0, None)
    assert "PT-NO-SUCH" in run.output


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_daemon_that_stops_ends_what_runs_and_notes_it(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTAKE_SECRET_APP_SECRET", "x")
    make(store, "listen")
    run = run_what_is_due(store, stop_after=0.3)
    assert (run.state, run.reason) == ("failed", "stopped")


def test_nothing_is_asked_and_the_organisation_is_named(store: Store) -> None:
    make(store, "status")
    schedule_runs.fire_due(store, clock.now())
    [id_] = schedule_runs.queued(store)
    begun = schedule_runs.begin(store, id_, "me", clock.now())
    assert begun is not None
    assert begun.argv == [sys.executable, "-m", "pytake_cli", "status"]
    assert (begun.environment["PYTAKE_ORG"], begun.environment["PYTAKE_NO_INPUT"]) == ("loja", "1")
    assert schedule_runs.begin(store, id_, "another", clock.now()) is None


def test_both_outputs_are_kept_and_stdin_is_empty() -> None:
    code = "import sys; print(repr(sys.stdin.read())); print('bad', file=sys.stderr); sys.exit(3)"
    assert ended(child(f"import sys; sys.stdout.reconfigure(line_buffering=True); {code}")) == (3, "", "''\nbad\n")


def test_only_the_end_of_much_is_kept() -> None:
    code, _, said = ended(child("print('x' * 3_000_000); print('the end')"))
    assert (code, len(said)) == (0, running.KEPT_BYTES)
    assert said.endswith("the end\n")


def test_what_takes_too_long_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    grandchild = f"import os,time; open({str(pid)!r},'w').write(str(os.getpid())); time.sleep(60)"
    started = f"subprocess.Popen([sys.executable, '-c', {grandchild!r}])"
    code = f"import subprocess,sys,time; print('begun', flush=True); {started}; time.sleep(60)"
    assert ended(child(code, 5.0)) == (None, "timeout", "begun\n")
    if pid.exists():  # a slow machine may not have come so far
        left = Path(f"/proc/{pid.read_text()}/cmdline")
        assert not left.exists() or not left.read_bytes()
