"""Walks the shipped flows: real daemon, real emulator, its customers talk as flows/*.test.yaml have it.

python -m tests.kit.walk_flows                    # all flows, all talks, and two more of each flow
python -m tests.kit.walk_flows nps faq --only silence

Clocks stand where the tests say they begin, so that days and business hours are theirs. All customers of a group talk
at once; when each of them waits for time to pass, both clocks go on to whatever comes next: a timer, or a customer.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from pytake_cli import clock
from pytake_cli.flow import loader
from pytake_cli.flow.definition import Flow
from pytake_cli.flow.testing import tests as testing
from pytake_cli.flow.testing.testfile import Given, Line, Test, combined
from pytake_cli.services import flow_sessions, flow_signals
from pytake_cli.store import Store
from pytake_cli.store.contacts import Contact, Identity
from tests.kit import bodies, flows, home
from tests.kit.children import ROOT, wait_until
from tests.kit.home import Emulator, Home
from tests.kit.walk_calls import Desk, Outside
from tests.kit.walk_talk import Sent, Walk

TOGETHER = timedelta(seconds=25)  # what is due within so long is one stop of the clocks
LONGEST_SECONDS = 1500.0  # of one group
KEYS = ("CLINIC_API", "SHOP_API", "PAY_API", "CRM_TOKEN")
TEMPLATES = ("appointment_reminder", "basket_waiting", "lead_follow_up", "nps_invite")
PARAMETERS = {"appointment_reminder": 3}
_DUE = """
SELECT i.value, t.due_at FROM timer AS t JOIN flow_session AS s ON s.id = t.session_id
JOIN identity AS i ON i.contact_id = s.contact_id WHERE t.fired_at IS NULL AND t.cancelled_at IS NULL
"""
_UNREAD = """
SELECT i.value, m.status, m.text FROM message AS m JOIN identity AS i ON i.contact_id = m.contact_id
WHERE m.origin = 'bot' AND m.status <> 'read'
"""


@dataclass(frozen=True)
class Talk:
    """One talk of one flow in one language."""

    flow: str
    name: str
    test: Test
    given: Given
    language: str

    @property
    def group(self) -> tuple[datetime, bool]:
        """Talks with the same beginning, and templates that Meta sends or does not, share a home."""
        stopped = any(each != "APPROVED" for each in self.given.templates.values())
        return self.given.now, stopped


@dataclass
class Figures:
    """What came of a walk."""

    flow: str
    name: str
    messages: int
    seconds: float
    wrong: str

    def line(self) -> str:
        told = self.wrong or "ok"
        return f"{self.flow:<12} {self.name[:76]:<76} {self.messages:>3} messages {self.seconds:>6.1f} s  {told}"


def more(flow: Flow) -> dict[str, Test]:
    """Talks that every flow must stand: `sair` in the middle, and a person who takes over."""
    trigger = next(trigger for trigger in flow.triggers if trigger.keyword)
    word = {"customer": trigger.keyword[0]}
    first: list[Any] = [{"bot": {}}, {"bot": {}}] if flow.name == "appointment" else [{"bot": {}}]
    quiet: list[Any] = [{"after": "26h"}, {"silence": True}]
    out: list[Any] = [word, *first, {"customer": "sair"}, {"customer": word["customer"]}, *quiet]
    person: list[Any] = [word, *first, {"person": "takes over"}, {"customer": "1"}, word, *quiet]
    return {
        "sair in the middle: one answer, then silence": Test.model_validate(
            {"talk": out, "expect": {"outcome": "opted_out"}}
        ),
        "silent once a person has taken over": Test.model_validate(
            {"talk": person, "expect": {"outcome": "taken_over"}}
        ),
    }


def read(names: Sequence[str], only: str = "") -> tuple[dict[str, Flow], list[Talk], list[str]]:
    """The flows, their talks, and the talks that cannot be walked."""
    found: dict[str, Flow] = {}
    for path in sorted((ROOT / "flows").glob("*.yaml")):
        if not testing.is_test(str(path)) and (not names or path.stem in names):
            found[path.stem] = loader.load(path.read_text(), str(path))
    talks: list[Talk] = []
    skipped: list[str] = []
    for name, flow in found.items():
        path = ROOT / "flows" / f"{name}.test.yaml"
        file = testing.read(path.read_text(), str(path), found).file
        assert file is not None, path
        for title, test in {**file.tests, **more(flow)}.items():
            if only not in title:
                continue
            if any("start" in line.model_fields_set for line in test.talk):
                skipped.append(f"{name}: {title}: started from outside, which no customer does")
                continue
            given = combined(file.given, test.given)
            talks += [Talk(name, title, test, given, each) for each in _languages(test) or (flow.language,)]
    return found, talks, skipped


def _languages(test: Test) -> tuple[str, ...]:
    return (test.languages,) if isinstance(test.languages, str) else tuple(test.languages)


@dataclass
class House:
    """A home whose clocks are those of the talks; the stage of its walks."""

    here: Home
    flows: dict[str, Flow]
    talks: list[Talk]
    outside: Outside
    store: Store
    offset: float = 0.0
    waiting: dict[str, tuple[datetime, threading.Event]] = field(default_factory=dict)
    sent: dict[str, list[Sent]] = field(default_factory=lambda: defaultdict(list))
    _known: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _moving: threading.Lock = field(default_factory=threading.Lock)

    @property
    def emulator(self) -> Emulator:
        return self.here.emulator

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.offset)

    def heard(self, phone: str) -> list[Sent]:
        with self._lock:
            return list(self.sent[phone])

    def look(self) -> None:
        """Takes what the emulator has accepted since."""
        fresh = self.emulator.get("messages?limit=400")
        with self._lock:
            for message in reversed(fresh):
                if message["wamid"] not in self._known:
                    self._known.add(message["wamid"])
                    self.sent[message["to"]].append(message)

    def pause(self, phone: str, duration: timedelta) -> None:
        woken = threading.Event()
        with self._lock:
            self.waiting[phone] = (self.now() + duration, woken)
        assert woken.wait(LONGEST_SECONDS), "the clocks stood still"

    def command(self, *words: str) -> str:
        """A command as people type it, on the clock of the talk."""
        with self._moving:
            environ = {**self.here.environment, "PYTAKE_CLOCK_OFFSET": f"{self.offset:.3f}"}
            done = subprocess.run(
                [sys.executable, "-m", "pytake_cli", *words],
                env=environ,
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
        assert done.returncode == 0, f"{' '.join(words)}: {done.stderr[-300:]}"
        return done.stdout

    def signal(self, session: int, name: str, value: Any) -> None:
        with self.store.write() as db:
            token = flow_signals.token_of(db, session)
        flow_signals.give(self.store, token, name, value, clock.new_id(), self.now(), flow_sessions.answered)

    def begin(self, now: datetime) -> None:
        """Publishes the flows and starts both at that moment."""
        self.offset = (now - datetime.now(UTC)).total_seconds()
        for name in self.flows:
            source = (ROOT / "flows" / f"{name}.yaml").read_text()
            flows.publish(self.store, self.here.org_id, self.outside.redirected(source), name=name, now=now)
        self.emulator.up()
        self.emulator.post("clock", set=now.timestamp())
        self._daemon()

    def _daemon(self) -> None:
        self.here.daemon.up({"PYTAKE_CLOCK_OFFSET": f"{self.offset:.3f}"})

    def jump(self, live: set[str]) -> None:
        """Both clocks go on to the next timer of somebody who walks, or to the next customer who has waited."""
        wait_until(self.emulator.idle, 20.0)
        now = self.now()
        with self.store.read() as db:
            timers = [_moment(at) for phone, at in db.connection().execute(sa.text(_DUE)) if phone in live]
        stops = sorted(at for at in [*timers, *(at for at, _ in self.waiting.values())])
        stop = max(at for at in stops if at <= max(stops[0], now) + TOGETHER)
        by = max((stop - now).total_seconds() + 1.0, 0.0)
        with self._moving:
            if by > 3.0:
                self.here.daemon.stop()
                self.offset += by
                self.emulator.post("clock", advance=f"{by:.3f}s")
                self._daemon()
            else:
                time.sleep(by)
        wait_until(lambda: not self._overdue(live), 20.0, every=0.3)
        time.sleep(1.5)
        self.look()
        with self._lock:
            for phone in [phone for phone, (at, _) in self.waiting.items() if at <= self.now()]:
                self.waiting.pop(phone)[1].set()

    def _overdue(self, live: set[str]) -> bool:
        now = self.now()
        with self.store.read() as db:
            return any(phone in live and _moment(at) <= now for phone, at in db.connection().execute(sa.text(_DUE)))

    def play(self) -> list[Walk]:
        """All walks at once; returns when the last one is over."""
        walks = [self._walk(index, talk) for index, talk in enumerate(self.talks)]
        for walk in walks:
            walk.start()
        end = time.monotonic() + LONGEST_SECONDS
        while live := {walk.phone for walk in walks if walk.is_alive()}:
            assert time.monotonic() < end, f"still walking: {live}"
            self.look()
            if live <= self.waiting.keys():
                self.jump(live)
            time.sleep(0.2)
        wait_until(self.emulator.idle, 20.0)
        wait_until(lambda: not self._unread(), 10.0, every=0.5)
        for phone, told in self._unread():
            walk = next(walk for walk in walks if walk.phone == phone)
            walk.wrong = walk.wrong or told
        return walks

    def _unread(self) -> list[tuple[str, str]]:
        with self.store.read() as db:
            rows = db.connection().execute(sa.text(_UNREAD)).all()
        refused = {"failed", "cancelled"}  # templates that Meta has stopped, words taken back from the bot
        return [(phone, f"{status}, not read: {text!r}") for phone, status, text in rows if status not in refused]

    def _walk(self, index: int, talk: Talk) -> Walk:
        phone = bodies.phone(index)
        desk = self.outside.desks[phone] = Desk()
        name = str(talk.given.contact.get("name") or "")
        now = self.now()
        with self.store.write() as db:
            contact = Contact(
                org_id=self.here.org_id, language=talk.language, name=name, created_at=now, updated_at=now
            )
            contact.id = self._id(talk, index)
            db.add(contact)
            db.flush()
            db.add(
                Identity(
                    org_id=self.here.org_id,
                    contact_id=contact.id,
                    kind="phone",
                    value=phone,
                    first_seen_at=now,
                    last_seen_at=now,
                )
            )
        walk = Walk(self, talk.flow, talk.name, _with_phone(talk, phone), talk.language, phone, desk)
        walk.contact_name = name
        return walk

    def _id(self, talk: Talk, index: int) -> int:
        """An id that every `split` sends the way of the id that the test gives."""
        wanted, id_ = talk.given.contact.get("id"), 1000 * (index + 1)
        flow = self.flows[talk.flow]
        splits = [name for name, step in flow.steps.items() if step.verb == "split"] if wanted else []
        while any(_half(id_, name, flow.name) != _half(int(wanted or 0), name, flow.name) for name in splits):
            id_ += 1
        return id_


def _half(id_: int, step: str, flow: str) -> bool:
    digest = blake2b(f"{id_}\0{step}\0{flow}".encode(), digest_size=8).digest()
    return digest[0] < 128


def _with_phone(talk: Talk, phone: str) -> Test:
    """The test with this customer's number, where calls send it, for the one that its contact has got."""
    given = str(talk.given.contact.get("phone") or "-")
    lines = []
    for line in talk.test.talk:
        if line.http is not None and line.http.sends is not None:
            sends = json.loads(json.dumps(line.http.sends).replace(given, f"+{phone}"))
            lines.append(Line(http=line.http.model_copy(update={"sends": sends})))
        else:
            lines.append(line)
    return talk.test.model_copy(update={"talk": tuple(lines)})


