"""Keeps the store's templates as Meta has them: what a list of Meta's changes, adds and marks as gone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session

from pytake_cli.services import template_changes
from pytake_cli.services.templates import listed
from pytake_cli.store.templates import LOCAL, Template
from pytake_cli.whatsapp import templates as at_meta
from pytake_cli.whatsapp.template_content import content_hash


@dataclass(slots=True)
class Pulled:
    """What a pull found different: rows by what became of them."""

    added: list[Template] = field(default_factory=list)
    changed: list[Template] = field(default_factory=list)
    gone: list[Template] = field(default_factory=list)
    same: int = 0


def take_in(
    db: Session, org: int, waba_id: str, found: Iterable[at_meta.Template], now: datetime, *, complete: bool = True
) -> Pulled:
    """Makes the store as Meta had it at `now`. With `complete` what Meta did not list is marked as gone."""
    rows = listed(db, org, waba_id, gone=True)
    by_id = {row.meta_id: row for row in rows if row.meta_id}
    by_key = {(row.name, row.language): row for row in rows}
    pulled, seen = Pulled(), set[int]()
    for one in found:
        row = by_key.get((one.name, one.language)) or by_id.get(one.id)
        if row is None:
            row = _new(org, waba_id, one, now)
            by_key[one.name, one.language] = row
            pulled.added.append(row)
            _copy(db, row, one, now)
            template_changes.tell(db, row, ["added"], now)
        elif _changes(db, row, one, now):
            pulled.changed.append(row)
        else:
            pulled.same += 1
        seen.add(row.id or 0)
    for row in rows if complete else ():
        fresh = row.pulled_at is not None and row.pulled_at > now  # submitted since Meta was asked
        if row.id not in seen and row.status != LOCAL and row.gone_at is None and not fresh:
            mark_gone(db, row, now)
            pulled.gone.append(row)
    return pulled


def mark_gone(db: Session, row: Template, now: datetime, *, by_us: bool = False) -> None:
    """Meta has it no more; the row stays for what was sent with it."""
    before = template_changes.Before.of(row)
    row.gone_at = now
    template_changes.settle(db, row, before, now, by_us=by_us)


def _new(org: int, waba_id: str, one: at_meta.Template, now: datetime) -> Template:
    return Template(
        org_id=org,
        waba_id=waba_id,
        name=one.name,
        language=one.language,
        category=one.category,
        created_at=now,
        updated_at=now,
    )


def _changes(db: Session, row: Template, one: at_meta.Template, now: datetime) -> bool:
    before = template_changes.Before.of(row)
    _copy(db, row, one, now)
    return bool(template_changes.settle(db, row, before, now))


def _copy(db: Session, row: Template, one: at_meta.Template, now: datetime) -> None:
    """The row as Meta has the template."""
    row.meta_id, row.name, row.language = one.id, one.name, one.language
    row.category, row.status, row.quality = one.category, one.status, one.quality
    row.parameter_format, row.components = one.parameter_format, list(one.components)
    row.ttl_seconds = one.ttl_seconds
    row.rejected_reason = "" if one.rejected_reason == "NONE" else one.rejected_reason
    row.pause_title = row.pause_title if one.status == "PAUSED" else ""
    correct = str(one.raw.get("correct_category") or "").upper()
    if correct:  # Meta does not always say it where it announced it by webhook
        row.coming_category = correct
    if row.coming_category == row.category:
        row.coming_category, row.coming_at = "", None
    row.content_hash = content_hash(one.components, one.category, one.parameter_format, one.ttl_seconds)
    row.pulled_at, row.gone_at = now, None
    db.add(row)
    db.flush()
