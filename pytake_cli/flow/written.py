"""A definition as its file would say it: plain values in the models' order, without what is the default."""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from pydantic import BaseModel
from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import LiteralScalarString

from pytake_cli.flow.definition import Flow
from pytake_cli.flow.gist import duration
from pytake_cli.flow.steps.ask import Choice
from pytake_cli.flow.steps.step import Step
from pytake_cli.flow.values import Text

_LATE = ("invalid", "retries", "timeout")  # of a step, behind what it is about
_LAST = ("next", "on_error", "note", "tags")  # behind all others


def plain(value: Any) -> Any:
    """The value as YAML and JSON have it; read again, it gives an equal definition."""
    match value:
        case Flow():
            return {**_fields(value), "steps": {name: plain(step) for name, step in value.steps.items()}}
        case Step():
            return _step(value)
        case Choice():
            found = _fields(value)
            return found["title"] if set(found) == {"title"} else found
        case BaseModel():
            return _fields(value)
        case Text():
            written = {language: template.source for language, template in value.by_language.items()}
            return written[""] if set(written) == {""} else written
        case timedelta():
            return duration(value)
        case Mapping():
            return {str(key): plain(each) for key, each in value.items()}
        case list() | tuple():
            return [plain(each) for each in value]
        case None | bool() | int() | float() | str():
            return value
    return getattr(value, "source", None) if hasattr(value, "source") else str(value)


def _fields(model: BaseModel) -> dict[str, Any]:
    found = {}
    for name, field in type(model).model_fields.items():
        value = getattr(model, name)
        if field.exclude or name == "steps" or name not in model.model_fields_set:
            continue
        if value is not None or field.default is not None:
            found[field.alias or name] = plain(value)
    return found


def _step(step: Step) -> dict[str, Any]:
    """The verb first, the ways out and the comment last."""
    fields = _fields(step)
    value = fields.pop(step.main, None) if step.main else None
    fields.pop(step.verb, None) if step.main == step.verb else None
    order = sorted(
        fields,
        key=lambda key: (key in _LAST, key in _LATE or key.startswith("on_"), _LAST.index(key) if key in _LAST else 0),
    )
    return {step.verb: value, **{key: fields[key] for key in order}}


def yaml_text(flow: Flow) -> str:
    """Canonical YAML of a flow: always the same for the same definition."""
    out = YAML(typ="rt", pure=True)
    out.width = 110
    out.indent(mapping=2, sequence=4, offset=2)
    out.default_flow_style = False
    out.allow_unicode = True
    stream = io.StringIO()
    out.dump(_blocks(plain(flow)), stream)
    return stream.getvalue()


def _blocks(value: Any) -> Any:
    """Texts of several lines as blocks."""
    if isinstance(value, dict):
        return {key: _blocks(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_blocks(each) for each in value]
    if isinstance(value, str) and "\n" in value and not any(line != line.rstrip() for line in value.split("\n")):
        return LiteralScalarString(value)
    return value
