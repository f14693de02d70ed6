"""RapidPro's messages: words, files, quick replies, templates."""

from __future__ import annotations

import re
from typing import Any

from pytake_cli.flow.imports import names
from pytake_cli.flow.imports.draft import Fields
from pytake_cli.flow.imports.given import Given, items, table, text, texts
from pytake_cli.flow.imports.pieces import MARK
from pytake_cli.flow.imports.rapidpro_expressions import template
from pytake_cli.flow.imports.rapidpro_journey import Journey
from pytake_cli.flow.imports.report import Item
from pytake_cli.flow.limits import LIMITS
from pytake_cli.flow.problems import Phrase

_CAPTIONED = ("image", "video", "document")
_GEO = re.compile(r"geo:(-?\d{1,3}(?:\.\d{1,9})?),(-?\d{1,3}(?:\.\d{1,9})?)")
_KINDS = {"image": "image", "video": "video", "audio": "audio", "application": "document", "document": "document"}


def send(journey: Journey, action: Given, item: Item, step: str, then: str) -> None:
    """A message: its files each in one of their own, the first with the words below it."""
    words = journey.words(action, "text", text(action, "text"), item) if text(action, "text").strip() else None
    files = [_file(each, item) for each in texts(action, "attachments")]
    choices = _choices(journey, action, item)
    name, variables = _template(action)
    if action.get("all_urns") is True:
        item.changed(Phrase("it is sent once, on WhatsApp"))
    if words is None and not files:
        item.unused(Phrase("it says nothing"))
        journey.alias(item, step, then)
        return
    last = files[1:] if words is None or (files and files[0][0] in _CAPTIONED) else files
    if words is None and files[0][0] == "lost":
        words, last = f"{{{{ {MARK}.attachment }}}}", files[1:]
    first: Fields = {"say": words}
    if files and len(last) < len(files) and files[0][0] != "lost":
        first[files[0][0]] = files[0][1]
    if choices:
        first["choices"] = choices
    if name:
        first["on_window_closed"] = _outside(journey, item, step, then, name, variables)
    journey.draft.steps[step] = first
    for kind, url in last:
        more = journey.draft.take(f"{step}_{kind}")
        journey.draft.steps[step]["next"] = more
        journey.draft.steps[more] = {"say": None, kind: url}
        if kind == "lost":
            journey.draft.unfit(item, more, then, f"{MARK}.attachment")
        step = more
    journey.draft.steps[step]["next"] = then


def _file(given: str, item: Item) -> tuple[str, Any]:
    """(kind, address) of `image/jpeg:https://…`, ("location", place) of `geo:…`, ("lost", "") of any other."""
    place = _GEO.fullmatch(given.strip())
    if place:
        return "location", {"latitude": float(place[1]), "longitude": float(place[2])}
    kind, _, url = given.partition(":")
    found = _KINDS.get(kind.split("/")[0].strip().lower())
    url = template(url.strip(), item)
    if url.startswith("http://"):
        url = "https://" + url.removeprefix("http://")
        item.changed(Phrase("its address begins with https:// now, which Meta asks for"))
    if found is None or not url.startswith(("https://", "{{")):
        item.lost(Phrase("a file of this kind cannot be sent: {given}"), given=given)
        return "lost", ""
    return found, url


def _choices(journey: Journey, action: Given, item: Item) -> Fields:
    """Quick replies as choices; their words are what the router behind them reads."""
    others = {
        ours: [
            _title(each)
            for each in items(table(journey.flow, "localization", code, text(action, "uuid")), "quick_replies")
        ]
        for code, ours in journey.spoken.items()
    }
    found: Fields = {}
    for number, given in enumerate(items(action, "quick_replies")):
        title = _title(given)
        if not title:
            item.lost(Phrase("a quick reply of this kind cannot be sent"))
            found[names.choice("?", found)] = f"{{{{ {MARK}.quick_reply }}}}"
            continue
        by_language = {journey.draft.language: title} | {
            ours: each[number] for ours, each in others.items() if number < len(each) and each[number]
        }
        made = {ours: _short(template(each, item), item) for ours, each in by_language.items()}
        ident = names.choice(title.replace("@", "").replace("{", ""), found)
        found[ident] = made if len(made) > 1 else made[journey.draft.language]
    return found


def _title(given: Any) -> str:
    """`"Yes"`, or `{"type": "text", "text": "Yes"}`, or with what stands behind it: `Yes\\nmore`."""
    found = text(given) if not isinstance(given, dict) else text(given, "text")
    return found.split("\n")[0].strip()


def _short(title: str, item: Item) -> str:
    most = LIMITS["row_title"]
    if len(title) <= most or "{{" in title:
        return title
    item.changed(Phrase('"{label}" is cut to {most} characters'), label=title, most=most)
    return title[: most - 1].rstrip() + "…"


def _template(action: Given) -> tuple[str, list[str]]:
    """(name, parameters) of the template that is sent when the window is closed."""
    templating = table(action, "templating")
    found = table(templating, "template") or table(action, "template")
    variables = texts(templating, "variables") or texts(action, "template_variables")
    for part in items(templating, "components"):
        variables += texts(part, "params")
    return text(found, "name"), variables


def _outside(journey: Journey, item: Item, step: str, then: str, name: str, variables: list[str]) -> str:
    """The step that sends the template."""
    made = journey.draft.take(f"{step}_template")
    params = [template(each, item) for each in variables]
    fields: Fields = {"template": names.word(name, "template")}
    journey.draft.steps[made] = fields | ({"params": params} if params else {}) | {"next": then}
    item.changed(Phrase("the template {name} is sent when the 24-hour window is closed"), name=fields["template"])
    return made


def broadcast(journey: Journey, action: Given, item: Item, step: str, then: str) -> None:
    """A message to other people, which a flow does not send."""
    item.lost(Phrase("a flow talks to its own contact only"))
    journey.draft.unfit(item, step, then, "not_carried_over.broadcast")


def spoken(journey: Journey, action: Given, item: Item, step: str, then: str) -> None:
    """What was said in a call."""
    item.changed(Phrase("it was said in a call, and is a message now"))
    send(journey, action, item, step, then)


def played(journey: Journey, action: Given, item: Item, step: str, then: str) -> None:
    """A sound that was played in a call."""
    item.changed(Phrase("it was said in a call, and is a message now"))
    url = text(action, "audio_url")
    send(journey, {"uuid": text(action, "uuid"), "attachments": [f"audio:{url}"]}, item, step, then)
