"""What was said in a conversation, as frozen values: messages, notes and changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pytake_cli.tui.rows import NO_TEXT, Json, when
from pytake_cli.tui.safe import Raw, Safe, one_line, safe_text

NO_RAW = Raw("")


@dataclass(frozen=True, slots=True)
class Media:
    """A file of a message."""

    id: int
    kind: str
    name: Safe
    mime: Safe
    bytes: int
    state: str
    width: int | None
    height: int | None
    seconds: int | None
    transcript: Safe


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of a timeline: a message, a note or a change. `id` is `m81`, `n12`, `c7`; what waits here has `q…`."""

    id: str
    type: str
    at: datetime
    number: int = 0  # of the message, note or change
    text: Safe = NO_TEXT
    raw: Raw = NO_RAW
    author: Safe = NO_TEXT
    author_kind: str = ""
    author_id: int | None = None
    direction: str = ""
    kind: str = "text"
    status: str = ""
    error_code: int | None = None
    error: Safe = NO_TEXT
    reply_to: int | None = None
    quote: Safe = NO_TEXT
    media: Media | None = None
    choices: tuple[Safe, ...] = ()
    template: Safe = NO_TEXT
    reactions: tuple[tuple[Safe, Safe], ...] = ()  # emoji, by whom
    edited: bool = False
    deleted: bool = False
    client_id: str = ""
    what: str = ""  # of a change
    before: Safe = NO_TEXT
    after: Safe = NO_TEXT
    undoable: bool = False

    @property
    def is_in(self) -> bool:
        return self.direction == "in"


def item(json: Json, now: datetime) -> Item:
    """A TimelineItem of the contract."""
    at = when(json.get("at")) or now
    match json.get("type"):
        case "note":
            return _note(json, at)
        case "change":
            return _change(json, at)
    return _message(json, at)


def merged(known: Sequence[Item], page: Sequence[Item]) -> list[Item]:
    """What is known with the newest page of the server's in it, in the server's order.

    Without an overlap there is a gap between both: then only the page stays, and the rest is read when it is wanted.
    """
    if not page:
        return list(known)
    fresh = {item.id for item in page}
    newest: dict[str, int] = {}
    for item in page:
        newest[item.type] = max(item.number, newest.get(item.type, 0))
    rest = [item for item in known if item.id not in fresh]
    later = {
        item.id for item in rest if (item.number > newest[item.type] if item.type in newest else item.at > page[-1].at)
    }
    overlap = len(rest) < len(known)
    before = [item for item in rest if item.id not in later] if overlap else []
    return [*before, *page, *(item for item in rest if item.id in later)]


def _message(json: Json, at: datetime) -> Item:
    author, error, template = json.get("author") or {}, json.get("error") or {}, json.get("template") or {}
    body = str(json.get("text") or "")
    return Item(
        id=str(json["id"]),
        type="message",
        at=at,
        number=int(json.get("message") or 0),
        text=safe_text(body),
        raw=Raw(body),
        author=one_line(str(author.get("name") or "")),
        author_kind=str(author.get("kind") or ""),
        author_id=author.get("id"),
        direction=str(json.get("direction") or "in"),
        kind=str(json.get("kind") or "text"),
        status=str(json.get("status") or ""),
        error_code=error.get("code"),
        error=one_line(str(error.get("says") or "")),
        reply_to=json.get("reply_to"),
        quote=one_line(str(json.get("quote") or ""), 200),
        media=_media(json.get("media")),
        choices=tuple(one_line(str(each)) for each in json.get("choices") or ()),
        template=one_line(str(template.get("name") or "")),
        reactions=tuple(
            (one_line(str(each.get("emoji"))), one_line(str(each.get("by")))) for each in json.get("reactions") or ()
        ),
        edited=bool(json.get("edited")),
        deleted=bool(json.get("deleted")),
        client_id=str(json.get("client_id") or ""),
    )


def _media(json: Json | None) -> Media | None:
    if not json:
        return None
    return Media(
        id=int(json.get("id") or 0),
        kind=str(json.get("kind") or "document"),
        name=one_line(str(json.get("name") or "")),
        mime=one_line(str(json.get("mime") or "")),
        bytes=int(json.get("bytes") or 0),
        state=str(json.get("state") or "stored"),
        width=json.get("width"),
        height=json.get("height"),
        seconds=json.get("seconds"),
        transcript=one_line(str(json.get("transcript") or "")),
    )


def _note(json: Json, at: datetime) -> Item:
    author = json.get("author") or {}
    body = str(json.get("body") or "")
    return Item(
        id=str(json["id"]),
        type="note",
        at=at,
        number=int(json.get("note") or 0),
        text=safe_text(body),
        raw=Raw(body),
        author=one_line(str(author.get("name") or "")),
        author_id=author.get("id"),
        author_kind="agent",
        client_id=str(json.get("client_id") or ""),
    )


def _change(json: Json, at: datetime) -> Item:
    return Item(
        id=str(json["id"]),
        type="change",
        at=at,
        number=int(json.get("change") or 0),
        author=one_line(str((json.get("by") or {}).get("name") or "")),
        what=str(json.get("what") or ""),
        before=_told(_part(json, "before")),
        after=_told(_part(json, "after")),
        undoable=bool(json.get("undoable")),
    )


# What a change is about -> where that stands in `before` and `after`.
TELLING = {
    "assigned": "assignee", "unassigned": "assignee", "snoozed": "snoozed_until", "labelled": "labels",
    "priority": "priority", "team": "team", "rated": "rating",
}  # fmt: skip


def _part(json: Json, side: str) -> Any:
    state = json.get(side)
    key = TELLING.get(str(json.get("what")))
    if key == "assignee" and isinstance(state, dict) and not state.get(key):
        key = "team"  # given to a team, and to nobody of it yet
    return state.get(key) if key and isinstance(state, dict) and key in state else state if key is None else None


def _told(value: Any) -> Safe:
    """`{"assignee": {"id": 3, "name": "ana"}}` -> `ana`: the values, as a person says them."""
    if isinstance(value, dict):
        if "name" in value:
            return one_line(str(value["name"] or ""))
        return one_line(" ".join(filter(None, (_told(each) for key, each in value.items() if not key.endswith("id")))))
    if isinstance(value, list):
        return one_line(" ".join(_told(each) for each in value))
    return one_line("" if value is None or isinstance(value, bool) else str(value))
