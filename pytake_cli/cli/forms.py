"""The forms of output: table, sheet, TSV, CSV, JSON, template; pure functions from records to text."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal
from enum import Enum
from typing import Any

from pytake_cli.cli.folding import columns, cut, fold
from pytake_cli.locale import _, language, number, own
from pytake_cli.text import clean

MAX_CELL = 60  # columns of one cell before it is cut
GAP = "  "
THEIRS = ("fields", "values", "variables", "vars", "results")  # whose names users made up
NAMES = ("id", "pid", "code", "port", "value")  # whole numbers that name something and count nothing
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_FORMULA = re.compile(r"[ '\"]*[=+\-@\t\r\x00＝＋－＠]")
_HARMLESS = re.compile(r"[+-]?[0-9][0-9.,:]*|-")  # phone numbers and plain numbers compute to themselves
_PLACEHOLDER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_.]*)\}")


@dataclass(frozen=True, slots=True)
class Style:
    """How people see a table; `width` None never cuts, `tz` is asked only when there is a time to show."""

    width: int | None
    color: bool
    tz: Callable[[], tzinfo]
    now: datetime


def record(row: Any, names: Sequence[str]) -> dict[str, Any]:
    """The named fields of a mapping or an object; what it lacks is None."""
    if isinstance(row, Mapping):
        return {name: row.get(name) for name in names}
    return {name: getattr(row, name, None) for name in names}


def plain(value: Any, name: str = "") -> Any:
    """JSON's view of a value: UTC times with Z, ids and amounts as strings."""
    match value:
        case Enum():
            return value.value
        case None | bool() | str() | float():
            return value
        case int():
            return str(value) if name == "id" or name.endswith("_id") else value
        case datetime():
            return utc(value)
        case date():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case bytes():
            return value.hex()
        case Mapping():
            return {str(key): plain(each, str(key)) for key, each in value.items()}
        case list() | tuple() | set() | frozenset():
            return [plain(each, name.removesuffix("s")) for each in value]
        case _ if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return {field.name: plain(getattr(value, field.name), field.name) for field in dataclasses.fields(value)}
        case _:
            return str(value)


def utc(value: datetime) -> str:
    """`2026-11-22T22:11:48Z`, with milliseconds only when there are any."""
    aware = value if value.tzinfo else value.replace(tzinfo=UTC)
    spec = "milliseconds" if aware.microsecond else "seconds"
    return aware.astimezone(UTC).isoformat(timespec=spec).replace("+00:00", "Z")


def json_text(value: Any) -> str:
    """Indented JSON that cannot move a cursor either."""
    return _escaped_json(json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False)) + "\n"


def json_line(row: Mapping[str, Any]) -> str:
    """One object a line."""
    return _escaped_json(json.dumps(plain(row), ensure_ascii=False, separators=(",", ":"), allow_nan=False)) + "\n"


def _escaped_json(text: str) -> str:
    return _UNSAFE.sub(lambda match: match[0] if match[0] == "\n" else f"\\u{ord(match[0]):04x}", text)


def raw(value: Any, name: str = "") -> str:
    """A value as scripts want it: no thousands, no relative times, nothing for None."""
    simple = plain(value, name)
    match simple:
        case None:
            return ""
        case bool():
            return "true" if simple else "false"
        case str():
            return simple
        case dict() if _is_money(simple):
            return f"{simple['amount']} {simple['currency']}"
        case list() if all(isinstance(each, str) and "," not in each for each in simple):
            return ",".join(simple)
        case dict() | list():
            return json.dumps(simple, ensure_ascii=False, separators=(",", ":"))
        case _:
            return str(simple)


def tsv(records: Iterable[Mapping[str, Any]], names: Sequence[str], *, header: bool) -> str:
    """One record a line; backslash, tab, newline and control characters become \\\\ \\t \\n \\xNN."""
    lines = ["\t".join(names)] if header else []
    lines += ["\t".join(escaped(raw(row[name], name)) for name in names) for row in records]
    return "".join(f"{line}\n" for line in lines)