def _moment(value: Any) -> datetime:
    if isinstance(value, (int, float)):
        return datetime.fromtimestamp(value / 1e6 if value > 1e12 else value, UTC)
    read = datetime.fromisoformat(value) if isinstance(value, str) else value
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def walk_group(folder: Path, found: dict[str, Flow], talks: list[Talk], now: datetime, *, stopped: bool) -> list[Walk]:
    """One home for the talks that begin at the same moment."""
    outside = Outside()
    hours = {"shop": {"mon-fri": ["09:00-18:00"], "holidays": ["2026-03-03"]}}
    settings = {f"PYTAKE_SECRET_{key}": f"key-{key.lower()}" for key in KEYS} | {
        "PYTAKE_FLOWS__HTTP_ALLOW": f"127.0.0.1:{outside.server_port}",
        "PYTAKE_FLOWS__HOURS": json.dumps(hours),
    }
    here = home.make(folder, settings=settings, acknowledgement="")
    try:
        with here.store() as store:
            house = House(here, found, talks, outside, store)
            house.begin(now)
            if not stopped:
                _approve(here.emulator)
            return house.play()
    finally:
        here.stop()
        outside.close()


def _approve(emulator: Emulator) -> None:
    for name in TEMPLATES:
        blanks = " ".join(f"{{{{{number}}}}}" for number in range(1, PARAMETERS.get(name, 1) + 1))
        body = {"type": "BODY", "text": f"Oi {blanks}!"}
        for language in ("pt_BR", "en"):
            emulator.post("templates", name=name, language=language, category="MARKETING", components=[body])


