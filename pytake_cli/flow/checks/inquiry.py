"""What a check looks at and where it notes what it finds."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pytake_cli.flow.definition import Flow
from pytake_cli.flow.positions import Path, Positions
from pytake_cli.flow.problems import Problem, Severity, problem
from pytake_cli.flow.steps.step import Step
from pytake_cli.policy.addresses import Allowed
from pytake_cli.policy.opt_out import STOP_WORDS

OUTWARD = ("end", "resume", "")  # targets that are no steps


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What there is besides the file. None: not known here, so nothing is said about it."""

    flows: Mapping[str, Flow] | None = None  # the others, by name
    templates: Mapping[str, Any] | None = None  # "name/language" -> the definition as synced
    schedules: frozenset[str] | None = None
    teams: frozenset[str] | None = None
    agents: frozenset[str] | None = None
    sources: frozenset[str] | None = None  # that `lookup` may ask
    secrets: Collection[str] | None = None
    sees_secrets: bool = True  # else one that is not found here is a warning: the daemon may have it
    numbers: frozenset[str] | None = None
    opt_out: tuple[str, ...] = STOP_WORDS
    settles_hours: bool = True  # else hours that nobody has set yet are a warning: the file may be for another home
    allowed: Allowed = field(default_factory=Allowed)  # private hosts that `http` may call all the same
    allows_code: bool | None = None


@dataclass(slots=True)
class Inquiry:
    """One flow under check. `broken` are paths that the loader could not read, and has spoken of."""

    flow: Flow
    positions: Positions
    path: str
    around: Surroundings = field(default_factory=Surroundings)
    data: Any = None
    broken: frozenset[Path] = frozenset()
    problems: list[Problem] = field(default_factory=list)

    @property
    def steps(self) -> Mapping[str, Step]:
        return self.flow.steps

    @property
    def names(self) -> list[str]:
        """Every step that the file has, those that could not be read among them."""
        written = self.data.get("steps") if isinstance(self.data, dict) else None
        return list(written) if isinstance(written, dict) else list(self.flow.steps)

    def broken_steps(self) -> Iterator[str]:
        for path in self.broken:
            if len(path) == 2 and path[0] == "steps":
                yield str(path[1])

    def read(self, key: str) -> bool:
        """True unless this key of the header could not be read."""
        return (key,) not in self.broken

    def say(
        self,
        slug: str,
        message: str,
        at: Path,
        *,
        fix: str = "",
        severity: Severity = "error",
        at_key: bool = False,
        offset: int | None = None,
        **values: Any,
    ) -> None:
        """Notes a problem at the value of a path, its key, or a character of its text."""
        if offset is not None:
            place = self.positions.inside(at, offset)
        else:
            place = self.positions.key(at) if at_key else self.positions.value(at)
        self.problems.append(problem(slug, message, place, path=self.path, fix=fix, severity=severity, **values))
