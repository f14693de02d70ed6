"""`ask`: a question; its answer is read, checked and saved, and decides where to go."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from pytake_cli.flow import presentation, reading
from pytake_cli.flow.answers.outcomes import Refused
from pytake_cli.flow.events import Event, Replied
from pytake_cli.flow.expressions import Expression, Template
from pytake_cli.flow.limits import MAX_CHOICES
from pytake_cli.flow.patterns import PatternError, compile_pattern
from pytake_cli.flow.reply import Reply
from pytake_cli.flow.speech import MediaKind, Option, Say
from pytake_cli.flow.steps.say import media_of
from pytake_cli.flow.steps.step import Go, Held, Move, Path, Spoken, Way, needs
from pytake_cli.flow.steps.waiting import Waiting
from pytake_cli.flow.values import LANGUAGE, Bound, Condition, Target, Text, VarName, Word
from pytake_cli.flow.walk import StepFailed, Walk
from pytake_cli.locale import Phrase

Expect = Literal[
    "text",
    "number",
    "email",
    "phone",
    "date",
    "time",
    "datetime",
    "yes_no",
    "choice",
    "multi",
    "image",
    "audio",
    "video",
    "document",
    "file",
    "location",
    "contact",
    "cpf",
    "cnpj",
    "regex",
]
_PICTURES: tuple[MediaKind, ...] = ("image", "video", "document")
_FROM_CHOICES = ("choice", "multi", "yes_no")


class Choice(BaseModel):
    """One thing to choose: a title, or title, description and a way of its own."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    title: Text = Field(description="what it is called; 20 characters on a button, 24 in a list")
    description: Text | None = Field(None, description="a second line; makes a list of the choices")
    goto: Target | None = Field(None, description="where it leads; else to `next`")

    @model_validator(mode="before")
    @classmethod
    def _titled(cls, given: Any) -> Any:
        fields = isinstance(given, dict) and not all(LANGUAGE.fullmatch(str(key)) for key in given)
        return given if fields or isinstance(given, Choice) else {"title": given}


