"""A campaign under each of Meta's bad days: what the error table says is done, named in words, and nobody is lost.

python -m tests.kit.fault_campaign                         # every fault, one campaign each
python -m tests.kit.fault_campaign pair-limit meta-down    # these; --list names them
python -m tests.kit.fault_campaign meta-down --down 120    # for how many seconds Meta is away

The real daemon and the real emulator beside each other, driven by commands as a script does. Each campaign is looked at
with `campaign show` in English and in Portuguese while the fault lasts, mended as a person would mend it, and at the
end the emulator's own count, our ledger and `campaign report` must be the same.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pytake_cli import clock
from pytake_cli.store.numbers import Number
from tests.kit import campaigning, home
from tests.kit.check import check, wait_for_quiet
from tests.kit.children import free_port, wait_until
from tests.kit.fault_cases import CASES, Case
from tests.kit.faultproxy import FaultProxy
from tests.kit.home import Home
from tests.kit.run_campaign import FILE, command, told

PEOPLE = 300  # more than TIER_250 allows
RATE = 40  # a second: the campaign lasts some eight
UNDER_WAY = 20  # messages that Meta has when the fault begins
PATIENCE_SECONDS = 90.0
EMULATOR = {"limit_pairs": "false", "limit_tier": "true"}


class Walk:
    """One campaign and its fault."""

    def __init__(self, there: Home, proxy: FaultProxy, case: Case, people: int, down_seconds: float) -> None:
        self.there = there
        self.proxy = proxy
        self.case = case
        self.people = people
        self.down_seconds = down_seconds

    def run(self) -> list[str]:
        """What was seen, a line each; raises AssertionError when it was not as it should be."""
        self._prepare()
        if self.case.early:
            self.case.begin(self)
        command(self.there, "campaign", "launch", "bf", "--yes", "--expect", str(self.people))
        if not self.case.early:
            wait_until(lambda: self.there.emulator.accepted() >= UNDER_WAY, PATIENCE_SECONDS, every=0.05)
            self.case.begin(self)
        english = self._until_told("en", self.case.says)
        portuguese = self._until_told("pt-BR", self.case.diz)
        assert english != portuguese, f"the same words in both languages: {english}"
        if self.case.reason:
            shown = self._until("paused")
            assert shown["reason"] in self.case.reason.split(), shown
        self.case.mend(self)
        if self.case.reason and not self.case.by_itself:
            command(self.there, "campaign", "resume", "bf", "--yes")
        shown = self._until("finished")
        if self.case.again and shown["failed"]:
            command(self.there, "campaign", "retry", "bf", "--yes")
            shown = self._until("finished")
        if self.case.after is not None:
            self.case.after(self)
        how = "went on by itself" if self.case.by_itself else "resumed"
        ends = f"paused ({self.case.reason}) and {how}" if self.case.reason else "went on by itself"
        return [f"  en: {english}", f"  pt: {portuguese}", f"  {ends}; {self._compare()}"]

    def _prepare(self) -> None:
        with self.there.store() as store:
            now = clock.now()
            campaigning.approve(store, self.there.org_id, now)
            campaigning.people(store, self.there.org_id, self.people, now)
            with store.write() as db:
                db.get_one(Number, self.there.number_id).rate_per_second = RATE
        (self.there.folder / "campaigns").mkdir()
        (self.there.folder / "campaigns" / "bf.yaml").write_text(FILE)
        if self.case.before is not None:
            self.case.before(self)

    def show(self, language: str = "en") -> dict[str, Any]:
        found: dict[str, Any] = told(self.there, "campaign", "show", "bf", "--lang", language)
        return found

    def _until(self, status: str) -> dict[str, Any]:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (found := self.show())["status"] != status:
            assert time.monotonic() < deadline, f"not {status}: {found}\n{self.there.daemon.tail()}"
            time.sleep(0.2)
        return found

    def _until_told(self, language: str, parts: Sequence[str]) -> str:
        """Waits until `campaign show` says every one of `parts`; the sentence that does."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            found = self.show(language)
            failures = [f"{each['code']}: {each['meaning']}; {each['advice']}" for each in found["failures"]]
            for sentence in (*found["troubles"], *failures):
                if all(part in sentence for part in parts):
                    return str(sentence)
            assert time.monotonic() < deadline, f"never said {parts}: {found['troubles']} {failures}"
            time.sleep(0.2)

    def _compare(self) -> str:
        """The emulator's count, the ledger and the report, person by person."""
        there = self.there
        wait_for_quiet(there, 120)
        report = told(there, "campaign", "report", "bf")
        accepted = Counter(entry["to"].lstrip("+") for entry in there.emulator.ledger())
        with there.store() as store:
            ledger = campaigning.ledger(store)
        lost = {name: count for name, count in ledger.items() if name in ("failed", "unknown", "skipped")}
        assert max(accepted.values()) == 1, "somebody has it twice"
        assert sum(ledger.values()) == self.people, f"somebody is forgotten: {ledger}"
        sent = sum(ledger.values()) - sum(lost.values())
        taken = accepted.total() - (ledger["failed"] if self.case.failed_later else 0)
        assert taken == sent == report["sent"], (accepted.total(), ledger, report["sent"])
        least, most = self.case.lost
        assert least <= sum(lost.values()) <= most, f"{least} to {most} were to be left out: {ledger}"
        checked = check(there, quiet_seconds=120)
        assert checked.ok, checked.text()
        left = f", left out {lost}" if lost else ""
        return f"emulator {taken} = ledger {sent} = report {report['sent']}{left}; nobody twice, nobody forgotten"


def run(name: str, folder: Path, people: int = PEOPLE, down_seconds: float = 120.0) -> list[str]:
    """One campaign from nothing to its end."""
    case = CASES[name]
    port = free_port()
    with FaultProxy("127.0.0.1", port) as proxy:
        there = home.make(
            folder,
            emulator=EMULATOR,
            acknowledgement="",
            emulator_port=port,
            graph_url=proxy.url,
            grace_seconds=5,
        )
        try:
            there.emulator.up()
            there.daemon.up()
            return Walk(there, proxy, case, people, down_seconds).run()
        finally:
            there.stop()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("faults", nargs="*", metavar="FAULT", help="all of them by default")
    parser.add_argument("--people", type=int, default=PEOPLE)
    parser.add_argument("--down", type=float, default=120.0, help="seconds for which Meta is away")
    parser.add_argument("--list", action="store_true", help="names the faults")
    given = parser.parse_args()
    if given.list:
        print("\n".join(f"{name:<18} {case.about}" for name, case in CASES.items()))
        return 0
    wrong = 0
    for name in given.faults or CASES:
        started = time.monotonic()
        with home.scratch() as scratch:
            try:
                lines = run(name, scratch, given.people, given.down)
            except AssertionError as error:
                wrong += 1
                lines = [f"  WRONG: {error}"]
        seconds = time.monotonic() - started
        print(f"{name}: {CASES[name].about} ({seconds:.0f} s)", *lines, sep="\n", flush=True)
    print(f"{wrong} wrong", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
