"""Whatever a flow file says and whatever happens: the engine never raises, keeps its bounds and replays exactly."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytake_cli.flow import engine, limits, wire
from pytake_cli.flow.context import Context
from pytake_cli.flow.effects import CancelTimer, Effect, Record, Send, StartTimer
from pytake_cli.flow.events import (
    Cancelled,
    Changed,
    EffectDone,
    EffectFailed,
    Event,
    HandedBack,
    Replied,
    Signalled,
    Started,
    TimerFired,
)
from pytake_cli.flow.reply import Reply
from pytake_cli.flow.session import Session
from tests.flow.walking import AT, CONTACT, Shelf, flow

STEPS = [f"s{number}" for number in range(6)]
targets = st.sampled_from([*STEPS, *STEPS, "end", "resume"])
texts = st.sampled_from(["oi", "{{ vars.a }}", "{{ message.text }}", "{{ contact.nobody }}", "x" * 5000, " "])
values = st.sampled_from(
    ["1", "'a'", "vars.a + 1", "vars.n + 1", "message.text", "vars.a ~ vars.a ~ 'x'", "contact.id"]
)
calls = st.fixed_dictionaries({"timeout": st.just("5s"), "next": targets})


def step(**fields: Any) -> st.SearchStrategy[dict[str, Any]]:
    more = st.fixed_dictionaries({}, optional={"on_error": targets, "if": st.sampled_from(["vars.n", "true"])})
    return st.builds(lambda given, common: given | common, st.fixed_dictionaries(fields), more)


waiting = {
    "timeout": st.just("10m"),
    "on_timeout": targets,
    "on_invalid": targets,
    "next": targets,
    "retries": st.integers(0, 2),
}
steps = st.one_of(
    step(say=texts, next=targets),
    step(ask=texts, save=st.sampled_from(["a", "n"]), expect=st.sampled_from(["text", "number", "date"]), **waiting),
    step(
        ask=texts,
        choices=st.sampled_from(
            [{"a": "Sim", "b": {"title": "Não", "goto": "s2"}}, {f"c{n}": f"Opção {n}" for n in range(23)}]
        ),
        save=st.just("a"),
        **waiting,
    ),
    step(switch=st.just([{"when": "vars.a", "goto": "s1"}]), **{"else": targets}),
    step(set=st.builds(lambda value: {"vars": {"a": value}, "tag": "t"}, values), next=targets),
    step(set=st.builds(lambda value: {"vars": {"n": value}, "score": "contact.score + 1"}, values), next=targets),
    step(wait=st.just({"for": "1h", "cancel_on": ["reply", "tag"]}), on_cancel=targets, next=targets),
    step(signal=st.just("paid"), timeout=st.just("1h"), on_timeout=targets, save=st.just("a"), next=targets),
    step(split=st.just([{"weight": 1, "goto": "s1"}, {"weight": 1, "goto": "s3"}]), next=targets),
    step(http=st.just("https://a.example/x"), save=st.just({"a": "a.b"}), on_http_error=targets, next=targets),
    step(ai=st.just({"task": "classify", "labels": ["x", "y"], "save": "a"}), next=targets),
    step(lookup=st.just("plans"), first=st.booleans(), save=st.just("a"), next=targets),
    step(code=st.just("m:f"), next=targets),
    step(call=st.sampled_from(["test", "other", "none"]), returns=st.just({"a": "a"}), next=targets),
    step(goto_flow=st.sampled_from(["test", "none"])),
    step(template=st.just({"name": "t", "params": ["{{ vars.a }}"]}), on_reply=targets, next=targets),
    step(form=st.just({"flow_id": "1", "text": "oi"}), save=st.just("o"), **waiting),
    step(handoff=st.just({"text": "um instante", "resume": "on_close"}), resume_at=targets),
    step(handoff=st.just("team")),
    step(event=st.just("e"), next=targets),
    step(notify=st.just("olha"), next=targets),
    step(react=st.just("👍"), next=targets),
    step(hours=st.just({"schedule": "shop", "open": "s1", "closed": "s2"})),
    step(end=st.sampled_from(["done", {"text": "tchau"}])),
)
VARS = {"a": {}, "n": {"type": "integer", "default": 1}, "o": {"type": "object"}}
flows = st.builds(
    lambda found, main, on_error, resume: flow(
        dict(zip(STEPS, found, strict=True)),
        vars=VARS,
        on=[{"keyword": ["menu"], "goto": main, "resume": resume}],
        on_error=on_error,
        on_expire="s4",
        expires="24h",
    ),
    st.lists(steps, min_size=len(STEPS), max_size=len(STEPS)),
    st.sampled_from(STEPS),
    st.sampled_from([*STEPS, None]),
    st.booleans(),
)
OTHER = flow(
    {"q": {"ask": "quem?", "save": "a", "next": "end"}},
    name="other",
    vars={"a": {}},
    on=[{"keyword": "menu", "goto": "q"}],
)

replies = st.one_of(
    st.sampled_from(["oi", "1", "sim", "menu", "amanhã", "", "x" * 300]).map(
        lambda text: Reply("text", text, wamid="w")
    ),
    st.sampled_from(["s0:a", "s1:b", "s2:+more", "a", "gone"]).map(
        lambda choice: Reply("interactive", "Sim", choice, "Sim")
    ),
    st.sampled_from(["sticker", "image", "reaction", "edit", "revoke", "audio", "order", "made_up"]).map(Reply),
    st.just(Reply("interactive", "", form={"name": "Ana"})),
)
# what happens, as (seconds passed, what, more); tokens are chosen when it happens
happenings = st.lists(
    st.tuples(
        st.sampled_from([0, 1, 30, 700, 90_000]),
        st.sampled_from(
            ["reply", "reply", "reply", "timer", "answer", "fail", "signal", "back", "tag", "expire", "late", "cancel"]
        ),
        replies,
    ),
    max_size=25,
)
answers = st.sampled_from(
    [None, {"status": 200, "json": {"a": {"b": "x"}}}, {"status": 500}, {"label": "x"}, [{"a": 1}], "x"]
)


def event_of(session: Session, at: Any, what: str, reply: Reply, answer: Any) -> Event:
    token = session.wait.token if session.wait else "0.none"
    held = session.interrupted.token if session.interrupted else "1.none"
    match what:
        case "reply":
            return Replied(at, reply)
        case "timer":
            return TimerFired(at, token)
        case "answer":
            return EffectDone(at, token, answer)
        case "fail":
            return EffectFailed(at, token, "timeout")
        case "signal":
            return Signalled(at, "paid", answer)
        case "back":
            return HandedBack(at, True)
        case "tag":
            return Changed(at, "tagged", "vip")
        case "expire":
            return TimerFired(at, "expire")
        case "cancel":
            return Cancelled(at, "taken_over")
        case _:
            return EffectDone(at, held, answer)


def within_bounds(session: Session, effects: list[Effect]) -> None:
    assert [one for one in effects if isinstance(one, Record) and one.way == "bug"] == []
    assert len(session.frames) <= limits.MAX_FRAMES
    assert session.steps <= limits.MAX_STEPS + 1
    # once round, and once more on the way of on_error
    assert sum(isinstance(one, Record) and one.kind == "entered" for one in effects) <= 2 * limits.MAX_STEPS
    assert sum(isinstance(one, Send) for one in effects) <= 3 * limits.MAX_STEPS
    assert (session.status == "waiting") == (session.wait is not None)
    assert session.status in ("waiting", "ended")
    assert len(session.to_json()) < 40


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(flows, happenings, answers, st.booleans())
def test_any_events_end_within_the_bounds_survive_json_and_replay(
    main: Any, happened: list[tuple[int, str, Reply]], answer: Any, is_open: bool
) -> None:
    closes = AT + timedelta(days=300) if is_open else None
    context = Context(Shelf({"test": main, "other": OTHER}), CONTACT, window_closes_at=closes)
    now, log = AT, []
    first = Started(now, Reply("text", "oi", wamid="w0"))
    session, effects = engine.start("s", main, first, context)
    within_bounds(session, effects)
    timers: dict[str, Any] = {}
    for seconds, what, reply in happened:
        now += timedelta(seconds=seconds)
        event = event_of(session, now, what, reply, answer)
        assert wire.load_event(wire.dump(event)) == event
        log.append(event)
        before = session.to_json()
        restored = Session.from_json(before)
        assert restored == session
        follow(timers, effects)
        if isinstance(event, TimerFired) and timers.get(event.token, now) <= now:
            timers.pop(event.token, None)
        session, effects = engine.advance(restored, event, main, context)
        assert restored.to_json() == before
        assert session.serial == restored.serial + 1
        within_bounds(session, effects)
    follow(timers, effects)
    check_timers(session, timers)
    again, _ = engine.start("s", main, first, context)
    for event in log:
        again, repeated = engine.advance(again, event, main, context)
    assert again == session
    if log:
        assert repeated == effects


def follow(timers: dict[str, Any], effects: list[Effect]) -> None:
    """The timers as the store would have them."""
    for effect in effects:
        if isinstance(effect, StartTimer):
            timers[effect.token] = effect.due_at
        elif isinstance(effect, CancelTimer):
            timers.pop(effect.token, None)
            if not effect.token:
                for token in [token for token in timers if token != "expire"]:
                    del timers[token]


def check_timers(session: Session, timers: dict[str, Any]) -> None:
    """A wait that has an end has a timer; a session that is over has none but what fires for nothing."""
    if session.wait is not None and session.wait.until is not None:
        assert timers.get(session.wait.token) == session.wait.until
    if session.expires_at is not None:
        assert timers.get("expire") == session.expires_at
    if session.status == "ended":
        assert "expire" not in timers
