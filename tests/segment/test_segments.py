"""The segment language: what it reads, what it refuses, and whom it means."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import cos, radians
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytake_cli.segment.check import read
from pytake_cli.segment.evaluate import matches
from pytake_cli.segment.grammar import MAX_PREDICATES, count, parse
from pytake_cli.segment.tree import And, Bare, Not, Or, Predicate, SegmentError
from pytake_cli.segment.written import written

NOW = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)  # a Sunday, noon in São Paulo
TZ = "America/Sao_Paulo"
ANA: dict[str, Any] = {
    "id": 7,
    "name": "Ana Sônia Souza",
    "phone": "+5511968184101",
    "language": "pt-BR",
    "tags": ["Cliente", "vip"],
    "stage": "lead",
    "score": 80,
    "vip": True,
    "created": NOW - timedelta(days=40),
    "last_seen": NOW - timedelta(hours=20),
    "consent": {"marketing": True},
    "fields": {"plano": "Pro", "filhos": 2},
    "conversation": {"status": "queued", "window": NOW + timedelta(hours=4)},
    "messages": {"in": [NOW - timedelta(days=9), NOW - timedelta(days=1), NOW]},
    "place": (-23.5614, -46.6559),
    "flows": {"boas-vindas": {"outcome": "done", "at": NOW - timedelta(days=1)}},
}


@pytest.mark.parametrize(
    "text",
    [
        "tag=cliente stage in (lead, mql) consent.marketing is set not camp.black_friday.sent",
        'f.plano = "pro" and conv.window is set',
        "segment=novos or (score >= 80 and not blocked)",
        "ana souza",
        "SONIA",
        "4101",
        "+55 and 96818-4101",
        "vip",
        "vip = sim",
        "blocked = no",
        "not tag = pagou",
        "tag not in (pagou, saiu)",
        "phone ^= +5511",
        "name ~ /^ana\\b.*souza$/",
        "name !~ maria",
        "last_seen >= -1d (last_seen = today or last_seen = yesterday)",
        "created between 2026-10-01 and 2026-10-31",
        "created < -30d",
        "f.filhos > 1",
        "f.filhos between 2 and 3",
        "f.cidade is empty",
        "count(msg.in, since=-7d) = 2",
        "msg.in >= 3",
        "flow.boas-vindas.outcome = done flow.boas-vindas.at > -2d",
        "sample(100%)",
        "near(-23.5505, -46.6333, 5km)",
        "NEAR( -23.5614,-46.6559,1m ) and not near(-23.5505, -46.6333, 800m)",
        "f.cidade != santos",
    ],
)
def test_these_segments_mean_ana(text: str) -> None:
    assert matches(read(text), ANA, NOW, TZ)


@pytest.mark.parametrize(
    "text",
    ["tag = pagou", "stage != lead", "score > 80", "blocked", "not vip", "maria", "4102", "created > -30d",
     "count(msg.in, since=-7d) > 2", "sample(0%)", "f.filhos > 2", "f.plano = free", "conv.status is empty",
     "near(-23.5505, -46.6333, 2km)", "last_seen = tomorrow", "language in (en, es)"],
)  # fmt: skip
def test_these_segments_do_not_mean_ana(text: str) -> None:
    assert not matches(read(text), ANA, NOW, TZ)


@pytest.mark.parametrize(
    ("text", "offset", "words"),
    [
        ("", 0, "says who is meant"),
        ("stage =", 7, "too early"),
        ("(tag = a", 8, "too early"),
        ("tag = a)", 7, "cannot stand here"),
        ("= 3", 0, "needs a field"),
        ("tag = a stge = b", 8, "no field stge"),
        ("score ~ 80", 0, "cannot be compared by ~"),
        ("score > many", 8, "no number"),
        ("created > soon", 10, "no time"),
        ("vip = maybe", 6, "neither yes nor no"),
        ("name ~ a", 7, "at least 2 letters"),
        ("name ~ /(a/", 8, "pattern"),
        ("tag = /a/", 6, "compared by ~"),
        ("score", 0, "needs a comparison"),
        ("count(name) > 3", 6, "cannot be counted"),
        ("sample(many)", 7, "no share"),
        ("phone = '+5511968184101'", 8, "quoted with"),
        ("vip not tag:pagou", 8, "look for a name"),
        ("near(here, -46.6, 5km)", 5, "no place"),
        ("near(-23.5, -246.6, 5km)", 12, "no place"),
        ("near(-23.5, -46.6, 5)", 19, "no distance"),
        ("near(-23.5, -46.6, 501km)", 19, "at most 500km"),
        ("near(-23.5, -46.6)", 17, "cannot stand here"),
        ("tag in ()", 8, "cannot stand here"),
        ("not " * 60 + "a", 200, "inside each other"),
        ("(" * 60 + "a" + ")" * 60, 50, "inside each other"),
        (" ".join(["a"] * (MAX_PREDICATES + 1)), 0, "at most 250"),
    ],
)
def test_what_is_wrong_is_said_once_and_at_its_place(text: str, offset: int, words: str) -> None:
    with pytest.raises(SegmentError) as caught:
        read(text)
    assert words in caught.value.message
    assert caught.value.offset == offset


def test_the_nearest_field_is_offered() -> None:
    with pytest.raises(SegmentError) as caught:
        read("langage = pt-BR")
    assert caught.value.fix == "did you mean language?"


@given(st.floats(-90, 90), st.floats(-180, 180), st.integers(1, 500_000))
def test_a_place_is_written_as_it_is_read(latitude: float, longitude: float, metres: int) -> None:
    text = f"near({latitude:.6f}, {longitude:.6f}, {metres}m)"
    assert read(written(read(text))) == read(text)


def test_a_kilometre_is_one_wherever_it_is_measured() -> None:
    for latitude in (-33.7, -3.1, 0.0, 51.5):
        east = 1000 / (111_195 * cos(radians(latitude)))
        for place in ((latitude + 1000 / 111_195, -46.6), (latitude, -46.6 + east)):
            inside, outside = (read(f"near({latitude}, -46.6, {metres}m)") for metres in (1001, 999))
            assert matches(inside, {"place": place}, NOW, TZ)
            assert not matches(outside, {"place": place}, NOW, TZ)


def test_words_bind_as_people_read_them() -> None:
    assert parse("a b or not c") == Or((And((Bare("a", 0), Bare("b", 2))), Not(Bare("c", 11))))
    assert isinstance(parse("order"), Bare)
    assert isinstance(parse("in"), Bare)
    assert parse("x is not empty") == Predicate("x", "is set", (), 0)


WORDS = ("tag", "=", "a", "(", ")", "and", "or", "not", "in", ",", "score", ">", "3", "-30d", "/x/", '"', "is", "set")


def some_of_the_language() -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(WORDS), max_size=30).map(" ".join)


@given(st.text(max_size=200) | some_of_the_language())
def test_any_text_is_a_segment_or_a_segment_error(text: str) -> None:
    offset = 0
    try:
        tree = read(text)
    except SegmentError as error:
        offset = error.offset
    else:
        assert 1 <= count(tree) <= MAX_PREDICATES
        matches(tree, ANA, NOW, TZ)
    assert 0 <= offset <= len(text)


@given(st.integers(0, 10_000))
def test_a_sample_is_the_same_every_time_and_grows_without_losing_anybody(id_: int) -> None:
    person = {"id": id_}
    small, large = read("sample(10%)"), read("sample(40%)")
    assert matches(small, person, NOW, TZ) == matches(small, person, NOW, TZ)
    assert not matches(small, person, NOW, TZ) or matches(large, person, NOW, TZ)
