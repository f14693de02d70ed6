"""Who gets a conversation: never above capacity, never without the skills, in fair turns, and nobody starves."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytake_cli.policy.routing import (
    RISES_AFTER,
    Agent,
    Give,
    Overflow,
    Queue,
    Wait,
    Waiting,
    capacity,
    choose,
    ordered,
    plan,
    refusals,
)

NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)
ANA, BIA, CAIO = Agent(1), Agent(2), Agent(3)
EVERYBODY = {1: ANA, 2: BIA, 3: CAIO}
SALES = Queue(1, "round_robin", turns={1: None, 2: None, 3: None})
SKILLS = st.frozensets(st.sampled_from(["ingles", "cobranca", "tecnico"]), max_size=2)
AGENTS = st.builds(
    Agent,
    id=st.integers(1, 6),
    availability=st.sampled_from(["available", "available", "paused", "offline"]),
    open=st.integers(0, 4),
    capacity=st.one_of(st.none(), st.integers(1, 5)),
    skills=SKILLS,
)
WAITING = st.builds(
    Waiting,
    id=st.integers(1, 10_000),
    team=st.integers(1, 2),
    since=st.integers(0, 300).map(lambda minutes: NOW - timedelta(minutes=minutes)),
    priority=st.sampled_from(["urgent", "high", "normal", "low"]),
    vip=st.booleans(),
    skills=SKILLS,
    last_agent=st.one_of(st.none(), st.integers(1, 6)),
    gave_back=st.one_of(st.none(), st.none(), st.integers(1, 6)),
)


def waits(id_: int = 1, minutes: float = 0, **more: object) -> Waiting:
    return Waiting(id_, 1, NOW - timedelta(minutes=minutes), **more)  # type: ignore[arg-type]


def test_whoever_is_not_there_is_full_or_cannot_is_passed_over() -> None:
    agents = {
        1: replace(ANA, availability="paused"),
        2: replace(BIA, open=5),
        3: replace(CAIO, skills=frozenset({"ingles"})),
    }
    assert choose(SALES, waits(skills=frozenset({"ingles"})), agents, NOW) == Give(3, "turn")
    assert refusals(SALES, waits(skills=frozenset({"ingles"})), agents[2]) == ["full", "skill:ingles"]
    assert choose(SALES, waits(), {1: agents[1], 2: agents[2]}, NOW) == Wait("busy")
    assert choose(SALES, waits(), {1: agents[1]}, NOW) == Wait("nobody")


def test_the_contact_comes_back_to_whom_it_knows_and_not_to_who_gave_it_back() -> None:
    assert choose(SALES, waits(last_agent=3), EVERYBODY, NOW) == Give(3, "last")
    assert choose(SALES, waits(last_agent=3, gave_back=3), EVERYBODY, NOW) == Give(1, "turn")
    assert choose(SALES, waits(gave_back=1), {1: ANA}, NOW) == Wait("nobody")


def test_the_least_busy_is_whoever_has_least_of_what_they_can_take() -> None:
    queue = replace(SALES, mode="least_busy")
    agents = {1: replace(ANA, open=2, capacity=10), 2: replace(BIA, open=1, capacity=2), 3: replace(CAIO, open=2)}
    assert choose(queue, waits(), agents, NOW) == Give(1, "least_busy")


def test_a_manual_team_gives_nothing_and_still_overflows() -> None:
    queue = replace(SALES, mode="manual", overflow=2, overflow_after=timedelta(minutes=10))
    assert choose(queue, waits(minutes=9), EVERYBODY, NOW) == Wait("manual")
    assert choose(queue, waits(minutes=10), EVERYBODY, NOW) == Overflow(2, "waited")


def test_a_closed_team_waits_or_passes_on_to_one_that_is_open() -> None:
    queue = replace(SALES, is_open=False)
    assert choose(queue, waits(), EVERYBODY, NOW) == Wait("closed")
    queue = replace(queue, overflow=2, overflow_after=timedelta(minutes=1))
    assert choose(queue, waits(), EVERYBODY, NOW) == Overflow(2, "closed")
    assert choose(queue, waits(minutes=5), EVERYBODY, NOW, overflow_is_open=False) == Wait("closed")


def test_vips_come_first_then_the_urgent_then_who_has_waited() -> None:
    queue = [waits(1, 5), waits(2, 1, priority="urgent"), waits(3, 0, vip=True), waits(4, 9), waits(5, priority="low")]
    assert [one.id for one in ordered(queue, NOW)] == [3, 2, 4, 1, 5]


@given(st.lists(WAITING, max_size=30, unique_by=lambda one: one.id), st.lists(AGENTS, max_size=6))
def test_nobody_is_given_more_than_they_take_or_what_they_cannot(queued: list[Waiting], people: list[Agent]) -> None:
    agents = {agent.id: agent for agent in people}
    queues = {
        1: Queue(1, "least_busy", capacity=3, overflow=2, turns=dict.fromkeys(agents)),
        2: Queue(2, "round_robin", frozenset({"ingles"}), turns=dict.fromkeys(list(agents)[:3])),
    }
    load = {agent.id: agent.open for agent in people}
    seen = set()
    for one, decision in plan(queues, queued, agents, NOW):
        assert one.id not in seen
        seen.add(one.id)
        if isinstance(decision, Give):
            agent, queue = agents[decision.agent], queues[one.team]
            load[agent.id] += 1
            assert agent.availability == "available"
            assert agent.id in queue.turns
            assert load[agent.id] <= capacity(queue, agent)
            assert queue.skills | one.skills <= agent.skills
            assert agent.id != one.gave_back
        elif isinstance(decision, Wait) and decision.reason in ("busy", "nobody"):
            free = [
                agent
                for agent in (replace(agents[id_], open=load[id_]) for id_ in queues[one.team].turns)
                if not refusals(queues[one.team], one, agent)
            ]
            assert free == []
    assert seen == {one.id for one in queued}


@given(st.integers(2, 6), st.integers(1, 60), st.sampled_from(["round_robin", "least_busy"]))
def test_turns_are_fair_to_one(agents: int, count: int, mode: str) -> None:
    people = {id_: Agent(id_, capacity=1000) for id_ in range(1, agents + 1)}
    queue = Queue(1, mode, turns=dict.fromkeys(people))
    got = dict.fromkeys(people, 0)
    for _, decision in plan({1: queue}, [waits(id_) for id_ in range(1, count + 1)], people, NOW):
        assert isinstance(decision, Give)
        got[decision.agent] += 1
        assert max(got.values()) - min(got.values()) <= 1


@given(st.data())
def test_who_waits_is_served_however_many_vips_come(data: st.DataObject) -> None:
    """One place gets free every five minutes, and somebody more important comes every five minutes."""
    poor = Waiting(1, 1, NOW, priority=data.draw(st.sampled_from(["low", "normal"])))
    queued, now = [poor], NOW
    for round_ in range(2, 200):
        now += timedelta(minutes=5)
        vip = data.draw(st.booleans())
        queued.append(Waiting(round_, 1, now, vip=vip, priority="urgent"))
        first = ordered(queued, now)[0]
        if first is poor:
            break
        queued.remove(first)
    assert now - NOW <= 6 * RISES_AFTER


@pytest.mark.parametrize("mode", ["round_robin", "least_busy"])
def test_the_same_rows_give_the_same_answer(mode: str) -> None:
    queue = replace(SALES, mode=mode)
    queued = [waits(id_, id_ % 7) for id_ in range(20)]
    first = list(plan({1: queue}, queued, EVERYBODY, NOW))
    assert first == list(plan({1: queue}, list(reversed(queued)), EVERYBODY, NOW))
