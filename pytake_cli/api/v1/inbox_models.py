"""The JSON of the inbox: what its routes answer."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, Field

from pytake_cli.api.v1.routes import Body


class Named(BaseModel):
    """Somebody or something by id and name."""

    id: int | None
    name: str


class FlowOf(BaseModel):
    slug: str
    name: str


class ContactOf(BaseModel):
    """The person of a conversation."""

    id: int
    name: str
    phone: str | None
    username: str | None
    vip: bool
    language: str
    blocked: bool


class NumberOf(BaseModel):
    id: int
    display: str


class Sla(BaseModel):
    """When the team has promised to have answered."""

    first_reply_due: datetime | None = None
    next_reply_due: datetime | None = None
    resolution_due: datetime | None = None
    breached: list[str] = []


class ConversationRow(BaseModel):
    """A conversation as the list shows it."""

    id: int
    version: int
    status: str
    owner: str
    flow: FlowOf | None
    contact: ContactOf
    number: NumberOf
    assignee: Named | None
    team: Named | None
    priority: str
    labels: list[str]
    unread: int
    starred: bool
    waiting_since: datetime | None
    last_message_at: datetime | None
    preview: str
    preview_kind: str | None
    preview_direction: str | None
    preview_status: str | None
    window_closes_at: datetime | None
    snoozed_until: datetime | None
    snoozed_until_reply: bool
    sla: Sla
    draft: bool
    created_at: datetime
    resolved_at: datetime | None
    rating: int | None
    standby: bool


class TimelineItem(BaseModel):
    """A message (m81), a note (n12) or a change (c7); which of the fields it has depends on `type`."""

    id: str
    type: Literal["message", "note", "change"]
    at: datetime
    message: int | None = None
    direction: str | None = None
    kind: str | None = None
    text: str | None = None
    author: dict[str, Any] | None = None
    status: str | None = None
    error: dict[str, Any] | None = None
    reply_to: int | None = None
    quote: str | None = None
    media: dict[str, Any] | None = None
    choices: list[str] = []
    template: dict[str, str] | None = None
    reactions: list[dict[str, str]] = []
    edited: bool = False
    deleted: bool = False
    client_id: str | None = None
    note: int | None = None
    body: str | None = None
    mentions: list[int] = []
    change: int | None = None
    what: str | None = None
    by: Named | None = None
    cause: str = ""
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None
    undoable: bool = False
    undone: bool = False


class Timeline(BaseModel):
    """Items, oldest first; `next` is the cursor of the page before them."""

    items: list[TimelineItem]
    next: str | None


class TemplateGiven(Body):
    name: Annotated[str, Field(max_length=512)]
    language: Annotated[str | None, Field(max_length=20)] = None
    values: Annotated[dict[str, str] | None, Field(max_length=100)] = None


class MediaGiven(Body):
    upload: Annotated[int, Field(ge=1, le=2**63 - 1)]
    caption: Annotated[str | None, Field(max_length=1024)] = None


class ReactionGiven(Body):
    message: Annotated[int, Field(ge=1, le=2**63 - 1)]
    emoji: Annotated[str, Field(max_length=40)]


class MessageGiven(Body):
    """Exactly one of text, template, media, reaction."""

    text: Annotated[str | None, Field(max_length=4096)] = None
    template: TemplateGiven | None = None
    media: MediaGiven | None = None
    reaction: ReactionGiven | None = None
    reply_to: Annotated[int | None, Field(ge=1, le=2**63 - 1)] = None
    client_id: Annotated[str | None, Field(min_length=1, max_length=100)] = None
    takeover: bool = False
    seen: Annotated[str | None, Field(max_length=24)] = None
    sure: bool = False


class ActionGiven(Body):
    """What to do, and what the action takes."""

    action: Literal[
        "claim", "assign", "unassign", "resolve", "reopen", "snooze", "wake", "takeover", "handback",
        "label", "priority", "star", "unstar", "read", "unread", "macro",
    ]  # fmt: skip
    to: Annotated[int | str | None, Field()] = None
    team: Annotated[str | None, Field(max_length=100)] = None
    sure: bool = False
    note: Annotated[str | None, Field(max_length=10_000)] = None
    until: AwareDatetime | None = None
    until_reply: bool = False
    flow: Annotated[str | None, Field(max_length=100)] = None
    csat: bool = False
    macro: Annotated[str | None, Field(max_length=100)] = None
    priority: Annotated[str | None, Field(max_length=20)] = None
    add: Annotated[tuple[str, ...], Field(max_length=50)] = ()
    remove: Annotated[tuple[str, ...], Field(max_length=50)] = ()
    if_version: int | None = None


class Acted(BaseModel):
    """What became of it; `change` is what undo takes."""

    conversation: ConversationRow
    change: int | None
    undo_until: datetime | None


class ConversationGiven(Body):
    """With whom, and from which of our numbers."""

    contact: Annotated[int | None, Field(ge=1, le=2**63 - 1)] = None
    phone: Annotated[str | None, Field(max_length=40)] = None
    number: Annotated[int | None, Field(ge=1, le=2**63 - 1)] = None


class ViewRow(BaseModel):
    """A filter with a name, and how many conversations it has."""

    slug: str
    name: str
    where: str
    order: str
    builtin: bool
    shared: bool
    mine: bool
    count: int
    unread: int


class ViewGiven(Body):
    name: Annotated[str, Field(max_length=100)]
    where: Annotated[str, Field(max_length=1000)]
    order: Literal["waiting", "activity", "window", "priority"] = "waiting"
    shared: bool = False


class NoteGiven(Body):
    """Words for colleagues; `@bia` tells bia."""

    body: Annotated[str, Field(min_length=1, max_length=10_000)]
    client_id: Annotated[str | None, Field(min_length=1, max_length=100)] = None


class DraftGiven(Body):
    """What is begun; empty words throw it away."""

    text: Annotated[str, Field(max_length=10_000)]
    mode: Literal["reply", "note"] = "reply"
    reply_to: Annotated[int | None, Field(ge=1, le=2**63 - 1)] = None
    why: Annotated[str, Field(max_length=200)] = ""


class DraftRow(BaseModel):
    text: str
    mode: str
    reply_to: int | None
    why: str
    updated_at: datetime | None


class LabelRow(BaseModel):
    """A label, and how many conversations that go on have it."""

    id: int
    name: str
    count: int = 0


class LabelGiven(Body):
    name: Annotated[str, Field(min_length=1, max_length=80)]


class BulkGiven(ActionGiven):
    """The action, and on which conversations: `ids`, or all that `where` or `view` has."""

    ids: Annotated[tuple[int, ...] | None, Field(max_length=5_000)] = None
    where: Annotated[str | None, Field(max_length=1000)] = None
    view: Annotated[str | None, Field(max_length=100)] = None


class SkippedRow(BaseModel):
    id: int
    slug: str
    says: str


class Batch(BaseModel):
    """What became of a batch; `batch` is what undo takes."""

    batch: int | None
    done: list[int]
    skipped: list[SkippedRow]


class UndoGiven(Body):
    """One of both."""

    change: Annotated[int | None, Field(ge=1, le=2**63 - 1)] = None
    batch: Annotated[int | None, Field(ge=1, le=2**63 - 1)] = None


class MergeGiven(Body):
    """Which conversation becomes part of this one."""

    other: Annotated[int, Field(ge=1, le=2**63 - 1)]


class ActivityLine(BaseModel):
    """Something that was done."""

    id: str
    change: int
    conversation: int
    batch: int | None
    at: datetime
    what: str
    by: Named | None
    cause: str
    before: dict[str, Any]
    after: dict[str, Any]
    undoable: bool
    undone: bool
    undo_until: datetime | None


class Previous(BaseModel):
    """Another conversation of the person."""

    id: int
    status: str
    preview: str
    last_message_at: datetime
    resolved_at: datetime | None
    rating: int | None


class ContactCard(BaseModel):
    """What the sidebar shows of a person."""

    id: int
    display: str
    phone: str | None
    username: str | None
    name: str
    profile_name: str
    stage: str
    score: int
    vip: bool
    tags: list[str]
    language: str
    tz: str
    fields: dict[str, Any]
    blocked_at: datetime | None
    opted_out_at: datetime | None
    marketing_granted_at: datetime | None
    marketing_stopped_at: datetime | None
    identities: list[dict[str, Any]]
    windows: list[dict[str, Any]]
    notes: list[dict[str, Any]]
    conversations: int
    created_at: datetime
    previous: list[Previous]
