"""Finds every text that people read and keeps the Portuguese catalogue; `python -m pytake_cli.cli.catalogue --write`.

Add or change a text, run the command, fill the empty `msgstr ""` in locale/pt_BR/LC_MESSAGES/pytake.po, run it again.
"""

from __future__ import annotations

import ast
import importlib
import io
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from pytake_cli.cli import chat_commands

PACKAGE = Path(__file__).parents[1]
PO = PACKAGE / "locale" / "pt_BR" / "LC_MESSAGES" / "pytake.po"
MO = PO.with_suffix(".mo")
TEXT_ARGUMENTS = {"message", "why", "fix"}
NEVER = datetime(2026, 1, 1, tzinfo=UTC)  # dates in the file would change it at every run
_TO_TYPE = re.compile(
    r"(pytake|chmod|pip|openssl|printf) |--fields help$|(--?[a-z-]+( [{A-Z]\S*)? ?)+$|PYTAKE_|[a-z]+="
)
FINDERS = ("ok", "skipped")  # of doctor: a check, and what it saw
EMITTERS = {"emit": 1, "row_stream": 0}  # function -> place of its fields


def texts() -> dict[str, str]:
    """Every English text -> a place where it is used, in the order of places."""
    found: dict[str, str] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        place = path.relative_to(PACKAGE.parent).as_posix()
        for text in _in_source(ast.parse(path.read_text(encoding="utf-8"))):
            found.setdefault(text, place)
    for text, place in _in_tables():
        found.setdefault(text, place)
    return {text: place for text, place in found.items() if any(each.isalpha() for each in _words(text))}


def _in_source(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Call():
                yield from _in_call(node)
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)) if node.value:
                if name == "template":
                    yield from _strings(node.value)
                elif name.endswith("FIELDS") and isinstance(node.value, ast.Dict):
                    yield from _fields(node.value)


def _in_call(call: ast.Call) -> Iterator[str]:
    name = (
        call.func.id
        if isinstance(call.func, ast.Name)
        else call.func.attr
        if isinstance(call.func, ast.Attribute)
        else ""
    )
    if name in ("_", "ngettext", "Phrase", "Misfit", "reason"):
        for argument in call.args[: 2 if name == "ngettext" else 1]:
            yield from _strings(argument)
    elif name == "SegmentError":
        for argument in (*call.args[:1], *call.args[2:3]):
            yield from _strings(argument)
    elif name in (*FINDERS, "PydanticCustomError", "needs", "_no_phone") and len(call.args) > 1:  # flow files, phones
        yield from _strings(call.args[1])
    elif name in EMITTERS and len(call.args) > EMITTERS[name]:
        yield from _fields(call.args[EMITTERS[name]])
    elif len(call.args) >= 2 and isinstance(call.args[0], ast.Constant) and str(call.args[0].value).startswith("PT-"):
        yield from _strings(call.args[1])
        for keyword in call.keywords:
            if keyword.arg in TEXT_ARGUMENTS:
                yield from _strings(keyword.value)


def _fields(node: ast.expr) -> Iterator[str]:
    """Names become column heads, values are what `--fields help` shows."""
    if isinstance(node, ast.Dict):
        for name in node.keys:
            yield from (text.replace("_", " ") for text in _strings(name))
        for value in node.values:
            yield from _strings(value)
    elif isinstance(node, ast.Tuple):
        for each in node.elts:
            yield from (text.replace("_", " ") for text in _strings(each))


def _strings(node: ast.expr | None) -> Iterator[str]:
    """The literal texts of an expression, both branches of a condition included."""
    match node:
        case ast.Constant(value=str() as text):
            yield text
        case ast.IfExp():
            yield from _strings(node.body)
            yield from _strings(node.orelse)
        case ast.BoolOp():
            for each in node.values:
                yield from _strings(each)


def _in_tables() -> Iterator[tuple[str, str]]:
    """Texts that live in tables rather than in calls."""
    from pytake_cli import errors, secrets, settings, telling
    from pytake_cli.cli import commands, doctor, flags, status, topics, trace, triggers
    from pytake_cli.policy import audience
    from pytake_cli.services import directory, templates
    from pytake_cli.store import media, restore
    from pytake_cli.store.conversations import STATUSES
    from pytake_cli.store.messages import ORIGINS, RANK, RECEIVED
    from pytake_cli.whatsapp import template_rules

    for table, values in (
        ("errors.SLUGS", errors.SLUGS.values()),
        ("policy.audience.REASONS", audience.REASONS.values()),
        ("secrets.NAMES", secrets.NAMES.values()),
        ("settings.MISFITS", (*settings.MISFITS.values(), *settings.OTHER_VARIABLES.values())),
        ("settings", (field.description or "" for field in settings.keys().values())),
        ("cli.chat_commands.HELP", chat_commands.HELP.values()),
        ("cli.commands.GROUPS", (*commands.GROUPS, "More")),
        ("cli.flags.GLOBAL", (text for _flags, _value, text in flags.GLOBAL)),
        ("cli.topics.TOPICS", topics.TOPICS.values()),
        ("cli.trace.TOLD", trace.TOLD.values()),
        ("cli.triggers.EVENTS", (kind.meaning for kind in triggers.EVENTS.values())),
        ("store.conversations.STATUSES", STATUSES),
        ("store.messages", (*RANK, RECEIVED, *ORIGINS)),
        ("cli.doctor", (*doctor.CHECKS, *doctor.PARTS, *doctor.SOURCES)),
        ("services.directory.PARTS", (name.replace("_", " ") for name in directory.PARTS)),
        ("services.templates.STATES", (text for pair in templates.STATES.values() for text in pair)),
        ("telling.SYSTEM", telling.SYSTEM),
        ("cli.status.STATES", status.STATES),
        ("store.restore", (restore.WAITS,)),
        ("store.media", (media.PENDING, media.REFUSED, media.LOST)),
        ("whatsapp.errors.RULES", _rules()),
        ("whatsapp.template_rules.RULES", template_rules.RULES.values()),
    ):
        yield from ((text, table) for text in values)
    yield from _of_talks()
    yield from _of_schedules()
    yield from _of_inbox()
    yield from _of_surface()


