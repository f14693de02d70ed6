"""Typebot's logic: variables, conditions, jumps, waits, tests, scripts."""

from __future__ import annotations

from pytake_cli.flow.imports import names
from pytake_cli.flow.imports.draft import Fields
from pytake_cli.flow.imports.given import Given, number, table, tables, text
from pytake_cli.flow.imports.pieces import MARK, NotCarried, Piece, filtered, joined, marked, written
from pytake_cli.flow.imports.typebot_graph import Block, Bot, lost_expression
from pytake_cli.flow.imports.typebot_texts import compared, value
from pytake_cli.flow.problems import Phrase

_MOST_SECONDS = 30 * 24 * 3600
_KNOWN = {
    "Empty": "none",
    "Today": "today",
    "Now": "now",
    "Yesterday": "today | add(days=-1)",
    "Tomorrow": "today | add(days=1)",
    "Phone number": "contact.phone",
    "Contact name": "contact.name",
    "User ID": "contact.id",
    "Environment name": "'whatsapp'",
}


def assign(bot: Bot, block: Block) -> None:
    """Sets a variable."""
    name = bot.write(block.options.get("variableId"))
    if not name:
        block.item.unused(Phrase("it sets no variable"))
        block.item.step = ""
        bot.alias(block, block.then)
        return
    bot.draft.steps[block.step] = {"set": {"vars": {name: _value(bot, block, name)}}, "next": block.then}


def _value(bot: Bot, block: Block, name: str) -> str:
    kind = text(block.options, "type") or "Custom"
    source = text(block.options, "expressionToEvaluate")
    if kind in _KNOWN:
        return _KNOWN[kind]
    if kind == "Append value(s)":
        return _appended(bot, block, name, text(block.options, "item"))
    if kind not in ("Custom", ""):
        block.item.lost(Phrase('there is nothing like "{kind}" here'), kind=kind)
        return marked(kind).text
    try:
        if block.options.get("isCode") is True and not source.strip():
            raise NotCarried("javascript")
        found = value(source, bot.resolve)
    except NotCarried:
        return lost_expression(block.item, "javascript").text
    if isinstance(found, Piece):
        return found.text
    return found if "{{" in found else written([Piece(_quoted(found))])


def _quoted(words: str) -> str:
    from pytake_cli.flow.imports.pieces import quoted

    return quoted(words).text


def _appended(bot: Bot, block: Block, name: str, given: str) -> str:
    found = bot.compared(given)
    if found is None:
        return lost_expression(block.item, "append").text
    base = filtered(Piece(f"vars.{name}"), "default", Piece("[]"))
    return f"({base.text}) + [{found.text}]"


def condition(bot: Bot, block: Block) -> None:
    """The first condition that is true leads; one without a way leads to the next block."""
    cases: list[Fields] = []
    for item in tables(block.data, "items"):
        when = when_of(bot, block, table(item, "content"))
        cases.append({"when": when.text, "goto": bot.target(item.get("outgoingEdgeId")) or block.after})
    if not cases:
        block.item.unused(Phrase("it has no condition"))
        block.item.step = ""
        bot.alias(block, block.then)
        return
    bot.draft.steps[block.step] = {"switch": cases, "else": block.then}


def when_of(bot: Bot, block: Block, content: Given) -> Piece:
    """Comparisons as an expression."""
    found = [_comparison(bot, block, each) for each in tables(content, "comparisons")]
    if not found:
        return Piece("true", type="boolean")
    return joined("or" if text(content, "logicalOperator") == "OR" else "and", found)


def _comparison(bot: Bot, block: Block, given: Given) -> Piece:
    operator = text(given, "comparisonOperator")
    left = bot.read(given.get("variableId"))
    if left is None or not operator:
        block.item.changed(Phrase("a comparison that is not complete is never true"))
        return Piece("false", type="boolean")
    try:
        return compared(operator, left, bot.compared(text(given, "value")))
    except NotCarried as lost:
        block.item.lost(Phrase("conditions here cannot say: {what}"), what=lost.what)
        return marked(lost.what)


def jump(bot: Bot, block: Block) -> None:
    """Goes on elsewhere."""
    target = bot.places.get(text(block.options, "blockId")) or bot.entries.get(text(block.options, "groupId"))
    if target is None:
        block.item.unused(Phrase("it leads nowhere"))
    block.item.step = ""
    bot.alias(block, target or block.then)


def wait(bot: Bot, block: Block) -> None:
    """Lets seconds pass."""
    given = text(block.options, "secondsToWaitFor").strip()
    seconds = number(given)
    if seconds is not None and 1 <= seconds <= _MOST_SECONDS:
        bot.draft.steps[block.step] = {"wait": f"{round(seconds)}s", "next": block.then}
    elif seconds is not None or not given:
        block.item.changed(Phrase("it does not wait: less than a second, or more than 30 days"))
        block.item.step = ""
        bot.alias(block, block.then)
    else:
        block.item.lost(Phrase("how long it waits cannot be computed here: {given}"), given=given)
        bot.draft.steps[block.step] = {"wait": {"until": f"{MARK}.wait"}, "next": block.then}


def split(bot: Bot, block: Block) -> None:
    """An A/B test."""
    percent = number(block.options.get("aPercent"))
    share = 50 if percent is None else max(0, min(100, round(percent)))
    ways = {text(item, "path").lower(): bot.target(item.get("outgoingEdgeId")) for item in tables(block.data, "items")}
    shares = [("a", share), ("b", 100 - share)]
    bot.draft.steps[block.step] = {
        "split": [{"weight": weight, "goto": ways.get(name) or block.after, "name": name} for name, weight in shares]
    }
    block.item.changed(Phrase("a contact always goes the same way"))


def script(bot: Bot, block: Block) -> None:
    """JavaScript, which nothing here runs."""
    block.item.lost(Phrase("it is a script: write it as a function and call it with `code`, or take it out"))
    bot.draft.unfit(block.item, block.step, block.then, f"{MARK}.javascript")


def link(bot: Bot, block: Block) -> None:
    """Another bot, walked as a part of this one; the same bot is a jump."""
    other = text(block.options, "typebotId")
    if other in ("", "current", text(bot.export, "id")):
        jump(bot, block)
        return
    flow = names.word(other, "flow", "-")
    block.item.changed(Phrase("it calls the flow {flow}: import that bot too, with --name {flow}"), flow=flow)
    if text(block.options, "groupId"):
        block.item.changed(Phrase("the other flow begins at its start"))
    bot.draft.steps[block.step] = {"call": flow, "next": block.then}


def listen(bot: Bot, block: Block) -> None:
    """Waits until somebody calls an address."""
    found: Fields = {"signal": names.word(block.step, "signal", "-")}
    save = next((bot.write(each.get("variableId")) for each in tables(block.options, "responseVariableMapping")), "")
    if save:
        found["save"] = save
        bot.draft.vars[save] = "object"
    block.item.changed(Phrase("it waits for a signal: pytake flow signal, or POST /api/v1/flows/signals/TOKEN"))
    bot.draft.steps[block.step] = found | {"next": block.then}


def leave(bot: Bot, block: Block) -> None:
    """Ends here."""
    bot.draft.steps[block.step] = {"end": None}
