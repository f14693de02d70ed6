"""`pytake schedule`: made, looked at, changed, run by hand, handed to the system's clock; errors teach."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from pytake_cli import clock
from pytake_cli.store import Store
from tests.kit.shell import Shell
from tests.kit.stores import make_org

WEEKDAYS = ("--cron", "0 9 * * 1-5")


@pytest.fixture
def shell(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, store_url: str, store: Store) -> Shell:
    make_org(store)
    return Shell(capfd, monkeypatch, store_url)


def test_a_schedule_is_made_shown_changed_paused_and_deleted(shell: Shell) -> None:
    made = shell.json("schedule", "create", "remind", *WEEKDAYS, "--do", "contact list -l 5", "--missed", "run-once")
    assert (made["do"], made["tz"], made["state"]) == ("contact list -l 5", "America/Sao_Paulo", "active")
    assert "next: " in shell.err
    assert "once, late" in shell.err
    assert [row["name"] for row in shell.json("schedule", "list")] == ["remind"]
    assert len(shell.json("schedule", "show", "remind")["coming"]) == 5
    changed = shell.json("schedule", "set", "remind", "--cron", "30 10 * * *", "--blackout", "2026-12-24..2026-12-26")
    assert changed["rule"] == {"cron": "30 10 * * *", "blackout": ["2026-12-24..2026-12-26"]}
    assert shell.json("schedule", "set", "remind", "--do", "user list")["rule"] == changed["rule"]
    assert shell.json("schedule", "pause", "remind")["state"] == "paused"
    assert shell.json("schedule", "next") == []
    assert shell.json("schedule", "resume", "remind")["state"] == "active"
    shell("schedule", "delete", "remind", code=64)
    shell("schedule", "delete", "remind", "--yes")
    assert shell.json("schedule", "list") == []


def test_people_read_a_rule_as_files_say_it(shell: Shell) -> None:
    when = ("--every", "1d", "--at", "09:00", "--window", "08:00-20:00", "--skip", "2099-11-28")
    shell("schedule", "create", "remind", *when, "--do", "status")
    (rule,) = [line for line in shell("schedule", "show", "remind", "--plain").splitlines() if line.startswith("rule")]
    assert rule.startswith("rule        every: 1d; start: ")
    assert rule.endswith("; windows: 08:00-20:00; exceptions: 2099-11-28 skip")


def test_next_tells_the_zone_and_the_odd_nights(shell: Shell) -> None:
    at = ("--tz", "America/New_York", "--do", "status")
    shell("schedule", "create", "night", "--cron", "30 1 1 11 *", *at)
    shell("schedule", "create", "spring", "--cron", "30 2 8-14 3 *", *at)
    rows = shell.json("schedule", "next", "night", "-l", "12")
    assert any("twice" in row["note"] for row in rows)
    skipped = [row for row in shell.json("schedule", "next", "spring", "-l", "30") if row["note"]]
    assert skipped
    assert all(row["local"].endswith("T03:00") and "put on" in row["note"] for row in skipped)


def test_every_day_of_the_week_may_be_said_in_both_languages(shell: Shell) -> None:
    do = ("--do", "status")
    made = shell.json("schedule", "create", "a", "--every", "seg-sex", "--at", "09:00,15:00", *do)
    assert made["rule"] == {"weekly": ["mon", "tue", "wed", "thu", "fri"], "at": ["09:00:00", "15:00:00"]}
    made = shell.json(
        "schedule", "create", "b", "--every", "1d", "--at", "09:00", *do, "--window", "mon-fri=08:00-20:00"
    )
    assert made["next_local"].endswith("T09:00")
    made = shell.json("schedule", "create", "c", "--at", "+2h", *do)
    assert "at" in made["rule"]


def test_the_same_key_makes_one_and_another_content_is_refused(shell: Shell) -> None:
    words = ("schedule", "create", "remind", *WEEKDAYS, "--do", "status", "--idempotency-key", "k1")
    first, again = shell.json(*words), shell.json(*words)
    assert (first["replayed"], again["replayed"], again["id"]) == (False, True, first["id"])
    shell(*words[:-3], "user list", *words[-2:], code=6)
    assert "do 'status' → 'user list'" in shell.err


def test_a_dry_run_makes_nothing(shell: Shell) -> None:
    shell("schedule", "create", "remind", *WEEKDAYS, "--do", "status", "-n")
    assert shell.json("schedule", "list") == []
    shell("schedule", "create", "remind", *WEEKDAYS, "--do", "status")
    shell("schedule", "pause", "remind", "-n")
    shell("schedule", "delete", "remind", "-n")
    shell("schedule", "run", "remind", "-n")
    assert [row["state"] for row in shell.json("schedule", "list")] == ["active"]
    assert shell.json("schedule", "runs") == []


@pytest.mark.parametrize(
    ("do", "code", "words"),
    [
        ("serve", 65, "does not end by itself"),
        ("logs tail", 65, "does not end by itself"),
        ("schedule list", 65, "does not end by itself"),
        ("-o other contact list", 65, "-o is not for a schedule"),
        ("contact list --help", 65, "-h is not for a schedule"),
        ("contact", 65, "names no command"),
        ("", 65, "names no command"),
        ("queue retry -", 65, "reads stdin"),
        ("contact 'list", 65, "quotes"),
        ("contact lst", 2, "contact list"),
        ("contact list --serch x", 2, "--search"),
        ("contact show", 2, "is missing"),
        ("contact list -l many", 2, "many"),
        ("contact show EAAGm0PX4ZCpsBAKZCxyz1234567890abcdefghij", 65, "secret"),
    ],
)
def test_a_command_that_cannot_run_by_itself_is_refused_now(shell: Shell, do: str, code: int, words: str) -> None:
    shell("schedule", "create", "x", *WEEKDAYS, "--do", do, code=code)
    assert words in shell.err


@pytest.mark.parametrize(
    ("when", "code", "words"),
    [
        ((), 2, "--cron, --every or --at"),
        (("--cron", "0 25 * * *"), 65, "25 is no hour"),
        (("--cron", "0 9 * * *", "--at", "09:00"), 2, "says all by itself"),
        (("--every", "often"), 65, "every: often"),
        (("--every", "mon-fri"), 65, "at"),
        (("--at", "2020-01-01T09:00"), 65, "never run"),
        (("--every", "1d", "--blackout", "x"), 65, "blackout: x"),
    ],
)
def test_times_that_do_not_fit_are_named(shell: Shell, when: tuple[str, ...], code: int, words: str) -> None:
    shell("schedule", "create", "x", *when, "--do", "status", code=code)
    assert words in shell.err


def test_by_hand_here_and_now_it_runs_and_leaves_its_line(shell: Shell) -> None:
    shell("schedule", "create", "x", *WEEKDAYS, "--do", "errors PT-SCHEDULE")
    run = shell.json("schedule", "run", "x", "--now", "--fields", "all")
    assert (run["state"], run["exit_code"], run["reason"]) == ("done", 0, "by hand")
    assert "PT-SCHEDULE" in run["output"]
    shell("schedule", "set", "x", "--do", "errors PT-NO-SUCH")
    shell("schedule", "run", "x", "--now", code=5)
    assert [row["state"] for row in shell.json("schedule", "runs", "x")] == ["failed", "done"]


def test_without_a_daemon_a_run_by_hand_waits_and_says_so(shell: Shell) -> None:
    shell("schedule", "create", "x", *WEEKDAYS, "--do", "status")
    assert shell.json("schedule", "run", "x")["state"] == "queued"
    assert "pytake serve" in shell.err
    shell("schedule", "run", "x", "--now", code=6)
    assert "is not over" in shell.err


def test_the_system_clock_gets_lines_it_understands(shell: Shell, tmp_path: Path) -> None:
    shell("schedule", "create", "a", *WEEKDAYS, "--do", "status", "--missed", "run-once")
    shell("schedule", "create", "b", "--cron", "*/15 8-10 1 * mon", "--do", "status")
    lines = shell("schedule", "export", "a", "--crontab").splitlines()
    assert "CRON_TZ=America/Sao_Paulo" in lines
    assert lines[-1].startswith("0 9 * * 1-5 cd ")
    assert lines[-1].endswith("-o loja schedule run a --now -q")
    shell("schedule", "export", "--systemd", "-o", str(tmp_path))
    timer = (tmp_path / "pytake-loja-a.timer").read_text()
    assert "OnCalendar=Mon,Tue,Wed,Thu,Fri *-*-* 09:00:00 America/Sao_Paulo\nPersistent=true" in timer
    assert (tmp_path / "pytake-loja-b.timer").read_text().count("OnCalendar=") == 2, "day and weekday: one is enough"
    assert "schedule run b --now" in (tmp_path / "pytake-loja-b.service").read_text()
    shell("schedule", "create", "c", "--every", "7m", "--do", "status")
    shell("schedule", "export", "c", "--crontab", code=65)
    shell("schedule", "create", "once", "--at", "tomorrow 9:00", "--do", "status")
    exported = shell("schedule", "export", "--crontab", code=7)
    assert exported.count("schedule run") == 2, "a and b; what cron cannot do is named and left to the daemon"
    assert "only pytake serve knows c, once" in shell.err
    shell("schedule", "export", "a", code=2)


def test_a_day_may_have_another_command(shell: Shell) -> None:
    made = shell.json(
        *("schedule", "create", "remind", "--every", "1d", "--at", "09:00", "--do", "status"),
        *("--modify", "2099-11-27=contact list -l 5", "--until", "2099-12-31"),
    )
    different = {"date": "2099-11-27", "do": "modify", "command": ["contact", "list", "-l", "5"]}
    assert made["rule"]["exceptions"] == [different]
    shell("schedule", "set", "remind", "--cron", "0 9 27 11 *")
    notes = [row["note"] for row in shell.json("schedule", "next", "remind", "-l", "90") if "2099" in row["local"]]
    assert notes == ["that day: contact list -l 5"]
    shell("schedule", "set", "remind", "--skip", "2099-11-28")
    shell("schedule", "set", "remind", "--skip", "2099-11-29")
    kept = shell.json("schedule", "show", "remind")["rule"]["exceptions"]
    assert [(each["date"], each["do"]) for each in kept] == [
        ("2099-11-27", "modify"),
        ("2099-11-28", "skip"),
        ("2099-11-29", "skip"),
    ]
    shell("schedule", "set", "remind", "--as-usual", "2099-11-27", "--as-usual", "2099-11-29")
    assert [each["date"] for each in shell.json("schedule", "show", "remind")["rule"]["exceptions"]] == ["2099-11-28"]
    shell("schedule", "set", "remind", "--modify", "2099-11-27=serve", code=65)
    assert "does not end by itself" in shell.err
    shell("schedule", "set", "remind", "--modify", "someday=status", code=65)


def test_a_dry_run_tells_the_command_of_that_day(shell: Shell) -> None:
    today = clock.now().astimezone(ZoneInfo("America/Sao_Paulo")).date()
    days = [today + timedelta(days=more) for more in (-1, 0, 1)]  # whatever the clock says meanwhile
    different = [word for day in days for word in ("--modify", f"{day}=contact list -l 5")]
    shell("schedule", "create", "remind", "--every", "1d", "--at", "09:00", "--do", "status", *different)
    shell("schedule", "run", "remind", "--dry-run")
    assert "would run: pytake contact list -l 5" in shell.err
