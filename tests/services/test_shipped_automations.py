"""The automations that ship: each is fit to be published, and does what it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytake_cli.services import contact_changes
from pytake_cli.store import Store
from tests.services.rule_shop import RuleShop

FOLDER = Path(__file__).parents[2] / "automations"


@pytest.fixture
def shop(store: Store) -> RuleShop:
    return RuleShop(store)


def publish(shop: RuleShop, name: str) -> None:
    shop.rule((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"), f"{name}.yaml")


def test_every_shipped_automation_is_published_by_its_files_name(shop: RuleShop) -> None:
    for path in sorted(FOLDER.glob("*.yaml")):
        assert shop.rule(path.read_text(encoding="utf-8"), path.name).name == path.stem


def test_a_silent_conversation_is_closed_while_the_window_is_open(shop: RuleShop) -> None:
    publish(shop, "close-silent")
    shop.hears()
    shop.after(minutes=20)
    shop.answers()
    shop.later(hours=23, minutes=1)
    assert [text[:21] for text in shop.bot()] == ["Como não tivemos resp"]
    assert shop.conversation().status == "resolved"


def test_a_customer_who_waits_hears_from_us_before_the_window_closes(shop: RuleShop) -> None:
    publish(shop, "save-window")
    shop.hears()
    shop.later(hours=22, minutes=58)
    assert shop.bot() == []
    shop.later(minutes=2)
    assert shop.bot()[0].startswith("Oi Ana! Ainda estamos")
    assert shop.events("automation:notice")[0]["text"] == "a janela de Ana Souza fecha em uma hora"


def test_vips_come_first(shop: RuleShop) -> None:
    publish(shop, "vip")
    shop.hears()
    assert shop.conversation().priority == "normal"
    with shop.store.write(shop.org) as db:
        contact_changes.tag(db, shop.org, [shop.contact().id or 0], ["vip"], actor="cli", now=shop.now)
    shop.work()
    assert shop.conversation().priority == "high"
