"""A plan as people read it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from pytake_cli.cli import forms, schedule_words
from pytake_cli.cli.context import context
from pytake_cli.cli.output import mark
from pytake_cli.locale import _, number
from pytake_cli.policy.audience import REASONS
from pytake_cli.telling import texts
from pytake_cli.text import clean

if TYPE_CHECKING:
    from pytake_cli.store.campaigns import Plan

LABEL = 11  # columns
WORDS = tuple(REASONS.values())


def page(plan: Plan) -> str:
    """The plan, a line a fact."""
    lines = [clean(f"{plan.id}  {plan.name}  {plan.content['number']}")]
    for label, text in _facts(plan.content):
        first, *rest = clean(text).split("\n")
        lines.append(f"{label:<{LABEL}}{first}".rstrip())
        lines += [f"{'':<{LABEL}}{line}".rstrip() for line in rest]
    return "\n".join(lines) + "\n"


def warning(found: dict[str, Any]) -> str:
    """A warning in one line."""
    from pytake_cli.services import campaign_checks

    message, why, fix = texts(campaign_checks.of_json(found))
    told = message + (f" ({why})" if why else "") + (f": {fix}" if fix else "")
    return f"{mark('warn')} {told}"


def _facts(content: dict[str, Any]) -> Iterator[tuple[str, str]]:
    counted = {"recipients": number(content["recipients"]), "audience": number(content["audience"])}
    yield _("people"), _("{recipients} of {audience}").format(**counted)
    label = _("left out")
    for each in content["exclusions"]:
        yield label, f"{number(each['count'])}  {each['reason']}: {_(REASONS[each['reason']])}"
        label = ""
    if file := content.get("file"):
        yield _("file"), _file(file)
    for each in content["arms"] if len(content["arms"]) > 1 else ():
        yield _("arm"), f"{each['arm']}  {number(each['recipients'])}"
    for each in content["templates"]:
        told = (each["name"], each["language"], each["category"], each["status"], each["quality"])
        yield _("template"), " ".join(told)
    yield _("cost"), _cost(content["cost"])
    yield _("limit"), _quota(content["quota"])
    yield _("takes"), _duration(content["duration"])
    if times := coming(content):
        yield _("recurs"), times + "\n" + _("each run is planned anew, for who is there then, at a cost of its own")
    for each in content["duration"].get("later", ()):
        span = forms.duration(timedelta(seconds=each["after"]))
        starts, ends = _span(each)
        words = {"template": each["template"], "span": span, "starts": starts, "ends": ends}
        if each["unless_replied"]:
            yield _("then"), _("{template}, {span} later: {starts} to {ends}, unless they answer").format(**words)
        else:
            yield _("then"), _("{template}, {span} later: {starts} to {ends}").format(**words)
    for each in content["samples"]:
        yield _("sample"), f"{clean(each['name'], newlines=False)}\n{each['text']}"


def coming(content: dict[str, Any]) -> str:
    """The next times of a plan that recurs; nothing for one that does not."""
    if not (found := content.get("recurrence")):
        return ""
    times = [schedule_words.day_and_time(datetime.fromisoformat(each), found["tz"]) for each in found["coming"][:4]]
    return ", ".join(times if len(times) < 4 else [*times[:3], "…"])


def _file(found: dict[str, Any]) -> str:
    told = _("{rows} rows: {people} people, {strangers} nobody you know, {repeated} repeated, {unreadable} unreadable")
    text = told.format(**{name: number(value) for name, value in found.items() if isinstance(value, int)})
    if found["strangers"]:
        text += "\n" + _("who is no contact gets nothing: pytake contact import FILE, with their consent")
    return text


def _cost(cost: dict[str, Any]) -> str:
    if cost["max"] is None:
        return _("unknown: a flow sends what it decides to")
    least, most = (forms.money(cost[name]["amount"], cost[name]["currency"]) for name in ("min", "max"))
    text = _("at most {most}").format(most=most) if least == most else f"{least} – {most}"
    text += "  " + _("estimate, prices of {date}").format(date=cost["price_date"] or "—")
    if cost["unknown_markets"]:
        text += "\n" + _("no price for {markets}").format(markets=", ".join(cost["unknown_markets"]))
    return text


def _quota(quota: dict[str, Any]) -> str:
    if quota["room"] is None:
        return _("none: {used} people in the last 24 h").format(used=number(quota["used_24h"]))
    told = _("{limit} people in 24 h, {used} used: room for {room}")
    named = {name: number(quota[key]) for name, key in (("limit", "limit"), ("used", "used_24h"), ("room", "room"))}
    return told.format(**named) + ("" if quota["tier"] else "  " + _("(assumed)"))


def _duration(duration: dict[str, Any]) -> str:
    if duration["ends"] is None:
        return _("nobody can tell")
    starts, ends = _span(duration)
    span = forms.duration(timedelta(seconds=duration["seconds"]))
    return _("{span}: {starts} to {ends}").format(span=span, starts=starts, ends=ends)


def _span(told: dict[str, Any]) -> list[str]:
    return [forms.local(datetime.fromisoformat(told[name]), context().tz) for name in ("starts", "ends")]
