"""Some at once after quiet, then one by one; the last is left for what is more urgent."""

from __future__ import annotations

import time

import pytest

from pytake_cli.tui.pacing import Allowance


def test_what_was_saved_goes_at_once_and_then_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    allowance = Allowance(2, 10.0)
    assert (allowance.wait(), allowance.wait(keep=1), allowance.wait(keep=2)) == (0.0, 0.0, 10.0)
    allowance.take()
    assert (allowance.wait(), allowance.wait(keep=1)) == (0.0, 10.0)
    allowance.take()
    now += 4.0
    assert allowance.wait() == pytest.approx(6.0)
    now += 100.0
    assert allowance.wait(keep=1) == 0.0
    assert allowance.wait(keep=2) == pytest.approx(10.0)
