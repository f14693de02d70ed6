"""Whom a flow is for: the `only` and `except` of its scope, looked at for one contact."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache

from pytake_cli.flow.definition import Flow
from pytake_cli.segment import check, evaluate
from pytake_cli.segment.tree import Node, Person, SegmentError


def why_not(flow: Flow, person: Person, now: datetime, tz: str) -> str:
    """Why the flow is not for this contact; empty when it is."""
    scope = flow.scope
    if scope.only and not matches(scope.only, person, now, tz):
        return f"only for {scope.only}"
    if scope.except_ and matches(scope.except_, person, now, tz, unreadable=True):
        return f"not for {scope.except_}"
    return ""


def matches(expression: str, person: Person, now: datetime, tz: str, *, unreadable: bool = False) -> bool:
    """Whether the contact fits a segment. One that cannot be read keeps the flow from everybody, not from nobody."""
    try:
        return evaluate.matches(_read(expression), person, now, tz)
    except SegmentError:
        return unreadable


@lru_cache(maxsize=256)
def _read(expression: str) -> Node:
    return check.read(expression)
