"""Token buckets: complaints of Meta's slow a number down, once for requests that were refused together."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from pytake_cli.store import Store, buckets
from tests.kit.stores import NOW

KEY = "number:1"
RATE = 80.0


def take(store: Store, seconds: float, want: int = 1000) -> int:
    """How many tokens there are `seconds` after NOW."""
    with store.write() as db:
        now = NOW + timedelta(seconds=seconds)
        return buckets.take(db, KEY, want, rate=RATE, burst=RATE, reserve=0.0, now=now)


def complain(store: Store, seconds: float, times: int = 1) -> None:
    for _ in range(times):
        with store.write() as db:
            buckets.slow_down(db, KEY, rate=RATE, now=NOW + timedelta(seconds=seconds))


def share(store: Store) -> float:
    with store.read() as db:
        return db.get_one(buckets.RateBucket, KEY).share


def test_fifty_requests_that_are_refused_together_halve_the_rate_once(store: Store) -> None:
    take(store, 0)
    complain(store, 0, times=50)
    assert share(store) == 0.5


def test_nothing_goes_out_for_half_a_second_after_a_complaint(store: Store) -> None:
    take(store, 0)
    complain(store, 0)
    assert take(store, 0.4) == 0
    assert 0 < take(store, 1.0) <= RATE / 2


def test_a_number_that_meta_complained_about_is_back_at_its_rate_within_ten_seconds(store: Store) -> None:
    take(store, 0)
    complain(store, 0)
    for second in range(1, 11):
        take(store, second)
    assert share(store) == 1.0


def test_complaints_that_go_on_slow_the_number_to_a_trickle_and_not_to_a_stop(store: Store) -> None:
    sent = 0
    with store.write() as db:
        for tenth in range(600):
            now = NOW + timedelta(seconds=tenth / 10)
            sent += buckets.take(db, KEY, 1000, rate=RATE, burst=RATE, reserve=0.0, now=now)
            buckets.slow_down(db, KEY, rate=RATE, now=now)
    assert 30 < sent < 300


def test_two_lanes_may_begin_at_once(store: Store) -> None:
    with ThreadPoolExecutor(8) as threads:
        taken = list(threads.map(lambda _: take(store, 0, want=1), range(8)))
    assert taken == [1] * 8
