"""The JSON Schema of flow files (draft 2020-12), generated from the models: editors complete and check with it."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

from pytake_cli.flow.definition import Flow
from pytake_cli.flow.steps import VERBS
from pytake_cli.flow.steps.step import Step
from pytake_cli.flow.values import STEP_ID

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_REF = "#/$defs/{model}"
_OF_FILES = ("ref", "name")  # not written, or taken from the file's name


class SchemaGenerator(GenerateJsonSchema):
    """Adds the short way of writing that the models read: one instead of a list of one."""

    def function_before_schema(self, schema: Any) -> JsonSchemaValue:
        found = super().function_before_schema(schema)
        reads = getattr(schema["function"]["function"], "__name__", "")
        if reads == "_many" and "items" in found:
            return {"anyOf": [found["items"], found]}
        return found


@lru_cache(maxsize=1)
def schema() -> Schema:
    """The whole schema. A step is one of the verbs; what it needs may stand in the verb's map or beside it."""
    definitions: Schema = {}
    whole = Flow.model_json_schema(by_alias=True, ref_template=_REF, schema_generator=SchemaGenerator)
    found = whole.pop("$defs", {})
    definitions |= {name: each for name, each in found.items() if name not in _step_models()}
    for verb, model in VERBS.items():
        definitions[f"verb_{verb}"] = _verb(verb, model, definitions)
    choice = definitions["Choice"]
    definitions["Choice"] = {"anyOf": [choice["properties"]["title"], choice]}  # the title alone will do
    properties = {key: each for key, each in whole["properties"].items() if key != "ref"}
    properties["steps"] = {
        "type": "object",
        "description": "the steps by their names",
        "minProperties": 1,
        "propertyNames": {"pattern": STEP_ID, "not": {"enum": ["end", "resume"]}},
        "additionalProperties": {"oneOf": [{"$ref": f"#/$defs/verb_{verb}"} for verb in VERBS]},
    }
    required = [key for key in whole.get("required", ()) if key not in _OF_FILES]
    return {
        "$schema": DIALECT,
        "title": "PyTake flow",
        "description": "A conversation on WhatsApp; the reference is in `pytake help flows`.",
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
        "$defs": stripped(definitions),
    }


def _step_models() -> set[str]:
    return {Step.__name__, *(model.__name__ for model in VERBS.values())}


def _verb(verb: str, model: type[Step], definitions: Schema) -> Schema:
    """A step with this verb: its fields beside it, or in its map."""
    own = model.model_json_schema(by_alias=True, ref_template=_REF, schema_generator=SchemaGenerator)
    for name, each in own.pop("$defs", {}).items():
        definitions.setdefault(name, each)
    fields: Schema = {key: stripped(each) for key, each in own["properties"].items()}
    main = fields.get(model.main, {}) if model.main else None
    inside: Schema = {"type": "object", "properties": fields, "additionalProperties": False}
    if main is None:
        value: Schema = {"anyOf": [inside, {"type": "null"}, {"const": True}]}
    else:
        value = {"anyOf": [main] if model.main == verb else [main, inside]}
        if not _needs_main(model):
            value["anyOf"].append({"type": "null"})
    value["description"] = main.get("description", "") if main else ""
    beside = {key: each for key, each in fields.items() if key != model.main or model.main == verb}
    step: Schema = {
        "type": "object",
        "description": (model.__doc__ or "").strip().partition("\n")[0],
        "properties": {verb: {key: each for key, each in value.items() if each != ""}, **_without(beside, verb)},
        "required": [verb],
        "additionalProperties": False,
    }
    if model.main and model.main != verb:
        step["properties"][model.main] = fields[model.main]
    needed = [key for key in own.get("required", ()) if key != model.main]
    if needed:
        step["allOf"] = [
            {"anyOf": [{"required": [key]}, {"properties": {verb: {"type": "object", "required": [key]}}}]}
            for key in needed
        ]
    return step


def _needs_main(model: type[Step]) -> bool:
    return any(
        (field.alias or name) == model.main and field.is_required() for name, field in model.model_fields.items()
    )


def _without(fields: Schema, verb: str) -> Schema:
    return {key: each for key, each in fields.items() if key != verb}


def stripped(field: Any) -> Any:
    """Without the titles that only repeat the key."""
    if isinstance(field, dict):
        return {key: stripped(each) for key, each in field.items() if key != "title" or not isinstance(each, str)}
    return [stripped(each) for each in field] if isinstance(field, list) else field
