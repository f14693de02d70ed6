"""A few thousand rows of a list meet the store: who is new, who is known, what changes; all in one transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlmodel import Session

from pytake_cli.locale import _
from pytake_cli.policy.people import BSUID, PHONE, is_late, storable
from pytake_cli.services import consent, erasures
from pytake_cli.services.contact_import_rows import Entry, Reject, folded
from pytake_cli.store import imports
from pytake_cli.store.contacts import contact
from pytake_cli.store.imports import UPDATED, Writing
from pytake_cli.store.rows import reserve_ids

SHOWN_HOLDERS = 3
Numbered = tuple[int, Entry]  # with the id that the contact gets
Owners = Mapping[str, tuple[int, datetime | None]]  # value -> (contact, since when it is not theirs any more)
# what a new contact has where its row says nothing, in the order of imports.NEW
_BLANK: dict[str, Any] = {"name": "", "language": "", "tz": "", "stage": "", "score": 0, "vip": False}


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds for every row of an import."""

    org_id: int
    proof: str  # the file's name
    on_conflict: str = "update"  # of somebody who is there already: skip | update | fail
    tags: tuple[str, ...] = ()
    consent: bool = False  # every row is a grant, not only those whose column says so
    consent_source: str = ""
    consent_at: datetime | None = None
    key: str = "phone"  # what tells who a row is about: phone | bsuid | f.<field>

    def agrees(self, entry: Entry) -> bool | None:
        """Whether the row is a grant or a refusal of marketing; None if it says nothing."""
        return entry.consent if entry.consent is not None else self.consent or None


@dataclass(slots=True)
class Change:
    """What rows change of somebody who is known."""

    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)
    tags: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Chunk:
    """What the rows come to, before anything is written."""

    new: list[Entry] = field(default_factory=list)
    changes: dict[int, Change] = field(default_factory=dict)
    states: dict[int, dict[str, Any]] = field(default_factory=dict)  # as they will be
    said: list[tuple[int, bool, Entry]] = field(default_factory=list)  # to the ledgers of those who are known
    given_up: list[str] = field(default_factory=list)  # phones that their last owners have no more
    rejects: list[Reject] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)


def decide(db: Session, rules: Rules, entries: Sequence[Entry], now: datetime, *, lock: bool) -> Chunk:
    """Finds who each row is about, by every spelling of the phone; changes nothing, but locks who is known."""
    chunk = Chunk()
    phones = _owners(db, rules.org_id, PHONE, [each for entry in entries for each in entry.spellings])
    alone = _owners(db, rules.org_id, BSUID, [entry.bsuid for entry in entries if not entry.spellings])
    found = [(entry, _owner(entry, phones, alone, now)) for entry in entries]
    met = {id_ for entry, id_ in found for id_ in (id_, *entry.holders) if id_ is not None}
    chunk.states = imports.states(db, rules.org_id, met, lock=lock)
    for entry, id_ in found:
        if entry.identity and (why := _contradiction(chunk, rules, entry, id_)):
            chunk.rejects.append(Reject(entry.line, entry.cells, why, "key"))
        elif (id_ := entry.holders[0] if entry.holders else id_) is not None:
            _meet(chunk, rules, entry, id_)
        elif entry.spellings:
            chunk.new.append(entry)
            if entry.spellings[0] in phones:
                chunk.given_up.append(entry.spellings[0])
        else:
            reason = _("nobody has this {key}").format(key=rules.key if entry.identity else "bsuid")
            chunk.rejects.append(Reject(entry.line, entry.cells, reason, "phone"))
    _leave_out_erased(db, rules, chunk)
    chunk.counts["new"] = len(chunk.new)
    return chunk


def _leave_out_erased(db: Session, rules: Rules, chunk: Chunk) -> None:
    """Nobody who asked to be erased comes back by a list."""
    if not chunk.new or not erasures.any_of(db, rules.org_id):
        return
    gone = erasures.marked(db, rules.org_id, [entry.spellings for entry in chunk.new])
    why = _("was erased on request; a consent given since brings them back: pytake privacy consent set")
    chunk.rejects += [
        Reject(entry.line, entry.cells, why, "erased") for entry in chunk.new if entry.spellings[0] in gone
    ]
    chunk.new = [entry for entry in chunk.new if entry.spellings[0] not in gone]


