"""Faults on purpose: which requests they hit, how often, and what then happens instead of a clean answer."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from pytake_cli.emulator.durations import Delay
from pytake_cli.errors import InvalidData

if TYPE_CHECKING:
    from pytake_cli.emulator.world import World

KINDS: dict[str, str] = {
    "error": "answers with Meta's error body for `code` (`http` overrides the status)",
    "latency": "answers after `delay`",
    "reset": "resets the connection before anything was accepted",
    "lost": "accepts, then resets the connection without an answer",
    "half": "accepts, then sends half an answer and closes",
    "hang": "accepts nothing and never answers (until `delay`, when given)",
    "hang_after": "accepts and never answers (until `delay`, when given)",
    "html": "answers 502 (`http`) with an HTML page of a gateway",
    "html_after": "accepts, then answers 502 (`http`) with an HTML page",
    "empty": "answers 500 (`http`) with an empty body",
    "no_id": "accepts, then answers 200 without a message id",
    "fail": "accepts, and the message fails later with `code`",
}
BEFORE = ("error", "reset", "hang", "html", "empty")
AFTER = ("lost", "half", "hang_after", "html_after", "no_id")


@dataclass(slots=True)
class Fault:
    """One rule; `edge` is a path's last part (`messages`, `media`, `*`), `to` a beginning of the recipient's digits."""

    id: int
    kind: str
    edge: str = "messages"
    code: int = 131000
    http: int = 0
    probability: float = 1.0
    count: int = 0  # 0: as often as it matches
    delay: Delay = field(default_factory=lambda: Delay(0.0, 0.0))
    to: str = ""
    number: str = ""
    hits: int = 0

    def as_dict(self) -> dict[str, Any]:
        return asdict(self) | {"delay": str(self.delay)}


class Faults:
    """The rules in force; the first that matches and is lucky applies."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.rules: list[Fault] = []
        self._count = 0

    def add(self, values: dict[str, Any]) -> Fault:
        kind = str(values.get("kind", "error"))
        if kind not in KINDS:
            raise InvalidData(
                "PT-EMULATOR-VALUE",
                "{kind} is not a fault; there are {kinds}",
                fix="pytake emulator fault -h",
                kind=kind,
                kinds=", ".join(KINDS),
            )
        self._count += 1
        fault = Fault(
            self._count,
            kind,
            edge=str(values.get("edge", "messages")),
            code=int(values.get("code", 131000)),
            http=int(values.get("http", 0)),
            probability=float(values.get("probability", 1.0)),
            count=int(values.get("count", 0)),
            delay=Delay.read(values.get("delay", 0)),
            to=str(values.get("to", "")).lstrip("+"),
            number=str(values.get("number", "")),
        )
        self.rules.append(fault)
        return fault

    def remove(self, fault_id: int | None = None) -> int:
        """Removes one rule, or all."""
        before = len(self.rules)
        self.rules = [rule for rule in self.rules if fault_id is not None and rule.id != fault_id]
        return before - len(self.rules)

    def pick(self, kinds: tuple[str, ...], edge: str, node: str, recipient: str) -> Fault | None:
        """The rule that hits this request, counted."""
        for rule in self.rules:
            if rule.kind not in kinds or rule.edge not in (edge, "*"):
                continue
            if (rule.to and not recipient.startswith(rule.to)) or (rule.number and rule.number != node):
                continue
            if not self._world.luck(rule.probability):
                continue
            rule.hits += 1
            if rule.count and rule.hits >= rule.count:
                self.rules.remove(rule)
            return rule
        return None
