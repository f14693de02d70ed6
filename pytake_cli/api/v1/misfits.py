"""What does not fit a request's description, in the language of the request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytake_cli.locale import _

# Pydantic's word for a mistake -> how we say it; what is not here is said as Pydantic says it
SAYS = {
    "missing": "it is missing",
    "extra_forbidden": "there is nothing of that name",
    "json_invalid": "it is no JSON",
    "string_type": "it is a text",
    "string_too_short": "it has at least {min_length} characters",
    "string_too_long": "it has at most {max_length} characters",
    "string_pattern_mismatch": "it looks like {pattern}",
    "int_type": "it is a whole number",
    "int_parsing": "it is a whole number",
    "int_parsing_size": "that number is too large",
    "int_from_float": "it is a whole number",
    "float_type": "it is a number",
    "float_parsing": "it is a number",
    "bool_type": "it is true or false",
    "bool_parsing": "it is true or false",
    "literal_error": "it is one of {expected}",
    "enum": "it is one of {expected}",
    "list_type": "it is a list",
    "dict_type": "it is an object",
    "model_type": "it is an object",
    "model_attributes_type": "it is an object",
    "too_long": "it has at most {max_length} entries",
    "too_short": "it has at least {min_length} entries",
    "greater_than": "it is greater than {gt}",
    "greater_than_equal": "it is at least {ge}",
    "less_than": "it is less than {lt}",
    "less_than_equal": "it is at most {le}",
    "finite_number": "it is a finite number",
    "datetime_type": "it is a moment such as 2026-12-01T09:00:00Z",
    "datetime_parsing": "it is a moment such as 2026-12-01T09:00:00Z",
    "datetime_from_date_parsing": "it is a moment such as 2026-12-01T09:00:00Z",
    "timezone_aware": "it is a moment with its time zone, such as 2026-12-01T09:00:00Z",
    "date_from_datetime_parsing": "it is a day such as 2026-12-01",
}


def says(flaw: Mapping[str, Any]) -> str:
    """One of Pydantic's errors in our words."""
    template = SAYS.get(flaw["type"])
    if template is None:
        return str(flaw["msg"])
    try:
        return _(template).format(**flaw.get("ctx", {}))
    except (KeyError, IndexError):
        return str(flaw["msg"])
