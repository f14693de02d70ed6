"""A campaign's message shown to a few contacts before anybody else gets it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlmodel import Session

from pytake_cli.errors import InvalidData
from pytake_cli.policy.campaigns import Definition
from pytake_cli.services import campaign_audience, campaign_values, contacts, outbound, templates


class Row(NamedTuple):
    """Whom the values are for."""

    id: int
    values: dict[str, Any]


def send(db: Session, org_id: int, definition: Definition, refs: Sequence[str], now: datetime) -> list[dict[str, Any]]:
    """Queues each arm's message for each contact, as a person's own message: no campaign, no ledger."""
    if definition.flow:
        raise InvalidData(
            "PT-CAMP-TRIAL",
            "{name} starts a flow, and flows are tried in the simulator",
            fix="pytake flow simulate {flow}",
            name=definition.name,
            flow=definition.flow,
        )
    target = campaign_audience.target(db, org_id, definition)
    fillings = campaign_values.fillings(definition, target.templates)
    base = campaign_values.base_scope(db, org_id, definition, now)
    queued = []
    for ref in refs:
        contact = contacts.lookup(db, org_id, ref)
        assert contact.id is not None
        [scope] = campaign_values.scopes(db, [Row(contact.id, {})], list(fillings.values()), base)
        for filling in fillings.values():
            assert filling.template is not None
            filled = filling.fill(scope)
            missing = [key for key in filled.lacking if filling.texts[key].startswith(campaign_values.COLUMN)]
            if missing:  # the contact is not in the audience file: the examples stand in
                examples = templates.samples(filling.template)
                filled = campaign_values.Filled({**examples, **filled.values})
            if not filled.is_ready:
                raise InvalidData(
                    "PT-CAMP-TRIAL",
                    "{who} lacks {values}",
                    fix="pytake contact set {who} NAME=VALUE",
                    who=ref,
                    values=", ".join(filled.lacking) or filled.unfit,
                )
            outgoing = templates.message(filling.template, filled.values)
            row = outbound.queue(
                db, number=target.number, contact_id=contact.id, outgoing=outgoing, origin="api", now=now
            )
            text = templates.render(filling.template, filled.values).text
            queued.append({"message": row.id, "contact": ref, "text": text})
    return queued
