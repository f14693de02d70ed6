"""What the server has not got outlives the inbox: one file for each, taken over once its inbox is gone."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from pytake_cli.tui.deeds import Deed, Standing
from pytake_cli.tui.outbox import Waiting
from pytake_cli.tui.rows import Draft
from pytake_cli.tui.safe import Safe
from pytake_cli.tui.timeline import Item, merged
from pytake_cli.tui.unsent import Unsent

NOW = datetime(2026, 11, 24, 1, 11, 48, tzinfo=UTC)
WAITING = Waiting("abc", 5008, "reply", {"text": "olá"}, "olá", NOW, "m81", contact=412, number=1)
DRAFT = Draft("quase", "note", 80)
DEED = Deed(5008, Safe("Ana"), "conversation.resolve", "resolve", {"csat": True}, Standing("", "people", 3),
            Standing("resolved", "people", 3), 2, NOW)  # fmt: skip


def test_what_is_left_behind_is_taken_over_once(tmp_path: Path) -> None:
    before = Unsent(tmp_path, "ana")
    before.keep([WAITING], {5008: DRAFT}, [DEED])
    meanwhile = Unsent(tmp_path, "ana")
    assert meanwhile.take_over() == ([], {}, [])  # that inbox is still open
    before.close()
    after = Unsent(tmp_path, "ana")
    [waiting], drafts, [deed] = after.take_over()
    assert (waiting.client_id, waiting.text, waiting.seen, waiting.contact) == ("abc", "olá", "m81", 412)
    assert waiting.was_offline
    assert waiting.left_over
    assert drafts == {5008: DRAFT}
    assert deed == DEED
    after.keep([waiting], drafts)
    assert len(list(tmp_path.iterdir())) == 1
    after.keep([], {})
    after.close()
    assert list(tmp_path.iterdir()) == []


def test_one_that_dies_before_it_wrote_anything_leaves_the_rest_to_the_next(tmp_path: Path) -> None:
    first = Unsent(tmp_path, "ana")
    first.keep([], {1: DRAFT})
    first.close()
    second = Unsent(tmp_path, "ana")
    assert second.take_over()[1] == {1: DRAFT}
    for file, _path in second._adopted:
        import os

        os.close(file)  # as the system does when it dies
    assert Unsent(tmp_path, "ana").take_over()[1] == {1: DRAFT}


def test_what_somebody_else_left_is_theirs_and_what_is_broken_is_nothing(tmp_path: Path) -> None:
    other = Unsent(tmp_path, "bia")
    other.keep([WAITING], {})
    other.close()
    mine = Unsent(tmp_path, "ana")
    mine.keep([], {1: DRAFT})
    mine.close()
    [path] = [each for each in tmp_path.iterdir() if mine._owner in each.name]
    assert path.stat().st_mode & 0o777 == 0o600
    path.write_bytes(path.read_bytes() + b'"rest of something longer"}')
    assert Unsent(tmp_path, "ana").take_over()[1] == {1: DRAFT}
    path.write_text('{"drafts": [{"conversation": "x"')
    assert Unsent(tmp_path, "ana").take_over() == ([], {}, [])


def _item(number: int, kind: str = "message") -> Item:
    return Item(f"{kind[0]}{number}", kind, NOW.replace(second=number % 60), number)


@given(st.integers(0, 30), st.integers(0, 30), st.integers(1, 30), st.integers(0, 5))
def test_a_page_of_the_server_leaves_no_gap_and_nothing_twice(start: int, known: int, size: int, sent: int) -> None:
    """The chat has 1 to `known`, and answers to sends at the end; the server's newest page begins at `start`."""
    mine = [_item(number) for number in range(1, known + 1)]
    newest = start + size
    mine += [_item(number) for number in range(newest + 1, newest + sent + 1) if number > known]
    page = [_item(number) for number in range(start + 1, newest + 1)]
    numbers = [item.number for item in merged(mine, page)]
    assert numbers == sorted(set(numbers))
    assert numbers[-1] >= newest
    assert numbers == list(range(numbers[0], numbers[-1] + 1))


def test_an_entry_that_was_known_too_early_takes_its_place() -> None:
    answered = [_item(1), _item(4)]  # a send's answer came before what was said meanwhile
    assert [item.number for item in merged(answered, [_item(1), _item(2), _item(3), _item(4)])] == [1, 2, 3, 4]
