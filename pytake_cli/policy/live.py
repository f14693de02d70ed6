"""Who may hear what of the live events: one table, event kind -> permission; what is not in it nobody hears."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

OWN = ""  # no permission: only the user whom it names hears it
# Kinds without an id: they are told once, to who is there, and are in no table.
TYPING, VIEWING, PROGRESS = "agent:typing", "agent:viewing", "campaign:progress"
EPHEMERAL = (TYPING, VIEWING, PROGRESS)

NEEDED: dict[str, str] = {
    "message:new": "conversations:read",
    "message:status": "conversations:read",
    "conversation:updated": "conversations:read",
    "note:new": "conversations:read",
    "automation:notice": "conversations:read",
    "flow:notice": "conversations:read",
    "flow:ended": "conversations:read",
    "sla:warned": "conversations:read",
    "sla:breached": "conversations:read",
    "agent:updated": "users:read",
    "contact:updated": "contacts:read",
    "contact:imported": "contacts:read",
    "segment:entered": "segments:read",
    "segment:left": "segments:read",
    "number:updated": "numbers:read",
    "account:event": "numbers:read",
    "template:updated": "templates:read",
    "flow:published": "flows:read",
    "flow:changed": "flows:read",
    "flow:paused": "flows:read",
    "campaign:updated": "campaigns:read",
    "schedule:run": "schedules:read",
    "incident": "ops:read",
    "notification": OWN,
    TYPING: "conversations:read",
    VIEWING: "conversations:read",
    PROGRESS: "campaigns:read",
}

MOST_TOPICS = 50
_CONVERSATION = re.compile(r"conversation:([1-9][0-9]{0,17})")


class UnknownTopic(ValueError):
    """A topic that is no kind of event; its text is the topic."""


class NotAllowed(ValueError):
    """A topic that this one may not hear; its text is the permission that is missing."""


@dataclass(frozen=True, slots=True)
class Interest:
    """What a connection hears: kinds, and of those that belong to a conversation only some, or all (None)."""

    kinds: frozenset[str]
    conversations: frozenset[int] | None = None

    def wants(self, kind: str, conversation_id: int | None) -> bool:
        if kind not in self.kinds:
            return False
        return self.conversations is None or conversation_id is None or conversation_id in self.conversations


def interest(topics: Sequence[str], may: Callable[[str], bool]) -> Interest:
    """What topics come to: `*` is all that one may hear, else `message:new`, `message:*` or `conversation:5008`.

    A topic that names conversations leaves out what happens in others.
    """
    kinds: set[str] = set()
    conversations: set[int] = set()
    for topic in topics[:MOST_TOPICS]:
        if found := _CONVERSATION.fullmatch(topic):
            conversations.add(int(found[1]))
            continue
        meant = [kind for kind in NEEDED if topic in ("*", kind, kind.partition(":")[0] + ":*")]
        if not meant:
            raise UnknownTopic(topic)
        allowed = {kind for kind in meant if NEEDED[kind] == OWN or may(NEEDED[kind])}
        if not allowed and topic != "*":
            raise NotAllowed(NEEDED[meant[0]])
        kinds |= allowed
    if conversations and not may("conversations:read"):
        raise NotAllowed("conversations:read")
    if conversations and not kinds:
        kinds = {kind for kind, needed in NEEDED.items() if needed == "conversations:read"}
    return Interest(frozenset(kinds), frozenset(conversations) if conversations else None)
