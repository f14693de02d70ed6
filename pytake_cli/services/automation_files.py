"""Automation files: YAML read into a policy.automations.Automation; every mistake with its line and its remedy.

when: {customer_silent: 24h}
if: {owner: people, contact: not tag = vip}
then:
  - reply: Como não tivemos resposta, vou encerrar por aqui. É só chamar!
  - resolve: true
over: people
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import timedelta
from pathlib import PurePath
from typing import Any

from pytake_cli.errors import InvalidData
from pytake_cli.flow import reader
from pytake_cli.flow.misfits import given as shown
from pytake_cli.flow.patterns import PatternError, compile_pattern
from pytake_cli.flow.positions import Path
from pytake_cli.flow.problems import FlowErrors, Problem, in_order, near, problem
from pytake_cli.policy.acts import PRIORITIES
from pytake_cli.policy.automations import EVENTS, LISTED, MODES, NEEDS_WORDS, TIMED, Automation, Conditions, Said, When
from pytake_cli.segment import check
from pytake_cli.segment.tree import SegmentError
from pytake_cli.services import act_reading
from pytake_cli.services import campaign_forms as forms
from pytake_cli.services.act_reading import Page
from pytake_cli.services.campaign_forms import Unfit
from pytake_cli.store.conversations import BY_BOT, BY_PEOPLE, NOBODY, STATUSES

SLUG = "PT-AUTO-FILE"
NAME = re.compile(r"(?!\d+$)[a-z0-9][a-z0-9-]{0,62}")
KEYS = ("name", "title", "when", "if", "then", "cancel_on", "over", "once_in")
CONDITIONS = ("status", "owner", "priority", "team", "agent", "label", "number", "contact", "hours", "window", "text")
SHORTEST, LONGEST = timedelta(seconds=5), timedelta(days=400)  # of spans that an event waits for
SEVERAL = 4  # mistakes that an error tells in full


class AutomationErrors(InvalidData):
    """A file that is no automation; `problems` are all of its mistakes."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = in_order(problems)
        told = [str(each) for each in self.problems]
        super().__init__(
            SLUG,
            "{first}" if len(told) == 1 else "{first} (and {more} more)",
            why="\n".join(told[1:SEVERAL]).replace("{", "{{").replace("}", "}}"),
            fix="pytake help automations",
            first=told[0] if told else "",
            more=len(told) - 1,
        )


def read(source: str | bytes, path: str) -> Automation:
    """The automation of a file; AutomationErrors with all that is wrong in it."""
    try:
        found = reader.read(reader.decode(source, path) if isinstance(source, bytes) else source, path)
    except FlowErrors as error:
        raise AutomationErrors(error.problems) from None
    page = Page(path, found.positions, SLUG, list(found.problems))
    if not isinstance(found.data, dict):
        template = "an automation is a map with `when` and `then`, not {given}"
        raise AutomationErrors([problem(SLUG, template, path=path, given=shown(found.data))])
    made = _Reading(page, found.data).automation()
    if page.problems:
        raise AutomationErrors(page.problems)
    return made


