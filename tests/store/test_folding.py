"""Folding in SQL: both databases say of every text what Python says."""

from __future__ import annotations

import unicodedata

import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytake_cli.flow.words import MAX_FOLDED, fold
from pytake_cli.store import Store
from pytake_cli.store.folding import folded

LETTERS = [chr(code) for code in range(1, 0x110000) if unicodedata.category(chr(code)) not in ("Cn", "Cs")]
TOGETHER = 64  # letters in a text: a database asked 290,000 times takes a minute


def in_sql(store: Store, texts: list[str]) -> list[str]:
    """What the database makes of each text."""
    asked = sa.select(folded(sa.bindparam("text", type_=sa.String)))
    with store.read() as db:
        return [db.connection().execute(asked, {"text": text}).scalar_one() for text in texts]


def test_every_letter_is_folded_as_python_does(store: Store) -> None:
    texts = ["|".join(LETTERS[at : at + TOGETHER]) for at in range(0, len(LETTERS), TOGETHER)]
    assert in_sql(store, texts) == [fold(text) for text in texts]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(st.sampled_from("aAé ÇßŒ\t\n  İıΣςz’-Ω5") | st.sampled_from(LETTERS), max_size=12), min_size=1))
def test_any_text_is_folded_as_python_does(store: Store, texts: list[str]) -> None:
    assert in_sql(store, texts) == [fold(text) for text in texts]


def test_what_is_too_long_ends_at_the_same_letter(store: Store) -> None:
    texts = ["É" * (MAX_FOLDED + 5), "E" * (MAX_FOLDED + 5), "e " * MAX_FOLDED]
    assert in_sql(store, texts) == [fold(text) for text in texts]
