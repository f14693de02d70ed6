"""/templates: the messages that Meta approves; looked at, filled in, and checked as text."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, Query, Response
from fastapi import Path as Param
from pydantic import BaseModel, Field
from sqlmodel import Session

from pytake_cli.api.v1.here import Here, here, needs
from pytake_cli.api.v1.paging import LARGEST_ID, Page, Paging, everything, short
from pytake_cli.api.v1.routes import Body
from pytake_cli.api.v1.routes import router as new_router
from pytake_cli.api.v1.versions import tag
from pytake_cli.errors import InvalidData
from pytake_cli.flow import reader
from pytake_cli.services import conversations, numbers, prices, template_lint, templates
from pytake_cli.store.numbers import Number
from pytake_cli.store.organisations import Organisation
from pytake_cli.store.templates import Template
from pytake_cli.whatsapp import template_views

router = new_router("templates")
READ = [Depends(needs("templates:read"))]

Name = Annotated[str, Param(min_length=1, max_length=512)]
Language = Annotated[str | None, Query(max_length=20, description="such as pt_BR, if there are several")]
NumberId = Annotated[int | None, Query(ge=1, le=LARGEST_ID, description="of which number, if there are several")]
FILES = ("image", "video", "document", "gif")


class Wanted(BaseModel):
    """A value that each message has to bring."""

    key: str
    kind: str
    required: bool
    example: str | None = None


class Cost(BaseModel):
    """`{"amount": "0.0068", "currency": "USD"}`"""

    amount: str
    currency: str


class TemplateRow(BaseModel):
    """A template in one language; `price` is what Meta charges for one to the customer of `conversation`."""

    id: int
    name: str
    language: str
    category: str
    status: str
    quality: str
    text: str
    values: list[Wanted]
    usable: bool
    reason: str
    components: list[dict[str, Any]]
    waba_id: str
    coming_category: str
    coming_at: datetime | None
    pulled_at: datetime | None
    gone_at: datetime | None
    updated_at: datetime
    price: Cost | None = None


class Filling(Body):
    """Values by their keys; what is missing is filled with the template's examples."""

    values: dict[Annotated[str, Field(max_length=200)], Annotated[str, Field(max_length=4096)]] = {}
    language: str | None = Field(None, max_length=20)
    number: int | None = Field(None, ge=1, le=LARGEST_ID)


class Previewed(BaseModel):
    name: str
    language: str
    category: str
    header: str
    body: str
    footer: str
    buttons: list[str]
    cards: list[str]
    text: str
    values: dict[str, str]


class Written(Body):
    text: str = Field(max_length=100_000, description="a template file, as YAML")


class Mistake(BaseModel):
    line: int | None
    column: int | None
    severity: str
    slug: str
    message: str
    fix: str


@router.get("", response_model=Page[TemplateRow], dependencies=READ)
def list_(
    status: Annotated[str | None, Query(max_length=40)] = None,
    category: Annotated[str | None, Query(max_length=40)] = None,
    gone: bool = False,
    conversation: Annotated[
        int | None, Query(ge=1, le=LARGEST_ID, description="whose customer the price is for")
    ] = None,
    paging: Paging = Depends(short),
    here: Here = Depends(here),
) -> object:
    """The templates that are known here."""
    with here.read() as db:
        found = templates.listed(db, here.org_id, gone=gone)
        costs = _costs(db, here, conversation)
    wanted = [row for row in found if not (status and row.status != status.upper())]
    wanted = [row for row in wanted if not (category and row.category != category.upper())]
    return paging.part(
        wanted,
        lambda row: (row.name, row.language, row.id),
        lambda row: {**row_of(row), "price": costs.get(row.category)},
    )


def _costs(db: Session, here: Here, conversation: int | None) -> dict[str, dict[str, str]]:
    """What a message of each category costs to the customer of a conversation."""
    if conversation is None:
        return {}
    here.principal.require("conversations:read")
    contact_id = conversations.get(db, conversation).contact_id
    known = prices.of_one(db, here.org_id, contact_id, here.now.date().isoformat())
    return {category: cost.to_json() for category, cost in known.items()}


