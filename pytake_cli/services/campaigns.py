"""What happens to a campaign that was launched: paused, resumed, cancelled, tried again, stopped by what Meta says."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from pytake_cli.errors import Conflict, NotFound
from pytake_cli.locale import Phrase
from pytake_cli.policy import campaigns as policy
from pytake_cli.policy.campaigns import (
    CANCELLED,
    FINISHED,
    FREEZING,
    PAUSED,
    RECURRING,
    RUNNING,
    SCHEDULED,
    Definition,
)
from pytake_cli.services import (
    campaign_causes,
    campaign_flows,
    campaign_recurrence,
    campaign_told,
    incidents,
    sending,
    templates,
)
from pytake_cli.services.told import to_json
from pytake_cli.store import campaigns, later, ledger
from pytake_cli.store.campaigns import Campaign
from pytake_cli.store.events import Event
from pytake_cli.store.numbers import Number
from pytake_cli.store.templates import APPROVED, Template
from pytake_cli.store.work import poke

campaign_table = Campaign.__table__  # type: ignore[attr-defined]
TEMPLATE = "PT-CAMP-TEMPLATE"  # paused for what Meta did to a template


def get(db: Session, org_id: int, name: str) -> Campaign:
    """The campaign of that name, or `campaign:ID`; raises NotFound."""
    kind, _, id_ = name.partition(":")
    if kind == "campaign" and id_.isdecimal():
        found = db.get(Campaign, int(id_))
        found = found if found is not None and found.org_id == org_id else None
    else:
        found = campaigns.by_name(db, org_id, name)
    if found is None:
        raise NotFound("PT-CAMP-NONE", "there is no campaign {name}", fix="pytake campaign list", name=name)
    return found


def definition(campaign: Campaign) -> Definition:
    """What was launched."""
    return Definition.of_json(campaign.definition)


def become(db: Session, campaign: Campaign, status: str, now: datetime, **values: Any) -> bool:
    """Compare-and-swap of the status; False when somebody else was faster. The row is read again."""
    swap = sa.update(campaign_table).where(
        campaign_table.c.id == campaign.id, campaign_table.c.status.in_(policy.before(status))
    )
    told = {"status_told": None} if "status_detail" in values else {}  # they speak of the same
    given = {"status": status, "updated_at": now, **told, **values}
    if db.connection().execute(swap.values(**given)).rowcount != 1:
        db.refresh(campaign)
        return False
    db.refresh(campaign)
    payload = {"campaign": campaign.id, "name": campaign.name, "status": status, "reason": campaign.status_reason}
    db.add(Event(org_id=campaign.org_id, kind="campaign:updated", payload=payload, at=now))
    wake(db, campaign)
    return True


def wake(db: Session, campaign: Campaign) -> None:
    poke(db, "campaign", campaign.id or 0, "campaign")


def pause(
    db: Session,
    campaign: Campaign,
    now: datetime,
    *,
    reason: str = "",
    detail: Phrase | None = None,
    until: datetime | None = None,
) -> int:
    """Nothing more is handed to Meta from this transaction on; what was queued waits in the ledger again.

    Returns how many messages were taken back. Raises Conflict for a campaign that does not run.
    """
    values = {"status_reason": reason, **_told(detail), "due_at": until, "paused_at": now}
    following = _following(db, campaign, policy.before(PAUSED))
    if not become(db, campaign, PAUSED, now, **values) and not (campaign.status == FINISHED and following):
        raise _refused(campaign, "paused")
    taken = [pause(db, each, now, reason=reason, detail=detail, until=until) for each in following]
    return sum(taken) + _take_back(db, campaign, now)


def _told(detail: Phrase | None) -> dict[str, Any]:
    return {"status_detail": str(detail or ""), "status_told": to_json(detail) if detail is not None else None}


def _following(db: Session, campaign: Campaign, statuses: Collection[str]) -> list[Campaign]:
    """The later messages of a campaign that are in one of the statuses; they go on when it is finished itself."""
    return [each for each in later.following(db, campaign.id or 0) if each.status in statuses]


def stop(
    db: Session, campaign: Campaign, now: datetime, reason: str, detail: Phrase, *, until: datetime | None = None
) -> None:
    """Pauses what may not go on by itself, and tells people why; with `until` it goes on then."""
    if campaign.status not in policy.before(PAUSED):
        return
    pause(db, campaign, now, reason=reason, detail=detail, until=until)
    paused = Phrase("campaign {name} is paused: {why}", name=campaign.name, why=detail)
    incidents.tell(db, campaign.org_id, reason, paused, now)


def resume(db: Session, campaign: Campaign, now: datetime) -> None:
    """Goes on with those who have not been written to, from the row where it stopped."""
    if campaign.status in (RUNNING, RECURRING):
        return
    if definition(campaign).recurrence is not None and campaign.status == PAUSED:
        first = campaign_recurrence.first_of(db, campaign.org_id, definition(campaign), now)
        become(db, campaign, RECURRING, now, status_reason="", status_detail="", due_at=first.at, paused_at=None)
        return
    number = db.get_one(Number, campaign.number_id)
    if campaign.status == PAUSED and sending.is_stopped(number, "campaign", now):
        raise Conflict(
            "PT-CAMP-NUMBER",
            "{number} may not send: {reason}",
            fix=campaign_told.help_of(number),
            number=number.display,
            scope=number.phone_number_id,
            reason=campaign_told.of_number(number, now).told,
        )
    for arm in definition(campaign).arms:
        templates.refuse_unusable(templates.find(db, number.org_id, number.waba_id, arm.template, arm.language or None))
    begins = campaign.started_at is None and campaign.launched_at is not None
    due = definition(campaign).at if begins else None
    waits = due is not None and due > now
    values = {"status_reason": "", "status_detail": "", "due_at": due if waits else None, "paused_at": None}
    following = _following(db, campaign, (PAUSED,))
    status = SCHEDULED if waits else RUNNING
    goes_on = campaign.status == PAUSED and become(db, campaign, status, now, resumed_at=now, **values)
    if not goes_on and not (campaign.status == FINISHED and following):
        raise _refused(campaign, "resumed")
    for each in following:
        resume(db, each, now)


def cancel(db: Session, campaign: Campaign, now: datetime, *, reason: str = "", detail: Phrase | None = None) -> int:
    """Ends it for good: whoever has not been written to will not be. Returns how many messages were taken back."""
    values = {"status_reason": reason, **_told(detail), "finished_at": now, "due_at": now}
    following = _following(db, campaign, policy.before(CANCELLED))
    if not become(db, campaign, CANCELLED, now, **values) and not (campaign.status == FINISHED and following):
        raise _refused(campaign, "cancelled")
    taken = [cancel(db, each, now, reason=reason, detail=detail) for each in following]
    return sum(taken) + _take_back(db, campaign, now)


def _take_back(db: Session, campaign: Campaign, now: datetime) -> int:
    return campaign_flows.take_back(db, campaign, now) + ledger.take_back(db, campaign.id or 0)


def retry(db: Session, campaign: Campaign, now: datetime, *, codes: Collection[int] | None = None) -> int:
    """People whose message failed are written to again, as a person's decision; how many."""
    if campaign.status not in (RUNNING, PAUSED, FINISHED):
        raise _refused(campaign, "retried")
    again = ledger.detach_failed(db, campaign.id or 0, codes, now)
    if again and campaign.status == FINISHED:
        become(db, campaign, RUNNING, now, resumed_at=now, finished_at=None, status_reason="", status_detail="")
    elif again:
        campaign.resumed_at = now
        wake(db, campaign)
    return again


