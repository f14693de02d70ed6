"""How what a flow says is shown: buttons, lists or pages, cut to Meta's limits.

Up to three choices without descriptions are reply buttons; four to ten, or any with a description, are a list; more are
pages of nine with a row "more". A title too long for a button makes a list. A picture above a list goes before it, as a
message of its own: Meta takes pictures above buttons only. Choices of `multi` are numbered lines of the text.

A rendered text that is longer than Meta allows is cut at a word, ends in "…", and is an incident: the customer gets
most of it, and `pytake flow stats` tells. A rendered text with nothing in it is not sent: an `ask` fails by it.

An option's id says which step asked: `ask_service:odonto`. So a button of an earlier question is told from one of this.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from pytake_cli.flow.limits import CONTACT_CARDS, LIMITS, MAX_BUTTONS, MAX_ROWS
from pytake_cli.flow.phrases import phrase
from pytake_cli.flow.speech import Gesture, Media, Option, Say, SayForm, SayTemplate, Speech

MORE = "+more"  # the choice id of the row that shows the next page; no choice of a flow can have it
PAGE = MAX_ROWS - 1
_WITH_CAPTION = ("image", "video", "document")
_ABOVE_BUTTONS = ("image", "video", "document")
_IN_TURN = str.maketrans({"\n": " ", "\r": " ", "\t": " "})


def option_id(step: str, choice: str) -> str:
    """`ask_service:odonto`."""
    return f"{step}:{choice}"[: LIMITS["row_id"]]


def choice_of(given: str) -> tuple[str, str]:
    """(step, choice) of an option's id; the step is empty when the id was not made by `option_id`."""
    step, colon, choice = given.partition(":")
    return (step, choice) if colon else ("", given)


def question(
    step: str,
    text: str,
    options: Sequence[Option],
    *,
    language: str,
    page: int = 0,
    media: Media | None = None,
    header: str = "",
    footer: str = "",
    button: str = "",
) -> list[Say]:
    """The messages that ask: the question with its options (ids are choices'), before it what cannot be part of it."""
    before, media = _apart(options, media)
    said = Say(text=text, media=media, header=header, footer=footer)
    if not options:
        return [*before, said]
    if _are_buttons(options):
        return [*before, replace(said, buttons=tuple(_sent(step, option) for option in options))]
    rows = [_sent(step, option) for option in on_page(options, page)]
    if len(options) > MAX_ROWS and (page + 1) * PAGE < len(options):
        rows.append(Option(option_id(step, MORE), phrase("more", language)))
    return [*before, replace(said, rows=tuple(rows), button=button or phrase("choose", language))]


def _apart(options: Sequence[Option], media: Media | None) -> tuple[list[Say], Media | None]:
    if media is None:
        return [], None
    together = media.kind in _WITH_CAPTION if not options else _are_buttons(options) and media.kind in _ABOVE_BUTTONS
    return ([], media) if together else ([Say(media=media)], None)


def _are_buttons(options: Sequence[Option]) -> bool:
    return len(options) <= MAX_BUTTONS and not any(
        option.description or len(option.title) > LIMITS["button"] for option in options
    )


def on_page(options: Sequence[Option], page: int) -> Sequence[Option]:
    """The options of one page; all of them when one list holds them."""
    if len(options) <= MAX_ROWS:
        return options
    return options[page * PAGE : (page + 1) * PAGE]


def pages(options: Sequence[Option]) -> int:
    """How many pages the options take."""
    return 1 if len(options) <= MAX_ROWS else -(-len(options) // PAGE)


def _sent(step: str, option: Option) -> Option:
    return replace(option, id=option_id(step, option.id))


def numbered(text: str, options: Sequence[Option]) -> str:
    """The text with a numbered line for each option."""
    return "\n".join([text, "", *(f"{number}. {option.title}" for number, option in enumerate(options, 1))])


def fit(said: Say) -> tuple[Say, list[tuple[str, int]]]:
    """The message within Meta's limits, and what had to be cut: (place, its length)."""
    asks = said.buttons or said.rows or said.asks_location
    place = "body" if asks else "caption" if said.media is not None else "text"
    if not (said.header or said.footer or asks or said.contacts) and len(said.text) <= LIMITS[place]:
        return said, []
    cuts: list[tuple[str, int]] = []
    options = tuple(_fit_option(option, "button", cuts) for option in said.buttons)
    rows = tuple(_fit_option(option, "row_title", cuts) for option in said.rows)
    fitted = replace(
        said,
        text=_fit(said.text, place, cuts),
        header=_fit(said.header.translate(_IN_TURN), "header", cuts),
        footer=_fit(said.footer.translate(_IN_TURN), "footer", cuts),
        button=_fit(said.button.translate(_IN_TURN).strip(), "button", cuts),
        buttons=_distinct(options, LIMITS["button"]),
        rows=_distinct(rows, LIMITS["row_title"]),
        contacts=said.contacts[:CONTACT_CARDS],
    )
    return fitted, cuts


def _fit_option(option: Option, place: str, cuts: list[tuple[str, int]]) -> Option:
    title = _fit(" ".join(option.title.split()), place, cuts) or "–"
    return Option(option.id, title, _fit(option.description.translate(_IN_TURN).strip(), "row_description", cuts))


def _distinct(options: tuple[Option, ...], limit: int) -> tuple[Option, ...]:
    """Meta refuses two buttons of one title: the second gets a number."""
    seen: set[str] = set()
    kept = []
    for option in options:
        title, number = option.title, 1
        while title in seen:
            number += 1
            title = f"{option.title[: limit - len(str(number)) - 1]} {number}"
        seen.add(title)
        kept.append(option if title == option.title else replace(option, title=title))
    return tuple(kept)


def _fit(text: str, place: str, cuts: list[tuple[str, int]]) -> str:
    if len(text) > LIMITS[place]:
        cuts.append((place, len(text)))
    return cut(text, LIMITS[place])


def cut(text: str, limit: int) -> str:
    """The text within `limit`, ending at a word with "…"; at a letter where the last word begins too early."""
    if len(text) <= limit:
        return text
    kept = text[: limit - 1]
    if not text[limit - 1].isspace():
        word = max(kept.rfind(" "), kept.rfind("\n"))
        kept = kept[:word] if word > limit * 2 // 3 else kept
    return f"{kept.rstrip()}…"


def is_empty(said: Say) -> bool:
    """True for what Meta refuses as empty."""
    if said.media is not None and not (said.buttons or said.rows):
        return False
    return not (said.text.strip() or said.location or said.contacts)


def needs_window(speech: Speech) -> bool:
    """True for what reaches a customer only within 24 hours of their last message."""
    return not isinstance(speech, SayTemplate | Gesture)


def gist(speech: Speech) -> str:
    """What makes two messages the same to the one who reads them; empty for what may repeat."""
    if isinstance(speech, Say):
        media = speech.media.source if speech.media else ""
        place = str(speech.location or "") + str(speech.contacts or "")
        return "\n".join((speech.text, media, place, *(row.id for row in speech.buttons or speech.rows)))
    if isinstance(speech, SayTemplate):
        return f"{speech.name}/{speech.language}/{speech.components}"
    return speech.text + speech.flow_id if isinstance(speech, SayForm) else ""


def to_offer(given: Any) -> Option:
    """An option of `choices_from`: a word, or a map with id, title and description."""
    if isinstance(given, dict):
        ident = str(given.get("id") or given.get("title") or "")
        return Option(ident, str(given.get("title") or ident), str(given.get("description") or ""))
    return Option(str(given), str(given))
