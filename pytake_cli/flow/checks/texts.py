"""What customers see: Meta's limits in every language, missing languages, choices that cannot be told apart."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pytake_cli.flow.checks.inquiry import Inquiry
from pytake_cli.flow.expressions import Template
from pytake_cli.flow.limits import LIMITS
from pytake_cli.flow.positions import Path
from pytake_cli.flow.problems import Phrase
from pytake_cli.flow.values import Text
from pytake_cli.flow.words import fold

# place of a text -> what it is called
PLACES: dict[str, Phrase] = {
    "text": Phrase("a text"),
    "body": Phrase("the text of a question with choices"),
    "caption": Phrase("the words below a file"),
    "header": Phrase("a header"),
    "footer": Phrase("a footer"),
    "button": Phrase("a button"),
    "row_title": Phrase("a choice in a list"),
    "row_description": Phrase("the description of a choice"),
    "section_title": Phrase("the title of a section"),
    "form_button": Phrase("the button of a form"),
    "template_param": Phrase("a value for a template"),
}


def check(inquiry: Inquiry) -> None:
    """Everything about texts."""
    for name, step in inquiry.steps.items():
        for spoken in step.spoken():
            at: Path = ("steps", name, *spoken.path)
            _length(inquiry, at, spoken.text, spoken.limit)
        _titles(inquiry, name, step)
    _languages(inquiry)


def least(template: Template) -> int:
    """How long the text is at least: with nothing in the place of its expressions."""
    return template.least


def by_language(at: Path, text: Text) -> Iterator[tuple[Path, str, Template]]:
    """(path, language, template) of each."""
    for language, template in text.templates():
        yield (*at, language) if language else at, language, template


def _length(inquiry: Inquiry, at: Path, text: Text, limit: str) -> None:
    most = LIMITS[limit]
    for path, _language, template in by_language(at, text):
        if not template.source.strip():
            inquiry.say("PT-FLOW-EMPTY-TEXT", "this text is empty", path)
        elif inquiry.positions.is_cut_off(path):
            inquiry.say(
                "PT-FLOW-QUOTES",
                "the text ends before the #: what follows is a comment",
                path,
                severity="warning",
                fix="put the text in quotes, or a space behind the #",
            )
        elif (length := least(template)) > most:
            inquiry.say(
                "PT-FLOW-LENGTH",
                "{what} has at most {most} characters, and this has {length}"
                if template.is_constant
                else "{what} has at most {most} characters, and this has {length} even with nothing filled in",
                path,
                fix="shorten it by {excess}",
                what=PLACES.get(limit, limit),
                most=most,
                length=length,
                excess=length - most,
            )


def _titles(inquiry: Inquiry, name: str, step: Any) -> None:
    """Two choices with one title look the same; the answer's words cannot tell them apart."""
    choices = getattr(step, "choices", None)
    if not isinstance(choices, dict):
        return
    seen: dict[tuple[str, str], str] = {}
    for key, choice in choices.items():
        title = choice if isinstance(choice, Text) else getattr(choice, "title", None)
        if not isinstance(title, Text):
            continue
        for path, language, template in by_language(("steps", name, "choices", key), title):
            folded = (language, fold(template.source))
            if folded in seen:
                inquiry.say(
                    "PT-FLOW-TITLES",
                    'the choices `{one}` and `{other}` have the same title "{title}"',
                    path if inquiry.positions.has(path) else ("steps", name, "choices", key, "title"),
                    fix="give each its own",
                    one=seen[folded],
                    other=key,
                    title=template.source,
                )
                break
            seen[folded] = key


def _languages(inquiry: Inquiry) -> None:
    """A flow that speaks a language here speaks it everywhere; a plain text is in the flow's own."""
    texts = [
        (("steps", name, *spoken.path), spoken.text) for name, step in inquiry.steps.items() for spoken in step.spoken()
    ]
    own = inquiry.flow.language
    spoken_languages = dict.fromkeys(
        language or own for _at, text in texts for language, template in text.templates() if _has_words(template)
    )
    for at, text in texts:
        if not any(_has_words(template) for _language, template in text.templates()):
            continue
        there = {_root(language or own) for language, _template in text.templates()}
        missing = [language for language in (own, *spoken_languages) if _root(language) not in there]
        if missing:
            inquiry.say(
                "PT-FLOW-LANGUAGE",
                "this text is not there in {languages}, which other texts of the flow are",
                at,
                severity="warning",
                languages=", ".join(dict.fromkeys(missing)),
            )


def _root(language: str) -> str:
    return language.replace("_", "-").split("-")[0].lower()


def _has_words(template: Template) -> bool:
    constant = template.source if not template.references and "{{" not in template.source else ""
    if constant:
        return any(char.isalpha() for char in constant)
    outside = "".join(part.rpartition("}}")[2] for part in template.source.split("{{"))
    return any(char.isalpha() for char in outside)
