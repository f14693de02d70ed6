"""A campaign as the text of its file: for `campaign new` and `campaign clone`."""

from __future__ import annotations

import io
from datetime import timedelta, tzinfo
from typing import Any

from ruamel.yaml import YAML

from pytake_cli.policy.campaigns import Arm, Definition


def yaml_text(definition: Definition, tz: tzinfo) -> str:
    """The file that reads as this campaign."""
    yaml = YAML()
    yaml.width = 120
    stream = io.StringIO()
    yaml.dump(plain(definition, tz), stream)
    return stream.getvalue()


def plain(definition: Definition, tz: tzinfo) -> dict[str, Any]:
    """The keys of a campaign file, in the order of the reference; what is as by default is left out."""
    found: dict[str, Any] = {"name": definition.name, "number": definition.number, **_sent(definition)}
    audience = definition.audience
    found["audience"] = {audience.kind: audience.text or True}
    found["values"] = dict(definition.values)
    found["consent"] = definition.consent
    found["at"] = f"{definition.at.astimezone(tz):%Y-%m-%d %H:%M}" if definition.at else None
    found["rate"] = definition.rate
    if quiet := definition.quiet:
        found["quiet_hours"] = f"{quiet.start:%H:%M}-{quiet.end:%H:%M}"
        found["tz"] = quiet.zone if quiet.zone != "contact" else None
    found["max_cost"] = str(definition.max_cost) if definition.max_cost else None
    found["max_recipients"] = definition.max_recipients
    if cap := definition.cap:
        found["frequency_cap"] = {"messages": cap.messages, "days": cap.days} if cap.messages else "none"
    if canary := definition.canary:
        found["canary"] = {"size": canary.size, "wait": duration(canary.wait)}
    found["skip_open_conversations"] = None if definition.skip_open_conversations else False
    found["on_missing"] = definition.on_missing if definition.on_missing != "skip" else None
    found["recurrence"] = dict(definition.recurrence) if definition.recurrence else None
    found["drip"] = [_later(each) for each in definition.drip]
    return {key: value for key, value in found.items() if value not in (None, "", {}, [])}


def duration(span: timedelta) -> str:
    """`5m`, `2d`, `1h30m`."""
    left = round(span.total_seconds())
    text = ""
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)):
        count, left = divmod(left, size)
        text += f"{count}{unit}" if count else ""
    return text or "0s"


def _sent(definition: Definition) -> dict[str, Any]:
    if definition.flow:
        return {"flow": definition.flow}
    holdout = {"holdout": definition.holdout or None}
    if len(definition.arms) == 1 and not definition.arms[0].name:
        return {"template": definition.arms[0].template, "language": definition.arms[0].language, **holdout}
    return {"arms": [_arm(each) for each in definition.arms], **holdout}


def _arm(arm: Arm) -> dict[str, Any]:
    told = {"name": arm.name, "template": arm.template, "language": arm.language, "share": arm.share}
    return {key: value for key, value in {**told, "values": dict(arm.values)}.items() if value}


def _later(drip: Any) -> dict[str, Any]:
    told = {"after": duration(drip.after), "template": drip.template, "language": drip.language}
    told |= {"values": dict(drip.values), "unless_replied": None if drip.unless_replied else False}
    return {key: value for key, value in told.items() if value not in (None, "", {})}
