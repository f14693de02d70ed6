"""`form`: sends a WhatsApp Flow (native form) and waits for its answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field

from pytake_cli.flow.events import Event, Replied
from pytake_cli.flow.jsonable import plain
from pytake_cli.flow.limits import LIMITS
from pytake_cli.flow.phrases import phrase
from pytake_cli.flow.presentation import cut
from pytake_cli.flow.speech import Say, SayForm
from pytake_cli.flow.steps.calling import JsonPath, dig, writes_of
from pytake_cli.flow.steps.step import Go, Held, Move, Path, Spoken, Way
from pytake_cli.flow.steps.waiting import Waiting
from pytake_cli.flow.values import Json, Target, Text, VarName
from pytake_cli.flow.walk import StepFailed, Walk


class Form(Waiting):
    """Sends a form and saves what was filled in. Anything else that is written is a wrong answer."""

    verb: ClassVar[str] = "form"
    main: ClassVar[str] = "flow_id"
    may_fail: ClassVar[bool] = True

    flow_id: str = Field(description="the form's id at Meta", coerce_numbers_to_str=True, min_length=1, max_length=64)
    text: Text = Field(description="what is said with it")
    button: Text | None = Field(None, description="what opens it")
    screen: str = Field("", description="its first screen")
    data: dict[str, Json] = Field({}, description="what the first screen is given")
    save: VarName | dict[VarName, JsonPath] | None = Field(
        None, description="the variable for all that was filled in, or a map of variables to fields"
    )
    on_window_closed: Target | None = Field(None, description="where it goes when the 24-hour window is closed")

    def ways(self) -> Iterator[Way]:
        yield from super().ways()
        yield from self.leads("window_closed", self.on_window_closed, "on_window_closed")

    def spoken(self) -> Iterator[Spoken]:
        yield Spoken(("text",), self.text, "body")
        if self.button is not None:
            yield Spoken(("button",), self.button, "form_button")
        yield from self._wrong_texts("text")

    def expressions(self) -> Iterator[tuple[Path, Held]]:
        yield from super().expressions()
        for name, given in self.data.items():
            yield from given.parts(("data", name))

    def writes(self) -> Iterator[tuple[Path, str]]:
        if self.save:
            yield from writes_of(self.save)

    def enter(self, walk: Walk) -> Move:
        text = walk.render(self.text)
        if not text.strip():
            raise StepFailed("empty", "the form's text")
        if len(text) > LIMITS["body"]:
            walk.record("incident", "cut", {"place": "body", "length": len(text)})
        button = walk.render(self.button) if self.button is not None else phrase("open", walk.language)
        data = {name: plain(given.value(walk.evaluate, walk.render)) for name, given in self.data.items()}
        token = walk.token()
        walk.say(
            SayForm(cut(text, LIMITS["body"]), self.flow_id, button[: LIMITS["form_button"]], self.screen, data, token)
        )
        return walk.wait("reply", self.timeout, name=token)

    def resume(self, walk: Walk, event: Event) -> Move:
        if not isinstance(event, Replied):
            return self.silence(walk)
        filled = event.reply.form
        if filled is None:
            return self.wrong(walk, event.reply, "kind", lambda text: walk.say(Say(text=text)), "invalid")
        if filled.get("flow_token", walk.still().name) != walk.still().name:
            return self.wrong(walk, event.reply, "old", lambda text: walk.say(Say(text=text)), "invalid")
        values = {name: value for name, value in filled.items() if name != "flow_token"}
        saved = {} if self.save is None else {self.save: "."} if isinstance(self.save, str) else self.save
        for name, path in saved.items():
            walk.set_var(name, dig(values, path))
        return Go(self.next or "end")
