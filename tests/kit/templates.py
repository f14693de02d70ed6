"""Templates for tests: drafts of every kind, and rows of the store made of them."""

from __future__ import annotations

import zlib
from datetime import datetime
from typing import Any

from pytake_cli.store import Store
from pytake_cli.store.numbers import Number
from pytake_cli.store.templates import Template
from pytake_cli.whatsapp.template_content import content_hash
from tests.kit.stores import NOW


def body(text: str, *examples: str) -> dict[str, Any]:
    part: dict[str, Any] = {"type": "BODY", "text": text}
    return part | ({"example": {"body_text": [list(examples)]}} if examples else {})


def row(name: str, *components: dict[str, Any], org: int = 1, waba: str = "1", **more: Any) -> Template:
    """A template as the store has it: approved, in pt_BR, UTILITY, unless `more` says otherwise."""
    named = any("{{" in str(part.get("text", "")) and "{{1}}" not in str(part.get("text", "")) for part in components)
    made = Template(
        org_id=org,
        waba_id=waba,
        name=name,
        language="pt_BR",
        category="UTILITY",
        status="APPROVED",
        quality="GREEN",
        parameter_format="NAMED" if named else "POSITIONAL",
        components=list(components),
        created_at=NOW,
        updated_at=NOW,
    )
    for member, value in more.items():
        setattr(made, member, value)
    made.content_hash = content_hash(made.components, made.category, made.parameter_format, made.ttl_seconds)
    return made


def put(store: Store, number_id: int, name: str, *components: dict[str, Any], **more: Any) -> Template:
    """Puts it into the store, for the number's account."""
    with store.write() as db:
        number = db.get_one(Number, number_id)
        made = row(name, *components, org=number.org_id, waba=number.waba_id, **more)
        made.meta_id = more.get("meta_id", f"9{number_id}{zlib.crc32(f'{name}{made.language}'.encode())}")
        made.pulled_at = more.get("pulled_at", datetime(2026, 11, 1, tzinfo=NOW.tzinfo))
        db.add(made)
    return made
