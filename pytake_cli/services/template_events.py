"""What happens when Meta tells of a template: its review, pauses, quality, category and content."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlmodel import Session

from pytake_cli.services import template_changes, template_sync
from pytake_cli.store import jobs, templates
from pytake_cli.store.numbers import Number
from pytake_cli.store.templates import APPROVED, Template
from pytake_cli.whatsapp.fields import table, word
from pytake_cli.whatsapp.webhooks import AccountEvent

FIELDS = (
    "message_template_status_update",
    "message_template_quality_update",
    "message_template_components_update",
    "template_category_update",
)
_MEANS = {"REINSTATED": APPROVED, "UNARCHIVED": APPROVED}
_ONLY_SAID = ("FLAGGED", "DELETED", "")  # no status of a template: the quality follows, or the template goes


def apply(db: Session, update: AccountEvent, number: Number, now: datetime) -> None:
    """Changes the organisation's row; what is not known here, or told only in part, is pulled."""
    name = word(update.value.get("message_template_name")) or ""
    row = _find(db, number, update.value)
    if row is None or update.field == "message_template_components_update":
        pull_soon(db, number, name, now)
        return
    before = template_changes.Before.of(row)
    if update.field == "message_template_status_update":
        if update.at and row.told_at and update.at < row.told_at:
            return  # a redelivery, or overtaken by a newer one
        row.told_at = update.at or row.told_at
        if update.value.get("event") == "DELETED":
            template_sync.mark_gone(db, row, now)
            return
        _status(row, update.value)
    elif update.field == "message_template_quality_update":
        row.quality = word(update.value.get("new_quality_score")) or row.quality
    else:
        _category(row, update.value)
    template_changes.settle(db, row, before, now)


def _find(db: Session, number: Number, value: dict[str, Any]) -> Template | None:
    """By Meta's id; else by name and language, which Meta writes with a hyphen here."""
    org, waba = number.org_id, number.waba_id
    found = templates.by_meta_id(db, org, waba, word(value.get("message_template_id")) or "")
    language = (word(value.get("message_template_language")) or "").replace("-", "_")
    return found or templates.by_key(db, org, waba, word(value.get("message_template_name")) or "", language)


def _status(row: Template, value: dict[str, Any]) -> None:
    event = (word(value.get("event")) or "").upper()
    if event not in _ONLY_SAID:
        row.status, row.gone_at = _MEANS.get(event, event), None
    reason = word(value.get("reason")) or ""
    advice = word(table(value.get("rejection_info")).get("recommendation")) or ""
    told = " · ".join(part for part in (reason if reason != "NONE" else "", advice) if part)
    row.rejected_reason = told if row.status != APPROVED else ""
    title = word(table(value.get("other_info")).get("title")) or ""
    row.pause_title = title if row.status != APPROVED else ""


def _category(row: Template, value: dict[str, Any]) -> None:
    """`correct_category` announces, about a day ahead; without it the change is done."""
    coming = (word(value.get("correct_category")) or "").upper()
    if coming and coming != row.category:
        row.coming_category = coming
        row.coming_at = _moment(value.get("category_update_timestamp"))
        return
    row.category = (word(value.get("new_category")) or row.category).upper()
    row.coming_category, row.coming_at = "", None


def pull_soon(db: Session, number: Number, name: str, now: datetime) -> None:
    """A job that asks Meta for the templates of that name, or of every name for ""."""
    payload = {"phone_number_id": number.phone_number_id, "waba_id": number.waba_id, "name": name}
    key = f"template:{number.org_id}:{number.waba_id}:{name}:{now.isoformat()}"
    jobs.add(db, org_id=number.org_id, kind="template.pull", key=key, payload=payload, now=now)


def _moment(value: Any) -> datetime | None:
    try:
        return datetime.fromtimestamp(int(value), UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return None
