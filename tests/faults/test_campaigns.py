"""Meta's bad days during a campaign: each leads to what the error table says, and `show` names it in plain words."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pytake_cli import clock
from pytake_cli.services import campaign_launch, campaign_watch, campaigns
from pytake_cli.services.campaign_launch import Order
from pytake_cli.store.numbers import Number
from tests.kit import campaigning, home
from tests.kit.children import wait_until
from tests.kit.home import Home

PEOPLE = 300
OFF = {"limit_pairs": "false"}


@pytest.fixture
def there(tmp_path: Path) -> Iterator[Home]:
    made = home.make(tmp_path / "there", emulator=OFF, acknowledgement="", grace_seconds=3)
    made.emulator.up()
    made.daemon.up()
    with made.store() as store:
        campaigning.approve(store, made.org_id, clock.now())
        campaigning.people(store, made.org_id, PEOPLE, clock.now())
    yield made
    made.stop()


def launch(there: Home) -> None:
    with there.store() as store:
        plan = campaigning.plan(store, there.org_id, clock.now())
        campaign_launch.launch(store, plan, Order(), clock.now())


def look(there: Home) -> dict[str, Any]:
    with there.store() as store, store.read() as db:
        return campaign_watch.of(db, campaigns.get(db, there.org_id, "bf"), clock.now())


def until(there: Home, status: str, seconds: float = 60.0) -> dict[str, Any]:
    wait_until(lambda: look(there)["status"] == status, seconds, every=0.2)
    return look(there)


def go_on(there: Home) -> None:
    with there.store() as store, store.write() as db:
        campaigns.resume(db, campaigns.get(db, there.org_id, "bf"), clock.now())


def everybody_once(there: Home) -> None:
    dialled = [entry["to"] for entry in there.emulator.ledger()]
    assert len(dialled) == len(set(dialled)) == PEOPLE


def test_a_number_that_is_too_fast_waits_until_everybody_has_it(there: Home) -> None:
    there.emulator.fault("error", code=130429, http=429, probability=0.2)
    launch(there)
    until(there, "finished")
    everybody_once(there)


def test_whoever_meets_trouble_at_meta_four_times_is_listed_and_the_others_have_it_once(there: Home) -> None:
    there.emulator.fault("error", code=131000, http=500, probability=0.2)
    launch(there)
    found = until(there, "finished")
    dialled = [entry["to"] for entry in there.emulator.ledger()]
    assert len(dialled) == len(set(dialled)) == PEOPLE - found["failed"]
    assert all(each["code"] == 131000 and each["advice"] for each in found["failures"])


@pytest.mark.parametrize("code", [132015, 131048, 132001])
def test_what_hits_everybody_pauses_at_once_and_goes_on_when_a_person_says_so(there: Home, code: int) -> None:
    there.emulator.fault("error", code=code, http=400, probability=0.3)
    launch(there)
    found = until(there, "paused")
    assert found["failed"] < PEOPLE / 2
    assert found["troubles"]
    there.emulator.no_faults()
    with there.store() as store, store.write() as db:
        db.get_one(Number, there.number_id).templates_stopped_until = None
    go_on(there)
    found = until(there, "finished")
    assert found["sent"] + found["failed"] == PEOPLE
    assert all(each["code"] == code and each["advice"] for each in found["failures"])  # 131048 keeps its messages


@pytest.mark.parametrize("code", [131026, 131049, 131050])
def test_refusals_of_single_people_are_listed_and_many_of_them_pause(there: Home, code: int) -> None:
    there.emulator.fault("error", code=code, http=400, probability=0.5)
    launch(there)
    found = until(there, "paused")
    assert found["reason"] in ("PT-CAMP-FAILURES", "PT-CAMP-REFUSED")
    there.emulator.no_faults()
    go_on(there)
    found = until(there, "finished")
    assert [each["code"] for each in found["failures"]] == [code]
    assert found["sent"] + found["failed"] + found["skipped"] == PEOPLE


def test_a_refused_token_pauses_and_says_so(there: Home) -> None:
    there.emulator.fault("error", code=190, http=401, probability=1.0)
    launch(there)
    found = until(there, "paused")
    assert found["reason"] == "PT-CAMP-NUMBER"
    assert found["failed"] == 0
    there.emulator.no_faults()
    with there.store() as store, store.write() as db:
        db.get_one(Number, there.number_id).stopped_at = None
    go_on(there)
    until(there, "finished")
    everybody_once(there)


def test_meta_down_for_a_while_is_named_and_waited_out(there: Home) -> None:
    launch(there)
    wait_until(lambda: there.emulator.accepted() > 10, 30, every=0.05)
    there.emulator.fault("error", code=131016, http=503, probability=1.0)
    wait_until(lambda: any("tried again" in each for each in look(there)["troubles"]), 20, every=0.2)
    time.sleep(2.0)
    there.emulator.no_faults()
    until(there, "finished", 90)
    everybody_once(there)


def test_metas_daily_limit_pauses_until_it_frees(there: Home) -> None:
    with there.store() as store, store.write() as db:
        db.get_one(Number, there.number_id).tier = "TIER_250"
    launch(there)
    wait_until(lambda: look(there)["status"] in ("paused", "finished"), 90, every=0.2)
    found = look(there)
    assert (found["reason"], found["sent"]) == ("PT-CAMP-QUOTA", 250)
    assert found["resume_at"] is not None
