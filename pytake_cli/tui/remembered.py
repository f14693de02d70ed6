"""What the inbox remembers of a person on this machine: a small JSON file that may be lost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


class Remembered:
    """`{"left": 44, "begun": "2026-11-23", "tip": 3}`; without a path nothing outlives the program."""

    def __init__(self, path: Path | None) -> None:
        self._path, self.lasts = path, path is not None
        self._values: dict[str, Any] = {}
        try:
            found = json.loads(path.read_text(encoding="utf-8")) if path else {}
        except (OSError, ValueError):
            found = {}
        if isinstance(found, dict):
            self._values = found

    def number(self, name: str) -> int | None:
        value = self._values.get(name)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    def words(self, name: str) -> str:
        value = self._values.get(name)
        return value if isinstance(value, str) else ""

    def put(self, **values: int | str) -> None:
        """Remembers these; where nothing can be written, until the inbox is left."""
        self._values.update(values)
        if self._path is None:
            return
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            beside = self._path.with_name(f"{self._path.name}.new")
            beside.write_text(json.dumps(self._values), encoding="utf-8")
            beside.replace(self._path)
        except OSError:
            pass
