"""Test files: what is given, who says what, and what is expected in the end.

    flow: appointment
    tests:
      books a dentist:
        given: {contact: {name: Ana Souza, language: pt-BR}, now: 2026-03-02T10:00-03:00}
        talk:
          - customer: agendar
          - bot: {text: "Que tipo de consulta", choices: [geral, odonto, olhos, humano]}
          - customer: {choice: odonto}
          - http: {match: "POST https://api.example.com/slots", reply: {json: {slots: ["10:00"]}}}
          - bot: /horário/
          - after: 31m
          - bot: Ainda está aí?
        expect: {outcome: booked, vars: {service: odonto}, tags: [agendado]}
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from pytake_cli.flow.reply import Reply
from pytake_cli.flow.values import Duration, Slug

_FILE = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True, populate_by_name=True)
_SAMPLE = {"id": "media:1", "mime_type": "application/octet-stream", "size": 1000}
_MIME = {"image": "image/jpeg", "video": "video/mp4", "audio": "audio/ogg", "document": "application/pdf"}
_PLACE = {"latitude": -23.5614, "longitude": -46.6559, "name": "Av. Paulista"}


class Customer(BaseModel):
    """What the customer does: a text, or one of these."""

    model_config = _FILE

    text: str = ""
    choice: str | None = None  # the id, number or title of an option that was shown
    button: str | None = None  # the payload of a template's button
    image: bool | str = False  # a caption, or just true
    video: bool | str = False
    audio: bool = False
    document: bool | str = False  # a file name, or just true
    sticker: bool = False
    location: bool | dict[str, Any] = False
    contacts: list[dict[str, Any]] = []
    form: dict[str, Any] | None = None
    reaction: str | None = None

    def reply(self) -> Reply:
        """As the engine hears it; choices are looked up by the one who knows what was shown."""
        for kind in ("image", "video", "audio", "document"):
            if given := getattr(self, kind):
                media = _SAMPLE | {"mime_type": _MIME[kind]}
                return Reply(kind, given if isinstance(given, str) else self.text, media=media)
        if self.sticker:
            return Reply("sticker", media=_SAMPLE | {"mime_type": "image/webp"})
        if self.location:
            return Reply("location", location=self.location if isinstance(self.location, dict) else _PLACE)
        if self.contacts:
            return Reply("contacts", contacts=tuple(self.contacts))
        if self.form is not None:
            return Reply("interactive", form=self.form)
        if self.reaction is not None:
            return Reply("reaction", self.reaction)
        if self.button is not None:
            return Reply("button", self.text or self.button, choice=self.button)
        return Reply("text", self.text)


class Bot(BaseModel):
    """What the bot must say next: a part of the text, `/a pattern/`, or more about it."""

    model_config = _FILE

    text: str | None = None
    choices: list[str] | None = None  # ids, in the order shown
    shown_as: Literal["buttons", "list"] | None = None
    media: str | None = None  # image | video | audio | document | sticker
    location: bool | None = None
    template: str | None = None
    params: list[str] | None = None
    form: str | None = None  # its flow id
    reaction: str | None = None


class Answer(BaseModel):
    """How a call ends: with an answer, or with the reason why there is none."""

    model_config = _FILE

    match: str = ""  # "POST https://…": method and the beginning of the address; for others, their source or function
    reply: dict[str, Any] | None = None  # {status: 200, json: …}; for `ai`, `lookup` and `code`: see `value`
    value: Any = None
    fail: str | None = None  # timeout | network | refused | …


class Line(BaseModel):
    """One line of the talk; exactly one of these."""

    model_config = _FILE

    customer: Customer | None = None
    bot: Bot | None = None
    http: Answer | None = None
    ai: Answer | None = None
    lookup: Answer | None = None
    code: Answer | None = None
    after: Duration | None = None
    signal: str | dict[str, Any] | None = None
    person: Literal["takes over", "hands back", "closes"] | None = None
    silence: bool | None = None  # the bot has nothing to say
    start: dict[str, Any] | None = None  # the flow is started from outside, with these vars

    @field_validator("customer", mode="before")
    @classmethod
    def _customer(cls, value: Any) -> Any:
        return value if isinstance(value, Mapping) else {"text": _text(value)}

    @field_validator("bot", mode="before")
    @classmethod
    def _bot(cls, value: Any) -> Any:
        return value if isinstance(value, Mapping) else {"text": _text(value)}

    @model_validator(mode="after")
    def _exactly_one(self) -> Line:
        if len(self.model_fields_set) != 1:
            raise ValueError("a line is exactly one of customer, bot, http, ai, lookup, code, after, signal, person …")
        return self

    @property
    def kind(self) -> str:
        return next(iter(self.model_fields_set))


class Given(BaseModel):
    model_config = _FILE

    contact: dict[str, Any] = {}
    now: datetime = datetime(2026, 3, 2, 13, 0, tzinfo=UTC)  # a Monday, 10:00 in São Paulo
    org: dict[str, Any] = {}
    tz: str = "America/Sao_Paulo"
    hours: dict[str, dict[str, Any]] = {}
    chance: float = Field(0.0, ge=0, lt=1)

    @field_validator("now", mode="before")
    @classmethod
    def _now(cls, value: Any) -> Any:
        if isinstance(value, datetime) and value.tzinfo is None:
            return value.replace(tzinfo=UTC)
        return value


class Expect(BaseModel):
    """What must be true in the end; what is not said does not matter."""

    model_config = _FILE

    outcome: str | None = None
    step: str | None = None  # where the session waits
    vars: dict[str, Any] = {}
    results: dict[str, Any] = {}
    contact: dict[str, Any] = {}
    tags: list[str] | None = None  # all of them
    handoff: str | None = None  # the team
    closed: bool | None = None
    incidents: int = 0


class Test(BaseModel):
    model_config = _FILE

    __test__ = False  # pytest: not a test class

    given: Given = Given()
    talk: list[Line]
    expect: Expect = Expect()


class TestFile(BaseModel):
    model_config = _FILE

    __test__ = False

    flow: Slug
    given: Given | None = None  # for tests that say none of their own
    tests: dict[str, Test]


def _text(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: ""}[value]
    return str(value)
