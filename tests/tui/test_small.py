"""Terminals of all sizes: what fits stands there, and where nothing fits that is said."""

from __future__ import annotations

import pytest

from tests.kit.fake_api import FakeApi
from tests.kit.screens import check_lines
from tests.tui.conftest import run, seat


@pytest.mark.parametrize("size", [(39, 24), (80, 9), (10, 3)])
def test_a_terminal_that_is_too_small_says_so_and_keeps_what_was_written(api: FakeApi, size: tuple[int, int]) -> None:
    async def work() -> None:
        async with seat(api, (80, 24)) as here:
            await here.press("i")
            await here.until(lambda: here.screen.composer.writing.has_focus)
            await here.press(*"abc")
            await here.pilot.resize_terminal(*size)
            await here.until(lambda: here.text().startswith("PyTake"))
            assert "Mine" not in here.text()
            check_lines(here.app)
            await here.pilot.resize_terminal(40, 10)
            await here.until_shown("abc")
            assert "needs more room" not in here.text()

    run(work())


@pytest.mark.parametrize("cells", [60, 72, 80, 99, 100, 120])
def test_the_bar_always_says_where_one_is_and_cuts_no_name(api: FakeApi, cells: int) -> None:
    async def work() -> None:
        async with seat(api, (cells, 24)) as here:
            for key in "6431":  # which this person may open
                await here.press(key)
                await here.until(lambda key=key: f"{key}▸" in here.text().split("\n")[0])  # type: ignore[misc]
                assert "…" not in here.text().split("\n")[0]

    run(work())
