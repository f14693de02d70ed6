"""`http`: calls another system."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, ClassVar, Literal
from urllib.parse import urlencode

from pydantic import Field, field_validator, model_validator

from pytake_cli.flow.effects import CallHttp
from pytake_cli.flow.events import EffectFailed
from pytake_cli.flow.jsonable import plain
from pytake_cli.flow.steps.calling import Calling, JsonPath, dig, writes_of
from pytake_cli.flow.steps.step import Fail, Go, Held, Move, Path, Way, needs
from pytake_cli.flow.values import Json, Target, VarName, Word
from pytake_cli.flow.walk import StepFailed, Walk
from pytake_cli.locale import Phrase

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"]
MAX_SECONDS = 60
_OWN = {"$status": "status", "$text": "text", "$headers": "headers"}

# `Authorization: Bearer secret:crm_key`: the whole value of a header, or all but its scheme
SECRET = re.compile(r"((?:[A-Za-z][A-Za-z0-9-]{0,30} )?)secret:([a-z][a-z0-9_]{0,60})")

_TOO_LONG = Phrase("at most {most}s", most=MAX_SECONDS)


class Http(Calling):
    """Calls an address and saves what it answers. A status of 400 or more is an error."""

    verb: ClassVar[str] = "http"
    main: ClassVar[str] = "url"

    method: Method = Field("GET", description="how it calls")
    url: Word = Field(description="the address")
    query: dict[str, Json] = Field({}, description="what is added to the address")
    headers: dict[str, Word] = Field(
        {}, description="such as Authorization: Bearer secret:NAME, filled in as it is called"
    )
    json_: Json | None = Field(None, alias="json", description="what is sent as JSON")
    form: dict[str, Json] = Field({}, description="what is sent as a form")
    body: Word | None = Field(None, description="what is sent as text")
    retries: int = Field(0, ge=0, le=5, description="how often it tries again after a network error or a 5xx")
    save: dict[VarName, JsonPath] = Field(
        {},
        description="variables by path in the JSON (order.items[0].id, . for all), $status, $text, $headers.name",
    )
    on_http_error: Target | None = Field(None, description="where a refusal or no answer leads; else to `on_error`")
    on_timeout: Target | None = Field(None, description="where no answer in time leads; else to `on_http_error`")

    @field_validator("method", mode="before")
    @classmethod
    def _upper(cls, given: Any) -> Any:
        return given.upper() if isinstance(given, str) else given

    @model_validator(mode="after")
    def _one_body(self) -> Http:
        bodies = (self.json_ is not None) + bool(self.form) + (self.body is not None)
        needs(bodies <= 1, "one of `json`, `form` and `body`", "body")
        needs(self.timeout is None or self.seconds <= MAX_SECONDS, _TOO_LONG, "timeout")
        address = self.url.source.strip()
        needs(not self.url.is_constant or address.startswith(("https://", "http://")), "an address, https://…", "url")
        return self

    def ways(self) -> Iterator[Way]:
        yield from super().ways()
        yield from self.leads("error", self.on_http_error, "on_http_error", label="http")
        yield from self.leads("timeout", self.on_timeout, "on_timeout")

    def expressions(self) -> Iterator[tuple[Path, Held]]:
        yield from super().expressions()
        yield ("url",), self.url
        for name, word in self.headers.items():
            yield ("headers", name), word
        for group in ("query", "form"):
            for name, given in getattr(self, group).items():
                yield from given.parts((group, name))
        if self.json_ is not None:
            yield from self.json_.parts(("json",))
        if self.body is not None:
            yield ("body",), self.body

    def writes(self) -> Iterator[tuple[Path, str]]:
        yield from writes_of(self.save)

    def enter(self, walk: Walk) -> Move:
        url = walk.render(self.url).strip()
        if not url.startswith(("https://", "http://")):
            raise StepFailed("refused", "no address")
        if self.query:
            url += ("&" if "?" in url else "?") + urlencode(self._words(walk, self.query))
        call = CallHttp(
            walk.call(),
            self.method,
            url,
            {name: walk.render(word) for name, word in self.headers.items()},
            None if self.json_ is None else plain(self.json_.value(walk.evaluate, walk.render)),
            self._words(walk, self.form) if self.form else None,
            walk.render(self.body) if self.body is not None else None,
            self.seconds,
            self.retries,
        )
        walk.do(call)
        return self.awaited(walk, self.retries + 1)

    @staticmethod
    def _words(walk: Walk, given: dict[str, Json]) -> dict[str, str]:
        found = {name: plain(json.value(walk.evaluate, walk.render)) for name, json in given.items()}
        return {name: "" if value is None else str(value) for name, value in found.items()}

    def answered(self, walk: Walk, value: Any) -> Move:
        answer = value if isinstance(value, dict) else {}
        status = answer.get("status")
        if isinstance(status, int) and status >= 400:
            return self._refused(f"status {status}", "http")
        for name, path in self.save.items():
            head, _, rest = path.partition(".")
            found = dig(answer, f"{_OWN[head]}.{rest}") if head in _OWN else dig(answer.get("json"), path)
            if found is None:
                walk.record("missing", path)
            walk.set_var(name, found)
        return self.onward()

    def failed(self, walk: Walk, event: EffectFailed) -> Move:
        if event.reason == "timeout" and self.on_timeout is not None:
            walk.record("timeout", "http")
            return Go(self.on_timeout, "timeout")
        return self._refused(event.detail, event.reason)

    def _refused(self, detail: str, reason: str) -> Move:
        return Go(self.on_http_error, "error:http") if self.on_http_error is not None else Fail(reason, detail)
