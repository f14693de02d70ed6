"""The talk behind `pytake flow simulate`: what is typed becomes what happens, what the bot does becomes bubbles."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from pytake_cli.cli import flow_bubble, flow_files, times
from pytake_cli.cli.context import context
from pytake_cli.cli.output import data, done, paint, row_stream, say
from pytake_cli.errors import PytakeError
from pytake_cli.flow.jsonable import plain
from pytake_cli.flow.problems import near
from pytake_cli.flow.reply import Reply
from pytake_cli.flow.testing import screen
from pytake_cli.flow.testing.player import Player
from pytake_cli.flow.testing.recording import Recording, written
from pytake_cli.flow.testing.screen import Tappable
from pytake_cli.flow.testing.talk import answer_http
from pytake_cli.flow.testing.testfile import PLACE, media_reply
from pytake_cli.flow.walk import zone
from pytake_cli.locale import _, own
from pytake_cli.text import clean

FIELDS = {
    "at": "When, by the clock of the talk.",
    "who": "customer, bot, call, end or note.",
    "text": "What was said or done.",
    "choices": "What can be tapped.",
    "step": "The step that said it.",
}
# command -> what it does
COMMANDS = {
    "after 31m": "time passes; timers go off",
    "choice 2": "taps an option: its number, id or title",
    "image [words]": "sends a picture; also :video, :audio, :document, :sticker",
    "location [LAT LON]": "sends a place",
    "react 👍": "reacts to the bot's last message",
    "form {json}": "sends the form back, filled in",
    "http [STATUS] [{json}]": "what the call that waits gets for an answer",
    "answer {json}": "the same for ai, lookup and code",
    "fail [timeout]": "the call that waits fails",
    "signal NAME [{json}]": "another system sends a signal",
    "takeover": "a person takes the conversation",
    "handback": "a person gives it back; :close closes it",
    "tag NAME": "a person gives the contact a tag",
    "start [{json}]": "begins the flow without a trigger, with these variables",
    "vars": "shows variables, results and the contact",
    "where": "shows the step, what it waits for and the 24-hour window",
    "record [FILE]": "writes the talk so far as a test",
    "reset": "begins anew",
    "help": "shows this",
    "quit": "ends the talk",
}

# what a session waits for -> in words
WAITS = {
    "reply": "the customer",
    "time": "time to pass",
    "answer": "an answer from outside",
    "signal": "a signal",
    "person": "a person",
}


class Mistake(Exception):
    """A line that does not fit; nothing has happened."""


class Simulator:
    """One talk. `take` gives it a line."""

    def __init__(self, player: Player, path: Path) -> None:
        self.player = player
        self.is_over = False
        self._fresh: Callable[[], Player] = player.fresh
        self._path = path
        self._shown: tuple[Tappable, ...] = ()
        self._told_calls: set[str] = set()
        self._told_end = False
        self._draws = context().output.form in ("table", "plain")
        self._write = None if self._draws else row_stream(FIELDS)
        self._began = player.now.astimezone(zone(player.tz))
        self._recording = Recording(player, self._began)
        self._echo = False

    @property
    def clock(self) -> str:
        """The time in the talk: `10:31`, with the day once that has changed."""
        now = self.player.now.astimezone(zone(self.player.tz))
        return f"{now:%H:%M}" if now.date() == self._began.date() else f"{now:%Y-%m-%d %H:%M}"

    def greet(self) -> None:
        """Says what can be done, once."""
        flow = self.player.flow
        words = [word for trigger in flow.triggers for word in trigger.keyword]
        say(f"{flow.name}  {flow.title}".rstrip())
        if words:
            say(_("it starts by: {words}").format(words=", ".join(words[:6])))
        else:
            say(_("it starts by anything you write, or by :start"))
        say(_("lines that begin with : do other things, see :help; :quit ends the talk"))

    def take(self, line: str, *, echo: bool = False) -> None:
        """One line as typed. Raises Mistake when it does not fit."""
        line = line.strip()
        self._echo = echo
        if not line or line.startswith("#"):
            return
        if line.startswith(":"):
            self._command(line[1:].strip())
        else:
            self._customer(Reply("text", line))
        self._show()

    def record(self, path: Path) -> None:
        """Writes the talk as a test, behind those that the file has."""
        flow = self.player.flow.name
        before = path.read_text(encoding="utf-8") if path.is_file() else ""
        text = written(
            flow,
            _("a talk of {when}").format(when=f"{self._began:%Y-%m-%d %H:%M}"),
            self._recording.test(self.player),
            before,
        )
        if not context().dry_run:
            path.write_text(text, encoding="utf-8")
        done(_("{path} has the talk as a test").format(path=flow_files.shown(path)))

    def _command(self, line: str) -> None:
        word, _space, rest = line.partition(" ")
        act = getattr(self, f"_do_{word}", None) if word.isidentifier() else None
        if act is None:
            names = sorted({name.split()[0] for name in COMMANDS} | {"video", "audio", "document", "sticker", "close"})
            meant = near(word, names)
            why = _("did you mean :{meant}?").format(meant=meant) if meant else _("see :help")
            raise Mistake(_("there is no :{word}").format(word=clean(word)) + "; " + why)
        act(rest.strip())

    # -- what the customer does

    def _customer(self, reply: Reply) -> None:
        player = self.player
        if self._echo:
            self._tell("customer", screen.told(reply))
        before = player.session is None or player.is_over
        heard = player.hear(reply)
        self._recording.customer(reply)
        if heard == "nobody":
            words = [word for trigger in player.flow.triggers for word in trigger.keyword]
            say(_("nobody hears this; the flow starts by {words}, or by :start").format(words=", ".join(words) or "…"))
        elif heard == "opted_out":
            say(_("an opt-out word: no flow writes to this contact any more"))
        elif heard == "people":
            say(_("a person has the conversation, and the bot is silent; :handback gives it back"))
        elif heard == "opted_in":
            say(_("a start word: flows may write to this contact again"))
        elif before:
            self._told_end = False

    def _do_choice(self, rest: str) -> None:
        reply = screen.tapped(rest, self._shown)
        if reply is None:
            there = ", ".join(option.choice for option in self._shown) or _("none")
            raise Mistake(_("there is no option {given}; there are {shown}").format(given=clean(rest), shown=there))
        self._customer(reply)

    def _do_image(self, rest: str) -> None:
        self._customer(media_reply("image", rest))

    def _do_video(self, rest: str) -> None:
        self._customer(media_reply("video", rest))

    def _do_audio(self, rest: str) -> None:
        self._customer(media_reply("audio"))

    def _do_document(self, rest: str) -> None:
        self._customer(media_reply("document", rest))

    def _do_sticker(self, rest: str) -> None:
        self._customer(media_reply("sticker"))

    def _do_react(self, rest: str) -> None:
        self._customer(Reply("reaction", rest or "👍"))

    def _do_location(self, rest: str) -> None:
        place: dict[str, Any] = dict(PLACE)
        if rest:
            try:
                latitude, longitude = (float(part) for part in rest.replace(",", " ").split())
            except ValueError:
                raise Mistake(_("a place is two numbers: :location -23.56 -46.65")) from None
            place = {"latitude": latitude, "longitude": longitude}
        self._customer(Reply("location", location=place))

    def _do_form(self, rest: str) -> None:
        filled = _json(rest or "{}")
        if not isinstance(filled, dict):
            raise Mistake(_("a form is a map: :form {example}").format(example='{"name": "Ana"}'))
        self._customer(Reply("interactive", form=filled))

    # -- what time, people and other systems do

    def _do_after(self, rest: str) -> None:
        try:
            span: timedelta = times.duration(rest)
        except PytakeError as error:
            raise Mistake(error.message.format(**error.values)) from None
        self._recording.add("after", span)
        self.player.wait(span)
        self._tell("note", self.clock)

    def _call(self) -> Any:
        if not self.player.calls:
            raise Mistake(_("no call waits for an answer"))
        return self.player.calls[0]

    def _do_http(self, rest: str) -> None:
        call = self._call()
        if screen.kind_of(call) != "http":
            raise Mistake(_("{call} waits: use :answer").format(call=screen.called(call)))
        status, body = 200, rest
        if (first := rest.partition(" "))[0].isdigit():
            status, body = int(first[0]), first[2].strip()
        reply: dict[str, Any] = {"status": status} | ({"json": _json(body)} if body else {})
        self._recording.add("http", {"match": screen.called(call), "reply": reply})
        answer_http(self.player, call, reply)

    def _do_answer(self, rest: str) -> None:
        call, value = self._call(), _json(rest or "null")
        kind = screen.kind_of(call)
        if kind == "http":
            raise Mistake(_("{call} waits: use :http").format(call=screen.called(call)))
        self._recording.add(kind, {"match": screen.called(call), "value": value})
        self.player.answer(call, value)

    def _do_fail(self, rest: str) -> None:
        call = self._call()
        reason = rest or "timeout"
        self._recording.add(screen.kind_of(call), {"match": screen.called(call), "fail": reason})
        self.player.fail(call, reason)

    def _do_signal(self, rest: str) -> None:
        name, _space, body = rest.partition(" ")
        value = _json(body) if body else None
        self._recording.add("signal", {"name": name, "value": value} if body else name)
        self.player.signal(name, value)

    def _do_takeover(self, rest: str) -> None:
        self._recording.add("person", "takes over")
        self.player.take_over()

    def _do_handback(self, rest: str) -> None:
        self._recording.add("person", "hands back")
        self.player.hand_back()

    def _do_close(self, rest: str) -> None:
        self._recording.add("person", "closes")
        self.player.hand_back(closed=True)

    def _do_tag(self, rest: str) -> None:
        if not rest:
            raise Mistake(_("which tag? :tag vip"))
        self._recording.add("tag", rest)
        self.player.tag(rest)

    def _do_start(self, rest: str) -> None:
        given = _json(rest) if rest else {}
        if not isinstance(given, dict):
            raise Mistake(_("variables are a map: :start {example}").format(example='{"service": "odonto"}'))
        self._recording.add("start", given)
        self._told_end = False
        self.player.start(given=given)

    # -- what is looked at

    def _do_vars(self, rest: str) -> None:
        session = self.player.session
        groups: dict[str, Any] = {"contact": self.player.contact}
        if session is not None:
            groups = {"vars": session.frames[-1].vars if session.frames else {}, "result": session.results} | groups
        for name, values in groups.items():
            for key, value in values.items():
                self._tell("note", f"{name}.{key} = {json.dumps(plain(value), ensure_ascii=False, default=str)}")

    def _do_where(self, rest: str) -> None:
        player = self.player
        session, closes = player.session, player.window_closes_at
        wait = session.wait if session is not None else None
        facts = [self.clock]
        if wait is not None:
            facts.append(_("{step} waits for {what}").format(step=wait.step, what=_(WAITS[wait.kind])))
            if wait.until is not None:
                facts.append(_("until {when}").format(when=f"{wait.until.astimezone(zone(player.tz)):%Y-%m-%d %H:%M}"))
        else:
            facts.append(_("no session") if session is None else _("ended: {outcome}").format(outcome=session.outcome))
        is_open = closes is not None and player.now < closes
        facts.append(_("window open") if is_open else _("window closed"))
        self._tell("note", "  ".join(facts))

    def _do_record(self, rest: str) -> None:
        words = shlex.split(rest)
        self.record(Path(words[0]) if words else self._path.with_name(f"{self._path.stem}.test.yaml"))

    def _do_reset(self, rest: str) -> None:
        self.player = self._fresh()
        self._recording = Recording(self.player, self._began)
        self._shown, self._told_end = (), False
        self._told_calls.clear()

    def _do_help(self, rest: str) -> None:
        for name, text in COMMANDS.items():
            say(f"  :{name:<24} {_(text)}")

    def _do_quit(self, rest: str) -> None:
        self.is_over = True

    # -- what is shown

    def _show(self) -> None:
        """Everything that the bot has said and done since."""
        player = self.player
        while player.said:
            said = player.said.pop(0)
            self._recording.bot(said.speech)
            self._shown = screen.options(said.speech) or self._shown
            if self._draws:
                output = context().output
                data(flow_bubble.bot(said.speech, width=output.width, color=output.color_out))
            else:
                choices = [option.choice for option in screen.options(said.speech)]
                self._row("bot", screen.words(said.speech), choices, said.step)
        for call in player.calls:
            if call.token not in self._told_calls:
                self._told_calls.add(call.token)
                sends = json.dumps(plain(screen.sent(call)), ensure_ascii=False, default=str)
                self._tell("call", f"{screen.called(call)}  {sends}")
                hint = ":http {…}" if screen.kind_of(call) == "http" else ":answer {…}"
                say(_("it waits for an answer: {hint}, or :fail").format(hint=hint))
        if player.is_over and not self._told_end:
            self._told_end = True
            self._tell("end", self._ending())

    def _ending(self) -> str:
        player = self.player
        assert player.session is not None
        text = player.session.outcome
        if player.handoff is not None and text in ("handoff", "failed"):
            text += f" → {player.handoff.team or player.handoff.agent or _('everybody')}"
        incidents = [record.way for record in player.records if record.kind == "incident"]
        return own(text) + (f"  {_('incidents')}: {', '.join(incidents)}" if incidents else "")

    def _tell(self, who: str, text: str) -> None:
        output = context().output
        if not self._draws:
            self._row(who, text)
        elif who == "customer":
            data(flow_bubble.customer(text, width=output.width, color=output.color_out))
        else:
            sign = own({"call": "⇄ ", "end": "■ ", "note": "· "}.get(who, ""))
            data(paint(sign + clean(text, newlines=False), "dim", output.color_out))

    def _row(self, who: str, text: str, choices: list[str] | None = None, step: str = "") -> None:
        assert self._write is not None
        self._write({"at": self.player.now, "who": who, "text": text, "choices": choices or [], "step": step or None})


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise Mistake(_("this is no JSON: {detail}").format(detail=str(error))) from None
