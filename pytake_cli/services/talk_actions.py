"""What agents do with a conversation from the inbox: one table of actions, each of which leaves a line to undo."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, select

from pytake_cli.errors import Conflict, InvalidData
from pytake_cli.policy.people import storable
from pytake_cli.policy.talks import MANAGE, PRIORITIES, TABLE
from pytake_cli.services import automation, conversations, ownership, rating_plans, routing, talks, teams
from pytake_cli.services.principals import Principal
from pytake_cli.store import desks, labels, tags
from pytake_cli.store.changes import ConversationChange
from pytake_cli.store.conversations import BY_BOT, Conversation
from pytake_cli.store.users import User

MOST_LABELS = 50  # of one conversation
LONGEST_SNOOZE = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Deed:
    """An action under way."""

    db: Session
    who: Principal
    by: User | None
    conversation: Conversation
    now: datetime
    given: Mapping[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> int:
        return self.conversation.id or 0

    def me(self) -> int:
        """The agent who does it; a program or a machine with several agents has to say who."""
        return user_of(self.who)


def user_of(who: Principal) -> int:
    """The user that a principal is; raises Conflict for a token or a machine that is nobody in particular."""
    if who.user_id is None:
        raise Conflict("PT-USER-ME", "{me} could be several people here", fix="--as EMAIL", me="@me")
    return who.user_id


def act(
    db: Session, who: Principal, conversation: Conversation, action: str, given: Mapping[str, Any], now: datetime
) -> ConversationChange | None:
    """Does it and returns its line in the history; None when there was nothing to do. Locks the conversation."""
    do = ACTIONS.get(action)
    if do is None:
        raise InvalidData(
            "PT-ACTION",
            "there is no action {action}; there are {actions}",
            fix="the document at /api/v1/openapi.json",
            action=action,
            actions=", ".join(ACTIONS),
        )
    who.require(TABLE[action].who)
    ownership.lock(db, conversation)
    refuse_stale(conversation, given.get("if_version"))
    before = _newest_change(db, conversation)
    by = db.get(User, who.user_id) if who.user_id is not None else None
    do(Deed(db, who, by, conversation, now, given))
    db.flush()
    change = _newest_change(db, conversation)
    return change if change is not None and (before is None or change.id != before.id) else None


def refuse_stale(conversation: Conversation, version: int | None) -> None:
    """Raises Conflict when the conversation has changed since the caller saw `version` of it."""
    if version is not None and version != conversation.version:
        raise Conflict(
            "PT-VERSION",
            "conversation #{id} has changed since: it is at version {version}",
            fix="pytake conversation show {id}",
            id=conversation.id,
            version=conversation.version,
        )


def _newest_change(db: Session, conversation: Conversation) -> ConversationChange | None:
    mine = select(ConversationChange).where(ConversationChange.conversation_id == conversation.id)
    return db.exec(mine.order_by(col(ConversationChange.id).desc()).limit(1)).first()


def _claim(deed: Deed) -> None:
    _refuse_claimed(deed, deed.me())
    conversations.assign(deed.db, deed.conversation, deed.by, by=deed.by, now=deed.now)


def _refuse_claimed(deed: Deed, me: int) -> None:
    if not deed.given.get("sure"):
        conversations.refuse_claimed(deed.db, deed.conversation, me, "the same with sure, to take it")


def _assign(deed: Deed) -> None:
    _refuse_others(deed)
    to = deed.given.get("to")
    if "team" in deed.given and deed.given["team"] is not None:
        _to_team(deed, str(deed.given["team"]))
        if to is None:
            return
    conversations.assign(deed.db, deed.conversation, _agent(deed, to), by=deed.by, now=deed.now)


def _agent(deed: Deed, to: Any) -> User:
    if isinstance(to, int):
        found = deed.db.exec(select(User).where(User.id == to, col(User.active))).first()
        if found is not None:
            return found
    if to in (None, "@me"):
        return deed.db.get_one(User, deed.me())
    return conversations.find_user(deed.db, str(to))


def _to_team(deed: Deed, team: str) -> None:
    found = teams.find(deed.db, deed.conversation.org_id, team)
    routing.give_to_team(deed.db, deed.conversation, found, by=deed.by, now=deed.now)


def _refuse_others(deed: Deed) -> None:
    """Whose a colleague's conversation becomes is for those who manage them."""
    if deed.conversation.assignee_id in (None, deed.who.user_id):
        return
    deed.who.require(MANAGE)


def _unassign(deed: Deed) -> None:
    _refuse_others(deed)
    conversations.assign(deed.db, deed.conversation, None, by=deed.by, now=deed.now)


def _resolve(deed: Deed) -> None:
    if note := deed.given.get("note"):
        conversations.add_note(deed.db, deed.conversation, str(note), by=deed.by, now=deed.now)
    if automation.close(deed.db, deed.conversation, by=deed.by, now=deed.now) and deed.given.get("csat"):
        rating_plans.plan(deed.db, deed.conversation, deed.now, wanted=True)


def _reopen(deed: Deed) -> None:
    conversations.reopen(deed.db, deed.conversation, by=deed.by, now=deed.now)


