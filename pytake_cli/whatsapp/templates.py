"""Templates at Meta: list, create, edit, delete, unpause, library and previews."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

from pytake_cli.errors import InvalidData
from pytake_cli.whatsapp.client import ARCHIVE_ROOT, Graph
from pytake_cli.whatsapp.failures import Answer, unclear
from pytake_cli.whatsapp.fields import table, tables, whole, word
from pytake_cli.whatsapp.template_rules import RULES, Broken, check
from pytake_cli.whatsapp.template_views import Preview, Wanted, fill, misfits, render, wanted

__all__ = [
    "FIELDS",
    "RULES",
    "Broken",
    "Created",
    "Preview",
    "Template",
    "Wanted",
    "archive",
    "check",
    "compare",
    "create",
    "delete",
    "edit",
    "every",
    "fill",
    "get",
    "language_code",
    "library",
    "migrate",
    "misfits",
    "previews",
    "read",
    "render",
    "unpause",
    "upsert_authentication",
    "wanted",
]

FIELDS = (
    "id,name,language,status,category,previous_category,correct_category,sub_category,components,parameter_format,"
    "quality_score,rejected_reason,message_send_ttl_seconds,library_template_name,cta_url_link_tracking_opted_out"
)
_PAGE = 100
_ARCHIVED_AT_ONCE = 100
_LANGUAGE = re.compile(r"([A-Za-z]{2,3})(?:[-_]([A-Za-z]{2,4}))?")


@dataclass(frozen=True, slots=True)
class Template:
    """A template as Meta has it; `quality` is GREEN, YELLOW, RED or UNKNOWN, `raw` everything else."""

    id: str
    name: str
    language: str
    status: str
    category: str
    components: tuple[dict[str, Any], ...]
    parameter_format: str
    quality: str
    rejected_reason: str
    ttl_seconds: int | None
    raw: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Created:
    """What Meta made of a new template: it may choose another category."""

    id: str
    status: str
    category: str


def read(raw: dict[str, Any]) -> Template:
    """A template from Meta's object; its language with `_` whatever Meta wrote."""
    return Template(
        word(raw.get("id")) or "",
        word(raw.get("name")) or "",
        (word(raw.get("language")) or "").replace("-", "_"),
        (word(raw.get("status")) or "").upper(),
        (word(raw.get("category")) or "").upper(),
        tuple(tables(raw.get("components"))),
        (word(raw.get("parameter_format")) or "POSITIONAL").upper(),
        word(table(raw.get("quality_score")).get("score")) or "UNKNOWN",
        word(raw.get("rejected_reason")) or "",
        whole(raw.get("message_send_ttl_seconds")),
        raw,
    )


def language_code(typed: str) -> str:
    """`pt-br` and `PT_BR` become `pt_BR`; raises PT-WA-TEMPLATE for what is no language code."""
    found = _LANGUAGE.fullmatch(typed.strip())
    if found is None:
        raise InvalidData(
            "PT-WA-TEMPLATE", "{typed} is not a language code", fix="write it as pt_BR", typed=repr(typed[:40])
        )
    language, region = found.group(1).lower(), found.group(2)
    return f"{language}_{region.upper()}" if region else language


async def every(
    graph: Graph,
    waba_id: str,
    *,
    name: str | None = None,
    status: str | None = None,
    category: str | None = None,
    language: str | None = None,
) -> AsyncIterator[Template]:
    """The account's templates, page after page; `name` may match parts of names."""
    asked: dict[str, str | int] = {"fields": FIELDS, "limit": _PAGE}
    wishes = {"name": name, "status": status, "category": category, "language": language}
    asked.update({key: value for key, value in wishes.items() if value})
    async for raw in graph.pages(f"{waba_id}/message_templates", params=asked):
        yield read(raw)


async def get(graph: Graph, template_id: str) -> Template:
    """One template by its id."""
    return read(await graph.call("GET", template_id, params={"fields": FIELDS}))


async def create(graph: Graph, waba_id: str, draft: dict[str, Any]) -> Created:
    """Submits a template for review; raises PT-WA-TEMPLATE with every rule it breaks before anything is sent.

    {"name": "order_sent", "category": "UTILITY", "language": "pt_BR", "components": [
        {"type": "BODY", "text": "Seu pedido {{1}} saiu para entrega.", "example": {"body_text": [["123"]]}}]}
    """
    if "library_template_name" not in draft:
        refuse_broken(draft)
    answer = await graph.call("POST", f"{waba_id}/message_templates", json=draft)
    return _created(answer)


