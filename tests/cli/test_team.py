"""`pytake team`: made, filled, given hours, explained, routed."""

from __future__ import annotations

import pytest

from pytake_cli.store import Store
from pytake_cli.store.conversations import Conversation
from tests.kit import people
from tests.kit.shell import Shell
from tests.kit.stores import make_number, make_org


@pytest.fixture
def waiting(store: Store) -> int:
    """A conversation that waits in an organisation with Rita and Bia."""
    org = make_org(store)
    people.user(store, org)
    people.user(store, org, "bia@loja.example", "Bia")
    return people.wrote(store, make_number(store, org)).id or 0


@pytest.fixture
def shell(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, store_url: str, waiting: int) -> Shell:
    return Shell(capfd, monkeypatch, store_url)


def test_a_team_is_made_filled_changed_and_deleted(shell: Shell) -> None:
    shell("team", "create", "vendas", "--mode", "round_robin", "--skills", "ingles, boleto")
    made = shell.json("team", "show", "vendas")
    assert (made["slug"], made["mode"], made["skills"]) == ("vendas", "round_robin", ["boleto", "ingles"])
    shell("team", "create", "vendas", code=6)
    shell("team", "create", "suporte", "--overflow", "vendas", "--after", "10m")
    assert shell.json("team", "show", "suporte")["overflow_seconds"] == 600
    shell("team", "set", "vendas", "--overflow", "suporte", code=6)
    shell("team", "add", "vendas", "rita", "bia")
    assert shell.json("team", "show", "vendas")["members"] == ["bia@loja.example", "rita@loja.example"]
    shell("team", "remove", "vendas", "bia")
    shell("team", "set", "vendas", "--closed", "text", code=65)
    shell("team", "delete", "suporte", "--yes")
    assert [row["slug"] for row in shell.json("team", "list")] == ["vendas"]
    shell("team", "show", "suporte", code=5)


def test_hours_are_set_shown_and_taken_away(shell: Shell) -> None:
    shell("team", "create", "vendas")
    shell("team", "hours", "set", "vendas", "mon-fri=09:00-12:00,13:30-18:00", "--holiday", "2026-12-25")
    shown = shell.json("team", "hours", "show", "vendas")
    assert (shown["mon"], shown["sun"], shown["holidays"]) == ("09:00-12:00, 13:30-18:00", "", ["2026-12-25"])
    shell("team", "hours", "set", "vendas", "mon=9-18", code=65)
    shell("team", "hours", "set", "vendas", code=65)
    shell("team", "hours", "set", "vendas", "--always")
    assert shell.json("team", "show", "vendas")["hours"] == {}


def test_routing_is_explained_tried_and_done(shell: Shell, store: Store, waiting: int) -> None:
    shell("team", "create", "vendas", "--takes-all")
    shell("team", "add", "vendas", "rita", "bia")
    assert shell.json("team", "explain", str(waiting))["verdict"] == "nobody"
    shell("team", "agent", "rita", "--availability", "available", "--capacity", "3", "--skills", "ingles")
    found = shell.json("team", "explain", str(waiting))
    assert (found["verdict"], found["to"], found["position"]) == ("least_busy", "rita@loja.example", 1)
    assert {each["agent"]: each["why_not"] for each in found["agents"]}["bia@loja.example"] == ["offline"]
    shell("team", "route")
    with store.read() as db:
        assert db.get_one(Conversation, waiting).status == "open"
    assert shell.json("team", "explain", str(waiting))["verdict"] == "assigned"
    assert shell.json("team", "route", "--dry-run") == []
    assert [row["open"] for row in shell.json("team", "agents")] == [0, 1]


def test_a_dry_run_keeps_nothing(shell: Shell) -> None:
    shell("team", "create", "vendas", "-n")
    assert shell.json("team", "list") == []
    shell("team", "create", "vendas")
    shell("team", "set", "vendas", "--capacity", "9", "-n")
    shell("team", "add", "vendas", "rita", "-n")
    shell("team", "hours", "set", "vendas", "mon=09:00-18:00", "-n")
    shell("team", "agent", "rita", "--availability", "available", "-n")
    shell("team", "delete", "vendas", "-n")
    shown = shell.json("team", "show", "vendas")
    assert (shown["capacity"], shown["members"], shown["hours"]) == (5, [], {})
    assert {row["availability"] for row in shell.json("team", "agents")} == {"offline"}
