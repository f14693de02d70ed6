"""`wait`: lets time pass, by a timer that survives everything."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any, ClassVar

from pydantic import Field, PlainValidator, StringConstraints, model_validator

from pytake_cli.flow.events import Changed, Event, Replied
from pytake_cli.flow.limits import MAX_WAIT
from pytake_cli.flow.steps.step import Go, Held, Move, Path, Step, Way, needs
from pytake_cli.flow.values import Duration, OneOrMore, Target, read_value
from pytake_cli.flow.walk import StepFailed, Walk, zone
from pytake_cli.policy.hours import next_open


def _read(text: str) -> date | time | None:
    readers: tuple[Callable[[str], date | time], ...] = (date.fromisoformat, datetime.fromisoformat, time.fromisoformat)
    for read in readers if text[:2].isdigit() and len(text) > 4 else ():
        try:
            return read(text)
        except ValueError:
            continue
    return None


def _read_moment(given: Any) -> Any:
    if isinstance(given, str) and "{{" not in given:
        return _read(given.strip()) or read_value(given)
    return given if isinstance(given, date | time) else read_value(given)


Moment = Annotated[Any, PlainValidator(_read_moment, json_schema_input_type=str)]
Canceller = Annotated[str, StringConstraints(pattern=r"^(reply|close|tag(:[^\s]{1,60})?)$")]


class WaitStep(Step):
    """Waits for a time, or until a moment; at most 30 days. What is past already does not wait."""

    verb: ClassVar[str] = "wait"
    main: ClassVar[str] = "for"
    waits: ClassVar[bool] = True

    for_: Duration | None = Field(None, alias="for", description="how long: 30s, 10m, 2h, 3d")
    until: Moment | None = Field(None, description="a time of day, a date, both, or an expression that gives one")
    hours: str | None = Field(None, description="business hours: it ends when they are open")
    cancel_on: OneOrMore[Canceller] = Field((), description="what calls it off: reply, close, tag or tag:<name>")
    on_cancel: Target | None = Field(None, description="where it goes when it was called off")

    @model_validator(mode="after")
    def _one_time(self) -> WaitStep:
        given = (self.for_ is not None) + (self.until is not None)
        needs(given == 1 or (given == 0 and self.hours is not None), "one of `for`, `until` and `hours`", "for")
        needs(self.for_ is None or self.for_ <= MAX_WAIT, "at most 30 days", "for")
        needs(not self.cancel_on or self.on_cancel is not None, "`cancel_on` needs `on_cancel`", "on_cancel")
        needs(self.on_cancel is None or bool(self.cancel_on), "`on_cancel` needs `cancel_on`", "cancel_on")
        return self

    def ways(self) -> Iterator[Way]:
        yield from super().ways()
        yield from self.leads("cancel", self.on_cancel, "on_cancel")

    def expressions(self) -> Iterator[tuple[Path, Held]]:
        yield from super().expressions()
        if self.until is not None:
            yield from ((("until",), self.until),) if not isinstance(self.until, date | time) else ()

    def enter(self, walk: Walk) -> Move:
        due = walk.now if self.until is None else self._until(walk)
        due += self.for_ or timedelta()
        if self.hours is not None:
            due = self._opening(walk, due)
        if due - walk.now > MAX_WAIT:
            raise StepFailed("wait", "more than 30 days")
        if due <= walk.now:
            return Go(self.next or "end")
        return walk.wait("time", until=due, name=" ".join(self.cancel_on))

    def _until(self, walk: Walk) -> datetime:
        assert self.until is not None
        given = walk.value(self.until)
        local = walk.now.astimezone(zone(walk.context.tz))
        moment = _moment(given, local)
        if moment is None:
            raise StepFailed("wait", f"{str(given)[:60]} is no time")
        return moment.astimezone(walk.now.tzinfo)

    def _opening(self, walk: Walk, due: datetime) -> datetime:
        schedule = walk.context.schedules.get(self.hours or "")
        if schedule is None:
            raise StepFailed("schedule", self.hours or "")
        opens = next_open(schedule, due)
        if opens is None:
            raise StepFailed("schedule", f"{self.hours} never opens")
        return opens.astimezone(walk.now.tzinfo)

    def resume(self, walk: Walk, event: Event) -> Move:
        if isinstance(event, Replied | Changed):
            return Go(self.on_cancel or "end", "cancel")
        return Go(self.next or "end")


def _moment(given: Any, local: datetime) -> datetime | None:
    """The moment that is meant, in local time; a time of day is the next one that comes."""
    if isinstance(given, str):
        given = _read(given.strip())
    if isinstance(given, datetime):
        return given if given.tzinfo is not None else given.replace(tzinfo=local.tzinfo)
    if isinstance(given, date):
        return datetime.combine(given, time(), local.tzinfo)
    if isinstance(given, time):
        today = datetime.combine(local.date(), given.replace(tzinfo=None), local.tzinfo)
        return today if today >= local else datetime.combine(local.date() + timedelta(days=1), today.timetz())
    return None
