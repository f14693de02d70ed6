"""Routing: who gets a conversation that waits for people. Pure: whoever claims it reads the rows first.

Who waits longest rises: every `RISES_AFTER` of waiting is worth one step of urgency, so that a stream of VIPs starves
nobody. Among agents the turn goes to whom the team gave a conversation longest ago.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

RANKS = {"urgent": 1, "high": 2, "normal": 3, "low": 4}  # a VIP stands before all of them
RISES_AFTER = timedelta(minutes=15)
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Agent:
    """Somebody of the organisation, and how busy they are."""

    id: int
    availability: str = "available"  # available | paused | offline
    open: int = 0  # conversations that they have open, of whatever team
    capacity: int | None = None  # their own; none: the team's
    skills: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Waiting:
    """A conversation that nobody has."""

    id: int
    team: int
    since: datetime  # when it came to the team
    priority: str = "normal"
    vip: bool = False
    skills: frozenset[str] = frozenset()
    last_agent: int | None = None  # who had the contact's conversation before
    gave_back: int | None = None  # who was given this one and put it back


@dataclass(frozen=True, slots=True)
class Queue:
    """What a team goes by."""

    id: int
    mode: str = "least_busy"  # manual | round_robin | least_busy
    skills: frozenset[str] = frozenset()
    capacity: int = 5
    is_open: bool = True
    overflow: int | None = None  # the team that takes over …
    overflow_after: timedelta | None = None  # … after so long
    turns: Mapping[int, datetime | None] = field(default_factory=dict)  # member -> when they last got one


@dataclass(frozen=True, slots=True)
class Give:
    """`why`: "last" (they know the contact), "turn" or "least_busy"."""

    agent: int
    why: str


@dataclass(frozen=True, slots=True)
class Wait:
    """`reason`: "manual", "closed", "nobody" (no member could) or "busy" (somebody could, later)."""

    reason: str


@dataclass(frozen=True, slots=True)
class Overflow:
    """`reason`: "waited" or "closed"."""

    team: int
    reason: str


Decision = Give | Wait | Overflow


def choose(
    queue: Queue, one: Waiting, agents: Mapping[int, Agent], now: datetime, *, overflow_is_open: bool = True
) -> Decision:
    """What becomes of one conversation."""
    wait = Wait("closed")
    if queue.is_open:
        wait = Wait("manual")
        if queue.mode != "manual":
            free = [agents[id_] for id_ in queue.turns if id_ in agents and not refusals(queue, one, agents[id_])]
            if free:
                return _pick(queue, one, free)
            wait = Wait("busy" if _somebody_could(queue, one, agents) else "nobody")
    if queue.overflow is None or queue.overflow == queue.id:
        return wait
    if not queue.is_open and overflow_is_open:
        return Overflow(queue.overflow, "closed")
    if queue.is_open and queue.overflow_after is not None and now - one.since >= queue.overflow_after:
        return Overflow(queue.overflow, "waited")
    return wait


def refusals(queue: Queue, one: Waiting, agent: Agent) -> list[str]:
    """Why a member is not given the conversation now: "offline", "paused", "full", "gave_back", "skill:NAME"."""
    found = [] if agent.availability == "available" else [agent.availability]
    if agent.open >= capacity(queue, agent):
        found.append("full")
    if one.gave_back == agent.id:
        found.append("gave_back")
    return found + [f"skill:{skill}" for skill in sorted((queue.skills | one.skills) - agent.skills)]


def capacity(queue: Queue, agent: Agent) -> int:
    return queue.capacity if agent.capacity is None else agent.capacity


def _somebody_could(queue: Queue, one: Waiting, agents: Mapping[int, Agent]) -> bool:
    """Whether an agent who is there will do once they have a place free."""
    members = [agents[id_] for id_ in queue.turns if id_ in agents]
    return any(refusals(queue, one, agent) == ["full"] for agent in members)


def _pick(queue: Queue, one: Waiting, free: Sequence[Agent]) -> Give:
    if any(agent.id == one.last_agent for agent in free):
        return Give(one.last_agent or 0, "last")
    if queue.mode == "round_robin":
        return Give(min(free, key=lambda agent: _turn(queue, agent)).id, "turn")

    def load(agent: Agent) -> tuple[float, tuple[datetime, int]]:
        return agent.open / max(1, capacity(queue, agent)), _turn(queue, agent)

    return Give(min(free, key=load).id, "least_busy")


def _turn(queue: Queue, agent: Agent) -> tuple[datetime, int]:
    return queue.turns.get(agent.id) or _NEVER, agent.id


def ordered(waiting: Sequence[Waiting], now: datetime) -> list[Waiting]:
    """Whose turn it is first."""

    def place(one: Waiting) -> tuple[int, datetime, int]:
        rank = 0 if one.vip else RANKS.get(one.priority, RANKS["normal"])
        return rank - max(0, (now - one.since) // RISES_AFTER), one.since, one.id

    return sorted(waiting, key=place)


def plan(
    queues: Mapping[int, Queue], waiting: Sequence[Waiting], agents: Mapping[int, Agent], now: datetime
) -> Iterator[tuple[Waiting, Decision]]:
    """What becomes of each, in the order of their turns; what is given counts for those that follow."""
    queues, agents = dict(queues), dict(agents)
    moment = now
    for one in ordered(waiting, now):
        queue = queues.get(one.team)
        if queue is None:
            continue
        target = queues.get(queue.overflow) if queue.overflow is not None else None
        decision = choose(queue, one, agents, now, overflow_is_open=target is not None and target.is_open)
        if isinstance(decision, Overflow) and target is None:
            decision = Wait("busy")
        if isinstance(decision, Give):
            agent = agents[decision.agent]
            agents[agent.id] = replace(agent, open=agent.open + 1)
            moment += timedelta(microseconds=1)  # turns of one moment keep their order
            queues[queue.id] = replace(queue, turns={**queue.turns, agent.id: moment})
        yield one, decision
