"""Meta down, refusing, slow, silent or cut off: every message goes out once, or is shown as unconfirmed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.kit.check import Report, check
from tests.kit.children import free_port
from tests.kit.faultproxy import FaultProxy, Rule
from tests.kit.home import Home, make
from tests.kit.queueing import Queueing

MESSAGES = 24
PEOPLE = 12


@dataclass
class Line:
    """A home whose daemon reaches its Meta only through a proxy that misbehaves."""

    home: Home
    proxy: FaultProxy
    before: Report

    def queue(self, count: int = MESSAGES, *, templates: float = 0.5) -> None:
        with self.home.store() as store:
            Queueing(store, templates=templates, seed=count).batch(count)

    def checked(self) -> dict[str, int]:
        """What the counts of the check rose by since the last one."""
        report = check(self.home, quiet_seconds=180)
        counts = {name: count - self.before.counts.get(name, 0) for name, count in report.counts.items()}
        self.before = report
        return counts

    def statuses(self) -> set[str]:
        from sqlalchemy import text

        with self.home.store() as store, store.read() as db:
            return set(db.connection().execute(text("SELECT status FROM message WHERE direction = 'out'")).scalars())


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Line]:
    """One daemon for all the faults: each leaves it as healthy as it was."""
    port = free_port()
    folder: Path = tmp_path_factory.mktemp("meta")
    with FaultProxy("127.0.0.1", port) as proxy:
        home = make(
            folder,
            graph_url=proxy.url,
            emulator_port=port,
            grace_seconds=3,
            settings={"PYTAKE_WHATSAPP__READ_TIMEOUT_SECONDS": "1", "PYTAKE_WHATSAPP__CONNECT_TIMEOUT_SECONDS": "1"},
        )
        try:
            home.emulator.up()
            home.daemon.up()
            home.meet(PEOPLE)
            yield Line(home, proxy, check(home))
        finally:
            home.stop()


@pytest.fixture
def line(started: Line) -> Iterator[Line]:
    yield started
    started.proxy.rules = []
    started.proxy.hits.clear()
    started.proxy.listen()
    started.home.emulator.no_faults()


def test_while_meta_cannot_be_reached_messages_wait_and_none_is_in_doubt(line: Line) -> None:
    line.proxy.refuse()
    line.queue()
    time.sleep(3)
    assert "unknown" not in line.statuses()
    assert "failed" not in line.statuses()
    line.proxy.listen()
    counts = line.checked()
    assert counts["accepted"] == MESSAGES
    assert counts["unconfirmed"] == counts["failed"] == counts["twice, labelled"] == 0


@pytest.mark.parametrize(("code", "http"), [(131000, 500), (131016, 503), (130429, 429)])
def test_messages_that_meta_refuses_for_now_are_tried_again(line: Line, code: int, http: int) -> None:
    line.home.emulator.fault("error", code=code, http=http, count=8)
    line.queue()
    counts = line.checked()
    assert counts["accepted"] == MESSAGES
    assert counts["unconfirmed"] == counts["failed"] == counts["twice, labelled"] == 0


@pytest.mark.parametrize("fault", ["lost", "half", "hang_after", "html_after", "no_id"])
def test_an_answer_that_gets_lost_is_made_good_by_the_status(line: Line, fault: str) -> None:
    line.home.emulator.fault(fault, count=6)
    line.queue()
    counts = line.checked()
    assert counts["accepted"] == MESSAGES
    assert counts["unconfirmed"] == counts["failed"] == counts["twice, labelled"] == 0


@pytest.mark.parametrize("templates", [0.0, 1.0], ids=["replies", "templates"])
def test_what_meta_may_have_taken_is_sent_again_once_or_held_by_its_class(line: Line, templates: float) -> None:
    for fault in ("hang", "reset", "empty"):
        line.home.emulator.fault(fault, count=1)
    line.queue(templates=templates)
    counts = line.checked()
    assert counts["accepted"] + counts["unconfirmed"] == MESSAGES
    assert counts["unconfirmed"] == (3 if templates else 0)
    assert counts["twice, labelled"] == 0


@pytest.mark.parametrize("rule", [Rule("slow", seconds=0.002), Rule("latency", seconds=0.5)], ids=["slow", "late"])
def test_a_slow_meta_is_waited_for(line: Line, rule: Rule) -> None:
    line.proxy.rules = [rule]
    line.queue()
    counts = line.checked()
    assert line.proxy.hits[rule.kind] >= MESSAGES
    assert counts["accepted"] == MESSAGES
    assert counts["unconfirmed"] == counts["failed"] == counts["twice, labelled"] == 0


@pytest.mark.parametrize("kind", ["cut_after", "bytes", "cut_before"])
def test_a_line_that_cuts_connections_leaves_nothing_unclear_but_what_must_be(line: Line, kind: str) -> None:
    line.proxy.rules = [Rule(kind, count=5)]
    line.queue()
    counts = line.checked()
    assert line.proxy.hits[kind] == 5
    assert counts["accepted"] + counts["unconfirmed"] == MESSAGES
    if kind != "cut_before":
        assert counts["unconfirmed"] == counts["twice, labelled"] == 0