def template_changed(db: Session, template: Template, what: str, now: datetime) -> None:
    """Told, inside the transaction, whenever Meta changed a template; `template` is as it is now, flushed.

    `what` is one of template_changes.KINDS. Campaigns that use what cannot be sent any more, costs or says something
    else, or is rated low wait for a person; those that wait for it say what is true of it now.
    """
    for campaign in _going(db, template.org_id, RUNNING, SCHEDULED):
        detail = _what_happened(template, what, campaign.category) if _sends(campaign, template) else None
        if detail is not None:
            stop(db, campaign, now, TEMPLATE, detail)
    for campaign in _going(db, template.org_id, PAUSED):
        if campaign.status_reason == TEMPLATE and _sends(campaign, template):
            detail = _what_happened(template, what, campaign.category) or _sent_again(campaign, template, what)
            if detail is not None:
                campaign.sqlmodel_update({**_told(detail), "updated_at": now})
                db.add(campaign)


def _sends(campaign: Campaign, template: Template) -> bool:
    arms = definition(campaign).arms
    return any(arm.template == template.name and arm.language in ("", template.language) for arm in arms)


def _sent_again(campaign: Campaign, template: Template, what: str) -> Phrase | None:
    if what != "status":
        return None
    name = f"{template.name} ({template.language})"
    return Phrase(
        "the template {name} can be sent again; to go on: pytake campaign resume {campaign}",
        name=name,
        campaign=campaign.name,
    )


