"""Without a connection: reading goes on, what is written waits, and nothing goes out that should not any more."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from pathlib import Path

from pytake_cli import clock
from tests.kit.fake_api import FakeApi
from tests.kit.fake_world import iso
from tests.tui.conftest import Seat, run, seat
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


def test_a_message_of_which_only_the_answer_was_lost_is_not_sent_again(api: FakeApi) -> None:
    async def work() -> None:
        id_ = open_and_free(api)
        async with seat(api) as here:
            await here.choose(id_)
            await write(here, "uma vez só")
            api.stop()
            await here.press("enter")
            await here.until(lambda: not here.app.link.is_on and not here.app.outbox.is_busy)
            [waiting] = here.app.outbox.waiting
            api.world.send(id_, {"text": waiting.text, "client_id": waiting.client_id})
            api.world.agent_says(id_, "e eu também")  # alone it would be a reason to ask
            api.start()
            here.app.live.hurry()
            await here.until(lambda: not here.app.outbox, 15)
            assert [item["text"] for item in api.world.sent] == ["uma vez só"]
            assert not here.screen.composer.writing.text
            await here.until(lambda: sum(item.text == "uma vez só" for item in here.screen.chat._all) == 1)

    run(work())


def test_a_draft_of_an_outage_reaches_the_server_when_it_is_over(api: FakeApi) -> None:
    async def work() -> None:
        id_ = open_and_free(api)
        async with seat(api) as here:
            await here.choose(id_)
            api.stop()
            await here.until(lambda: not here.app.link.is_on)
            await write(here, "quase pronto")
            await here.until(lambda: here.screen._owed == {id_} and not here.screen._is_saving)
            assert "no connection just now" not in here.text()
            api.start()
            here.app.live.hurry()
            await here.until(lambda: api.world.drafts.get(id_, {}).get("text") == "quase pronto", 15)

    run(work())


def test_what_an_inbox_could_not_hand_over_is_a_draft_in_the_next_one(api: FakeApi, tmp_path: Path) -> None:
    async def work() -> None:
        id_ = open_and_free(api)
        async with seat(api, unsent=tmp_path) as here:
            await here.choose(id_)
            await write(here, "ainda não foi")
            api.stop()
            await here.press("enter")
            await here.until(lambda: here.app.outbox.waiting and here.app.outbox.waiting[0].was_offline)
            assert here.app.unsent is not None
            here.app.unsent.close()  # as the system does when it dies
        api.start()
        async with seat(api, unsent=tmp_path) as here:
            await here.until(lambda: here.screen._drafts.get(id_))
            assert here.screen._drafts[id_].text == "ainda não foi"
            await here.until(lambda: api.world.drafts.get(id_, {}).get("text") == "ainda não foi")
            assert api.world.sent == []

    run(work())


def test_what_could_not_be_read_on_a_live_connection_is_read_a_moment_later(api: FakeApi) -> None:
    async def work() -> None:
        id_ = open_and_free(api)
        async with seat(api) as here:
            await here.choose(id_)
            api.refusing = 503
            api.world.customer_says(id_, "alguém aí?")
            await here.until(lambda: api.refused)
            api.refusing = 0
            await here.until(lambda: sum(item.text == "alguém aí?" for item in here.screen.chat.items) == 1)
            assert here.app.link.is_on

    run(work())


def test_what_was_done_during_an_outage_is_done_after_it_unless_things_have_changed(api: FakeApi) -> None:
    async def work() -> None:
        mine, written, hasty = 5001, 5003, 5005
        for id_ in (mine, written, hasty):
            api.world.rows[id_] |= {"status": "open", "owner": "people", "assignee": None, "starred": False}
        async with seat(api) as here:
            await here.until(lambda: all(here.screen.talks.get(id_) for id_ in (mine, written, hasty)))
            api.stop()
            await here.until(lambda: not here.app.link.is_on)
            for at, (id_, key) in enumerate(((mine, "e"), (mine, "asterisk"), (written, "e"), (hasty, "e")), 1):
                here.screen.talks.choose(id_)
                await here.press(key)
                await here.until(partial(_waits, here, at))
            assert _status(here, mine) == "resolved"
            await here.press("u")
            await here.until(partial(_waits, here, 3))
            assert _status(here, hasty) == "open"
            api.world.customer_says(written, "espera!")
            api.start()
            here.app.live.hurry()
            await here.until(lambda: not len(here.app.deeds), 15)
            assert [body["action"] for body in api.world.acted] == ["resolve", "star"]
            assert api.world.rows[mine]["status"] == "resolved"
            await here.until_shown("not done: #5003")
            await here.until(lambda: _status(here, written) == "open")

    run(work())


def _waits(here: Seat, count: int) -> bool:
    return len(here.app.deeds) == count


def _status(here: Seat, id_: int) -> str:
    row = here.screen.talks.get(id_)
    return row.status if row else ""
