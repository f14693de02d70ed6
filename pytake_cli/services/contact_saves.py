"""What a session keeps about its contact (`set`), by the same doors as people, under the name of its flow."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlmodel import Session

from pytake_cli.errors import PytakeError
from pytake_cli.flow.effects import SetContact
from pytake_cli.locale import Phrase
from pytake_cli.policy import field_values
from pytake_cli.policy.field_values import Value
from pytake_cli.services import contact_changes, contact_values, fields, incidents
from pytake_cli.services.contact_values import F
from pytake_cli.store.flow_sessions import FlowSession
from pytake_cli.store.flows import Flow

LARGE = (dict, list)  # what a field cannot hold, and earlier flows have kept all the same


def save(db: Session, row: FlowSession, effect: SetContact, now: datetime) -> None:
    """Applies the changes in their order. What does not fit is not kept: people are told, and the session goes on."""
    actor = f"flow:{db.get_one(Flow, row.flow_id).name}"
    mine = (db, row.org_id, [row.contact_id])
    for kind, name, value in effect.changes:
        try:
            if kind == "tag" and value:
                contact_changes.tag(*mine, [name], actor=actor, now=now, by_session=row.id)
            elif kind == "tag":
                contact_changes.untag(*mine, [name], actor=actor, now=now)
            else:
                wanted = _wanted(db, row.org_id, kind, name, value, now)
                contact_changes.apply(*mine, wanted, actor=actor, now=now)
        except PytakeError as error:
            told = {"actor": actor, "what": name or kind, "why": str(error)[:500]}
            what = Phrase("{actor} could not keep {what}: {why}", **told)
            about = {"conversation": row.conversation_id, "session": row.id}
            incidents.tell(db, row.org_id, "PT-FLOW-KEEP", what, now, **about)


def _wanted(db: Session, org_id: int, kind: str, name: str, value: Any, now: datetime) -> dict[str, Value | None]:
    known = fields.known(db, org_id)
    if kind not in ("field", "email"):
        if kind not in contact_values.OWN:
            raise LookupError(f"a flow cannot change {kind} of a contact")
        return contact_values.read(known, {kind: int(value) if kind == "score" else _typed(value)})
    name = name or kind
    if isinstance(value, LARGE):
        return {F + name: value}  # type: ignore[dict-item]
    if name not in known.types and value is not None:
        fields.declare(db, org_id, {name: field_values.type_of(value)}, now)
        known = fields.known(db, org_id)
    return {F + name: fields.parse(known, name, _typed(value))}


def _typed(value: Any) -> Value:
    """An expression's value as a field takes it."""
    if value is None:
        return ""
    if isinstance(value, date):
        return value.isoformat()
    return value if isinstance(value, str | int | float | bool) else str(value)
