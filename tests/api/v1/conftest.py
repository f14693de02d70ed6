"""A shop that has one of everything, its API, and a client that may do all."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from pytake_cli.store import Store
from tests.kit.api import Face, open_api, somebody
from tests.kit.stocked import Stock


@pytest.fixture
def stock(store: Store) -> Stock:
    return Stock(store)


@pytest.fixture
def face(stock: Stock) -> Iterator[Face]:
    with open_api(stock.store) as face:
        yield face


@pytest.fixture
def client(face: Face, stock: Stock) -> Iterator[httpx.Client]:
    with face.as_(somebody(stock.org, "*", user_id=stock.rita.id)) as client:
        yield client
