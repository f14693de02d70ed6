"""`pytake campaign new|plan|list|clone|delete` and `pytake billing`: files, plans as scripts read them, prices."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytake_cli.store import Store
from tests.kit.shell import Shell
from tests.services.campaign_shop import Shop

VAR = "1={{ contact.first_name | default('cliente') }}"


@pytest.fixture
def people(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    made = Shop(store)
    made.people(4)
    made.person("5511999990000", marketing_granted_at=None)
    return made


@pytest.fixture
def shell(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, store_url: str, people: Shop) -> Shell:
    return Shell(capfd, monkeypatch, store_url)


def test_a_script_reads_a_plan_as_journey_e_does(shell: Shell) -> None:
    shell("campaign", "new", "bf", "--template", "promo", "--all", "--var", VAR, "--max-cost", "USD 800")
    plan = shell.json("campaign", "plan", "campaigns/bf.yaml")
    assert (plan["recipients"], plan["quota"]["ok"], plan["cost"]["max"]["amount"]) == (4, True, "0.25")
    assert plan["id"].startswith("plan_")
    assert plan["exclusions"] == [{"reason": "no-consent", "count": 1}]
    assert shell.json("campaign", "plan", "bf")["id"] == plan["id"]


def test_what_would_stop_a_launch_exits_3_and_teaches(shell: Shell) -> None:
    line = ("campaign", "plan", "--template", "promo", "--all", "--var", VAR)
    shell(*line, "--max-cost", "USD 0.20", code=3)
    assert "it may cost USD 0.25, and max_cost is USD 0.20" in shell.err.lower().replace("usd", "USD")
    shell(*line, "--max-recipients", "3", code=3)
    shell("campaign", "plan", "--template", "promo", "--all", code=3)
    assert "1 is missing" in shell.err
    shell("campaign", "plan", "--template", "promo", "-w", "vip", "--var", VAR, code=3)


def test_an_empty_audience_is_refused_because_it_would_be_everybody(shell: Shell) -> None:
    for audience in ((), ("-w", ""), ("--segment", "")):
        shell("campaign", "plan", "--template", "promo", *audience, "--var", VAR, code=65)
        assert "that would mean everybody" in shell.err


def test_who_is_left_out_is_one_command_away(shell: Shell) -> None:
    shell("campaign", "new", "bf", "--template", "promo", "--all", "--var", VAR)
    [row] = shell.json("campaign", "plan", "bf", "--show", "skipped")
    assert (row["name"], row["reason"]) == ("+5511999990000", "no-consent")


def test_people_of_a_file_get_its_columns_and_strangers_nothing(shell: Shell) -> None:
    rows = "celular;cupom\n5511968100000;X1\n(11) 96810-0001;X2\n11 98888-7777;X3\nabc;X4\n"
    Path("clientes.csv").write_text(rows, encoding="utf-8")
    plan = shell.json("campaign", "plan", "--template", "promo", "--file", "clientes.csv", "--var", "1=@cupom")
    assert plan["file"] == {
        "name": "clientes.csv",
        "rows": 4,
        "people": 2,
        "strangers": 1,
        "repeated": 0,
        "unreadable": 1,
    }
    assert sorted(each["text"] for each in plan["samples"]) == ["Oi X1!", "Oi X2!"]


def test_a_file_is_cloned_listed_and_deleted(shell: Shell) -> None:
    shell("campaign", "new", "bf", "--template", "promo", "--all", "--var", VAR)
    shell("campaign", "new", "bf", "--template", "promo", "--all", code=6)
    shell("campaign", "clone", "bf", "natal")
    assert [row["name"] for row in shell.json("campaign", "list")] == ["bf", "natal"]
    assert shell.json("campaign", "show", "natal")["template"] == "promo"
    shell("campaign", "delete", "natal", "--dry-run")
    shell("campaign", "delete", "natal", "--yes")
    assert [row["name"] for row in shell.json("campaign", "list")] == ["bf"]
    shell("campaign", "plan", "natal", code=5)


def test_own_prices_go_before_those_that_ship(shell: Shell) -> None:
    assert "BR,MARKETING,0,0.0625,USD,2026-04-01" in shell("billing", "prices", "export")
    head = "market,category,from,price,currency,valid_from\n"
    Path("own.csv").write_text(head + "BR,MARKETING,0,0.40,BRL,2026-01-01\n", encoding="utf-8")
    shell("billing", "prices", "import", "own.csv", "--dry-run")
    shell("billing", "prices", "import", "own.csv")
    line = ("billing", "estimate", "--template", "promo", "--all", "--var", VAR)
    [row] = shell.json(*line)
    assert (row["messages"], row["max"]) == (4, {"amount": "1.60", "currency": "BRL"})
    Path("own.csv").write_text(head + "BR,PROMO,0,x,BRL,2026-01-01\n", encoding="utf-8")
    shell("billing", "prices", "import", "own.csv", code=65)
    assert "own.csv:2" in shell.err


def test_another_organisations_people_and_prices_are_not_seen(shell: Shell, store: Store) -> None:
    other = Shop(store, "outra")
    line = ("campaign", "plan", "--template", "promo", "--all", "--var", VAR, "--json")
    assert '"audience": 0' in shell("-o", "outra", *line, code=3)
    assert other.plan().recipients == 0
