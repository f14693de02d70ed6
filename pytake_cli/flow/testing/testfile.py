"""Test files as models: what is given, who says what, and what is expected in the end.

flow: appointment
given: {hours: {shop: {mon-fri: ["09:00-18:00"]}}}
tests:
  books a dentist:
    languages: [pt-BR, en]
    given: {contact: {name: Ana Souza}, now: 2026-03-02T10:00-03:00}
    talk:
      - customer: {pt-BR: agendar, en: book}
      - bot:
          text: {pt-BR: Que tipo, en: What kind}
          choices: [geral, odonto, olhos, humano]
      - customer: {choice: odonto}
      - http:
          match: "POST https://api.example.com/slots"
          reply: {json: {slots: ["10:00"]}}
      - bot: /horário|time/
      - after: 31m
      - bot: {pt-BR: Ainda está aí?, en: Are you still there?}
    expect: {outcome: booked, vars: {service: odonto}, tags: [agendado]}
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from pytake_cli.flow.reply import Reply
from pytake_cli.flow.values import LANGUAGE, Duration, OneOrMore, Slug
from pytake_cli.locale import Phrase

_FILE = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)
_MIME = {"image": "image/jpeg", "video": "video/mp4", "audio": "audio/ogg", "document": "application/pdf"}
PLACE = {"latitude": -23.5614, "longitude": -46.6559, "name": "Av. Paulista"}
MONDAY = datetime(2026, 3, 2, 13, 0, tzinfo=UTC)  # 10:00 in São Paulo


def _words(value: Any) -> Any:
    """A text as written: numbers and `yes` without quotes are texts here."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else value


def is_by_language(value: Any) -> bool:
    """True for `{pt-BR: …, en: …}`."""
    return isinstance(value, Mapping) and bool(value) and all(LANGUAGE.fullmatch(str(key)) for key in value)


Word = Annotated[str, BeforeValidator(_words)]
Words = Annotated[str | dict[str, str], BeforeValidator(_words)]
"""A text, or one for each language."""


def in_language(words: Words, language: str) -> str:
    """The text in the language; of a map that lacks it, the first."""
    if isinstance(words, str):
        return words
    root = language.split("-")[0]
    near = (text for name, text in words.items() if name.split("-")[0] == root)
    return words.get(language) or next(near, next(iter(words.values()), ""))


def media_reply(kind: str, caption: str = "") -> Reply:
    """A file of this kind, as a customer sends one."""
    if kind == "sticker":
        return Reply("sticker", media={"id": "media:1", "mime_type": "image/webp", "size": 1000})
    return Reply(kind, caption, media={"id": "media:1", "mime_type": _MIME[kind], "size": 81_233})


class Customer(BaseModel):
    """What the customer does: a text, or one of these."""

    model_config = _FILE

    text: Words = Field("", description="what they write")
    choice: Word | None = Field(None, description="an option that was shown: its id, its number or its title")
    button: Word | None = Field(None, description="the payload of a template's button")
    ad: Word | None = Field(None, description="the id of the advertisement that the message came from")
    image: bool | str = Field(False, description="true, or the words below it")
    video: bool | str = Field(False, description="as `image`")
    audio: bool = Field(False, description="a voice note")
    document: bool | str = Field(False, description="as `image`")
    sticker: bool = Field(False, description="a sticker")
    location: bool | dict[str, Any] = Field(False, description="true, or {latitude, longitude, name}")
    contacts: list[dict[str, Any]] = Field([], description="contact cards in Meta's shape")
    form: dict[str, Any] | None = Field(None, description="what a form was filled in with")
    reaction: str | None = Field(None, description="an emoji on the bot's last message")

    @model_validator(mode="before")
    @classmethod
    def _short(cls, given: Any) -> Any:
        return {"text": given} if not isinstance(given, Mapping) or is_by_language(given) else given

    def reply(self, language: str) -> Reply:
        """As the engine hears it; choices are looked up by the one who knows what was shown."""
        text = in_language(self.text, language)
        for kind in ("image", "video", "audio", "document", "sticker"):
            if given := getattr(self, kind):
                return media_reply(kind, given if isinstance(given, str) else text)
        if self.location:
            return Reply("location", location=self.location if isinstance(self.location, dict) else dict(PLACE))
        if self.contacts:
            return Reply("contacts", contacts=tuple(self.contacts))
        if self.form is not None:
            return Reply("interactive", form=self.form)
        if self.reaction is not None:
            return Reply("reaction", self.reaction)
        if self.button is not None:
            return Reply("button", text or self.button, choice=self.button, title=text or self.button)
        return Reply("text", text)


