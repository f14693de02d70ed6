"""What a test expects against what came: the bot's words, calls, and how the session stands in the end."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pytake_cli.flow.patterns import PatternError, compile_pattern
from pytake_cli.flow.speech import Speech
from pytake_cli.flow.testing import screen
from pytake_cli.flow.testing.player import Player
from pytake_cli.flow.testing.testfile import Bot, Expect, in_language
from pytake_cli.locale import _

_ASKED = ("shown_as", "media", "location", "template", "params", "form", "reaction")


class Mismatch(Exception):
    """The talk goes another way."""


def fits(pattern: str, text: str) -> bool:
    """True if the text begins so, or `/a pattern/` is found in it."""
    return says(pattern, text) if _is_pattern(pattern) else text.startswith(pattern)


def says(wanted_: str, said: str) -> bool:
    """True if the text, spaces aside, holds the words or `/a pattern/`."""
    if _is_pattern(wanted_):
        try:
            return bool(compile_pattern(wanted_[1:-1]).search(said))
        except PatternError as error:
            raise Mismatch(f"{wanted_}: {error.message}") from None
    return _plain(wanted_) in _plain(said)


def _is_pattern(text: str) -> bool:
    return len(text) > 2 and text.startswith("/") and text.endswith("/")


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def differs(bot: Bot, speech: Speech, language: str) -> str:
    """What is not as the test says; empty when all is."""
    if bot.text is not None and not says(in_language(bot.text, language), screen.words(speech)):
        return _("the bot says something else")
    there = [each.choice for each in screen.options(speech)]
    if bot.choices is not None and bot.choices != there:
        return _("the choices are {given}").format(given=", ".join(there) or _("none"))
    facts = screen.facts(speech)
    for name in _ASKED:
        asked = getattr(bot, name)
        if asked is not None and facts.get(name) != asked:
            return _("{name} is {given}").format(name=name, given=shown(facts.get(name)))
    return ""


def wanted(bot: Bot, language: str) -> str:
    """What the test says of the bot's next words, in a line."""
    parts = [in_language(bot.text, language)] if bot.text is not None else []
    parts += [f"{name}: {shown(getattr(bot, name))}" for name in ("choices", *_ASKED) if getattr(bot, name) is not None]
    return "  ".join(parts) or _("(anything)")


def holds(has: Any, asked: Any) -> bool:
    """True if a map has these keys with these values, a list these items, or a value is this one."""
    if isinstance(asked, Mapping):
        return isinstance(has, Mapping) and all(key in has and holds(has[key], value) for key, value in asked.items())
    if isinstance(asked, list):
        return isinstance(has, list | tuple) and len(has) == len(asked) and all(map(holds, has, asked))
    return same(has, asked)


def same(has: Any, asked: Any) -> bool:
    """Equal, or equal as written: `2026-03-02` is that date, `32` that money."""
    if isinstance(has, bool) or isinstance(asked, bool) or has is None or asked is None:
        return has is asked
    return bool(has == asked) or (not isinstance(has, dict | list) and str(has) == str(asked))


def unmet(expect: Expect, player: Player, language: str) -> list[str]:
    """What is not as expected in the end."""
    session = player.session
    if session is None:
        return [_("the flow never started")]
    frame = session.frames[0] if session.frames else None
    contact = {**player.contact["fields"], **{key: value for key, value in player.contact.items() if key != "fields"}}
    groups = {"vars": frame.vars if frame else {}, "results": session.results, "contact": contact}
    problems = _unlike(expect, player)
    for group, values in groups.items():
        for name, asked in getattr(expect, group).items():
            if not holds(values.get(name), asked):
                problems.append(_isnt(f"{group}.{name}", values.get(name), asked))
    incidents = [record for record in player.records if record.kind == "incident"]
    if [record.way for record in incidents] != list(expect.incidents):
        told = ", ".join(f"{record.way} ({record.step}: {record.value})" for record in incidents) or _("none")
        asked = ", ".join(expect.incidents) or _("none")
        problems.append(_("the incidents are {told}, not {asked}").format(told=told, asked=asked))
    return problems


def _unlike(expect: Expect, player: Player) -> list[str]:
    """Single things that were asked for and are otherwise."""
    session, handoff, end = player.session, player.handoff, player.end
    assert session is not None
    has: dict[str, Any] = {
        "outcome": session.outcome or None,
        "step": session.wait.step if session.wait else None,
        "tags": sorted(player.contact["tags"]),
        "handoff": (handoff.team or handoff.agent) if handoff else None,
        "note": handoff.note if handoff else None,
        "notified": [notice.text for notice in player.notices],
        "events": [record.way for record in player.records if record.kind == "event"],
        "closed": bool(end and end.close),
        "rated": bool(end and end.rate),
    }
    problems = []
    for name in has:
        if name not in expect.model_fields_set:
            continue
        asked = getattr(expect, name)
        if not _is_as(name, has[name], asked):
            problems.append(_isnt(name, has[name], asked))
    return problems


def _isnt(name: str, has: Any, asked: Any) -> str:
    return _("{name} is {given}, not {asked}").format(name=name, given=shown(has), asked=shown(asked))


def _is_as(name: str, has: Any, asked: Any) -> bool:
    match name:
        case "tags":
            return bool(has == sorted(asked or ()))
        case "note" if asked is not None:
            return has is not None and says(asked, has)
        case "notified":
            asked = asked or ()
            return len(has) == len(asked) and all(map(says, asked, has))
        case "events":
            return list(has) == list(asked or ())
    return bool(has == asked)


def shown(value: Any) -> str:
    """A value in a sentence."""
    if value is None:
        return _("nothing")
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(str, value)) + "]"
    return f'"{value}"' if isinstance(value, str) else str(value)