def run(folder: Path, names: Sequence[str], only: str = "") -> Iterator[Figures | str]:
    """Walks everything; a line for each walk, and a text for each talk that was left out."""
    found, talks, skipped = read(names, only)
    yield from skipped
    groups: dict[tuple[datetime, bool], list[Talk]] = defaultdict(list)
    for talk in talks:
        groups[talk.group].append(talk)
    for number, ((now, stopped), mine) in enumerate(sorted(groups.items())):
        for walk in walk_group(folder / f"home-{number}", found, mine, now, stopped=stopped):
            title = f"{walk.test_name} [{walk.language}]"
            yield Figures(walk.flow, title, len(walk.messages), walk.seconds, walk.wrong)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("flows", nargs="*", help="their names; all by default")
    parser.add_argument("--only", default="", help="talks whose name holds this")
    given = parser.parse_args()
    began, walked, wrong, messages = time.monotonic(), 0, 0, 0
    with home.scratch() as folder:
        for told in run(folder, given.flows, given.only):
            print(told if isinstance(told, str) else told.line(), flush=True)
            if isinstance(told, Figures):
                walked, wrong, messages = walked + 1, wrong + bool(told.wrong), messages + told.messages
    print(f"{walked} walks, {messages} messages, {wrong} differ, {time.monotonic() - began:.0f} s")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
