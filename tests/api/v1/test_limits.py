"""The three limits, in one process and over several daemons of one database."""

from __future__ import annotations

import threading
from datetime import timedelta
from functools import partial

import pytest

from pytake_cli.api.v1.limits import Limits
from pytake_cli.api.visitors import Limit
from pytake_cli.daemon.front import take_visits
from pytake_cli.store import Store, visits
from tests.kit.api import open_api, somebody
from tests.kit.stores import NOW, make_org


def take(store: Store, want: int, *, key: str = "address:203.0.113.7", after: float = 0.0) -> tuple[int, float]:
    with store.write() as db:
        return visits.take(db, key, want, 100, NOW + timedelta(seconds=after))


def test_a_minute_s_visits_are_leased_until_there_are_no_more(store: Store) -> None:
    assert [take(store, 40, after=each) for each in (0, 10, 20, 30)] == [(40, 60), (40, 50), (20, 40), (0, 30)]
    assert take(store, 40, key="address:203.0.113.8", after=30) == (40, 60)
    assert take(store, 40, after=60) == (40, 60)


def test_visits_of_minutes_that_are_over_are_forgotten(store: Store) -> None:
    take(store, 40)
    take(store, 40, key="user:1/3", after=61)
    with store.read() as db:
        assert [row.key for row in db.connection().execute(visits.visit.select())] == ["user:1/3"]


@pytest.mark.parametrize("limit", ["strangers", "people", "sensitive"])
def test_two_daemons_of_one_database_count_together(store: Store, limit: str) -> None:
    org = make_org(store)
    most = {"strangers": 10_000, "people": 10_000, "sensitive": 10_000, limit: 30}
    limits = [Limits(**most, take=partial(take_visits, store)) for _ in range(2)]
    who = somebody(org, user_id=3) if limit == "people" else None
    with (
        open_api(store, limits=limits[0]) as one,
        open_api(store, limits=limits[1]) as other,
        one.as_(who) as first,
        other.as_(who) as second,
    ):
        seen = []
        for client in [first, second] * 20:
            wrong = {"token": "setup_x", "password": "x"}
            answer = client.post("/auth/setup", json=wrong) if limit == "sensitive" else client.get("/me")
            seen.append(answer.status_code)
    assert seen.index(429) == 30
    assert set(seen[30:]) == {429}
    assert 1 <= int(answer.headers["retry-after"]) <= 60


def test_two_threads_of_one_user_are_both_counted() -> None:
    limit, allowed = Limit(500), []

    def come() -> None:
        allowed.append(sum(not limit.exceeded("user:1/3", 0.0) for _ in range(500)))

    threads = [threading.Thread(target=come) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(allowed) == 500
