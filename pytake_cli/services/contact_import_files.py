"""Files with contacts: CSV in whatever encoding, JSONL and XLSX become the same rows of text, one at a time."""

from __future__ import annotations

import codecs
import csv
import itertools
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import IO, Any, BinaryIO, Literal

import orjson

from pytake_cli.errors import InvalidData, NotFound
from pytake_cli.locale import _
from pytake_cli.policy import import_columns, spreadsheets

Form = Literal["csv", "jsonl", "xlsx"]
MAX_ROW = 1 << 20  # characters
MAX_COLUMNS = 100
MAX_LINES = 20  # of one row that has not as many cells as the header: more are a quote that nobody closed
SAMPLE_BYTES = 256 * 1024
SAMPLE_ROWS = 1000
BLOCK = 1 << 20
STDIN = "stdin"  # what a list without a name is called
_SEP = re.compile(r"\ufeff?\"?sep=([;,|\t])\"?\r?\n", re.IGNORECASE)
_OBJECT, _ARRAY = re.compile(rb'{\s*"'), re.compile(rb'\[\s*{\s*"')


@dataclass(frozen=True, slots=True)
class Unreadable:
    """What stands where a row should."""

    text: str
    reason: str


Cells = list[str]
Row = tuple[int, Cells | Unreadable]  # with the number of its line, from 1


@dataclass(frozen=True, slots=True)
class Source:
    """A file that rows can be read from again and again; `about` is the number of rows, more or less."""

    name: str
    file: BinaryIO
    form: Form
    digest: str
    about: int
    path: Path | None = None
    encoding: str = ""  # as Python calls it
    encoding_name: str = ""
    delimiter: str = ""
    is_told: bool = False  # what separates the cells: Excel writes `sep=;` as the first line
    has_header: bool = True
    columns: tuple[str, ...] = ()

    def rows(self) -> Iterator[Row]:
        """Every row that is not empty, without the header."""
        found = self._all()
        return itertools.islice(found, 1, None) if self.has_header and self.form != "jsonl" else found

    def _all(self) -> Iterator[Row]:
        self.file.seek(0)
        if self.form == "xlsx":
            from pytake_cli.services import contact_import_xlsx  # late: openpyxl takes 100 ms

            return contact_import_xlsx.rows(self.file)
        if self.form == "jsonl":
            return _jsonl_rows(self.file, self.columns)
        found = _csv_rows(self.file.fileno(), self.encoding, self.delimiter, len(self.columns))
        return itertools.islice(found, 1, None) if self.is_told else found


@contextmanager
def source(given: Path | BinaryIO, form: Form | None = None) -> Iterator[Source]:
    """Looks at all of a file once: what it is, how it is written, what its columns are called."""
    with _opened(given) if isinstance(given, Path) else _spooled(given) as file:
        yield _recognised(given if isinstance(given, Path) else None, file, form)


def _recognised(path: Path | None, file: BinaryIO, form: Form | None) -> Source:
    name = path.name if path else STDIN
    digest, lines, is_utf8, start = _look(file)
    kind = form or _form_of(name, start)
    source = Source(name, file, kind, digest, lines, path and path.resolve())
    if kind == "xlsx":
        from pytake_cli.services import contact_import_xlsx

        contact_import_xlsx.refuse_bomb(file)
        source = replace(source, about=contact_import_xlsx.size(file))
    elif kind == "jsonl":
        source = replace(source, columns=_keys(file))
    else:
        codec, shown = spreadsheets.encoding_of(start, is_utf8=is_utf8)
        sample = codecs.getincrementaldecoder(codec)("replace").decode(start)
        told = _SEP.match(sample)
        delimiter = told[1] if told else spreadsheets.delimiter_of(sample)
        source = replace(source, encoding=codec, encoding_name=shown, delimiter=delimiter, is_told=told is not None)
    return source if kind == "jsonl" else _with_columns(source)


