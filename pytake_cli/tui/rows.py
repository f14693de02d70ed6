"""What the API tells, as frozen values: conversations, views, the person at the keyboard."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from sys import intern
from typing import Any

from pytake_cli import text
from pytake_cli.tui.safe import Safe, one_line

Json = dict[str, Any]
NO_TEXT = Safe("")
AT_WORK = ("available", "online")


@dataclass(frozen=True, slots=True)
class Who:
    """Somebody with an id: a colleague, a team, a contact."""

    id: int
    name: Safe


@dataclass(frozen=True, slots=True)
class Sla:
    """Until when what is promised; `breached` names the promises that were not kept."""

    first_reply_due: datetime | None = None
    next_reply_due: datetime | None = None
    resolution_due: datetime | None = None
    breached: tuple[Safe, ...] = ()

    @property
    def next_due(self) -> datetime | None:
        dues = [due for due in (self.first_reply_due, self.next_reply_due, self.resolution_due) if due]
        return min(dues, default=None)


NO_PROMISES = Sla()


@dataclass(frozen=True, slots=True)
class Row:
    """One conversation in a list, as far as the screen tells of it: there may be 100,000."""

    id: int
    version: int
    status: str
    owner: str
    contact: Who
    phone: Safe
    vip: bool
    language: Safe
    flow: Safe
    number: Safe
    assignee: Who | None
    team: Who | None
    priority: str
    labels: tuple[Safe, ...]
    unread: int
    starred: bool
    waiting_since: datetime | None
    last_message_at: datetime | None
    preview: Safe
    preview_kind: str
    preview_direction: str
    preview_status: str
    window_closes_at: datetime | None
    snoozed_until: datetime | None
    snoozed_until_reply: bool
    sla: Sla
    draft: bool
    created_at: datetime | None
    rating: int | None
    number_id: int | None = None

    @property
    def bot_owns(self) -> bool:
        """True while a flow answers."""
        return self.owner == "bot"

    @property
    def last_at(self) -> datetime | None:
        return self.last_message_at or self.created_at


@dataclass(frozen=True, slots=True)
class View:
    """A named list of conversations, with the server's counts."""

    slug: str
    name: Safe
    where: Safe
    builtin: bool
    shared: bool
    count: int | None
    unread: int


@dataclass(frozen=True, slots=True)
class Me:
    """Who is logged in."""

    id: int | None
    name: Safe
    role: str
    permissions: frozenset[str]
    availability: str
    org: Safe
    org_slug: str
    live: bool  # a real number of Meta's, not the emulator

    def may(self, permission: str | None) -> bool:
        return permission is None or "*" in self.permissions or permission in self.permissions


@dataclass(frozen=True, slots=True)
class Draft:
    """What was begun and not sent."""

    text: str  # cleaned of codes, otherwise as typed: it goes back into the composer
    mode: str = "reply"
    reply_to: int | None = None


@dataclass(frozen=True, slots=True)
class Canned:
    """A ready answer, filled in for a conversation; open places stand as {{name}} or {{name|default}}."""

    key: Safe
    title: Safe
    text: str
    shown: Safe


@dataclass(frozen=True, slots=True)
class Acted:
    """What an action did."""

    row: Row | None
    change: int | None
    undo_until: datetime | None


def when(value: Any) -> datetime | None:
    """`2026-11-22T22:41:00Z` as an aware time."""
    if not isinstance(value, str) or not value:
        return None
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        return None


def row(json: Json) -> Row:
    """A ConversationRow of the contract."""
    contact = json.get("contact") or {}
    flow = json.get("flow") or {}
    return Row(
        id=int(json["id"]),
        version=int(json.get("version") or 0),
        status=intern(str(json.get("status") or "open")),
        owner=intern(str(json.get("owner") or "people")),
        contact=Who(int(contact.get("id") or 0), one_line(_name_of(contact))),
        phone=one_line(contact.get("phone") or ""),
        vip=bool(contact.get("vip")),
        language=_shared(contact.get("language") or ""),
        flow=_shared(flow.get("name") or flow.get("slug") or ""),
        number=_shared((json.get("number") or {}).get("display") or ""),
        assignee=who(json.get("assignee")),
        team=who(json.get("team")),
        priority=intern(str(json.get("priority") or "normal")),
        labels=tuple(_shared(each) for each in json.get("labels") or ()),
        unread=int(json.get("unread") or 0),
        starred=bool(json.get("starred")),
        waiting_since=when(json.get("waiting_since")),
        last_message_at=when(json.get("last_message_at")),
        preview=one_line(json.get("preview") or "", 200),
        preview_kind=intern(str(json.get("preview_kind") or "text")),
        preview_direction=intern(str(json.get("preview_direction") or "")),
        preview_status=intern(str(json.get("preview_status") or "")),
        window_closes_at=when(json.get("window_closes_at")),
        snoozed_until=when(json.get("snoozed_until")),
        snoozed_until_reply=bool(json.get("snoozed_until_reply")),
        sla=_sla(json.get("sla") or {}),
        draft=bool(json.get("draft")),
        created_at=when(json.get("created_at")),
        rating=json.get("rating"),
        number_id=(json.get("number") or {}).get("id"),
    )


def _name_of(contact: Json) -> str:
    return str(contact.get("name") or contact.get("username") or contact.get("phone") or f"#{contact.get('id', '')}")


def who(json: Json | None) -> Who | None:
    return _colleague(int(json.get("id") or 0), str(json.get("name") or "")) if json else None


@lru_cache(maxsize=1024)
def _colleague(id_: int, name: str) -> Who:
    """The same value for all their conversations."""
    return Who(id_, one_line(name))


def _shared(value: str) -> Safe:
    """What many conversations have, kept once."""
    return Safe(intern(one_line(value)))


def _sla(json: Json) -> Sla:
    if not any(json.values()):
        return NO_PROMISES
    return Sla(
        when(json.get("first_reply_due")),
        when(json.get("next_reply_due")),
        when(json.get("resolution_due")),
        tuple(one_line(str(each)) for each in json.get("breached") or ()),
    )


def view(json: Json) -> View:
    return View(
        slug=str(json["slug"]),
        name=one_line(str(json.get("name") or json["slug"])),
        where=one_line(str(json.get("where") or "")),
        builtin=bool(json.get("builtin")),
        shared=bool(json.get("shared")),
        count=json.get("count"),
        unread=int(json.get("unread") or 0),
    )


def me(json: Json) -> Me:
    org = json.get("org") or json.get("organisation") or {}
    org = {"slug": org} if isinstance(org, str) else org
    user = json.get("user") or json
    return Me(
        id=user.get("id"),
        name=one_line(str(user.get("name") or "")),
        role=str(json.get("role") or ""),
        permissions=frozenset(str(each) for each in json.get("permissions") or ()),
        availability=str(json.get("availability") or "available"),
        org=one_line(str(org.get("name") or org.get("slug") or "")),
        org_slug=str(org.get("slug") or ""),
        live=bool(json.get("live")),
    )


def draft(json: Json | None) -> Draft | None:
    if not json or not json.get("text"):
        return None
    return Draft(text.clean(str(json["text"])), str(json.get("mode") or "reply"), json.get("reply_to"))


def canned(json: Json) -> Canned:
    body = str(json.get("text") or "")
    key = str(json.get("key") or json.get("shortcut") or json.get("slug") or "")
    return Canned(one_line(key), one_line(str(json.get("title") or "")), text.clean(body), one_line(body, 200))


def acted(json: Json) -> Acted:
    conversation = json.get("conversation")
    return Acted(row(conversation) if conversation else None, json.get("change"), when(json.get("undo_until")))
