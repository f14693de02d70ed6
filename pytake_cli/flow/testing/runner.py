"""Plays a test and says where it goes another way than expected, with the talk so far."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pytake_cli.flow import effects as fx
from pytake_cli.flow.context import Library
from pytake_cli.flow.definition import Flow
from pytake_cli.flow.patterns import PatternError, compile_pattern
from pytake_cli.flow.reply import Reply
from pytake_cli.flow.speech import Gesture, Say, SayForm, SayTemplate, Speech
from pytake_cli.flow.testing.player import Call, Player, World
from pytake_cli.flow.testing.testfile import Answer, Bot, Customer, Expect, Given, Line, Test
from pytake_cli.flow.words import fold
from pytake_cli.policy.hours import Schedule

_KINDS: dict[str, type[Any]] = {"http": fx.CallHttp, "ai": fx.AskModel, "lookup": fx.LookUp, "code": fx.RunCode}
_MEANS = {value: key for key, value in _KINDS.items()}


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the transcript."""

    at: datetime
    who: str  # customer | bot | call | time | person
    text: str
    step: str = ""


@dataclass(slots=True)
class Played:
    """How a test went; `problem` is empty when it passed, `line` is the index in the talk where it failed."""

    name: str
    problem: str = ""
    line: int | None = None
    transcript: list[Entry] = field(default_factory=list)
    records: list[fx.Record] = field(default_factory=list)
    said: list[tuple[str, Speech]] = field(default_factory=list)
    language: str = ""

    @property
    def passed(self) -> bool:
        return not self.problem


class _Mismatch(Exception):
    """The talk went another way."""


def world_of(given: Given, schedules: Mapping[str, Schedule]) -> World:
    return World(
        now=given.now,
        contact=_contact(given.contact),
        org=given.org,
        tz=given.tz,
        schedules=schedules,
        chance=given.chance,
    )


def _contact(given: Mapping[str, Any]) -> dict[str, Any]:
    contact = dict(given)
    if contact.get("name") and "first_name" not in contact:
        contact["first_name"] = str(contact["name"]).split()[0]
    return contact


def play(name: str, test: Test, flow: Flow, library: Library, schedules: Mapping[str, Schedule]) -> Played:
    """Plays the talk line by line. Every word of the bot must be expected, in order."""
    player = Player(flow, library, world_of(test.given, schedules))
    played = Played(name, language=str(test.given.contact.get("language") or flow.language))
    run = _Run(player, played)
    for index, line in enumerate(test.talk):
        try:
            run.line(line)
        except _Mismatch as mismatch:
            played.problem, played.line = str(mismatch), index
            break
    else:
        try:
            run.finish(test.expect)
        except _Mismatch as mismatch:
            played.problem = str(mismatch)
    played.records = player.records
    return played


