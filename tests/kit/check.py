"""The invariants that hold after every fault (I1-I6, I9, I11, I12), read from the store and the emulator's ledger.

I1   what was answered 200 is in the journal, once         I5   a status never falls, every status told is kept
I2   each journal row is projected once, or quarantined    I6   one contact's messages go out in order
I3   nothing is accepted twice, unless labelled            I9   no row refers to another organisation's row
I4   accepted means sent or unknown; sent means accepted   I11  the database is whole
I12  no secret is in any file of the run
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, SQLModel

from pytake_cli.services.statuses import OPAQUE
from pytake_cli.store import Store, facts
from pytake_cli.store.messages import RANK
from pytake_cli.whatsapp.webhooks import Echo, Incoming, Status, Unknown, parse
from tests.kit.home import Home

SHOWN = 5  # examples of each violation
ACCEPTED = ("held", "sent", "delivered", "read", "played")


@dataclass(slots=True)
class Report:
    """What was counted and what is wrong."""

    counts: dict[str, int] = field(default_factory=dict)
    wrong: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    @property
    def ok(self) -> bool:
        return not self.wrong

    def text(self) -> str:
        lines = [", ".join(f"{name} {count}" for name, count in self.counts.items())]
        for rule, found in self.wrong.items():
            lines.append(f"{rule}: {len(found)} wrong: {'; '.join(found[:SHOWN])}")
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Accepted:
    """A send that the emulator took."""

    message_id: int
    attempt: int
    wamid: str
    to: str
    kind: str
    at: float


def wait_for_quiet(home: Home, seconds: float = 90.0) -> float:
    """Waits until nothing is queued, in flight or awaited on either side; seconds that took."""
    started = time.monotonic()
    with home.store() as store:
        while True:
            left = _unfinished(store) if home.emulator.idle() else {"emulator": 1}
            if not left and home.emulator.idle():
                return time.monotonic() - started
            if time.monotonic() - started > seconds:
                raise AssertionError(f"not quiet after {seconds:g} s: {left}\n{home.daemon.tail()}")
            time.sleep(0.25)


def _unfinished(store: Store) -> dict[str, int]:
    questions = {
        "journal": "SELECT count(*) FROM journal WHERE applied_at IS NULL",
        "queued": "SELECT count(*) FROM message WHERE status IN ('queued', 'sending')",
        "unknown": "SELECT count(*) FROM message WHERE status = 'unknown' AND due_at IS NOT NULL",
    }
    with store.read() as db:
        counts = {name: int(db.connection().execute(sa.text(sql)).scalar_one()) for name, sql in questions.items()}
    return {name: count for name, count in counts.items() if count}


def check(home: Home, *, quiet_seconds: float = 90.0, lost_statuses: bool = False) -> Report:
    """Waits for quiet, looks at everything and raises AssertionError with what is wrong; the report if nothing is."""
    wait_for_quiet(home, quiet_seconds)
    report = look(home, lost_statuses=lost_statuses)
    assert report.ok, report.text()
    return report


def look(home: Home, *, lost_statuses: bool = False) -> Report:
    """The report, without waiting and without raising."""
    report = Report()
    with home.store() as store, store.read() as db:
        ledger = _ledger(home, facts.get(db, "instance") or "")
        _journal(report, db, home)
        _projection(report, db)
        _sends(report, db, ledger)
        if not lost_statuses:
            _statuses_arrived(report, db, home)
        _ranks(report, db)
        _order(report, db, ledger)
        _organisations(report, db)
        _database(report, db, is_sqlite=store.is_sqlite)
    _secrets(report, home)
    report.wrong = {rule: found for rule, found in report.wrong.items() if found}
    return report


def _rows(db: Session, sql: str, **values: Any) -> Sequence[Any]:
    return db.connection().execute(sa.text(sql), values).all()


def _ledger(home: Home, instance: str) -> list[Accepted]:
    prefix = f"{OPAQUE}:{instance}."
    found = []
    for entry in home.emulator.ledger():
        opaque = entry["opaque"]
        assert opaque.startswith(prefix), f"a send without our id: {entry}"
        message_id, _, attempt = opaque.removeprefix(prefix).partition(".")
        found.append(
            Accepted(int(message_id), int(attempt), entry["wamid"], entry["to"], entry["type"], float(entry["at"]))
        )
    return found


def _journal(report: Report, db: Session, home: Home) -> None:
    """I1, by the digests of what the loads saw acknowledged and by the wamids in it."""
    digests = Counter(bytes(row.digest).hex() for row in _rows(db, "SELECT digest FROM journal"))
    wamids = Counter(row.wamid for row in _rows(db, "SELECT wamid FROM message WHERE wamid IS NOT NULL"))
    acked = 0
    for result in home.results:
        acked += len(result.acked)
        for digest in result.acked:
            if digests[digest] != 1:
                report.wrong["I1"].append(f"body {digest[:12]} is in the journal {digests[digest]} times")
        for body in result.acked_bodies:
            for wamid in body.wamids:
                if wamids[wamid] != 1:
                    report.wrong["I1"].append(f"message {wamid} is stored {wamids[wamid]} times")
    report.counts |= {"acked": acked, "journal": digests.total()}


def _projection(report: Report, db: Session) -> None:
    """I2: every update of every journal row is a row, or its journal row is in quarantine."""
    quarantined = {row.journal_id for row in _rows(db, "SELECT journal_id FROM quarantine")}
    messages = {row.wamid for row in _rows(db, "SELECT wamid FROM message WHERE wamid IS NOT NULL")}
    events = {
        (row.wamid, row.status, row.participant)
        for row in _rows(db, "SELECT wamid, status, participant FROM status_event")
    }
    for id_, applied_at, body in db.connection().execute(sa.text("SELECT id, applied_at, body FROM journal")):
        if applied_at is None:
            report.wrong["I2"].append(f"journal {id_} is not applied")
        elif id_ not in quarantined:
            for missing in _missing(bytes(body), messages, events):
                report.wrong["I2"].append(f"journal {id_}: {missing}")
    report.counts |= {"quarantined": len(quarantined), "messages": len(messages), "statuses": len(events)}


def _missing(body: bytes, messages: set[str], events: set[tuple[str, str, str]]) -> Iterator[str]:
    for update in parse(body):
        match update:
            case Incoming(wamid=wamid) | Echo(wamid=wamid):
                if wamid not in messages:
                    yield f"message {wamid} is nowhere"
            case Status():
                if (update.wamid, update.status, update.participant) not in events:
                    yield f"status {update.status} of {update.wamid} is nowhere"
            case Unknown(reason=reason):
                yield f"{reason} is not in quarantine"
            case _:
                pass  # preferences and account events have no row that a check could name


def _sends(report: Report, db: Session, ledger: list[Accepted]) -> None:
    """I3 and I4."""
    accepted = Counter(entry.message_id for entry in ledger)
    wamids = {entry.wamid for entry in ledger}
    sql = (
        "SELECT id, status, on_unknown, possible_duplicate, wamid, error_code, error, due_at FROM message"
        " WHERE direction = 'out' AND origin <> 'app'"
    )
    rows = {row.id: row for row in _rows(db, sql)}
    twice = unconfirmed = 0
    for id_ in accepted.keys() - rows.keys():
        report.wrong["I4"].append(f"message {id_} was accepted and is not in the store")
    for id_, row in rows.items():
        times = accepted[id_]
        twice += times > 1
        unconfirmed += row.status == "unknown"
        if times > (2 if row.possible_duplicate else 1):
            report.wrong["I3"].append(f"message {id_} was accepted {times} times ({row.status}, {row.on_unknown})")
        if row.possible_duplicate and row.on_unknown == "hold":
            report.wrong["I3"].append(f"message {id_} of class hold was sent again")
        if row.status in ACCEPTED and not times:
            report.wrong["I4"].append(f"message {id_} is {row.status} and was never accepted")
        if times and row.status not in (*ACCEPTED, "unknown", "failed"):
            report.wrong["I4"].append(f"message {id_} was accepted and is {row.status}")
        if row.status == "failed" and row.error_code is None and not row.error:
            report.wrong["I4"].append(f"message {id_} failed without a reason")
        if times and row.wamid is not None and row.wamid not in wamids:
            report.wrong["I4"].append(f"message {id_} has a wamid that the emulator never gave")
    report.counts |= {
        "sends": len(rows),
        "accepted": accepted.total(),
        "twice, labelled": twice,
        "unconfirmed": unconfirmed,
        "failed": sum(row.status == "failed" for row in rows.values()),
    }


def _statuses_arrived(report: Report, db: Session, home: Home) -> None:
    """No status webhook of the emulator was given up."""
    webhooks = home.emulator.get()["webhooks"]
    for name in ("dropped", "overflowed", "lost"):
        if webhooks[name]:
            report.wrong["I5"].append(f"the emulator's webhooks: {webhooks[name]} {name}")


def _ranks(report: Report, db: Session) -> None:
    """I5: status and rank belong together, and no kept status stands above its message's."""
    highest: dict[int, int] = {}
    for row in _rows(
        db, "SELECT message_id, status FROM status_event WHERE message_id IS NOT NULL AND participant = ''"
    ):
        highest[row.message_id] = max(highest.get(row.message_id, 0), RANK.get(row.status, 0))
    for row in _rows(db, "SELECT id, status, rank FROM message WHERE direction = 'out'"):
        if RANK[row.status] != row.rank:
            report.wrong["I5"].append(f"message {row.id} is {row.status} with rank {row.rank}")
        elif row.rank < highest.get(row.id, 0):
            report.wrong["I5"].append(f"message {row.id} is {row.status}, and Meta told more")
    for row in _rows(
        db,
        "SELECT e.wamid FROM status_event e JOIN message m ON m.wamid = e.wamid AND m.direction = 'out'"
        " WHERE e.message_id IS NULL",
    ):
        report.wrong["I5"].append(f"a status of {row.wamid} was never given to its message")


