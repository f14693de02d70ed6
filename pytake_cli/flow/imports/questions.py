"""Joins what was said with the question behind it: other makers send words and then wait, ours asks with the words."""

from __future__ import annotations

from typing import Any

from pytake_cli.flow.imports.draft import SUFFIX, Draft, Fields, targets
from pytake_cli.flow.limits import LIMITS
from pytake_cli.flow.problems import Phrase

# what is asked where the export waits without a word; by language, `{}` when there are choices
_WORDS = {
    "pt": ("Escreva a sua resposta.", "Escolha uma opção."),
    "en": ("Type your answer.", "Choose an option."),
    "es": ("Escribe tu respuesta.", "Elige una opción."),
    "fr": ("Écrivez votre réponse.", "Choisissez une option."),
}
_PICTURES = ("image", "video", "document")


def join(draft: Draft) -> None:
    """Every question without words takes those of each step that leads to it and does nothing but say them."""
    for fields in draft.steps.values():
        behind = draft.steps.get(str(fields.get("next")), {})
        if "choices" in fields and "say" in fields and behind.get("expect"):
            _spell_out(fields)
    silent = [name for name, fields in draft.steps.items() if fields.get("ask") == ""]
    for name in silent:
        question = draft.steps[name]
        leading = [each for each, fields in draft.steps.items() if name in targets(fields)]
        asked: Fields = {}
        for each in leading:
            words = _words(draft.steps[each], name, question)
            if words is not None:
                said = draft.steps[each]
                draft.steps[each] = {**question, "ask": _below(words, question.get(SUFFIX)), **_media(said)}
                asked = asked or {"ask": draft.steps[each]["ask"], **_media(said)}
                _note(draft, each, said)
        entered = name == draft.start or any(each["goto"] == name for each in draft.header.get("on", ()))
        if entered or any(name in targets(fields) for fields in draft.steps.values()):
            question |= asked or {"ask": _below(_own(draft, name, question), question.get(SUFFIX))}
            if asked:
                _tell(draft, name, Phrase("where nothing is said before it, it asks with the same words again"))
        else:
            _moved(draft, name, leading)
            del draft.steps[name]
    for fields in draft.steps.values():
        fields.pop(SUFFIX, None)
        fields.pop("placeholder", None)
        if "choices" in fields and "ask" not in fields:
            _spell_out(fields)


def _words(said: Fields, name: str, question: Fields) -> Any:
    """The words of a step that may become the question's, None if it does more or they are too long."""
    if "say" not in said or said.get("next") != name or set(said) - {"say", "next", "choices", "note", *_PICTURES}:
        return None
    words = said["say"]
    if not words or "if" in said or (any(kind in said for kind in _PICTURES) and question.get("expect") == "multi"):
        return None
    limit = LIMITS["body" if "choices" in question or "choices" in said else "text"]
    if any(kind in said for kind in _PICTURES):
        limit = LIMITS["caption"]
    more = question.get(SUFFIX) or ""
    longest = max(map(len, words.values() if isinstance(words, dict) else [words])) + len(more) + 1
    return words if longest <= limit else None


def _media(said: Fields) -> Fields:
    """The picture above the question, and the choices that were sent with the words."""
    shown = {kind: said[kind] for kind in _PICTURES if kind in said}
    return ({"media": shown} if shown else {}) | ({"choices": said["choices"]} if "choices" in said else {})


def _below(words: Any, more: str | None) -> Any:
    if not more:
        return words
    if isinstance(words, dict):
        return {language: f"{text}\n{more}" for language, text in words.items()}
    return f"{words}\n{more}"


def _own(draft: Draft, name: str, question: Fields) -> Any:
    """What is asked when nothing was said before: the words of the empty field, or some of ours."""
    given = question.get("placeholder")
    words = given or _WORDS.get(draft.language.split("-")[0].lower(), _WORDS["en"])[bool(question.get("choices"))]
    _tell(draft, name, Phrase('it waits without a word before it, so it asks: "{words}"'), words=words)
    return words


def _tell(draft: Draft, name: str, why: Phrase, **values: str) -> None:
    for item in draft.items:
        if item.step == name:
            item.changed(why, **values)
            return


def _moved(draft: Draft, name: str, leading: list[str]) -> None:
    for item in draft.items:
        if item.step == name:
            item.step = leading[0]


def _note(draft: Draft, name: str, said: Fields) -> None:
    if "note" in said:
        draft.steps[name]["note"] = said["note"]


def _spell_out(said: Fields) -> None:
    """Choices that nobody waits for: their names stand below the words, to be typed."""
    choices = said.pop("choices")
    titles = [
        choice["title"] if isinstance(choice, dict) and "title" in choice else choice for choice in choices.values()
    ]

    def names(language: str) -> str:
        found = (
            title.get(language) or next(iter(title.values())) if isinstance(title, dict) else title for title in titles
        )
        return "\n".join(f"• {title}" for title in found)

    words = said.get("say")
    if isinstance(words, dict):
        said["say"] = {language: f"{text}\n{names(language)}" for language, text in words.items()}
    else:
        said["say"] = f"{words}\n{names('')}" if words else names("")
