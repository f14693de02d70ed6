"""In a real terminal: whatever customers write, the title, the clipboard and the modes stay as they were."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kit.hostile_screens import PLACES, VIEWS, shown

DIALOGS = [name for name in VIEWS if name not in PLACES]


@pytest.mark.parametrize("place", PLACES)
def test_two_hundred_hostile_strings_on_a_screen_leave_the_terminal_alone(place: str, tmp_path: Path) -> None:
    assert shown([place], tmp_path, words=200) == {place: []}


@pytest.mark.parametrize("place", dict.fromkeys(VIEWS[name].place for name in DIALOGS))
def test_hostile_strings_in_every_dialog_and_popup_leave_the_terminal_alone(place: str, tmp_path: Path) -> None:
    names = [name for name in DIALOGS if VIEWS[name].place == place]
    assert shown(names, tmp_path, words=4, seconds=600) == {name: [] for name in names}
