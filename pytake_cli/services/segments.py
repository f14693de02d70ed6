"""Segments: who is meant by a text, how many, why; and those that are kept by name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from pytake_cli.errors import Conflict, InvalidData, NotFound
from pytake_cli.flow.words import closest, fold
from pytake_cli.locale import _
from pytake_cli.segment.fields import EQUAL
from pytake_cli.segment.tree import And, Bare, Node, Not, Or, Predicate, SegmentError
from pytake_cli.segment.written import written
from pytake_cli.services import automation_files
from pytake_cli.services.automation_files import AutomationErrors
from pytake_cli.services.segment_reading import Reader, leaves, named_in, refused
from pytake_cli.store import audience, automations, segments
from pytake_cli.store import fields as field_rows
from pytake_cli.store.campaigns import Campaign
from pytake_cli.store.comparisons import words
from pytake_cli.store.contacts import Contact, contact
from pytake_cli.store.folding import folded_in
from pytake_cli.store.organisations import Organisation
from pytake_cli.store.segments import Segment
from pytake_cli.store.tags import Tag, tag

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
OVER = ("finished", "cancelled")  # campaigns that ask nobody any more


def read(db: Session, org_id: int, text: str) -> Node:
    """The text's tree, checked against the organisation's fields, with saved segments in the place of their names."""
    return Reader(db, org_id).read(text)


def ids(db: Session, org_id: int, text: str, now: datetime) -> sa.Select[int]:
    """The query for the ids of the contacts that a segment's text means; more can be asked of `contact` in it."""
    return _query(db, org_id, read(db, org_id, text), text, now)


def _query(db: Session, org_id: int, tree: Node, text: str, now: datetime) -> sa.Select[int]:
    tz = db.get_one(Organisation, org_id).tz
    try:
        return audience.select_ids(db, tree, org_id=org_id, now=now, tz=tz)
    except SegmentError as error:
        raise refused(text, error) from None


def count(db: Session, org_id: int, text: str, now: datetime) -> int:
    return _count(db, org_id, read(db, org_id, text), text, now)


def _count(db: Session, org_id: int, tree: Node, text: str, now: datetime) -> int:
    tz = db.get_one(Organisation, org_id).tz
    try:
        return audience.count(db, tree, org_id=org_id, now=now, tz=tz)
    except SegmentError as error:
        raise refused(text, error) from None


def page(db: Session, org_id: int, text: str, now: datetime, limit: int | None) -> tuple[list[Contact], int]:
    """Those whom a segment means, the newest first, and how many they are in all."""
    tree = read(db, org_id, text)
    newest = _query(db, org_id, tree, text, now).order_by(contact.c.id.desc()).limit(limit)
    found = select(Contact).where(col(Contact.id).in_(newest)).order_by(col(Contact.id).desc())
    return list(db.exec(found)), _count(db, org_id, tree, text, now)


def text_of(db: Session, org_id: int, name: str | None, expression: str | None) -> str:
    """What a command is asked about: a saved segment by its name, or `-w EXPR`, whose -w may be left out."""
    if (name is None) == (expression is None):
        raise InvalidData("PT-SEGMENT-WHICH", "give the name of a segment, or -w EXPR", fix="pytake segment list")
    if name is None or not NAME.fullmatch(name.lower()):
        return expression or name or ""
    return find(db, org_id, name).query


def explain(db: Session, org_id: int, text: str, now: datetime) -> dict[str, Any]:
    """How many each condition means by itself, how many are left after it, and the SQL of all."""
    reader = Reader(db, org_id)
    tree = reader.checked(text)
    parts = tree.children if isinstance(tree, And) else (tree,)
    rows: list[dict[str, Any]] = []
    for at, part in enumerate(parts, 1):
        rows += _explained(db, org_id, reader, part, text, now, 0)
        whole = And(tuple(parts[:at]))
        rows[-1]["left"] = _count(db, org_id, reader.expanded(whole, text), text, now)
    query = _query(db, org_id, reader.expanded(tree, text), text, now)
    compiled = query.compile(dialect=db.get_bind().dialect, compile_kwargs={"render_postcompile": True})
    people = rows[-1]["left"] if rows else 0
    return {"people": people, "conditions": rows, "sql": str(compiled), "values": dict(compiled.params)}


