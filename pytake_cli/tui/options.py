"""How the inbox was asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

DEFAULT_ZONE = ZoneInfo("America/Sao_Paulo")


@dataclass(frozen=True, slots=True)
class Options:
    """Its flags and settings."""

    view: str = "mine"
    conversation: int | None = None
    read_only: bool = False
    theme: str | None = None
    preset: str = "default"
    keymap: Path | None = None
    enter_sends: bool = True
    read_on: Literal["focus", "reply", "never"] = "focus"
    downloads: Path = field(default_factory=Path.cwd)
    zone: tzinfo = DEFAULT_ZONE
    mouse: bool = True
    bell: bool = True
    light: bool = False  # the terminal's ground
    state: Path | None = None  # where is kept what is remembered until the next time
    themes: Path | None = None  # the folder of the person's own themes
    ring_command: str = ""  # run for what rings, with the words behind it
    plain_log: Path | None = None  # what happens as lines of text, for a screen reader beside
    undo_send_seconds: float = 0.0  # in which a message can be taken back before it is handed over
    unsent: Path | None = None  # folder for what the server has not got; None: it ends with the inbox
    topics: Mapping[str, str] = field(default_factory=dict)  # what there is help about, each in a sentence
    topic: Callable[[str], str] = str  # the text about one of them
    server: str = ""  # what tells this server from others, there
