"""The breaker by table: what stops a campaign, and what does not yet."""

from __future__ import annotations

import pytest

from pytake_cli.policy.breaker import AT_ONCE, AT_THREE, WINDOW, Fate, Trip, judge

SENT, FAILED = Fate("sent"), Fate("failed", 131026)


@pytest.mark.parametrize("code", sorted(AT_ONCE))
def test_one_refusal_of_the_template_or_the_account_is_enough(code: int) -> None:
    assert judge([Fate("failed", code), *[SENT] * 100]) == Trip(code, 1, 101)


@pytest.mark.parametrize("code", sorted(AT_THREE))
def test_values_of_single_people_stop_nobody_else_before_the_third(code: int) -> None:
    assert judge([Fate("failed", code)] * 2 + [SENT] * 100) is None
    assert judge([Fate("failed", code)] * 3 + [SENT] * 100) == Trip(code, 3, 103)


@pytest.mark.parametrize(("failed", "sent", "stops"), [(10, 190, False), (11, 189, True), (3, 5, False), (4, 16, True)])
def test_more_than_five_per_cent_of_the_newest_stop_it(failed: int, sent: int, stops: bool) -> None:
    found = judge([FAILED] * failed + [SENT] * sent)
    assert (found == Trip(None, failed, failed + sent)) is stops


def test_a_burst_of_withheld_messages_stops_it() -> None:
    assert judge([Fate("failed", 131049)] * 9 + [SENT] * (WINDOW - 9)) is None
    assert judge([Fate("failed", 131049)] * 10 + [SENT] * (WINDOW - 10)) == Trip(131049, 10, WINDOW)


def test_a_number_that_is_too_fast_is_slowed_and_not_stopped() -> None:
    assert judge([Fate("queued", 130429)] * 100) is None


def test_nothing_known_stops_nothing() -> None:
    assert judge([]) is None
