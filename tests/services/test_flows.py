"""Publishing: immutable versions, what is refused, what stays where it was, and going back."""

from __future__ import annotations

from typing import Any

import pytest

from pytake_cli.errors import Conflict, NotFound
from pytake_cli.flow.problems import FlowErrors
from pytake_cli.services import flow_moves, flows, teams
from pytake_cli.services.flow_library import definition
from pytake_cli.services.flows import Draft, Published
from pytake_cli.store import Store
from pytake_cli.store.events import Event
from pytake_cli.store.flow_sessions import FlowRecord, FlowSession
from pytake_cli.store.flows import Flow, FlowVersion
from pytake_cli.store.timers import Timer
from tests.kit.stores import NOW, make_org
from tests.services.flow_shop import ASKS, BETO, FlowShop

CALLS = """
name: desk
triggers: [{keyword: [balcão]}]
on_error: sorry
start: first
steps:
  first: {call: greet, next: last}
  last: {say: Até logo!, next: end}
  sorry: {say: Desculpe!, next: end}
"""


@pytest.fixture
def shop(store: Store) -> FlowShop:
    return FlowShop(store)


def publish(shop: FlowShop, *sources: str, **more: Any) -> list[Published]:
    with shop.store.write(shop.org) as db:
        drafts = [Draft(f"flows/{n}.yaml", source) for n, source in enumerate(sources)]
        return flows.publish(db, shop.org, drafts, by=shop.rita, now=shop.now, **more)


def migrate(shop: FlowShop, made: Published) -> list[flow_moves.Group]:
    with shop.store.read(shop.org) as db:
        groups = flow_moves.standing(db, made.flow.id or 0, definition(made.version), besides=made.version.id)
    ids = [id_ for group in groups if group.reason is None for id_ in group.sessions]
    assert flow_moves.migrate(shop.store, shop.org, made.version.id or 0, ids, shop.now) == ids
    return groups


def test_a_version_is_made_once_for_each_meaning(shop: FlowShop) -> None:
    [first] = publish(shop, ASKS, message="the first")
    [again] = publish(shop, ASKS)
    [commented] = publish(shop, f"# a comment\n{ASKS}")
    assert (first.replayed, again.replayed, commented.replayed) == (False, True, True)
    [second] = publish(shop, ASKS.replace("Olá", "Oi"))
    assert (first.version.number, second.version.number) == (1, 2)
    assert second.before is not None
    assert second.before.ref == first.version.ref
    rows = shop.rows(FlowVersion)
    assert [(row.number, row.message, row.published_by_id) for row in rows] == [
        (1, "the first", shop.rita.id),
        (2, "", shop.rita.id),
    ]
    assert rows[0].source == ASKS
    told = [event.payload for event in shop.rows(Event) if event.kind == "flow:published"]
    assert [(each["number"], each["before"]) for each in told] == [(1, None), (2, 1)]


def test_what_was_published_before_is_published_again_under_its_number(shop: FlowShop) -> None:
    publish(shop, ASKS)
    publish(shop, ASKS.replace("Olá", "Oi"))
    [third] = publish(shop, ASKS)
    assert (third.version.number, third.replayed, len(shop.rows(FlowVersion))) == (1, False, 2)


def test_a_flow_with_a_mistake_is_refused_and_changes_nothing(shop: FlowShop) -> None:
    with pytest.raises(FlowErrors) as caught:
        publish(shop, ASKS, ASKS.replace("greet", "other").replace("next: bye", "next: by"))
    assert [problem.slug for problem in caught.value.problems] == ["PT-FLOW-TARGET"]
    assert shop.rows(Flow) == []


@pytest.mark.parametrize(
    ("change", "slug"),
    [
        (("triggers: [{keyword: [oi, bom dia]}]", "triggers: [{keyword: [parar]}]"), "PT-FLOW-OPT-OUT"),
        (("vars:", "scope: {numbers: nope}\nvars:"), "PT-FLOW-NUMBER"),
        (("say: Olá, {{ vars.name }}!", "goto_flow: nope\n    on_error: nudge"), "PT-FLOW-FLOW"),
        (("say: Ainda está aí?", "handoff: {agent: nobody}"), "PT-FLOW-AGENT"),
    ],
)
def test_what_the_store_does_not_have_is_refused(shop: FlowShop, change: tuple[str, str], slug: str) -> None:
    assert change[0] in ASKS
    with pytest.raises(FlowErrors) as caught:
        publish(shop, ASKS.replace(*change))
    assert slug in {problem.slug for problem in caught.value.problems}


