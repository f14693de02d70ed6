"""Secrets are compared in constant time: `==` stands beside nothing that is called like one."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytake_cli

PACKAGE = Path(pytake_cli.__file__).parent
SECRET = ("secret", "token", "password", "signature", "hmac", "pepper", "refresh")
HARMLESS = {"password_scheme", "token_id"}  # hold such a word and no secret
# file -> why its comparison gives nothing away
EXCUSED = {
    "daemon/sender.py": "an access token of ours, whether it was changed meanwhile",
    "emulator/graph/waba.py": "the emulator holds no secrets",
    "emulator/surface.py": "the emulator holds no secrets",
    "flow/engine.py": "names which wait a timer belongs to",
    "services/flow_effects.py": "names which wait a timer belongs to",
    "services/flow_sessions.py": "names which wait a timer belongs to",
    "services/sending.py": "tokens of a rate",
    "store/timers.py": "names which wait a timer belongs to",
    "tui/live.py": "an access token of our own, whether the server was told of the newest",
    "whatsapp/media_types.py": "first bytes of a file",
}


def compared() -> Iterator[str]:
    for path in sorted(PACKAGE.rglob("*.py")):
        where = path.relative_to(PACKAGE).as_posix()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Compare) and any(isinstance(op, ast.Eq | ast.NotEq) for op in node.ops):
                for side in (node.left, *node.comparators):
                    name = (
                        side.id if isinstance(side, ast.Name) else side.attr if isinstance(side, ast.Attribute) else ""
                    )
                    if any(word in name.lower() for word in SECRET) and name not in HARMLESS:
                        yield f"{where}:{node.lineno} {ast.unparse(node)}"


def test_no_secret_is_compared_with_equals() -> None:
    assert [line for line in compared() if line.partition(":")[0] not in EXCUSED] == []


def test_every_excuse_is_needed() -> None:
    assert {line.partition(":")[0] for line in compared()} == set(EXCUSED)