def _contradiction(chunk: Chunk, rules: Rules, entry: Entry, phone_owner: int | None) -> str:
    """Why key and phone of a row do not mean the same person; empty when they do."""
    name = rules.key.removeprefix("f.")
    if len(entry.holders) > 1:
        shown = ", ".join(f"contact:{id_}" for id_ in entry.holders[:SHOWN_HOLDERS])
        return _("several contacts have this {key}: {contacts}").format(key=name, contacts=shown)
    if entry.holders:
        if not entry.spellings or phone_owner == entry.holders[0]:
            return ""
        why = _("contact:{id} has this {key}, but not this phone number")
        return why.format(id=entry.holders[0], key=name)
    state = chunk.states.get(phone_owner) if phone_owner is not None else None
    if state is None or folded(state["fields"].get(name)) in ("", entry.identity):
        return ""
    return _("contact:{id} has this phone number, and another {key}").format(id=phone_owner, key=name)


def _owners(db: Session, org_id: int, kind: str, values: list[str]) -> Owners:
    if not values:
        return {}
    return {row.value: (row.contact_id, row.retired_at) for row in imports.owners(db, org_id, kind, values)}


def _owner(entry: Entry, phones: Owners, alone: Owners, now: datetime) -> int | None:
    """As messages find their contact: the number itself, else other spellings of it if they name exactly one person."""
    if not entry.spellings:
        return alone[entry.bsuid][0] if entry.bsuid in alone else None
    if not phones:
        return None
    exact = phones.get(entry.spellings[0])
    if exact is not None:
        return exact[0] if exact[1] is None or is_late(exact[1], now) else None
    alike = {phones[other][0] for other in entry.spellings[1:] if other in phones and phones[other][1] is None}
    return alike.pop() if len(alike) == 1 else None


def _meet(chunk: Chunk, rules: Rules, entry: Entry, id_: int) -> None:
    """A row about somebody who is there: refused, skipped, or compared with what is known."""
    state = chunk.states.get(id_)
    if state is None:
        reason = _("contact:{id} is being merged").format(id=id_)
        chunk.rejects.append(Reject(entry.line, entry.cells, reason, "exists"))
    elif state["deleted_at"] is not None:
        reason = _("contact:{id} was deleted on {day}, and stays so")
        reason = reason.format(id=id_, day=f"{state['deleted_at']:%Y-%m-%d}")
        chunk.rejects.append(Reject(entry.line, entry.cells, reason, "deleted"))
    elif rules.on_conflict == "fail":
        reason = _("is there already: contact:{id}").format(id=id_)
        chunk.rejects.append(Reject(entry.line, entry.cells, reason, "exists"))
    elif rules.on_conflict == "skip":
        chunk.counts["skipped"] += 1
    else:
        changed = _change(chunk, rules, entry, id_)
        changed = _speak(chunk, rules, entry, id_) or changed
        chunk.counts["updated" if changed else "same"] += 1


def _change(chunk: Chunk, rules: Rules, entry: Entry, id_: int) -> bool:
    """Takes over what the row has and the contact has not; an empty cell erases nothing."""
    state = chunk.states[id_]
    before, after = {}, {}
    for name, value in entry.own.items():
        if state[name] != value:
            before[name], after[name], state[name] = state[name], value, value
    for name, value in entry.fields.items():
        known = state["fields"].get(name)
        if known != value or type(known) is not type(value):
            before[f"f.{name}"], after[f"f.{name}"] = known, value
            state["fields"] = {**state["fields"], name: value}
    tags = {*entry.tags, *rules.tags} - state["tags"]
    if not after and not tags:
        return False
    state["tags"] |= tags
    change = chunk.changes.setdefault(id_, Change())
    change.before, change.after = {**before, **change.before}, {**change.after, **after}
    change.tags |= tags
    return True


