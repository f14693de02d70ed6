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
            api.delay_seconds = 0.5  # what the letters did is answered after it was taken back by hand
            for letter in "bem":
                here.screen.talks.post_message(events.Key(letter, letter))
            await here.until_shown("It looks as if you are writing")
            await here.press("escape")
            await here.until(lambda: ("POST", "/undo") in api.requests)
            await here.until(lambda: api.world.rows[id_]["status"] == "open")
            assert api.world.sent == []

    run(work())


def test_resolving_asks_the_customer_how_it_was_and_leaves_a_note(api: FakeApi) -> None:
    async def work() -> None:
        async with seat(api) as here:
            id_ = next(row.id for row in here.screen.talks.rows if row.status == "open" and not row.bot_owns)
            await here.choose(id_)
            await here.press("E")
            await here.until_shown("ask the customer how it was")
            await here.press(*"ok")
            await here.press("enter")
            await here.until(lambda: api.world.rows[id_]["status"] == "resolved")
            assert api.world.acted[-1] == {"action": "resolve", "csat": True, "note": "ok"}
            await here.press("u")
            await here.until(lambda: api.world.rows[id_]["status"] == "open")

    run(work())


def test_a_refused_claim_does_not_bring_an_old_row_back(api: FakeApi) -> None:
    async def work() -> None:
        async with seat(api) as here:
            id_ = next(row.id for row in here.screen.talks.rows if row.assignee is None and not row.bot_owns)
            await here.choose(id_)
            api.delay_seconds = 0.5
            await here.press("m")
            api.world.touch(id_, "assigned", BIA, assignee=BIA)  # was faster
            await here.until_shown("again takes it")
            assert (row := here.screen.talks.get(id_))
            assert row.assignee
            assert row.assignee.id == BIA["id"]

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
