"""The kinds of values that flow files are made of, as pydantic reads them: durations, texts by language, expressions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, StringConstraints
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from pytake_cli.flow.expressions import Expression, ExpressionError, Template, compile_expression, compile_template

STEP_ID = r"^[a-z0-9_]{1,40}$"
StepId = Annotated[str, StringConstraints(pattern=STEP_ID)]
Target = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9_]{1,40}$")
]  # a step, or `end`, or `resume` in an interrupt
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,40}$")]
VarName = Annotated[str, StringConstraints(pattern=r"^[a-z_][a-z0-9_]{0,39}$")]

_DURATION = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")


class Text:
    """A text as written: one string, or one for each language. `""` is the flow's own language."""

    __slots__ = ("by_language",)

    def __init__(self, by_language: dict[str, Template]) -> None:
        self.by_language = by_language

    def pick(self, *languages: str) -> Template:
        """The first of the languages that there is (`pt-BR` also finds `pt`), else the flow's own, else any."""
        for language in (*languages, ""):
            for wanted in (language, language.split("-")[0]):
                if wanted in self.by_language or not wanted:
                    found = self.by_language.get(wanted)
                    if found is not None:
                        return found
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
        return cls({str(language): _template(text) for language, text in given.items()})


def _template(value: Any) -> Template:
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


Duration = Annotated[timedelta, _Reads(_duration, {"type": "string", "pattern": r"^(\d+d)?(\d+h)?(\d+m)?(\d+s)?$"})]
Condition = Annotated[Expression, _Reads(_expression, {"type": ["string", "boolean", "number"]})]
"""An expression, as `if`, `when` and values to assign have it."""
