"""The one table of what may happen to a conversation: from which status to which, whose it is then, who may do it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pytake_cli.errors import Conflict

BOT, QUEUED, OPEN, SNOOZED, RESOLVED = "bot", "queued", "open", "snoozed", "resolved"
STATUSES = (BOT, QUEUED, OPEN, SNOOZED, RESOLVED)
UNRESOLVED = STATUSES[:-1]
# Who owns a conversation: nobody yet (a trigger may give it to the bot), the bot, or people. Never two at once.
NOBODY, BY_BOT, BY_PEOPLE = "nobody", "bot", "people"
PRIORITIES = ("urgent", "high", "normal", "low")

HELD = "held"  # open if somebody has the conversation, queued if nobody has
WRITE, MANAGE = "conversations:write", "conversations:manage"
SNOOZE, WAITING, UNREAD, ASSIGNEE, CLOSED = "snooze", "waiting", "unread", "assignee", "closed"


@dataclass(frozen=True, slots=True)
class Step:
    """One action: `moves` says what each status becomes; a status that is not in it refuses the action."""

    moves: Mapping[str, str]
    owner: str = ""  # whose it is then; empty: whose it was
    clears: tuple[str, ...] = ()
    who: str = ""  # the permission that a person needs; empty: only the house does this
    what: str = ""  # how the history calls it; empty: it is in no history


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a conversation is after an action."""

    status: str
    owner: str
    clears: tuple[str, ...] = field(default=())


def _all(after: str, *but: str) -> dict[str, str]:
    return {before: after for before in UNRESOLVED if before not in but}


_STAYS = {status: status for status in STATUSES}

TABLE: dict[str, Step] = {
    # what customers and the house do
    "wrote": Step({**{s: s for s in UNRESOLVED}, SNOOZED: HELD}, clears=(SNOOZE,), what="woken"),
    "answered": Step(_all(OPEN), clears=(SNOOZE, WAITING, UNREAD)),
    "begin": Step(_all(BOT), BY_BOT, (SNOOZE, ASSIGNEE, WAITING, UNREAD)),
    "leave": Step({BOT: QUEUED}, NOBODY),
    "unheard": Step(_all(QUEUED), clears=(SNOOZE,)),
    "hand_off": Step(_all(HELD), BY_PEOPLE, (SNOOZE,), what="handed_off"),
    "snooze_over": Step({SNOOZED: HELD}, clears=(SNOOZE,), what="woken"),
    "close": Step(_all(RESOLVED), clears=(SNOOZE, WAITING, UNREAD), what="resolved"),
    "take_back": Step({BOT: RESOLVED}, NOBODY, (SNOOZE, WAITING, UNREAD)),
    "route": Step(_all(HELD), clears=(SNOOZE,), what="assigned"),
    # what people do
    "claim": Step(_all(OPEN), BY_PEOPLE, (SNOOZE,), WRITE, "assigned"),
    "assign": Step(_all(OPEN), BY_PEOPLE, (SNOOZE,), WRITE, "assigned"),
    "unassign": Step({**{s: s for s in UNRESOLVED}, OPEN: QUEUED}, clears=(ASSIGNEE,), who=WRITE, what="assigned"),
    "takeover": Step(_all(OPEN), BY_PEOPLE, (SNOOZE,), WRITE, "taken_over"),
    "handback": Step(_all(BOT), BY_BOT, (SNOOZE, ASSIGNEE, WAITING, UNREAD), WRITE, "handed_back"),
    "snooze": Step(_all(SNOOZED, BOT), BY_PEOPLE, (SNOOZE,), WRITE, "snoozed"),
    "wake": Step({SNOOZED: HELD}, clears=(SNOOZE,), who=WRITE, what="woken"),
    "resolve": Step(_all(RESOLVED), clears=(SNOOZE, WAITING, UNREAD), who=WRITE, what="resolved"),
    "reopen": Step({RESOLVED: HELD}, BY_PEOPLE, (CLOSED,), WRITE, "reopened"),
    "merge": Step(_all(RESOLVED), clears=(SNOOZE, WAITING, UNREAD), who=MANAGE, what="merged"),
    "priority": Step(_STAYS, who=WRITE, what="priority"),
    "label": Step(_STAYS, who=WRITE, what="labelled"),
    "star": Step(_STAYS, who=WRITE, what="starred"),
    "unstar": Step(_STAYS, who=WRITE, what="starred"),
    "read": Step(_STAYS, clears=(UNREAD,), who=WRITE, what="read"),
    "unread": Step(_STAYS, who=WRITE, what="read"),
    "note": Step(_STAYS, who=WRITE),
    "macro": Step(_STAYS, who=WRITE),
}


def after(action: str, status: str, owner: str, *, held: bool, id_: int | None = None) -> Outcome:
    """What the action makes of a conversation; `held`: somebody has it. Raises Conflict where it may not happen."""
    step = TABLE[action]
    moved = step.moves.get(status)
    if moved is None:
        raise refusal(action, status, id_)
    if moved == HELD:
        moved = OPEN if held else QUEUED
    return Outcome(moved, step.owner or owner, step.clears)


def refusal(action: str, status: str, id_: int | None) -> Conflict:
    """Why an action may not happen to a conversation in that status."""
    if status == RESOLVED:
        return Conflict(
            "PT-CONVERSATION-RESOLVED",
            "conversation #{id} is resolved: {verb} is not possible",
            fix="pytake conversation reopen {id}",
            id=id_,
            verb=action,
        )
    if status == BOT:
        return Conflict(
            "PT-BOT-OWNS",
            "a flow answers in conversation #{id}: {verb} is not possible",
            fix="pytake conversation takeover {id}",
            id=id_,
            verb=action,
        )
    return Conflict(
        "PT-CONVERSATION-STATE",
        "conversation #{id} is {status}: {verb} is not possible",
        fix="pytake conversation show {id}",
        id=id_,
        status=status,
        verb=action,
    )
