"""Permissions and roles: what may be done, who may do it by nature, and who may give it to whom."""

from __future__ import annotations

from collections.abc import Iterable

EVERYTHING = "*"

# permission -> what whoever has it may do
PERMISSIONS = {
    "conversations:read": "See conversations, messages and private notes.",
    "conversations:write": "Answer, note, assign, snooze and resolve conversations.",
    "conversations:manage": "Change many conversations at once, delete them, and take them from colleagues.",
    "contacts:read": "See contacts with their numbers and fields.",
    "contacts:write": "Make, change, tag, block, merge and import contacts.",
    "contacts:export": "Take lists of contacts out of the store.",
    "segments:read": "See segments and whom they hold.",
    "segments:write": "Make, change and delete segments, fields and tags.",
    "templates:read": "See message templates.",
    "templates:write": "Make, change, submit and delete message templates.",
    "campaigns:read": "See campaigns and their reports.",
    "campaigns:write": "Prepare and change campaigns.",
    "campaigns:launch": "Launch, pause and stop campaigns: this spends money.",
    "flows:read": "See flows and their figures.",
    "flows:write": "Change drafts of flows.",
    "flows:publish": "Publish, pause and roll back flows.",
    "schedules:read": "See schedules and their runs.",
    "schedules:write": "Make, change and delete schedules.",
    "automations:read": "See automations and what they did.",
    "automations:write": "Make, change and switch automations.",
    "canned:read": "See and use canned replies and macros.",
    "canned:write": "Make and change canned replies and macros of everybody.",
    "teams:read": "See teams and who is in them.",
    "teams:write": "Make and change teams, their hours and their queues.",
    "numbers:read": "See the business numbers, their quality and limits.",
    "numbers:write": "Connect, change and remove business numbers.",
    "analytics:read": "See figures of the service.",
    "audit:read": "Read the audit log.",
    "users:read": "See the people of the organisation.",
    "users:manage": "Invite, change and switch off people, and reset their passwords.",
    "roles:manage": "Make and change roles.",
    "org:read": "See the organisation's settings.",
    "org:write": "Change the organisation's settings.",
    "tokens:manage": "Make and revoke one's own API tokens; see and revoke everybody's with users:manage.",
    "ops:read": "See the state of the daemon, its queues and its log.",
    "privacy:manage": "Answer people's requests about their data: give it out, erase it.",
}

# role -> what it may do; SUPER_ADMIN in every organisation
ROLES: dict[str, frozenset[str]] = {
    "SUPER_ADMIN": frozenset({EVERYTHING}),
    "ORG_ADMIN": frozenset(PERMISSIONS),
    "AGENT": frozenset(
        {
            "conversations:read",
            "conversations:write",
            "contacts:read",
            "canned:read",
            "templates:read",
            "flows:read",
            "segments:read",
            "teams:read",
            "users:read",
            "org:read",
            "numbers:read",
        }
    ),
    "VIEWER": frozenset({"conversations:read", "analytics:read", "org:read"}),
}


def allows(held: Iterable[str], permission: str) -> bool:
    """True if what somebody holds covers `permission`."""
    return EVERYTHING in held or permission in held


def may_grant(own: frozenset[str], wanted: Iterable[str]) -> bool:
    """True if somebody who has `own` may give `wanted` to another, or govern one who has it: never above their own."""
    return EVERYTHING in own or frozenset(wanted) <= own


def unknown(wanted: Iterable[str]) -> list[str]:
    """What of `wanted` is no permission that can be given by name."""
    return sorted(set(wanted) - set(PERMISSIONS))


def rights(role: str, custom: Iterable[str] | None = None) -> frozenset[str]:
    """What a role allows; of a role that nobody knows (any more), nothing."""
    return ROLES[role] if role in ROLES else frozenset(custom or ()) & frozenset(PERMISSIONS)
