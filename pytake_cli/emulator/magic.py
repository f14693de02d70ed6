"""Magic recipients: the last three digits of a number choose what happens to messages for it (see README.md)."""

from __future__ import annotations

from pytake_cli.emulator.errors import GraphError

AT_ONCE = {"056": 131056, "190": 190}  # refused in the answer
LATER = {
    "026": 131026,
    "042": 131042,
    "047": 131047,
    "049": 131049,
    "050": 131050,
    "472": 130472,
}  # accepted, then failed
MARKETING_ONLY = {"049", "050", "472"}
SLOW_TIMES = 3  # `…429` refuses this many sends, then lets one pass, and so on
LOST = "999"  # accepted, but the connection closes without an answer


class Magic:
    """Remembers how often each counting number was tried."""

    def __init__(self) -> None:
        self._tries: dict[str, int] = {}

    def refuse(self, digits: str) -> None:
        """Raises for numbers that are refused in the answer."""
        ending = digits[-3:]
        if ending in AT_ONCE:
            raise GraphError(AT_ONCE[ending])
        if ending == "429":
            tries = self._tries[digits] = self._tries.get(digits, 0) + 1
            if tries % (SLOW_TIMES + 1):
                raise GraphError(130429, "Cloud API message throughput has been reached.")
        elif ending == "000":
            tries = self._tries[digits] = self._tries.get(digits, 0) + 1
            if tries == 1:
                raise GraphError(131000)

    def fail_later(self, digits: str, category: str) -> GraphError | None:
        """The error an accepted message for this number fails with."""
        ending = digits[-3:]
        if ending not in LATER or (ending in MARKETING_ONLY and not category.startswith("marketing")):
            return None
        return GraphError(LATER[ending])
