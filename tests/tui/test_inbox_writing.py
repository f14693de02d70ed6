"""Writing in the inbox: what goes out, what must not, and what is kept."""

from __future__ import annotations

from datetime import timedelta

from textual import events

from pytake_cli import clock
from tests.kit.fake_api import FakeApi
from tests.kit.fake_world import iso
from tests.tui.conftest import Seat, run, seat


def open_and_free(api: FakeApi) -> int:
    """A conversation of people whose window is open."""
    now = str(iso(clock.now() + timedelta(hours=3)))
    return next(
        id_ for id_, row in api.world.rows.items() if row["owner"] == "people" and row["window_closes_at"] > now
    )


async def write(here: Seat, text: str) -> None:
    await here.press("enter")
    await here.until(lambda: here.screen.composer.writing.has_focus)
    await here.pilot.press(*("space" if letter == " " else letter for letter in text))
    await here.until(lambda: here.screen.composer.writing.text.endswith(text[-1]))
    await here.pilot.pause(0.03)


def test_enter_sends_what_was_written_once(api: FakeApi) -> None:
    async def work() -> None:
        async with seat(api) as here:
            await here.choose(open_and_free(api))
            await write(here, "oi")
            await here.press("enter")
            await here.until(lambda: api.world.sent)
            assert [item["text"] for item in api.world.sent] == ["oi"]
            await here.until(lambda: not here.app.outbox)
            assert here.screen.composer.writing.text == ""

    run(work())


def test_an_unbracketed_paste_with_line_breaks_sends_nothing(api: FakeApi) -> None:
    async def work() -> None:
        async with seat(api) as here:
            await here.choose(open_and_free(api))
            await write(here, "x")
            for key in ("a", "enter", "b", "enter", "c"):
                here.screen.composer.writing.post_message(events.Key(key, "\r" if key == "enter" else key))
            await here.until(lambda: here.screen.composer.writing.text == "xa\nb\nc")
            assert api.world.sent == []

    run(work())


def test_a_bracketed_paste_comes_in_without_codes_and_sends_nothing(api: FakeApi) -> None:
    async def work() -> None:
        async with seat(api) as here:
            await here.choose(open_and_free(api))
            await write(here, "x")
            here.screen.composer.writing.post_message(events.Paste("um\n\x1b[31mdois\x1b[0m\ntrês"))
            await here.until(lambda: "três" in here.screen.composer.writing.text)
            assert "\x1b" not in here.screen.composer.writing.text
            assert api.world.sent == []

    run(work())


def test_letters_outside_the_composer_send_nothing(api: FakeApi) -> None:
    async def work() -> None:
        async with seat(api) as here:
            await here.choose(open_and_free(api))
            await here.press(*"kjgG")
            assert api.world.sent == []

    run(work())


def test_a_closed_window_takes_the_field_away_and_keeps_the_draft(api: FakeApi) -> None:
    async def work() -> None:
        id_ = open_and_free(api)
        async with seat(api) as here:
            await here.choose(id_)
            await write(here, "meio caminho")
            api.world.touch(id_, window_closes_at=iso(clock.now() - timedelta(seconds=1)))
            await here.until(lambda: here.screen.composer.locked)
            await here.press("enter", "enter", "x")
            assert not here.screen.composer.writing.display
            assert api.world.sent == []
            api.world.customer_says(id_, "voltei")
            await here.until(lambda: not here.screen.composer.locked)
            assert here.screen.composer.writing.text == "meio caminho"

    run(work())


def test_a_draft_is_saved_and_found_again_behind_another_conversation(api: FakeApi) -> None:
    async def work() -> None:
        id_ = open_and_free(api)
        async with seat(api) as here:
            await here.choose(id_)
            await write(here, "quase")
            await here.until(lambda: api.world.drafts.get(id_, {}).get("text") == "quase")
            other = next(row.id for row in here.screen.talks.rows if row.id != id_)
            await here.press("escape")
            await here.choose(other)
            assert here.screen.composer.writing.text == ""
            await here.choose(id_)
            assert here.screen.composer.writing.text == "quase"
        async with seat(api) as again:
            await again.choose(id_)
            await again.until(lambda: again.screen.composer.writing.text == "quase")

    run(work())


