"""What two templates have to have in common to be the same: their content without samples, and a hash of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from pytake_cli.whatsapp.fields import tables

HEX = 16
# Of one-time codes Meta writes the words, and answers with another type of button than it was given.
_META_WRITES = ("text", "url", "autofill_text", "supported_apps", "type", "otp_type", "zero_tap_terms_accepted")


def content_hash(
    components: Sequence[dict[str, Any]], category: str, parameter_format: str, ttl_seconds: int | None
) -> str:
    """A hash of what people get; examples are for reviewers only, and the category may change by itself."""
    told = [parameter_format, comparable(components, category), ttl_seconds]
    return hashlib.sha256(json.dumps(told, ensure_ascii=False, sort_keys=True).encode("utf-8", "replace")).hexdigest()[
        :HEX
    ]


def comparable(components: Sequence[dict[str, Any]], category: str) -> list[dict[str, Any]]:
    """The components as far as they can be compared: without samples and what Meta writes itself, in one order."""
    parts = [_comparable(part, category == "AUTHENTICATION") for part in components]
    return sorted(parts, key=lambda part: str(part["type"]))


def _comparable(part: dict[str, Any], codes: bool) -> dict[str, Any]:
    kept = {name: value for name, value in part.items() if name != "example" and value not in (None, False, [])}
    kept["type"] = str(kept.get("type", "")).upper()
    if "format" in kept:
        kept["format"] = str(kept["format"]).upper()
    if codes:
        kept.pop("text", None)
    if "buttons" in kept:
        kept["buttons"] = [_button(each, codes) for each in tables(kept["buttons"])]
    if "cards" in kept:
        kept["cards"] = [comparable(tables(card.get("components")), "") for card in tables(kept["cards"])]
    return kept


def _button(raw: dict[str, Any], codes: bool) -> dict[str, Any]:
    if codes:
        return {name: value for name, value in raw.items() if name not in (*_META_WRITES, "example")}
    kept = _comparable(raw, False)
    if kept["type"] == "COPY_CODE":
        kept.pop("text", None)  # Meta's own words
    return kept
