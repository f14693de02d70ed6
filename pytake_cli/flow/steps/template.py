"""`template`: sends an approved template, which works with the window closed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, ClassVar

from pydantic import Field

from pytake_cli.flow.events import Event, Replied
from pytake_cli.flow.limits import LIMITS
from pytake_cli.flow.presentation import cut, option_id
from pytake_cli.flow.speech import SayTemplate
from pytake_cli.flow.steps.say import media_of
from pytake_cli.flow.steps.step import Go, Held, Move, Path, Spoken, Step, Way
from pytake_cli.flow.values import Duration, OneOrMore, Target, Text, Word
from pytake_cli.flow.walk import StepFailed, Walk

_A_DAY = timedelta(hours=24)


class TemplateStep(Step):
    """Sends a template. With `on_reply` it waits for an answer; silence goes to `on_timeout`, else to `next`."""

    verb: ClassVar[str] = "template"
    main: ClassVar[str] = "name"
    waits: ClassVar[bool] = True
    may_fail: ClassVar[bool] = True

    name: str = Field(description="as Meta approved it", pattern=r"^[a-z0-9_]{1,512}$")
    language: str = Field("", description="of the template; the contact's, else the flow's, if there is none")
    params: OneOrMore[Text] = Field((), description="what fills {{1}}, {{2}}, …")
    header: Word | None = Field(None, description="the words of its header, or the file: https://…, files/…, media:…")
    buttons: OneOrMore[Word] = Field(
        (), description="for each button: the payload of a reply, or the end of an address"
    )
    on_reply: Target | dict[str, Target] | None = Field(
        None, description="where any answer leads, or a map of buttons' payloads; other answers go to `next`"
    )
    timeout: Duration | None = Field(None, description="how long it waits for an answer; 24h")
    on_timeout: Target | None = Field(None, description="where silence leads; else to `next`")

    def ways(self) -> Iterator[Way]:
        yield from super().ways()
        if isinstance(self.on_reply, dict):
            for payload, target in self.on_reply.items():
                yield Way("reply", target, payload, ("on_reply", payload))
        else:
            yield from self.leads("reply", self.on_reply, "on_reply")
        yield from self.leads("timeout", self.on_timeout, "on_timeout")

    def spoken(self) -> Iterator[Spoken]:
        for number, text in enumerate(self.params):
            yield Spoken(("params", number), text, "template_param")

    def expressions(self) -> Iterator[tuple[Path, Held]]:
        yield from super().expressions()
        if self.header is not None:
            yield ("header",), self.header
        for number, word in enumerate(self.buttons):
            yield ("buttons", number), word

    def enter(self, walk: Walk) -> Move:
        language, definition = self._definition(walk)
        params = [_one_line(walk.render(text)) for text in self.params]
        components = [*self._header(walk), *self._body(params), *self._buttons(walk, definition)]
        walk.say(SayTemplate(self.name, language, tuple(components), _shown(definition, self.name, params)))
        if self.on_reply is None:
            return Go(self.next or "end")
        return walk.wait("reply", self.timeout or _A_DAY)

    def _definition(self, walk: Walk) -> tuple[str, dict[str, Any]]:
        """The template's language and its definition; one that is not approved fails the step."""
        known = walk.context.templates
        wanted = (
            [self.language]
            if self.language
            else [language.replace("-", "_") for language in walk.languages if language]
        )
        wanted += [language.split("_")[0] for language in wanted]
        for language in wanted:
            found = known.get(f"{self.name}/{language}")
            if found is not None:
                if str(found.get("status", "APPROVED")).upper() != "APPROVED":
                    raise StepFailed("template", f"{self.name} is {found.get('status')}")
                return language, dict(found)
        if known:
            raise StepFailed("template", f"{self.name} is not there in {', '.join(wanted)}")
        return wanted[0], {}

    def _header(self, walk: Walk) -> list[dict[str, Any]]:
        if self.header is None:
            return []
        given = walk.render(self.header).strip()
        if not given.startswith(("https://", "files/", "media:")):
            return [{"type": "header", "parameters": [{"type": "text", "text": _one_line(given)[: LIMITS["header"]]}]}]
        ending = given.rsplit(".", 1)[-1].lower()
        kind: Any = "video" if ending in ("mp4", "3gp") else "document" if ending == "pdf" else "image"
        return [
            {"type": "header", "parameters": [{"type": kind, kind: {"link": media_of(walk, kind, self.header).source}}]}
        ]

    @staticmethod
    def _body(params: list[str]) -> list[dict[str, Any]]:
        if not params:
            return []
        return [{"type": "body", "parameters": [{"type": "text", "text": text} for text in params]}]

    def _buttons(self, walk: Walk, definition: dict[str, Any]) -> list[dict[str, Any]]:
        kinds = [str(button.get("type", "")).upper() for button in _part(definition, "BUTTONS").get("buttons", ())]
        found = []
        for number, word in enumerate(self.buttons):
            given = walk.render(word).strip()
            is_reply = kinds[number] == "QUICK_REPLY" if number < len(kinds) else self.on_reply is not None
            parameter = (
                {"type": "payload", "payload": option_id(walk.step, given)}
                if is_reply
                else {"type": "text", "text": given}
            )
            kind = "quick_reply" if is_reply else "url"
            found.append({"type": "button", "sub_type": kind, "index": str(number), "parameters": [parameter]})
        return found

    def resume(self, walk: Walk, event: Event) -> Move:
        if not isinstance(event, Replied):
            walk.record("timeout", "step")
            return Go(self.on_timeout, "timeout") if self.on_timeout else Go(self.next or "end")
        if isinstance(self.on_reply, str):
            return Go(self.on_reply, "reply")
        given = event.reply.choice or event.reply.text
        payload = given.removeprefix(f"{walk.step}:")
        target = (self.on_reply or {}).get(payload) or (self.on_reply or {}).get(event.reply.text)
        if target is None:
            return Go(self.next or "end")
        walk.record("choice", payload)
        return Go(target, f"reply:{payload}")


def _one_line(text: str) -> str:
    """As Meta takes parameters: no line breaks, no runs of spaces, never empty."""
    return cut(" ".join(text.split()) or "–", LIMITS["template_param"])


def _part(definition: dict[str, Any], kind: str) -> dict[str, Any]:
    found = (part for part in definition.get("components", ()) if str(part.get("type", "")).upper() == kind)
    return next(found, {})


def _shown(definition: dict[str, Any], name: str, params: list[str]) -> str:
    """What people read of it."""
    text = str(_part(definition, "BODY").get("text") or "")
    if not text:
        return " · ".join([name, *params])
    for number, param in enumerate(params, 1):
        text = text.replace(f"{{{{{number}}}}}", param)
    return text