class _Run:
    """One test under way."""

    def __init__(self, player: Player, played: Played) -> None:
        self._player = player
        self._played = played
        self._shown: tuple[tuple[str, str], ...] = ()  # (id, title) of the options shown last

    def line(self, line: Line) -> None:
        match line.kind:
            case "bot":
                assert line.bot is not None
                self._bot(line.bot)
            case "http" | "ai" | "lookup" | "code":
                self._call(line.kind, getattr(line, line.kind))
            case _:
                self._nothing_more("before the next line")
                self._outside(line)

    def _outside(self, line: Line) -> None:
        """What comes from the world: the customer, time, people."""
        player = self._player
        match line.kind:
            case "customer":
                assert line.customer is not None
                self._customer(line.customer)
            case "after":
                assert line.after is not None
                self._tell("time", f"{line.after} later")
                player.wait(line.after)
            case "signal":
                given = line.signal if isinstance(line.signal, dict) else {"name": line.signal}
                player.signal(str(given.get("name", "")), given.get("value"))
            case "person":
                self._tell("person", line.person or "")
                if line.person == "takes over":
                    player.cancel("taken_over")
                else:
                    player.hand_back(closed=line.person == "closes")
            case "start":
                player.start(given=line.start or {})

    def _customer(self, customer: Customer) -> None:
        reply = self._choose(customer) if customer.choice is not None else customer.reply()
        self._tell("customer", reply.text or f"({reply.kind})")
        if self._player.session is None:
            self._player.start(reply)
        else:
            self._player.hear(reply)

    def _choose(self, customer: Customer) -> Reply:
        wanted = str(customer.choice)
        for number, (id_, title) in enumerate(self._shown, 1):
            if wanted in (id_, str(number)) or fold(wanted) == fold(title):
                return Reply("interactive", title, choice=id_, title=title)
        shown = ", ".join(id_ for id_, _ in self._shown) or "none"
        raise _Mismatch(f"there is no option {wanted}; shown were: {shown}")

    def _bot(self, bot: Bot) -> None:
        player = self._player
        if not player.said:
            waiting = f"; it waits for {_called(player.calls[0])}" if player.calls else ""
            raise _Mismatch(f"the bot was to say {_wanted(bot)} but says nothing{waiting}")
        said = player.said.pop(0)
        self._played.said.append((said.step, said.speech))
        self._tell("bot", words(said.speech), said.step)
        self._shown = options(said.speech) or self._shown
        if difference := differs(bot, said.speech):
            raise _Mismatch(f"the bot was to say {_wanted(bot)}; {difference}")

    def _call(self, kind: str, answer: Answer) -> None:
        self._nothing_more(f"before the {kind} call")
        call = next((one for one in self._player.calls if isinstance(one, _KINDS[kind])), None)
        if call is None:
            raise _Mismatch(f"there was to be a call of {kind}, but there is none")
        self._tell("call", _called(call))
        if answer.match and not _called(call).startswith(answer.match):
            raise _Mismatch(f"the call was to be {answer.match}; it is {_called(call)}")
        if answer.fail is not None:
            self._player.fail(call, answer.fail)
        elif kind == "http":
            self._http(call, answer.reply or {})
        else:
            self._player.answer(call, answer.value if answer.value is not None else answer.reply)

    def _http(self, call: Call, reply: dict[str, Any]) -> None:
        value = {"status": reply.get("status", 200), "headers": {}, "json": reply.get("json"), "text": reply.get("text", "")}
        if 200 <= int(value["status"]) < 300:
            self._player.answer(call, value)
        else:
            self._player.fail(call, "http", value)

    def _nothing_more(self, when: str) -> None:
        if self._player.said:
            said = self._player.said[0]
            self._tell("bot", words(said.speech), said.step)
            raise _Mismatch(f"the bot says something that is not expected {when}: {words(said.speech)}")

    def finish(self, expect: Expect) -> None:
        self._nothing_more("at the end")
        problems = list(_unmet(expect, self._player))
        if problems:
            raise _Mismatch("; ".join(problems))

    def _tell(self, who: str, text: str, step: str = "") -> None:
        self._played.transcript.append(Entry(self._player.now, who, text, step))


def _unmet(expect: Expect, player: Player) -> Sequence[str]:
    """What is not as expected in the end."""
    session = player.session
    if session is None:
        return ["the flow never started"]
    frame = session.frames[0] if session.frames else None
    has: dict[str, Any] = {
        "outcome": session.outcome or None,
        "step": session.wait.step if session.wait else None,
        "tags": sorted(player.contact["tags"]),
        "handoff": player.handoff.team if player.handoff else None,
        "closed": bool(player.end and player.end.close),
    }
    wanted = expect.model_dump(exclude_unset=True)
    problems = [
        f"{name} was to be {_shown(value)}; it is {_shown(has[name])}"
        for name, value in wanted.items()
        if name in has and has[name] != (sorted(value) if name == "tags" else value)
    ]
    contact = player.contact["fields"] | {key: value for key, value in player.contact.items() if key != "fields"}
    groups = {"vars": frame.vars if frame else {}, "results": session.results, "contact": contact}
    for group, values in groups.items():
        for name, value in getattr(expect, group).items():
            if not _same(values.get(name), value):
                problems.append(f"{group}.{name} was to be {_shown(value)}; it is {_shown(values.get(name))}")
    incidents = [record for record in player.records if record.kind == "incident"]
    if len(incidents) != expect.incidents:
        told = "; ".join(f"{record.step}: {record.value}" for record in incidents) or "none"
        problems.append(f"there were to be {expect.incidents} incidents; there are {len(incidents)} ({told})")
    return problems


