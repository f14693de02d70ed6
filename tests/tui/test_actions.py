"""The table of actions: no key means two things, every action has a name in both languages, a hand, and a twin."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pytake_cli import locale
from pytake_cli.cli import surface_data
from pytake_cli.cli.catalogue import read
from pytake_cli.tui import keymap
from pytake_cli.tui.actions import ACTIONS, BY_ID, CHAINS, FORBIDDEN, Action
from pytake_cli.tui.app import InboxApp
from pytake_cli.tui.screens import SCREENS
from pytake_cli.tui.screens.inbox import InboxScreen
from pytake_cli.tui.widgets.chat import ChatView
from pytake_cli.tui.widgets.sidebar import Sidebar
from pytake_cli.tui.widgets.talk_list import TalkList

NAV = ("lists", "inbox", "chat", "composer", "all", "always")
# What no command does: the last key again, and what only matters while one looks.
WITHOUT_TWIN = {"app.repeat", "conversation.wake", "conversation.unread", "message.react"}


def of_the_inbox() -> Iterator[Action]:
    for action in ACTIONS:
        if not action.keys or set(action.keys) & set(NAV):
            yield action


def test_every_id_is_there_once() -> None:
    assert len(BY_ID) == len(ACTIONS)


@pytest.mark.parametrize("preset", keymap.PRESETS)
def test_no_key_means_two_things_where_both_could_be_meant(preset: str) -> None:
    assert keymap.clashes(keymap.load(preset, None)[0]) == []


def test_no_action_has_a_key_that_terminals_do_not_send_or_others_own() -> None:
    keys = [key for action in ACTIONS for scope in action.keys for key in action.keys_in(scope)]
    assert [key for key in keys if key.startswith(FORBIDDEN)] == []


def test_no_letter_works_where_text_is_written() -> None:
    text_fields = [
        action.keys_in(scope) for action in ACTIONS for scope in ("composer", "always") if scope in action.keys
    ]
    assert [key for keys in text_fields for key in keys if len(key) == 1] == []


def test_every_scope_can_be_reached() -> None:
    known = {scope for chain in CHAINS.values() for scope in chain}
    assert {scope for action in ACTIONS for scope in action.keys} <= known


def test_every_name_and_explanation_is_there_in_portuguese() -> None:
    known = read()
    texts = {text for action in of_the_inbox() for text in (action.title, action.help, action.short) if text}
    assert sorted(text for text in texts if not known.get(text)) == []


def test_every_action_that_changes_something_has_a_command_that_does_the_same() -> None:
    lacking = [action.id for action in ACTIONS if action.writes and not action.cli and action.id not in WITHOUT_TWIN]
    assert lacking == []


def test_every_command_that_is_named_as_a_twin_exists() -> None:
    def known(line: str) -> bool:
        noun, *verb = line.split()[1:3]
        entry = surface_data.SURFACE.get(noun)
        return entry is not None and (not entry["verbs"] or verb[0] in entry["verbs"])

    named = [(action.id, action.cli) for action in of_the_inbox() if action.cli]
    assert [(id_, cli) for id_, cli in named if not known(cli)] == []


def test_what_is_undone_by_an_action_names_one() -> None:
    assert [action.undo for action in ACTIONS if action.undo and action.undo not in BY_ID] == []


def test_every_action_of_the_inbox_is_done_by_somebody() -> None:
    hands = (InboxScreen, TalkList, ChatView, Sidebar, InboxApp)
    screens = {f"screen.{entry.slug}" for entry in SCREENS}
    lacking = [
        action.id
        for action in of_the_inbox()
        if action.id not in screens and not any(hasattr(hand, action.handler) for hand in hands)
    ]
    assert lacking == []


def test_a_keymap_file_moves_keys_and_says_what_cannot_be(tmp_path) -> None:  # type: ignore[no-untyped-def]
    locale.use("en")
    path = tmp_path / "keymap.toml"
    path.write_text(
        '"conversation.resolve" = "f8,Z"\n'
        '"conversation.resolv" = "x"\n'
        '"conversation.note" = "m"\n'
        '"conversation.snooze" = "alt+z"\n',
        encoding="utf-8",
    )
    keys, troubles = keymap.load("default", path)
    assert keys.keys(BY_ID["conversation.resolve"], CHAINS["list"]) == ("f8", "Z")
    assert [(each.line, each.says.split(" · ")[0]) for each in troubles] == [
        (2, "there is no action conversation.resolv"),
        (3, "m means conversation.claim already"),
        (4, "alt+z does not reach programs in every terminal"),
    ]
    assert keys.keys(BY_ID["conversation.note"], CHAINS["list"]) == ("i",)
