"""What flow files are made of, as pydantic reads it: durations, texts by language, expressions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date, time, timedelta
from typing import Annotated, Any, TypeVar

from pydantic import BeforeValidator, GetCoreSchemaHandler, GetJsonSchemaHandler, StringConstraints
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from pytake_cli.flow.expressions import Expression, ExpressionError, Template, compile_expression, compile_template
from pytake_cli.locale import Phrase

STEP_ID = r"^[a-z0-9_]{1,40}$"
StepId = Annotated[str, StringConstraints(pattern=STEP_ID)]
Target = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9_]{1,40}$")
]  # a step, or `end`, or `resume` in an interrupt
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,40}$")]
VarName = Annotated[str, StringConstraints(pattern=r"^[a-z_][a-z0-9_]{0,39}$")]

LANGUAGE = re.compile(r"(?:[a-z]{2}|fil)(?:[-_][A-Za-z]{2,4})?")
_DURATION = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")


class Text:
    """A text as written: one string, or one for each language. `""` is the flow's own language."""

    __slots__ = ("_only", "_picked", "by_language")

    def __init__(self, by_language: dict[str, Template]) -> None:
        self.by_language = by_language
        self._only = next(iter(by_language.values())) if len(by_language) == 1 else None
        self._picked: dict[tuple[str, ...], Template] = {}  # by languages asked for; a few, as no contact makes them up

    def pick(self, *languages: str) -> Template:
        """The first of the languages that there is (`pt-BR` also finds `pt`, and `pt` finds `pt-BR`), else any."""
        if self._only is not None:
            return self._only
        found = self._picked.get(languages)
        if found is None:
            found = self._picked[languages] = self._find(languages)
        return found

    def _find(self, languages: tuple[str, ...]) -> Template:
        given = {name.replace("_", "-").lower(): template for name, template in self.by_language.items()}
        for language in languages:
            wanted = language.replace("_", "-").lower()
            root = wanted.split("-")[0]
            near = [name for name in given if wanted and name.split("-")[0] == root]
            for name in (wanted, root, *near):
                if name and name in given:
                    return given[name]
        return next(iter(self.by_language.values()))

    def templates(self) -> Iterator[tuple[str, Template]]:
        """(language, template) of each."""
        yield from self.by_language.items()

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(cls._read)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        text = {"type": "string"}
        by_language = {"type": "object", "additionalProperties": text, "minProperties": 1}
        return {"anyOf": [text, by_language], "description": "a text, or a text for each language"}

    @classmethod
    def _read(cls, value: Any) -> Text:
        given = value if isinstance(value, dict) else {"": value}
        if not given:
            raise PydanticCustomError("flow_text", "a text for at least one language")
        for language in given:
            if isinstance(value, dict) and not (isinstance(language, str) and LANGUAGE.fullmatch(language)):
                unknown = Phrase("{language} is no language, such as pt-BR or en", language=str(language))
                raise PydanticCustomError("flow_language", "{problem}", {"problem": unknown})
        return cls({str(language): read_template(text) for language, text in given.items()})


