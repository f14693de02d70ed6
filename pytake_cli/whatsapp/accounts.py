"""WhatsApp Business accounts: their fields, their health, and what a token may do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from pytake_cli.whatsapp.client import Graph
from pytake_cli.whatsapp.fields import first, table, tables, word

ACCOUNT_FIELDS = (
    "id,name,timezone_id,currency,country,message_template_namespace,account_review_status,"
    "business_verification_status,ownership_type,health_status,marketing_messages_lite_api_status"
)


@dataclass(frozen=True, slots=True)
class Health:
    """Whether messages can be sent: AVAILABLE, LIMITED or BLOCKED, and why, worst entity first."""

    can_send: str
    problems: tuple[str, ...]
    codes: tuple[str, ...]


async def account(graph: Graph, waba_id: str, fields: str = ACCOUNT_FIELDS) -> dict[str, Any]:
    """The account's fields as Meta has them."""
    return await graph.call("GET", waba_id, params={"fields": fields})


async def health(graph: Graph, object_id: str) -> Health:
    """The health of a number, an account or a template and of all it depends on."""
    return read_health((await graph.call("GET", object_id, params={"fields": "health_status"})).get("health_status"))


def read_health(raw: Any) -> Health:
    """Health from Meta's `health_status`."""
    status = table(raw)
    order = {"BLOCKED": 0, "LIMITED": 1}
    entities = sorted(
        tables(status.get("entities")), key=lambda one: order.get(word(one.get("can_send_message")) or "", 2)
    )
    problems: list[str] = []
    codes: list[str] = []
    for entity in entities:
        for error in tables(entity.get("errors")):
            told = first((error.get("error_description"), error.get("possible_solution"))) or "no description"
            problems.append(f"{word(entity.get('entity_type')) or 'ENTITY'}: {told}")
            codes.append(word(error.get("error_code")) or "")
    return Health(word(status.get("can_send_message")) or "UNKNOWN", tuple(problems), tuple(codes))


async def owned_accounts(graph: Graph, business_id: str, *, of_clients: bool = False) -> AsyncIterator[dict[str, Any]]:
    """The accounts of a business portfolio, its own or its clients'."""
    edge = "client_whatsapp_business_accounts" if of_clients else "owned_whatsapp_business_accounts"
    async for raw in graph.pages(f"{business_id}/{edge}"):
        yield raw


async def debug_token(graph: Graph, token: str) -> dict[str, Any]:
    """What Meta knows of a token: validity, app, permissions, expiry."""
    return table((await graph.call("GET", "debug_token", params={"input_token": token})).get("data"))
