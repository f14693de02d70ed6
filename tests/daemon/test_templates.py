"""What Meta does to a template reaches the store by real webhooks: emulator, daemon and store as processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlmodel import select

from pytake_cli.store.events import Event
from pytake_cli.store.templates import Template
from tests.kit.children import wait_until
from tests.kit.home import Home, running


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Home]:
    with running(tmp_path / "shop") as made:
        yield made


def row(shop: Home, name: str) -> Template | None:
    with shop.store() as store, store.read() as db:
        return db.exec(select(Template).where(Template.name == name)).first()


def until(shop: Home, name: str, holds: Callable[[Template], bool]) -> Template:
    def seen() -> bool:
        found = row(shop, name)
        return found is not None and holds(found)

    wait_until(seen, 20.0, every=0.1)
    found = row(shop, name)
    assert found is not None
    return found


def test_a_template_that_nobody_pulled_is_fetched_and_then_followed(shop: Home) -> None:
    shop.emulator.post("template", name="oferta_semana", action="approve")
    known = until(shop, "oferta_semana", lambda found: found.status == "APPROVED")
    assert (known.category, len(known.components)) == ("MARKETING", 4)
    shop.emulator.post("template", name="oferta_semana", action="quality", to="RED")
    paused = until(shop, "oferta_semana", lambda found: found.status == "PAUSED")
    assert (paused.quality, paused.pause_title) == ("RED", "FIRST_PAUSE")
    shop.emulator.post("template", name="oferta_semana", action="unpause")
    until(shop, "oferta_semana", lambda found: found.status == "APPROVED")
    shop.emulator.post("template", name="oferta_semana", action="category", to="UTILITY", announce=True)
    coming = until(shop, "oferta_semana", lambda found: found.coming_category == "UTILITY")
    assert coming.coming_at is not None
    with shop.store() as store, store.read() as db:
        told = [event.payload["slug"] for event in db.exec(select(Event).where(Event.kind == "incident"))]
    assert {"PT-TEMPLATE-STOPPED", "PT-TEMPLATE-QUALITY", "PT-TEMPLATE-CATEGORY"} <= set(told)
