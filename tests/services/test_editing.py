"""Editing a published flow while 1,000 sessions wait: pinned ones end on the old version, those told of move."""

from __future__ import annotations

from pytake_cli.store import Store
from pytake_cli.store.flow_sessions import FlowSession
from tests.kit import editing
from tests.services.flow_shop import FlowShop

PEOPLE = 1000


def test_a_flow_is_edited_while_a_thousand_sessions_wait(store: Store) -> None:
    shop = FlowShop(store)
    edited = editing.edit(shop, PEOPLE)
    assert [(group.step, group.reason, group.count) for group in edited.told] == [
        ("ask_day", "the step expects something else now", PEOPLE // 2),
        ("ask_name", None, PEOPLE // 2),
    ]
    assert sorted(edited.moved) == edited.told_to(move=True)
    rows = shop.rows(FlowSession)
    assert sorted(row.id for row in rows if row.version_id == edited.made.version.id) == edited.told_to(move=True)
    assert {row.status for row in rows} == {"waiting"}
    heard = editing.finish(shop, edited, PEOPLE, every=5)
    assert heard == {"Antes": PEOPLE // 10, "Depois": PEOPLE // 10}
    ended = [row.outcome for row in shop.rows(FlowSession) if row.status == "ended"]
    assert ended == ["completed"] * (PEOPLE // 5)


def test_every_session_of_an_edited_flow_is_the_same_again_from_its_log(store: Store) -> None:
    shop = FlowShop(store)
    edited = editing.edit(shop, 20)
    assert editing.differing(shop) == []
    editing.finish(shop, edited, 20)
    assert editing.differing(shop) == []
