"""Reading in the inbox: the list, the chat, what comes in while one looks."""

from __future__ import annotations

from tests.kit.fake_api import FakeApi
from tests.kit.fake_world import ME
from tests.tui.conftest import run, seat


def test_the_list_and_the_first_conversation_are_shown(api: FakeApi) -> None:
    async def work() -> None:
        async with seat(api, (80, 24)) as here:
            await here.until(lambda: here.screen.chat.items)
            assert "PyTake" in here.text()
            assert api.world.rows[here.screen.talks.rows[0].id]["contact"]["name"] in here.text()

    run(work())


def test_a_message_that_comes_in_is_seen_in_the_chat_and_in_the_list(api: FakeApi) -> None:
    async def work() -> None:
        async with seat(api) as here:
            id_ = here.screen.talks.rows[0].id
            await here.choose(id_)
            api.world.customer_says(id_, "ainda tem preto?")
            await here.until(lambda: here.text().count("ainda tem preto?") == 2)

    run(work())


def test_what_customers_write_cannot_reach_the_terminal_as_codes(api: FakeApi) -> None:
    async def work() -> None:
        async with seat(api) as here:
            id_ = here.screen.talks.rows[0].id
            await here.choose(id_)
            api.world.customer_says(id_, "\x1b]0;pwned\x07[@click=app.quit]x[/] \u202egpj ❤️ 1️⃣ 👍🏽")
            await here.until_shown("[@click=app.quit]x[/]")
            assert not {"\x1b", "\x07", "\u202e", "\ufe0f", "\u20e3"} & set(here.text())

    run(work())


def test_what_changes_during_a_search_is_seen_in_it_and_after_it(api: FakeApi) -> None:
    async def work() -> None:
        async with seat(api) as here:
            row = here.screen.talks.rows[3]
            await here.press("slash", *str(row.contact.name)[:3])
            api.world.customer_says(row.id, "mudei de ideia")
            await here.until(lambda: here.text().count("mudei de ideia"))
            await here.press(str(row.contact.name)[3])  # narrows what there was before the search
            await here.until(lambda: (found := here.screen.talks.get(row.id)) and found.preview == "mudei de ideia")
            await here.press("escape")
            await here.until(lambda: len(here.screen.talks.rows) > 30)
            await here.until(lambda: (found := here.screen.talks.get(row.id)) and found.preview == "mudei de ideia")

    run(work())


def test_who_becomes_available_by_opening_the_inbox_sees_it(api: FakeApi) -> None:
    async def work() -> None:
        api.world.availability = "offline"
        async with seat(api) as here:
            await here.until_shown("(offline)")
            api.world.tell("agent:updated", None, {"user": ME["id"], "availability": "available", "capacity": None})
            await here.until(lambda: "(offline)" not in here.text())

    run(work())
