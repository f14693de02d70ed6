"""What the bot says as it stands on the customer's screen: words, options to tap, facts that a test may ask for."""

from __future__ import annotations

from typing import Any, NamedTuple

from pytake_cli.flow import effects as fx
from pytake_cli.flow.presentation import choice_of
from pytake_cli.flow.reply import Reply
from pytake_cli.flow.speech import Gesture, Say, SayForm, SayTemplate, Speech
from pytake_cli.flow.testing.player import Call
from pytake_cli.flow.words import fold


class Tappable(NamedTuple):
    """One button or row, as it came."""

    id: str  # "ask_service:odonto"
    title: str
    description: str = ""
    kind: str = "interactive"  # or "button", of a template

    @property
    def choice(self) -> str:
        """`odonto`."""
        return choice_of(self.id)[1]


def words(speech: Speech) -> str:
    """What stands on the customer's screen, options apart."""
    match speech:
        case Say():
            return "\n".join(part for part in (speech.header, _body(speech), speech.footer) if part)
        case SayTemplate():
            return speech.shown or " ".join([speech.name, *params(speech)])
        case SayForm():
            return speech.text
        case Gesture():
            return f"({speech.kind}{f' {speech.emoji}' if speech.emoji else ''})"


def _body(speech: Say) -> str:
    head = ""
    if speech.media is not None:
        head = f"[{speech.media.kind} {speech.media.source}]"
    elif speech.location is not None:
        place = speech.location
        head = f"[location {place.get('name') or ''} {place.get('address') or ''}".rstrip() + "]"
    elif speech.contacts:
        head = f"[contacts {len(speech.contacts)}]"
    return " ".join(part for part in (head, speech.text) if part)


def options(speech: Speech) -> tuple[Tappable, ...]:
    """What can be tapped: buttons, rows, replies of a template."""
    match speech:
        case Say():
            return tuple(Tappable(each.id, each.title, each.description) for each in (*speech.buttons, *speech.rows))
        case SayTemplate():
            return tuple(Tappable(payload, choice_of(payload)[1], kind="button") for payload in _payloads(speech))
    return ()


def _payloads(speech: SayTemplate) -> list[str]:
    return [
        str(parameter["payload"])
        for part in speech.components
        if part.get("sub_type") == "quick_reply"
        for parameter in part.get("parameters", ())
    ]


def params(speech: SayTemplate) -> list[str]:
    """What fills the template's body."""
    body = [part for part in speech.components if str(part.get("type", "")).lower() == "body"]
    return [str(one.get("text", "")) for part in body for one in part.get("parameters", ())]


def facts(speech: Speech) -> dict[str, Any]:
    """What a test may ask for besides words and choices."""
    match speech:
        case Say():
            shown_as = "list" if speech.rows else "buttons" if speech.buttons else "words"
            media = speech.media.kind if speech.media else None
            return {"shown_as": shown_as, "media": media, "location": speech.location is not None}
        case SayTemplate():
            return {"template": speech.name, "params": params(speech)}
        case SayForm():
            return {"form": speech.flow_id}
        case Gesture():
            return {"reaction": speech.emoji or None}


def tapped(wanted: str, shown: tuple[Tappable, ...]) -> Reply | None:
    """The tap on an option that is named by its id, its number or its title."""
    for number, option in enumerate(shown, 1):
        if wanted in (option.id, option.choice, str(number)) or fold(wanted) == fold(option.title):
            return Reply(option.kind, option.title, choice=option.id, title=option.title)
    return None


def told(reply: Reply) -> str:
    """What the customer did, in a line."""
    if reply.choice is not None:
        return f"[{reply.title or reply.choice}]"
    if reply.kind == "text":
        return reply.text
    if reply.form is not None:
        return f"[form] {reply.form}"
    return " ".join(part for part in (f"[{reply.kind}]", reply.text) if part)


def kind_of(call: Call) -> str:
    """http, ai, lookup or code."""
    return {fx.CallHttp: "http", fx.AskModel: "ai", fx.LookUp: "lookup", fx.RunCode: "code"}[type(call)]


def called(call: Call) -> str:
    """A call in a line: `POST https://api.example.com/slots`."""
    match call:
        case fx.CallHttp():
            return f"{call.method} {call.url}"
        case fx.AskModel():
            return f"ai {call.task}"
        case fx.LookUp():
            return f"lookup {call.source}"
        case fx.RunCode():
            return f"code {call.function}"


def sent(call: Call) -> Any:
    """What the call takes along."""
    match call:
        case fx.CallHttp():
            return call.json if call.json is not None else call.form or call.body
        case fx.AskModel():
            return {"input": call.input, "instructions": call.instructions, "labels": list(call.labels)}
        case fx.LookUp():
            return call.where
        case fx.RunCode():
            return call.arguments
