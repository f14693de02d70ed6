"""Presence: seen while it is renewed, over after 8 s, told as often as needed and no more."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from pytake_cli.daemon.presence import EXPIRY, MOST_BY_USER, TYPING, VIEWING, Mark, Presence
from tests.kit.stores import NOW


def mark(user: int, conversation: int = 1, kind: str = VIEWING, mode: str | None = None, org: int = 1) -> Mark:
    return Mark(kind, org, conversation, user, f"user{user}", None, mode)


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def test_who_is_there_is_told_once_and_again_before_colleagues_forget() -> None:
    presence = Presence()
    assert [each.until for each in presence.put(mark(3), NOW)] == [after(8)]
    assert presence.put(mark(3), after(1)) == []
    assert presence.put(mark(3), after(3.9)) == []
    assert [each.until for each in presence.put(mark(3), after(4))] == [after(12)]
    assert presence.expire(after(11.9)) == []
    assert [(each.user_id, each.until) for each in presence.expire(after(12))] == [(3, None)]
    assert presence.expire(after(13)) == []


def test_another_mode_is_told_at_once() -> None:
    presence = Presence()
    presence.put(mark(3, kind=TYPING, mode="note"), NOW)
    assert presence.colleague_typing(1, 4, NOW) is None
    assert [each.mode for each in presence.put(mark(3, kind=TYPING, mode="reply"), after(0.1))] == ["reply"]
    found = presence.colleague_typing(1, 4, after(1))
    assert found is not None
    assert found.user_id == 3
    assert presence.colleague_typing(1, 3, after(1)) is None  # oneself is no colleague
    assert presence.colleague_typing(2, 4, after(1)) is None
    assert presence.colleague_typing(1, 4, after(9)) is None  # also before anybody cleaned up


def test_who_leaves_is_nowhere_and_nobody_is_everywhere() -> None:
    presence = Presence()
    for conversation in range(MOST_BY_USER + 5):
        presence.put(mark(3, conversation), NOW)
    assert len(list(presence.of(1))) == MOST_BY_USER
    presence.put(mark(4), NOW)
    assert [each.user_id for each in presence.of(1, without=3)] == [4]
    assert list(presence.of(2)) == []
    assert len(presence.left(3)) == MOST_BY_USER
    assert [each.user_id for each in presence.of(1)] == [4]


@given(
    st.lists(
        st.tuples(st.integers(1, 3), st.integers(1, 2), st.sampled_from(["put", "end", "wait", "left"])), max_size=60
    )
)
def test_what_colleagues_know_is_what_is_so(steps: list[tuple[int, int, str]]) -> None:
    presence, now = Presence(), NOW
    known: dict[tuple[int, int], datetime] = {}
    for user, conversation, what in steps:
        match what:
            case "put":
                told = presence.put(mark(user, conversation), now)
            case "end":
                told = presence.end(VIEWING, conversation, user)
            case "left":
                told = presence.left(user)
            case _:
                now += timedelta(seconds=user * 1.5)
                told = presence.expire(now)
        for each in told:
            if each.until is None:
                del known[each.user_id, each.conversation_id]
            else:
                known[each.user_id, each.conversation_id] = each.until
        there = {(each.user_id, each.conversation_id) for each in presence.of(1)}
        assert there == set(known)
        assert all(until > now - EXPIRY for until in known.values())
