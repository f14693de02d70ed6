"""The table of what may happen to a conversation."""

from __future__ import annotations

import pytest

from pytake_cli.errors import Conflict
from pytake_cli.policy import talks
from pytake_cli.policy.talks import BOT, BY_BOT, BY_PEOPLE, NOBODY, OPEN, QUEUED, RESOLVED, SNOOZED, STATUSES, TABLE


def test_every_move_leads_to_a_status_that_exists() -> None:
    for step in TABLE.values():
        assert set(step.moves) <= set(STATUSES)
        assert set(step.moves.values()) <= {*STATUSES, talks.HELD}


def test_nothing_but_reopening_leaves_a_resolved_conversation() -> None:
    leaving = {name for name, step in TABLE.items() if step.moves.get(RESOLVED, RESOLVED) != RESOLVED}
    assert leaving == {"reopen"}


def test_whoever_has_a_conversation_gets_it_open_when_it_wakes() -> None:
    assert talks.after("wake", SNOOZED, BY_PEOPLE, held=True).status == OPEN
    assert talks.after("wake", SNOOZED, BY_PEOPLE, held=False).status == QUEUED


def test_an_action_leaves_the_owner_unless_it_says_another() -> None:
    assert talks.after("answered", QUEUED, NOBODY, held=False).owner == NOBODY
    assert talks.after("takeover", BOT, BY_BOT, held=False).owner == BY_PEOPLE


@pytest.mark.parametrize(
    ("action", "status", "slug"),
    [
        ("assign", RESOLVED, "PT-CONVERSATION-RESOLVED"),
        ("snooze", BOT, "PT-BOT-OWNS"),
        ("wake", OPEN, "PT-CONVERSATION-STATE"),
        ("reopen", OPEN, "PT-CONVERSATION-STATE"),
    ],
)
def test_what_may_not_happen_is_a_conflict_that_says_why(action: str, status: str, slug: str) -> None:
    with pytest.raises(Conflict) as caught:
        talks.after(action, status, NOBODY, held=False, id_=5)
    assert caught.value.slug == slug
