"""`split`: sends a share of the contacts each way, always the same one the same way."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from pytake_cli.flow.steps.step import Go, Move, Step, Way
from pytake_cli.flow.values import Target
from pytake_cli.flow.walk import Walk


class Share(BaseModel):
    """One way, and how many of all take it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    weight: int = Field(ge=0, le=1_000_000, description="its share of the sum of all")
    goto: Target = Field(description="where it leads")
    name: str = Field("", description="what the result calls it; its place (1, 2, …) if there is none", max_length=40)


class Split(Step):
    """Sticky by a hash of contact, step and salt; recorded as a result under the step's name."""

    verb: ClassVar[str] = "split"
    main: ClassVar[str] = "split"

    split: tuple[Share, ...] = Field(description="the ways: [{weight: 50, goto: a}, …]", min_length=2)
    salt: str = Field("", description="another salt shuffles anew; the flow's name if there is none")

    def ways(self) -> Iterator[Way]:
        yield from super().ways()
        for number, share in enumerate(self.split):
            yield Way("weight", share.goto, share.name or str(number + 1), ("split", number, "goto"))

    def enter(self, walk: Walk) -> Move:
        total = sum(share.weight for share in self.split) or 1
        key = f"{walk.contact.get('id')}\0{walk.step}\0{self.salt or walk.flow.name}"
        point = int.from_bytes(blake2b(key.encode(), digest_size=8).digest(), "big") * total >> 64
        for number, share in enumerate(self.split, 1):
            point -= share.weight
            if point < 0:
                name = share.name or str(number)
                walk.session.results[walk.step] = name
                walk.record("split", name)
                return Go(share.goto, f"weight:{name}")
        return Go(self.split[-1].goto, f"weight:{self.split[-1].name or len(self.split)}")