def read_template(value: Any) -> Template:
    """A text as written, compiled."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise PydanticCustomError("flow_text", "a text, or a text for each language ({pt-BR: …, en: …})")
    try:
        return compile_template(value)
    except ExpressionError as error:
        raise PydanticCustomError(
            "flow_expression", "{problem}", {"problem": error.message, "offset": error.offset}
        ) from None


def _expression(value: Any) -> Expression:
    if isinstance(value, bool):
        value = "true" if value else "false"
    if isinstance(value, int | float):
        value = repr(value)
    if not isinstance(value, str):
        raise PydanticCustomError("flow_expression", "an expression, such as contact.stage == 'lead'")
    try:
        return compile_expression(value)
    except ExpressionError as error:
        raise PydanticCustomError(
            "flow_expression", "{problem}", {"problem": error.message, "offset": error.offset}
        ) from None


def _duration(value: Any) -> timedelta:
    match = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None or not any(match.groups()):
        raise PydanticCustomError("flow_duration", "a duration such as 30s, 10m, 24h, 3d or 1h30m")
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


class _Reads:
    """Reads a value with `read`; in JSON Schema it is `schema`."""

    def __init__(self, read: Any, schema: JsonSchemaValue) -> None:
        self._read, self._schema = read, schema

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self._read)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return self._schema


def _word(value: Any) -> Template:
    if isinstance(value, bool):
        raise PydanticCustomError("flow_text", "a text")
    return read_template(value.isoformat() if isinstance(value, date | time) else value)


def read_value(value: Any) -> Expression | Template:
    """An expression; what has `{{` in it is a text, or the expression if it is nothing but one."""
    if isinstance(value, str) and "{{" in value:
        template = read_template(value)
        return template.whole or template
    return _expression(value)


def _bound(value: Any) -> Any:
    if isinstance(value, str):
        template = read_template(value)
        return template.whole or (value if template.is_constant else template)
    if isinstance(value, int | float | date | time) and not isinstance(value, bool):
        return value
    raise PydanticCustomError("flow_bound", "a number, a date, a time, or an expression in {{ }}", {})


class Json:
    """JSON whose texts may hold expressions; a text that is one expression and nothing else keeps its value's type."""

    __slots__ = ("_compiled", "source")

    def __init__(self, source: Any) -> None:
        self.source = source
        self._compiled = _compiled(source)

    def value(self, evaluate: Callable[[Expression], Any], render: Callable[[Template], str]) -> Any:
        """The JSON with its values filled in."""
        return _filled(self._compiled, evaluate, render)

    def parts(self, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Expression | Template]]:
        """Every expression and text with its place."""
        yield from _parts(self._compiled, path)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(cls)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"description": "any value; texts in it may hold {{ expressions }}"}


def _compiled(value: Any) -> Any:
    if isinstance(value, str):
        template = read_template(value)
        return template.whole or template
    if isinstance(value, dict):
        return {str(key): _compiled(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_compiled(item) for item in value]
    return value.isoformat() if isinstance(value, date | time) else value


def _filled(compiled: Any, evaluate: Callable[[Expression], Any], render: Callable[[Template], str]) -> Any:
    if isinstance(compiled, Expression):
        return evaluate(compiled)
    if isinstance(compiled, Template):
        return render(compiled)
    if isinstance(compiled, dict):
        return {key: _filled(item, evaluate, render) for key, item in compiled.items()}
    if isinstance(compiled, list):
        return [_filled(item, evaluate, render) for item in compiled]
    return compiled


def _parts(compiled: Any, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], Expression | Template]]:
    if isinstance(compiled, Expression | Template):
        yield path, compiled
    elif isinstance(compiled, dict | list):
        for key, item in compiled.items() if isinstance(compiled, dict) else enumerate(compiled):
            yield from _parts(item, (*path, key))


def _many(value: Any) -> Any:
    return tuple(value) if isinstance(value, list | tuple) else (value,)


Duration = Annotated[timedelta, _Reads(_duration, {"type": "string", "pattern": r"^(\d+d)?(\d+h)?(\d+m)?(\d+s)?$"})]
Condition = Annotated[Expression, _Reads(_expression, {"type": ["string", "boolean", "number"]})]
"""An expression, as `if`, `when` and values to assign have it."""
Word = Annotated[Template, _Reads(_word, {"type": ["string", "number"]})]
"""A text that is not for the customer's eyes: an address, a name; it may hold {{ expressions }}."""
_T = TypeVar("_T")
OneOrMore = Annotated[tuple[_T, ...], BeforeValidator(_many)]
"""One of them, or a list."""
Assigned = Annotated[Expression | Template, _Reads(read_value, {"type": ["string", "boolean", "number"]})]
"""What a variable gets: an expression, or a text with `{{ expressions }}`."""
Bound = Annotated[Any, _Reads(_bound, {"type": ["string", "number"]})]
"""The least or the most of an answer: a number, a date, a time, or an expression in `{{ }}` that gives one."""