class Bot(BaseModel):
    """What the bot must say next: a part of the text, `/a pattern/`, or more about it. `{}` is anything."""

    model_config = _FILE

    text: Words | None = Field(None, description="a part of what it says, or /a pattern/")
    choices: list[Word] | None = Field(None, description="ids of what can be tapped, in the order shown")
    shown_as: Literal["buttons", "list", "words"] | None = Field(None, description="how choices are shown")
    media: Literal["image", "video", "audio", "document", "sticker"] | None = Field(None, description="the file's kind")
    location: bool | None = Field(None, description="whether a place is sent")
    template: str | None = Field(None, description="the template's name")
    params: list[Word] | None = Field(None, description="what fills the template's {{1}}, {{2}}, …")
    form: Word | None = Field(None, description="the form's id")
    reaction: str | None = Field(None, description="the emoji")

    @model_validator(mode="before")
    @classmethod
    def _short(cls, given: Any) -> Any:
        return {"text": given} if not isinstance(given, Mapping) or is_by_language(given) else given


class Answer(BaseModel):
    """How a call ends: with an answer, or with the reason why there is none."""

    model_config = _FILE

    match: str = Field("", description='the call: "POST https://…" or its beginning, or /a pattern/; a source, a task')
    sends: Any = Field(None, description="what the call must send: of a map, these keys at least")
    reply: dict[str, Any] | None = Field(None, description="of http: {status, json, text, headers}")
    value: Any = Field(None, description="what ai, lookup and code bring")
    fail: Literal["timeout", "network", "refused", "http", "too_big", "invalid", "budget", "error"] | None = Field(
        None, description="why there is no answer"
    )


class SignalGiven(BaseModel):
    """A signal from outside: its name, and what it brings."""

    model_config = _FILE

    name: Slug
    value: Any = None

    @model_validator(mode="before")
    @classmethod
    def _short(cls, given: Any) -> Any:
        return {"name": given} if isinstance(given, str) else given


class Line(BaseModel):
    """One line of the talk; exactly one of these."""

    model_config = _FILE

    customer: Customer | None = Field(None, description="the customer writes, taps or sends a file")
    bot: Bot | None = Field(None, description="the bot says this next")
    silence: bool | None = Field(None, description="true: the bot has nothing more to say")
    http: Answer | None = Field(None, description="a call of an `http` step ends so")
    ai: Answer | None = Field(None, description="a question to a language model ends so")
    lookup: Answer | None = Field(None, description="a lookup ends so")
    code: Answer | None = Field(None, description="a function ends so")
    after: Duration | None = Field(None, description="so much time passes")
    signal: SignalGiven | None = Field(None, description="another system sends a signal")
    person: Literal["takes over", "hands back", "closes"] | None = Field(None, description="what one of the team does")
    tag: str | None = Field(None, description="one of the team gives the contact this tag")
    start: dict[str, Any] | None = Field(None, description="the flow is started from outside, with these variables")

    @model_validator(mode="after")
    def _exactly_one(self) -> Line:
        if len(self.model_fields_set) != 1 or getattr(self, self.kind) is None:
            kinds = ", ".join(type(self).model_fields)
            wrong = Phrase("a line of a talk is exactly one of {kinds}", kinds=kinds)
            raise PydanticCustomError("flow_test", "{problem}", {"problem": wrong})
        return self

    @property
    def kind(self) -> str:
        return next(iter(self.model_fields_set), "customer")


