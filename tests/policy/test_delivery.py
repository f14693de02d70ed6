"""What becomes of a send that failed, decided from plain facts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytake_cli.policy import delivery, pacing, window

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def verdict(
    action: str = "retry", *, unknown: bool = False, answered: bool = True, attempts: int = 1, max_retries: int = 6
) -> delivery.Verdict:
    return delivery.after_failure(
        action,
        unknown=unknown,
        answered=answered,
        attempts=attempts,
        max_retries=max_retries,
        retry_seconds=None,
        grace_seconds=120,
    )


def test_a_cut_off_answer_is_unknown_whatever_the_code() -> None:
    assert verdict("fix", unknown=True) == delivery.Verdict("unknown", 120)


def test_a_send_that_never_reached_meta_is_queued_and_not_counted() -> None:
    assert verdict(answered=False).status == "queued"
    assert verdict(answered=False, attempts=1000).counted is False


def test_retries_end_after_the_number_the_rule_allows() -> None:
    assert [verdict(attempts=n, max_retries=3).status for n in (1, 2, 3, 4)] == ["queued"] * 3 + ["failed"]


@pytest.mark.parametrize("action", ["fix", "stop_user", "stop_template", "unknown_code"])
def test_a_final_refusal_fails_the_message(action: str) -> None:
    assert verdict(action).status == "failed"


@pytest.mark.parametrize("action", ["token", "stop_number", "slow"])
def test_what_stops_or_slows_the_number_keeps_its_queue(action: str) -> None:
    assert (verdict(action, attempts=99).status, verdict(action).counted) == ("queued", False)


def test_the_pair_limit_waits_four_to_the_power_of_the_attempts() -> None:
    assert [verdict("pair", attempts=n).delay_seconds for n in (1, 2, 3)] == [4, 16, 64]


@given(st.integers(min_value=-5, max_value=10_000))
def test_backoff_never_exceeds_its_cap(attempts: int) -> None:
    assert 0 < delivery.backoff_seconds(attempts) <= delivery.RETRY_CAP_SECONDS


@pytest.mark.parametrize(
    ("origin", "kind", "policy"),
    [
        ("campaign", "text", "hold"),
        ("agent", "template", "hold"),
        ("agent", "text", "resend"),
        ("bot", "image", "resend"),
    ],
)
def test_only_answers_in_a_conversation_may_be_sent_twice(origin: str, kind: str, policy: str) -> None:
    assert delivery.on_unknown(origin, kind) == policy


def test_the_window_closes_a_minute_before_metas() -> None:
    assert window.window_is_open(NOW - timedelta(hours=23, minutes=58, seconds=59), NOW)
    assert not window.window_is_open(NOW - timedelta(hours=23, minutes=59), NOW)
    assert not window.window_is_open(None, NOW)


@given(st.lists(st.floats(min_value=0, max_value=30), min_size=1, max_size=300))
def test_a_pair_never_gets_more_than_its_burst_and_one_in_six_seconds(gaps: list[float]) -> None:
    free_at, now, sent = None, NOW, []
    for gap in gaps:
        now += timedelta(seconds=gap)
        if free_at is None or free_at <= pacing.pair_horizon(now, 6, 45):
            free_at = pacing.next_pair_free_at(free_at, now, 6)
            sent.append(now)
    for first, start in enumerate(sent):
        for count, end in enumerate(sent[first:], start=1):
            assert count <= 45 + (end - start).total_seconds() / 6 + 1e-6
