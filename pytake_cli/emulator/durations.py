"""Spans of time as people write them (`300ms`, `2h`) and delays that vary (`100ms..2s`, `p50=100ms,p99=2s`)."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from random import Random

from pytake_cli.errors import InvalidData

UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
P99 = 2.3263478740408408  # standard deviations from the median to the 99th percentile of a normal distribution
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|min|s|m|h|d|w)")


def seconds(value: str | float) -> float:
    """Reads `300ms`, `1.5s`, `2h`, `1d12h`, or a bare number of seconds; a leading sign is kept."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    text = str(value).strip().lower().removeprefix("+")
    sign = -1.0 if text.startswith("-") else 1.0
    text = text.removeprefix("-")
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return sign * float(text)
    if not text or _PART.sub("", text).strip():
        raise InvalidData(
            "PT-EMULATOR-VALUE",
            "{value} is not a span of time",
            why="write 300ms, 2s, 5m, 1h30m or 2d",
            fix="pytake emulator config latency=300ms",
            value=value,
        )
    return sign * sum(float(number) * UNITS[unit] for number, unit in _PART.findall(text))


@dataclass(frozen=True, slots=True)
class Delay:
    """A span that may vary: `300ms`, `100ms..2s` (uniform), `p50=100ms,p99=2s` (log-normal: a long tail)."""

    low: float
    high: float
    sigma: float = 0.0  # of the log-normal distribution; 0 means uniform between low and high

    @classmethod
    def read(cls, value: str | float | Delay) -> Delay:
        if isinstance(value, Delay):
            return value
        text = str(value).strip()
        if ".." in text:
            low, high = (seconds(part) for part in text.split("..", 1))
            return cls(min(low, high), max(low, high))
        if text.startswith("p50="):
            median, _, tail = text[4:].partition(",p99=")
            low, high = seconds(median), seconds(tail or median)
            sigma = math.log(high / low) / P99 if low > 0 and high > low else 0.0
            return cls(low, high if sigma else low, sigma)
        fixed = seconds(value)
        return cls(fixed, fixed)

    def pick(self, chance: Random) -> float:
        """One delay in seconds."""
        if self.sigma:
            return self.low * math.exp(chance.gauss(0.0, self.sigma))
        if self.low == self.high:
            return self.low
        return chance.uniform(self.low, self.high)

    def __str__(self) -> str:
        if self.sigma:
            return f"p50={self.low:g}s,p99={self.high:g}s"
        return f"{self.low:g}s" if self.low == self.high else f"{self.low:g}s..{self.high:g}s"