def escaped(value: str) -> str:
    """A value for one TSV cell."""
    return _UNSAFE.sub(_escape, value.replace("\\", "\\\\"))


def _escape(match: re.Match[str]) -> str:
    character = match[0]
    named = {"\t": "\\t", "\n": "\\n", "\r": "\\r"}.get(character)
    return named or (f"\\x{ord(character):02x}" if ord(character) < 0x100 else f"\\u{ord(character):04x}")


def csv_text(records: Iterable[Mapping[str, Any]], names: Sequence[str], *, header: bool) -> str:
    """RFC 4180; cells that a spreadsheet would run get an apostrophe."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    if header:
        writer.writerow(names)
    for row in records:
        writer.writerow([_no_formula(row[name], raw(row[name], name)) for name in names])
    return buffer.getvalue()


def _no_formula(value: Any, text: str) -> str:
    text = text.replace("\x00", "\ufffd")
    if isinstance(value, str) and _FORMULA.match(text) and not _HARMLESS.fullmatch(text):
        return f"'{text}"
    return text


def placeholders(template: str) -> list[str]:
    """The fields that a `--format` names, each once."""
    return list(dict.fromkeys(name.partition(".")[0] for name in _PLACEHOLDER.findall(template)))


def fill(template: str, row: Mapping[str, Any]) -> str:
    """`--format '{id}\\t{contact.name}'`: placeholders and \\t \\n \\\\, nothing else."""
    simple = plain(row)
    text = re.sub(r"\\([tn\\])", lambda match: {"t": "\t", "n": "\n", "\\": "\\"}[match[1]], template)

    def value(match: re.Match[str]) -> str:
        found: Any = simple
        for step in match[1].split("."):
            found = found.get(step) if isinstance(found, dict) else None
        return escaped(raw(found))

    return _PLACEHOLDER.sub(value, text) + "\n"


def shown(value: Any, style: Style, *, relative: bool, name: str = "") -> str:
    """A value for people: relative or local time, thousands, yes and no; one clean line."""
    match value:
        case None | "" | []:
            text = own("—")
        case bool():
            text = _("yes") if value else _("no")
        case datetime():
            text = ago(value, style.now) if relative else local(value, style.tz())
        case timedelta():
            text = duration(value)
        case int() if not isinstance(value, Enum) and name not in NAMES and not name.endswith(("_id", "_pid", "_code")):
            text = number(value)
        case float():
            text = fraction(value)
        case dict() if _is_money(value):
            text = money(value["amount"], value["currency"])
        case dict() if _is_flat(value):
            called = str if name in THEIRS else _
            told = [
                f"{called(key.replace('_', ' '))} {shown(each, style, relative=relative, name=key)}"
                for key, each in value.items()
                if each not in (None, "")
            ]
            text = ", ".join(told) or own("—")
        case list() | tuple():
            between = "; " if any(isinstance(each, dict) for each in value) else ", "
            text = between.join(shown(each, style, relative=relative) for each in value)
        case _:
            text = raw(value, name)
    return clean(text, newlines=False)


def _is_flat(value: dict[Any, Any]) -> bool:
    """True for a few names with values; what nests deeper is shown as the JSON it is."""
    return all(
        isinstance(key, str) and (_is_money(each) or not isinstance(each, (dict, list, tuple)))
        for key, each in value.items()
    )


def _is_money(value: Any) -> bool:
    return isinstance(value, dict) and set(value) == {"amount", "currency"}


def money(amount: Any, currency: str) -> str:
    """`USD 525.75`, with the language's decimal comma."""
    text = f"{Decimal(str(amount)):,.2f}"
    if language() != "en":
        text = text.translate(str.maketrans(",.", ".,"))
    return f"{currency} {text}"


def fraction(value: float) -> str:
    """`0.5`, `80` or, with the language's comma, `0,5`."""
    text = repr(value).removesuffix(".0")
    return text if language() == "en" else text.replace(".", ",")