@router.post("/lint", response_model=Page[Mistake], dependencies=READ)
def lint(body: Written, here: Here = Depends(here)) -> object:
    """What Meta would refuse of a template file, and what is worth a word; sample files are not looked at."""
    refuse_files(body.text)
    with here.read() as db:
        country = db.get_one(Organisation, here.org_id).country
        costs = template_lint.Prices(prices.table(db, here.org_id), country, here.now.date().isoformat())
    [found] = template_lint.examine([(body.text.encode(), Path("template.yaml"), "template.yaml")], costs)
    problems = sorted(found.problems, key=lambda one: (one.line or 0, one.column or 0))
    return everything([problem.to_json() for problem in problems])


@router.get("/{name}", response_model=TemplateRow, dependencies=READ)
def show(
    name: Name, response: Response, language: Language = None, number: NumberId = None, here: Here = Depends(here)
) -> object:
    """One template, where it stands at Meta, and the values that each message has to bring."""
    with here.read() as db:
        row = find(db, here, name, language, number)
    tag(response, versioned(row))
    return row_of(row)


@router.post("/{name}/preview", response_model=Previewed, dependencies=READ)
def preview(name: Name, body: Filling, here: Here = Depends(here)) -> object:
    """The template as its reader will see it."""
    with here.read() as db:
        row = find(db, here, name, body.language, body.number)
    values = templates.samples(row) | body.values
    seen = templates.render(row, values)
    return {
        **{part: getattr(row, part) for part in ("name", "language", "category")},
        **{part: getattr(seen, part) for part in ("header", "body", "footer", "text")},
        "buttons": list(seen.buttons),
        "cards": [card.text for card in seen.cards],
        "values": values,
    }


def find(db: Session, here: Here, name: str, language: str | None, number: int | None) -> Template:
    """The template of that name in the account of a number."""
    return templates.find(db, here.org_id, account(db, here, number).waba_id, name, language)


def account(db: Session, here: Here, number: int | None) -> Number:
    """A number of the account that is meant: the one named, or any one where all are of one account."""
    if number is None:
        known = [each for each in numbers.listed(db, here.org_id) if each.status != numbers.REMOVED]
        if known and len({each.waba_id for each in known}) == 1:
            return known[0]
    return numbers.find(db, here.org_id, None if number is None else str(number))


def versioned(row: Template) -> dict[str, Any]:
    """What a change of it must have seen."""
    return row.model_dump(include={"id", "status", "category", "content_hash", "ttl_seconds", "gone_at"})


def row_of(row: Template) -> dict[str, Any]:
    """A template as it is shown."""
    reason = templates.usable(row)
    told = row.pause_title if row.status == "PAUSED" else row.rejected_reason
    samples = templates.samples(row)
    return {
        **row.model_dump(),
        "values": [
            {"key": slot.key, "kind": slot.kind, "required": slot.required, "example": samples.get(slot.key)}
            for slot in templates.wanted(row)
        ],
        "text": template_views.render(row.components).text,
        "usable": reason is None,
        "reason": " · ".join(part for part in (reason, told) if part),
    }


def refuse_files(text: str) -> None:
    """Files named in a text that came from elsewhere are not ours to open."""
    if _names_file(reader.read(text, "template.yaml").data):
        raise InvalidData(
            "PT-TEMPLATE-SAMPLE",
            "the sample {file}: {reason}",
            fix="pytake template lint FILE",
            file="",
            reason="files are only looked at on the machine where they are",
        )


def _names_file(value: Any) -> bool:
    match value:
        case Mapping():
            named = any(name in FILES and "::" not in str(given) for name, given in value.items())
            return named or any(map(_names_file, value.values()))
        case list():
            return any(map(_names_file, value))
        case _:
            return False
