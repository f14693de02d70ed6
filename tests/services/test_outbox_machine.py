"""The outbox against a model: whatever crashes, is cut off or comes late, nobody is written to twice or forgotten."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from pytake_cli.services import sending
from pytake_cli.store import Store, schema
from pytake_cli.store.messages import RANK, Message
from pytake_cli.whatsapp import messages as wire
from pytake_cli.whatsapp.client import Sent
from tests.kit.stores import NOW
from tests.services.test_sending import ME, Outbox

TEMPLATE = wire.Outgoing("template", {"type": "template", "template": {"name": "p", "language": {"code": "pt_BR"}}})
_folder = Path(tempfile.mkdtemp(prefix="pytake-machine-"))


def _template() -> Path:
    path = _folder / "template.db"
    if not path.exists():
        store = Store(f"sqlite:///{path}")
        schema.migrate(store, None, NOW)
        store.close()
    return path


class OutboxMachine(RuleBasedStateMachine):
    """Meta's ledger is the model: who was accepted how often, and which statuses are still to come."""

    @initialize()
    def open(self) -> None:
        self.folder = Path(tempfile.mkdtemp(dir=_folder))
        path = self.folder / "pytake.db"
        shutil.copy(_template(), path)
        self.outbox = Outbox(Store(f"sqlite:///{path}"))
        self.people = [self.outbox.contact(f"551190000000{n}") for n in range(3)]
        self.ids: list[int] = []
        self.in_hand: list[sending.Handoff] = []
        self.ledger: dict[int, list[str]] = {}  # message id -> wamids that Meta accepted
        self.coming: list[tuple[str, str]] = []  # (wamid, opaque) whose statuses Meta still owes us
        self.ranks: dict[int, int] = {}

    def teardown(self) -> None:
        if hasattr(self, "outbox"):
            self.settle_everything()
            self.outbox.store.close()
            shutil.rmtree(self.folder)

    @rule(person=st.integers(0, 2), template=st.booleans())
    def queue(self, person: int, template: bool) -> None:
        outgoing = TEMPLATE if template else wire.text("olá")
        self.ids.append(self.outbox.queue(self.people[person], outgoing=outgoing))

    @rule(limit=st.integers(1, 4))
    def claim(self, limit: int) -> None:
        self.in_hand += self.outbox.claim(limit=limit)

    @precondition(lambda self: self.in_hand)
    @rule(data=st.data())
    def meta_accepts(self, data: st.DataObject) -> None:
        handoff = self._take(data)
        wamid = self._accept(handoff)
        outcome = sending.Outcome(handoff, sent=Sent(wamid, None, None, "accepted"))
        sending.record(self.outbox.store, ME, [outcome], self.outbox.now)

    @precondition(lambda self: self.in_hand)
    @rule(data=st.data(), accepted=st.booleans())
    def the_answer_is_cut_off(self, data: st.DataObject, accepted: bool) -> None:
        handoff = self._take(data)
        if accepted:
            self._accept(handoff)
        self.outbox.refuse([handoff], unknown=True)

    @precondition(lambda self: self.in_hand)
    @rule(data=st.data(), code=st.sampled_from([None, 131016, 131056, 100]))
    def meta_refuses(self, data: st.DataObject, code: int | None) -> None:
        self.outbox.refuse([self._take(data)], code)

    @precondition(lambda self: self.in_hand)
    @rule(accepted=st.booleans())
    def the_process_dies(self, accepted: bool) -> None:
        for handoff in self.in_hand:
            if accepted:
                self._accept(handoff)
        self.in_hand.clear()
        sending.recover(self.outbox.store, self.outbox.now)

    @precondition(lambda self: self.coming)
    @rule(data=st.data(), status=st.sampled_from(["sent", "delivered", "read"]), again=st.booleans())
    def a_status_comes(self, data: st.DataObject, status: str, again: bool) -> None:
        index = data.draw(st.integers(0, len(self.coming) - 1))
        wamid, opaque = self.coming[index]
        self.outbox.report(status, wamid=wamid, opaque=opaque)
        if not again:
            self.coming.pop(index)

    @rule(seconds=st.sampled_from([1, 10, 100]))
    def time_passes(self, seconds: int) -> None:
        """Statuses come within the grace time, as the policy assumes; what is later is a person's business."""
        if seconds == 100:
            self._deliver_all()
        self.outbox.later(seconds)
        sending.sweep(self.outbox.store, self.outbox.now)

    @invariant()
    def nobody_is_written_to_twice(self) -> None:
        for id_, wamids in getattr(self, "ledger", {}).items():
            assert len(wamids) <= 1, f"message {id_} was accepted {len(wamids)} times"

    @invariant()
    def what_arrived_is_never_forgotten(self) -> None:
        for id_ in getattr(self, "ids", ()):
            message = self.outbox.message(id_)
            assert RANK[message.status] == message.rank
            before = self.ranks.get(id_, 0)
            if before >= RANK["sent"] and message.status != "failed":
                assert message.rank >= before
            self.ranks[id_] = message.rank

    def settle_everything(self) -> None:
        """Meta is well again and tells all it owes: each message is with its person, or its state says why not."""
        sending.recover(self.outbox.store, self.outbox.now)
        self.in_hand.clear()
        while any(not self._is_over(self.outbox.message(id_)) for id_ in self.ids):
            self._deliver_all()
            self.outbox.later(130)
            sending.sweep(self.outbox.store, self.outbox.now)
            for handoff in self.outbox.claim():
                wamid = self._accept(handoff)
                outcome = sending.Outcome(handoff, sent=Sent(wamid, None, None, "accepted"))
                sending.record(self.outbox.store, ME, [outcome], self.outbox.now)
        for id_ in self.ids:
            message = self.outbox.message(id_)
            accepted = len(self.ledger.get(id_, []))
            assert accepted <= 1
            match message.status:
                case "sent" | "delivered" | "read":
                    assert accepted == 1
                case "failed":
                    assert accepted == 0
                case "unknown":
                    assert message.due_at is None  # held for a person: of a class never risked, or risked once already
                    assert message.on_unknown == "hold" or message.possible_duplicate
                case other:
                    raise AssertionError(f"message {id_} is left {other}")

    @staticmethod
    def _is_over(message: Message) -> bool:
        return (message.status == "unknown" and message.due_at is None) or message.rank >= RANK["sent"]

    def _take(self, data: st.DataObject) -> sending.Handoff:
        return self.in_hand.pop(data.draw(st.integers(0, len(self.in_hand) - 1)))

    def _accept(self, handoff: sending.Handoff) -> str:
        wamids = self.ledger.setdefault(handoff.id, [])
        wamid = f"wamid.{handoff.id}.{len(wamids)}"
        wamids.append(wamid)
        self.coming.append((wamid, handoff.request["biz_opaque_callback_data"]))
        return wamid

    def _deliver_all(self) -> None:
        for wamid, opaque in self.coming:
            self.outbox.report("delivered", wamid=wamid, opaque=opaque)
        self.coming.clear()


OutboxMachine.TestCase.settings = settings(
    max_examples=40, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)
test_the_outbox_keeps_its_promises = OutboxMachine.TestCase