def local(value: datetime, tz: tzinfo) -> str:
    """`2026-11-22 19:11:48 -03`: absolute, with its zone."""
    there = (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(tz)
    return f"{there:%Y-%m-%d %H:%M:%S} {there:%Z}"


def ago(value: datetime, now: datetime) -> str:
    """`3 min ago` or `in 2 h`."""
    aware = value if value.tzinfo else value.replace(tzinfo=UTC)
    seconds = (now - aware).total_seconds()
    if abs(seconds) < 1:
        return _("now")
    span = duration(timedelta(seconds=abs(seconds)))
    return (_("{span} ago") if seconds > 0 else _("in {span}")).format(span=span)


def duration(value: timedelta) -> str:
    """The largest unit only: `45 s`, `3 min`, `2 h`, `5 d`."""
    seconds = int(value.total_seconds())
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size * (2 if unit == "d" else 1):
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def table(records: Sequence[Mapping[str, Any]], names: Sequence[str], style: Style, *, header: bool) -> str:
    """Columns with two spaces between; too narrow a screen drops columns from the right and cuts the widest text."""
    heads = {name: clean(_(name.replace("_", " "))).upper() for name in names}
    cells = {name: [shown(row[name], style, relative=True, name=name) for row in records] for name in names}
    widths = {name: max(columns(text) for text in [*(cells[name]), heads[name] if header else ""]) for name in names}
    right = {name for name in names if name != "id" and _are_numbers([row[name] for row in records])}
    kept = _fit(list(names), widths, style.width)
    lines = [GAP.join(_pad(heads[name], widths[name], name in right) for name in kept).rstrip()] if header else []
    if header and style.color:
        lines[0] = f"\x1b[1m{lines[0]}\x1b[0m"
    for index in range(len(records)):
        lines.append(GAP.join(_pad(cells[name][index], widths[name], name in right) for name in kept).rstrip())
    return "".join(f"{line}\n" for line in lines)


def sheet(row: Mapping[str, Any], names: Sequence[str], style: Style) -> str:
    """One thing: a line a field, absolute times."""
    left = max(columns(_(name.replace("_", " "))) for name in names)
    room = style.width - left - len(GAP) if style.width else None
    lines = []
    for name in names:
        label = _pad(clean(_(name.replace("_", " "))), left, False)
        text = f"\n{' ' * left}{GAP}".join(_paragraph(row[name], style, name, room))
        lines.append(f"\x1b[2m{label}\x1b[0m{GAP}{text}\n" if style.color else f"{label}{GAP}{text}\n")
    return "".join(lines)


def _paragraph(value: Any, style: Style, name: str, room: int | None) -> list[str]:
    """A value's lines: in one, or on a screen that is too narrow an element a line, JSON indented, words wrapped."""
    text = shown(value, style, relative=False, name=name)
    if room is None or columns(text) <= room:
        return [text]
    if isinstance(value, (list, tuple)) and any(isinstance(each, dict) for each in value):
        return [line for each in value for line in _paragraph(each, style, name, room)]
    if isinstance(value, dict) and not _is_flat(value):
        return [clean(line) for line in json_text(plain(value, name)).splitlines()]
    return fold(text, room).split("\n")


def _fit(names: list[str], widths: dict[str, int], limit: int | None) -> list[str]:
    """Cuts wide columns, then drops from the right, until the line fits; changes `widths`."""
    if limit is None:
        return names
    for name in names:
        widths[name] = min(widths[name], MAX_CELL)
    while len(names) > 1 and (over := sum(widths[name] for name in names) + len(GAP) * (len(names) - 1) - limit) > 0:
        widest = max(names, key=lambda name: widths[name])
        if widths[widest] - over >= 12:
            widths[widest] -= over
        else:
            names = names[:-1]
    return names


def _are_numbers(values: Sequence[Any]) -> bool:
    told = [value for value in values if value is not None]
    return bool(told) and all(isinstance(each, (int, float, Decimal)) and not isinstance(each, bool) for each in told)


def _pad(text: str, width: int, right: bool) -> str:
    text = cut(text, width)
    space = " " * (width - columns(text))
    return space + text if right else text + space
