"""Plays one talk and says where it goes another way than the test has it, with all that was said until then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from pytake_cli.flow import effects as fx
from pytake_cli.flow.context import Library
from pytake_cli.flow.definition import Flow
from pytake_cli.flow.gist import duration
from pytake_cli.flow.reply import Reply
from pytake_cli.flow.speech import Speech
from pytake_cli.flow.testing import screen
from pytake_cli.flow.testing.expectations import Mismatch, differs, fits, holds, unmet, wanted
from pytake_cli.flow.testing.player import Call, Player, Step, World
from pytake_cli.flow.testing.screen import Tappable
from pytake_cli.flow.testing.testfile import Answer, Bot, Customer, Given, Line, Test
from pytake_cli.flow.walk import zone
from pytake_cli.locale import _
from pytake_cli.policy.hours import Schedule, read_schedule

KINDS: dict[str, type[Any]] = {"http": fx.CallHttp, "ai": fx.AskModel, "lookup": fx.LookUp, "code": fx.RunCode}


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the transcript; `sign` is "-" for what was expected and "+" for what came instead."""

    at: datetime
    who: str  # customer | bot | call | time | person | outside
    text: str
    options: tuple[str, ...] = ()
    step: str = ""
    sign: str = ""


@dataclass(slots=True)
class Played:
    """How a talk went; `problem` is empty when it passed, `line` is the index in the talk where it failed."""

    name: str
    language: str
    problem: str = ""
    line: int | None = None
    transcript: list[Entry] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        return not self.problem


def play(name: str, test: Test, given: Given, flow: Flow, library: Library, language: str = "") -> Played:
    """Plays the talk line by line. Every word of the bot must be expected, in order."""
    contact = {**given.contact, "language": language} if language else given.contact
    spoken = str(contact.get("language") or flow.language)
    played = Played(name, spoken)
    player = Player(flow, library, world_of(given, contact, spoken))
    run = _Run(player, played)
    try:
        for index, line in enumerate(test.talk):
            played.line = index
            run.line(line)
        played.line = None
        run.finish(test)
    except Mismatch as mismatch:
        played.problem = str(mismatch)
    played.steps = player.steps
    return played


def world_of(given: Given, contact: Mapping[str, Any], language: str) -> World:
    """What the player knows of the world."""
    return World(
        now=given.now if given.now.tzinfo is not None else given.now.replace(tzinfo=zone(given.tz)),
        contact={"language": language, **contact},
        conversation=given.conversation,
        org=given.org,
        tz=given.tz,
        schedules={name: schedule_of(spans, given.tz) for name, spans in given.hours.items()},
        templates={
            key: {"status": value} if isinstance(value, str) else value for key, value in given.templates.items()
        },
        new_contact=given.new_contact,
        stop_words=given.opt_out,
        chance=given.chance,
    )


def schedule_of(given: Mapping[str, Any], tz: str) -> Schedule:
    """Business hours as the settings write them; ValueError says what does not fit."""
    spans = {name: each for name, each in given.items() if name not in ("tz", "holidays", "special")}
    holidays = [date.fromisoformat(str(day)) for day in given.get("holidays", ())]
    special = {date.fromisoformat(str(day)): each for day, each in dict(given.get("special", {})).items()}
    return read_schedule(spans, str(given.get("tz", tz)), holidays, special)