class _Reading:
    def __init__(self, page: Page, data: dict[str, Any]) -> None:
        self.page, self.data = page, data

    def automation(self) -> Automation:
        page, data = self.page, self.data
        page.unknown(data, KEYS, (), "part of an automation")
        for key in ("when", "then"):
            if key not in data:
                page.say("the automation needs `{key}`", (), key=key)
        then = act_reading.steps(page, data["then"], ("then",), "automation") if "then" in data else ()
        if wrong := act_reading.spoilt(then):
            page.say(wrong, ("then",))
        if then and all(act.verb == "wait" for act in then):
            page.say("nothing is done after the wait", ("then",))
        when = self._when(data["when"]) if "when" in data else ()
        return Automation(
            name=self._name(),
            title=self._form("title", forms.text, ""),
            when=when,
            conditions=self._conditions(data.get("if")),
            then=then,
            cancel_on=tuple(self._some("cancel_on", [each for each in EVENTS if each not in TIMED])),
            over=tuple(self._some("over", ["people", "bot"])),
            once_in=self._form("once_in", act_reading.span, None),
        )

    def _form(self, key: str, form: Any, default: Any) -> Any:
        if self.data.get(key) is None:
            return default
        return self.page.take(key, form, self.data[key], (key,), default)

    def _name(self) -> str:
        stem = PurePath(self.page.path).name.removesuffix(".yaml").removesuffix(".yml")
        name = self.data.get("name") or re.sub(r"[^a-z0-9-]+", "-", stem.lower()).strip("-")[:63]
        if isinstance(name, str) and NAME.fullmatch(name):
            return name
        self.page.say("{given} is no name: small letters, digits and hyphens", ("name",), given=shown(name))
        return ""

    def _some(self, key: str, known: list[str]) -> list[str]:
        given = self._form(key, act_reading.names, [])
        self._known(given, known, (key,))
        return list(given)

    def _known(self, given: Iterable[str], known: Iterable[str], at: Path) -> None:
        """Says of words that are none of the known which was probably meant."""
        listed = tuple(known)
        for word in given:
            if word not in listed:
                meant = near(word, listed)
                fix = "did you mean `{meant}`?" if meant else "there are {known}"
                self.page.say(
                    "`{key}` knows no {word}", at, fix=fix, key=str(at[-1]), word=word, meant=meant,
                    known=", ".join(listed),
                )  # fmt: skip

    # -- when

    def _when(self, given: Any) -> tuple[When, ...]:
        """`message_in`, `{tagged: vip}`, or a list of these."""
        many = given if isinstance(given, list) else [given]
        found: list[When] = []
        for index, each in enumerate(many):
            at: Path = ("when", index) if isinstance(given, list) else ("when",)
            if isinstance(each, str):
                found += self._event(each, None, at, at)
            elif isinstance(each, dict) and each:
                for name, value in each.items():
                    found += self._event(str(name), value, (*at, name), (*at, name))
            else:
                self.page.unfit("when", "an event, such as message_in or {customer_silent: 24h}", each, at)
        return tuple(found)

    def _event(self, name: str, value: Any, at: Path, key_at: Path) -> list[When]:
        if name not in EVENTS:
            meant = near(name, EVENTS)
            fix = "did you mean `{meant}`?" if meant else "there are {known}"
            self.page.say(
                "`{name}` is no event", key_at, at_key=len(key_at) > 1 and isinstance(key_at[-1], str), fix=fix,
                name=name, meant=meant, known=", ".join(EVENTS),
            )  # fmt: skip
            return []
        if name in TIMED:
            span = self.page.take(name, _silence, value, at)
            return [When(name, span)] if span else []
        if name in LISTED and (value not in (None, True) or name in NEEDS_WORDS):
            words = self.page.take(name, act_reading.names, value, at, [])
            if name == "status":
                self._known(words, STATUSES, at)
            return [When(name, words=tuple(words))]
        if value not in (None, True):
            self.page.unfit(name, "nothing", value, at)
        return [When(name)]

    # -- if

    def _conditions(self, given: Any) -> Conditions:
        if given is None:
            return Conditions()
        if not isinstance(given, dict):
            self.page.unfit("if", "a map of conditions, such as {status: open}", given, ("if",))
            return Conditions()
        self.page.unknown(given, CONDITIONS, ("if",), "condition")
        found: dict[str, Any] = {}
        for key in ("status", "owner", "priority", "team", "agent", "label", "number"):
            if key in given:
                found[key] = tuple(self.page.take(key, act_reading.names, given[key], ("if", key), []))
        for key, known in (
            ("status", STATUSES),
            ("owner", (NOBODY, BY_BOT, BY_PEOPLE)),
            ("priority", PRIORITIES),
        ):
            self._known(found.get(key, ()), known, ("if", key))
        for key, form in (("contact", _segment), ("hours", _hours), ("window", _window), ("text", _text)):
            if key in given:
                value = self.page.take(key, form, given[key], ("if", key))
                found |= {key: value} if value is not None else {}
        return Conditions(**found)


def _silence(value: Any) -> timedelta:
    found = forms.duration(value)
    if not SHORTEST <= found <= LONGEST:
        raise Unfit("a duration from 5s to 400d")
    return found


def _segment(value: Any) -> str:
    text = forms.text(value)
    try:
        check.read(text)
    except SegmentError as error:
        raise InvalidData(SLUG, "{reason}", reason=f"{error.message}{f'; {error.fix}' if error.fix else ''}") from None
    return text


def _hours(value: Any) -> tuple[bool, str]:
    """`open`, `closed`, or with the name of a schedule: {open: loja}."""
    if value in ("open", "closed"):
        return value == "open", ""
    if isinstance(value, dict) and len(value) == 1:
        [(word, name)] = value.items()
        if word in ("open", "closed") and isinstance(name, str) and name:
            return word == "open", name
    raise Unfit("open, closed, {open: SCHEDULE} or {closed: SCHEDULE}")


def _window(value: Any) -> bool:
    return forms.one_of("open", "closed")(value) == "open"


def _text(value: Any) -> Said:
    """Words that the text has, or {starts: …}, {whole: …}, {regex: …}."""
    mode, words = "contains", value
    if isinstance(value, dict):
        if len(value) != 1 or next(iter(value)) not in MODES:
            raise Unfit("words, or one of whole, starts, contains, regex")
        [(mode, words)] = value.items()
    found = act_reading.names(words)
    if mode == "regex":
        for word in found:
            try:
                compile_pattern(word)
            except PatternError as error:
                raise InvalidData(SLUG, "{reason}", reason=error.message) from None
    return Said(tuple(found), mode)