def test_a_note_goes_to_the_team_and_never_to_the_customer(api: FakeApi) -> None:
    async def work() -> None:
        id_ = open_and_free(api)
        async with seat(api) as here:
            await here.choose(id_)
            await here.press("i")
            await here.until(lambda: here.screen.composer.mode == "note")
            await here.press(*"ver")
            await here.pilot.pause(0.03)
            await here.press("enter")
            await here.until(lambda: api.world.timelines[id_][-1]["type"] == "note")
            assert api.world.sent == []

    run(work())


def test_the_mode_is_an_answer_again_in_the_next_conversation(api: FakeApi) -> None:
    async def work() -> None:
        async with seat(api) as here:
            first, second = (row.id for row in here.screen.talks.rows[:2])
            await here.choose(first)
            await here.press("i", "escape")
            await here.choose(second)
            assert here.screen.composer.mode == "reply"

    run(work())


def test_a_colleague_who_types_is_asked_about_before_the_first_enter(api: FakeApi) -> None:
    async def work() -> None:
        id_ = open_and_free(api)
        async with seat(api) as here:
            await here.choose(id_)
            await write(here, "eu também")
            api.world.types(id_)
            await here.until_shown("bia is typing")
            await here.press("enter")
            await here.until(lambda: here.screen.composer.guarded)
            assert api.world.sent == []
            await here.pilot.pause(0.03)
            await here.press("enter")
            await here.until(lambda: len(api.world.sent) == 1)

    run(work())


def test_an_answer_behind_a_colleagues_back_comes_back_and_asks(api: FakeApi) -> None:
    async def work() -> None:
        id_ = open_and_free(api)
        async with seat(api) as here:
            await here.choose(id_)
            await write(here, "eu respondo")
            seen = here.screen.chat.last
            item = api.world._item(
                id_, clock.now(), "out", "já respondi", author={"kind": "agent", "id": 4, "name": "bia"}
            )
            assert here.screen.chat.last == seen != item["id"]
            await here.press("enter")
            await here.until(lambda: here.screen.composer.guarded)
            assert api.world.sent == []
            assert here.screen.composer.writing.text == "eu respondo"
            await here.pilot.pause(0.03)
            await here.press("enter")
            await here.until(lambda: len(api.world.sent) == 1)

    run(work())


def test_a_flow_in_control_is_taken_over_only_by_a_second_enter(api: FakeApi) -> None:
    async def work() -> None:
        later = str(iso(clock.now() + timedelta(hours=3)))
        rows = api.world.rows.items()
        id_ = next(id_ for id_, row in rows if row["owner"] == "bot" and row["window_closes_at"] > later)
        async with seat(api) as here:
            await here.choose(id_)
            await here.until_shown("answers for you")
            await write(here, "assumo")
            await here.press("enter")
            await here.until(lambda: here.screen.composer.guarded)
            assert api.world.rows[id_]["owner"] == "bot"
            await here.pilot.pause(0.03)
            await here.press("enter")
            await here.until(lambda: api.world.rows[id_]["owner"] == "people")
            assert [item["text"] for item in api.world.sent] == ["assumo"]

    run(work())


def test_a_ready_answer_is_inserted_and_not_sent(api: FakeApi) -> None:
    async def work() -> None:
        async with seat(api) as here:
            await here.choose(open_and_free(api))
            await write(here, "/pra")
            await here.until(lambda: here.screen.popup.display)
            await here.press("tab")
            await here.until(lambda: "prazo de entrega" in here.screen.composer.writing.text)
            assert api.world.sent == []
            assert here.screen.composer.writing.selected_text == "{{prazo|5 a 7}}"
            await here.press("9", "end")
            await here.pilot.pause(0.03)
            await here.press("enter")
            await here.until(lambda: api.world.sent)
            assert api.world.sent[0]["text"] == "O prazo de entrega é de 9 dias úteis."

    run(work())


def test_a_message_can_be_taken_back_before_it_is_handed_over(api: FakeApi) -> None:
    async def work() -> None:
        async with seat(api, undo_send_seconds=1.5) as here:
            id_ = open_and_free(api)
            await here.choose(id_)
            await write(here, "sem querer")
            await here.press("enter")
            await here.until_shown("takes it back")
            assert here.screen.composer.writing.text == ""
            await here.press("up")
            await here.until(lambda: here.screen.composer.writing.text == "sem querer")
            await here.pilot.pause(2.0)
            assert api.world.sent == []
            await here.press("enter")
            await here.until(lambda: len(api.world.sent) == 1)
            await here.until(lambda: not here.app.outbox)

    run(work())
