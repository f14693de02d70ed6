"""Reading a long list in a process of its own comes to the same as reading it here, whatever becomes of the process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from zoneinfo import ZoneInfo

import psutil
import pytest

from pytake_cli import locale
from pytake_cli.policy.import_columns import CONSENT, Column
from pytake_cli.services import contact_import_files, contact_import_reader
from pytake_cli.services.contact_import_reader import CHUNK, Read
from pytake_cli.services.contact_import_rows import Reading
from pytake_cli.services.fields import Known

COLUMNS = (
    Column("nome", "name"),
    Column("celular", "phone"),
    Column("etiquetas", "tags"),
    Column("valor", "f.valor", "number", new=True),
    Column("desde", "f.desde", "date", new=True),
    Column("aceita", CONSENT),
)
ROWS = 2 * CHUNK + 7


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    """Names in many scripts, numbers twice, values that do not fit, a line that is none."""
    path = tmp_path / "lista.csv"
    with path.open("w", encoding="utf-8") as file:
        file.write("nome;celular;etiquetas;valor;desde;aceita\n")
        for row in range(ROWS):
            serial = row - 5000 if row % 1000 == 999 and row > 5000 else row
            phone = "" if row % 700 == 3 else f"(11) 9{6000 + serial // 10000:04}-{serial % 10000:04}"
            amount = "muito" if row % 900 == 8 else f"{row},50"
            agrees = ("sim", "não", "")[row % 3]
            file.write(f"João 花子 {row};{phone};vip, novo;{amount};02/03/2026;{agrees}\n")
            if row == CHUNK:
                file.write('"quem nunca fecha;1\n')
    return path


@pytest.fixture
def in_portuguese() -> Iterator[None]:
    locale.use("pt-BR")
    yield
    locale.use("en")


def read(listed: Path, start: int = 0, *, kill: bool = False) -> list[Read]:
    reading = Reading(COLUMNS, Known({}, False, ZoneInfo("America/Sao_Paulo")), "BR", is_guarded=True)
    found = []
    with (
        contact_import_files.source(listed) as source,
        closing(contact_import_reader.ahead(source, reading, (), start)) as chunks,
    ):
        for chunk in chunks:
            found.append(chunk)
            for child in psutil.Process().children() if kill else ():
                if "contact_import_reader" in " ".join(child.cmdline()):
                    child.kill()
    return found


def flat(chunks: list[Read]) -> tuple[int, list[object], list[object]]:
    """However the rows were cut into chunks."""
    rows, entries, rejects = zip(*chunks, strict=True)
    return sum(rows), [each for some in entries for each in some], [each for some in rejects for each in some]


@pytest.mark.usefixtures("in_portuguese")
def test_a_process_of_its_own_reads_what_would_be_read_here(listed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = read(listed)
    assert flat(here)[0] == ROWS + 1
    assert any("mesmo telefone" in reject.reason for reject in here[1][2])
    rest = read(listed, CHUNK)
    monkeypatch.setattr(contact_import_reader, "LONG", 1)
    assert read(listed) == here
    assert read(listed, CHUNK) == rest


def test_whoever_ends_the_process_makes_nobody_lost(listed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = flat(read(listed))
    monkeypatch.setattr(contact_import_reader, "LONG", 1)
    assert flat(read(listed, kill=True)) == here
    monkeypatch.setattr("sys.executable", "/bin/false")
    assert flat(read(listed)) == here


def test_a_process_ends_when_nobody_wants_more(listed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contact_import_reader, "LONG", 1)
    before = set(psutil.Process().children())
    reading = Reading(COLUMNS, Known({}, False, ZoneInfo("UTC")), "BR", is_guarded=True)
    with (
        contact_import_files.source(listed) as source,
        closing(contact_import_reader.ahead(source, reading, ())) as chunks,
    ):
        assert next(chunks)[0] == CHUNK
        assert set(psutil.Process().children()) > before
    assert set(psutil.Process().children()) <= before
