"""The fields that `pytake segment` shows."""

from __future__ import annotations

FIELDS = {
    "name": "name, for segment = NAME",
    "query": "who is meant",
    "description": "what it is for",
    "people": "how many people it means now",
    "materialised": "whether its members are kept",
    "members": "how many members are kept",
    "refreshed_at": "when the members were brought up to date",
    "named_by": "segments and campaigns that name it",
    "created_at": "when it was made",
    "updated_at": "when it was changed",
}
SHOWN = ("name", "query", "description", "members", "updated_at")
PEOPLE_FIELDS = {
    "id": "row id, for contact:ID",
    "display": "what the contact is called on screens",
    "phone": "phone number",
    "username": "username on WhatsApp",
    "stage": "where the contact stands",
    "score": "score",
    "fields": "your own fields",
    "last_seen_at": "when the contact was last heard of",
    "created_at": "when the contact was made",
}
PEOPLE_SHOWN = ("id", "display", "phone", "stage", "last_seen_at")
EXPLAINED_FIELDS = {
    "condition": "the condition",
    "people": "how many it means by itself",
    "left": "how many are left after it",
    "note": "what may be wrong",
    "depth": "how deep inside others it stands",
}
EXPLAINED_SHOWN = ("condition", "people", "left", "note")
MEMBER_FIELDS = {
    "contact_id": "row id, for contact:ID",
    "display": "what the contact is called on screens",
    "entered_at": "since when it is in the segment",
}
