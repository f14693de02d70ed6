"""Which keys a place of a flow file may have: read off the models' annotations."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator, Mapping
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel

from pytake_cli.flow.positions import Path


def keys_at(model: Any, place: Path) -> set[str]:
    """The keys that the model, or those that stand at `place` in it, may have."""
    models = list(_models(model))
    for part in place:
        models = [inner for each in models for inner in _inside(each, part)]
    found: set[str] = set()
    for each in models:
        if isinstance(each, type) and issubclass(each, BaseModel):
            found |= {field.alias or name for name, field in each.model_fields.items() if not field.exclude}
    return found


def _inside(annotation: Any, part: str | int) -> Iterator[Any]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        for name, field in annotation.model_fields.items():
            if part == (field.alias or name):
                yield from _models(field.annotation)
        return
    arguments = get_args(annotation)
    match get_origin(annotation):
        case origin if origin in (dict, Mapping) and len(arguments) == 2:
            yield from _models(arguments[1])
        case origin if origin in (list, tuple) and arguments and isinstance(part, int):
            yield from _models(arguments[0])


def _models(annotation: Any) -> Iterator[Any]:
    """An annotation without its unions and Annotated: every kind that it may be."""
    origin = get_origin(annotation)
    if origin in (Union, types.UnionType):
        for each in get_args(annotation):
            yield from _models(each)
    elif origin is typing.Annotated:
        yield from _models(get_args(annotation)[0])
    else:
        yield annotation
