"""`lookup`: reads rows of a source that the settings name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from pydantic import Field

from pytake_cli.flow.effects import LookUp
from pytake_cli.flow.jsonable import plain
from pytake_cli.flow.steps.calling import Calling, JsonPath, dig, writes_of
from pytake_cli.flow.steps.step import Held, Move, Path
from pytake_cli.flow.values import Json, VarName
from pytake_cli.flow.walk import Walk

MAX_ROWS = 100


class Lookup(Calling):
    """Saves the rows whose columns equal what is given; with `first` one row, or nothing."""

    verb: ClassVar[str] = "lookup"
    main: ClassVar[str] = "source"
    usual_seconds: ClassVar[float] = 5.0

    source: str = Field(description="a read-only source of the settings", min_length=1)
    where: dict[str, Json] = Field(
        {}, description="columns and what they must equal; always bound, never part of the query"
    )
    first: bool = Field(False, description="one row instead of a list of rows")
    save: VarName | dict[VarName, JsonPath] = Field(description="the variable for the rows; with `first` also a map")

    def expressions(self) -> Iterator[tuple[Path, Held]]:
        yield from super().expressions()
        for name, given in self.where.items():
            yield from given.parts(("where", name))

    def writes(self) -> Iterator[tuple[Path, str]]:
        yield from writes_of(self.save)

    def enter(self, walk: Walk) -> Move:
        where = {name: plain(given.value(walk.evaluate, walk.render)) for name, given in self.where.items()}
        walk.do(LookUp(walk.call(), self.source, where, 1 if self.first else MAX_ROWS))
        return self.awaited(walk)

    def answered(self, walk: Walk, value: Any) -> Move:
        rows = value[:MAX_ROWS] if isinstance(value, list) else []
        found = (rows[0] if rows else None) if self.first else rows
        for name, path in self.save.items() if isinstance(self.save, dict) else [(self.save, ".")]:
            walk.set_var(name, dig(found, path))
        return self.onward()
