"""What a campaign fills its templates with for each person: texts of flows, and the columns of an audience file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
from pytake_cli.store.rows import among
from pytake_cli.store.templates import Template as Approved
from pytake_cli.whatsapp.outgoing import Outgoing

COLUMN = "@"  # `@cupom` is the column `cupom` of the audience file
NAMES = ("contact", "row", "org", "campaign", "now", "today", "language")  # what the texts may read
_KNOWN_BY = {"display_name", "phone", "username"}  # of a contact: what identities are read for
_KEPT_IN_FIELDS = {"fields", "email"}
KNOWN = 1000  # sets of values whose message is remembered
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
    outgoing: Outgoing | None = None  # the template with the values, if it is ready and no flow

    @property
    def is_ready(self) -> bool:
        return not self.lacking and not self.unfit


class Filling:
    """How an arm's template is filled; `template` is None for a flow's variables."""

    def __init__(self, template: Approved | None, texts: Mapping[str, str]) -> None:
        self.template, self.texts = template, texts
        compiled = {key: compile_template(text) for key, text in texts.items() if not text.startswith(COLUMN)}
        references = [each.path[:2] for one in compiled.values() for each in one.references]
        self.reads: frozenset[tuple[str, ...]] = frozenset(references)  # ("contact", "phone")
        self._same = {key: _value(texts[key], {}) for key, one in compiled.items() if one.is_constant}
        self._own = [key for key in texts if key not in self._same]
        self._renderer = templates.renderer(template) if template is not None else None
        self._known: dict[tuple[str | None, ...], Filled] = {}

    @property
    def reads_people(self) -> bool:
        return any(path[0] in ("contact", "language") for path in self.reads)

    def fill(self, scope: Mapping[str, Any]) -> Filled:
        """The values of the person whose `scope` it is; people with the same values share what comes of them."""
        own = tuple([_value(self.texts[key], scope) for key in self._own])
        filled = self._known.get(own)
        if filled is None:
            if len(self._known) == KNOWN:
                self._known.clear()
            filled = self._known[own] = self._filled({**self._same, **dict(zip(self._own, own, strict=True))})
        return filled

    def _filled(self, found: Mapping[str, str | None]) -> Filled:
        values = {key: value for key in self.texts if (value := found[key]) is not None}
        if lacking := tuple(key for key in self.texts if found[key] is None):
            return Filled(values, lacking)
        if self._renderer is None:
            return Filled(values)
        try:
            return Filled(values, outgoing=self._renderer.message(values))
        except InvalidData as error:
            return Filled(values, unfit=str(error.values.get("misfits") or error))


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
    """What may be read of each person: of `reads` only that, as a million people are asked for."""
    known = identities_of(db, ids) if reads is None or reads & _KNOWN_BY else {}
    tagged = tags.of_contacts(db, ids) if reads is None or "tags" in reads else {}
    columns = (
        _COLUMNS if reads is None or reads & _KEPT_IN_FIELDS else [one for one in _COLUMNS if one.name != "fields"]
    )
    found: dict[int, dict[str, Any]] = {}
    clocks: dict[str, dict[str, Any]] = {"": {"now": base["now"], "today": base["today"]}}
    for row in db.connection().execute(sa.select(*columns).where(among(db, contact.c.id, ids))):
        id_, tz = row.id, row.tz
        values = flow_context.person_values(row, known.get(id_, ()), tagged.get(id_, ()), reads)
        told = {name: None if value == "" else value for name, value in values.items()}
        if tz not in clocks:
            local = base["now"].astimezone(_zone(tz))
            clocks[tz] = {"now": local, "today": local.date()}
        found[id_] = {"contact": told, **clocks[tz], "language": row.language or base["language"]}
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
        return {"": Filling(None, definition.values_of(Arm()))}
    return {arm.name: Filling(template, definition.values_of(arm)) for arm, template in found}


def compiled(text: str) -> Template | None:
    """A value's text as an expression template; None for a column. Raises ExpressionError."""
    return None if text.startswith(COLUMN) else compile_template(text)


@lru_cache(maxsize=512)
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return ZoneInfo("UTC")