class Media(BaseModel):
    """What is shown with the question; exactly one."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    image: Word | None = Field(None, description="https://…, files/… beside the flow, or media:… of the store")
    video: Word | None = Field(None, description="as `image`")
    document: Word | None = Field(None, description="as `image`")

    @model_validator(mode="after")
    def _one(self) -> Media:
        needs(sum(getattr(self, kind) is not None for kind in _PICTURES) == 1, "one of image, video and document")
        return self

    @property
    def kind(self) -> MediaKind:
        return next(kind for kind in _PICTURES if getattr(self, kind) is not None)


class Ask(Waiting):
    """Asks, waits, reads the answer, saves it and goes on. What is no answer is said to be so."""

    verb: ClassVar[str] = "ask"
    main: ClassVar[str] = "ask"

    ask: Text = Field(description="the question")
    expect: Expect | None = Field(None, description="the kind of answer; `choice` if there are choices, else `text`")
    choices: dict[str, Choice] = Field({}, description="what may be chosen: buttons, a list or pages, by their number")
    choices_from: Condition | None = Field(
        None, description="choices as a list of words, or of maps with id, title and description"
    )
    save: VarName | None = Field(None, description="the variable that takes the answer; a choice gives its id")
    min: Bound | None = Field(None, description="least value, length or count")
    max: Bound | None = Field(None, description="greatest value, length or count")
    pattern: str | None = Field(None, description="what the whole trimmed answer must match (RE2)")
    case: Literal["exact", "folded"] = Field("folded", description="whether `pattern` tells capitals apart")
    country: str | None = Field(None, description="of phone numbers without a country code, such as BR")
    media: Media | None = Field(None, description="shown with the question: {image: …}")
    header: Text | None = Field(None, description="a line above the question; only with choices")
    footer: Text | None = Field(None, description="a grey line below the question; only with choices")
    button: Text | None = Field(None, description="what opens a list of choices")
    on_window_closed: Target | None = Field(None, description="where it goes when the 24-hour window is closed")

    @model_validator(mode="before")
    @classmethod
    def _words_for_ids(cls, given: Any) -> Any:
        if isinstance(given, dict) and isinstance(given.get("choices"), list):
            raise PydanticCustomError("flow_choices", "choices are a map of ids to titles: {{yes: Sim, no: Não}}")
        if isinstance(given, dict) and isinstance(given.get("choices"), dict):
            return given | {"choices": {str(key): value for key, value in given["choices"].items()}}
        return given

    @model_validator(mode="after")
    def _fits(self) -> Ask:
        chooses = bool(self.choices) or self.choices_from is not None
        needs(not self.choices or self.choices_from is None, "`choices` or `choices_from`, not both", "choices_from")
        if self.expect is not None:
            chosen = self.expect in _FROM_CHOICES
            text = Phrase("choices go with choice, multi and yes_no, not {expected}", expected=self.expect)
            needs(chosen or not chooses, text, "expect")
            text = Phrase("`expect: {expected}` needs choices", expected=self.expect)
            needs(not chosen or chooses or self.expect == "yes_no", text, "choices")
        needs(len(self.choices) <= MAX_CHOICES, Phrase("at most {most} choices", most=MAX_CHOICES), "choices")
        for name in self.choices:
            text = Phrase("{name} is no id of a choice", name=name)
            needs(0 < len(name) <= 40 and ":" not in name and name[0] != "+", text, "choices")
        needs(
            self.expect != "yes_no" or len(self.choices) in (0, 2),
            "`expect: yes_no` has two choices or none",
            "choices",
        )
        needs(self.expect != "regex" or self.pattern is not None, "`expect: regex` needs `pattern`", "pattern")
        if self.pattern is not None:
            try:
                compile_pattern(self.pattern)
            except PatternError as error:
                raise PydanticCustomError("flow_pattern", "{problem}", {"problem": error.message}) from None
        return self

    @property
    def expected(self) -> Expect:
        """The kind of answer."""
        return self.expect or ("choice" if self.choices or self.choices_from is not None else "text")

    def ways(self) -> Iterator[Way]:
        yield from super().ways()
        for name, choice in self.choices.items():
            yield from self.leads("choice", choice.goto, "choices", name, "goto", label=name)
        yield from self.leads("window_closed", self.on_window_closed, "on_window_closed")

    def spoken(self) -> Iterator[Spoken]:
        asks = bool(self.choices) or self.choices_from is not None
        limit = "body" if asks and self.expected != "multi" else "caption" if self.media else "text"
        yield Spoken(("ask",), self.ask, limit)
        buttons = len(self.choices) <= 3 and not any(choice.description for choice in self.choices.values())
        for name, choice in self.choices.items():
            # a title too long for a button makes a list, so that 24 is what must hold
            yield Spoken(("choices", name, "title"), choice.title, "row_title")
            if choice.description is not None:
                yield Spoken(("choices", name, "description"), choice.description, "row_description")
        for field in ("header", "footer", "button"):
            if (text := getattr(self, field)) is not None and not (field == "button" and buttons):
                yield Spoken((field,), text, field)
        yield from self._wrong_texts(limit)

    def expressions(self) -> Iterator[tuple[Path, Held]]:
        yield from super().expressions()
        for name in ("choices_from", "min", "max"):
            if (held := getattr(self, name)) is not None and isinstance(held, Expression | Template):
                yield (name,), held
        if self.media is not None:
            yield ("media", self.media.kind), getattr(self.media, self.media.kind)

    def writes(self) -> Iterator[tuple[Path, str]]:
        if self.save is not None:
            yield ("save",), self.save

    def enter(self, walk: Walk) -> Move:
        options = self._options(walk)
        self._say(walk, walk.render(self.ask), options, 0)
        return walk.wait("reply", self.timeout, offered=[[option.id, option.title] for option in options])

    def _options(self, walk: Walk) -> list[Option]:
        if self.choices_from is None:
            return [
                Option(name, walk.render(choice.title), walk.render(choice.description) if choice.description else "")
                for name, choice in self.choices.items()
            ]
        given = walk.evaluate(self.choices_from)
        found = (
            {} if not isinstance(given, list) else {option.id: option for option in map(presentation.to_offer, given)}
        )
        options = [option for name, option in found.items() if name and len(name) <= 100 and ":" not in name[:1]]
        if not options:
            raise StepFailed("choices", "there is nothing to choose from")
        if len(options) > MAX_CHOICES:
            walk.record("incident", "cut", {"place": "choices", "length": len(options)})
        return options[:MAX_CHOICES]

    def _say(self, walk: Walk, text: str, options: list[Option], page: int) -> None:
        if self.expected == "multi":
            text, options = presentation.numbered(text, options), []
        if self.expected == "location":
            walk.say(Say(text=text, asks_location=True))
            return
        media = self.media
        if not text.strip():
            raise StepFailed("empty", "the question")
        for said in presentation.question(
            walk.step,
            text,
            options,
            language=walk.language,
            page=page,
            media=None if media is None else media_of(walk, media.kind, getattr(media, media.kind)),
            header=walk.render(self.header) if self.header is not None else "",
            footer=walk.render(self.footer) if self.footer is not None else "",
            button=walk.render(self.button) if self.button is not None else "",
        ):
            walk.say(said)

    def resume(self, walk: Walk, event: Event) -> Move:
        if not isinstance(event, Replied):
            return self.silence(walk)
        reply, wait = event.reply, walk.still()
        if reply.choice == presentation.MORE:
            return self._turn(walk)
        outcome = reading.read(self, walk, wait, reply)
        if isinstance(outcome, Refused):
            return self._refuse(walk, reply, outcome.reason)
        value, chosen = outcome
        if reply.choice is not None:
            walk.session.answered = [wait.step, reply.choice, int(walk.now.timestamp())]
        if self.save is not None:
            walk.set_var(self.save, value)
        if chosen is not None:
            walk.record("choice", chosen)
            goto = self.choices[chosen].goto if chosen in self.choices else None
            if goto is not None:
                return Go(goto, f"choice:{chosen}")
        return Go(self.next or "end")

    def _turn(self, walk: Walk) -> Move:
        options = self._options(walk)
        page = (walk.still().page + 1) % presentation.pages(options)
        self._say(walk, walk.render(self.ask), options, page)
        return self.anew(walk, page=page)

    def _refuse(self, walk: Walk, reply: Reply, reason: str) -> Move:
        def say(text: str) -> None:
            wait = walk.still()
            self._say(walk, text, self._options(walk) if wait.offered else [], wait.page)

        return self.wrong(walk, reply, reason, say, "choice" if self.expected in _FROM_CHOICES else "invalid")
