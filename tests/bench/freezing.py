"""A campaign to a million people: planned and launched by the commands, then sent by the daemon; time and memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from pytake_cli import clock
from pytake_cli.store import Store, retention
from pytake_cli.store.numbers import Number
from tests.bench.figures import Options, Row, cpu_seconds
from tests.bench.sending import RATE, SLOW
from tests.kit import campaigning, home
from tests.kit.home import Home

RECIPIENTS, LEFT_OUT = 1_000_000, 50_000
SEND_SECONDS = 30
# Everybody's message is theirs, waits for their own morning, and whoever a person is talking with is left out.
FILE = """name: {name}
template: oferta_semana
audience: {{where: consent.marketing is set}}
values: {{"1": "{{{{ contact.first_name | default('cliente') }}}}", "2": "10%", "button.0": "7"}}
quiet_hours: {quiet}
"""
SCATTERED = (
    "UPDATE contact SET tz = 'America/Manaus' WHERE id % 10 = 3",
    "UPDATE contact SET tz = 'Europe/Lisbon' WHERE id % 50 = 4",
    "UPDATE contact SET blocked_at = created_at WHERE id > :kept AND id % 2 = 0",
    "UPDATE contact SET opted_out_at = created_at WHERE id > :kept AND id % 2 = 1",
    "UPDATE identity SET value = '55' || (11 + contact_id % 80) || substr(value, 5)",
)


@dataclass(frozen=True, slots=True)
class Used:
    """What a process took: seconds, of them with a processor, and megabytes at the most, mapped pages apart."""

    seconds: float
    cpu: float
    resident: float
    mapped: float


def measure(folder: Path, options: Options) -> Iterator[Row]:
    here = home.make(folder / "freezing", emulator=SLOW, acknowledgement="")
    with here.store() as store:
        fill(store, here)
    plans, launches = [], []
    for turn in range(options.times):
        plan, launch = _frozen(here, f"c{turn}")
        plans.append(plan)
        launches.append(launch)
    whole = f"{RECIPIENTS:,} of {RECIPIENTS + LEFT_OUT:,} people"
    yield from _rows("plan of a campaign", plans, "", f"{whole}, each one's values tried")
    yield from _rows("freeze of a campaign", launches, "≤ 10", f"{whole}, after a second look at them all")
    yield from _sent(here)


def fill(store: Store, here: Home, recipients: int = RECIPIENTS, left_out: int = LEFT_OUT) -> None:
    """People who agreed, of several time zones, and some who are left out."""
    now = clock.now()
    campaigning.approve(store, here.org_id, now)
    campaigning.people(store, here.org_id, recipients + left_out, now)
    with store.write() as db:
        number = db.get_one(Number, here.number_id)
        number.rate_per_second, number.tier = RATE, "TIER_UNLIMITED"
        for statement in SCATTERED:
            db.connection().execute(sa.text(statement), {"kept": recipients} if ":kept" in statement else {})
    retention.optimize(store)
    (here.folder / "campaigns").mkdir()


def _frozen(here: Home, name: str) -> tuple[Used, Used]:
    write(here, name, "20:00-08:00")
    told, plan = used(here, "campaign", "plan", name, "--json")
    made = json.loads(told)
    assert made["recipients"] == RECIPIENTS, made["exclusions"]
    words = ["campaign", "launch", "--plan", made["id"], "--yes", "--expect", str(RECIPIENTS)]
    _, launch = used(here, *words, "--json")
    return plan, launch


def write(here: Home, name: str, quiet: str) -> None:
    (here.folder / "campaigns" / f"{name}.yaml").write_text(FILE.format(name=name, quiet=quiet))


def used(here: Home, *words: str) -> tuple[str, Used]:
    """Runs `pytake …`; what it says and what it took."""
    began, most, mapped = time.perf_counter(), 0.0, 0.0
    command = [sys.executable, "-m", "pytake_cli", *words]
    with (here.folder / "said.json").open("w+") as said, (here.folder / "told.txt").open("a") as told:
        child = subprocess.Popen(command, env=here.environment, cwd=here.folder, stdout=said, stderr=told)
        while True:
            pid, status, usage = os.wait4(child.pid, os.WNOHANG)
            if pid:
                break
            own, pages = resident(child.pid)
            most, mapped = max(most, own + pages), max(mapped, pages)
            time.sleep(0.02)
        child.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        assert child.returncode == 0, f"pytake {' '.join(words)}: {child.returncode}"
        seconds = time.perf_counter() - began
        return said.read(), Used(seconds, usage.ru_utime + usage.ru_stime, most, mapped)


def resident(pid: int) -> tuple[float, float]:
    """Megabytes of its own and of files it has mapped: programs, libraries, and pages of the store."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0, 0.0
    told = {name: words.split()[0] for name, _, words in (line.partition(":") for line in lines) if "Rss" in name}
    return int(told.get("RssAnon", 0)) / 1024, int(told.get("RssFile", 0)) / 1024


def _rows(name: str, runs: list[Used], target: str, note: str) -> Iterator[Row]:
    cpu = sorted(run.cpu for run in runs)[len(runs) // 2]
    yield Row(name, "s", tuple(run.seconds for run in runs), target, f"{cpu:.1f} s of CPU; {note}")
    pages = max(run.mapped for run in runs)
    note = f"{pages:.0f} MB of it mapped files"
    yield Row("· memory at its most", "MB", tuple(run.resident for run in runs), "≤ 200", note)


def _sent(here: Home) -> Iterator[Row]:
    """The daemon with a campaign to all of them under way."""
    write(here, "now", "none")
    made = json.loads(used(here, "campaign", "plan", "now", "--json")[0])
    used(here, "campaign", "launch", "--plan", made["id"], "--yes", "--expect", str(made["recipients"]), "--json")
    try:
        here.emulator.up()
        here.daemon.up()
        time.sleep(5.0)
        sent, cpu, began = here.emulator.accepted(), cpu_seconds(here.daemon.pid), time.perf_counter()
        seen = []
        for _ in range(SEND_SECONDS):
            time.sleep(1.0)
            seen.append(resident(here.daemon.pid))
        seconds = time.perf_counter() - began
        sent, cpu = here.emulator.accepted() - sent, cpu_seconds(here.daemon.pid) - cpu
        note = f"{cpu / seconds:.2f} core, {cpu / max(sent, 1) * 1e6:.0f} µs a message; statuses come back"
        yield Row("a million people are sent to", "/s", (sent / seconds,), "1,000", note)
        own, pages = max(seen, key=sum)
        note = f"{pages:.0f} MB of it mapped files; {sum(seen[0]):.0f} MB at first"
        yield Row("· memory of the daemon", "MB", (own + pages,), "≤ 200", note)
    finally:
        here.stop()
