"""`pytake sla` and `pytake analytics`: promised, reported, shown, exported."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pytake_cli import clock
from pytake_cli.store import Store
from tests.kit import people
from tests.kit.shell import Shell
from tests.kit.stores import make_number, make_org


@pytest.fixture
def shell(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, store_url: str, store: Store) -> Shell:
    org = make_org(store)
    people.user(store, org)
    people.wrote(store, make_number(store, org), at=clock.now())
    return Shell(capfd, monkeypatch, store_url)


def test_a_policy_is_made_changed_reported_and_deleted(shell: Shell) -> None:
    shell("sla", "create", "padrao", "--first-reply", "15m", "--resolution", "2d")
    shell("sla", "create", "padrao", "--first-reply", "15m", code=6)
    shell("sla", "create", "nada", code=65)
    shell("sla", "set", "padrao", "--resolution", "0", "--next-reply", "1h")
    [row] = shell.json("sla", "list")
    assert (row["first_reply"], row["next_reply"], row["resolution"]) == (900, 3600, None)
    assert shell.json("sla", "report", "--by", "team") == []
    shell("sla", "report", "--period", "ontem", code=65)
    shell("sla", "delete", "padrao", "-n")
    shell("sla", "delete", "padrao", "--yes")
    assert shell.json("sla", "list") == []


def test_figures_are_shown_and_exported(shell: Shell, tmp_path: Path) -> None:
    cards = {row["figure"]: row for row in shell.json("analytics", "show")}
    assert (cards["conversations"]["value"], cards["conversations"]["before"]) == (1, 0)
    assert sum(row["messages"] for row in shell.json("analytics", "show", "--by", "hour", "--period", "d")) == 1
    table, everything = tmp_path / "dias.csv", tmp_path / "tudo.json"
    shell("analytics", "export", str(table), "--by", "day", "--period", "w")
    assert len(table.read_text().splitlines()) == 8
    shell("analytics", "export", str(table), code=6)
    shell("analytics", "export", str(everything))
    assert json.loads(everything.read_text())["cards"]["conversations"] == 1
    shell("analytics", "export", str(tmp_path / "x.pdf"), code=2)
