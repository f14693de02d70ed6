"""kill -9 at random moments and at every named point: nothing is lost, nothing is doubled, and it is soon back.

Long runs: `python -m tests.kit.kill --kills 100 --sends 10000 --webhooks 10000`, which also judges how soon.
"""

from __future__ import annotations

from pathlib import Path

from pytake_cli import faults
from tests.kit import kill_flows, kill_import
from tests.kit.kill import Plan, run


def test_twenty_kills_lose_and_double_nothing(tmp_path: Path) -> None:
    outcome = run(Plan(kills=20, sends=1200, webhooks=1200, customers=60, rate=60, seed=20, grace_seconds=8), tmp_path)
    assert outcome.kills == 20
    assert outcome.report.counts["accepted"] >= 1000
    assert outcome.to_accept


def test_a_crash_at_every_named_point_loses_and_doubles_nothing(tmp_path: Path) -> None:
    plan = Plan(points=faults.POINTS, customers=60, rate=30, seed=8, grace_seconds=5)
    outcome = run(plan, tmp_path)
    assert outcome.kills == 2 * len(faults.POINTS)
    assert outcome.to_accept


def test_kills_lose_and_double_nothing_on_postgresql(tmp_path: Path) -> None:
    plan = Plan(kills=5, sends=300, webhooks=300, customers=30, rate=40, seed=5, store="postgres", grace_seconds=5)
    assert run(plan, tmp_path).kills == 5


def test_kills_in_the_middle_of_conversations_lose_no_session_and_say_nothing_twice(tmp_path: Path) -> None:
    """Longer: `python -m tests.kit.kill_flows --kills 50 --customers 200`."""
    outcome = kill_flows.run(kill_flows.Plan(kills=3, customers=12, seed=3), tmp_path)
    assert outcome.counts["sessions completed"] == 12


def test_kills_in_the_middle_of_an_import_lose_and_double_nobody(tmp_path: Path) -> None:
    """Longer: `python -m tests.kit.kill_import FOLDER 20 100000`."""
    assert kill_import.run(tmp_path, kills=5, rows=20_000) >= 5
