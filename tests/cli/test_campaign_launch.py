"""`pytake campaign launch` and what follows it, as a script uses them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlmodel import select

from pytake_cli import clock
from pytake_cli.cli import campaign_page
from pytake_cli.services import campaign_launch
from pytake_cli.store.campaigns import Campaign
from pytake_cli.store.numbers import Number
from tests.cli.conftest import Run
from tests.kit import campaigning
from tests.kit.shop import Shop

FILE = """name: bf
template: oferta_semana
audience: {all: true}
values: {"1": "{{ contact.first_name | default('cliente') }}", "2": "10%", "button.0": "7"}
"""


@pytest.fixture
def ready(shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A shop with three people who agreed, an approved template and a campaign file."""
    with shop.store.write() as db:
        number = db.get_one(Number, shop.number)
        number.tier, waba = "TIER_UNLIMITED", number.waba_id
    campaigning.approve(shop.store, shop.org, clock.now(), waba=waba)
    campaigning.people(shop.store, shop.org, 3, clock.now())
    (tmp_path / "campaigns").mkdir()
    (tmp_path / "campaigns" / "bf.yaml").write_text(FILE)
    monkeypatch.chdir(tmp_path)
    return shop


def launched(pytake: Run, *more: str) -> dict[str, object]:
    done = pytake("campaign", "launch", "bf", "--yes", "--json", *more)
    assert done.code == 0, done.err
    found: dict[str, object] = json.loads(done.out)
    return found


def test_a_launch_freezes_the_audience_and_says_so(pytake: Run, ready: Shop) -> None:
    found = launched(pytake, "--expect", "3")
    assert (found["status"], found["recipients"], found["replayed"]) == ("running", 3, False)
    (noted,) = json.loads(pytake("audit", "list", "--action", "campaign.launched", "--json", "--fields", "details").out)
    assert noted["details"] == {"plan": found["plan"], "recipients": 3}
    assert campaigning.ledger(ready.store) == {"pending": 3}


def test_the_same_script_again_sends_nothing_and_is_no_error(pytake: Run, ready: Shop) -> None:
    launched(pytake, "--idempotency-key", "bf-1")
    again = launched(pytake, "--idempotency-key", "bf-1")
    assert again["replayed"] is True
    assert campaigning.ledger(ready.store) == {"pending": 3}


def test_a_script_that_plans_and_launches_can_be_run_again(pytake: Run, ready: Shop) -> None:
    def script(*key: str) -> tuple[int, str]:
        plan = pytake("campaign", "plan", "bf", "--json")
        assert plan.code == 0, plan.err
        made = json.loads(plan.out)
        line = ("--plan", made["id"], "--expect", str(made["recipients"]), "--yes", "--json", *key)
        done = pytake("campaign", "launch", *line)
        return done.code, done.out or done.err

    assert json.loads(script("--idempotency-key", "bf-1")[1])["replayed"] is False
    code, again = script("--idempotency-key", "bf-1")
    assert (code, json.loads(again)["replayed"], json.loads(again)["recipients"]) == (0, True, 3)
    assert "PT-CAMP-AGAIN" in script()[1]
    assert "3 is in this campaign already" in script("--idempotency-key", "bf-2")[1]
    assert "PT-CAMP-AGAIN" in pytake("campaign", "plan", "bf", "--json").out
    assert campaigning.ledger(ready.store) == {"pending": 3}


def test_a_plan_is_launched_by_its_id_from_stdin(pytake: Run, ready: Shop) -> None:
    plan = pytake("campaign", "plan", "bf", "--format", "{id}")
    done = pytake("campaign", "launch", "-", "--yes", "--json", stdin=plan.out)
    assert done.code == 0, done.err
    assert json.loads(done.out)["plan"] == plan.out.strip()


def test_launching_twice_by_accident_is_refused(pytake: Run, ready: Shop) -> None:
    launched(pytake)
    again = pytake("campaign", "launch", "bf", "--yes")
    assert again.code == 6
    assert "PT-CAMP-AGAIN" in again.err
    assert launched(pytake, "--again")["name"] == "bf-2"


def test_another_number_of_people_than_expected_is_refused_with_the_reasons(pytake: Run, ready: Shop) -> None:
    refused = pytake("campaign", "launch", "bf", "--yes", "--expect", "4")
    assert refused.code == 9
    assert "PT-CAMP-EXPECT" in refused.err
    assert "--expect 3" in refused.err
    assert campaigning.ledger(ready.store) == {}


