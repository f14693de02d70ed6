"""The filter language of the inbox: `status:open label:vip waiting>10m -agent:@me text:"2ª via"`, one for all faces."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from pytake_cli.errors import InvalidData
from pytake_cli.policy.talks import NOBODY as NOBODY_OWNS
from pytake_cli.policy.talks import PRIORITIES, STATUSES

LONGEST = 1_000  # characters of a filter
MOST_TERMS = 30
LONGEST_SPAN = timedelta(days=36_500)  # so long ago is still a date
ME, NOBODY, ALL = "@me", "@none", "all"


@dataclass(frozen=True, slots=True)
class Key:
    """What may stand before the sign: `kind` says how its values are read and what completes them."""

    kind: str  # choice | span | number | name | words
    about: str
    example: str
    values: tuple[str, ...] = ()
    source: str = ""  # where names come from: users, teams, labels, numbers, flows, views


KEYS: dict[str, Key] = {
    "status": Key("choice", "where it stands", "status:open,queued", (*STATUSES, ALL)),
    "agent": Key("name", "who has it", "agent:@me", (ME, NOBODY), "users"),
    "team": Key("name", "which team has it", "team:vendas", (NOBODY,), "teams"),
    "label": Key("name", "a label it has", "label:vip", (), "labels"),
    "priority": Key("choice", "how urgent it is", "priority:urgent,high", PRIORITIES),
    "waiting": Key("span", "how long the customer has waited", "waiting>10m", ("yes", "no")),
    "window": Key("span", "what is left of the 24 hours", "window<2h", ("open", "closing", "closed")),
    "unread": Key("number", "how many messages nobody has read", "unread:yes", ("yes", "no")),
    "idle": Key("span", "since the last message", "idle>1d"),
    "age": Key("span", "since it began", "age<1d"),
    "resolved": Key("span", "when it was resolved", "resolved:today", ("today",)),
    "owner": Key("choice", "the bot's, people's or nobody's", "owner:bot", ("bot", "people", NOBODY_OWNS)),
    "vip": Key("choice", "whether the customer is a VIP", "vip:yes", ("yes", "no")),
    "starred": Key("choice", "whether you have starred it", "starred:yes", ("yes",)),
    "draft": Key("choice", "whether you have begun to write", "draft:yes", ("yes",)),
    "mention": Key("name", "who is named in its notes", "mention:@me", (ME,), "users"),
    "contact": Key("words", "a phone, contact:ID, @username or name", 'contact:"Karina Silva"'),
    "number": Key("name", "the business number", "number:+551140001234", (), "numbers"),
    "language": Key("words", "the customer's language", "language:pt"),
    "rating": Key("number", "the stars it got", "rating<3"),
    "text": Key("words", "words that were said", 'text:"boleto"'),
}
ALIASES = {
    "etiqueta": "label",
    "agente": "agent",
    "equipe": "team",
    "prioridade": "priority",
    "esperando": "waiting",
    "espera": "waiting",
    "janela": "window",
    "texto": "text",
    "contato": "contact",
    "cliente": "contact",
    "numero": "number",
    "número": "number",
    "etiquetas": "label",
    "labels": "label",
    "assignee": "agent",
}
WORDS = "words"  # the key of what stands without one: a name, a phone, or something that was said
_UNITS = {"s": 1, "m": 60, "min": 60, "h": 3_600, "d": 86_400, "w": 604_800}  # seconds
_SPAN = re.compile(r"(?:\d+(?:[.,]\d+)?(?:min|[smhdw]))+")
_PART = re.compile(r"(\d+(?:[.,]\d+)?)(min|[smhdw])")
_TERM = re.compile(
    r"""(?P<minus>-?)(?:(?P<key>[^\W\d_][\w-]*)(?P<op>:|<=|>=|<|>|=))?(?P<value>(?:"[^"]*"|[^\s",]*)(?:,(?:"[^"]*"|[^\s",]*))*)"""
)


@dataclass(frozen=True, slots=True)
class Term:
    """One condition: all terms hold, of several values any. `op` is `:` (is), `<` or `>`."""

    key: str
    op: str
    values: tuple[str, ...]
    negated: bool = False

    @property
    def span(self) -> timedelta:
        """The length of time of a comparison."""
        found = span(self.values[0])
        assert found is not None
        return found

    @property
    def number(self) -> int:
        return int(self.values[0])


def parse(text: str) -> tuple[Term, ...]:
    """The terms of a filter; raises PT-FILTER that says what is wrong and what would be right."""
    if len(text) > LONGEST:
        raise _wrong("PT-FILTER", text[:20], why="a filter has at most {most} characters", most=LONGEST)
    terms: list[Term] = []
    at = 0
    while (at := _skip_spaces(text, at)) < len(text):
        match = _TERM.match(text, at)
        if match is None or match.end() == at:
            raise _unreadable(text, at)
        if match.end() < len(text) and not text[match.end()].isspace():
            raise _unreadable(text, at)
        terms.append(_term(match, text[at : match.end()]))
        at = match.end()
    if len(terms) > MOST_TERMS:
        raise _wrong("PT-FILTER", text[:20], why="a filter has at most {most} conditions", most=MOST_TERMS)
    return tuple(terms)


def _skip_spaces(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at


def _unreadable(text: str, at: int) -> InvalidData:
    said = text[at : at + 30]
    if text[at:].count('"') % 2:
        return _wrong("PT-FILTER", said, 'text:"2ª via"', why="a quote is open: close it")
    return _wrong("PT-FILTER", said, "status:open label:vip waiting>10m")


def _term(match: re.Match[str], said: str) -> Term:
    negated = match["minus"] == "-"
    values = tuple(part.strip('"') for part in re.findall(r'"[^"]*"|[^,"]+', match["value"]))
    if match["key"] is None:
        word = match["value"].strip('"')
        if not word.strip():
            raise _wrong("PT-FILTER", said, "status:open", why="nothing stands here")
        return Term(WORDS, ":", (word,), negated)
    name = match["key"].lower()
    name = ALIASES.get(name, name)
    if name not in KEYS:
        raise _unknown(name, said)
    if not values or not all(value.strip() for value in values):
        raise _wrong("PT-FILTER", said, KEYS[name].example, why="a value is missing")
    op = {"=": ":", "<=": "<", ">=": ">"}.get(match["op"], match["op"])
    return Term(name, op, _checked(name, op, values, said), negated)


def _checked(name: str, op: str, values: tuple[str, ...], said: str) -> tuple[str, ...]:
    key = KEYS[name]
    if op != ":":
        return (_compared(name, key, values, said),)
    folded = tuple(value.lower() for value in values)
    if key.kind == "number" and all(value.isdecimal() and value.isascii() for value in values):
        return values
    if key.kind in ("choice", "number", "span"):
        for value in folded:
            if value not in key.values:
                raise _not_one_of(name, key, value, said)
        return folded
    return values


def _not_one_of(name: str, key: Key, value: str, said: str) -> InvalidData:
    if key.kind == "span" and span(value) is not None:
        compared = {"name": name, "value": value}
        return _wrong("PT-FILTER", said, key.example, why="times are compared: {name}>{value}", **compared)
    near = difflib.get_close_matches(value, key.values, 1, 0.5)
    if near:
        return _wrong("PT-FILTER", said, key.example, why="did you mean {near}?", near=near[0])
    if key.values:
        return _wrong("PT-FILTER", said, key.example, why="it is one of {known}", known=", ".join(key.values))
    return _wrong("PT-FILTER", said, key.example)


def _compared(name: str, key: Key, values: tuple[str, ...], said: str) -> str:
    if key.kind not in ("span", "number"):
        raise _wrong("PT-FILTER", said, key.example, why="{name} cannot be more or less: {name}:…", name=name)
    if len(values) != 1:
        raise _wrong("PT-FILTER", said, key.example, why="only one value can be compared with")
    [value] = values
    if key.kind == "number" and not (value.isascii() and value.isdecimal() and len(value) < 10):
        raise _wrong("PT-FILTER", said, key.example, why="{value} is no number", value=value)
    if key.kind == "span" and span(value) is None:
        raise _wrong(
            "PT-FILTER", said, key.example, why="{value} is no length of time such as 10m, 2h, 7d", value=value
        )
    return value


def span(text: str) -> timedelta | None:
    """`90s`, `10m`, `1h30m`, `7d`, `2w`; None for what is none."""
    words = text.strip().lower()
    if not _SPAN.fullmatch(words):
        return None
    try:
        found = timedelta(seconds=sum(float(n.replace(",", ".")) * _UNITS[unit] for n, unit in _PART.findall(words)))
    except OverflowError:
        return None
    return found if found <= LONGEST_SPAN else None


def _unknown(name: str, said: str) -> InvalidData:
    near = difflib.get_close_matches(name, (*KEYS, *ALIASES), 1, 0.5)
    if near:
        example = KEYS[ALIASES.get(near[0], near[0])].example
        return _wrong("PT-FILTER", said, example, why="did you mean {near}?", near=near[0])
    return _wrong("PT-FILTER", said, why="it knows {known}", known=", ".join(KEYS))


def _wrong(_: str, said: str, example: str = "", *, why: str = "", **values: object) -> InvalidData:
    """The slug stands in every call: the catalogue finds texts beside one."""
    return InvalidData(
        "PT-FILTER",
        "cannot read {said} in the filter",
        why=why,
        fix="for example {example}" if example else "pytake conversation list -h",
        said=said,
        example=example,
        **values,
    )


@dataclass(frozen=True, slots=True)
class Completion:
    """What may be put in place of the text from `start` to the cursor; `source` names what only the store knows."""

    start: int
    options: tuple[tuple[str, str], ...]  # (text, what it is)
    source: str = ""


def complete(text: str, cursor: int | None = None) -> Completion:
    """What may follow at the cursor: names of conditions, or their values."""
    before = text[: len(text) if cursor is None else cursor]
    start = max(before.rfind(" "), before.rfind("\t")) + 1
    begun = before[start:].removeprefix("-")
    start = len(before) - len(begun)
    match = re.fullmatch(r"([^\W\d_][\w-]*)(:|<|>|=)(.*)", begun)
    if match is None:
        options = [(_opening(name), key.about) for name, key in KEYS.items() if name.startswith(begun.lower())]
        return Completion(start, tuple(options))
    name = ALIASES.get(match[1].lower(), match[1].lower())
    known = KEYS.get(name)
    if known is None:
        return Completion(start, ())
    last = match[3].rpartition(",")[2]
    start = len(before) - len(last)
    if match[2] in "<>":
        spans = ("10m", "1h", "2h", "1d") if known.kind == "span" else ("1", "3", "5")
        return Completion(start, tuple((value, "") for value in spans if value.startswith(last)))
    chosen = tuple((value, "") for value in known.values if value.startswith(last.lower()))
    return Completion(start, chosen, known.source)


def _opening(name: str) -> str:
    return f"{name}:" if KEYS[name].kind != "span" else f"{name}>" if name in ("waiting", "idle") else f"{name}<"


def written(terms: Sequence[Term]) -> str:
    """The terms as text that `parse` reads again."""
    return " ".join(_written(term) for term in terms)


def _written(term: Term) -> str:
    values = ",".join(f'"{value}"' if re.search(r"[\s,:<>=]", value) or not value else value for value in term.values)
    if term.key == WORDS:
        # a word that looks like something else is quoted
        values = values if re.fullmatch(r"[\w+@.]+", values) else f'"{term.values[0]}"'
        return f"{'-' * term.negated}{values}"
    return f"{'-' * term.negated}{term.key}{term.op}{values}"
