"""The state machine of automations against the plainest model: walk all that happened, then say when it fires."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from pytake_cli.policy.acts import Act, stages
from pytake_cli.policy.automations import Automation, Cancel, Conditions, Happening, Start, Waiting, When, decide
from pytake_cli.policy.window import MARGIN, WINDOW

BEGIN = datetime(2026, 11, 22, 12, tzinfo=UTC)
SPAN = timedelta(minutes=30)
KINDS = {"in": "message_in", "out": "message_out", "resolved": "resolved", "other": "assigned"}


@dataclass(frozen=True, slots=True)
class Step:
    minutes: int  # after the step before
    kind: str


steps = st.lists(st.builds(Step, st.integers(0, 45), st.sampled_from(sorted(KINDS))), max_size=25)


def rule(event: str, span: timedelta = SPAN) -> Automation:
    return Automation("x", "", (When(event, span),), Conditions(), (Act("resolve", True),))


def walk(automation: Automation, given_: list[Step]) -> list[datetime]:
    """When it fires, by `decide`, as the daemon and the dry run walk."""
    now, waiting, fired = BEGIN, None, []
    for n, step in enumerate(given_):
        now += timedelta(minutes=step.minutes)
        if waiting is not None and waiting.due_at <= now:
            fired.append(waiting.due_at)
            waiting = None
        what = Happening(
            n, frozenset({KINDS[step.kind]}), now, 1, 1, origin="agent" if step.kind == "out" else "",
            written_at=now if step.kind == "in" else None,
        )  # fmt: skip
        verdict = decide(automation, what, waiting)
        if isinstance(verdict, Start):
            waiting = Waiting(verdict.event, verdict.due_at)
        elif isinstance(verdict, Cancel):
            waiting = None
    return [*fired, *([waiting.due_at] if waiting else [])]


def moments(given_: list[Step]) -> list[tuple[datetime, str]]:
    now, found = BEGIN, []
    for step in given_:
        now += timedelta(minutes=step.minutes)
        found.append((now, step.kind))
    return found


def model(given_: list[Step], starts: str, stops: set[str], span: timedelta) -> list[datetime]:
    """Fires `span` after each start that nothing of `stops` and no later start follows within the span."""
    all_ = moments(given_)
    fired = []
    for index, (at, kind) in enumerate(all_):
        if kind not in starts.split():
            continue
        later = next((moment for moment, then in all_[index + 1 :] if then in stops | set(starts.split())), None)
        if later is None or later >= at + span:
            fired.append(at + span)
    return fired


@given(steps)
def test_silence_of_the_customer_fires_once_after_our_last_word(given_: list[Step]) -> None:
    assert walk(rule("customer_silent"), given_) == model(given_, "out", {"in", "resolved"}, SPAN)


@given(steps)
def test_nothing_for_so_long_counts_from_whatever_came_last(given_: list[Step]) -> None:
    assert walk(rule("nothing_for"), given_) == model(given_, "in out other", {"resolved"}, SPAN)


@given(steps)
def test_the_window_closes_from_the_customers_last_word(given_: list[Step]) -> None:
    span = WINDOW - MARGIN - SPAN
    assert walk(rule("window_closing", span), given_) == model(given_, "in", {"resolved"}, SPAN)


@given(steps)
def test_whoever_waits_is_counted_from_their_first_word(given_: list[Step]) -> None:
    waits: datetime | None = None
    fired = []
    for at, kind in moments(given_):
        if waits is not None and at >= waits + SPAN:
            fired.append(waits + SPAN)
            waits = None
        if kind == "in":
            waits = waits or at
        elif kind in ("out", "resolved"):
            waits = None
    expected = [*fired, *([waits + SPAN] if waits else [])]
    assert walk(rule("agent_silent"), given_) == expected


@given(st.lists(st.sampled_from(["note", "wait"]), min_size=1, max_size=8))
def test_stages_keep_every_step_and_every_wait_in_order(verbs: list[str]) -> None:
    acts = tuple(Act(verb, timedelta(minutes=1) if verb == "wait" else str(n)) for n, verb in enumerate(verbs))
    found = stages(acts)
    assert [act for _, part in found for act in part] == [act for act in acts if act.verb == "note"]
    last = max((n for n, verb in enumerate(verbs) if verb == "note"), default=-1)
    waits = sum((pause for pause, _ in found), timedelta())
    assert waits == timedelta(minutes=verbs[: last + 1].count("wait")) or last == -1
    assert all(part for _, part in found[1:])
