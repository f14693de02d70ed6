"""The JSON Schema of test files, generated from their models, with the short ways of writing that they read."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from pytake_cli.flow.schema import DIALECT, SchemaGenerator, stripped
from pytake_cli.flow.testing.testfile import TestFile

Schema = dict[str, Any]
_TEXT: Schema = {"type": ["string", "number", "boolean"]}
_BY_LANGUAGE: Schema = {
    "type": "object",
    "propertyNames": {"pattern": "^([a-z]{2}|fil)([-_][A-Za-z]{2,4})?$"},
    "additionalProperties": _TEXT,
    "minProperties": 1,
}


@lru_cache(maxsize=1)
def schema() -> Schema:
    """The whole schema."""
    whole = TestFile.model_json_schema(by_alias=True, schema_generator=SchemaGenerator)
    definitions = whole.pop("$defs")
    for name in ("Customer", "Bot"):
        definitions[name] = {"anyOf": [_TEXT, _BY_LANGUAGE, definitions[name]]}
    definitions["SignalGiven"] = {"anyOf": [{"type": "string"}, definitions["SignalGiven"]]}
    definitions["Line"] |= {"minProperties": 1, "maxProperties": 1}
    return {
        "$schema": DIALECT,
        "title": "PyTake tests of a flow",
        "description": "Talks that a flow must hold; pytake flow test plays them.",
        **{key: each for key, each in stripped(whole).items() if key not in ("title", "description")},
        "$defs": stripped(definitions),
    }
