"""The bricks of the judgement: objects with known keys, texts with limits, lists with sizes, media, URLs."""

from __future__ import annotations

from typing import Any

from pytake_cli.emulator.errors import GraphError, invalid

Obj = dict[str, Any]


def obj(value: Any, path: str, allowed: frozenset[str] | None = None) -> Obj:
    """An object without unknown keys."""
    if not isinstance(value, dict):
        raise invalid(path, "must be a JSON object.")
    if allowed is not None and not value.keys() <= allowed:
        unknown = next(key for key in value if key not in allowed)
        text = f'Unexpected key "{unknown}" on param "{path}".'
        raise GraphError(100, text, message=f"(#100) {text}")
    return value


def required(value: Obj, key: str, path: str) -> Any:
    if value.get(key) is None:
        raise GraphError(
            131008,
            f"Required parameter '{path}['{key}']' is missing." if path else f"Required parameter '{key}' is missing.",
        )
    return value[key]


def text(value: Obj, key: str, path: str, limit: int, *, code: int = 100, minimum: int = 1) -> str:
    """A required text of `minimum` to `limit` characters that is not only space."""
    found = required(value, key, path)
    where = f"{path}['{key}']"
    if not isinstance(found, str):
        raise invalid(where, "must be a string.")
    if len(found) > limit:
        if code == 100:
            raise invalid(where, f"must be at most {limit} characters long.")
        raise GraphError(code, f"{where} length invalid. Min length: {minimum}, Max length: {limit}")
    if len(found) < minimum or (minimum and not found.strip()):
        if code == 100:
            raise invalid(where, "must be a non-empty string.")
        raise GraphError(code, f"{where} length invalid. Min length: {minimum}, Max length: {limit}")
    return found


def optional_text(value: Obj, key: str, path: str, limit: int, *, code: int = 100) -> None:
    if value.get(key) is not None:
        text(value, key, path, limit, code=code)


def items(value: Obj, key: str, path: str, low: int, high: int) -> list[Any]:
    """A required list of `low` to `high` elements."""
    found = required(value, key, path)
    where = f"{path}['{key}']"
    if not isinstance(found, list):
        raise invalid(where, "must be an array.")
    if not low <= len(found) <= high:
        raise GraphError(131009, f"{where} count invalid. Min: {low}, Max: {high}, found: {len(found)}")
    return found


def optional_items(value: Obj, key: str, path: str, high: int = 100) -> list[Any]:
    """A list that may be absent."""
    return items(value, key, path, 0, high) if value.get(key) is not None else []


def one_of(value: Any, path: str, choices: tuple[str, ...] | frozenset[str]) -> str:
    if not isinstance(value, str) or value not in choices:
        raise invalid(path, f'must be one of {{{", ".join(sorted(choices))}}} - got "{value}".')
    return value


def url(value: Obj, key: str, path: str, limit: int = 2000) -> str:
    found = text(value, key, path, limit)
    if not found.lower().startswith(("http://", "https://")) or " " in found:
        raise GraphError(131009, f"{path}['{key}'] is not a valid URI.")
    return found


def digits_or_number(value: Any, path: str) -> float:
    """A number, or a text that is one, as Meta takes for coordinates."""
    try:
        if isinstance(value, bool):
            raise ValueError
        return float(value)
    except (TypeError, ValueError):
        raise invalid(path, "must be a number.") from None


def media(value: Any, path: str, allowed: frozenset[str]) -> Obj:
    """A media object: exactly one of `id` and `link`."""
    found = obj(value, path, allowed | {"id", "link", "provider"})
    has_id, has_link = found.get("id") not in (None, ""), found.get("link") not in (None, "")
    if has_id == has_link:
        problem = "must have exactly one of the parameters id and link."
        raise GraphError(131009 if has_id else 131008, f"Param {path} {problem}")
    if has_id and not str(found["id"]).isdigit():
        raise invalid(f"{path}['id']", "is not a valid whatsapp business account media attachment ID")
    if has_link:
        url(found, "link", path)
    return found
