"""Segments: who is meant, asked of the store."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from pytake_cli import locale
from pytake_cli.errors import InvalidData
from pytake_cli.services import segments
from pytake_cli.store import Store, tags
from pytake_cli.store.contacts import Contact
from pytake_cli.store.fields import Field
from pytake_cli.store.organisations import Organisation
from pytake_cli.store.segments import Segment
from tests.kit import people
from tests.kit.stores import NOW, make_number, make_org

FIELDS = {"plano": "choice", "filhos": "number", "renova": "date", "ativo": "bool", "cidade": "text"}


class Shop:
    """An organisation with its fields, and Ana, who wrote to it."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.org = make_org(store)
        self.number = make_number(store, self.org)
        self.ana = people.wrote(store, self.number, name="Ana Sônia Souza", phone="+5511968184101").contact_id
        with store.write(self.org) as db:
            for name, type_ in FIELDS.items():
                db.add(Field(org_id=self.org, name=name, type=type_, created_at=NOW))
            tags.put(db, self.org, self.ana, "Cliente", NOW)
        fields = {"plano": "Pró", "filhos": 2, "renova": "2026-11-22", "ativo": True}
        self.change(stage="Lead", score=80, vip=True, fields=fields)

    def change(self, **values: Any) -> None:
        with self.store.write(self.org) as db:
            row = db.get_one(Contact, self.ana)
            for name, value in values.items():
                setattr(row, name, value)
            db.add(row)

    def save(self, name: str, query: str) -> None:
        with self.store.write(self.org) as db:
            db.add(Segment(org_id=self.org, name=name, query=query, created_at=NOW, updated_at=NOW))

    def count(self, text: str) -> int:
        with self.store.read(self.org) as db:
            return segments.count(db, self.org, text, NOW)


@pytest.fixture
def shop(store: Store) -> Shop:
    return Shop(store)


ANA = (
    *("tag = cliente", "not tag = pagou", "stage in (lead, mql)", "sonia", "4101", "+55", "phone ^= +5511", "vip"),
    *(
        "f.plano = pro",
        "f.filhos between 2 and 3",
        "f.renova = today",
        "f.renova < -0d",
        "f.ativo",
        "f.cidade is empty",
    ),
    *("f.cidade != santos", "created <= today", "last_seen >= -1d", "not consent.marketing is set", "score >= 80"),
    *("not consent.utility is set", "sample(100%)", "not sample(0%)", "blocked = no", 'name ~ "a s"', "phone != +55"),
)


def test_every_kind_of_question_finds_its_people(shop: Shop) -> None:
    assert {text: shop.count(text) for text in ANA} == dict.fromkeys(ANA, 1)
    assert {text: shop.count(f"not ({text})") for text in ANA} == dict.fromkeys(ANA, 0)


def test_a_saved_segment_stands_in_the_place_of_its_name(shop: Shop) -> None:
    shop.save("bons", "score >= 50")
    shop.save("melhores", "segment = bons vip")
    assert shop.count("segment = melhores") == 1
    assert shop.count("segment != melhores") == 0
    assert shop.count("segment in (bons, melhores) not blocked") == 1


def test_segments_that_name_each_other_are_refused_with_the_circle(shop: Shop) -> None:
    shop.save("a", "segment = b")
    shop.save("b", "vip or segment = c")
    shop.save("c", "segment = a")
    with pytest.raises(InvalidData, match="a -> b -> c -> a"):
        shop.count("segment = a")


def test_deleted_and_merged_contacts_are_in_no_audience(shop: Shop) -> None:
    shop.change(deleted_at=NOW)
    assert shop.count("vip") == 0
    assert shop.count("not blocked") == 0


def test_a_day_is_the_clocks_of_the_organisation_also_when_it_has_25_hours(shop: Shop) -> None:
    """By the calendar, and not by what the reading of segments makes of it: New York, 1 November 2026."""
    with shop.store.write() as db:
        db.get_one(Organisation, shop.org).tz = "America/New_York"
    meant = {
        "2026-11-01T03:59:59": (1, 0, 0, 0),  # before, on, after that day; after 23:00 of it
        "2026-11-01T04:00:00": (0, 1, 0, 0),
        "2026-11-02T04:59:59": (0, 1, 0, 1),
        "2026-11-02T05:00:00": (0, 0, 1, 1),
    }
    asked = ("created < 2026-11-01", "created = 2026-11-01", "created > 2026-11-01", "created > 2026-11-01T23:00")
    for moment in meant:
        shop.change(created_at=datetime.fromisoformat(f"{moment}+00:00"))
        assert tuple(shop.count(text) for text in asked) == meant[moment], moment


def test_another_organisations_people_are_in_no_audience(shop: Shop) -> None:
    other = make_org(shop.store, "outra")
    with shop.store.read(other) as db:
        assert [segments.count(db, other, text, NOW) for text in ("vip", "not blocked", "ana")] == [0] * 3


@pytest.mark.parametrize(
    ("text", "caret", "words", "fix"),
    [
        ("f.plan = pro", "^", "there is no field f.plan", "did you mean f.plano?"),
        ("vip f.color = red", "    ^", "there is no field f.color", "pytake field add color --type text"),
        ("f.filhos ~ ab", "^", "cannot be compared by ~", "use one of"),
        ("vip\n  segment = vips", "            ^", "there is no segment vips", "pytake segment list"),
        ("name ~ /an(?=a)/", "          ^", "no looking ahead", ""),
        ("plano = pro", "^", "there is no field plano", "did you mean f.plano?"),
        ("vip filho > 1", "    ^", "there is no field filho", "did you mean f.filhos?"),
        ("bairro = Centro", "^", "there is no field bairro", "custom fields are written f.<name>"),
        ("consent.marketng is set", "^", "there is no field", "did you mean consent.marketing?"),
    ],
)
def test_what_cannot_be_asked_is_refused_at_its_place(shop: Shop, text: str, caret: str, words: str, fix: str) -> None:
    with pytest.raises(InvalidData) as raised:
        shop.count(text)
    assert raised.value.slug == "PT-SEGMENT-TEXT"
    assert raised.value.values["caret"] == caret
    assert words in str(raised.value)
    assert fix in raised.value.fix


@pytest.mark.parametrize(
    ("text", "words", "fix"),
    [
        ("plano = pro", "não há campo plano", "você quis dizer f.plano?"),
        ("segment = vips", "não há segmento vips", "pytake segment list"),
        ("name ~ /an(?=a)/", "sem olhar adiante", ""),
        ("name ~ /a{500}/", "no máximo {100}", ""),
        ("name ~ /[z-a]/", "z-a está ao contrário", ""),
    ],
)
def test_mistakes_are_told_in_portuguese(shop: Shop, text: str, words: str, fix: str) -> None:
    locale.use("pt-BR")
    with pytest.raises(InvalidData) as raised:
        shop.count(text)
    assert words in str(raised.value)
    assert fix in raised.value.fix
