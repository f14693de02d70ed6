"""Whom a flow is for: the `only` and `except` of its scope, looked at for one contact."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pytake_cli.flow.definition import Flow
from pytake_cli.flow.words import fold

_CLAUSE = re.compile(r"""\s*(tag|stage)\s*(=|!=)\s*(?:"([^"]*)"|([^\s"]+))\s*""")


def why_not(flow: Flow, contact: Mapping[str, Any]) -> str:
    """Why the flow is not for this contact; empty when it is. `contact` is what expressions know by that name."""
    scope = flow.scope
    if scope.only and not matches(scope.only, contact):
        return f"only for {scope.only}"
    if scope.except_ and matches(scope.except_, contact):
        return f"not for {scope.except_}"
    return ""


def matches(expression: str, contact: Mapping[str, Any]) -> bool:
    """Whether the contact fits `tag = vip`, `stage != lead`, and several of these joined by `and`.

    What cannot be read fits nobody: a flow that is for some must not talk to all.
    """
    clauses = re.split(r"\s+and\s+", expression.strip(), flags=re.IGNORECASE)
    return all(_clause(clause, contact) for clause in clauses)


def _clause(clause: str, contact: Mapping[str, Any]) -> bool:
    read = _CLAUSE.fullmatch(clause)
    if read is None:
        return False
    name, operator, quoted, word = read.groups()
    wanted = fold(quoted if quoted is not None else word)
    if name == "tag":
        has = wanted in {fold(tag) for tag in contact.get("tags", ())}
    else:
        has = fold(str(contact.get("stage") or "")) == wanted
    return has == (operator == "=")
