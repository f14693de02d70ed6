"""What an event of the store means for automations: one row of the event table, as happenings in conversations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    "segment:entered",
    "segment:left",
)  # of the events that automations read
MOST_AT_ONCE = 20  # contacts that enter or leave together: more of them set nothing off, as when many are changed
_OF_STATUS = {QUEUED: "queued", SNOOZED: "snoozed", RESOLVED: "resolved"}


class Reader:
    """Reads what the events of a batch are about, all at once; what changes of what it knows is `dirty`."""

    def __init__(self, db: Session, found: Sequence[Event], *, knows: bool = True) -> None:
        """`knows` False begins without what is known of the conversations, for a replay of the past."""
        self._db = db
        self._messages = _by_id(db, Message, [event.payload.get("message") for event in found])
        talks = _by_id(db, Conversation, [event.conversation_id for event in found])
        self._talks: dict[int, Conversation] = talks
        self._of_contacts = self._going_on([id_ for event in found for id_ in _contacts(event)])
        ids = sorted(talks) if knows else []
        self._seen = {row.conversation_id: row for row in _all(db, AutomationSeen, AutomationSeen.conversation_id, ids)}
        self._dirty: set[int] = set()

    def learnt_from(self, before: Reader) -> Reader:
        """The same, knowing also what another has learnt."""
        self._seen = before._seen | self._seen
        return self

    @property
    def conversations(self) -> list[int]:
        """Those that the batch is about."""
        theirs = (talk.id for talks in self._of_contacts.values() for talk in talks)
        return sorted({*self._talks, *(id_ for id_ in theirs if id_ is not None)})

    def dirty(self) -> list[AutomationSeen]:
        return [self._seen[id_] for id_ in sorted(self._dirty)]

    def _going_on(self, ids: Sequence[int]) -> dict[int, list[Conversation]]:
        """The open conversations of the contacts that changed."""
        talks: dict[int, list[Conversation]] = {}
        for talk in _all(self._db, Conversation, Conversation.contact_id, ids):
            if talk.status != RESOLVED:
                talks.setdefault(talk.contact_id, []).append(talk)
        return talks

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
            case "segment:entered" | "segment:left":
                return self._segment(event)
            case _:
                return []
        return [found] if found is not None else []

    def _message(self, event: Event) -> Happening | None:
        message = self._messages.get(event.payload.get("message", 0))
        talk = self._talks.get(event.conversation_id or 0)
        if message is None or talk is None or talk.standby:
            return None
        is_in = message.direction == IN
        if is_in and (not window.opens_window(message.kind) or window.is_stale(message.at, event.at)):
            return None
        seen = self._seen.get(talk.id or 0)
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
        talk = self._talks.get(event.conversation_id or 0)
        if talk is None:
            return None
        payload = event.payload
        names: set[str] = set()
        words: dict[str, tuple[str, ...]] = {}
        seen = self._seen.get(talk.id or 0)
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
            self._dirty.add(talk.id or 0)
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
        talk = self._talks.get(event.conversation_id or 0)
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
        changed = event.payload.get("changed")
        names, words = _changes(event.payload, changed) if isinstance(changed, list) else (frozenset(), {})
        return self._of(event, names, words) if names else []

    def _segment(self, event: Event) -> list[Happening]:
        name = event.kind.replace(":", "_")
        return self._of(event, frozenset({name}), {name: (str(event.payload.get("segment", "")),)})

    def _of(self, event: Event, names: frozenset[str], words: dict[str, tuple[str, ...]]) -> list[Happening]:
        return [
            Happening(event.id or 0, names, event.at, talk.id or 0, contact_id, words=words)
            for contact_id in _contacts(event)
            for talk in self._of_contacts.get(contact_id, ())
        ]

    def _keep(self, talk: Conversation, status: str) -> AutomationSeen:
        row = AutomationSeen(conversation_id=talk.id or 0, org_id=talk.org_id, status=status)
        self._seen[row.conversation_id] = row
        self._dirty.add(row.conversation_id)
        return row


def _contacts(event: Event) -> list[int]:
    """Of whom a contact's event is; of a segment's those who came or went, unless they are many."""
    told = event.payload.get("contact"), event.payload.get("contacts")
    ids = told[1] if event.kind.startswith("segment:") else [told[0]] if event.kind == "contact:updated" else []
    return [id_ for id_ in ids if isinstance(id_, int)] if isinstance(ids, list) and len(ids) <= MOST_AT_ONCE else []


def _by_id(db: Session, table: type[Any], ids: Sequence[Any]) -> dict[int, Any]:
    return {row.id: row for row in _all(db, table, table.id, [id_ for id_ in ids if isinstance(id_, int)])}


def _all(db: Session, table: type[Any], column: Any, ids: Sequence[int]) -> list[Any]:
    """The rows whose column is one of the ids; they stay as they are while this transaction looks."""
    if not ids:
        return []
    found = db.exec(select(table).where(col(column).in_(sorted(set(ids)))).order_by(col(column))).all()
    return [_apart(db, row) for row in found] if table is AutomationSeen else list(found)


def _apart(db: Session, row: Any) -> Any:
    db.expunge(row)
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