def test_more_than_a_hundred_people_need_their_number(pytake: Run, screen: Run, ready: Shop) -> None:
    campaigning.people(ready.store, ready.org, 100, clock.now(), start=10)
    assert pytake("campaign", "launch", "bf", "--yes").code == 64
    assert "nothing was launched" in screen("campaign", "launch", "bf", stdin="102\n").err
    assert "goes to 103 people" in screen("campaign", "launch", "bf", stdin="103\n").err


def test_costs_above_the_limit_are_refused(pytake: Run, ready: Shop) -> None:
    refused = pytake("campaign", "launch", "bf", "--yes", "--max-cost", "USD 0.01")
    assert refused.code == 9
    assert campaigning.ledger(ready.store) == {}


def test_a_limit_in_another_currency_than_the_prices_is_told_as_that(pytake: Run, ready: Shop) -> None:
    refused = pytake("campaign", "launch", "bf", "--yes", "--max-cost", "BRL 1000")
    assert (refused.code, "PT-CAMP-CURRENCY" in refused.err) == (9, True)
    assert campaigning.ledger(ready.store) == {}


def test_one_that_recurs_says_so_before_it_is_launched(pytake: Run, screen: Run, ready: Shop) -> None:
    (Path("campaigns") / "bf.yaml").write_text(f"{FILE}recurrence: {{daily: '09:00'}}\n")
    made = json.loads(pytake("campaign", "plan", "bf", "--json").out)
    assert len(made["recurrence"]["coming"]) == 5
    assert made["duration"]["starts"] == made["recurrence"]["coming"][0]
    (Path("campaigns") / "never.yaml").write_text(f"{FILE}recurrence: {{daily: '09:00', until: 2020-01-01}}\n")
    assert "PT-SCHEDULE-NEVER" in pytake("campaign", "plan", "never", "--json").out
    assert launched(pytake)["status"] == "recurring"
    pytake("campaign", "pause", "bf")
    assert "0 of 0" not in pytake("campaign", "resume", "bf", "--yes").err
    assert "It will not come again" in pytake("campaign", "cancel", "bf").err
    assert "each time: " in screen("campaign", "launch", "bf", "--again", stdin="n\n").err


def test_a_launch_whose_day_is_over_is_refused_unless_now_is_meant(pytake: Run, ready: Shop) -> None:
    late = pytake("campaign", "launch", "bf", "--yes", "--at", "2020-01-01 09:00")
    assert (late.code, "PT-CAMP-PAST" in late.err, campaigning.ledger(ready.store)) == (65, True, {})
    assert launched(pytake, "--at", "now")["status"] == "running"


def test_what_is_said_beside_a_plan_limits_its_launch_or_is_refused(pytake: Run, ready: Shop) -> None:
    plan = json.loads(pytake("campaign", "plan", "bf", "--json").out)["id"]
    many = pytake("campaign", "launch", "--plan", plan, "--yes", "--max-recipients", "2")
    assert (many.code, "PT-CAMP-RECIPIENTS" in many.err) == (9, True)
    other = pytake("campaign", "launch", "--plan", plan, "--yes", "--rate", "5/s", "--quiet-hours", "none")
    assert (other.code, "--rate, --quiet-hours would make it another" in other.err) == (2, True)
    assert campaigning.ledger(ready.store) == {}


@pytest.mark.parametrize("verb", ["pause", "cancel"])
def test_a_dry_run_does_not_say_that_it_was_done(pytake: Run, ready: Shop, verb: str) -> None:
    launched(pytake)
    tried = pytake("campaign", verb, "bf", "--dry-run")
    assert tried.code == 0
    assert "nothing was changed" in tried.err
    assert "✓" not in tried.err
    assert campaigning.campaign(ready.store).status == "running"


@pytest.mark.parametrize("flags", [("--idempotency-key", ""), ("--idempotency-key= ",), ("--max-drift", "nan")])
def test_a_guard_that_would_guard_nothing_is_refused(pytake: Run, ready: Shop, flags: tuple[str, ...]) -> None:
    assert pytake("campaign", "launch", "bf", "--yes", *flags).code == 2
    assert campaigning.ledger(ready.store) == {}


