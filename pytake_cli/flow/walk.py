"""One event's walk: the session as it changes, and what it wants done. Steps talk to it and to nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from pytake_cli.flow import limits, presentation
from pytake_cli.flow.context import Context
from pytake_cli.flow.conversion import Unfit, convert
from pytake_cli.flow.effects import Effect, Record, Send, SetContact
from pytake_cli.flow.expressions import Expression, Template
from pytake_cli.flow.jsonable import fingerprint, plain, size
from pytake_cli.flow.language.values import Missing
from pytake_cli.flow.session import Frame, Session, Wait, WaitKind
from pytake_cli.flow.speech import Say, Speech
from pytake_cli.flow.values import Text
from pytake_cli.policy.hours import is_open

if TYPE_CHECKING:
    from pytake_cli.flow.definition import Flow


class StepFailed(Exception):
    """A step cannot go on; the engine makes a `Fail` of it."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason)
        self.reason, self.detail = reason, detail


class Walk:
    """What a step may read, and what it may do. `flow`, `frame` and `step` are where the walk stands."""

    __slots__ = (
        "_contact",
        "_missing",
        "_scope",
        "context",
        "effects",
        "flow",
        "frame",
        "now",
        "session",
        "step",
        "top",
        "waited",
    )

    def __init__(self, session: Session, now: datetime, flow: Flow, context: Context) -> None:
        self.session, self.now, self.top, self.context = session, now, flow, context
        self.effects: list[Effect] = []
        self.flow = flow
        self.frame: Frame = session.frames[-1] if session.frames else Frame(flow.pinned, flow.start)
        self.step = self.frame.step
        self.waited: Wait | None = session.wait  # as the event found it
        self._contact: dict[str, Any] | None = None
        self._scope: dict[str, Any] | None = None
        self._missing = Missing()
        if session.frames:
            self.stand()

    def stand(self) -> None:
        """Looks where the top frame is, after frames came or went."""
        self.frame = self.session.frames[-1]
        self.flow = self.version(self.frame.flow)
        self.step = self.frame.step
        self._scope = None

    def version(self, ref: str) -> Flow:
        """The flow that a frame runs."""
        return self.top if ref == self.top.pinned else self.context.library.version(ref)

    # -- reading

    @property
    def contact(self) -> Mapping[str, Any]:
        """The contact as the steps before this one left it."""
        return self.context.contact if self._contact is None else self._contact

    @property
    def languages(self) -> tuple[str, str]:
        """The contact's, then the flow's."""
        return str(self.contact.get("language") or ""), self.flow.language

    @property
    def language(self) -> str:
        return str(self.contact.get("language") or self.flow.language)

    @property
    def scope(self) -> dict[str, Any]:
        """What expressions see."""
        if self._scope is None:
            local = self.now.astimezone(zone(self.context.tz))
            self._scope = {
                "contact": self.contact,
                "vars": self.frame.vars,
                "result": self.session.results,
                "message": self.session.message or {},
                "conversation": self.context.conversation,
                "flow": {"name": self.flow.name, "title": self.flow.title, "language": self.flow.language},
                "org": self.context.org,
                "now": local,
                "today": local.date(),
                "hours": Hours(self.context, self.now),
                "language": self.language,
            }
        return self._scope

    def evaluate(self, expression: Expression) -> Any:
        """The value of an expression; EvaluationError fails the step."""
        return expression.evaluate(self._scope or self.scope, self._missing)

    def value(self, held: Any) -> Any:
        """The value of an expression, of a text, or of what is a value already."""
        if isinstance(held, Expression):
            return self.evaluate(held)
        return self.render(held) if isinstance(held, Template) else held

    def render(self, text: Text | Template) -> str:
        """A text in the contact's language, else the flow's, with its values filled in."""
        template = text if isinstance(text, Template) else text.pick(*self.languages)
        return template.render(self._scope or self.scope, self._missing)

    # -- doing

    def do(self, effect: Effect) -> None:
        self.effects.append(effect)

    def record(self, kind: str, way: str = "", value: Any = None) -> None:
        """Notes something about this step."""
        self.effects.append(Record(kind, self.step, way, plain(value)))

    def note_missing(self) -> None:
        """Records the names that had no value since it was last asked."""
        if self._missing.paths:
            for path in self._missing.paths:
                self.effects.append(Record("missing", self.step, path))
            self._missing = Missing()

    def can_speak(self) -> bool:
        """True while free-form messages reach the customer."""
        closes = self.context.window_closes_at
        return closes is not None and self.now < closes

    def say(self, speech: Speech, *, must: bool = True) -> bool:
        """Sends it, cut to Meta's limits. Fails the step when it may not go out; if it need not (`must`), says so."""
        if isinstance(speech, Say):
            speech, cuts = presentation.fit(speech)
            for place, length in cuts:
                self.record("incident", "cut", {"place": place, "length": length})
            if presentation.is_empty(speech):
                return self._unsaid("empty", must)
        if presentation.needs_window(speech) and not self.can_speak():
            return self._unsaid("window", must)
        if not self._say_again(presentation.gist(speech)):
            raise StepFailed("repeated")
        self.effects.append(Send(speech, self.step))
        return True

    def _unsaid(self, why: str, must: bool) -> bool:
        if must:
            raise StepFailed(why)
        self.record("incident", why)
        return False

    def _say_again(self, gist: str) -> bool:
        """False when this went out too often already."""
        if not gist:
            return True
        said, mark, at = self.session.said, fingerprint(gist), int(self.now.timestamp())
        since = at - int(limits.SAME_TEXT_WITHIN.total_seconds())
        if said and said[0][1] <= since:
            said[:] = [entry for entry in said if entry[1] > since]
        if sum(entry[0] == mark for entry in said) >= limits.MAX_SAME_TEXT:
            return False
        said.append([mark, at])
        return True

    def set_var(self, name: str, value: Any) -> None:
        """Assigns a declared variable, converted to its type."""
        declared = self.flow.vars.get(name)
        if declared is None:
            raise StepFailed("undeclared", name)
        try:
            value = convert(value, declared.type)
        except Unfit as problem:
            raise StepFailed("type", f"{name}: {problem}") from None
        self._fits(name, value)
        self.frame.vars[name] = value

    def open_vars(self, given: Mapping[str, Any]) -> None:
        """The frame's variables: defaults, then what was given; what is given and not declared is recorded, no more."""
        if len(self.flow.vars) > limits.MAX_VARS:
            raise StepFailed("vars", f"more than {limits.MAX_VARS}")
        for name, declared in self.flow.vars.items():
            if name in given:
                self.set_var(name, given[name])
            elif declared.default is not None:
                self.set_var(name, declared.default)
        for name in given:
            if name not in self.flow.vars:
                self.record("ignored", "undeclared", name)

    def set_result(self, name: str, value: Any) -> None:
        """Keeps a result of the session and records it."""
        self._fits(name, value)
        results = self.session.results
        if name not in results and len(results) >= limits.MAX_RESULTS:
            raise StepFailed("vars", f"more than {limits.MAX_RESULTS} results")
        results[name] = value
        self.record("result", name, value)

    def _fits(self, name: str, value: Any) -> None:
        if not isinstance(value, int | float | bool) and size(value) > limits.MAX_VAR_BYTES:
            raise StepFailed("vars", f"{name} has more than {limits.MAX_VAR_BYTES} bytes")

    def set_contact(self, changes: list[tuple[str, str, Any]]) -> None:
        """Changes the contact in the store, and for the steps that follow."""
        changes = [(kind, name, plain(value)) for kind, name, value in changes]
        contact = self._contact = dict(self.contact)
        for kind, name, value in changes:
            if kind == "field":
                contact["fields"] = {**(contact.get("fields") or {}), name: value}
            elif kind == "tag":
                tags = [tag for tag in contact.get("tags") or () if tag != name]
                contact["tags"] = [*tags, name] if value else tags
            else:
                contact[kind] = value
                if kind == "name":  # as the next event will find it
                    contact["first_name"] = (str(value or "").split() or [""])[0]
        self.effects.append(SetContact(tuple(changes)))
        if self._scope is not None:
            self._scope["contact"] = contact
            self._scope["language"] = self.language

    def token(self) -> str:
        """What an answer to this step's effect must carry."""
        return f"{self.session.serial}.{self.step}"

    def call(self) -> str:
        """The token of a call to the outside; fails the step when there were too many."""
        self.session.calls += 1
        if self.session.calls > limits.MAX_CALLS:
            raise StepFailed("calls", f"more than {limits.MAX_CALLS}")
        return self.token()

    def wait(self, kind: WaitKind, after: timedelta | None = None, until: datetime | None = None, **more: Any) -> Wait:
        """Something to wait for, at most so long."""
        if after is not None:
            until = self.now + after
        return Wait(kind, self.step, self.token(), until, **more)

    def still(self) -> Wait:
        """Goes on waiting for the same, as if nothing had happened."""
        assert self.waited is not None
        return self.waited

    def again(self, **changes: Any) -> Wait:
        """Goes on waiting with another token, so that its timer starts anew."""
        return replace(self.still(), token=self.token(), **changes)


class Hours(Mapping[str, dict[str, bool]]):
    """`hours.shop.open` in expressions."""

    __slots__ = ("_context", "_now")

    def __init__(self, context: Context, now: datetime) -> None:
        self._context, self._now = context, now

    def __getitem__(self, name: str) -> dict[str, bool]:
        return {"open": is_open(self._context.schedules[name], self._now)}

    def __iter__(self) -> Iterator[str]:
        return iter(self._context.schedules)

    def __len__(self) -> int:
        return len(self._context.schedules)


@lru_cache(maxsize=512)
def zone(name: str) -> ZoneInfo:
    """The time zone; UTC for one that does not exist."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return ZoneInfo("UTC")
