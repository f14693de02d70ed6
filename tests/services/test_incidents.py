"""Incidents: what went wrong is told in the language of whoever looks, and kept in English for programs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlmodel import select

from pytake_cli import locale
from pytake_cli.locale import Phrase
from pytake_cli.services import incidents
from pytake_cli.services.told import of_json, to_json
from pytake_cli.store import Store
from pytake_cli.store.events import Event
from pytake_cli.store.numbers import Number
from tests.kit.stores import NOW, make_number, make_org


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    yield
    locale.use("en")


def test_a_sentence_within_a_sentence_is_kept_and_told_in_both_languages() -> None:
    why = Phrase("campaigns of {number} wait: {why}", number="+55 11", why=Phrase("it took too long"))
    kept = of_json(to_json(why))
    assert (str(kept), kept.told) == ("campaigns of +55 11 wait: it took too long",) * 2
    locale.use("pt-BR")
    assert kept.told == "as campanhas de +55 11 esperam: demorou demais"
    assert str(kept) == "campaigns of +55 11 wait: it took too long"


def test_what_meta_stops_is_told_in_portuguese(store: Store) -> None:
    number_id = make_number(store, make_org(store))
    with store.write() as db:
        number = db.get_one(Number, number_id)
        incidents.after_meta_error(db, 190, "expired", number.phone_number_id, None, NOW)
    with store.read() as db:
        payload = db.exec(select(Event).where(Event.kind == "incident")).one().payload
    assert payload["text"] == incidents.said(payload)
    locale.use("pt-BR")
    assert incidents.said(payload).startswith("o envio por ")
    assert "set a new" not in incidents.said(payload)


def test_what_was_kept_before_is_told_as_it_is() -> None:
    assert incidents.said({"slug": "PT-X", "text": "as it was"}) == "as it was"
    assert incidents.said({}) == ""
