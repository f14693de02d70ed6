"""One customer of the emulator who walks a talk of a test file against the real daemon."""

from __future__ import annotations

import json
import threading
import time
from datetime import timedelta
from typing import Any, Protocol

import sqlalchemy as sa

from pytake_cli.flow.presentation import choice_of
from pytake_cli.flow.testing.expectations import holds, same, says
from pytake_cli.flow.testing.testfile import Bot, Customer, Expect, Line, Test, in_language
from pytake_cli.flow.words import fold
from pytake_cli.store import Store
from tests.kit.home import Emulator
from tests.kit.walk_calls import Desk

Sent = dict[str, Any]
PATIENCE_SECONDS = 45.0  # for the bot's next words; a call that is never answered takes its time first
SETTLE_SECONDS = 2.5  # nothing more comes after so long: flows wait a second for a burst to be over
RATINGS = ("Como foi o atendimento?", "How was it?")
FAST = 6  # messages of the bot in a minute
_CONVERSATION = """
SELECT c.id, c.status, c.owner, c.team, c.rating_asked_at IS NOT NULL AS rated FROM conversation AS c
JOIN identity AS i ON i.contact_id = c.contact_id WHERE i.value = :phone ORDER BY c.id DESC LIMIT 1
"""
_SESSION = """
SELECT s.id, s.status, s.step, s.outcome, s.state, s.wait_kind FROM flow_session AS s
JOIN identity AS i ON i.contact_id = s.contact_id WHERE i.value = :phone ORDER BY s.id DESC LIMIT 1
"""


class Stage(Protocol):
    """What a walk needs of the house around it."""

    @property
    def emulator(self) -> Emulator: ...

    @property
    def store(self) -> Store: ...

    def heard(self, phone: str) -> list[Sent]: ...

    def pause(self, phone: str, duration: timedelta) -> None: ...

    def command(self, *words: str) -> str: ...

    def signal(self, session: int, name: str, value: Any) -> None: ...


class Differs(Exception):
    """The walk goes another way than the talk."""