def _of_surface() -> Iterator[tuple[str, str]]:
    """The help of every command."""
    from pytake_cli.cli import surface_data

    for path, entry in surface_data.SURFACE.items():
        yield from ((text, f"pytake {path}") for text in _in_entry(entry))


def _of_api() -> Iterator[tuple[str, str]]:
    """What permissions allow, and what does not fit a request."""
    from pytake_cli.api.v1 import misfits
    from pytake_cli.policy import permissions

    yield from ((text, "policy.permissions.PERMISSIONS") for text in permissions.PERMISSIONS.values())
    yield from ((text, "api.v1.misfits.SAYS") for text in misfits.SAYS.values())


def _of_talks() -> Iterator[tuple[str, str]]:
    """Words of tests and simulated talks, and of the API."""
    from pytake_cli.cli import flow_report, simulator
    from pytake_cli.policy import talks

    yield from ((step.what, "policy.talks.TABLE") for step in talks.TABLE.values() if step.what)
    yield from ((text, "cli.flow_report.WORDS") for text in flow_report.WORDS)
    yield from ((text, "cli.simulator.COMMANDS") for text in (*simulator.COMMANDS.values(), *simulator.WAITS.values()))
    yield from _of_api()


def _of_schedules() -> Iterator[tuple[str, str]]:
    """What does not fit a schedule, the days of the week, and what is kept for a time."""
    from pytake_cli.cli import schedule_command, schedule_words
    from pytake_cli.policy import recurrence_files
    from pytake_cli.services import retention

    yield from ((kind.about, "services.retention.KINDS") for kind in retention.KINDS)
    yield from ((text, "cli.schedule_command.UNFIT") for text in schedule_command.UNFIT.values())
    yield from ((text, "cli.schedule_words.WEEKDAYS") for text in schedule_words.WEEKDAYS)
    yield from ((text, "policy.recurrence_files.WANTED") for text in recurrence_files.WANTED.values())


def _of_inbox() -> Iterator[tuple[str, str]]:
    """Names and explanations of what keys do, and words of the API that the inbox shows."""
    from pytake_cli.tui import actions, words

    for action in actions.ACTIONS:
        yield from ((text, "tui.actions") for text in (action.title, action.help, action.short))
    yield from ((text, "tui.words") for text in words.WORDS)


def _rules() -> Iterator[str]:
    from pytake_cli.whatsapp.errors import codes, rule

    for each in (
        *(rule(code) for code in codes()),
        rule(429),
        rule(-1),
        rule(None, 500),
        rule(None, 401),
        rule(None, 429),
    ):
        yield from (each.meaning, each.advice)


def _in_entry(entry: Any) -> Iterator[str]:
    yield entry["help"]
    yield from entry["more"]
    yield from (comment for _line, comment in entry["examples"])
    yield from (text for _name, text in entry["arguments"])
    yield from (option["help"] for option in entry["options"])


def _words(text: str) -> str:
    """What is left to translate: lines to type and placeholders are the same in every language."""
    return "" if _TO_TYPE.match(text) and not text.endswith(".") else re.sub(r"\{[^}]*\}", "", text)


def read() -> dict[str, str]:
    """The catalogue: English -> Portuguese, empty where somebody has to translate."""
    if not PO.exists():
        return {}
    with PO.open("rb") as file:
        return {str(message.id): str(message.string) for message in read_po(file, locale="pt_BR") if message.id}


def updated() -> tuple[bytes, bytes]:
    """The .po and the .mo that belong to the texts of now."""
    known = read()
    catalogue = Catalog(locale="pt_BR", fuzzy=False, creation_date=NEVER, revision_date=NEVER)
    for text, place in sorted(texts().items()):
        catalogue.add(text, known.get(text, ""), locations=[(place, 0)])
    po, mo = io.BytesIO(), io.BytesIO()
    write_po(po, catalogue, width=0, omit_header=True, no_location=True)
    write_mo(mo, catalogue)
    head = b'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n'
    return head + po.getvalue(), mo.getvalue()


def missing() -> list[str]:
    """Texts without a translation."""
    known = read()
    return [text for text in texts() if not known.get(text)]


def main(arguments: list[str]) -> int:
    """With --write: refreshes the generated files, the .po and the .mo; always lists what is untranslated."""
    if "--write" in arguments:
        from pytake_cli.cli import surface, surface_data

        surface.main(["--write"])
        importlib.reload(surface_data)
        PO.parent.mkdir(parents=True, exist_ok=True)
        po, mo = updated()
        PO.write_bytes(po)
        MO.write_bytes(mo)
    lacking = missing()
    for text in lacking:
        sys.stderr.write(f"untranslated: {text}\n")
    return 1 if lacking else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
