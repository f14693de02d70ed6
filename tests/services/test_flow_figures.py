"""Figures of flows: the funnel, who was lost where, and what went wrong, by version."""

from __future__ import annotations

from datetime import timedelta

import pytest

from pytake_cli.services import flow_figures, flow_walks, flows
from pytake_cli.services.flow_figures import Scope
from pytake_cli.services.flow_walks import Wanted
from pytake_cli.store import Store
from tests.kit.stores import make_org
from tests.services.flow_shop import ASKS, BETO, FlowShop
from tests.services.test_flows import migrate, publish

CAIO = "5511968184103"
FAILS = """
name: fails
triggers: [{keyword: [falha]}]
start: pick
on_error: sorry
steps:
  pick: {ask: Qual?, choices: {a: Um, b: Dois}, retries: 0, next: far}
  far: {goto_flow: greet}
  sorry: {say: Desculpe!, next: end}
"""


@pytest.fixture
def shop(store: Store) -> FlowShop:
    return FlowShop(store)


def figures(shop: FlowShop, name: str = "greet", number: int | None = None, **more: object) -> dict[str, object]:
    with shop.store.read(shop.org) as db:
        flow = flows.get(db, shop.org, name)
        version = flows.version(db, flow, number) if number else None
        return flow_figures.of(db, Scope(flow, version, **more))  # type: ignore[arg-type]


def test_the_funnel_tells_who_came_how_far(shop: FlowShop) -> None:
    publish(shop, ASKS)
    for who in ("5511968184101", BETO, CAIO):
        shop.says("oi", who=who)
    shop.says("Ana")
    shop.after(minutes=31)
    shop.says("oi", who=BETO)
    found = figures(shop)
    assert (found["entries"], found["open"], found["timeouts"], found["lost"]) == (4, 1, 2, 0)
    by_step = {row["step"]: row for row in found["steps"]}  # type: ignore[attr-defined]
    assert list(by_step) == ["ask_name", "nudge", "bye"]
    assert [by_step["ask_name"][name] for name in ("sessions", "share", "timeouts", "open")] == [4, 1.0, 2, 1]
    assert (by_step["nudge"]["sessions"], by_step["bye"]["sessions"]) == (2, 1)
    assert found["outcomes"] == [{"outcome": "completed", "sessions": 3, "share": 1.0}]
    ways = {(row["step"], row["kind"], row["way"]): row["times"] for row in found["ways"]}  # type: ignore[attr-defined]
    assert ways["ask_name", "left", "timeout"] == 2


def test_who_is_lost_is_counted_at_the_step_where_it_was(shop: FlowShop) -> None:
    publish(shop, ASKS)
    shop.says("oi")
    with shop.store.write(shop.org) as db:
        assert len(flow_walks.reset(db, shop.org, shop.contact(), shop.now)) == 1
        assert flow_walks.reset(db, shop.org, shop.contact(), shop.now) == []
    assert shop.state()[2] == "reset"
    found = figures(shop)
    assert found["lost"] == 1
    assert [row["lost"] for row in found["steps"]] == [1]  # type: ignore[attr-defined]
    shop.says("oi")
    assert shop.bot()[-1] == "Como você se chama?"


def test_incidents_are_rows_with_the_session(shop: FlowShop) -> None:
    publish(shop, ASKS, FAILS)
    shop.says("falha")
    shop.says("nada disso")
    found = figures(shop, "fails")
    assert (found["invalid"], found["incidents"][0]["incident"]) == (1, "error")  # type: ignore[index]
    row = found["incidents"][0]  # type: ignore[index]
    assert (row["step"], row["times"], row["session"]) == ("pick", 1, 1)


def test_versions_stand_side_by_side(shop: FlowShop) -> None:
    publish(shop, ASKS)
    shop.says("oi")
    shop.says("oi", who=BETO)
    shop.says("Beto", who=BETO)
    [second] = publish(shop, ASKS.replace("Olá", "Oi"))
    shop.says("oi", who=CAIO)
    migrate(shop, second)
    rows = figures(shop)["versions"]
    assert [(row["version"], row["published"], row["entries"], row["open"], row["moved_in"]) for row in rows] == [  # type: ignore[attr-defined]
        (2, True, 2, 2, 1),
        (1, False, 1, 0, 0),
    ]
    assert figures(shop, number=1)["entries"] == 1
    assert figures(shop, since=shop.now + timedelta(hours=1))["entries"] == 0


def test_sessions_are_listed_by_what_they_are(shop: FlowShop) -> None:
    publish(shop, ASKS)
    shop.says("oi")
    shop.says("Ana")
    shop.says("oi", who=BETO)
    with shop.store.read(shop.org) as db:

        def ids(**wanted: object) -> list[int | None]:
            return [each.session.id for each in flow_walks.listed(db, shop.org, Wanted(**wanted))]  # type: ignore[arg-type]

        assert ids() == [2, 1]
        assert ids(status="open") == ids(step="ask_name") == ids(status="waiting") == [2]
        assert ids(status="ended") == ids(outcome="completed") == [1]
        assert ids(version=2) == []
        assert flow_walks.count(db, shop.org, Wanted(limit=1)) == 2
        assert len(flow_walks.log(db, 1)) == 2
    other = make_org(shop.store, "outra")
    with shop.store.read(other) as db:
        assert flow_walks.listed(db, other, Wanted()) == []