class Walk(threading.Thread):
    """Says and hears what the talk says, line by line; `wrong` is empty when all was so."""

    def __init__(self, stage: Stage, flow: str, name: str, test: Test, language: str, phone: str, desk: Desk) -> None:
        super().__init__(daemon=True)
        self.flow, self.test_name, self.language, self.phone = flow, name, language, phone
        self.wrong = ""
        self.seconds = 0.0
        self.contact_name = ""
        self._stage, self._test, self._desk = stage, test, desk
        self._minute = 0  # as many of them had come when the customer last took a minute
        self._read = 0  # messages of the bot that the talk has gone over

    def run(self) -> None:
        began = time.monotonic()
        number = 1
        try:
            for line in self._test.talk:
                self._line(line)
                if self._desk.wrong:
                    raise Differs("; ".join(self._desk.wrong))
                number += 1
            self._quiet()
            self._expect(self._test.expect)
        except Differs as error:
            self.wrong = f"line {number}: {error}"
        except Exception as error:
            self.wrong = f"line {number}: {type(error).__name__}: {error}"
        self.seconds = time.monotonic() - began

    @property
    def messages(self) -> list[Sent]:
        """What the bot said; the question for a rating is the house's own and is looked for in the store."""
        return [each for each in self._stage.heard(self.phone) if text_of(each) not in RATINGS]

    def row(self, sql: str) -> Any:
        with self._stage.store.read() as db:
            return db.connection().execute(sa.text(sql), {"phone": self.phone}).mappings().first()

    def _line(self, line: Line) -> None:
        match line.kind:
            case "customer":
                assert line.customer is not None
                self._customer(line.customer)
            case "bot":
                assert line.bot is not None
                self._bot(line.bot)
            case "http":
                assert line.http is not None
                self._nothing_more()
                self._desk.expect(line.http)
            case "silence":
                self._quiet()
            case "after":
                assert line.after is not None
                self._quiet()
                self._stage.pause(self.phone, line.after)
            case "person":
                self._person(line.person or "")
            case "signal":
                assert line.signal is not None
                session = self.row(_SESSION)
                self._stage.signal(session["id"], line.signal.name, line.signal.value)
            case other:
                raise Differs(f"`{other}` cannot be walked")

    def _customer(self, customer: Customer) -> None:
        self._nothing_more()
        self._breathe()
        self._free()
        words = self._tap(customer.choice) if customer.choice is not None else self._words(customer)
        if self.contact_name:
            words["name"] = self.contact_name
        self._stage.emulator.post("say", contact=f"+{self.phone}", **words)
        if fold(str(words.get("text", ""))) == "sair":
            self._bot(Bot())  # the one answer to it

    def _breathe(self) -> None:
        """Nobody reads as fast as this: a minute passes before the bot would take the customer for another bot."""
        if self._read - self._minute >= FAST:
            self._quiet()
            self._stage.pause(self.phone, timedelta(seconds=61))
            self._minute = self._read

    def _free(self) -> None:
        """A conversation that people have got is closed by them before the customer begins again."""
        row, session = self.row(_CONVERSATION), self.row(_SESSION)
        handed = session is not None and session["outcome"] == "handoff"
        if row is not None and handed and row["status"] == "queued":
            self._stage.command("conversation", "resolve", str(row["id"]))

    def _words(self, customer: Customer) -> dict[str, Any]:
        reply = customer.reply(self.language)
        words: dict[str, Any] = {"kind": reply.kind, "text": reply.text}
        if reply.kind == "location":
            words["location"] = reply.location
        if reply.kind == "contacts":
            words["contacts"] = list(reply.contacts)
        if reply.kind == "button":
            words |= {"kind": "template_button", "id": reply.choice}
        if reply.kind == "reaction":
            words["reply_to"] = self.messages[-1]["wamid"]
        if customer.ad is not None:
            words["referral"] = {"source_id": customer.ad}
        return words

    def _tap(self, wanted: str) -> dict[str, Any]:
        for message in reversed(self.messages[: self._read]):
            for number, (id_, title) in enumerate(options(message), 1):
                if wanted in (id_, choice_of(id_)[1], str(number)) or fold(wanted) == fold(title):
                    return {"kind": "tap", "choice": id_, "reply_to": message["wamid"]}
        raise Differs(f"there is no {wanted} to tap on")

    def _bot(self, bot: Bot) -> None:
        end = time.monotonic() + PATIENCE_SECONDS
        while len(self.messages) <= self._read:
            if time.monotonic() > end:
                raise Differs(f"the bot says nothing, not {in_language(bot.text or '(anything)', self.language)!r}")
            time.sleep(0.1)
        message = self.messages[self._read]
        self._read += 1
        if difference := self._difference(bot, message):
            raise Differs(f"{difference}: {text_of(message)!r}")

    def _difference(self, bot: Bot, message: Sent) -> str:
        body, shown = message["body"] or {}, [choice_of(id_)[1] for id_, _ in options(message)]
        if bot.text is not None and not says(in_language(bot.text, self.language), text_of(message)):
            return f"the bot does not say {in_language(bot.text, self.language)!r}"
        if bot.choices is not None and bot.choices != shown:
            return f"the choices are {shown}"
        kind = (body.get("interactive") or {}).get("type")
        if bot.shown_as is not None and {"button": "buttons", "list": "list"}.get(str(kind), "words") != bot.shown_as:
            return f"shown as {kind}"
        if bot.location and message["type"] != "location":
            return "no place"
        if bot.template is not None and message["template"] != bot.template:
            return f"not the template {bot.template}"
        if bot.params is not None and self.contact_name and params_of(body) != bot.params:
            return f"the parameters are {params_of(body)}"
        return ""

    def _nothing_more(self) -> None:
        if len(self.messages) > self._read:
            raise Differs(f"the bot also says {text_of(self.messages[self._read])!r}")

    def _quiet(self) -> None:
        time.sleep(SETTLE_SECONDS)
        self._nothing_more()

    def _person(self, what: str) -> None:
        self._quiet()
        verb = {"takes over": "takeover", "hands back": "handback", "closes": "resolve"}[what]
        self._stage.command("conversation", verb, str(self.row(_CONVERSATION)["id"]))

    def _expect(self, expect: Expect) -> None:
        asked = expect.model_fields_set
        session, conversation = self.row(_SESSION), self.row(_CONVERSATION)
        self._same("the session has ended as", session["outcome"] or None, expect.outcome, "outcome" in asked)
        self._same("the step", session["step"], expect.step, "step" in asked and expect.step is not None)
        if expect.outcome == "handoff":
            queued = ("queued", expect.handoff if "handoff" in asked else conversation["team"])
            self._same("the conversation", (conversation["status"], conversation["team"]), queued, True)
        if expect.closed:
            self._same("the conversation", conversation["status"], "resolved", True)
        self._same("rated", bool(conversation["rated"]), True, bool(expect.rated))
        self._state(expect, session["state"])

    def _state(self, expect: Expect, state: Any) -> None:
        held = json.loads(state) if isinstance(state, str) else state
        frame = (held.get("frames") or [{}])[0]
        for group, values in (("vars", frame.get("vars") or {}), ("results", held.get("results") or {})):
            for name, asked in getattr(expect, group).items():
                has = values.get(name)
                has = next(iter(has.values())) if isinstance(has, dict) and len(has) == 1 else has
                if not (holds(has, asked) or same(has, asked) or same(_amount(has), asked)):
                    raise Differs(f"{group}.{name} is {has!r}, not {asked!r}")

    def _same(self, what: str, has: Any, asked: Any, wanted: bool) -> None:
        if wanted and has != asked:
            raise Differs(f"{what}: {has!r}, not {asked!r}")


def _amount(value: Any) -> Any:
    """Money as the test writes it: `64` for "64.00"."""
    return value.removesuffix(".00") if isinstance(value, str) else value


def options(message: Sent) -> list[tuple[str, str]]:
    """(id, title) of what can be tapped."""
    action = ((message["body"] or {}).get("interactive") or {}).get("action") or {}
    found = [(each["reply"]["id"], each["reply"]["title"]) for each in action.get("buttons", ()) if "reply" in each]
    rows = [row for section in action.get("sections", ()) for row in section.get("rows", ())]
    return found + [(row["id"], row["title"]) for row in rows]


def text_of(message: Sent) -> str:
    """The words of a message as it was sent."""
    body = message["body"] or {}
    content = body.get(message["type"]) or {}
    if message["type"] == "interactive":
        parts = [(content.get(name) or {}).get("text", "") for name in ("header", "body", "footer")]
        return "\n".join(part for part in parts if part)
    if message["type"] == "template":
        return " ".join([str(content.get("name")), *params_of(body)])
    return str(content.get("body") or content.get("caption") or content.get("name") or message["type"])


def params_of(body: Sent) -> list[str]:
    """What fills the template's body."""
    parts = (body.get("template") or {}).get("components") or ()
    inside = [part for part in parts if str(part.get("type")).lower() == "body"]
    return [str(one.get("text", "")) for part in inside for one in part.get("parameters", ())]