def test_two_organisations_never_share_a_flow(shop: FlowShop) -> None:
    other = make_org(shop.store, "outra")
    publish(shop, ASKS)
    with shop.store.write(other) as db, pytest.raises(FlowErrors):
        flows.publish(db, other, [Draft("desk.yaml", CALLS)], now=NOW)
    with shop.store.write(other) as db:
        [theirs] = flows.publish(db, other, [Draft("greet.yaml", ASKS)], now=NOW)
        assert (theirs.version.number, theirs.replayed) == (1, False)
        assert len(flows.overview(db, other)) == 1
        assert flow_moves.standing(db, theirs.flow.id or 0, definition(theirs.version)) == []
    shop.says("oi")
    session = shop.session()
    assert flow_moves.migrate(shop.store, shop.org, theirs.version.id or 0, [session.id or 0], NOW) == []


def test_a_sub_flow_stays_on_the_version_that_was_tested_with_it(shop: FlowShop) -> None:
    publish(shop, ASKS, CALLS)
    [second] = publish(shop, ASKS.replace("Como você se chama?", "Seu nome?"))
    assert second.callers == ("desk",)
    shop.says("balcão")
    shop.says("oi", who=BETO)
    assert shop.bot() == ["Como você se chama?", "Seu nome?"]
    [desk] = publish(shop, CALLS)
    assert (desk.replayed, desk.version.number) == (False, 2)
    shop.says("Ana")
    shop.says("balcão")
    assert shop.bot()[-1] == "Seu nome?"
    assert publish(shop, CALLS)[0].replayed


def test_sessions_stay_on_their_version_until_they_are_moved(shop: FlowShop) -> None:
    publish(shop, ASKS)
    shop.says("oi")
    shop.says("oi", who=BETO)
    shop.says("Beto", who=BETO)
    [second] = publish(shop, ASKS.replace("Olá", "Oi").replace("vars: {", "vars: {age: {type: number, default: 7}, "))
    [group] = migrate(shop, second)
    assert (group.version, group.step, group.wait, group.reason, group.count) == (1, "ask_name", "reply", None, 1)
    first, other = shop.rows(FlowSession)
    assert (first.version_id, other.version_id) == (second.version.id, shop.rows(FlowVersion)[0].id)
    assert first.state["frames"][0]["vars"] == {"age": 7}
    shop.says("Ana")
    assert shop.bot()[-1] == "Oi, Ana!"
    [moved] = [record for record in shop.rows(FlowRecord) if record.kind == "moved"]
    assert moved.value == {"to": second.version.ref, "after": 1}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (("ask_name", "ask_it"), "the step is gone"),
        (("save: name", "save: name\n    expect: email"), "the step expects something else now"),
        (("age: {type: number}", "age: {type: text}"), "a variable of the session has another type now"),
    ],
)
def test_sessions_that_would_not_fit_stay(shop: FlowShop, change: tuple[str, str], reason: str) -> None:
    source = ASKS.replace("vars: {", "vars: {age: {type: number}, ")
    publish(shop, source)
    shop.says("oi")
    [second] = publish(shop, source.replace(*change))
    [group] = migrate(shop, second)
    assert group.reason == reason
    shop.says("Ana")
    assert shop.bot()[-1] == "Olá, Ana!"


def test_a_time_that_the_new_version_does_not_have_is_not_waited_for(shop: FlowShop) -> None:
    publish(shop, ASKS)
    shop.says("oi")
    source = ASKS.replace("    timeout: 30m\n    on_timeout: nudge\n", "").replace(
        "    on_invalid: bye", "    on_invalid: nudge"
    )
    [second] = publish(shop, source)
    [group] = migrate(shop, second)
    assert group.reason is None
    [timer] = shop.rows(Timer)
    assert timer.cancelled_at is not None
    assert shop.after(hours=1) == 0
    shop.says("Ana")
    assert shop.bot()[-1] == "Olá, Ana!"


