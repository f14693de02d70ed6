"""Automations in a daemon: they hear of what happens by the store's pokes, and by the sweep of what no poke told of."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator

import pytest

from pytake_cli import clock, settings
from pytake_cli.daemon.automations import Automations
from pytake_cli.daemon.engine_local import LocalEngine
from pytake_cli.store import Store
from pytake_cli.store.conversations import Note
from pytake_cli.store.work import Lane
from tests.services.rule_shop import RuleShop


@pytest.fixture
def engine(store: Store) -> LocalEngine:
    store.waker = LocalEngine()
    return store.waker


@pytest.fixture
def shop(engine: LocalEngine, store: Store) -> Iterator[RuleShop]:
    shop = RuleShop(store)
    shop.now = clock.now()
    yield shop
    settings.forget()


async def with_engine(store: Store, engine: LocalEngine, work: Callable[[Automations], Awaitable[None]]) -> None:
    """Does `work` while the engine runs, without any sweep."""
    automations = Automations(store, engine)

    async def hear(key: str, lane: Lane) -> None:
        automations.heard()

    async def nothing(key: str, lane: Lane) -> None:
        pass

    others = dict.fromkeys(("number", "route", "job", "timer", "journal"), nothing)
    running = asyncio.ensure_future(engine.run({"live": hear, "automation": automations.handle, **others}))
    try:
        await work(automations)
    finally:
        await engine.stop(5.0)
        await running


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not await asyncio.to_thread(holds):
            await asyncio.sleep(0.02)


def test_what_happens_is_answered_without_a_sweep(store: Store, engine: LocalEngine, shop: RuleShop) -> None:
    shop.rule("{when: message_in, then: [{note: ouvi}]}")

    async def work(automations: Automations) -> None:
        await asyncio.to_thread(shop.says, "oi")
        await until(lambda: bool(shop.rows(Note)))

    asyncio.run(with_engine(store, engine, work))
    assert [note.body for note in shop.rows(Note)] == ["ouvi"]
