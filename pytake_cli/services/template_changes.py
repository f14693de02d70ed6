"""What follows when a template changes: an event, a call to who must look at it, and campaigns that hear of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from sqlmodel import Session

from pytake_cli.locale import Phrase
from pytake_cli.services import campaigns, incidents
from pytake_cli.store.events import Event
from pytake_cli.store.templates import APPROVED, Template

KINDS = ("status", "category", "announced", "quality", "content", "gone")


@dataclass(frozen=True, slots=True)
class Before:
    """What a template was before something was written to it."""

    status: str
    category: str
    coming_category: str
    quality: str
    content_hash: str
    gone: bool

    @classmethod
    def of(cls, row: Template) -> Self:
        gone = row.gone_at is not None
        return cls(row.status, row.category, row.coming_category, row.quality, row.content_hash, gone)


def settle(db: Session, row: Template, before: Before, now: datetime, *, by_us: bool = False) -> list[str]:
    """Compares, and tells everybody of what is different; returns the kinds of change. What we did is no alarm."""
    differs = {
        "status": row.status != before.status,
        "category": row.category != before.category,
        "announced": row.coming_category not in ("", before.coming_category),
        "quality": row.quality != before.quality,
        "content": row.content_hash != before.content_hash,
        "gone": row.gone_at is not None and not before.gone,
    }
    changed = [kind for kind in KINDS if differs[kind]]
    if before.gone and row.gone_at is None:
        changed = ["status", *(kind for kind in changed if kind != "status")]  # it is back
    if not changed:
        return []
    row.updated_at = now
    db.add(row)
    db.flush()
    tell(db, row, changed, now)
    for kind in changed:
        if not by_us:
            _alarm(db, row, before, kind, now)
        campaigns.template_changed(db, row, kind, now)
    return changed


def tell(db: Session, row: Template, changed: list[str], now: datetime) -> None:
    """An event for inboxes and `listen`."""
    payload: dict[str, Any] = {"template": row.id, "name": row.name, "language": row.language, "status": row.status}
    payload |= {"category": row.category, "quality": row.quality, "changed": changed}
    db.add(Event(org_id=row.org_id, kind="template:updated", payload=payload, at=now))


def _alarm(db: Session, row: Template, before: Before, kind: str, now: datetime) -> None:
    """An incident where money or messages are at stake."""
    name = f"{row.name} ({row.language})"
    match kind:
        case "status" if before.status == APPROVED and row.status != APPROVED:
            why = ", ".join(each for each in (row.status, row.pause_title or row.rejected_reason) if each)
            what = Phrase("the template {name} cannot be sent any more: {why}", name=name, why=why)
            incidents.tell(db, row.org_id, "PT-TEMPLATE-STOPPED", what, now)
        case "gone":
            what = Phrase("Meta has no template {name} any more", name=name)
            incidents.tell(db, row.org_id, "PT-TEMPLATE-STOPPED", what, now)
        case "category":
            moved = {"name": name, "before": before.category, "category": row.category}
            what = Phrase("Meta moved the template {name} from {before} to {category}: its price changes", **moved)
            incidents.tell(db, row.org_id, "PT-TEMPLATE-CATEGORY", what, now)
        case "announced":
            incidents.tell(db, row.org_id, "PT-TEMPLATE-CATEGORY", _announced(row, name), now)
        case "quality" if row.quality == "RED":
            what = Phrase("people block or report the template {name}", name=name)
            incidents.tell(db, row.org_id, "PT-TEMPLATE-QUALITY", what, now)
        case _:
            pass  # an event is enough


def _announced(row: Template, name: str) -> Phrase:
    told = {"name": name, "category": row.coming_category}
    if row.coming_at is None:
        return Phrase("the template {name} becomes {category}: its price changes", **told)
    told["at"] = f"{row.coming_at:%Y-%m-%d %H:%M}"
    return Phrase("the template {name} becomes {category} at {at} UTC: its price changes", **told)
