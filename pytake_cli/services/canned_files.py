"""Canned replies as a file, to carry them between organisations and to edit many at once.

prazo:
  title: Prazo de entrega
  text: Oi {{ contact.first_name }}, chega em {{ prazo | 5 a 7 }} dias.   # or a map: {pt_BR: …, en: …}
  labels: [entrega]
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import LiteralScalarString
from sqlmodel import Session

from pytake_cli.errors import InvalidData
from pytake_cli.flow import reader
from pytake_cli.flow.misfits import given
from pytake_cli.flow.positions import Path
from pytake_cli.flow.problems import FlowErrors, Problem, near, problem
from pytake_cli.services import canned as replies
from pytake_cli.services import canned_text
from pytake_cli.store import canned
from pytake_cli.store.canned import SHARED, Canned
from pytake_cli.store.users import User

KEYS = ("title", "text", "labels")


@dataclass(frozen=True, slots=True)
class Entry:
    """One reply of a file."""

    key: str
    title: str
    texts: dict[str, str]
    labels: list[str]


@dataclass(frozen=True, slots=True)
class Imported:
    new: list[str]
    changed: list[str]
    same: list[str]


def read(source: str | bytes, path: str) -> list[Entry]:
    """The replies of a file; InvalidData with every mistake at its line and column."""
    try:
        found = reader.read(reader.decode(source, path) if isinstance(source, bytes) else source, path)
    except FlowErrors as error:
        raise _refused(error.problems) from None
    problems = list(found.problems)

    def say(message: str, at: Path, *, at_key: bool = False, fix: str = "", **values: Any) -> None:
        place = found.positions.key(at) if at_key else found.positions.value(at)
        problems.append(problem("PT-CANNED-FILE", message, place, path=path, fix=fix, **values))

    entries = []
    if not isinstance(found.data, dict):
        say("the file is a map from keys to replies, not {given}", (), given=given(found.data))
    else:
        entries = [_entry(key, value, say) for key, value in found.data.items()]
    if problems:
        raise _refused(problems)
    return [entry for entry in entries if entry is not None]


def _entry(key: str, value: Any, say: Any) -> Entry | None:
    if not replies.KEY.fullmatch(str(key)):
        say("{given} is no key: small letters, digits, - and _", (key,), at_key=True, given=given(key))
    value = {"text": value} if isinstance(value, str) else value
    if not isinstance(value, dict):
        say("a reply is a text, or a map with `text`, not {given}", (key,), given=given(value))
        return None
    for name in value:
        if name not in KEYS:
            meant = near(name, KEYS)
            fix = "did you mean `{meant}`?" if meant else "there are title, text and labels"
            say("`{name}` is no part of a reply", (key, name), at_key=True, fix=fix, name=name, meant=meant)
    text, labels, title = value.get("text"), value.get("labels") or [], value.get("title") or ""
    texts = {"": text} if isinstance(text, str) else text
    if not isinstance(texts, dict) or not texts or not all(isinstance(each, str) for each in texts.values()):
        say("`text` takes a text, or a map from languages to texts, not {given}", (key, "text"), given=given(text))
        return None
    if not isinstance(labels, list) or not all(isinstance(each, str) for each in labels):
        say("`labels` takes a list of words, not {given}", (key, "labels"), given=given(labels))
        return None
    for language, each in texts.items():
        try:
            canned_text.check(each)
        except InvalidData as error:
            at = (key, "text", language) if isinstance(text, dict) else (key, "text")
            say("{reason}", at, reason=str(error.values.get("reason") or error).partition("\n")[0])
    return Entry(key, str(title), dict(texts), list(labels))


def _refused(problems: Sequence[Problem]) -> InvalidData:
    told = [str(each) for each in sorted(problems, key=lambda each: (each.line, each.column))]
    return InvalidData(
        "PT-CANNED-FILE",
        "{first}" if len(told) == 1 else "{first} (and {more} more)",
        why="\n".join(told[1:5]).replace("{", "{{").replace("}", "}}"),
        fix="pytake canned import -h",
        first=told[0],
        more=len(told) - 1,
    )


def take_in(db: Session, org_id: int, entries: Sequence[Entry], now: datetime, owner: User | None) -> Imported:
    """Makes what is new and changes what is there; what the file does not name stays."""
    made = Imported([], [], [])
    owner_id = owner.id or SHARED if owner else SHARED
    for entry in entries:
        row = canned.of_owner(db, org_id, owner_id, entry.key)
        if row is None:
            replies.create(db, org_id, entry.key, entry.texts, now, title=entry.title, labels=entry.labels, owner=owner)
            made.new.append(entry.key)
            continue
        texts = {**dict.fromkeys(row.texts, ""), **entry.texts}
        changed = replies.change(db, row, now, texts=texts, title=entry.title, labels=entry.labels)
        (made.changed if changed else made.same).append(entry.key)
    return made


def yaml_text(rows: Sequence[Canned]) -> str:
    """The file that `read` reads as these replies."""
    out = YAML(typ="rt", pure=True)
    out.width, out.allow_unicode = 110, True
    stream = io.StringIO()
    out.dump({row.key: _plain(row) for row in rows}, stream)
    return stream.getvalue() if rows else ""


def _plain(row: Canned) -> dict[str, Any]:
    texts = {language: _block(text) for language, text in row.texts.items()}
    told = {"title": row.title, "text": texts[""] if set(texts) == {""} else texts, "labels": row.labels}
    return {name: value for name, value in told.items() if value}


def _block(text: str) -> str:
    """A text of several lines as a block, unless YAML would change it."""
    fits = "\n" in text and not any(line != line.rstrip() for line in text.split("\n"))
    return LiteralScalarString(text) if fits else text
