"""What a step and its ways are called where there is little room: outlines, graphs, differences."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from pydantic import BaseModel
from wcwidth import wcswidth, wcwidth

from pytake_cli.flow.definition import Flow, Trigger
from pytake_cli.flow.positions import Path
from pytake_cli.flow.steps.step import Step, Way
from pytake_cli.flow.values import Text
from pytake_cli.text import clean

_WAYS = {"window_closed": "window closed", "skip": "unless", "next": "", "returned": "returned"}


def gist(step: Step, language: str) -> str:
    """A step in one line: its first words, or what it is about."""
    for spoken in step.spoken():
        return _one_line(spoken.text.pick(language).source)
    named = getattr(step, step.main, None) or getattr(step, f"{step.main}_", None) if step.main else None
    if named is not None:
        return _one_line(_short(named))
    own = [name for name in type(step).model_fields if name in step.model_fields_set and name not in Step.model_fields]
    return _one_line(" ".join(filter(None, (_short(getattr(step, name)) for name in own if name[:3] != "on_"))))


def _short(value: Any) -> str:
    match value:
        case None | bool():
            return ""
        case str() | int() | float():
            return str(value)
        case timedelta():
            return duration(value)
        case Text():
            return str(value.pick().source)
        case BaseModel():
            given = {name: getattr(value, name) for name in type(value).model_fields if name in value.model_fields_set}
            given.pop("goto", None)
            return " ".join(filter(None, (_short(each) for each in given.values())))
        case Mapping():
            return ", ".join(str(key) for key in value)
        case list() | tuple():
            return ", ".join(filter(None, (_short(each) for each in value)))
    return str(getattr(value, "source", ""))


def duration(span: timedelta) -> str:
    """As flow files write it: 1h30m."""
    seconds = int(span.total_seconds())
    days = seconds // 86400 if seconds >= 2 * 86400 else 0  # a day is 24h, as people say of windows
    parts = ((days, "d"), ((seconds - days * 86400) // 3600, "h"), (seconds // 60 % 60, "m"), (seconds % 60, "s"))
    return "".join(f"{count}{unit}" for count, unit in parts if count) or "0s"


def way_label(way: Way) -> str:
    """What is written on an arrow; nothing on the plain one to the next step."""
    if way.kind == "choice" and way.label:
        return f"[{way.label}]"
    return _WAYS.get(way.kind, f"{way.kind} {way.label}".strip())


def entrance_label(flow: Flow, path: Path) -> str:
    """`start`, `on menu, voltar`, `on_expire`, `on_error`."""
    if path[0] == "on" and isinstance(path[1], int):
        return f"on {', '.join(flow.on[path[1]].keyword)}"
    return str(path[0])


def trigger_label(trigger: Trigger) -> str:
    """`keyword agendar, marcar consulta`, `new_contact`, `ad 1234`."""
    if trigger.keyword:
        mode = "" if trigger.mode == "whole" else f" ({trigger.mode})"
        return f"keyword {', '.join(trigger.keyword)}{mode}"
    for name in ("ad", "button"):
        if (value := getattr(trigger, name)) is not None:
            return f"{name} {value}"
    return next((name for name in ("new_contact", "new_conversation", "any") if getattr(trigger, name)), "")


def clip(shown: str, width: int) -> str:
    """At most `width` columns of a terminal, with … where it is cut."""
    shown = clean(shown, newlines=False)
    if wcswidth(shown) <= width:
        return shown
    kept, used = "", 0
    for char in shown:
        used += max(wcwidth(char), 0)
        if used > width - 1:
            break
        kept += char
    return f"{kept.rstrip()}…" if width > 0 else ""


def _one_line(shown: str) -> str:
    return " ".join(clean(shown, newlines=False).split())