def test_a_session_inside_a_sub_flow_moves_with_the_step_that_called_it(shop: FlowShop) -> None:
    publish(shop, ASKS, CALLS)
    shop.says("balcão")
    desk = publish(shop, CALLS.replace("Até logo!", "Tchau!"))[0]
    [group] = migrate(shop, desk)
    assert (group.step, group.reason) == ("first", None)
    shop.says("Ana")
    assert shop.bot()[1:] == ["Olá, Ana!", "Tchau!"]


def test_rolling_back_changes_what_new_sessions_start_with(shop: FlowShop) -> None:
    publish(shop, ASKS)
    publish(shop, ASKS.replace("Como você se chama?", "Seu nome?"))
    shop.says("oi")
    with shop.store.write(shop.org) as db:
        back = flows.roll_back(db, shop.org, "greet", None, now=NOW)
    assert (back.version.number, back.replayed) == (1, False)
    shop.says("oi", who=BETO)
    assert shop.bot() == ["Seu nome?", "Como você se chama?"]
    with shop.store.write(shop.org) as db, pytest.raises(Conflict):
        flows.roll_back(db, shop.org, "greet", None, now=NOW)
    with shop.store.write(shop.org) as db:
        assert flows.roll_back(db, shop.org, "greet", "2", now=NOW).version.number == 2
        assert flows.roll_back(db, shop.org, "greet", "2", now=NOW).replayed
    with shop.store.write(shop.org) as db, pytest.raises(NotFound):
        flows.roll_back(db, shop.org, "greet", "9", now=NOW)


def test_a_paused_flow_starts_nothing_and_goes_on_with_what_it_began(shop: FlowShop) -> None:
    publish(shop, ASKS)
    shop.says("oi")
    with shop.store.write(shop.org) as db:
        flow = flows.get(db, shop.org, "greet")
        assert flows.pause(db, flow, True, now=NOW)
        assert not flows.pause(db, flow, True, now=NOW)
    shop.says("Ana")
    shop.says("oi", who=BETO)
    assert shop.bot() == ["Como você se chama?", "Olá, Ana!"]
    with shop.store.write(shop.org) as db:
        flows.pause(db, flows.get(db, shop.org, "greet"), False, now=NOW)
    shop.says("oi", who="5511968184109")
    assert shop.bot()[-1] == "Como você se chama?"


def test_a_name_that_was_never_published_is_guessed(shop: FlowShop) -> None:
    publish(shop, ASKS)
    with shop.store.read(shop.org) as db, pytest.raises(NotFound) as caught:
        flows.get(db, shop.org, "gret")
    assert caught.value.values["meant"] == "greet"


def test_a_version_is_named_by_number_or_hash(shop: FlowShop) -> None:
    [first] = publish(shop, ASKS)
    with shop.store.read(shop.org) as db:
        flow = flows.get(db, shop.org, "greet")
        for word in ("1", "v1", 1, None, "published", first.version.ref.partition("@")[2][:6]):
            assert flows.version(db, flow, word).id == first.version.id


def test_a_team_that_does_not_exist_is_a_warning_where_there_are_teams(shop: FlowShop) -> None:
    source = "name: passa\ntriggers: [{any: true}]\nstart: a\nsteps: {a: {handoff: {team: %s}}}\n"

    def warned(team: str) -> list[tuple[str, str]]:
        with shop.store.read(shop.org) as db:
            [examined] = flows.examined(db, shop.org, [Draft("passa.yaml", source % team)])
        return [(each.slug, each.severity) for each in examined.problems if each.slug == "PT-FLOW-TEAM"]

    assert warned("vendas") == []
    with shop.store.write(shop.org) as db:
        teams.create(db, shop.org, "vendas", shop.now, name="Vendas SP")
    assert warned("vendas") == warned("VENDAS SP") == []
    assert warned("venda") == [("PT-FLOW-TEAM", "warning")]
    assert publish(shop, source % "venda")
