"""What a schedule that is made from afar may run: a few commands, each with the permission that its doer needs.

A schedule runs as whoever owns the store; so not every command is for everybody who may write schedules.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from pytake_cli.errors import InvalidData
from pytake_cli.services.principals import Principal

# command -> (whether it names something, the permission to do so at once, what is added so that it asks nobody)
ORDERS: dict[tuple[str, str], tuple[bool, str, tuple[str, ...]]] = {
    ("campaign", "launch"): (True, "campaigns:launch", ("--yes", "--expect", "any")),
    ("campaign", "pause"): (True, "campaigns:launch", ()),
    ("campaign", "resume"): (True, "campaigns:launch", ()),
    ("campaign", "cancel"): (True, "campaigns:launch", ("--yes",)),
    ("segment", "refresh"): (True, "segments:write", ()),
    ("template", "pull"): (False, "templates:write", ()),
}
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,99}")  # nothing that could be a flag, or a file elsewhere


def words_of(principal: Principal, command: Sequence[str]) -> list[str]:
    """`["campaign", "launch", "remind"]` as the daemon runs it; raises what forbids it."""
    words = list(command)
    path = (words[0], words[1]) if len(words) > 1 else ("", "")
    named, permission, added = ORDERS.get(path, (False, "", ()))
    rest = words[2:]
    if rest[1:] == list(added):
        del rest[1:]  # as an answer shows it
    if not permission or len(rest) != int(named) or not all(map(_NAME.fullmatch, rest)):
        raise InvalidData(
            "PT-SCHEDULE-COMMAND",
            "{command} is not for a schedule that is made from afar: it is one of {choices}",
            fix="pytake schedule create, on the machine of the daemon",
            command=" ".join(words)[:80] or "(empty)",
            choices=", ".join(" ".join((*known, *["NAME"] * each[0])) for known, each in ORDERS.items()),
        )
    principal.require(permission)
    return [*words[:2], *rest, *added]
