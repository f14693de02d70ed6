"""Typebot's inputs: each becomes a question that reads, checks and keeps the answer."""

from __future__ import annotations

from typing import Any

from pytake_cli.flow.imports import names
from pytake_cli.flow.imports.draft import SUFFIX, Fields
from pytake_cli.flow.imports.given import Given, number, table, tables, text, whole
from pytake_cli.flow.imports.typebot_graph import Block, Bot
from pytake_cli.flow.limits import LIMITS
from pytake_cli.flow.problems import Phrase

_EXPECT = {
    "text input": "text",
    "number input": "number",
    "email input": "email",
    "phone number input": "phone",
    "time input": "time",
    "file input": "file",
}
_URL = r"(?:https?://)?[^\s/]+\.[^\s]{2,}"


def typed(bot: Bot, block: Block) -> None:
    """An answer that is typed, or sent as a file."""
    options = block.options
    fields = _question(bot, block, _EXPECT[block.kind])
    if block.kind == "number input":
        for key in ("min", "max"):
            found = number(options.get(key))
            if found is not None:
                fields[key] = found
        if options.get("step") not in (None, "", 1, "1"):
            block.item.changed(Phrase("any number between is taken: steps are not carried over"))
    if block.kind == "phone number input" and len(country := text(options, "defaultCountryCode")) == 2:
        fields["country"] = country.upper()
    if block.kind == "file input":
        _file(block)
    _retry(bot, block, fields)
    bot.draft.steps[block.step] = fields


def _file(block: Block) -> None:
    if block.options.get("isMultipleAllowed") is True:
        block.item.changed(Phrase("it takes one file, not several"))
    if block.options.get("isRequired") is False:
        block.item.changed(Phrase("the file cannot be left out"))


def url(bot: Bot, block: Block) -> None:
    """An address of a page."""
    fields = _question(bot, block, "regex") | {"pattern": _URL}
    _retry(bot, block, fields)
    bot.draft.steps[block.step] = fields


def date(bot: Bot, block: Block) -> None:
    """A day, with or without its time; a range of days is typed as text."""
    if block.options.get("isRange") is True:
        block.item.changed(Phrase("a range of days is taken as it is typed"))
        bot.draft.steps[block.step] = _question(bot, block, "text")
        return
    fields = _question(bot, block, "datetime" if block.options.get("hasTime") is True else "date")
    if block.options.get("min") or block.options.get("max"):
        block.item.changed(Phrase("any date is taken: the least and the greatest are not carried over"))
    bot.draft.steps[block.step] = fields


def rating(bot: Bot, block: Block) -> None:
    """A number from the first to the last star, typed."""
    options, labels = block.options, table(block.options, "labels")
    least = 0 if text(options, "buttonType") == "Numbers" and whole(options.get("startsAt")) in (None, 0) else 1
    most = whole(options.get("length")) or 10
    fields = _question(bot, block, "number") | {"min": least, "max": most}
    sides = [(least, text(labels, "left")), (most, text(labels, "right"))]
    said = [f"{place} = {bot.words(block, label)}" for place, label in sides if label]
    fields[SUFFIX] = ", ".join(said) if said else f"({least}–{most})"
    block.item.changed(Phrase("it is a number from {least} to {most}, typed"), least=least, most=most)
    bot.draft.steps[block.step] = fields


def choice(bot: Bot, block: Block) -> None:
    """Buttons, pictures or cards to choose from, one or several."""
    several = block.options.get("isMultipleChoice") is True
    fields = _question(bot, block, "multi" if several else "")
    dynamic = bot.read(block.options.get("dynamicVariableId"))
    if dynamic is not None:
        fields["choices_from"] = dynamic.text
        block.item.changed(Phrase("its buttons come from a variable, which must hold a list"))
    else:
        found = _choices(bot, block, several)
        if not found:
            fields["expect"] = "text"
            block.item.changed(Phrase("it has no buttons: any answer is taken"))
        else:
            fields["choices"] = found
    bot.draft.steps[block.step] = fields


def _choices(bot: Bot, block: Block, several: bool) -> Fields:
    found: Fields = {}
    titles: set[str] = set()
    for item in tables(block.data, "items"):
        label = (text(item, "content") or text(item, "title") or text(item, "value")).strip()
        if not label:
            block.item.changed(Phrase("a button without words is left out"))
            continue
        saved = text(item, "value").strip() or label
        ident = names.choice(saved, found)
        if ident != saved:
            bot.choices[saved] = ident
            block.item.changed(Phrase('"{saved}" is kept as "{ident}"'), saved=saved, ident=ident)
        entry = _entry(bot, block, label, text(item, "description"), titles)
        target = bot.target(item.get("outgoingEdgeId")) if not several else ""
        if target and target != block.then:
            entry["goto"] = target
        found[ident] = entry if len(entry) > 1 else entry["title"]
        _told(block, item, several)
    return found


def _entry(bot: Bot, block: Block, label: str, description: str, titles: set[str]) -> Fields:
    """Title and description within Meta's limits: words that are too long for the title go on below it."""
    most = LIMITS["row_title"]
    words = bot.words(block, label)
    if "{{" not in words and len(words) > most:
        block.item.changed(Phrase('"{label}" is longer than a button: it goes on below'), label=label)
        description = description or words
        words = words[: most - 1].rstrip() + "…"
    words = _unlike(words, titles, most)
    titles.add(words.casefold())
    entry: Fields = {"title": words}
    if description:
        below = bot.words(block, description)
        limit = LIMITS["row_description"]
        entry["description"] = below if len(below) <= limit or "{{" in below else below[: limit - 1] + "…"
        if entry["description"] != below:
            block.item.changed(Phrase('"{label}" is cut to {most} characters'), label=below, most=limit)
    return entry


def _unlike(words: str, titles: set[str], most: int) -> str:
    """The title, with a number behind it if another looks the same."""
    number, made = 1, words
    while made.casefold() in titles:
        number += 1
        made = f"{words[: most - 4].rstrip()} {number}"
    return made


def _told(block: Block, item: Given, several: bool) -> None:
    if table(item, "displayCondition").get("isEnabled") is True:
        block.item.changed(Phrase("a button that had a condition is always shown"))
    if text(item, "pictureSrc") or text(item, "imageUrl"):
        block.item.changed(Phrase("the buttons have no pictures"))
    if several and item.get("outgoingEdgeId"):
        block.item.changed(Phrase("a button of several cannot have a way of its own"))


def _question(bot: Bot, block: Block, expect: str) -> Fields:
    """A question without words: they come from the step before it."""
    fields: dict[str, Any] = {"ask": ""}
    if expect and expect != "text":
        fields["expect"] = expect
    save = bot.write(block.options.get("variableId"))
    if save:
        fields["save"] = save
    placeholder = text(table(block.options, "labels"), "placeholder").strip()
    if placeholder:
        fields["placeholder"] = bot.words(block, placeholder)
    return fields | {"next": block.then}


def _retry(bot: Bot, block: Block, fields: Fields) -> None:
    again = text(block.options, "retryMessageContent").strip()
    if again:
        fields["invalid"] = bot.words(block, again)


def by_hand(bot: Bot, block: Block) -> None:
    """An input that WhatsApp has nothing like."""
    block.item.lost(Phrase("there is nothing like it here: the conversation goes to people, and on when they are done"))
    bot.draft.by_hand(block.item, block.step, block.then)
