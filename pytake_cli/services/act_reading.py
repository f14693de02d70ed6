"""Reads the steps of macros and automations; every mistake with its line, its column and what would be right."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from pytake_cli.errors import InvalidData
from pytake_cli.flow.misfits import given as shown
from pytake_cli.flow.positions import Path, Positions
from pytake_cli.flow.problems import Phrase, Problem, near, problem
from pytake_cli.policy.acts import PRIORITIES, VERBS, Act
from pytake_cli.services import campaign_forms as forms
from pytake_cli.services import canned_text
from pytake_cli.services.campaign_forms import Unfit

MOST_STEPS = 30


@dataclass(slots=True)
class Page:
    """A file that is being read: where its parts stand, and what is wrong so far."""

    path: str
    positions: Positions
    slug: str  # of its mistakes
    problems: list[Problem] = field(default_factory=list)

    def say(self, message: str, at: Path, *, at_key: bool = False, fix: str = "", **values: Any) -> None:
        place = self.positions.key(at) if at_key else self.positions.value(at)
        self.problems.append(problem(self.slug, message, place, path=self.path, fix=fix, **values))

    def unknown(self, given: Mapping[str, Any], known: Collection[str], at: Path, what: str) -> None:
        """Says of every key that is none which was probably meant."""
        for name in given:
            if name not in known:
                meant = near(str(name), known)
                fix = "did you mean `{meant}`?" if meant else "there are {known}"
                self.say(
                    "`{name}` is no {what}", (*at, name), at_key=True, fix=fix,
                    name=name, what=Phrase(what), meant=meant, known=", ".join(known),
                )  # fmt: skip

    def unfit(self, key: str, expected: str, value: Any, at: Path) -> None:
        template = "`{key}` takes {expected}, not {given}"
        self.say(template, at, key=key, expected=Phrase(expected), given=shown(value))

    def take(self, key: str, form: Any, value: Any, at: Path, default: Any = None) -> Any:
        """The value as the form reads it; what it says is wrong is a mistake."""
        try:
            return form(value)
        except Unfit as unfit:
            self.unfit(key, unfit.expected, value, at)
        except InvalidData as error:
            reason = str(error.values.get("reason") or error).partition("\n")[0]
            self.say("{reason}", at, reason=reason)
        return default


def steps(page: Page, given: Any, at: Path, by: str) -> tuple[Act, ...]:
    """The steps of a list; `by`: macro or automation."""
    if not isinstance(given, list) or not given or len(given) > MOST_STEPS:
        page.unfit(str(at[-1]) if at else "steps", f"a list of 1 to {MOST_STEPS} steps", given, at)
        return ()
    found = [_step(page, each, (*at, index), by) for index, each in enumerate(given)]
    return tuple(act for act in found if act is not None)


def _step(page: Page, given: Any, at: Path, by: str) -> Act | None:
    verbs = {name: verb for name, verb in VERBS.items() if by in verb.by}
    if not isinstance(given, dict):
        page.unfit("a step", "a map such as {note: TEXT}", given, at)
        return None
    chosen = [name for name in given if name in verbs]
    if len(chosen) != 1:
        odd = next((name for name in given if name not in verbs), "")
        if chosen or not odd:
            page.say("a step does one thing; make a step of each", at)
        else:
            page.unknown({odd: None}, tuple(verbs), at, "step")
        return None
    [word] = chosen
    verb = verbs[word]
    page.unknown({key: None for key in given if key != word}, verb.beside, at, f"part of {word}")
    value = page.take(word, FORMS[verb.form], given[word], (*at, word))
    beside = {key: page.take(key, BESIDE[key], given[key], (*at, key)) for key in verb.beside if key in given}
    return None if value is None else Act(word, value, beside)


def text(value: Any) -> str:
    found = forms.text(value)
    canned_text.check(found)
    _refuse_open({"": found})
    return found


def changes(value: Any) -> dict[str, str | None]:
    if not isinstance(value, dict) or not value:
        raise Unfit("a map of values, such as {f.plano: pro}")
    return {str(key): each if each is None else str(each) for key, each in value.items()}


def until(value: Any) -> Any:
    return value if value == "reply" else span(value)


def yes(value: Any) -> bool:
    if value is not True:
        raise Unfit("true")
    return True


def name(value: Any) -> str:
    found = forms.text(value).strip().removeprefix("/")
    if not found:
        raise Unfit("a name")
    return found


def span(value: Any) -> Any:
    found = forms.duration(value)
    if not 1 <= found.total_seconds() <= 400 * 86400:
        raise Unfit("a duration from 1s to 400d")
    return found


def names(value: Any) -> list[str]:
    found = [value] if isinstance(value, str) else value
    if not isinstance(found, list) or not found or not all(isinstance(one, str) and one.strip() for one in found):
        raise Unfit("a word, or a list of words")
    return [one.strip() for one in found]


def words(value: Any) -> dict[str, str]:
    """A text, or a map from languages to texts; a place that nobody will fill is refused."""
    found = {"": value} if isinstance(value, str) else value
    if not isinstance(found, dict) or not found or not all(isinstance(each, str) for each in found.values()):
        raise Unfit("a text, or a map from languages to texts")
    for each in found.values():
        canned_text.check(each)
    _refuse_open(found)
    return dict(found)


def _refuse_open(texts: Mapping[str, str]) -> None:
    for text in texts.values():
        bare = canned_text.places(text)
        if bare:
            raise InvalidData(
                "PT-CANNED-TEXT",
                "nobody is there to fill {place}: give it a default",
                fix="{{{{ {place} | … }}}}",
                place=bare[0],
            )


def url(value: Any) -> str:
    text = forms.text(value).strip()
    try:
        parts = urlsplit(text)
    except ValueError:
        raise Unfit("an address, https://…") from None
    if parts.scheme != "https" or not parts.hostname or parts.username or re.search(r"\s", text):
        raise Unfit("an address, https://…")
    return text


def _values(value: Any) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(each, str | int | float) for each in value.values()):
        raise Unfit("a map from variables to texts")
    for each in value.values():
        canned_text.check(str(each))
    return {str(key): str(each) for key, each in value.items()}


FORMS: dict[str, Callable[[Any], Any]] = {
    "words": words,
    "text": text,
    "names": names,
    "name": name,
    "changes": changes,
    "priority": forms.one_of(*PRIORITIES),
    "until": until,
    "span": span,
    "yes": yes,
    "url": url,
}
BESIDE: dict[str, Callable[[Any], Any]] = {
    "or_template": forms.template,
    "language": forms.language,
    "values": _values,
    "to": forms.text,
}


def spoilt(acts: Sequence[Act]) -> str:
    """What is wrong with steps together: nothing follows a step that ends the conversation."""
    ends = [index for index, act in enumerate(acts) if act.verb == "resolve"]
    if ends and any(act.talks for act in acts[ends[0] :]):
        return "nothing can be said behind `resolve`"
    return ""
