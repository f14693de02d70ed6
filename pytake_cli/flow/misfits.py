"""What does not fit the models: pydantic's errors as one sentence each, at the place that is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from pytake_cli.flow.expressions import ExpressionError, compile_expression, compile_template
from pytake_cli.flow.fields import keys_at
from pytake_cli.flow.positions import Path, Positions
from pytake_cli.flow.problems import Phrase, Problem, near, problem

STEP_NAME = Phrase("a name of small letters, digits and _, at most 40")
# pattern of a name -> what it is
PATTERNS: dict[str, Phrase] = {
    r"^[a-z0-9_]{1,40}$": STEP_NAME,
    r"^[a-z0-9-]{1,40}$": Phrase("a name of small letters, digits and -, at most 40"),
    r"^[a-z_][a-z0-9_]{0,39}$": Phrase("a name of small letters, digits and _ that begins with a letter, at most 40"),
}
# pydantic's type of error -> what would fit
EXPECTED: dict[str, Phrase] = {
    "string_type": Phrase("a text"),
    "int_type": Phrase("a whole number"),
    "int_parsing": Phrase("a whole number"),
    "int_from_float": Phrase("a whole number"),
    "float_type": Phrase("a number"),
    "float_parsing": Phrase("a number"),
    "decimal_type": Phrase("a number"),
    "decimal_parsing": Phrase("a number"),
    "bool_type": Phrase("true or false"),
    "bool_parsing": Phrase("true or false"),
    "list_type": Phrase("a list"),
    "tuple_type": Phrase("a list"),
    "set_type": Phrase("a list"),
    "dict_type": Phrase("a map"),
    "mapping_type": Phrase("a map"),
    "model_type": Phrase("a map"),
    "model_attributes_type": Phrase("a map"),
    "dataclass_type": Phrase("a map"),
    "is_instance_of": Phrase("a map"),
}
_QUOTED = re.compile(r"`(\w+)")
_LIMITS = {"greater_than_equal": "ge", "greater_than": "gt", "less_than_equal": "le", "less_than": "lt"}


def told(
    errors: Iterable[ErrorDetails], data: Any, positions: Positions, path: str, *, at: Path, model: type[BaseModel]
) -> list[Problem]:
    """A problem for each cause. `data` is what was validated and stands at `at` in the file."""
    groups: dict[tuple[Path, ...], list[_Misfit]] = {}
    misfits = [_Misfit.of(error, data) for error in errors]
    for misfit in misfits:
        if misfit.error["type"] == "too_short" and any(_within(each, misfit) for each in misfits):
            continue  # those that are there do not count, as they are wrong themselves
        groups.setdefault((misfit.union if misfit.branch else misfit.place,), []).append(misfit)
    teller = _Teller(positions, path, at, model)
    found: list[Problem] = []
    for (place,), misfits in groups.items():
        found += teller.of_union(place, misfits) if misfits[0].branch else [teller.of(each) for each in misfits[:1]]
    return found


def _within(one: _Misfit, other: _Misfit) -> bool:
    return len(one.place) > len(other.place) and one.place[: len(other.place)] == other.place


class _Misfit:
    """An error with the part of its location that is in the data, and the branch of a union that it came from."""

    def __init__(self, error: ErrorDetails, place: Path, union: Path, branch: str, missing: str) -> None:
        self.error = error
        self.place = place
        self.union = union
        self.branch = branch
        self.missing = missing

    @classmethod
    def of(cls, error: ErrorDetails, data: Any) -> _Misfit:
        place: list[str | int] = []
        union: Path = ()
        branch = missing = ""
        location = error["loc"]
        for index, part in enumerate(location):
            if _holds(data, part):
                place.append(part)
                data = data[part]
            elif index == len(location) - 1 and error["type"] == "missing":
                missing = str(part)
            elif part != "[key]" and not branch:
                union, branch = tuple(place), str(part)
        return cls(error, tuple(place), union, branch, missing)


def _holds(data: Any, part: str | int) -> bool:
    if isinstance(data, Mapping):
        return part in data
    return isinstance(data, list) and isinstance(part, int) and part < len(data)


class _Teller:
    def __init__(self, positions: Positions, path: str, at: Path, model: type[BaseModel]) -> None:
        self.positions = positions
        self.path = path
        self.at = at
        self.model = model

    def of_union(self, place: Path, misfits: list[_Misfit]) -> list[Problem]:
        """The branch that came nearest speaks; where none did, all that would fit is named."""
        branches: dict[str, list[_Misfit]] = {}
        for each in misfits:
            branches.setdefault(each.branch, []).append(each)
        nearest = [
            group
            for group in branches.values()
            if not any(each.place == place and _is_kind(each.error) for each in group)
        ]
        if nearest:
            best = min(
                nearest, key=lambda group: (sum(each.error["type"] == "extra_forbidden" for each in group), len(group))
            )
            seen: dict[Path, _Misfit] = {}
            for each in best:
                seen.setdefault((*each.place, each.missing), each)
            return [self.of(each) for each in seen.values()]
        custom = [each for each in misfits if each.error["type"] not in EXPECTED]
        if custom:
            return [self.of(custom[0])]
        wanted = list(dict.fromkeys(EXPECTED[each.error["type"]] for each in misfits))
        if len(wanted) == 1:
            return [self._takes(misfits[0], wanted[0])]
        return [
            self._say(
                "PT-FLOW-KIND",
                "`{key}` takes {one} or {other}, not {given}",
                misfits[0],
                key=self._key(misfits[0]),
                one=wanted[0],
                other=wanted[1],
                given=given(misfits[0].error["input"]),
            )
        ]

    def of(self, misfit: _Misfit) -> Problem:
        error = misfit.error
        kind, context = error["type"], error.get("ctx", {})
        if misfit.missing:
            return self._missing(misfit)
        if kind == "extra_forbidden":
            return self._unknown(misfit)
        if kind == "literal_error":
            return self._word(misfit, _words(str(context.get("expected", ""))))
        if kind == "string_pattern_mismatch":
            return self._pattern(misfit, str(context.get("pattern", "")))
        if kind in _LIMITS:
            return self._bound(misfit, kind, context.get(_LIMITS[kind]))
        if kind in ("too_short", "too_long", "string_too_short", "string_too_long"):
            return self._length(misfit, kind, context)
        if kind == "flow_expression" and "offset" in context:
            return self._expression(misfit, context["problem"], int(context["offset"]))
        if kind in EXPECTED:
            return self._takes(misfit, EXPECTED[kind])
        if kind.startswith("flow_"):
            return self._custom(misfit)
        return self._other(misfit)

    def _missing(self, misfit: _Misfit) -> Problem:
        whole = (*self.at, *misfit.place)
        if not whole:
            return self._say("PT-FLOW-MISSING", "the flow needs `{key}`", misfit, key=misfit.missing)
        return self._say(
            "PT-FLOW-MISSING", "`{where}` needs `{key}`", misfit, key_place=True, where=_name(whole), key=misfit.missing
        )

    def _unknown(self, misfit: _Misfit) -> Problem:
        *inside, key = (*misfit.place,) or ("",)
        known = sorted(keys_at(self.model, tuple(inside)))
        meant = near(str(key), known)
        where = _name((*self.at, *inside))
        if meant:
            return self._say(
                "PT-FLOW-UNKNOWN",
                "there is no key `{key}` here",
                misfit,
                fix="did you mean `{meant}`?",
                key_place=True,
                key=key,
                meant=meant,
            )
        if not where:
            template = "a flow has no key `{key}`"
        elif known:
            template = "`{where}` has no key `{key}`"
        else:
            template = "there is no key `{key}` here"
        return self._say(
            "PT-FLOW-UNKNOWN",
            template,
            misfit,
            fix="there are {known}" if 0 < len(known) <= 12 else "",
            key_place=True,
            where=where,
            key=key,
            known=", ".join(known),
        )

    def _word(self, misfit: _Misfit, words: list[str]) -> Problem:
        value = misfit.error["input"]
        meant = near(str(value), words) if isinstance(value, str) else ""
        return self._say(
            "PT-FLOW-WORD",
            "`{key}` cannot be {given}",
            misfit,
            fix="did you mean `{meant}`?" if meant else "it is one of {words}",
            key=self._key(misfit),
            given=given(value),
            meant=meant,
            words=", ".join(words),
        )

    def _pattern(self, misfit: _Misfit, pattern: str) -> Problem:
        is_key = "[key]" in misfit.error["loc"]
        return self._say(
            "PT-FLOW-NAME",
            "{given} is not {expected}",
            misfit,
            key_place=is_key,
            given=given(misfit.error["input"]),
            expected=PATTERNS.get(pattern, Phrase("written as it must be")),
        )

    def _bound(self, misfit: _Misfit, kind: str, limit: Any) -> Problem:
        key, value = self._key(misfit), given(misfit.error["input"])
        if kind.startswith("greater"):
            return self._say(
                "PT-FLOW-RANGE", "`{key}` is at least {limit}, not {given}", misfit, key=key, limit=limit, given=value
            )
        return self._say(
            "PT-FLOW-RANGE", "`{key}` is at most {limit}, not {given}", misfit, key=key, limit=limit, given=value
        )

    def _length(self, misfit: _Misfit, kind: str, context: Mapping[str, Any]) -> Problem:
        key = self._key(misfit)
        if kind.endswith("short"):
            least = context.get("min_length", 1)
            if least == 1:
                return self._say("PT-FLOW-BLANK", "`{key}` is empty", misfit, key=key)
            return self._say("PT-FLOW-BLANK", "`{key}` needs at least {least}", misfit, key=key, least=least)
        most = context.get("max_length")
        return self._say("PT-FLOW-LONG", "`{key}` has more than {most}", misfit, key=key, most=most)

    def _expression(self, misfit: _Misfit, detail: Phrase, offset: int) -> Problem:
        """An expression names its own column, also within a text of several lines or a map of texts."""
        where = self._text_of((*self.at, *misfit.place), misfit.error["input"], detail)
        place = self.positions.inside(where, offset)
        return problem("PT-FLOW-EXPRESSION", "{detail}", place, path=self.path, detail=detail)

    def _text_of(self, where: Path, value: Any, detail: str) -> Path:
        """Which of the texts in a value has the error."""
        if isinstance(value, dict | list):
            for key, each in value.items() if isinstance(value, dict) else enumerate(value):
                found = self._text_of((*where, key), each, detail)
                if found:
                    return found
            return ()
        return where if not isinstance(value, str) or _error_of(value) == detail else ()

    def _takes(self, misfit: _Misfit, expected: str) -> Problem:
        return self._say(
            "PT-FLOW-KIND",
            "`{key}` takes {expected}, not {given}",
            misfit,
            fix="begin each of them with a - and a space" if expected == EXPECTED["list_type"] else "",
            key=self._key(misfit),
            expected=expected,
            given=given(misfit.error["input"]),
        )

    def _custom(self, misfit: _Misfit) -> Problem:
        """The models' own: their words say what would be right."""
        kind = misfit.error["type"]
        expected = Phrase(misfit.error["msg"])
        if kind in ("flow_text", "flow_duration", "flow_expression", "flow_value"):
            return self._takes(misfit, expected)
        slug = "PT-FLOW-" + kind.removeprefix("flow_").replace("_", "-").upper()
        context = misfit.error.get("ctx", {})
        expected = _phrase(context.get("problem", expected))
        named = str(context.get("field") or "")
        # a pattern is a question's, or the words of a trigger; a rule of several keys is told at one that is there
        others = ("pattern", "keyword") if kind == "flow_pattern" else _QUOTED.findall(expected)
        whole = (*self.at, *misfit.place)
        named = next((key for key in (named, *others) if key and self.positions.has((*whole, key))), "")
        at = (*whole, named) if named else whole
        if named and "`" not in expected and kind == "flow_needs":
            place = self.positions.value(at)
            key = _name(self.positions.written(at))
            return problem(slug, "`{key}`: {detail}", place, path=self.path, key=key, detail=expected)
        place = self.positions.value(at) if self.positions.has(at) and not misfit.place else self.positions.key(at)
        return problem(slug, "{detail}", place, path=self.path, detail=expected)

    def _other(self, misfit: _Misfit) -> Problem:
        detail = misfit.error["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
        if not misfit.place and not self.at:
            return self._say("PT-FLOW-UNFIT", "{detail}", misfit, detail=Phrase(detail))
        return self._say("PT-FLOW-UNFIT", "`{key}`: {detail}", misfit, key=self._key(misfit), detail=Phrase(detail))

    def _key(self, misfit: _Misfit) -> str:
        return _name(self.positions.written((*self.at, *misfit.place)))

    def _say(
        self, slug: str, message: str, misfit: _Misfit, *, fix: str = "", key_place: bool = False, **values: Any
    ) -> Problem:
        where = (*self.at, *misfit.place)
        place = self.positions.key(where) if key_place else self.positions.value(where)
        return problem(slug, message, place, path=self.path, fix=fix, **values)


def _error_of(text: str) -> str:
    for compiled in (compile_template, compile_expression):
        try:
            compiled(text)
        except ExpressionError as error:
            return error.message
    return ""


def _is_kind(error: ErrorDetails) -> bool:
    """True when the value is of another kind altogether."""
    return error["type"] in EXPECTED or error["type"] in ("flow_text", "flow_duration", "flow_value", "literal_error")


def _name(path: Path) -> str:
    """How a place is called: its key, with the list's one for an entry: `choices.humano`, `on[2]`."""
    parts = [part for part in path if part != "steps"] if len(path) > 1 else list(path)
    shown = ""
    for part in parts[-2:] if parts and isinstance(parts[-1], int) else parts[-1:]:
        shown += f"[{part + 1}]" if isinstance(part, int) else f"{part}"
    return shown


def _phrase(text: str) -> Phrase:
    return text if isinstance(text, Phrase) else Phrase(text)


def given(value: Any) -> Phrase | str:
    """What was written, in a word or two."""
    match value:
        case None:
            return Phrase("nothing")
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case str():
            shown = value if len(value) <= 40 else f"{value[:39]}…"
            return '"{}"'.format(shown.replace("\n", " "))
        case list() | tuple():
            return Phrase("a list")
    return Phrase("a map")


def _words(expected: str) -> list[str]:
    """`'a', 'b' or 'c'` as a list."""
    return [part for part in expected.split("'")[1::2] if part]
