"""Kills imports of contacts at random moments: `python -m tests.kit.kill_import FOLDER [KILLS] [ROWS]`."""

from __future__ import annotations

import csv
import itertools
import random
import sys
import time
from pathlib import Path

from sqlalchemy import text

from pytake_cli.services import contact_import, contact_import_files, contact_import_plan
from pytake_cli.services.contact_import_chunk import Rules
from pytake_cli.store import Store, schema, upkeep
from tests.kit.kill_upkeep import killed
from tests.kit.stores import NOW, make_org

WRONG, AGAIN = 50, 40  # every so many rows there is no phone number, or one that stood before


def fill(path: Path, rows: int) -> int:
    """Writes a list and returns how many of its rows an import has to take."""
    people = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(["nome", "celular", "etiquetas", "cidade"])
        for row in range(rows):
            serial = 0 if row % AGAIN == 1 and row > 1 else row
            phone = "x" if row % WRONG == 2 else f"(11) 9{6000 + serial // 10000:04}-{serial % 10000:04}"
            people += phone != "x" and serial == row
            out.writerow([f"Ana {row}", phone, "vip, base", "Osasco"])
    return people


def import_(url: str, listed: Path, rejects: Path) -> contact_import.Outcome:
    """What the command does, with its key."""
    store = Store(url)
    with contact_import_files.source(listed) as source:
        with store.read(1) as db:
            columns = contact_import_plan.plan(db, 1, source, {}, "BR")
        wanted = contact_import.Wanted(Rules(1, source.name), tuple(columns), "BR")
        job = contact_import.begin(store, 1, source, "base", contact_import.digest_of(source, {}), NOW)
        outcome = contact_import.run(store, source, wanted, job, NOW, lambda counts: None)
        if not outcome.replayed:
            contact_import.finish(store, 1, source, outcome, rejects, NOW)
    store.close()
    return outcome


def check(url: str, listed: Path, rejects: Path, people: int, rows: int) -> None:
    """Everybody is there once, with tags and field; everything else is in the file of rejects once."""
    with rejects.open(newline="", encoding="utf-8") as file:
        lines = [int(row["pytake_line"]) for row in csv.DictReader(file)]
    assert (len(lines), lines) == (rows - people, sorted(set(lines)))
    replayed = import_(url, listed, rejects)
    assert (replayed.replayed, replayed.counts["new"], replayed.counts["rows"]) == (True, people, rows)
    store = Store(url)
    with store.read() as db:
        for what, expected in (
            ("count(*) FROM contact WHERE fields LIKE '%Osasco%'", people),
            ("count(DISTINCT contact_id) FROM identity", people),
            ("count(*) FROM identity", people),
            ("count(*) FROM contact_tag", 2 * people),
            ("count(*) FROM contact_import_reject", 0),
        ):
            assert db.execute(text(f"SELECT {what}")).scalar_one() == expected, what
    assert upkeep.check(store) == []
    store.close()


def run(folder: Path, kills: int, rows: int) -> int:
    """Imports of new stores, each killed until it is through, until there were so many kills."""
    chance, listed, done, turn, longest = random.Random(7), folder / "lista.csv", 0, 0, 0.0
    people = fill(listed, rows)
    while done < kills:
        url, rejects = f"sqlite:///{folder}/{turn}.db", folder / f"{turn}.csv"
        store = Store(url)
        schema.migrate(store, None, NOW)
        make_org(store)
        store.close()
        began = time.monotonic()
        # the first tells how long it takes; longer each time, or a busy machine would never get through
        limits = (chance.uniform(0, longest / 3) * 1.3**tries if turn else 600.0 for tries in itertools.count())
        while killed(lambda url=url, rejects=rejects: import_(url, listed, rejects), next(limits)):  # type: ignore[misc]
            assert not rejects.exists() or rejects.read_bytes().endswith(b"\n")
            done += 1
        longest = longest or time.monotonic() - began
        check(url, listed, rejects, people, rows)
        turn += 1
    return done


if __name__ == "__main__":
    wanted_kills, wanted_rows = (*map(int, sys.argv[2:]), *(20, 100_000)[len(sys.argv[2:]) :])
    print(run(Path(sys.argv[1]), wanted_kills, wanted_rows), "kills")
