"""What a campaign fills its templates with for each person: texts of flows, and the columns of an audience file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlmodel import Session

from pytake_cli.errors import InvalidData
from pytake_cli.flow.expressions import EvaluationError, Template, compile_template
from pytake_cli.flow.language.values import Missing
from pytake_cli.policy.campaigns import Arm, Definition
from pytake_cli.services import flow_context, templates
from pytake_cli.store import tags
from pytake_cli.store.contacts import contact, identities_of
from pytake_cli.store.organisations import Organisation
from pytake_cli.store.templates import Template as Approved

COLUMN = "@"  # `@cupom` is the column `cupom` of the audience file
NAMES = ("contact", "row", "org", "campaign", "now", "today", "language")  # what the texts may read
_KNOWN_BY = ("display_name", "phone", "username")  # of a contact: what identities are read for
_COLUMNS = (
    contact.c.id,
    contact.c.name,
    contact.c.profile_name,
    contact.c.language,
    contact.c.tz,
    contact.c.fields,
    contact.c.stage,
    contact.c.score,
)


@dataclass(frozen=True, slots=True)
class Filled:
    """One person's values; `lacking` are those that have none, `unfit` why the template does not take the others."""

    values: Mapping[str, str]
    lacking: tuple[str, ...] = ()
    unfit: str = ""

    @property
    def is_ready(self) -> bool:
        return not self.lacking and not self.unfit


@dataclass(frozen=True, slots=True)
class Filling:
    """How an arm's template is filled."""

    template: Approved | None  # None: a flow's variables
    texts: Mapping[str, str]
    reads: frozenset[tuple[str, ...]] = field(default_factory=frozenset)  # ("contact", "phone")

    @classmethod
    def of(cls, definition: Definition, arm: Arm, template: Approved | None) -> Filling:
        texts = dict(definition.values_of(arm))
        compiled = [compile_template(text) for text in texts.values() if not text.startswith(COLUMN)]
        return cls(template, texts, frozenset(each.path[:2] for one in compiled for each in one.references))

    @property
    def reads_people(self) -> bool:
        return any(path[0] in ("contact", "language") for path in self.reads)

    @property
    def is_constant(self) -> bool:
        """Whether everybody gets the same."""
        return not self.reads and not any(text.startswith(COLUMN) for text in self.texts.values())

    def fill(self, scope: Mapping[str, Any]) -> Filled:
        """The values of the person whose `scope` it is."""
        values: dict[str, str] = {}
        lacking = []
        for key, text in self.texts.items():
            value = _value(text, scope)
            if value is None:
                lacking.append(key)
            else:
                values[key] = value
        if lacking or self.template is None:
            return Filled(values, tuple(lacking))
        try:
            templates.message(self.template, values)
        except InvalidData as error:
            return Filled(values, unfit=str(error.values.get("misfits") or error))
        return Filled(values)


def _value(text: str, scope: Mapping[str, Any]) -> str | None:
    """A text in one line, as Meta wants values; None when it is empty or reads something that is not there."""
    if text.startswith(COLUMN):
        found = str((scope.get("row") or {}).get(text[1:]) or "")
    else:
        trace = Missing()
        try:
            found = compile_template(text).render(scope, trace)
        except EvaluationError:
            return None
        if trace.paths:
            return None
    return " ".join(found.split()) or None


def scopes(
    db: Session, rows: Sequence[Any], fillings: Sequence[Filling], base: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """What the texts may read for each of `rows` (id, values); people are only read when a text asks for them."""
    people: dict[int, dict[str, Any]] = {}
    if any(each.reads_people for each in fillings):
        reads = {path[1] for each in fillings for path in each.reads if path[0] == "contact" and len(path) > 1}
        whole = any(path == ("contact",) for each in fillings for path in each.reads)
        people = _people(db, [row.id for row in rows], base, None if whole else reads)
    return [
        {**base, **people.get(row.id, {}), "row": {name: each or None for name, each in (row.values or {}).items()}}
        for row in rows
    ]


def _people(
    db: Session, ids: Sequence[int], base: Mapping[str, Any], reads: set[str] | None
) -> dict[int, dict[str, Any]]:
    known = identities_of(db, ids) if reads is None or reads & set(_KNOWN_BY) else {}
    tagged = tags.of_contacts(db, ids) if reads is None or "tags" in reads else {}
    found: dict[int, dict[str, Any]] = {}
    for row in db.connection().execute(sa.select(*_COLUMNS).where(contact.c.id.in_(ids))):
        values = flow_context.person_values(row, known.get(row.id, []), tagged.get(row.id, []))
        told = {name: None if value == "" else value for name, value in values.items()}
        local = base["now"].astimezone(_zone(row.tz)) if row.tz else base["now"]
        language = row.language or base["language"]
        found[row.id] = {"contact": told, "now": local, "today": local.date(), "language": language}
    return found


def base_scope(db: Session, org_id: int, definition: Definition, now: datetime) -> dict[str, Any]:
    """What is the same for everybody."""
    org = db.get_one(Organisation, org_id)
    local = now.astimezone(_zone(org.tz))
    return {
        "org": flow_context.org_values(org),
        "campaign": {"name": definition.name},
        "now": local,
        "today": local.date(),
        "language": org.lang,
    }


def fillings(definition: Definition, found: Sequence[tuple[Arm, Approved]]) -> dict[str, Filling]:
    """How the template of each arm is filled, or the variables of the flow."""
    if definition.flow:
        return {"": Filling.of(definition, Arm(), None)}
    return {arm.name: Filling.of(definition, arm, template) for arm, template in found}


def compiled(text: str) -> Template | None:
    """A value's text as an expression template; None for a column. Raises ExpressionError."""
    return None if text.startswith(COLUMN) else compile_template(text)


@lru_cache(maxsize=512)
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return ZoneInfo("UTC")
