"""A talk as a test case: what was said and done becomes the lines of a test file."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from datetime import datetime, time, timedelta
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq

from pytake_cli.flow.gist import duration
from pytake_cli.flow.reply import Reply
from pytake_cli.flow.speech import Say, SayForm, SayTemplate, Speech
from pytake_cli.flow.testing import screen
from pytake_cli.flow.testing.player import Player
from pytake_cli.policy.hours import DAYS, Schedule

_GIVEN = ("name", "language", "stage", "score", "tags", "fields")


class Recording:
    """Lines of a talk, in order."""

    def __init__(self, player: Player, now: datetime) -> None:
        self.lines: list[dict[str, Any]] = []
        self._given: dict[str, Any] = {"now": now.isoformat(timespec="seconds"), "contact": _set(player.contact)}
        if hours := {name: _hours(schedule) for name, schedule in player.schedules.items()}:
            self._given["hours"] = hours

    def add(self, kind: str, value: Any) -> None:
        """Something that happened: `after`, `http`, `signal`, `person`, …"""
        if kind == "after" and self.lines and "after" in self.lines[-1]:
            self.lines[-1]["after"] += value
        else:
            self.lines.append({kind: value})

    def customer(self, reply: Reply) -> None:
        """What the customer did."""
        self.add("customer", _customer(reply))

    def bot(self, speech: Speech) -> None:
        """What the bot said."""
        self.add("bot", _bot(speech))

    def test(self, player: Player) -> dict[str, Any]:
        """The test: what was given, the talk, and how things stand now."""
        talk = [{kind: duration(value) if isinstance(value, timedelta) else value} for line in self.lines
                for kind, value in line.items()]  # fmt: skip
        return {"given": self._given, "talk": talk, "expect": _expected(player)}


def _set(contact: Mapping[str, Any]) -> dict[str, Any]:
    return {name: contact[name] for name in _GIVEN if contact.get(name)}


def _hours(schedule: Schedule) -> dict[str, Any]:
    """Business hours as the settings write them."""
    found: dict[str, Any] = {DAYS[day]: _spans(spans) for day, spans in sorted(schedule.days.items())}
    found["tz"] = schedule.tz
    found |= {"holidays": [day.isoformat() for day in sorted(schedule.holidays)]} if schedule.holidays else {}
    special = {day.isoformat(): _spans(spans) for day, spans in sorted(schedule.special.items())}
    return found | ({"special": special} if special else {})


def _spans(spans: Iterable[tuple[time, time]]) -> list[str]:
    return [f"{start:%H:%M}-{'24:00' if end == time() else f'{end:%H:%M}'}" for start, end in spans]


def _customer(reply: Reply) -> Any:
    if reply.choice is not None:
        return {"button" if reply.kind == "button" else "choice": reply.choice.partition(":")[2] or reply.choice}
    if reply.form is not None:
        return {"form": reply.form}
    match reply.kind:
        case "text":
            return reply.text
        case "location":
            return {"location": reply.location or True}
        case "contacts":
            return {"contacts": list(reply.contacts)}
        case "reaction":
            return {"reaction": reply.text}
    return {reply.kind: reply.text or True}


def _bot(speech: Speech) -> Any:
    match speech:
        case Say():
            shown = [option.choice for option in screen.options(speech)]
            found: dict[str, Any] = {"text": speech.text} if speech.text else {}
            found |= {"choices": shown} if shown else {}
            found |= {"media": speech.media.kind} if speech.media else {}
            found |= {"location": True} if speech.location else {}
            return found["text"] if list(found) == ["text"] else found
        case SayTemplate():
            return {"template": speech.name, "params": screen.params(speech)}
        case SayForm():
            return {"text": speech.text, "form": speech.flow_id}
    return {"reaction": speech.emoji} if speech.emoji else {}


def _expected(player: Player) -> dict[str, Any]:
    session = player.session
    if session is None:
        return {}
    found: dict[str, Any] = {"outcome": session.outcome or None}
    if session.wait is not None:
        found["step"] = session.wait.step
    held = {name: value for frame in session.frames[:1] for name, value in frame.vars.items() if _is_plain(value)}
    if held:
        found["vars"] = {name: value if isinstance(value, bool | int) else str(value) for name, value in held.items()}
    if player.contact["tags"]:
        found["tags"] = list(player.contact["tags"])
    if player.handoff is not None and (player.handoff.team or player.handoff.agent):
        found["handoff"] = player.handoff.team or player.handoff.agent
    incidents = [record.way for record in player.records if record.kind == "incident"]
    return found | ({"incidents": incidents} if incidents else {})


def _is_plain(value: Any) -> bool:
    return value is not None and not isinstance(value, dict | list | tuple)


def written(flow: str, name: str, test: Mapping[str, Any], before: str = "") -> str:
    """A test file with the test at its end: a new one, or `before` with one test more, its comments kept."""
    yaml = YAML(typ="rt", pure=True)
    yaml.width = 110
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.preserve_quotes = True
    whole = yaml.load(before) if before.strip() else None
    if not isinstance(whole, CommentedMap):
        whole = CommentedMap({"flow": flow, "tests": CommentedMap()})
    tests = whole.setdefault("tests", CommentedMap())
    unique, number = name, 2
    while unique in tests:
        unique, number = f"{name} {number}", number + 1
    tests[unique] = _short(dict(test))
    stream = io.StringIO()
    yaml.dump(whole, stream)
    return stream.getvalue()


def _short(test: dict[str, Any]) -> CommentedMap:
    """Lines on one line each, as people write them."""
    found = CommentedMap()
    found["given"] = _inline(test["given"])
    found["talk"] = CommentedSeq(CommentedMap({kind: _inline(value) for kind, value in line.items()})
                                 for line in test["talk"])  # fmt: skip
    found["expect"] = _inline(test["expect"])
    return found


def _inline(value: Any) -> Any:
    if isinstance(value, dict):
        found = CommentedMap({key: _inline(each) for key, each in value.items()})
        found.fa.set_flow_style()
        return found
    if isinstance(value, list):
        row = CommentedSeq(_inline(each) for each in value)
        row.fa.set_flow_style()
        return row
    return value
