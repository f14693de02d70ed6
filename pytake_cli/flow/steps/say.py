"""`say`: a message to the customer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from pytake_cli.flow.expressions import Template
from pytake_cli.flow.speech import Media, MediaKind, Say
from pytake_cli.flow.steps.step import Go, Held, Move, Path, Spoken, Step, Way, needs
from pytake_cli.flow.values import Json, Target, Text, Word
from pytake_cli.flow.walk import StepFailed, Walk
from pytake_cli.locale import Phrase

MEDIA: tuple[MediaKind, ...] = ("image", "video", "audio", "document", "sticker")
_SPEECHLESS = ("audio", "sticker")  # Meta gives them no caption
# an address, a file beside the flow (no way up), or a file of the store: nothing else is opened
_SOURCE = re.compile(r"https://[^\s/]+\.[^\s]+|files/(?!.*\.\.)[\w./ -]{1,200}|media:[\w-]{1,64}")


def source_allowed(source: str) -> bool:
    """True for `https://…`, `files/…` beside the flow, and `media:…` of the store."""
    return len(source) <= 2000 and _SOURCE.fullmatch(source) is not None


def media_of(walk: Walk, kind: MediaKind, source: Template, filename: str = "") -> Media:
    """The file to send; a source that is not allowed fails the step."""
    rendered = walk.render(source).strip()
    if not source_allowed(rendered):
        raise StepFailed("source", rendered[:200])
    return Media(kind, rendered, filename)


class SayStep(Step):
    """Sends a message: a text, a file with or without a text, a place, or contact cards."""

    verb: ClassVar[str] = "say"
    main: ClassVar[str] = "text"

    text: Text | None = Field(None, description="what it says; with a file it is the caption")
    image: Word | None = Field(None, description="https://…, files/… beside the flow, or media:… of the store")
    video: Word | None = Field(None, description="as `image`")
    audio: Word | None = Field(None, description="as `image`; a text goes before it, as a message of its own")
    document: Word | None = Field(None, description="as `image`")
    sticker: Word | None = Field(None, description="as `image`; a text goes before it, as a message of its own")
    filename: str = Field("", description="what a document is called")
    location: Json | None = Field(None, description="{latitude, longitude, name, address}")
    contacts: Json | None = Field(None, description="a list of contact cards in Meta's shape, at most 5")
    caption: Text | None = Field(None, description="another word for `text` beside a file")
    footer: Text | None = Field(None, description="small grey words; only where there are buttons")
    preview_url: bool = Field(False, description="shows a preview of the first address in the text")
    reply_to: Literal["", "last"] = Field("", description="`last` quotes the contact's last message")
    on_window_closed: Target | None = Field(None, description="where it goes when the 24-hour window is closed")

    @model_validator(mode="after")
    def _one_body(self) -> SayStep:
        kinds = [kind for kind in (*MEDIA, "location", "contacts") if getattr(self, kind) is not None]
        several = Phrase("one message has one of {kinds}", kinds=", ".join(kinds))
        needs(len(kinds) <= 1, several, kinds[-1] if kinds else "")
        needs(self.text is None or self.caption is None, "`caption` is another word for `text`: one of them", "caption")
        needs(bool(kinds) or self.words is not None, "there is nothing to say: `text`, or one of a file", "text")
        for kind in MEDIA:
            source = getattr(self, kind)
            if source is not None and source.is_constant:
                needs(source_allowed(source.source.strip()), "a file is https://…, files/… or media:…", kind)
        return self

    @property
    def words(self) -> Text | None:
        return self.text if self.text is not None else self.caption

    @property
    def media(self) -> tuple[MediaKind, Template] | None:
        for kind in MEDIA:
            if (source := getattr(self, kind)) is not None:
                return kind, source
        return None

    def ways(self) -> Iterator[Way]:
        yield from super().ways()
        yield from self.leads("window_closed", self.on_window_closed, "on_window_closed")

    def spoken(self) -> Iterator[Spoken]:
        captioned = self.media is not None and self.media[0] not in _SPEECHLESS
        if self.text is not None:
            yield Spoken(("text",), self.text, "caption" if captioned else "text")
        if self.caption is not None:
            yield Spoken(("caption",), self.caption, "caption" if captioned else "text")
        if self.footer is not None:
            yield Spoken(("footer",), self.footer, "footer")

    def expressions(self) -> Iterator[tuple[Path, Held]]:
        yield from super().expressions()
        if self.media is not None:
            yield (self.media[0],), self.media[1]
        for name in ("location", "contacts"):
            if (given := getattr(self, name)) is not None:
                yield from given.parts((name,))

    def enter(self, walk: Walk) -> Move:
        text = walk.render(self.words) if self.words is not None else ""
        quoted = str((walk.session.message or {}).get("id") or "") if self.reply_to else ""
        found = self.media
        if found is None and self.location is None and self.contacts is None:
            walk.say(Say(text=text, preview_url=self.preview_url, reply_to=quoted))
            return Go(self.next or "end")
        media = media_of(walk, *found, filename=self.filename) if found is not None else None
        alone = media is None or media.kind in _SPEECHLESS
        if alone and text:
            walk.say(Say(text=text, preview_url=self.preview_url, reply_to=quoted))
        place, cards = self._filled(walk, self.location), self._filled(walk, self.contacts)
        walk.say(
            Say(
                text="" if alone else text,
                media=media,
                location=place,
                contacts=tuple(cards or ()),
                reply_to="" if alone and text else quoted,
            )
        )
        return Go(self.next or "end")

    @staticmethod
    def _filled(walk: Walk, given: Json | None) -> Any:
        return None if given is None else given.value(walk.evaluate, walk.render)