def _order(report: Report, db: Session, ledger: list[Accepted]) -> None:
    """I6: to one contact messages of one priority go out in the order they were queued, but for what was sent again."""
    sql = "SELECT id, contact_id, priority FROM message WHERE direction = 'out' AND NOT possible_duplicate"
    places = {row.id: (row.contact_id, row.priority) for row in _rows(db, sql)}
    newest: dict[tuple[int, int], int] = {}
    for entry in ledger:
        place = places.get(entry.message_id)
        if place is None:
            continue
        if entry.message_id < newest.get(place, 0):
            report.wrong["I6"].append(f"message {entry.message_id} went out after {newest[place]}")
        newest[place] = max(entry.message_id, newest.get(place, 0))


def _organisations(report: Report, db: Session) -> None:
    """I9, over every foreign key between tables that have an organisation."""
    for table in SQLModel.metadata.sorted_tables:
        for key in table.foreign_keys:
            other = key.column.table
            if "org_id" not in table.c or "org_id" not in other.c:
                continue
            here, there = table.alias("here"), other.alias("there")
            joined = here.join(there, here.c[key.parent.name] == there.c[key.column.name])
            strangers = sa.select(sa.func.count()).select_from(joined).where(here.c.org_id != there.c.org_id)
            if count := db.connection().execute(strangers).scalar_one():
                report.wrong["I9"].append(f"{table.name}.{key.parent.name}: {count} rows of another organisation")


def _database(report: Report, db: Session, *, is_sqlite: bool) -> None:
    """I11, as far as the database itself can tell."""
    if not is_sqlite:
        return
    report.wrong["I11"] += [row[0] for row in _rows(db, "PRAGMA integrity_check") if row[0] != "ok"]
    report.wrong["I11"] += [f"foreign key of {row[0]}" for row in _rows(db, "PRAGMA foreign_key_check")]


def _secrets(report: Report, home: Home) -> None:
    """I12: the secrets of a home are canaries; none may be in its database, its logs or anywhere else."""
    for path in sorted(home.folder.rglob("*")):
        if not path.is_file():
            continue
        content = path.read_bytes()
        for name, value in home.secrets.items():
            if value.encode() in content:
                report.wrong["I12"].append(f"{name} is in {path.relative_to(home.folder)}")
