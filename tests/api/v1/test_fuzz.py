"""Requests made from the OpenAPI document; `python -m tests.kit.api_fuzz` makes thousands of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from pytake_cli.services import directory
from tests.kit.api import Face, open_api
from tests.kit.api_fuzz import run
from tests.kit.shop import Shop
from tests.kit.stocked import Stock

pytestmark = pytest.mark.filterwarnings("ignore")  # Schemathesis and Hypothesis warn of what they draw


@pytest.fixture
def stock(shop: Shop) -> Stock:
    return Stock(shop.store)


@pytest.fixture
def face(stock: Stock) -> Iterator[Face]:
    with open_api(stock.store) as face:
        yield face


def test_no_request_is_a_bug_and_every_answer_is_as_documented(face: Face, stock: Stock) -> None:
    report = run(face, stock, cases=400)
    assert report.failures == []
    assert report.cases >= 300


def test_a_bug_and_an_answer_of_another_shape_would_be_seen(
    face: Face, stock: Stock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr(directory, "history", broken)
    report = run(face, stock, cases=20, only="/contacts/{id}/history")
    assert "Server error" in report.failures[0]