def _opened(path: Path) -> BinaryIO:
    try:
        file = path.open("rb")
        if file.seekable():
            return file
        with file:
            return _spooled(file)
    except OSError as error:
        raise NotFound(
            "PT-IMPORT-FILE",
            "{path} cannot be read: {detail}",
            fix="pytake contact import -h",
            path=str(path),
            detail=(error.strerror or type(error).__name__).lower(),
        ) from None


def _spooled(stream: BinaryIO) -> BinaryIO:
    """A pipe is read once: what it says goes to a private file without a name."""
    file = tempfile.TemporaryFile()  # noqa: SIM115
    shutil.copyfileobj(stream, file, BLOCK)
    file.seek(0)
    return file


def _look(file: BinaryIO) -> tuple[str, int, bool, bytes]:
    """The digest, how many lines, whether all of it is UTF-8, and how it begins."""
    digest, decoder = sha256(), codecs.getincrementaldecoder("utf-8")()
    lines, is_utf8, start, end = 0, True, b"", b"\n"
    while block := file.read(BLOCK):
        start = start or block[:SAMPLE_BYTES]
        digest.update(block)
        lines, end = lines + block.count(b"\n"), block[-1:]
        if is_utf8:
            try:
                decoder.decode(block)
            except UnicodeDecodeError:
                is_utf8 = False
    return digest.hexdigest(), lines + (end != b"\n"), is_utf8, start


def _form_of(name: str, start: bytes) -> Form:
    if start.startswith(b"PK\x03\x04"):
        return "xlsx"
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    if _ARRAY.match(text):
        raise InvalidData(
            "PT-IMPORT-HEADER",
            "{name} is one JSON array, and JSONL has an object on each line",
            fix="jq -c '.[]'{file} | pytake contact import -",
            name=name,
            file="" if name == STDIN else f" {name}",
        )
    return "jsonl" if name.endswith((".jsonl", ".ndjson")) or _OBJECT.match(text) else "csv"


def _with_columns(source: Source) -> Source:
    first = next(source._all(), None)
    if first is None:
        raise InvalidData("PT-IMPORT-EMPTY", "{name} is empty", fix="pytake contact import -h", name=source.name)
    if isinstance(first[1], Unreadable):
        raise InvalidData(
            "PT-IMPORT-HEADER",
            "the first line of {name} cannot be read: {reason}",
            fix="--format csv, xlsx or jsonl",
            name=source.name,
            reason=first[1].reason,
        )
    cells = import_columns.told_apart([spreadsheets.unguarded(cell).strip() for cell in first[1]])
    if len(cells) > MAX_COLUMNS:
        raise InvalidData(
            "PT-IMPORT-HEADER",
            "{name} has {count} columns",
            why="a list of contacts has at most {most}",
            fix="leave some out",
            name=source.name,
            count=len(cells),
            most=MAX_COLUMNS,
        )
    if import_columns.is_header(cells):
        about = source.about - (source.form == "csv")  # a workbook's does not count the header
        return replace(source, columns=tuple(cells), about=about)
    return replace(source, has_header=False, columns=tuple(str(place + 1) for place in range(len(cells))))


class _TooLong(csv.Error):
    pass


class _Lines:
    """The lines of a text, numbered; `taken` are those since it was last cleared, and can be given back."""

    def __init__(self, text: IO[str]) -> None:
        self._readline = text.readline
        self._again: list[str] = []
        self.taken: list[str] = []
        self.number = 0

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._again.pop() if self._again else self._readline(MAX_ROW)
        if not line:
            raise StopIteration
        self.taken.append(line)
        self.number += 1
        if len(line) == MAX_ROW and not line.endswith(("\n", "\r")):
            while (rest := self._readline(MAX_ROW)) and not rest.endswith(("\n", "\r")):
                pass
            raise _TooLong
        return line

    def keep_first(self) -> None:
        """The first line was the row: the others are read again."""
        self._again.extend(reversed(self.taken[1:]))
        self.number -= len(self.taken) - 1


