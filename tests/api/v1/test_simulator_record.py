"""A talk with the simulator as a test of the flow, which then passes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.api.v1.test_nouns import ok
from tests.kit.api import open_api, somebody
from tests.kit.shop import Shop
from tests.kit.stocked import FLOW, Stock


@pytest.fixture
def client(shop: Shop) -> Iterator[httpx.Client]:
    stock = Stock(shop.store)
    with open_api(stock.store) as face, face.as_(somebody(stock.org, "*", user_id=stock.rita.id)) as client:
        yield client


def recorded(client: httpx.Client, before: str = "") -> str:
    talk = ok(client.post("/simulator", json={"flow": "boas-vindas", "name": "Ana"}), 201)
    target = f"/simulator/{talk['id']}"
    ok(client.post(f"{target}/say", json={"text": "oi"}))
    ok(client.post(f"{target}/advance", json={"seconds": 3000}))
    ok(client.post(f"{target}/say", json={"text": "Bia"}))
    text: str = ok(client.post(f"{target}/record", json={"name": "uma conversa", "before": before}))["text"]
    return text


def test_a_talk_becomes_a_test_that_passes(client: httpx.Client, tmp_path: Path) -> None:
    folder = tmp_path / "flows"
    folder.mkdir()
    (folder / "boas-vindas.yaml").write_text(FLOW, encoding="utf-8")
    text = recorded(client, recorded(client))
    (folder / "boas-vindas.test.yaml").write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "pytake_cli", "flow", "test", str(folder)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "uma conversa 2:" in text
    assert "after: 50m" in text


def test_a_test_file_that_cannot_be_read_is_refused(client: httpx.Client) -> None:
    talk = ok(client.post("/simulator", json={"flow": "boas-vindas"}), 201)
    answer = client.post(f"/simulator/{talk['id']}/record", json={"name": "x", "before": "a: [1"})
    assert (answer.status_code, answer.json()["slug"]) == (422, "PT-FLOW-TEST")
