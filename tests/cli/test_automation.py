"""`pytake automation`: checked, published, watched, tried out on what happened."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from pytake_cli import clock
from pytake_cli.store import Store
from tests.kit.shell import Shell
from tests.services.rule_shop import RuleShop

RULE = """
when: {customer_silent: 2h}
if: {contact: not tag = vip}
then:
  - reply: até logo
  - resolve: true
over: people
"""


@pytest.fixture
def shop(store: Store) -> RuleShop:
    shop = RuleShop(store)
    shop.now = clock.now() - timedelta(days=1)
    return shop


@pytest.fixture
def shell(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, shop: RuleShop, store_url: str, tmp_path: Path
) -> Shell:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "automations").mkdir()
    (tmp_path / "automations" / "fecha.yaml").write_text(RULE)
    return Shell(capfd, monkeypatch, store_url)


def test_an_automation_is_checked_published_watched_switched_and_deleted(shell: Shell, shop: RuleShop) -> None:
    shell("automation", "check")
    shell("automation", "publish", "-n")
    assert shell.json("automation", "list") == []
    [made] = shell.json("automation", "publish")
    assert (made["name"], made["when"], made["enabled"]) == ("fecha", "customer_silent", True)
    shell("automation", "publish")
    assert "nothing was new" in shell.err
    shop.hears()
    shop.answers()
    [run] = shell.json("automation", "runs", "fecha")
    assert (run["automation"], run["state"], run["event"]) == ("fecha", "pending", "customer_silent")
    shop.later(hours=3)
    [run] = shell.json("automation", "history", "1")
    assert run["did"] == ["reply: até logo", "resolve"]
    assert shell.json("automation", "runs", "--state", "skipped") == []
    assert shell.json("automation", "disable", "fecha")["enabled"] is False
    assert shell.json("automation", "enable", "fecha")["enabled"] is True
    shell("automation", "show", "fehca", code=5)
    assert "did you mean fecha?" in shell.err
    shell("automation", "delete", "fecha", "--yes")
    assert shell.json("automation", "list") == []


def test_every_mistake_of_a_file_is_told_at_its_place(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(
        "when: mesage_in\n"
        "if:\n  staus: open\n  contact: tag == x\n"
        "then:\n  - replly: oi\n  - reply: '{{ contact.frist_name }}'\n  - reply: '{{ lugar }}'\n  - wait: logo\n"
    )
    found = shell.json("automation", "check", "x.yaml", code=65)
    told = [(each["line"], each["column"], each["message"], each["fix"]) for each in found]
    assert told[0] == (1, 7, "`mesage_in` is no event", "did you mean `message_in`?")
    assert [each[:2] for each in told] == [(1, 7), (3, 3), (4, 12), (6, 5), (7, 12), (8, 12), (9, 11)]
    shell("automation", "publish", "x.yaml", code=65)
    assert "x.yaml:1:7" in shell.err


def test_what_is_not_there_is_told_when_checking(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "y.yaml").write_text(
        "when: resolved\nif: {contact: segment = nao-ha, hours: {open: loja}}\n"
        "then:\n  - canned: prazo\n  - flow: nps\n"
    )
    found = shell.json("automation", "check", "y.yaml", code=65)
    assert [each["line"] for each in found] == [2, 2, 4, 5]


def test_a_dry_run_says_what_would_have_been_and_does_nothing(shell: Shell, shop: RuleShop) -> None:
    shop.hears()
    shop.answers()
    shop.later(hours=1)
    shop.hears("oi?")
    shop.answers("sim?")
    shop.later(hours=5)
    before = shop.events("conversation:updated")
    found = shell.json("automation", "dry-run", "fecha", "--since", "2d")
    assert [(one["event"], one["outcome"], one["reason"]) for one in found] == [
        ("customer_silent", "cancelled", "message_in"),
        ("customer_silent", "would run", ""),
    ]
    assert found[1]["steps"] == ["reply: até logo", "resolve"]
    assert (shop.runs(), shop.bot(), shop.events("conversation:updated")) == ([], [], before)
    assert shell.json("automation", "dry-run", "fecha", "--since", "10m") == []
