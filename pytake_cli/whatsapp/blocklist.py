"""The block list of a number: Meta blocks only who wrote in the last 24 hours, often only some of those asked."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

from pytake_cli.whatsapp.client import Graph
from pytake_cli.whatsapp.failures import GraphError
from pytake_cli.whatsapp.fields import table, tables, wire_errors, word
from pytake_cli.whatsapp.outgoing import Address
from pytake_cli.whatsapp.updates import WireError


@dataclass(frozen=True, slots=True)
class Refused:
    """Somebody who was not blocked or unblocked, and why."""

    input: str
    error: WireError


@dataclass(frozen=True, slots=True)
class BlockResult:
    """Who changed and who did not, by what was asked."""

    done: tuple[str, ...]
    refused: tuple[Refused, ...]


async def block(graph: Graph, phone_number_id: str, people: Sequence[Address]) -> BlockResult:
    """Blocks people; a mixed result is a result, not an error."""
    return await _change(graph, "POST", phone_number_id, people, "added_users")


async def unblock(graph: Graph, phone_number_id: str, people: Sequence[Address]) -> BlockResult:
    """Takes people off the list."""
    return await _change(graph, "DELETE", phone_number_id, people, "removed_users")


async def blocked(graph: Graph, phone_number_id: str) -> AsyncIterator[str]:
    """Who is blocked: wa_ids, or BSUIDs where there is no phone."""
    async for raw in graph.pages(f"{phone_number_id}/block_users"):
        people = tables(table(raw.get("block_users")).get("data")) or [raw]
        for one in people:
            found = word(one.get("wa_id")) or word(one.get("user_id"))
            if found is not None:
                yield found


async def _change(
    graph: Graph, method: str, phone_number_id: str, people: Sequence[Address], member: str
) -> BlockResult:
    request = {"messaging_product": "whatsapp", "block_users": [_user(one) for one in people]}
    try:
        answer = await graph.call(method, f"{phone_number_id}/block_users", json=request)
    except GraphError as error:
        answer = error.answer.payload  # a mixed result is HTTP 400 with the lists beside the error
        if not table(answer.get("block_users")):
            raise
    lists = table(answer.get("block_users"))
    done = tuple(_input(one) for one in tables(lists.get(member)))
    refused = [(one, wire_errors(one.get("errors"))) for one in tables(lists.get("failed_users"))]
    return BlockResult(done, tuple(Refused(_input(one), found[0] if found else _SILENT) for one, found in refused))


_SILENT = WireError(139100, "", "Meta gave no reason")


def _user(person: Address) -> dict[str, str]:
    if person.kind == "phone":
        return {"user": "+" + person.value.lstrip("+")}
    return {"user_id": person.value}


def _input(raw: dict[str, Any]) -> str:
    return word(raw.get("input")) or word(raw.get("wa_id")) or word(raw.get("user_id")) or ""
