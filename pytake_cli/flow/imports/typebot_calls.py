"""Typebot's integrations: HTTP, models, mail, people, statistics; of others only a note is left."""

from __future__ import annotations

import json
import re
from typing import Any

from pytake_cli.flow.checks.outside import SECRET_HEADERS
from pytake_cli.flow.imports import names
from pytake_cli.flow.imports.draft import Fields
from pytake_cli.flow.imports.given import Given, items, table, tables, text, whole
from pytake_cli.flow.imports.pieces import MARK
from pytake_cli.flow.imports.typebot_graph import Block, Bot
from pytake_cli.flow.problems import Phrase

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD")
_JSON_PATH = re.compile(r"\$?[\w-]+(\.[\w-]+|\[\d{1,4}\])*")
_MAIL = re.compile(r"[^\s@{}]{1,64}@[^\s@{}]{1,120}")


def http(bot: Bot, block: Block) -> None:
    """A call to an address; Typebot goes on when it fails, and so does this."""
    hook = table(block.options, "webhook") or table(block.data, "webhook") or _beside(bot, block)
    url = bot.words(block, text(hook, "url").strip())
    if not url:
        block.item.unused(Phrase("it has no address"))
        block.item.step = ""
        bot.alias(block, block.then)
        return
    method = text(hook, "method").upper()
    fields: Fields = {"http": url, "method": method if method in METHODS else "POST"}
    if not url.startswith(("https://", "http://", "{{")):
        fields["http"] = "https://" + url
    query = {
        key: bot.words(block, text(each, "value")) for each in tables(hook, "queryParams") if (key := text(each, "key"))
    }
    headers = {
        key: header(block, key, bot.words(block, text(each, "value")))
        for each in tables(hook, "headers")
        if (key := text(each, "key"))
    }
    fields |= {name: found for name, found in (("query", query), ("headers", headers)) if found}
    if fields["method"] not in ("GET", "HEAD"):
        fields |= _body(bot, block, hook, headers)
    seconds = whole(table(block.options).get("timeout"))
    if seconds and seconds > 0:
        fields["timeout"] = f"{min(seconds, 60)}s"
    save = _saved(bot, block)
    bot.draft.steps[block.step] = (
        fields | ({"save": save} if save else {}) | {"on_http_error": block.then, "next": block.then}
    )


def _beside(bot: Bot, block: Block) -> Given:
    """Older exports keep the call beside the groups."""
    ident = text(block.data, "webhookId")
    return next((each for each in tables(bot.export, "webhooks") if text(each, "id") == ident), {})


def header(block: Block, name: str, value: str) -> str:
    """A header's value; what looks like a password is not written into a file."""
    if not SECRET_HEADERS.search(name) or "{{" in value or not value.strip():
        return value
    secret = names.word(name, "header")
    block.item.changed(
        Phrase("{header} is read from the secret {secret}: pytake secret set {secret}"), header=name, secret=secret
    )
    scheme = re.match(r"(Bearer|Basic|Token)\s", value)
    return f"{scheme[1]} secret:{secret}" if scheme else f"secret:{secret}"


def _body(bot: Bot, block: Block, hook: Given, headers: dict[str, str]) -> Fields:
    """What is sent: the text of the export, or all variables when it sends its own state."""
    body = text(hook, "body").strip()
    if block.options.get("isCustomBody") is not True or not body or body == "{{state}}":
        found = {title: f"{{{{ {piece.text} }}}}" for ident, title in bot.titles.items() if (piece := bot.read(ident))}
        block.item.changed(Phrase("it sends the variables as JSON"))
        return {"json": found} if found else {}
    if not any(key.lower() == "content-type" for key in headers):
        return _as_json(bot, block, body, headers)
    return {"body": bot.words(block, body)}


def _as_json(bot: Bot, block: Block, body: str, headers: dict[str, str]) -> Fields:
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        return {"headers": {**headers, "Content-Type": "application/json"}, "body": bot.words(block, body)}
    return {"json": _filled(bot, block, parsed, 0)}


def _filled(bot: Bot, block: Block, given: Any, depth: int) -> Any:
    if depth > 20:
        return None
    if isinstance(given, dict):
        return {str(key): _filled(bot, block, each, depth + 1) for key, each in given.items()}
    if isinstance(given, list):
        return [_filled(bot, block, each, depth + 1) for each in given]
    return bot.words(block, given) if isinstance(given, str) else given


