"""Converts an export of Typebot (versions 3 to 6) to a flow."""

from __future__ import annotations

from collections.abc import Callable

from pytake_cli.errors import InvalidData
from pytake_cli.flow.imports import names
from pytake_cli.flow.imports import typebot_bubbles as bubbles
from pytake_cli.flow.imports import typebot_calls as calls
from pytake_cli.flow.imports import typebot_inputs as inputs
from pytake_cli.flow.imports import typebot_logic as logic
from pytake_cli.flow.imports.draft import Draft
from pytake_cli.flow.imports.finished import finished
from pytake_cli.flow.imports.given import Given, items, table, tables, text, whole
from pytake_cli.flow.imports.pieces import MARK
from pytake_cli.flow.imports.report import Imported
from pytake_cli.flow.imports.typebot_graph import Block, Bot
from pytake_cli.flow.problems import Phrase

MAX_BLOCKS = 2000
_MODES = {"Equal to": "whole", "Contains": "contains", "Starts with": "starts", "Matches regex": "regex"}

BLOCKS: dict[str, Callable[[Bot, Block], None]] = {
    "text": bubbles.words,
    "image": bubbles.media,
    "video": bubbles.media,
    "audio": bubbles.media,
    "embed": bubbles.page,
    "text input": inputs.typed,
    "number input": inputs.typed,
    "email input": inputs.typed,
    "url input": inputs.url,
    "date input": inputs.date,
    "time input": inputs.typed,
    "phone number input": inputs.typed,
    "choice input": inputs.choice,
    "picture choice input": inputs.choice,
    "cards input": inputs.choice,
    "rating input": inputs.rating,
    "file input": inputs.typed,
    "payment input": inputs.by_hand,
    "Set variable": logic.assign,
    "Condition": logic.condition,
    "Redirect": bubbles.redirect,
    "Code": logic.script,
    "Typebot link": logic.link,
    "Wait": logic.wait,
    "Jump": logic.jump,
    "AB test": logic.split,
    "webhook": logic.listen,
    "Return": logic.leave,
    "Webhook": calls.http,
    "Make.com": calls.http,
    "Zapier": calls.http,
    "Pabbly": calls.http,
    "OpenAI": calls.model,
    "openai": calls.model,
    "anthropic": calls.model,
    "mistral": calls.model,
    "open-router": calls.model,
    "together-ai": calls.model,
    "groq": calls.model,
    "deepseek": calls.model,
    "perplexity": calls.model,
    "Email": calls.mail,
    "Google Analytics": calls.mark,
    "Pixel": calls.mark,
    "segment": calls.mark,
    "posthog": calls.mark,
    "Chatwoot": calls.people,
}


def convert(export: object, *, name: str = "", language: str = "pt-BR") -> list[Imported]:
    """The flow of an export, with its report; InvalidData when it is none. Blocks of no kind we know are lost."""
    export = _modern(export)
    if not tables(export, "groups"):
        raise InvalidData(
            "PT-FLOW-IMPORT",
            "this is no export of Typebot",
            why="it has no groups of blocks",
            fix="in Typebot: … next to the bot's name, Export flow",
        )
    count = sum(len(tables(group, "blocks")) for group in tables(export, "groups"))
    if count > MAX_BLOCKS:
        raise InvalidData(
            "PT-FLOW-IMPORT",
            "the export has {count} blocks, and {most} are the most",
            fix="export fewer flows at once",
            count=count,
            most=MAX_BLOCKS,
        )
    title = text(export, "name").strip()[:200]
    draft = Draft(name or names.word(title, "typebot", "-"), title, language)
    bot = Bot.of(export, draft)
    blocks = bot.blocks()
    for block in sorted(blocks, key=lambda each: each.kind not in ("choice input", "picture choice input")):
        BLOCKS.get(block.kind, calls.unknown)(bot, block)
    _events(bot)
    _triggers(bot)
    return finished([draft])


def _modern(export: object) -> Given:
    """The export with groups of blocks; the oldest ones call them blocks of steps."""
    if not isinstance(export, dict):
        return {}
    if tables(export, "groups") or not any("steps" in each for each in tables(export, "blocks")):
        return export
    groups = [{**each, "blocks": items(each, "steps")} for each in tables(export, "blocks")]
    edges = []
    for edge in tables(export, "edges"):
        to = table(edge, "to")
        edges.append({**edge, "to": {"groupId": to.get("blockId"), "blockId": to.get("stepId")}})
    return {**export, "groups": groups, "edges": edges}


def _events(bot: Bot) -> None:
    """Where it begins; commands that interrupt it."""
    draft = bot.draft
    starts = [each for each in tables(bot.export, "events") if text(each, "type") == "start"]
    starts += [
        each
        for group in tables(bot.export, "groups")
        for each in tables(group, "blocks")
        if text(each, "type") == "start"
    ]
    if starts:
        draft.start = bot.target(starts[0].get("outgoingEdgeId")) or "end"
    else:
        draft.start = next(iter(bot.entries.values()), "end")
        draft.item("start").changed(Phrase("the export does not say where it starts: with its first group"))
    for event in tables(bot.export, "events"):
        if text(event, "type") not in ("start", ""):
            _event(bot, event)


def _event(bot: Bot, event: Given) -> None:
    draft, options = bot.draft, table(event, "options")
    item = draft.item(f"{text(event, 'type')} event", text(event, "id"), text(options, "command"))
    target, command = bot.target(event.get("outgoingEdgeId")), text(options, "command").strip()
    if not target:
        item.unused(Phrase("it leads nowhere"))
    elif text(event, "type") == "command" and command:
        draft.header.setdefault("on", []).append({"keyword": [command], "goto": target})
        if options.get("resumeAfter") is True:
            item.changed(Phrase("the question that it left is not asked again"))
    else:
        item.lost(Phrase("only commands interrupt a flow"))
        draft.before_start(item, f"{MARK}.event")


def _triggers(bot: Bot) -> None:
    """What starts it on WhatsApp."""
    draft, whatsapp = bot.draft, table(bot.export, "settings", "whatsApp")
    hours = whole(whatsapp.get("sessionExpiryTimeout"))
    if hours and 0 < hours <= 720:
        draft.header["expires"] = f"{hours}h"
    condition = table(whatsapp, "startCondition")
    found = []
    for comparison in tables(condition, "comparisons"):
        mode, words = _MODES.get(text(comparison, "comparisonOperator")), text(comparison, "value").strip()
        item = draft.item("start condition", text(comparison, "id"), words)
        single = len(tables(condition, "comparisons")) == 1 or text(condition, "logicalOperator") == "OR"
        if mode is None or not words or not single:
            item.lost(Phrase("triggers here listen for one word each"))
            draft.before_start(item, f"{MARK}.trigger")
        else:
            found.append({"keyword": [words], **({} if mode == "whole" else {"mode": mode})})
    if found:
        draft.header["triggers"] = found
    elif not tables(condition, "comparisons"):
        draft.item("start condition").changed(
            Phrase("nothing starts it yet: give it triggers, or call it from another flow")
        )
