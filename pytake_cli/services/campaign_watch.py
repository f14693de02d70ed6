"""How far a campaign is: counted from its rows each time, and said in words that need no manual."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from pytake_cli.locale import _, ngettext
from pytake_cli.policy.campaigns import CANCELLED, FINISHED, RUNNING
from pytake_cli.services import campaign_told, numbers
from pytake_cli.store import approvals, ledger
from pytake_cli.store import ledger_counts as counts
from pytake_cli.store.campaigns import Campaign
from pytake_cli.store.numbers import Number
from pytake_cli.whatsapp.errors import rule

SLOW_BELOW = 0.95  # of the number's rate


def progress(db: Session, campaign: Campaign) -> dict[str, Any]:
    """What a progress bar needs; read from indexes alone, so that a million people cost little."""
    assert campaign.id is not None
    status = counts.statuses(db, [campaign.id])[campaign.id]
    waiting = counts.waiting(db, campaign.id)
    written = sum(status.values())
    under_way = status["queued"] + status["sending"]
    done = campaign.recipients - waiting - under_way
    return {
        "id": campaign.id,
        "name": campaign.name,
        "status": campaign.status,
        "reason": campaign.status_reason,
        "detail": campaign_told.detail(campaign),
        "resume_at": campaign.due_at if campaign.status == "paused" else None,
        "starts_at": campaign.due_at if campaign.status == "scheduled" else None,
        "recipients": campaign.recipients,
        "done": done,
        "waiting": waiting if campaign.status != CANCELLED else 0,
        "queued": under_way,
        **_outcomes(status),
        "unknown": status["unknown"],
        "others": campaign.recipients - waiting - written,  # skipped, held out, started, cancelled
        "finished_at": campaign.finished_at,
    }


def outcomes(db: Session, campaign_ids: Collection[int]) -> dict[int, dict[str, int]]:
    """What became of each campaign's messages, as rows of a table show it: sent, delivered, read, failed."""
    return {id_: _outcomes(status) for id_, status in counts.statuses(db, campaign_ids).items()}


def _outcomes(status: Counter[str]) -> dict[str, int]:
    read = status["read"] + status["played"]
    not_sent = sum(status[each] for each in ("queued", "sending", "failed", "unknown", "cancelled"))
    return {
        "sent": sum(status.values()) - not_sent,
        "delivered": status["delivered"] + read,
        "read": read,
        "failed": status["failed"],
    }


def running(db: Session, orgs: Collection[int]) -> Sequence[Campaign]:
    """The campaigns of these organisations that are under way."""
    return db.exec(select(Campaign).where(Campaign.status == RUNNING, col(Campaign.org_id).in_(orgs))).all()


def of(db: Session, campaign: Campaign, now: datetime) -> dict[str, Any]:
    """Everything that can be counted, and the troubles in words."""
    assert campaign.id is not None
    states = counts.states(db, campaign.id)
    replied, opted_out = counts.answers(db, campaign.id)
    skips = counts.skips(db, campaign.id)
    approved = approvals.of_launch(db, campaign.org_id, campaign.series_id or campaign.id)
    found = progress(db, campaign)
    return {
        **{name: value for name, value in found.items() if name != "others"},
        **{name: states[name] for name in ("skipped", "cancelled", "holdout", "started")},
        "replied": replied,
        "opted_out": opted_out,
        "skips": [{"reason": reason, "count": count} for reason, count in sorted(skips.items())],
        "failures": failures(db, campaign.id),
        "troubles": troubles(db, campaign, now),
        "launched_by": campaign.launched_by,
        "approved_by": ", ".join(each.name for each in approved),
        "launched_at": campaign.launched_at,
        "started_at": campaign.started_at,
    }


def failures(db: Session, campaign_id: int) -> list[dict[str, Any]]:
    """Why messages failed, by Meta's code, the commonest first, with what the code means and what helps."""
    found = []
    for code, words, count in counts.troubles(db, campaign_id, "failed"):
        meta = rule(code, None) if code is not None else None
        found.append(
            {
                "code": code,
                "count": count,
                "meaning": _(meta.meaning if meta else words) or _("of somebody who was forgotten since"),
                "advice": _(meta.advice) if meta else "",
            }
        )
    return found


def troubles(db: Session, campaign: Campaign, now: datetime) -> list[str]:
    """What holds a campaign up just now, one sentence each; nothing for one that runs well."""
    detail = campaign_told.detail(campaign)
    found = [detail] if detail else []
    if campaign.status != RUNNING:
        return found
    assert campaign.id is not None
    number = db.get_one(Number, campaign.number_id)
    limits = numbers.limits(db, number, now)
    if limits.current_rate_per_second < SLOW_BELOW * limits.rate_per_second:
        told = _("Meta said that {number} sends too fast: now at {rate} a second")
        found.append(told.format(number=number.display, rate=f"{limits.current_rate_per_second:g}"))
    if campaign.canary_ends_at is not None and campaign.canary_ends_at > now:
        told = _("the first few have gone; the rest waits until {time} UTC")
        found.append(told.format(time=f"{campaign.canary_ends_at:%H:%M:%S}"))
    due = ledger.next_due(db, campaign.id)
    if due is not None and due > now:
        told = _("nobody else is due before {time} UTC: quiet hours, or the time of a later message")
        found.append(told.format(time=f"{due:%Y-%m-%d %H:%M}"))
    for code, words, count in counts.troubles(db, campaign.id, "queued"):
        told = ngettext("{count} message is tried again: {why}", "{count} messages are tried again: {why}", count)
        found.append(told.format(count=count, why=_why_again(code, words)))
    return found


def _why_again(code: int | None, words: str) -> str:
    """Why a message could not be handed to Meta, or not yet."""
    if code is not None:
        return _("Meta answers {code}: {meaning}").format(code=code, meaning=_(rule(code, None).meaning))
    return _("Meta cannot be reached") if words.startswith("Meta cannot be reached") else _(words)


def is_over(found: dict[str, Any]) -> bool:
    return found["status"] in (FINISHED, CANCELLED)