def _moment(value: Any) -> Any:
    """A time without a zone is São Paulo's, as everything given is unless it says otherwise."""
    if not isinstance(value, str):
        return value
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        raise PydanticCustomError("flow_value", "a moment such as 2026-03-02T10:00-03:00") from None


class Given(BaseModel):
    """What is true before the first word. A test's own comes on top of the file's."""

    model_config = _FILE

    contact: dict[str, Any] = Field({}, description="name, phone, language, tags, stage, score, fields, …")
    conversation: dict[str, Any] = Field({}, description="what expressions know as `conversation`")
    org: dict[str, Any] = Field({}, description="name, country, currency, …")
    now: Annotated[datetime, BeforeValidator(_moment)] = Field(MONDAY, description="when it begins: a Monday, 10:00")
    tz: str = Field("America/Sao_Paulo", description="the time zone")
    hours: dict[str, dict[str, Any]] = Field({}, description="business hours by name, as the settings write them")
    templates: dict[str, Any] = Field(
        {}, description="name/language: its status or definition; all are approved if none is given"
    )
    opt_out: OneOrMore[str] = Field((), description="words that stop everything, beside the usual ones")
    new_contact: bool = Field(False, description="whether nobody has heard of the contact before")
    chance: float = Field(0.0, ge=0, lt=1, description="the session's random number")


class Expect(BaseModel):
    """What must be true in the end; what is not said does not matter."""

    model_config = _FILE

    outcome: str | None = Field(None, description="how the session ended; `~` when it has not")
    step: str | None = Field(None, description="where the session waits")
    vars: dict[str, Any] = Field({}, description="variables and what they hold")
    results: dict[str, Any] = Field({}, description="results of the session")
    contact: dict[str, Any] = Field({}, description="what the contact has become, its fields among it")
    tags: OneOrMore[str] | None = Field(None, description="all tags of the contact")
    handoff: str | None = Field(None, description="the team or agent that has got the conversation")
    note: str | None = Field(None, description="a part of what those people are told")
    notified: OneOrMore[str] | None = Field(None, description="parts of what people were told by `notify`, in order")
    events: OneOrMore[str] | None = Field(None, description="names of `event`, in order")
    closed: bool | None = Field(None, description="whether the conversation is closed")
    rated: bool | None = Field(None, description="whether a rating is asked for")
    incidents: OneOrMore[str] = Field((), description="slugs of what went wrong without anybody's word, in order")


class Test(BaseModel):
    """One talk."""

    model_config = _FILE
    __test__ = False  # pytest: no class of tests

    note: str = Field("", description="a comment")
    languages: OneOrMore[str] = Field((), description="it is played in each; the contact's, else the flow's, if none")
    given: Given = Field(Given(), description="what is true before the first word")
    talk: tuple[Line, ...] = Field(description="who says what, in order", min_length=1)
    expect: Expect = Field(Expect(), description="what must be true in the end")


class TestFile(BaseModel):
    """`flows/<name>.test.yaml`."""

    model_config = _FILE
    __test__ = False

    flow: Slug | None = Field(None, description="the flow's name; that of the file if it is not given")
    given: Given = Field(Given(), description="for all tests of the file")
    tests: dict[str, Test] = Field(description="the tests by their names", min_length=1)


def combined(whole: Given, own: Given) -> Given:
    """The test's `given` on top of the file's; maps are merged."""
    found = {name: getattr(whole, name) for name in whole.model_fields_set}
    for name in own.model_fields_set:
        value = getattr(own, name)
        found[name] = {**found[name], **value} if isinstance(value, dict) and name in found else value
    return Given.model_validate(found)