def _snooze(deed: Deed) -> None:
    until, for_reply = deed.given.get("until"), bool(deed.given.get("until_reply"))
    if until is None and not for_reply:
        raise InvalidData(
            "PT-SNOOZE", "until when? a time, or the next reply", fix="pytake conversation snooze ID --until next-reply"
        )
    if until is not None and not deed.now < until < deed.now + LONGEST_SNOOZE:
        raise InvalidData(
            "PT-SNOOZE-TIME",
            "a conversation is snoozed until a time within a year, and {until} is not",
            fix="pytake conversation snooze ID --until +1h",
            until=talks.stamp(until),
        )
    talks.move(
        deed.db, deed.conversation, "snooze", deed.now, by=deed.by, snoozed_until=until, snoozed_until_reply=for_reply
    )


def _wake(deed: Deed) -> None:
    talks.move(deed.db, deed.conversation, "wake", deed.now, by=deed.by)


def _takeover(deed: Deed) -> None:
    if not deed.given.get("sure") and deed.conversation.owner != BY_BOT and deed.who.user_id is not None:
        _refuse_claimed(deed, deed.me())
    ownership.take_over(deed.db, deed.conversation, deed.by, deed.now)


def _handback(deed: Deed) -> None:
    automation.hand_back(deed.db, deed.conversation, deed.given.get("flow"), by=deed.by, now=deed.now)


def _priority(deed: Deed) -> None:
    wanted = str(deed.given.get("priority", ""))
    if wanted not in PRIORITIES:
        raise InvalidData(
            "PT-PRIORITY",
            "the priority is one of {priorities}, not {given}",
            fix="pytake conversation priority ID --set high",
            priorities=", ".join(PRIORITIES),
            given=wanted or "nothing",
        )
    talks.move(deed.db, deed.conversation, "priority", deed.now, by=deed.by, priority=wanted)


def _label(deed: Deed) -> None:
    relabel(deed, add=deed.given.get("add") or (), remove=deed.given.get("remove") or ())


def relabel(deed: Deed, *, add: Any, remove: Any) -> None:
    """Gives labels, which are made where there are none, and takes others."""
    db, org_id = deed.db, deed.conversation.org_id
    has = labels.of_conversations(db, [deed.id]).get(deed.id, [])
    new, gone = set(label_names(add)) - set(has), set(label_names(remove)) & set(has)
    after = sorted((set(has) | new) - gone)
    if after == has:
        return
    if len(after) > MOST_LABELS:
        raise InvalidData(
            "PT-LABEL-MANY",
            "a conversation has at most {most} labels",
            fix="pytake conversation label {id} --remove NAME",
            most=MOST_LABELS,
            id=deed.id,
        )
    labels.give(db, org_id, deed.id, labels.made(db, org_id, new, deed.now).values(), deed.now)
    labels.take(db, deed.id, list(labels.known(db, org_id, gone).values()))
    told = {"added": sorted(new), "removed": sorted(gone)}
    _beside(deed, "labelled", {"labels": has}, {"labels": after}, labels=told)


def label_names(given: Any) -> list[str]:
    """Labels as they are kept, each once; refuses what is none."""
    found = list(dict.fromkeys(tags.name_of(storable(str(name))) for name in given))
    if not all(found) or any("," in name or '"' in name for name in found):
        raise InvalidData(
            "PT-LABEL-NAME",
            "a label is a word or some, without commas and quotes",
            fix="pytake conversation label ID --add vip",
        )
    return found


def _star(deed: Deed) -> None:
    if desks.put_star(deed.db, deed.conversation.org_id, deed.me(), deed.id, deed.now):
        _beside(deed, "starred", {"starred": False}, {"starred": True})


def _unstar(deed: Deed) -> None:
    if desks.take_star(deed.db, deed.me(), deed.id):
        _beside(deed, "starred", {"starred": True}, {"starred": False})


def _beside(deed: Deed, what: str, before: Mapping[str, Any], after: Mapping[str, Any], **more: Any) -> None:
    """A change of what stands beside the row: its version, its event, its line in the history."""
    talks.touch(deed.conversation)
    talks.tell(deed.db, deed.conversation, what, deed.now, by=deed.by, **more)
    talks.record(deed.db, deed.conversation, what, before, after, deed.now, by=deed.by)


def _read(deed: Deed) -> None:
    before = talks.kept(deed.conversation)
    if conversations.mark_read(deed.db, deed.conversation, by=deed.by, now=deed.now):
        talks.record(deed.db, deed.conversation, "read", {"unread": before["unread"]}, {"unread": 0}, deed.now)


def _unread(deed: Deed) -> None:
    talks.move(
        deed.db,
        deed.conversation,
        "unread",
        deed.now,
        by=deed.by,
        unread_count=max(1, deed.conversation.unread_count),
    )


def _macro(deed: Deed) -> None:
    """Several steps under one name, all or none."""
    from pytake_cli.services import macros  # whose steps are actions

    row = macros.find(deed.db, deed.conversation.org_id, str(deed.given.get("macro") or ""))
    macros.run(deed.db, row, deed.conversation, deed.by, deed.now)


ACTIONS: dict[str, Callable[[Deed], None]] = {
    "claim": _claim,
    "assign": _assign,
    "unassign": _unassign,
    "resolve": _resolve,
    "reopen": _reopen,
    "snooze": _snooze,
    "wake": _wake,
    "takeover": _takeover,
    "handback": _handback,
    "priority": _priority,
    "label": _label,
    "star": _star,
    "unstar": _unstar,
    "read": _read,
    "unread": _unread,
    "macro": _macro,
}
