"""Campaigns: what becomes of those that run when something they use changes."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from pytake_cli.store.templates import Template


def template_changed(db: Session, template: Template, what: str, now: datetime) -> None:
    """Told, inside the transaction, whenever Meta changed a template; `template` is as it is now, flushed.

    `what` is one of template_changes.KINDS: "status" (stopped, or approved again), "category", "announced" (a change
    of category is to come: coming_category, coming_at), "quality", "content", "gone".
    """
