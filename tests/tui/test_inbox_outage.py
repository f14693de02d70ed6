"""Without a connection: reading goes on, what is written waits, and nothing goes out that should not any more."""

from __future__ import annotations

from datetime import timedelta

from pytake_cli import clock
from tests.kit.fake_api import FakeApi
from tests.kit.fake_world import iso
from tests.tui.conftest import run, seat
from tests.tui.test_inbox_writing import open_and_free, write


def test_what_was_written_during_an_outage_is_sent_once_when_it_is_over(api: FakeApi) -> None:
    async def work() -> None:
        async with seat(api) as here:
            await here.choose(open_and_free(api))
            await write(here, "primeira")
            api.stop()
            await here.press("enter")
            await here.until(lambda: len(here.app.outbox) == 1)
            await here.until(lambda: not here.app.link.is_on)
            assert "◷" in here.text()
            api.start()
            here.app.live.hurry()
            await here.until(lambda: api.world.sent, 15)
            await here.until(lambda: not here.app.outbox)
            assert [item["text"] for item in api.world.sent] == ["primeira"]

    run(work())


def test_an_answer_whose_window_closed_meanwhile_becomes_a_draft(api: FakeApi) -> None:
    async def work() -> None:
        id_ = open_and_free(api)
        async with seat(api) as here:
            await here.choose(id_)
            await write(here, "tarde demais")
            api.stop()
            await here.press("enter")
            await here.until(lambda: len(here.app.outbox) == 1)
            await here.until(lambda: not here.app.link.is_on)
            api.world.rows[id_]["window_closes_at"] = iso(clock.now() - timedelta(minutes=1))
            api.start()
            here.app.live.hurry()
            await here.until(lambda: not here.app.outbox, 15)
            assert api.world.sent == []
            assert here.screen._drafts[id_].text == "tarde demais"

    run(work())


def test_an_answer_that_a_colleague_made_needless_becomes_a_draft(api: FakeApi) -> None:
    async def work() -> None:
        id_ = open_and_free(api)
        async with seat(api) as here:
            await here.choose(id_)
            await write(here, "eu de novo")
            api.stop()
            await here.press("enter")
            await here.until(lambda: not here.app.link.is_on)
            api.start()
            api.world.agent_says(id_, "já resolvi")
            here.app.live.hurry()
            await here.until(lambda: not here.app.outbox, 15)
            assert api.world.sent == []
            assert here.screen._drafts[id_].text == "eu de novo"

    run(work())


def test_what_happened_during_an_outage_is_there_afterwards_and_only_once(api: FakeApi) -> None:
    async def work() -> None:
        id_ = open_and_free(api)
        async with seat(api) as here:
            await here.choose(id_)
            api.stop()
            await here.until(lambda: not here.app.link.is_on)
            api.start()
            api.world.customer_says(id_, "alguém aí?")
            here.app.live.hurry()
            await here.until(lambda: here.app.link.is_on, 15)
            await here.until(lambda: sum(item.text == "alguém aí?" for item in here.screen.chat.items) == 1)

    run(work())
