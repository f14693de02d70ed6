"""Checks requests against Meta's own API description: JSON Schema validators made from its YAML, one for each call.

Where the description is wrong, CORRECTIONS says what and why, and mends the schema before it is used.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from tests.whatsapp.corpus import OPENAPI

Schemas = dict[str, Any]
MESSAGES = "/{Phone-Number-ID}/messages"
MARKETING = "/{Phone-Number-ID}/marketing_messages"


@cache
def description() -> dict[str, Any]:
    """The whole description; slow to read, so only once."""
    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    found: dict[str, Any] = yaml.load(OPENAPI.read_text(encoding="utf-8"), Loader=loader)
    return found


def _closed_unions(schemas: Schemas) -> None:
    for schema in schemas.values():
        branches = schema.get("allOf") if isinstance(schema, dict) else None
        for branch in branches or ():
            if branch.pop("additionalProperties", None) is False:
                schema["unevaluatedProperties"] = False


def _address(schemas: Schemas) -> None:
    frame = schemas["BaseMessageProperties"]
    frame["required"].remove("to")
    frame["oneOf"] = [{"required": ["to"]}, {"required": ["recipient"]}]
    frame["properties"]["recipient"] = {"type": "string"}


def _opaque(schemas: Schemas) -> None:
    frame = schemas["BaseMessageProperties"]["properties"]
    frame["biz_opaque_callback_data"] = {"type": "string", "maxLength": 512}


def _language_policy(schemas: Schemas) -> None:
    schemas["LanguageObject"]["required"] = ["code"]


def _button_index(schemas: Schemas) -> None:
    for schema in (schemas["TemplateComponent"], schemas["ButtonComponent"]["allOf"][1]):
        schema["properties"]["index"]["pattern"] = "^[0-9]$"


def _components(schemas: Schemas) -> None:
    component = schemas["TemplateComponent"]["properties"]
    component["type"]["enum"] += ["limited_time_offer", "carousel", "tap_target_configuration"]
    component["sub_type"]["enum"] += ["copy_code", "flow", "mpm"]


def _coordinates(schemas: Schemas) -> None:
    place = schemas["LocationMessage"]["allOf"][1]["properties"]["location"]["properties"]
    place["latitude"] = place["longitude"] = {"type": ["number", "string"]}


def _interactive_types(schemas: Schemas) -> None:
    newer = ["cta_url", "location_request_message", "address_message", "carousel", "voice_call", "request_contact_info"]
    schemas["InteractiveObject"]["properties"]["type"]["enum"] += newer


def _actions(schemas: Schemas) -> None:
    names = ["cta_url", "send_location", "address_message", "voice_call", "request_contact_info"]
    schemas["ActionObject"]["oneOf"] += [
        {"required": ["name"], "properties": {"name": {"enum": names}}},
        {"required": ["cards"], "properties": {"cards": {"type": "array", "minItems": 2, "maxItems": 10}}},
    ]


def _phone_types(schemas: Schemas) -> None:
    schemas["PhoneObject"]["properties"]["type"].pop("enum")


def _identity_check(schemas: Schemas) -> None:
    flag = {"type": "boolean"}
    schemas["UserIdentityChangeSettings"] = {"type": "object", "required": ["enable_identity_key_check"]}
    schemas["UserIdentityChangeSettings"]["properties"] = {"enable_identity_key_check": flag}


def _ice_breakers(schemas: Schemas) -> None:
    schemas["ConversationalAutomationRequest"]["properties"]["prompts"]["maxItems"] = 4


# what is wrong in the description and why we send it nevertheless, and the mending
CORRECTIONS: tuple[tuple[str, Callable[[Schemas], None]], ...] = (
    ("additionalProperties in one branch of allOf forbids what the other branch requires", _closed_unions),
    ("v23 has no `recipient`: BSUIDs are addressed by it since 2026, and `to` is then absent", _address),
    ("biz_opaque_callback_data is left out, though every status echoes it", _opaque),
    ("language.policy is required there; Meta accepts its absence and has only one value for it", _language_policy),
    ("the pattern of a button's index, ^[2-6, 11-14]$, refuses 0 and contradicts its own text (0-9)", _button_index),
    ("offers, carousels and three kinds of button are missing among the template components", _components),
    ("coordinates must be text there; numbers are what Meta's pages show, both are accepted", _coordinates),
    ("interactive types of after v23, and three older ones, are missing", _interactive_types),
    ("the actions of those types are missing", _actions),
    ("a contact's phones are HOME or WORK there; Meta's own examples have CELL and MOBILE", _phone_types),
    ("the identity check's switch is `enabled` there and `enable_identity_key_check` on Meta's pages", _identity_check),
    ("three ice breakers there, four on Meta's pages", _ice_breakers),
)

# message types the description has no schema for: nothing to validate against
UNDESCRIBED = ("pin",)


@cache
def schemas(without: str = "") -> Schemas:
    """The description's schemas, corrected (but for one), with references that JSON Schema can follow."""
    found: Schemas = _rewritten(description()["components"]["schemas"])
    for wrong, mend in CORRECTIONS:
        if wrong != without:
            mend(found)
    return found


def _rewritten(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: item.replace("#/components/schemas/", "#/$defs/") if key == "$ref" else _rewritten(item)
            for key, item in value.items()
        }
    return [_rewritten(item) for item in value] if isinstance(value, list) else value


def request_schema(method: str, path: str) -> dict[str, Any]:
    """The schema of a call's JSON body; `path` is the description's without its version."""
    operation = description()["paths"]["/{Version}" + path][method.lower()]
    found: dict[str, Any] = _rewritten(operation["requestBody"]["content"]["application/json"]["schema"])
    return found


def complaints(method: str, path: str, body: dict[str, Any], *, without: str = "") -> list[str]:
    """What the description has against the body of a call, as `place: message`; empty if it is fine."""
    if path == MESSAGES and "status" in body:
        return complaints_of({"$ref": "#/$defs/MarkMessageRequestPayload"}, body, without=without)
    return complaints_of(request_schema(method, path), body, without=without)


def complaints_of(schema: dict[str, Any], body: dict[str, Any], *, without: str = "") -> list[str]:
    """The same for a schema at hand."""
    chosen = _by_type(schema, body)
    validator = Draft202012Validator({**chosen, "$defs": schemas(without)})
    return sorted({_told(reason) for error in validator.iter_errors(body) for reason in _reasons(error)})


def _by_type(schema: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    """The branch that OpenAPI's discriminator names, which JSON Schema does not know."""
    named = schemas()[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    mapping = named.get("discriminator", {}).get("mapping", {})
    branch = mapping.get(body.get(named.get("discriminator", {}).get("propertyName", "")))
    return {"$ref": branch.replace("#/components/schemas/", "#/$defs/")} if branch else schema


def _reasons(error: ValidationError) -> list[ValidationError]:
    """For a choice of branches, the branch that fits best speaks."""
    branches: dict[int, list[ValidationError]] = {}
    for inner in error.context or ():
        branches.setdefault(int(inner.schema_path[0]), []).append(inner)
    if not branches:
        return [error]
    return [reason for inner in min(branches.values(), key=len) for reason in _reasons(inner)]


def _told(error: ValidationError) -> str:
    place = ".".join(str(part) for part in error.absolute_path) or "request"
    return f"{place}: {error.message[:160]}"
