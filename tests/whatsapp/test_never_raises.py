"""The parser takes anything: generated JSON, changed payloads, broken bytes."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as some

from pytake_cli.whatsapp.webhooks import Incoming, Update, parse
from tests.whatsapp.envelopes import envelope, message, value
from tests.whatsapp.fuzz import NAMES, bodies, examine

TEXT = some.text(some.characters(codec="utf-8"), max_size=30)
LEAF = some.none() | some.booleans() | some.integers(-(2**63), 2**63 - 1) | some.floats(allow_nan=False) | TEXT
JSON = some.recursive(
    LEAF,
    lambda inner: some.lists(inner, max_size=4) | some.dictionaries(some.sampled_from(NAMES) | TEXT, inner, max_size=5),
)


@settings(max_examples=300, deadline=None)
@given(JSON)
def test_any_value_of_the_messages_field_is_survived(content: object) -> None:
    examine(envelope(content))


@settings(max_examples=1000, deadline=None)
@given(some.integers(-(2**63), 2**63 - 1) | some.integers(0, 10**16) | some.floats(allow_nan=False))
def test_any_number_is_survived_as_a_time(stamp: float) -> None:
    [update] = examine(envelope(value(messages=[message(timestamp=stamp)]), time=stamp))
    assert isinstance(update, Incoming)
    assert 1970 <= update.at.year <= 9999


@settings(max_examples=300, deadline=None)
@given(some.binary(max_size=200))
def test_any_bytes_are_survived(body: bytes) -> None:
    examine(body)


def test_three_thousand_hostile_bodies_are_survived() -> None:
    for body in bodies(3000, seed=20261122):
        examine(body)


def test_the_same_body_gives_the_same_updates() -> None:
    for body in bodies(200, seed=7):
        once: list[Update] = parse(body)
        assert repr(parse(body)) == repr(once)