_NOT_SENT = {  # a template's status at Meta -> what that means
    "PAUSED": Phrase("is paused at Meta"),
    "DISABLED": Phrase("is disabled at Meta"),
    "REJECTED": Phrase("was rejected by Meta"),
    "PENDING": Phrase("is being reviewed by Meta"),
}


def _what_happened(template: Template, what: str, category: str) -> Phrase | None:
    """None for what does a campaign no harm: a better rating, an approval."""
    name = {"name": f"{template.name} ({template.language})"}
    if template.gone_at is not None:
        return Phrase("Meta has no template {name} any more", **name)
    if template.status != APPROVED:
        state = _NOT_SENT.get(template.status, Phrase("cannot be sent, Meta says {status}", status=template.status))
        why = template.pause_title or template.rejected_reason
        about = name | {"state": state, "why": why}
        return Phrase("the template {name} {state}: {why}" if why else "the template {name} {state}", **about)
    match what:
        case "quality" if template.quality == "RED":
            return Phrase("people rate the template {name} low: Meta is about to pause it", **name)
        case "category":
            moved = name | {"before": category, "category": template.category}
            return Phrase("Meta moved the template {name} from {before} to {category}: its price changes", **moved)
        case "announced":
            moved = name | {"category": template.coming_category}
            return Phrase("Meta is about to move the template {name} to {category}: its price changes", **moved)
        case "content":
            return Phrase("the text of the template {name} has changed at Meta", **name)
    return None


def quality_fell(db: Session, number: Number, now: datetime) -> None:
    """Meta rates the number low: one more campaign may cost it its limit."""
    why = Phrase("Meta rates {number} low: people block or report it", number=number.display)
    for campaign in _going(db, number.org_id, RUNNING, SCHEDULED):
        if campaign.number_id == number.id:
            stop(db, campaign, now, campaign_causes.QUALITY, why)


def _going(db: Session, org_id: int, *statuses: str) -> Iterable[Campaign]:
    going = select(Campaign).where(Campaign.org_id == org_id, col(Campaign.status).in_(statuses))
    return db.exec(going.order_by(col(Campaign.id))).all()


def due(db: Session, now: datetime, *, frozen_before: datetime) -> list[int]:
    """Campaigns that want a look: running, waiting for a moment that has come, half launched by the dead."""
    waiting = (SCHEDULED, PAUSED, CANCELLED)
    found = sa.select(campaign_table.c.id).where(
        sa.or_(
            campaign_table.c.status == RUNNING,
            sa.and_(campaign_table.c.status.in_(waiting), campaign_table.c.due_at <= now),
            sa.and_(campaign_table.c.status == FREEZING, campaign_table.c.updated_at < frozen_before),
        )
    )
    return list(db.connection().execute(found).scalars())


def _refused(campaign: Campaign, wanted: str) -> Conflict:
    return Conflict(
        "PT-CAMP-STATE",
        "campaign {name} is {status} and cannot be {wanted}",
        fix="pytake campaign show {name}",
        name=campaign.name,
        status=campaign.status,
        wanted=wanted,
    )
