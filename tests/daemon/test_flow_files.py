"""Flow files that are saved while the daemon runs: told of or published, and never the end of the daemon."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from pytake_cli import settings
from pytake_cli.daemon import flow_files
from pytake_cli.daemon.flow_files import FlowFiles
from pytake_cli.store import Store
from pytake_cli.store.events import Event
from pytake_cli.store.flows import FlowVersion
from tests.kit.stores import make_org
from tests.services.flow_shop import ASKS, FlowShop

TESTS = """
flow: greet
tests:
  asks for the name:
    talk:
      - customer: oi
      - bot: Como você se chama?
      - customer: Ana
      - bot: Olá, Ana!
"""


@pytest.fixture
def shop(store: Store) -> FlowShop:
    return FlowShop(store)


@pytest.fixture
def folder(home: Path, tmp_path: Path) -> Path:
    place = tmp_path / "flows"
    place.mkdir()
    return place


def use(folder: Path, *, publishes: bool) -> None:
    settings.load({"flows.dir": str(folder), "flows.auto_publish": publishes})


def told(shop: FlowShop) -> list[tuple[str, str]]:
    events = [event.payload for event in shop.rows(Event) if event.kind == "flow:changed"]
    return [(event["path"], event["why"]) for event in events]


def test_a_file_that_differs_is_told_of_once(shop: FlowShop, folder: Path) -> None:
    use(folder, publishes=False)
    (folder / "greet.yaml").write_text(ASKS)
    (folder / "greet.test.yaml").write_text(TESTS)
    watcher = FlowFiles(shop.store)
    watcher.look(folder)
    watcher.look(folder)
    assert told(shop) == [("flows/greet.yaml", "it is not what is published")]
    assert shop.rows(FlowVersion) == []
    (folder / "greet.yaml").write_text(ASKS.replace("next: bye", "next: by"))
    watcher.look(folder)
    assert "`by`" in told(shop)[-1][1]
    shop.publish(ASKS)


def test_what_passes_its_check_and_tests_is_published_at_once(shop: FlowShop, folder: Path) -> None:
    use(folder, publishes=True)
    watcher = FlowFiles(shop.store)
    (folder / "greet.yaml").write_text(ASKS)
    (folder / "greet.test.yaml").write_text(TESTS.replace("Olá, Ana", "Oi, Ana"))
    watcher.look(folder)
    assert shop.rows(FlowVersion) == []
    assert "asks for the name" in told(shop)[-1][1]
    (folder / "greet.test.yaml").write_text(TESTS)
    watcher.look(folder)
    [version] = shop.rows(FlowVersion)
    assert (version.number, version.message) == (1, "saved")
    watcher.look(folder)
    assert len(shop.rows(FlowVersion)) == len(told(shop)) == 1
    (folder / "greet.yaml").write_text(ASKS.replace("steps:", "stesp:"))
    watcher.look(folder)
    assert len(shop.rows(FlowVersion)) == 1
    shop.says("oi")
    assert shop.bot() == ["Como você se chama?"]


def test_of_several_organisations_none_is_guessed(shop: FlowShop, folder: Path) -> None:
    make_org(shop.store, "outra")
    use(folder, publishes=True)
    (folder / "greet.yaml").write_text(ASKS)
    FlowFiles(shop.store).look(folder)
    assert shop.rows(FlowVersion) == []
    settings.load({"flows.dir": str(folder), "flows.auto_publish": True, "org": "outra"})
    FlowFiles(shop.store).look(folder)
    assert [version.org_id for version in shop.rows(FlowVersion)] == [shop.org + 1]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_save_is_seen_and_no_accident_ends_the_watch(
    shop: FlowShop, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(folder, publishes=True)
    monkeypatch.setattr(flow_files, "PATIENCE_SECONDS", 0.05)
    asyncio.run(accidents(shop, folder))


async def accidents(shop: FlowShop, folder: Path) -> None:
    watch = asyncio.ensure_future(FlowFiles(shop.store).run())

    async def until(holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not await asyncio.to_thread(holds):
                await asyncio.sleep(0.05)

    await asyncio.sleep(0.3)
    (folder / "broken.yaml").write_bytes(b"\xff\xfe\x00steps")
    await until(lambda: bool(told(shop)))
    (folder / "greet.yaml").write_text(ASKS)
    await until(lambda: len(shop.rows(FlowVersion)) == 1)
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    await asyncio.sleep(0.3)
    folder.mkdir()
    await asyncio.sleep(0.3)
    (folder / "greet.yaml").write_text(ASKS.replace("Olá", "Oi"))
    await until(lambda: len(shop.rows(FlowVersion)) == 2)
    assert not watch.done()
    watch.cancel()
    with pytest.raises(asyncio.CancelledError):
        await watch
