"""Files for customers: what is said before they go, that they go once, and that nothing is lost when they may not."""

from __future__ import annotations

import mimetypes
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual import events

from pytake_cli.tui import files
from pytake_cli.whatsapp.media_types import KINDS
from tests.kit.fake_api import FakeApi
from tests.tui.conftest import run, seat
from tests.tui.test_inbox_writing import open_and_free, write

JPEG = b"\xff\xd8\xff" + b"0" * 2000


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "foto do tênis.jpg"
    path.write_bytes(JPEG)
    return path


def test_the_limits_are_those_that_the_server_goes_by() -> None:
    assert {kind: limits.most_bytes for kind, limits in KINDS.items()} == files.MOST
    taken = {mime: kind for kind, limits in KINDS.items() for mime in limits.mime_types if kind != "document"}
    assert taken == files.TYPES


def test_what_cannot_go_says_why_before_anything_is_sent(tmp_path: Path) -> None:
    assert files.look_at(tmp_path) is None
    assert files.look_at(tmp_path / "none.jpg") is None
    said = {}
    for name, size in {"a.jpg": 0, "b.jpg": files.MOST["image"] + 1, "c.gif": 9, "d.pdf": 9, "e.png": 9}.items():
        (tmp_path / name).write_bytes(b"x" * size)
        found = files.look_at(tmp_path / name)
        assert found is not None
        said[name] = (found.kind, found.problem.partition(":")[0])
    assert said == {
        "a.jpg": ("image", "the file is empty"),
        "b.jpg": ("image", "larger than WhatsApp takes"),
        "c.gif": ("document", f"WhatsApp takes no {mimetypes.types_map['.gif']}"),
        "d.pdf": ("document", ""),
        "e.png": ("image", ""),
    }


def test_paths_are_taken_as_terminals_write_them(photo: Path) -> None:
    plain = str(photo)
    for typed in (plain, f"'{plain}'", f'"{plain}" ', plain.replace(" ", "\\ "), photo.as_uri()):
        assert files.is_dropped(typed)
        assert files.written(typed) == photo
    assert not files.is_dropped("olá /tmp")
    assert not files.is_dropped("/tmp/a\n/tmp/b")
    assert files.completed(f"{photo.parent}/fo") == (plain, ["foto do tênis.jpg"])
    assert files.completed("/there/is/no/such")[1] == []


@given(st.text())
def test_no_words_break_the_search_for_a_file(typed: str) -> None:
    files.look_at(files.written(typed))
    files.completed(typed)
    files.is_dropped(typed)


def test_a_dropped_file_is_shown_first_and_goes_with_its_caption(api: FakeApi, photo: Path) -> None:
    async def work() -> None:
        async with seat(api) as here:
            await here.choose(open_and_free(api))
            await write(here, "olha")
            here.screen.composer.writing.post_message(events.Paste(f"'{photo}'"))
            await here.until_shown("Attach a file")
            assert "image/jpeg" in here.text()
            await here.press("enter")
            await here.until_shown("takes it away")
            assert here.screen.composer.writing.text == "olha"
            assert api.uploads == []
            await here.pilot.pause(0.05)
            await here.press("enter")
            await here.until(lambda: api.world.sent)
            assert api.uploads == [("image", photo.name, JPEG)]
            assert here.screen.file is None

    run(work())


def test_a_path_that_is_only_text_stays_text(api: FakeApi, photo: Path) -> None:
    async def work() -> None:
        async with seat(api) as here:
            await here.choose(open_and_free(api))
            await write(here, "x")
            here.screen.composer.writing.post_message(events.Paste(str(photo)))
            await here.until_shown("Attach a file")
            await here.press("escape")
            await here.until(lambda: here.screen.composer.writing.text == f"x{photo}")
            assert here.screen.file is None

    run(work())


def test_a_file_behind_a_colleagues_back_comes_back_and_asks(api: FakeApi, photo: Path) -> None:
    async def work() -> None:
        async with seat(api) as here:
            id_ = open_and_free(api)
            await here.choose(id_)
            await here.press("A")
            await here.until_shown("Attach a file")
            here.screen.app.screen.query_one("#path").value = str(photo)  # type: ignore[attr-defined]
            await here.until_shown("image/jpeg")
            await here.press("enter")
            await here.until(lambda: here.screen.file is not None)
            api.world.agent_says(id_, "já mandei")
            api.world.events.clear()
            await here.until(lambda: here.screen.composer.writing.has_focus)
            await here.pilot.pause(0.05)
            await here.press("enter")
            await here.until(lambda: here.screen.composer.guarded or api.world.sent)
            if not api.world.sent:
                assert here.screen.file is not None
                await here.pilot.pause(0.05)
                await here.press("enter")
            await here.until(lambda: len(api.world.sent) == 1)

    run(work())


def test_escape_and_the_drop_key_send_nothing(api: FakeApi, photo: Path) -> None:
    async def work() -> None:
        async with seat(api) as here:
            id_ = open_and_free(api)
            await here.choose(id_)
            file = files.look_at(photo)
            here.screen.keep_file(id_, file)
            await here.until_shown("takes it away")
            await here.press("enter")
            await here.until(lambda: here.screen.composer.writing.has_focus)
            await here.press("ctrl+g")
            await here.until(lambda: here.screen.file is None)
            await here.pilot.pause(0.05)
            await here.press("enter")
            await here.pilot.pause(0.1)
            assert api.world.sent == []
            assert api.uploads == []

    run(work())