def _same(has: Any, wanted: Any) -> bool:
    return bool(has == wanted) or (has is not None and not isinstance(has, dict | list) and str(has) == str(wanted))


def differs(bot: Bot, speech: Speech) -> str:
    """What is not as the test says; empty when all is."""
    said = words(speech)
    if bot.text is not None and not _says(bot.text, said):
        return f"it says {_shown(said)}"
    shown = [id_ for id_, _ in options(speech)]
    if bot.choices is not None and bot.choices != shown:
        return f"the choices are {', '.join(shown) or 'none'}"
    facts = _facts(speech)
    for name in ("shown_as", "media", "location", "template", "params", "form", "reaction"):
        wanted = getattr(bot, name)
        if wanted is not None and facts.get(name) != wanted:
            return f"{name} is {_shown(facts.get(name))}"
    return ""


def _facts(speech: Speech) -> dict[str, Any]:
    match speech:
        case Say():
            shown_as = "list" if speech.rows else ("buttons" if speech.buttons else None)
            media = speech.media.kind if speech.media else None
            return {"shown_as": shown_as, "media": media, "location": speech.location is not None}
        case SayTemplate():
            return {"template": speech.name, "params": _params(speech)}
        case SayForm():
            return {"form": speech.flow_id}
        case Gesture():
            return {"reaction": speech.emoji or None}


def _params(speech: SayTemplate) -> list[str]:
    body = [part for part in speech.components if str(part.get("type", "")).lower() == "body"]
    return [str(one.get("text", "")) for part in body for one in part.get("parameters", ())]


def _says(wanted: str, said: str) -> bool:
    if len(wanted) > 1 and wanted.startswith("/") and wanted.endswith("/"):
        try:
            return compile_pattern(wanted[1:-1]).search(said)
        except PatternError as error:
            raise _Mismatch(f"{wanted}: {error.message}") from None
    return re.sub(r"\s+", " ", wanted).strip() in re.sub(r"\s+", " ", said)


def words(speech: Speech) -> str:
    """What stands on the customer's screen, in a line or a few."""
    match speech:
        case Say():
            head = f"[{speech.media.kind}] " if speech.media else ("[location] " if speech.location else "")
            return head + speech.text
        case SayTemplate():
            return speech.shown or f"[template {speech.name}] {' '.join(_params(speech))}".rstrip()
        case SayForm():
            return f"{speech.text} [form {speech.flow_id}]"
        case Gesture():
            return f"({speech.kind}{f' {speech.emoji}' if speech.emoji else ''})"


def options(speech: Speech) -> tuple[tuple[str, str], ...]:
    """(id, title) of what can be tapped."""
    if not isinstance(speech, Say):
        return ()
    return tuple((option.id, option.title) for option in (*speech.buttons, *speech.rows))


def _called(call: Call) -> str:
    match call:
        case fx.CallHttp():
            return f"{call.method} {call.url}"
        case fx.AskModel():
            return f"ai {call.task}"
        case fx.LookUp():
            return f"lookup {call.source}"
        case fx.RunCode():
            return f"code {call.function}"


def _wanted(bot: Bot) -> str:
    if set(bot.model_fields_set) == {"text"}:
        return _shown(bot.text)
    return ", ".join(f"{name} {_shown(getattr(bot, name))}" for name in sorted(bot.model_fields_set))


def _shown(value: Any) -> str:
    return "nothing" if value is None else repr(value) if not isinstance(value, str) else f'"{value}"'