def _explained(
    db: Session, org_id: int, reader: Reader, node: Node, text: str, now: datetime, depth: int
) -> list[dict[str, Any]]:
    """Inner conditions first, so that the last row is the whole of them."""
    rows: list[dict[str, Any]] = []
    inner: Sequence[Node] = ()
    match node:
        case And(children) | Or(children):
            inner = children
        case Not(child) if isinstance(child, And | Or):
            inner = (child,)
    for child in inner:
        rows += _explained(db, org_id, reader, child, text, now, depth + 1)
    people = _count(db, org_id, reader.expanded(node, text), text, now)
    row = {"condition": written(node), "people": people, "left": None, "depth": depth, "note": _note(db, org_id, node)}
    return [*rows, row]


def notes(db: Session, org_id: int, text: str) -> list[str]:
    """What is odd about a text that can be read."""
    found = (_note(db, org_id, leaf) for leaf in leaves(Reader(db, org_id).checked(text)))
    return [note for note in dict.fromkeys(found) if note]


def _note(db: Session, org_id: int, node: Node) -> str:
    """What is mostly misspelt: tags that nobody ever had, no choice of a field, fields taken for words of a name."""
    node = node.child if isinstance(node, Not) else node
    if isinstance(node, Bare):
        return _doubted(db, org_id, node.word)
    if isinstance(node, Predicate) and node.type == "choice":
        return _no_choice(db, org_id, node)
    if not isinstance(node, Predicate) or node.field != "tag":
        return ""
    known = db.exec(select(Tag.name).where(Tag.org_id == org_id)).all()
    for value in node.values:
        there = sa.select(tag.c.id).where(tag.c.org_id == org_id, folded_in(tag.c.name, words([value])[0]))
        if db.connection().execute(there.limit(1)).first() is None:
            near = closest(value.text, known)
            told = _("no tag {tag}; did you mean {near}?") if near else _("no tag {tag}")
            return told.format(tag=value.text, near=near)
    return ""


def _doubted(db: Session, org_id: int, word: str) -> str:
    """`not ativo` would mean everybody whose name has no such word."""
    if field_rows.by_name(db, org_id, word.lower()) is not None:
        told = _("{word} is looked for in names and phone numbers; did you mean f.{word}?")
    elif "_" in word:
        told = _("{word} is no field: it is looked for in names and phone numbers")
    else:
        return ""
    return told.format(word=word)


def _no_choice(db: Session, org_id: int, node: Predicate) -> str:
    field = field_rows.by_name(db, org_id, node.field.removeprefix("f."))
    known = {fold(choice) for choice in field.choices} if field else set()
    odd = next((value.text for value in node.values if fold(value.text) not in known), "")
    if not field or not odd or node.op not in EQUAL:
        return ""
    told = _("{value} is no choice of {field}: those are {choices}")
    return told.format(value=odd, field=node.field, choices=", ".join(field.choices))


def listed(db: Session, org_id: int) -> list[dict[str, Any]]:
    """The saved segments, with how many members those have that are kept as lists."""
    member = segments.segment_member.c
    many = sa.select(member.segment_id, sa.func.count()).where(member.org_id == org_id).group_by(member.segment_id)
    members = {row[0]: row[1] for row in db.connection().execute(many)}
    return [
        {**row.model_dump(), "members": members.get(row.id or 0, 0) if row.materialised else None}
        for row in segments.everyone(db, org_id)
    ]


def find(db: Session, org_id: int, name: str) -> Segment:
    """The saved segment of that name; raises NotFound with the nearest."""
    found = segments.by_name(db, org_id, name.lower())
    if found is not None:
        return found
    near = closest(name, [row.name for row in segments.everyone(db, org_id)])
    raise NotFound(
        "PT-SEGMENT",
        "there is no segment {name}",
        why="did you mean {near}?" if near else "",
        fix="pytake segment list",
        name=name,
        near=near or "",
    )


