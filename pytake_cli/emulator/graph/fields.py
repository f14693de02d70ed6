"""Field selection (`fields=a,b{c},d.limit(2)`) and paging with opaque cursors."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import urlencode

from pytake_cli.emulator.errors import GraphError
from pytake_cli.emulator.graph.call import Call

Node = dict[str, Any]
LIMIT = 25
MAX_LIMIT = 1000


def split(text: str) -> list[str]:
    """The comma-separated parts of a `fields` value; commas inside brackets do not count."""
    parts, depth, current = [], 0, ""
    for letter in text:
        depth += (letter in "{([") - (letter in "})]")
        if letter == "," and depth == 0:
            parts.append(current.strip())
            current = ""
        else:
            current += letter
    return [part for part in [*parts, current.strip()] if part]


def name_of(part: str) -> tuple[str, str]:
    """The field's name and what follows it: `a{b}` is (`a`, `{b}`), `a.limit(2)` is (`a`, `.limit(2)`)."""
    for index, letter in enumerate(part):
        if letter in "{.(":
            return part[:index], part[index:]
    return part, ""


def select(node: Node, fields: str | None, default: tuple[str, ...], *, with_id: bool = True) -> Node:
    """The asked-for fields of a node; unknown ones are code 100, absent (None) ones are left out."""
    names = split(fields) if fields else list(default)
    chosen: Node = {}
    for part in names:
        name, rest = name_of(part)
        if name not in node:
            text = f"(#100) Tried accessing nonexisting field ({name}) on node type (WhatsApp)"
            raise GraphError(100, text, message=text)
        value = node[name]
        if value is None:
            continue
        if rest.startswith("{") and isinstance(value, dict):
            value = {key: value[key] for key in split(rest[1:-1]) if key in value}
        chosen[name] = value
    if with_id and "id" in node:
        chosen["id"] = node["id"]
    return chosen


def page(call: Call, nodes: list[Node], default: tuple[str, ...] | None = None) -> Node:
    """One page of a list, with cursors and full `next` and `previous` URLs."""
    query = call.query
    limit = _limit(query.get("limit"))
    start = _read_cursor(query["after"]) if query.get("after") else 0
    if query.get("before"):
        start = max(0, _read_cursor(query["before"]) - limit)
    if call.world.config.empty_page and not query.get("after") and nodes:
        return {
            "data": [],
            "paging": {"cursors": {"before": _cursor(0), "after": _cursor(0)}, "next": _url(call, "after", _cursor(0))},
        }
    shown = nodes[start : start + limit]
    if default is not None:
        shown = [select(node, query.get("fields"), default) for node in shown]
    answer: Node = {"data": shown}
    if shown:
        before, after = _cursor(start), _cursor(start + len(shown))
        answer["paging"] = {"cursors": {"before": before, "after": after}}
        if start + len(shown) < len(nodes):
            answer["paging"]["next"] = _url(call, "after", after)
        if start > 0:
            answer["paging"]["previous"] = _url(call, "before", before)
    return answer


def _limit(text: str | None) -> int:
    if text is None or text == "":
        return LIMIT
    if not text.isdigit() or int(text) < 1:
        raise GraphError(
            100, "Param limit must be a positive integer.", message="(#100) Param limit must be a positive integer."
        )
    return min(int(text), MAX_LIMIT)


def _cursor(position: int) -> str:
    return base64.urlsafe_b64encode(f"QVFIU:{position}".encode()).decode().rstrip("=")


def _read_cursor(text: str) -> int:
    try:
        return int(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode().removeprefix("QVFIU:"))
    except ValueError:
        raise GraphError(100, "Invalid cursors values", message="(#100) Invalid cursors values") from None


def _url(call: Call, direction: str, cursor: str) -> str:
    kept = {name: value for name, value in call.query.items() if name not in ("after", "before", "access_token")}
    parameters = {"access_token": call.token, **kept, direction: cursor}
    path = "/".join(part for part in (call.version, call.node, call.edge, *call.rest) if part)
    return f"{call.base_url}/{path}?{urlencode(parameters)}"
