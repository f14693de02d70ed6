"""Templates as people make and change them: kept here, submitted, edited within Meta's limits, taken away."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, select

from pytake_cli.errors import Conflict, LimitReached
from pytake_cli.services import template_changes, template_sync
from pytake_cli.services.template_writing import draft_hash
from pytake_cli.store.campaigns import Campaign
from pytake_cli.store.templates import APPROVED, LOCAL, Template, by_key
from pytake_cli.whatsapp.templates import Created

CONTENT = ("category", "parameter_format", "components", "ttl_seconds", "content_hash")
TOLD = ("quality", "pause_title", "coming_category", "coming_at", "edits")  # what was Meta's word on one that is gone
EDITABLE = (APPROVED, "REJECTED", "PAUSED")
DAY, MONTH = timedelta(hours=24), timedelta(days=30)
EDITS_A_MONTH = 10
UNDER_WAY = ("freezing", "scheduled", "running", "paused")  # of a campaign


def as_row(org: int, waba_id: str, draft: Mapping[str, Any], now: datetime) -> Template:
    """The row that a draft would be; not in the store yet."""
    return Template(
        org_id=org,
        waba_id=waba_id,
        name=draft["name"],
        language=draft["language"],
        category=draft["category"],
        parameter_format=draft["parameter_format"],
        components=draft["components"],
        ttl_seconds=draft.get("message_send_ttl_seconds"),
        content_hash=draft_hash(draft),
        created_at=now,
        updated_at=now,
    )


def create(db: Session, org: int, waba_id: str, draft: Mapping[str, Any], now: datetime) -> tuple[Template, bool]:
    """Keeps a draft as LOCAL; whether anything changed. Conflict where Meta has the template already."""
    made = as_row(org, waba_id, draft, now)
    row = by_key(db, org, waba_id, made.name, made.language)
    if row is not None and row.status != LOCAL and row.gone_at is None:
        raise Conflict(
            "PT-TEMPLATE-EXISTS",
            "Meta has the template {name} ({language}) already: it is {status}",
            fix="pytake template edit {name} FILE",
            name=row.name,
            language=row.language,
            status=row.status,
        )
    if row is None:
        row = made
        changes = ["added"]
    else:
        same = row.status == LOCAL and row.components == made.components and row.category == made.category
        changes = [] if same and row.ttl_seconds == made.ttl_seconds else ["content"]
        for member in (*CONTENT, *TOLD):
            setattr(row, member, getattr(made, member))
        row.status, row.meta_id, row.gone_at, row.rejected_reason = LOCAL, "", None, ""
    db.add(row)
    db.flush()
    if changes:
        row.updated_at = now
        template_changes.tell(db, row, changes, now)
    return row, bool(changes)


def to_submit(row: Template, components: list[dict[str, Any]]) -> dict[str, Any]:
    """What Meta is given; `components` have handles where the row has files."""
    draft: dict[str, Any] = {"name": row.name, "category": row.category, "language": row.language}
    draft |= {"parameter_format": row.parameter_format, "components": components}
    return draft | ({"message_send_ttl_seconds": row.ttl_seconds} if row.ttl_seconds is not None else {})


def submitted(db: Session, row: Template, made: Created, now: datetime) -> None:
    """Meta took it for review."""
    before = template_changes.Before.of(row)
    row.meta_id, row.status, row.pulled_at = made.id, made.status or "PENDING", now
    row.category = made.category or row.category
    template_changes.settle(db, row, before, now)


def changes(row: Template, draft: Mapping[str, Any]) -> dict[str, Any]:
    """What an edit has to tell Meta to make the template as the draft is; raises what Meta would refuse."""
    if row.meta_id == "" or row.gone_at is not None or row.status not in EDITABLE:
        local = row.status == LOCAL
        raise Conflict(
            "PT-TEMPLATE-STATE",
            "the template {name} ({language}) cannot be edited: it is {reason}",
            fix="pytake template create FILE" if local else "pytake template show {name}",
            name=row.name,
            language=row.language,
            reason="gone" if row.gone_at else row.status.lower(),
        )
    found: dict[str, Any] = {}
    if draft_hash({**draft, "message_send_ttl_seconds": row.ttl_seconds}) != row.content_hash:
        found |= {"components": draft["components"], "parameter_format": draft["parameter_format"]}
    ttl = draft.get("message_send_ttl_seconds")
    if ttl is not None and ttl != row.ttl_seconds:
        found["message_send_ttl_seconds"] = ttl
    if draft["category"] != row.category:
        if row.status == APPROVED:
            raise Conflict(
                "PT-TEMPLATE-FIXED",
                "the category of an approved template cannot be edited: it is {category}",
                fix="pytake template create FILE, under another name",
                category=row.category,
            )
        found["category"] = draft["category"]
    return found


def refuse_hasty(row: Template, now: datetime) -> None:
    """Raises when an approved template was edited less than a day ago, or ten times in thirty days."""
    edits = [datetime.fromisoformat(each) for each in row.edits]
    lately = [each for each in edits if each > now - MONTH]
    free_at = None
    if lately and lately[-1] > now - DAY:
        free_at = lately[-1] + DAY
    if len(lately) >= EDITS_A_MONTH:
        free_at = max(free_at or now, lately[-EDITS_A_MONTH] + MONTH)
    if row.status == APPROVED and free_at is not None:
        raise LimitReached(
            "PT-TEMPLATE-EDITS",
            "{name} can be edited again on {when}",
            why="Meta takes one edit of an approved template in 24 hours, and ten in 30 days",
            fix="pytake template show {name}",
            name=row.name,
            when=f"{free_at:%Y-%m-%d %H:%M} UTC",
        )


def edited(db: Session, row: Template, now: datetime) -> None:
    """Meta took an edit: it counts for its limits."""
    if row.status == APPROVED:
        row.edits = [*row.edits, now.isoformat()][-EDITS_A_MONTH:]
    db.add(row)
    db.flush()


def using(db: Session, org: int, name: str) -> list[str]:
    """The campaigns under way that send the template."""
    active = select(Campaign).where(Campaign.org_id == org, col(Campaign.status).in_(UNDER_WAY))
    return [
        campaign.name
        for campaign in db.exec(active.order_by(col(Campaign.name)))
        for part in [[*campaign.definition.get("arms", ()), *campaign.definition.get("drip", ())]]
        if any(each.get("template") == name for each in part)
    ]


def deleted(db: Session, row: Template, now: datetime) -> None:
    """Taken away: of one that Meta never had nothing stays."""
    if row.status == LOCAL and not row.meta_id:
        db.delete(row)
        db.flush()
    else:
        template_sync.mark_gone(db, row, now, by_us=True)
