"""Rows of a list become entries, a chunk ahead of the writing; of a long list in a process of their own."""

from __future__ import annotations

import gc
import io
import itertools
import marshal
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from operator import attrgetter
from typing import BinaryIO

from pytake_cli import locale
from pytake_cli.locale import _
from pytake_cli.services.contact_import_files import Row, Source
from pytake_cli.services.contact_import_rows import Entry, Reading, Reject
from pytake_cli.store import imports

CHUNK = 4000  # rows a transaction: 100 ms or so, in which nobody else writes
LONG = 50_000  # rows from which on a process, which is there after half a second, saves more than it costs
COLLECT_AFTER = 50_000  # objects: about a chunk
SIZE = 4  # bytes in front of a chunk that say how long it is
END = bytes(SIZE)

Read = tuple[int, list[Entry], list[Reject]]  # how many rows, and what they are
Held = Iterable[tuple[str, int, bool]]  # value of the key, contact, whether it is deleted
_of_entry, _of_reject = attrgetter(*Entry.__slots__), attrgetter(*Reject.__slots__)


def ahead(source: Source, reading: Reading, held: Held, start: int = 0) -> Generator[Read, None, None]:
    """The chunks from row `start` on, each read while the caller is busy with the one before.

    `held` says who has which value of the key. A process whose end comes too early leaves the rest to this one.
    """
    if reading.key == "phone" and source.about - start >= LONG and os.name == "posix":
        with closing(_Apart(source, reading, start)) as apart:
            for chunk in _beside(apart.chunks()):
                start += chunk[0]
                yield chunk
        if apart.is_through:
            return
    with closing(imports.Seen()) as seen:
        seen.hold(held)
        yield from _beside(_chunks(source, reading, seen, start))


def tune_collector() -> None:
    """What a chunk makes goes by itself; walking over it and over all modules took a third of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER)


class _Apart:
    """A process that reads; it has the open file from us, and ends when nobody takes its chunks."""

    def __init__(self, source: Source, reading: Reading, start: int) -> None:
        descriptor = source.file.fileno()
        command = [sys.executable, "-m", "pytake_cli.services.contact_import_reader", str(descriptor)]
        self._process = subprocess.Popen(  # noqa: S603 - our own program
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            pass_fds=[descriptor],
        )
        self.is_through = False
        task = (replace(source, file=io.BytesIO()), reading, start, locale.language(), locale.is_ascii())
        self._tell(pickle.dumps(task))

    def _tell(self, task: bytes) -> None:
        assert self._process.stdin is not None
        try:
            with self._process.stdin as words:
                words.write(task)
        except BrokenPipeError:  # it has ended already, and `chunks` finds nothing
            return

    def chunks(self) -> Iterator[Read]:
        assert self._process.stdout is not None
        while (size := self._process.stdout.read(SIZE)) != END:
            chunk = self._process.stdout.read(int.from_bytes(size, "big"))
            if not size or len(chunk) < int.from_bytes(size, "big"):
                return
            rows, entries, rejects = marshal.loads(chunk)  # noqa: S302 - from our own process
            yield rows, [Entry(*values) for values in entries], [Reject(*values) for values in rejects]
        self.is_through = True

    def close(self) -> None:
        self._process.kill()
        with self._process:
            pass


def _beside(chunks: Iterator[Read]) -> Iterator[Read]:
    """The same chunks; a thread takes the next one while SQLite, which needs no interpreter for that, writes."""
    with ThreadPoolExecutor(1, "import") as reader:
        coming = reader.submit(next, chunks, None)
        while (chunk := coming.result()) is not None:
            coming = reader.submit(next, chunks, None)
            yield chunk


def _chunks(source: Source, reading: Reading, seen: imports.Seen, start: int) -> Iterator[Read]:
    """The rows from `start` on; those before it are known from then on."""
    rows = source.rows()
    for again in _some(itertools.islice(rows, start)):
        _read(reading, again, seen)
    for some in _some(rows):
        yield (len(some), *_read(reading, some, seen))


def _some(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while some := list(itertools.islice(rows, CHUNK)):
        yield some


def _read(reading: Reading, rows: Sequence[Row], seen: imports.Seen) -> tuple[list[Entry], list[Reject]]:
    """What can be taken of the rows: everybody once, by the first row about them."""
    entries: list[Entry] = []
    rejects: list[Reject] = []
    for row in rows:
        found = reading.entry(row)
        (entries if isinstance(found, Entry) else rejects).append(found)  # type: ignore[arg-type]
    entries = _known_by_key(entries, rejects, seen, reading.key)
    keys = [(entry.key, entry) for entry in entries if entry.spellings]
    lines = seen.lines(key for key, _ in keys)
    kept = [entry for entry in entries if not entry.spellings]
    for key, entry in keys:
        first = lines.setdefault(key, entry.line)
        if first == entry.line:
            kept.append(entry)
        else:
            reason = _("the same phone number as in line {line}").format(line=first)
            rejects.append(Reject(entry.line, entry.cells, reason, "repeated"))
    seen.add((entry.key, entry.line) for entry in kept if entry.spellings)
    return kept, rejects


def _known_by_key(entries: list[Entry], rejects: list[Reject], seen: imports.Seen, key: str) -> list[Entry]:
    """The rows, each value of the key once, with who has it."""
    values = [entry.identity for entry in entries if entry.identity]
    if not values:
        return entries
    lines, holders = seen.value_lines(values), seen.holders(values)
    kept = []
    for entry in entries:
        entry.holders = holders.get(entry.identity, ())
        first = lines.setdefault(entry.identity, entry.line) if entry.identity else entry.line
        if first == entry.line:
            kept.append(entry)
        else:
            reason = _("the same {key} as in line {line}").format(key=key.removeprefix("f."), line=first)
            rejects.append(Reject(entry.line, entry.cells, reason, "repeated"))
    seen.add_values((entry.identity, entry.line) for entry in kept if entry.identity)
    return kept


def _serve(descriptor: int, told: BinaryIO, out: BinaryIO) -> None:
    """The process's own part: reads the file that is open as `descriptor` as it was told to, to the end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for who reads from us
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    source, reading, start, language, is_ascii = pickle.load(told)  # noqa: S301 - from our own process
    locale.use(language)
    locale.only_ascii(is_ascii)
    tune_collector()
    with open(descriptor, "rb") as file, closing(imports.Seen()) as seen:
        for rows, entries, rejects in _chunks(replace(source, file=file), reading, seen, start):
            chunk = marshal.dumps((rows, [*map(_of_entry, entries)], [*map(_of_reject, rejects)]))
            out.write(len(chunk).to_bytes(SIZE, "big"))
            out.write(chunk)
            out.flush()
    out.write(END)
    out.flush()


if __name__ == "__main__":
    _serve(int(sys.argv[1]), sys.stdin.buffer, sys.stdout.buffer)