class _Run:
    """One talk under way."""

    def __init__(self, player: Player, played: Played) -> None:
        self._player = player
        self._played = played
        self._shown: tuple[Tappable, ...] = ()  # the options shown last
        self._ever: dict[str, Tappable] = {}

    def line(self, line: Line) -> None:
        match line.kind:
            case "bot":
                assert line.bot is not None
                self._bot(line.bot)
            case "http" | "ai" | "lookup" | "code":
                self._call(line.kind, getattr(line, line.kind))
            case _:
                self._nothing_more()
                self._outside(line)

    def _outside(self, line: Line) -> None:
        """What comes from the world: the customer, time, people, other systems."""
        player = self._player
        match line.kind:
            case "customer":
                assert line.customer is not None
                self._customer(line.customer)
            case "after":
                assert line.after is not None
                self._tell("time", f"+{duration(line.after)}")
                player.wait(line.after)
            case "signal":
                assert line.signal is not None
                self._tell("outside", f"signal {line.signal.name}")
                player.signal(line.signal.name, line.signal.value)
            case "person":
                self._person(line.person or "")
            case "tag":
                self._tell("person", f"tag {line.tag}")
                player.tag(line.tag or "")
            case "start":
                self._tell("outside", "start")
                player.start(given=line.start or {})
            case "silence":
                pass  # nothing more was said: that is it

    def _person(self, what: str) -> None:
        self._tell("person", what)
        if what == "takes over":
            self._player.take_over()
        else:
            self._player.hand_back(closed=what == "closes")

    def _customer(self, customer: Customer) -> None:
        reply = self._choose(customer.choice) if customer.choice is not None else customer.reply(self._played.language)
        self._tell("customer", screen.told(reply))
        heard = self._player.hear(reply, ad=customer.ad)
        if heard == "people":
            self._tell("person", _("has the conversation, and the bot is silent"))
        if heard == "nobody" and self._player.session is None:
            raise Mismatch(_("no trigger of the flow fits this message"))

    def _choose(self, given: str) -> Reply:
        found = screen.tapped(given, self._shown) or screen.tapped(
            given, tuple(each for id_, each in self._ever.items() if id_ == given)
        )
        if found is None:
            shown = ", ".join(each.choice for each in self._shown) or _("none")
            raise Mismatch(_("there is no option {given}; there are {shown}").format(given=given, shown=shown))
        return found

    def _bot(self, bot: Bot) -> None:
        player, language = self._player, self._played.language
        if not player.said:
            self._tell("bot", wanted(bot, language), sign="-")
            if player.calls:
                call = screen.called(player.calls[0])
                raise Mismatch(_("the bot says nothing; it waits for {call}").format(call=call))
            raise Mismatch(_("the bot says nothing more"))
        said = player.said.pop(0)
        difference = differs(bot, said.speech, language)
        if difference:
            self._tell("bot", wanted(bot, language), sign="-")
        self._hear(said.speech, said.step, "+" if difference else "")
        if difference:
            raise Mismatch(difference)

    def _hear(self, speech: Speech, step: str, sign: str = "") -> None:
        shown = screen.options(speech)
        if shown:
            self._shown = shown
            self._ever |= {each.id: each for each in shown}
        self._tell("bot", screen.words(speech), step, sign, tuple(each.choice for each in shown))

    def _call(self, kind: str, answer: Answer) -> None:
        self._nothing_more()
        call = next((one for one in self._player.calls if isinstance(one, KINDS[kind])), None)
        if call is None:
            self._tell("call", answer.match or kind, sign="-")
            raise Mismatch(_("there is no call of {text} to answer").format(text=kind))
        told = screen.called(call)
        if not fits(answer.match, told):
            self._tell("call", answer.match, sign="-")
            self._tell("call", told, sign="+")
            raise Mismatch(_("the call is {told}").format(told=told))
        self._tell("call", told)
        if answer.sends is not None and not holds(screen.sent(call), answer.sends):
            self._tell("call", str(answer.sends), sign="-")
            self._tell("call", str(screen.sent(call)), sign="+")
            raise Mismatch(_("the call sends something else"))
        self._answer(kind, call, answer)

    def _answer(self, kind: str, call: Call, answer: Answer) -> None:
        if answer.fail is not None:
            self._player.fail(call, answer.fail)
        elif kind == "http":
            answer_http(self._player, call, answer.reply or {})
        else:
            self._player.answer(call, answer.value)

    def _nothing_more(self) -> None:
        if self._player.said:
            said = self._player.said[0]
            self._hear(said.speech, said.step, "+")
            raise Mismatch(_('the bot also says "{text}"').format(text=_short(screen.words(said.speech))))

    def finish(self, test: Test) -> None:
        self._nothing_more()
        if problems := unmet(test.expect, self._player, self._played.language):
            raise Mismatch("; ".join(problems))

    def _tell(self, who: str, text: str, step: str = "", sign: str = "", shown: tuple[str, ...] = ()) -> None:
        at = self._player.now.astimezone(zone(self._player.tz))
        self._played.transcript.append(Entry(at, who, text, shown, step, sign))


def answer_http(player: Player, call: Call, reply: Mapping[str, Any]) -> None:
    """An answer as the daemon gives it: a status of 400 or more is a failure."""
    status = int(reply.get("status", 200))
    value = {
        "status": status,
        "headers": dict(reply.get("headers", {})),
        "json": reply.get("json"),
        "text": str(reply.get("text", "")),
    }
    if status >= 400:
        player.fail(call, "http", value)
    else:
        player.answer(call, value)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 60 else f"{line[:59]}…"