def _csv_rows(descriptor: int, encoding: str, delimiter: str, width: int) -> Iterator[Row]:
    with open(os.dup(descriptor), encoding=encoding, errors="replace", newline="") as text:
        yield from _rows_of(text, delimiter, width)


def _rows_of(text: IO[str], delimiter: str, width: int) -> Iterator[Row]:
    csv.field_size_limit(MAX_ROW)
    lines = _Lines(text)
    reader, taken = csv.reader(lines, delimiter=delimiter), lines.taken
    while True:
        taken.clear()
        line, reason = lines.number + 1, ""
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            cells, reason = [], _("longer than 1 MB") if isinstance(error, _TooLong) else _("a quote is not closed")
        # a quote that is never closed takes the following people for its text
        if len(taken) > 1 and _runs_on(taken, len(cells) == width):
            reason = _("a quote is not closed")
        if reason:
            lines.keep_first()
            reader = csv.reader(lines, delimiter=delimiter)
            yield line, Unreadable(taken[0].rstrip("\r\n")[:MAX_ROW], reason)
        elif any(cells):
            yield line, cells


def _runs_on(lines: Sequence[str], fits: bool) -> bool:
    return (len(lines) > MAX_LINES and not fits) or sum(line.count('"') for line in lines) % 2 == 1


def _json_lines(file: BinaryIO) -> Iterator[tuple[int, Any]]:
    """Each line's object, or what is wrong with it."""
    for number in itertools.count(1):
        line = file.readline(MAX_ROW)
        if not line:
            return
        too_long = len(line) == MAX_ROW and not line.endswith(b"\n")
        while too_long and (rest := file.readline(MAX_ROW)) and not rest.endswith(b"\n"):
            pass
        text = line.removeprefix(b"\xef\xbb\xbf").strip() if number == 1 else line.strip()
        if not text:
            continue
        try:
            found = None if too_long else orjson.loads(text)
        except orjson.JSONDecodeError:
            found = None
        if isinstance(found, dict):
            yield number, _flat(found)
        else:
            reason = _("longer than 1 MB") if too_long else _("not a JSON object")
            yield number, Unreadable(text.decode(errors="replace"), reason)


def _flat(record: dict[str, Any]) -> dict[str, str]:
    """`{"fields": {"city": "Osasco"}, "tags": ["vip"]}` -> `{"f.city": "Osasco", "tags": "vip"}`."""
    own = record.pop("fields", None)
    flat = {key: text_of(value) for key, value in record.items()}
    return flat | {f"f.{key}": text_of(value) for key, value in own.items()} if isinstance(own, dict) else flat


def text_of(value: Any) -> str:
    """A typed value as a person would write it into a cell."""
    match value:
        case None:
            return ""
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case float() if value.is_integer() and abs(value) < 2**53:
            return str(int(value))
        case list():
            return spreadsheets.joined([text_of(each) for each in value])
        case int() | float():
            return str(value)
        case _:
            return orjson.dumps(value).decode()


def _keys(file: BinaryIO) -> tuple[str, ...]:
    """The columns of a JSONL file: every key of its first thousand lines."""
    file.seek(0)
    keys: dict[str, None] = {}
    for _line, found in itertools.islice(_json_lines(file), SAMPLE_ROWS):
        if isinstance(found, dict):
            keys |= dict.fromkeys(found)
    return tuple(keys)


def _jsonl_rows(file: BinaryIO, columns: tuple[str, ...]) -> Iterator[Row]:
    known = set(columns)
    for number, found in _json_lines(file):
        if isinstance(found, Unreadable):
            yield number, found
        elif new := found.keys() - known:
            text = orjson.dumps(found).decode()
            reason = _("{key} is no key of the first {count} lines").format(key=min(new), count=SAMPLE_ROWS)
            yield number, Unreadable(text, reason)
        elif any(found.values()):
            yield number, [found.get(column, "") for column in columns]