def create(
    db: Session,
    org_id: int,
    name: str,
    query: str,
    now: datetime,
    *,
    description: str = "",
    materialised: bool = False,
) -> Segment:
    """Keeps a text under a name; it must be readable now."""
    _refuse_name(db, org_id, name)
    ids(db, org_id, query, now)
    row = Segment(org_id=org_id, name=name, query=query, description=description, created_at=now, updated_at=now)
    row.materialised = materialised
    db.add(row)
    db.flush()
    return row


def change(
    db: Session,
    row: Segment,
    now: datetime,
    *,
    query: str | None = None,
    name: str | None = None,
    description: str | None = None,
    materialised: bool | None = None,
) -> list[str]:
    """Changes what is given and returns what is different now. Another query, or none kept, forgets the members."""
    before = row.model_dump()
    if name is not None and name != row.name:
        _refuse_name(db, row.org_id, name)
        _refuse_named(db, row)
        row.name = name
    if query is not None and query != row.query:
        _query(db, row.org_id, Reader(db, row.org_id, {row.name: query}).read(f"segment = {row.name}"), query, now)
        row.query = query
        _forget_members(db, row)
    if materialised is not None and materialised != row.materialised:
        row.materialised = materialised
        _forget_members(db, row)
    if description is not None:
        row.description = description
    changed = [key for key in ("name", "query", "description", "materialised") if before[key] != getattr(row, key)]
    if changed:
        row.updated_at = now
        db.add(row)
        db.flush()
    return changed


def delete(db: Session, row: Segment) -> None:
    """Forgets a saved segment and its members, unless another segment or a campaign names it."""
    _refuse_named(db, row)
    _forget_members(db, row)
    db.delete(row)
    db.flush()


def _forget_members(db: Session, row: Segment) -> None:
    """Nobody leaves by it: there are no events."""
    row.refreshed_at = None
    member = segments.segment_member
    db.connection().execute(sa.delete(member).where(member.c.segment_id == row.id))


def _refuse_name(db: Session, org_id: int, name: str) -> None:
    if not NAME.fullmatch(name):
        raise InvalidData(
            "PT-SEGMENT-NAME",
            "{name} cannot be the name of a segment: those are small letters, digits, - and _",
            fix='pytake segment create good-leads -w "stage = lead score >= 50"',
            name=name,
        )
    if segments.by_name(db, org_id, name) is not None:
        raise Conflict(
            "PT-SEGMENT-EXISTS",
            "there is a segment {name} already",
            fix="pytake segment set {name} -w EXPR",
            name=name,
        )


def _refuse_named(db: Session, row: Segment) -> None:
    users = named_by(db, row)
    if users:
        raise Conflict(
            "PT-SEGMENT-USED",
            "the segment {name} is named by {users}",
            fix="change those first",
            name=row.name,
            users=", ".join(users),
        )


def named_by(db: Session, row: Segment) -> list[str]:
    """What asks for a saved segment: other segments, automations, and campaigns that are not over."""
    others = [f"segment {one.name}" for one in segments.everyone(db, row.org_id) if row.name in named_in(one.query)]
    running = select(Campaign).where(Campaign.org_id == row.org_id, col(Campaign.status).not_in(OVER))
    campaigns = [f"campaign {one.name}" for one in db.exec(running) if row.name in _segments_of(one)]
    return others + _automations_of(db, row) + campaigns


def _automations_of(db: Session, row: Segment) -> list[str]:
    found = []
    for one in automations.everyone(db, row.org_id):
        try:
            read = automation_files.read(one.source, one.name)
        except AutomationErrors:  # of a newer program
            continue
        if row.name in read.segments | named_in(read.conditions.contact):
            found.append(f"automation {one.name}")
    return found


def _segments_of(campaign: Campaign) -> set[str]:
    wanted = campaign.definition.get("audience")
    asked = wanted if isinstance(wanted, dict) else {}
    named = {str(asked["segment"]).lower()} if asked.get("segment") else set()
    return named | named_in(str(asked.get("where") or "")) | named_in(campaign.query)