def test_a_dry_run_launches_nothing(pytake: Run, ready: Shop) -> None:
    tried = pytake("campaign", "launch", "bf", "--dry-run")
    assert (tried.code, "--plan" in tried.err) == (0, False)
    assert campaigning.ledger(ready.store) == {}


def test_a_trial_reaches_one_contact_only(pytake: Run, ready: Shop) -> None:
    done = pytake("campaign", "launch", "bf", "--yes", "--json", "--test-to", f"+{campaigning.phone(1)}")
    assert done.code == 0, done.err
    assert "Olá Ana" in json.loads(done.out)[0]["text"]
    assert campaigning.ledger(ready.store) == {}


def test_pausing_resuming_and_cancelling_say_what_comes_next(pytake: Run, ready: Shop) -> None:
    launched(pytake)
    assert json.loads(pytake("campaign", "pause", "bf", "--json").out)["status"] == "paused"
    resumed = pytake("campaign", "resume", "bf", "--yes", "--json")
    assert json.loads(resumed.out)["status"] == "running"
    assert "0 of 3 have been written to and get nothing again; 3 are next" in resumed.err
    cancelled = pytake("campaign", "cancel", "bf", "--yes", "--json")
    assert json.loads(cancelled.out)["status"] == "cancelled"
    assert pytake("campaign", "resume", "bf", "--yes").code == 6


def test_waiting_without_a_daemon_is_an_error(pytake: Run, ready: Shop) -> None:
    assert pytake("campaign", "launch", "bf", "--yes", "--wait").code == 69


def test_show_tells_how_far_it_is(pytake: Run, ready: Shop) -> None:
    launched(pytake)
    card = json.loads(pytake("campaign", "show", "bf", "--json").out)
    assert (card["status"], card["waiting"], card["sent"], card["troubles"]) == ("running", 3, 0, [])


def test_recipients_and_report_agree_with_the_ledger(pytake: Run, ready: Shop) -> None:
    launched(pytake)
    rows = json.loads(pytake("campaign", "recipients", "bf", "--json").out)
    assert [row["state"] for row in rows] == ["pending"] * 3
    assert pytake("campaign", "recipients", "bf", "--state", "failed").out == ""
    report = json.loads(pytake("campaign", "report", "bf", "--json").out)
    assert (report["recipients"], report["waiting"], report["fates"]) == (3, 3, {"pending": 3})
    assert "| recipients | 3 | 100.0% |" in pytake("campaign", "report", "bf", "--as", "md").out
    logged = json.loads(pytake("audit", "list", "--action", "campaign.recipients", "--json").out)
    assert len(logged) == 2


def test_a_report_prints_as_a_page_that_loads_nothing_and_runs_nothing(pytake: Run, ready: Shop) -> None:
    launched(pytake)
    page = pytake("campaign", "report", "bf", "--as", "html").out
    assert page.startswith("<!doctype html>")
    assert '<td class="n">100.0%</td>' in page
    assert not any(word in page for word in ("<script", "http:", "https:", "src=", "url("))


def test_what_came_from_outside_is_text_on_the_page() -> None:
    counts = dict.fromkeys(campaign_page.COUNTED, 0)
    named = {"name": "<b>x", "template": "<i>", "status": "running", "launched_at": None, "cost": None}
    failures = [{"count": 1, "code": 1, "meaning": "</td><script>alert(1)</script>"}]
    page = campaign_page.html({**counts, **named, "failures": failures, "skips": []})
    assert "<script" not in page
    assert "&lt;b&gt;x" in page


def test_a_launch_that_is_killed_sends_nothing_and_the_next_one_is_whole(pytake: Run, ready: Shop) -> None:
    line = [sys.executable, "-m", "pytake_cli", "campaign", "launch", "bf", "--yes"]
    here = {"PYTAKE_CRASH_AT": "campaign.before_start", "PYTHONPATH": str(Path(__file__).parents[2])}
    killed = subprocess.run(line, env=os.environ | here, check=False)
    assert killed.returncode == 137
    with ready.store.write() as db:
        half = db.exec(select(Campaign)).one()
        assert half.status == "freezing"
        half.updated_at = clock.now() - campaign_launch.DEAD_AFTER * 2
    second = pytake("campaign", "launch", "bf", "--yes")
    assert "bf is being launched already" in second.err  # which may take a minute otherwise
    assert campaigning.ledger(ready.store) == {"pending": 3}
