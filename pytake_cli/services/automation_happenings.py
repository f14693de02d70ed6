"""What an event of the store means for automations: one row of the event table, as happenings in conversations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlmodel import Session, col, select

from pytake_cli.policy import window
from pytake_cli.policy.automations import Happening
from pytake_cli.store.automations import AutomationSeen
from pytake_cli.store.conversations import QUEUED, RESOLVED, SNOOZED, Conversation
from pytake_cli.store.events import Event
from pytake_cli.store.messages import IN, Message

KINDS = (
    "message:new",
    "conversation:updated",
    "contact:updated",
    "sla:breached",
)  # of the events that automations read
_OF_STATUS = {QUEUED: "queued", SNOOZED: "snoozed", RESOLVED: "resolved"}


class Reader:
    """Remembers in the store what it last knew of each conversation; `keeps` False leaves no trace (dry run)."""

    def __init__(self, db: Session, *, keeps: bool = True) -> None:
        self._db, self._keeps = db, keeps
        self._seen: dict[int, AutomationSeen] = {}

    def happenings(self, event: Event) -> list[Happening]:
        """In the order in which automations hear them; none for what is none of theirs."""
        match event.kind:
            case "message:new":
                found = self._message(event)
            case "conversation:updated":
                found = self._conversation(event)
            case "sla:breached":
                found = self._breach(event)
            case "contact:updated":
                return self._contact(event)
            case _:
                return []
        return [found] if found is not None else []

    def _message(self, event: Event) -> Happening | None:
        message = self._db.get(Message, event.payload.get("message", 0))
        talk = self._db.get(Conversation, event.conversation_id or 0)
        if message is None or talk is None or talk.standby:
            return None
        is_in = message.direction == IN
        if is_in and (not window.opens_window(message.kind) or window.is_stale(message.at, event.at)):
            return None
        seen = self._known(talk)
        is_new = seen is None and talk.created_at == event.at
        names = {"message_in" if is_in else "message_out"} | ({"opened"} if is_new else set())
        if seen is None:
            # a new one: whatever comes next is a change, but that it waits for people is news already
            seen = self._keep(talk, talk.status if talk.status == QUEUED or not is_new else "")
            names |= {"queued"} if is_new and talk.status == QUEUED else set()
        return Happening(
            event=event.id or 0,
            names=frozenset(names),
            at=event.at,
            conversation=talk.id or 0,
            contact=talk.contact_id,
            text=message.text if is_in else "",
            message=message.id,
            origin=message.origin,
            written_at=message.at if is_in else None,
        )

    def _conversation(self, event: Event) -> Happening | None:
        talk = self._db.get(Conversation, event.conversation_id or 0)
        if talk is None:
            return None
        payload = event.payload
        names: set[str] = set()
        words: dict[str, tuple[str, ...]] = {}
        seen = self._known(talk)
        if "status" in payload:
            before = seen.status if seen else self._guessed(talk, event)
            after = str(payload["status"])
            if before is not None and before != after:
                names |= {"status"} | ({_OF_STATUS[after]} if after in _OF_STATUS else set())
                names |= {"reopened"} if before == RESOLVED else set()
                words["status"] = (after,)
            assignee = payload.get("assignee")
            held = seen.assignee_id if seen else None
            if seen is not None and assignee != held:
                names.add("assigned" if assignee else "unassigned")
            seen = seen or self._keep(talk, after)
            self._db.add(seen) if self._keeps else None
            seen.status, seen.assignee_id = after, assignee if isinstance(assignee, int) else None
        if payload.get("what") == "rated":
            names.add("rated")
        names |= self._labels(payload, words)
        return Happening(
            event=event.id or 0,
            names=frozenset(names),
            at=event.at,
            conversation=talk.id or 0,
            contact=talk.contact_id,
            words=words,
        )

    def _breach(self, event: Event) -> Happening | None:
        talk = self._db.get(Conversation, event.conversation_id or event.payload.get("conversation", 0))
        if talk is None:
            return None
        words = {"sla_breached": (str(event.payload.get("clock", "")),)}
        names = frozenset({"sla_breached"})
        return Happening(event.id or 0, names, event.at, talk.id or 0, talk.contact_id, words=words)

    def _guessed(self, talk: Conversation, event: Event) -> str | None:
        """What it was before, of one that is seen for the first time; None if nobody knows."""
        if event.payload.get("status") == RESOLVED and talk.resolved_at == event.at:
            return ""
        return "" if event.payload.get("what") in ("resolved", "reopened", "snoozed") else None

    def _labels(self, payload: Mapping[str, Any], words: dict[str, tuple[str, ...]]) -> set[str]:
        """`labels`: {"added": ["vip"], "removed": []} in the event says which."""
        labels = payload.get("labels")
        if not isinstance(labels, dict):
            return set()
        names = set()
        for part, name in (("added", "labelled"), ("removed", "unlabelled")):
            if labels.get(part):
                words[name] = tuple(map(str, labels[part]))
                names.add(name)
        return names

    def _contact(self, event: Event) -> list[Happening]:
        """What changed of a contact, in each of its conversations that go on."""
        contact_id, changed = event.payload.get("contact"), event.payload.get("changed")
        if not isinstance(contact_id, int) or not isinstance(changed, list):
            return []
        names, words = _changes(event.payload, changed)
        if not names:
            return []
        going_on = select(Conversation).where(Conversation.contact_id == contact_id, Conversation.status != RESOLVED)
        return [
            Happening(event.id or 0, names, event.at, talk.id or 0, contact_id, words=words)
            for talk in self._db.exec(going_on.order_by(col(Conversation.id)))
        ]

    def _known(self, talk: Conversation) -> AutomationSeen | None:
        id_ = talk.id or 0
        if id_ not in self._seen:
            row = self._db.get(AutomationSeen, id_) if self._keeps else None
            if row is None:
                return None
            self._seen[id_] = row
        return self._seen[id_]

    def _keep(self, talk: Conversation, status: str) -> AutomationSeen:
        row = AutomationSeen(conversation_id=talk.id or 0, org_id=talk.org_id, status=status)
        self._seen[talk.id or 0] = row
        if self._keeps:
            self._db.add(row)
        return row


def _changes(payload: Mapping[str, Any], changed: list[str]) -> tuple[frozenset[str], dict[str, tuple[str, ...]]]:
    """Which tags came and went, and which values changed, with and without `f.`."""
    words: dict[str, tuple[str, ...]] = {}
    for part, name in (("added", "tagged"), ("removed", "untagged")):
        if payload.get(part):
            words[name] = tuple(map(str, payload[part]))
    fields = tuple(name for name in changed if name not in ("tags", "notes", "blocked"))
    if fields:
        words["field"] = (*fields, *(name.removeprefix("f.") for name in fields if name.startswith("f.")))
    return frozenset(words), words