def refuse_broken(draft: dict[str, Any]) -> None:
    """Raises PT-WA-TEMPLATE if the draft breaks a rule."""
    broken = check(draft)
    if broken:
        raise InvalidData(
            "PT-WA-TEMPLATE",
            "Meta would reject this template: {broken}",
            broken="; ".join(map(str, broken[:5])),
            rules=[one.rule for one in broken],
        )


async def edit(graph: Graph, template: Template, changes: dict[str, Any]) -> None:
    """Replaces components, category or time to live; Meta reviews the template again."""
    if template.status not in ("APPROVED", "REJECTED", "PAUSED"):
        raise InvalidData(
            "PT-WA-TEMPLATE", "a template that is {status} cannot be edited", status=template.status or "nothing"
        )
    strange = sorted(set(changes) - {"components", "category", "message_send_ttl_seconds", "parameter_format"})
    if strange or (template.status == "APPROVED" and "category" in changes):
        raise InvalidData("PT-WA-TEMPLATE", "{members} cannot be edited", members=", ".join(strange) or "category")
    if "components" in changes:
        whole_draft = {
            "name": template.name,
            "language": template.language,
            "category": template.category,
            "parameter_format": template.parameter_format,
        }
        refuse_broken({**whole_draft, **changes})
    await graph.call("POST", template.id, json=changes)


async def delete(graph: Graph, waba_id: str, name: str, template_id: str | None = None) -> None:
    """Deletes one translation (with its id) or all of a name; the name is blocked for 30 days if it was approved."""
    params: dict[str, str | int] = {"name": name}
    if template_id is not None:
        params["hsm_id"] = template_id
    await graph.call("DELETE", f"{waba_id}/message_templates", params=params)


async def unpause(graph: Graph, template_id: str) -> str:
    """Ends a pacing pause; empty if done, else Meta's reason why not."""
    answer = await graph.call("POST", f"{template_id}/unpause")
    return "" if answer.get("success") is True else word(answer.get("reason")) or "refused"


async def compare(graph: Graph, template_id: str, other_id: str, start: int, end: int) -> list[dict[str, Any]]:
    """Block rate, sends and top block reason of two templates between two Unix times."""
    params: dict[str, str | int] = {"template_ids": f"[{other_id}]", "start": start, "end": end}
    return tables((await graph.call("GET", f"{template_id}/compare", params=params)).get("data"))


async def upsert_authentication(graph: Graph, waba_id: str, draft: dict[str, Any]) -> list[Created]:
    """Creates or updates an authentication template in several `languages` at once."""
    answer = await graph.call("POST", f"{waba_id}/upsert_message_templates", json=draft)
    return [_created(one) for one in tables(answer.get("data"))]


async def previews(graph: Graph, waba_id: str, languages: Sequence[str]) -> list[dict[str, Any]]:
    """The fixed texts of authentication templates, by language."""
    params: dict[str, str | int] = {"category": "AUTHENTICATION", "languages": ",".join(languages)}
    return [one async for one in graph.pages(f"{waba_id}/message_template_previews", params=params)]


async def library(
    graph: Graph, *, search: str = "", topic: str = "", use_case: str = "", industry: str = "", language: str = ""
) -> AsyncIterator[dict[str, Any]]:
    """Meta's own approved templates, to create from by `library_template_name`."""
    wishes = {"search": search, "topic": topic, "usecase": use_case, "industry": industry, "language": language}
    async for raw in graph.pages(
        "message_template_library", params={key: value for key, value in wishes.items() if value}
    ):
        yield raw


async def migrate(graph: Graph, waba_id: str, source_waba_id: str, page: int = 0) -> dict[str, Any]:
    """Copies a page of up to 500 templates from another account."""
    params: dict[str, str | int] = {"source_waba_id": source_waba_id, "page_number": page}
    return await graph.call("POST", f"{waba_id}/migrate_message_templates", params=params)


async def archive(graph: Graph, waba_id: str, template_ids: Sequence[str], *, undo: bool = False) -> dict[str, Any]:
    """Archives up to 100 templates, or takes them out of the archive."""
    if not 1 <= len(template_ids) <= _ARCHIVED_AT_ONCE:
        raise InvalidData("PT-WA-TEMPLATE", "1 to 100 templates at once, not {count}", count=len(template_ids))
    # Meta has these two calls on another host; an emulator has them where everything is
    root = ARCHIVE_ROOT if graph.url == "https://graph.facebook.com" else ""
    edge = "unarchive" if undo else "archive"
    return await graph.call(
        "POST", f"{root}{waba_id}/message_templates/{edge}", json={"hsm_ids": ",".join(template_ids)}
    )


def _created(answer: dict[str, Any]) -> Created:
    identity = word(answer.get("id"))
    if identity is None:
        raise unclear("Meta answered without a template id", Answer(200))
    return Created(identity, word(answer.get("status")) or "", word(answer.get("category")) or "")
