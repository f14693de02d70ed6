"""A conversation as a file: Markdown to read, JSON for programs, HTML to print; nothing in it can run."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Any

import orjson
from sqlmodel import Session

from pytake_cli.errors import InvalidData
from pytake_cli.services import talk_rows, timeline
from pytake_cli.store.conversations import Conversation
from pytake_cli.text import clean

FORMATS = {"md": "text/markdown", "json": "application/json", "html": "text/html"}
_STYLE = (
    "body{font:15px/1.45 sans-serif;max-width:46em;margin:2em auto;padding:0 1em}"
    "p{margin:.4em 0;white-space:pre-wrap}.out{margin-left:3em}.note{background:#fff7d6}"
    ".change{color:#666;font-size:13px}time{color:#666;font-size:12px}"
)


def export(db: Session, conversation: Conversation, form: str, tz: tzinfo, *, notes: bool = True) -> str:
    """The whole conversation; `notes` are the internal ones, which a customer's copy goes without."""
    if form not in FORMATS:
        raise InvalidData(
            "PT-EXPORT-FORMAT",
            "a conversation is exported as {formats}, not {form}",
            fix="pytake conversation export {id} --format md",
            formats=", ".join(FORMATS),
            form=form,
            id=conversation.id,
        )
    row = talk_rows.row(db, conversation.org_id, conversation.id or 0, me=None)
    items = [item for item in timeline.everything(db, conversation) if notes or item["type"] == "message"]
    match form:
        case "json":
            return _json(row, items)
        case "html":
            return _html(row, items, tz)
        case _:
            return _markdown(row, items, tz)


def _json(row: Mapping[str, Any], items: Sequence[Mapping[str, Any]]) -> str:
    made = orjson.dumps({"conversation": row, "items": items}, option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z)
    return made.decode() + "\n"


def _markdown(row: Mapping[str, Any], items: Sequence[Mapping[str, Any]], tz: tzinfo) -> str:
    lines = [f"# #{row['id']} {_plain(row['contact']['name'])} {row['contact']['phone'] or ''}".rstrip(), ""]
    for day, of_day in _days(items, tz):
        lines += [f"## {day}", ""]
        for item in of_day:
            who, words = _told(item)
            mark = {"note": "_note_ ", "change": "_"}.get(item["type"], "")
            end = "_" if item["type"] == "change" else ""
            body = _escaped(words).replace("\n", "  \n  ")
            lines.append(f"- {_clock(item, tz)} **{_escaped(who)}** {mark}{body}{end}")
        lines.append("")
    return "\n".join(lines)


def _html(row: Mapping[str, Any], items: Sequence[Mapping[str, Any]], tz: tzinfo) -> str:
    title = html.escape(f"#{row['id']} {_plain(row['contact']['name'])}")
    parts = [f'<!doctype html><meta charset="utf-8"><title>{title}</title><style>{_STYLE}</style><h1>{title}</h1>']
    for day, of_day in _days(items, tz):
        parts.append(f"<h2>{day}</h2>")
        for item in of_day:
            who, words = _told(item)
            kind = item["direction"] if item["type"] == "message" else item["type"]
            said = f"<b>{html.escape(_plain(who))}</b> {html.escape(_plain(words, newlines=True))}"
            parts.append(f'<p class="{kind}"><time>{_clock(item, tz)}</time> {said}</p>')
    return "\n".join(parts) + "\n"


def _days(items: Sequence[Mapping[str, Any]], tz: tzinfo) -> list[tuple[str, list[Mapping[str, Any]]]]:
    days: dict[str, list[Mapping[str, Any]]] = {}
    for item in items:
        days.setdefault(f"{item['at'].astimezone(tz):%Y-%m-%d}", []).append(item)
    return list(days.items())


def _clock(item: Mapping[str, Any], tz: tzinfo) -> str:
    at: datetime = item["at"]
    return f"{at.astimezone(tz):%H:%M}"


def _told(item: Mapping[str, Any]) -> tuple[str, str]:
    """(who, what) of an item."""
    match item["type"]:
        case "message":
            who = item["author"]["name"] or item["author"]["kind"]
            file = item["media"]
            tail = f" [{file['name'] or file['kind']}, media {file['id']}]" if file else ""
            return who, f"{item['text'] or ''}{tail}".strip() or f"[{item['kind']}]"
        case "note":
            return item["author"]["name"], item["body"]
        case _:
            by = item["by"]["name"] if item["by"] else item["cause"]
            after = ", ".join(f"{name}: {_value(value)}" for name, value in item["after"].items())
            return by, f"{item['what']} ({after})" if after else item["what"]


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return str(value.get("name", ""))
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _plain(words: str, *, newlines: bool = False) -> str:
    return clean(words, newlines=newlines)


def _escaped(words: str) -> str:
    """Words from outside in Markdown: no links, no HTML, no headings of theirs."""
    plain = clean(words)
    for sign in "\\`*_[]<>#|":
        plain = plain.replace(sign, f"\\{sign}")
    return plain
