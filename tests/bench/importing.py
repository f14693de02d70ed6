"""A list of a million contacts imported, and `sqlite-utils insert` of the same file beside it."""

from __future__ import annotations

import random
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from pytake_cli.store import Store, schema
from tests.bench.figures import Options, Row
from tests.kit import kill_import
from tests.kit.stores import NOW, make_org

ROWS = 1_000_000
CITIES = ("Osasco", "São Paulo", "Campinas", "Recife")


def measure(folder: Path, options: Options) -> Iterator[Row]:
    listed = folder / "million.csv"
    fill(listed, ROWS)
    runs = [_in_a_child("ours", folder / f"import-{turn}", listed) for turn in range(options.times)]
    yield _row("import of 1,000,000 contacts", runs, "≤ 20", "phone, name, tags, 3 fields")
    yield Row("import: memory at its most", "MB", tuple(run[2] for run in runs), "≤ 400", "with the mapped store")
    if shutil.which("sqlite-utils"):
        peer = [_in_a_child("peer", folder / f"peer-{turn}", listed) for turn in range(options.times)]
        yield _row("the same by sqlite-utils insert", peer, "", "one table of texts, no index, nothing checked")


def _row(name: str, runs: list[tuple[float, float, float]], target: str, note: str) -> Row:
    cpu = sorted(run[1] for run in runs)[len(runs) // 2]
    return Row(name, "s", tuple(run[0] for run in runs), target, f"{cpu:.1f} s of CPU; {note}")


def fill(path: Path, rows: int) -> None:
    """Names, phones as people write them, tags, two fields that repeat and one that does not."""
    chance = random.Random(1)
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write("Nome;Celular;Etiquetas;Cidade;Plano;Valor\r\n")
        for row in range(rows):
            number = f"{960_000_000 + row:09}"
            phone = chance.choice((f"(11) {number[:5]}-{number[5:]}", f"+5511{number}", f"5511{number}"))
            tags, city = chance.choice(("vip", "cliente, novo", "base")), chance.choice(CITIES)
            file.write(f"João Silva {row};{phone};{tags};{city};Pro;{chance.randint(1, 9999)},50\r\n")


def _in_a_child(what: str, folder: Path, listed: Path) -> tuple[float, float, float]:
    """Seconds, seconds of CPU and megabytes at the most."""
    folder.mkdir()
    began = time.perf_counter()
    command = [sys.executable, "-m", "tests.bench.importing", what, str(folder), str(listed)]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    shutil.rmtree(folder)
    return time.perf_counter() - began, float(told[-2]), float(told[-1])


def main(what: str, folder: Path, listed: Path) -> None:
    if what == "ours":
        url = f"sqlite:///{folder}/pytake.db"
        store = Store(url)
        schema.migrate(store, None, NOW)
        make_org(store)
        store.close()
        outcome = kill_import.import_(url, listed, folder / "rejects.csv")
        assert outcome.counts["new"] == outcome.counts["rows"]
    else:
        command = ["sqlite-utils", "insert", str(folder / "peer.db"), "contact", str(listed), "--csv"]
        subprocess.run([*command, "--delimiter", ";"], check=True, capture_output=True)
    ours = (resource.RUSAGE_SELF,) if what == "ours" else ()
    used = [resource.getrusage(who) for who in (*ours, resource.RUSAGE_CHILDREN)]  # the reader is a process too
    print(sum(each.ru_utime + each.ru_stime for each in used), sum(each.ru_maxrss for each in used) / 1024)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