def _speak(chunk: Chunk, rules: Rules, entry: Entry, id_: int) -> bool:
    """A line for the ledger, if it is news; a list never lifts what a person stopped."""
    state, agrees = chunk.states[id_], rules.agrees(entry)
    stopped = state["marketing_stopped_at"] is not None or state["opted_out_at"] is not None
    if agrees is None or (stopped and not agrees) or (agrees and state["marketing_granted_at"] is not None):
        return False
    if stopped:
        chunk.counts["stopped"] += 1
        return False
    state["marketing_granted_at" if agrees else "marketing_stopped_at"] = rules.consent_at
    chunk.said.append((id_, agrees, entry))
    return True


def write(db: Session, writing: Writing, rules: Rules, chunk: Chunk, actor: str, now: datetime) -> None:
    """Does what was decided. Raises IntegrityError when another process has just made one of the new contacts."""
    ids = reserve_ids(db, contact, len(chunk.new)) if chunk.new else ()
    new = list(zip(ids, chunk.new, strict=True))
    imports.give_up(db, rules.org_id, chunk.given_up)
    for same, some in _by_consent(rules, new):
        phones = [(entry.spellings[0], id_) for id_, entry in some]
        writing.contacts(db, [_row(id_, entry) for id_, entry in some], phones, **same)
    _write_tags(db, writing, rules, chunk, new, now)
    _write_changes(db, writing, chunk)
    if rules.consent_at is not None:
        _write_consent(db, writing, rules, chunk, new, actor, now)
    writing.rejects(
        db, [[each.line, [storable(cell) for cell in each.cells], storable(each.reason)] for each in chunk.rejects]
    )


def _by_consent(rules: Rules, new: Sequence[Numbered]) -> Iterator[tuple[dict[str, Any], Sequence[Numbered]]]:
    """New people by what their rows say of marketing, each time with the columns that repeat it."""
    if rules.consent_at is None:
        yield {}, new
        return
    for agrees, column in ((None, ""), (True, "marketing_granted_at"), (False, "marketing_stopped_at")):
        same = {column: rules.consent_at} if column else {}
        yield same, [(id_, entry) for id_, entry in new if rules.agrees(entry) is agrees]


def _row(id_: int, entry: Entry) -> list[Any]:
    return [id_, *(_BLANK | entry.own).values(), entry.fields]


def _write_tags(
    db: Session, writing: Writing, rules: Rules, chunk: Chunk, new: Sequence[Numbered], now: datetime
) -> None:
    wanted = [(id_, name) for id_, entry in new for name in entry.tags]
    wanted += [(id_, name) for id_, _ in new for name in rules.tags]
    wanted += [(id_, name) for id_, change in chunk.changes.items() for name in change.tags]
    ids = imports.tag_ids(db, rules.org_id, {name for _, name in wanted}, now)
    writing.tags(db, [(id_, ids[name]) for id_, name in wanted])


def _write_changes(db: Session, writing: Writing, chunk: Chunk) -> None:
    rows: dict[bool, list[list[Any]]] = {True: [], False: []}
    lines = []
    for id_, change in sorted(chunk.changes.items()):
        state, named = chunk.states[id_], "name" in change.after
        rows[named].append([id_, *(state[name] for name in ((*UPDATED, "name") if named else UPDATED))])
        after = {**change.after, "tags": sorted(change.tags)} if change.tags else change.after
        lines.append([id_, change.before, after])
    writing.changes(db, rows[False], rows[True])
    writing.history(db, lines)


def _write_consent(
    db: Session,
    writing: Writing,
    rules: Rules,
    chunk: Chunk,
    new: Sequence[Numbered],
    actor: str,
    now: datetime,
) -> None:
    assert rules.consent_at is not None
    said = [(id_, rules.agrees(entry), f"{rules.proof}:{entry.line}") for id_, entry in new]
    rows = [[id_, agrees, proof] for id_, agrees, proof in said if agrees is not None]
    writing.consents(db, rows, rules.consent_source, rules.consent_at)
    lines = [
        consent.Line(
            id_,
            consent.MARKETING,
            agrees,
            rules.consent_source,
            rules.consent_at,
            f"{rules.proof}:{entry.line}",
            actor,
        )
        for id_, agrees, entry in chunk.said
    ]
    consent.write(db, rules.org_id, lines, now)
