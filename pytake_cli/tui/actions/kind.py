"""The shape of an action: its name, its keys, whether it can be done just now, and its twin among the commands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pytake_cli.tui.rows import Me, Row
from pytake_cli.tui.timeline import Item


@dataclass(frozen=True, slots=True)
class Here:
    """What an action is about: where the cursor is, and what the person may."""

    me: Me | None = None
    row: Row | None = None
    item: Item | None = None
    marked: int = 0
    read_only: bool = False
    can_undo: bool = False
    can_repeat: bool = False


def reason(text: str) -> str:
    """Marks an English text as one that is shown, and so is translated."""
    return text


def always(here: Here) -> str:
    """Nothing is in the way."""
    return ""


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that a key, the palette or a click does; texts are English and pass _() when they are shown.

    `keys` has a scope and its keys, as in {"inbox": "T", "composer": "ctrl+t"}; several are parted by spaces.
    `blocked` says why it cannot be done here and now, or nothing.
    """

    id: str
    title: str
    help: str
    keys: Mapping[str, str] = field(default_factory=dict)
    short: str = ""  # for the footer; empty: never there
    order: int = 50  # the footer takes small ones first
    needs: str | None = None  # permission
    undo: str | None = None  # action that takes it back
    cli: str = ""  # the command that does the same; {id} is the conversation
    bulk: bool = False  # acts on what is marked, too
    blocked: Callable[[Here], str] = always

    @property
    def writes(self) -> bool:
        return self.needs is not None and not self.needs.endswith(":read")

    @property
    def handler(self) -> str:
        """The method that does it: `do_conversation_resolve`."""
        return "do_" + self.id.replace(".", "_")

    def keys_in(self, scope: str) -> tuple[str, ...]:
        return tuple(self.keys.get(scope, "").split())
