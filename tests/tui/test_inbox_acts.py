"""What is done to conversations by keys: at once on the screen, confirmed, undone, for many, and never by accident."""

from __future__ import annotations

from textual import events

from tests.kit.fake_api import FakeApi
from tests.kit.fake_world import BIA, ME
from tests.tui.conftest import run, seat


def test_a_conversation_is_claimed_resolved_and_taken_back(api: FakeApi) -> None:
    async def work() -> None:
        async with seat(api) as here:
            id_ = next(
                id_ for id_, row in api.world.rows.items() if row["assignee"] is None and row["owner"] == "people"
            )
            await here.choose(id_)
            await here.press("m")
            await here.until(lambda: api.world.rows[id_]["assignee"] == ME)
            await here.press("e")
            await here.until(lambda: api.world.rows[id_]["status"] == "resolved")
            await here.until(lambda: here.app.can_undo)
            await here.press("u")
            await here.until(lambda: api.world.rows[id_]["status"] == "open")

    run(work())


def test_what_one_resolves_oneself_is_counted_in_the_tabs_too(api: FakeApi) -> None:
    async def work() -> None:
        async with seat(api) as here:
            before = sum(1 for row in api.world.rows.values() if row["status"] != "resolved")
            await here.until_shown(f"All {before}")
            await here.press("e")
            await here.until_shown(f"All {before - 1}")
            await here.press("u")
            await here.until_shown(f"All {before}")

    run(work())


def test_what_a_colleague_has_is_taken_only_by_a_second_key(api: FakeApi) -> None:
    async def work() -> None:
        id_ = next(id_ for id_, row in api.world.rows.items() if row["owner"] == "people")
        async with seat(api) as here:
            api.world.touch(id_, assignee=BIA)
            await here.choose(id_)
            await here.press("m")
            await here.until_shown("bia has it already")
            assert api.world.rows[id_]["assignee"] == BIA
            await here.press("m")
            await here.until(lambda: api.world.rows[id_]["assignee"] == ME)

    run(work())


def test_marked_conversations_are_resolved_at_once_and_undone_at_once(api: FakeApi) -> None:
    async def work() -> None:
        async with seat(api) as here:
            await here.press("x", "x", "x")
            marked = set(here.screen.talks.marked)
            assert len(marked) == 3
            await here.until_shown("3 conversations marked")
            await here.pilot.pause(0.3)
            await here.press("e")
            await here.until(lambda: all(api.world.rows[id_]["status"] == "resolved" for id_ in marked))
            await here.until(lambda: here.app.can_undo)
            await here.press("u")
            await here.until(lambda: all(api.world.rows[id_]["status"] != "resolved" for id_ in marked))

    run(work())


def test_the_conversation_under_the_cursor_stays_there_while_others_come(api: FakeApi) -> None:
    async def work() -> None:
        async with seat(api) as here:
            here.screen.order = "activity"
            await here.screen.load_view()
            id_ = here.screen.talks.rows[10].id
            await here.choose(id_)
            line = here.screen.talks.index * 2 - here.screen.talks.scroll_y
            for row in here.screen.talks.rows[20:30]:
                api.world.customer_says(row.id, "oi de novo")
            await here.until(lambda: here.screen.talks.index == 20, 15)
            assert here.screen.talks.current == id_
            assert here.screen.talks.index * 2 - here.screen.talks.scroll_y == line
            await here.until_shown("10 new")

    run(work())


def test_a_word_typed_into_the_list_is_not_taken_for_commands(api: FakeApi) -> None:
    async def work() -> None:
        async with seat(api) as here:
            id_ = here.screen.talks.rows[0].id
            await here.choose(id_)
            for letter in "bem":
                here.screen.talks.post_message(events.Key(letter, letter))
            await here.until_shown("It looks as if you are writing")
            await here.until(lambda: here.app.can_undo)  # the server has answered what the letters did
            await here.press("escape")
            assert api.world.sent == []
            await here.until(lambda: api.world.rows[id_]["status"] == "open")

    run(work())


def test_a_reader_changes_nothing(api: FakeApi) -> None:
    async def work() -> None:
        async with seat(api, read_only=True) as here:
            await here.choose(here.screen.talks.rows[0].id)
            await here.press("m", "i", "enter")
            await here.pilot.pause(0.3)
            assert [each for each in api.requests if each[0] != "GET"] == []

    run(work())


def test_an_action_is_found_by_its_name_and_done(api: FakeApi) -> None:
    async def work() -> None:
        id_ = next(id_ for id_, row in api.world.rows.items() if row["owner"] == "people")
        async with seat(api) as here:
            await here.choose(id_)
            await here.press("colon")
            await here.until_shown("What shall be done?")
            await here.press(*"resolve")
            await here.until_shown("│ ▌  Resolve")
            await here.press("enter")
            await here.until(lambda: api.world.rows[id_]["status"] == "resolved")

    run(work())
