"""The shape of the source, as the style guide wants it: files that can be read, functions that fit on a screen."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from pytake_cli import errors
from pytake_cli.errors import PytakeError

ROOT = Path(__file__).parents[1]
LONGEST_FILE, LONGEST_FUNCTION = 400, 40  # lines, from `def` to the end

# What may be longer, and why.
TABLES_AT_ONCE = "the first tables are generated from the store's classes and read as one list"
LONGER = {
    "pytake_cli/store/migrations/versions/0001_first_tables.py:upgrade": TABLES_AT_ONCE,
    "pytake_cli/store/migrations/versions/0003_audience.py:upgrade": TABLES_AT_ONCE,
    "pytake_cli/store/migrations/versions/0004_inbox.py:upgrade": TABLES_AT_ONCE,
    "pytake_cli/store/migrations/versions/0005_approvals.py:upgrade": TABLES_AT_ONCE,
}
GENERATED = {
    "pytake_cli/cli/surface_data.py": "one line a command, generated from the commands",
    "pytake_cli/store/migrations/versions/0001_first_tables.py": TABLES_AT_ONCE,
    "pytake_cli/store/migrations/versions/0004_inbox.py": TABLES_AT_ONCE,
}


def sources() -> Iterator[tuple[str, str]]:
    for path in sorted((ROOT / "pytake_cli").rglob("*.py")):
        yield str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")


def functions(text: str) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_no_file_is_longer_than_400_lines() -> None:
    lengths = {path: text.count("\n") for path, text in sources() if path not in GENERATED}
    assert {path: length for path, length in lengths.items() if length > LONGEST_FILE} == {}


def test_no_function_is_longer_than_40_lines() -> None:
    found = {}
    for path, text in sources():
        for each in functions(text):
            length = (each.end_lineno or each.lineno) - each.lineno + 1
            if length > LONGEST_FUNCTION and f"{path}:{each.name}" not in LONGER:
                found[f"{path}:{each.name}"] = length
    assert found == {}


def test_every_file_says_in_its_first_line_what_it_is_for() -> None:
    assert [path for path, text in sources() if text.strip() and not text.startswith('"""')] == []


# Errors that nobody at a keyboard sees, or of what has no command yet: who and why.
WITHOUT_FIX = {
    "pytake_cli/daemon/intake.py": "answers to Meta, which sends again by itself",
    "pytake_cli/daemon/outside/notices.py": "kept with the job; it is tried again or shown in the queue",
    "pytake_cli/daemon/outside/webhooks.py": "kept with the job; it is tried again or shown in the queue",
    "pytake_cli/daemon/sender.py": "kept with the message; the reason says what is to be done",
    "pytake_cli/daemon/uploads.py": "kept with the message; the reason says what is to be done",
    "pytake_cli/services/contacts.py": "a webhook about nobody, which nobody typed",
    "pytake_cli/whatsapp/numbers.py": "PINs have no command",
    "pytake_cli/whatsapp/qr_codes.py": "QR codes have no command",
    "pytake_cli/whatsapp/templates.py": "templates have no command; the error lists what is to be changed",
}


def test_every_error_says_what_to_try() -> None:
    kinds = {name for name, each in vars(errors).items() if isinstance(each, type) and issubclass(each, PytakeError)}
    found, excused = [], set()
    for path, text in sources():
        for each in ast.walk(ast.parse(text)):
            match each:
                case ast.Call(func=ast.Name(id=name), args=[ast.Constant(value=str(slug)), *_]) if name in kinds:
                    named = {keyword.arg for keyword in each.keywords}
                    if not slug.startswith("PT-") or named & {"fix", None}:
                        continue
                    if path in WITHOUT_FIX:
                        excused.add(path)
                    else:
                        found.append(f"{path}:{each.lineno} {slug}")
    assert found == []
    assert excused == set(WITHOUT_FIX)
