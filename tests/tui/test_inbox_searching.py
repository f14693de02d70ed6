"""Searching in the list while the shop goes on: what changes meanwhile is there when the search is over."""

from __future__ import annotations

from pytake_cli.tui.rows import Row
from tests.kit.fake_api import FakeApi
from tests.tui.conftest import Seat, run, seat


async def _sought(here: Seat, name: str) -> None:
    await here.press("slash", *name)
    await here.until(lambda: here.screen.find.value == name and all(name in row.contact.name for row in _rows(here)))


def _rows(here: Seat) -> list[Row]:
    return list(here.screen.talks.rows)


def test_what_changed_during_a_search_is_not_old_after_it(api: FakeApi) -> None:
    async def work() -> None:
        async with seat(api) as here:
            row = here.screen.talks.rows[3]
            await _sought(here, str(row.contact.name))
            api.world.touch(row.id, "handed_back", owner="bot")
            await here.until(lambda: (found := here.screen.talks.get(row.id)) and found.owner == "bot")
            await here.press("backspace")  # the list is made anew of what was there before
            assert (found := here.screen.talks.get(row.id))
            assert found.owner == "bot"
            await here.press("enter", "escape")
            assert (found := here.screen.talks.get(row.id))
            assert found.owner == "bot"

    run(work())


def test_escape_in_the_list_ends_the_search(api: FakeApi) -> None:
    async def work() -> None:
        async with seat(api) as here:
            all_ = len(here.screen.talks.rows)
            await _sought(here, str(here.screen.talks.rows[3].contact.name))
            await here.press("enter")
            assert len(here.screen.talks.rows) < all_
            await here.press("escape")
            assert len(here.screen.talks.rows) == all_

    run(work())


def test_news_leave_what_was_found_alone_and_are_there_after_the_search(api: FakeApi) -> None:
    async def work() -> None:
        async with seat(api) as here:
            found, other = here.screen.talks.rows[3], here.screen.talks.rows[5]
            await _sought(here, str(found.contact.name))
            sought = [row.id for row in here.screen.talks.rows]
            api.world.touch(other.id, "priority", priority="urgent")
            await here.until(lambda: (row := here.screen.talks.get(other.id)) and row.priority == "urgent")
            assert [row.id for row in here.screen.talks.rows] == sought
            await here.press("escape")
            await here.until(lambda: (row := here.screen.talks.get(other.id)) and row.priority == "urgent")

    run(work())
