"""`pytake campaign approve`: the second person, by a script and at the keyboard."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pytake_cli import clock
from pytake_cli.store.numbers import Number
from tests.cli.conftest import Run
from tests.kit import campaigning
from tests.kit.logins import GOOD, person
from tests.kit.shop import Shop

FILE = """name: bf
template: oferta_semana
audience: {all: true}
values: {"1": "{{ contact.first_name | default('cliente') }}", "2": "10%", "button.0": "7"}
"""


@pytest.fixture
def ready(shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """Three people, a campaign file, and Bia, who has a password and may launch."""
    with shop.store.write() as db:
        number = db.get_one(Number, shop.number)
        number.tier, waba = "TIER_UNLIMITED", number.waba_id
    campaigning.approve(shop.store, shop.org, clock.now(), waba=waba)
    campaigning.people(shop.store, shop.org, 3, clock.now())
    person(shop.store, shop.org, "bia@loja.example", "ORG_ADMIN")
    (tmp_path / "campaigns").mkdir()
    (tmp_path / "campaigns" / "bf.yaml").write_text(FILE)
    monkeypatch.chdir(tmp_path)
    return shop


def test_a_refused_launch_names_the_command_that_lets_it_through(pytake: Run, ready: Shop) -> None:
    assert pytake("org", "set", "second_person_above=2").code == 0
    launch = (
        "campaign",
        "launch",
        "bf",
        "--as",
        "rita@loja.example",
        "--yes",
        "--expect",
        "3",
        "--json",
        "--idempotency-key",
        "k",
    )
    planned = json.loads(pytake("campaign", "plan", "bf", "--json").out)
    assert [each["slug"] for each in planned["warnings"] if each["slug"] == "PT-CAMP-SECOND"] == ["PT-CAMP-SECOND"]
    refused = pytake(*launch)
    assert refused.code == 77, refused.err  # Rita's role may not launch anything
    with ready.store.write() as db:
        db.merge(ready.rita).role = "ORG_ADMIN"
    refused = pytake(*launch)
    assert (refused.code, json.loads(refused.err)["error"]["slug"]) == (9, "PT-CAMP-SECOND")
    assert f"pytake campaign approve {planned['id']} --as" in refused.err
    approve = ("campaign", "approve", planned["id"], "--as", "bia@loja.example", "--password-stdin", "--json")
    assert pytake(*approve, "--dry-run").code == 0
    assert pytake(*approve, stdin="errada\n").code == 4
    assert pytake(*launch).code == 9
    approved = pytake(*approve, stdin=f"{GOOD}\n")
    assert approved.code == 0, approved.err
    assert json.loads(approved.out)["by"] == "bia@loja.example"
    done = pytake(*launch)
    assert (done.code, json.loads(done.out)["recipients"]) == (0, 3), done.err
    assert json.loads(pytake("campaign", "show", "bf", "--json").out)["approved_by"] == "bia@loja.example"
    assert json.loads(pytake(*launch).out)["replayed"]
    audit = pytake("audit", "list", "--action", "campaign.approved", "--json")
    assert [each["actor"] for each in json.loads(audit.out)] == ["bia@loja.example"]


def test_without_the_rule_nobody_is_asked_and_nonsense_is_no_rule(pytake: Run, ready: Shop) -> None:
    refused = pytake("org", "set", "second_person_above=muitos")
    assert (refused.code, "5000" in refused.err) == (65, True)
    assert pytake("campaign", "launch", "bf", "--yes").code == 0