def _saved(bot: Bot, block: Block) -> dict[str, str]:
    found: dict[str, str] = {}
    for mapping in tables(block.options, "responseVariableMapping"):
        name, path = bot.write(mapping.get("variableId")), text(mapping, "bodyPath").strip()
        if not name or not path:
            continue
        inner = "$status" if path == "statusCode" else path.removeprefix("data").lstrip(".") or "."
        if inner == "." or _JSON_PATH.fullmatch(inner):
            found[name] = inner
            if inner == ".":
                bot.draft.vars[name] = "object"
        else:
            block.item.lost(Phrase("what it takes from the answer is no path: {path}"), path=path)
            found[name] = f"{MARK}: {path}"  # no path either: the check tells the place
    return found


def model(bot: Bot, block: Block) -> None:
    """A chat with a model: its instructions and the last words are asked, and the answer is kept."""
    options = block.options
    mappings = (*tables(options, "responseMapping"), *tables(options, "responseVariableMapping"))
    wanted = ("Message content", "Message Content", "Text", "message content", "")
    save = next((bot.write(each.get("variableId")) for each in mappings if _wanted(each) in wanted), "")
    action = text(options, "action") or text(options, "task")
    if not save or (action and "chat completion" not in action.lower() and "chat message" not in action.lower()):
        block.item.lost(
            Phrase("there is nothing like it here: the conversation goes to people, and on when they are done")
        )
        bot.draft.by_hand(block.item, block.step, block.then, action)
        return
    told, asked = _messages(bot, block)
    fields: Fields = {"ai": "reply", **({"instructions": told} if told else {}), **({"input": asked} if asked else {})}
    fields |= {"save": save, **({"model": name} if (name := text(options, "model")) else {})}
    bot.draft.vars[save] = "text"
    block.item.changed(Phrase("the model of the settings is asked; of the conversation it sees only what stands here"))
    bot.draft.steps[block.step] = fields | {"next": block.then}


def _wanted(mapping: Given) -> str:
    return text(mapping, "item") or text(mapping, "valueToExtract")


def _messages(bot: Bot, block: Block) -> tuple[str, str]:
    """(instructions, what is asked)."""
    told, asked = [text(block.options, "systemPrompt")], [text(block.options, "prompt")]
    for message in tables(block.options, "messages"):
        role, content = text(message, "role"), message.get("content")
        if role == "system":
            told.append(text(content))
        elif role == "user":
            asked.append(text(content))
        else:
            ident = table(content).get("userMessagesVariableId") or message.get("dialogueVariableId")
            title = bot.titles.get(text(ident))
            asked += [f"{{{{{title}}}}}"] if title else []
            block.item.changed(Phrase("the earlier messages of the conversation are not sent to the model"))
    return tuple(bot.words(block, "\n\n".join(each for each in found if each)) for found in (told, asked))  # type: ignore[return-value]


def mail(bot: Bot, block: Block) -> None:
    """An e-mail to one person whose address is known."""
    to = [each.strip() for each in (text(item) for item in items(block.options, "recipients")) if each.strip()]
    if len(to) != 1 or not _MAIL.fullmatch(to[0]):
        block.item.lost(Phrase("`notify` writes to one address that stands in the flow, and to nobody in copy"))
        bot.draft.unfit(block.item, block.step, block.then, f"{MARK}.email")
        return
    words = "\n\n".join(each for each in (text(block.options, "subject"), text(block.options, "body")) if each)
    said = bot.words(block, words) or "{{ contact.name }}: {{ contact.phone }}"
    block.item.changed(Phrase("the mail server of the settings sends it, as plain text"))
    bot.draft.steps[block.step] = {"notify": {"to": f"email:{to[0]}", "text": said}, "next": block.then}


def mark(bot: Bot, block: Block) -> None:
    """A mark for somebody's statistics: ours takes it."""
    given = (
        text(block.options, "action") or text(block.options, "eventType") or text(block.options, "name") or block.kind
    )
    block.item.changed(Phrase("it is a mark in the statistics of the flow"))
    bot.draft.steps[block.step] = {"event": names.word(given, "event"), "next": block.then}


def people(bot: Bot, block: Block) -> None:
    """Chatwoot: people take over."""
    block.item.changed(Phrase("people of this project take over"))
    onward: Fields = {} if block.then == "end" else {"resume": "on_close", "resume_at": block.then}
    bot.draft.steps[block.step] = {"handoff": None} | onward


def unknown(bot: Bot, block: Block) -> None:
    """What we know nothing of."""
    block.item.lost(Phrase("there is nothing like it here"))
    bot.draft.unfit(block.item, block.step, block.then, f"{MARK}.{names.word(block.kind, 'block')}")
