"""What happens when Meta tells of the account (quality, limits, restrictions) or of who stopped marketing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlmodel import Session

from pytake_cli.locale import Phrase
from pytake_cli.services import campaign_causes, campaigns, consent, contacts, incidents, template_events
from pytake_cli.store.events import Event
from pytake_cli.store.numbers import Number
from pytake_cli.whatsapp.webhooks import AccountEvent, Preference

HIGH_THROUGHPUT_PER_SECOND = 1000  # Meta's upgraded level; the standard one is 80
STOPS_ALL = ("RESTRICTED_CUSTOMER_INITIATED_MESSAGING",)
STOPS_TEMPLATES = ("RESTRICTED_BIZ_INITIATED_MESSAGING", "RESTRICTED_UTILITY_TEMPLATES")


def apply_preference(db: Session, update: Preference, number: Number, now: datetime) -> None:
    """Writes a native stop or resume of marketing into the consent ledger, at once.

    A native resume undoes a native stop only (Meta): who told people to stop has to tell people to go on.
    """
    [contact_id] = contacts.resolve(db, number.org_id, number.portfolio_id, [update.person], now)
    proof = f"user_preferences {update.category}={update.value} at {update.at.isoformat()}"
    said = {"source": "webhook", "proof": proof, "actor": "webhook"}
    at = min(update.at, now)
    if update.value == "stop":
        consent.withdraw(db, contact_id, consent.MARKETING, **said, at=at)
    elif update.value == "signup" or (update.value == "resume" and _may_resume(db, contact_id)):
        consent.grant(db, contact_id, consent.MARKETING, **said, at=at)


def _may_resume(db: Session, contact_id: int) -> bool:
    holds = consent.newest(db, contact_id, consent.MARKETING)
    return holds is None or holds.granted or holds.source in consent.NATIVE


def apply(db: Session, update: AccountEvent, numbers: dict[str, Number], now: datetime) -> None:
    """Keeps the event for every organisation it concerns and acts on what stops or slows sending."""
    concerned = _concerned(update, numbers)
    for number in concerned:
        _act(db, update, number, now)
    for org_id in {number.org_id for number in concerned}:
        if update.field in template_events.FIELDS:
            template_events.apply(db, update, next(each for each in concerned if each.org_id == org_id), now)
        payload = {"field": update.field, "value": update.value}
        db.add(Event(org_id=org_id, kind="account:event", payload=payload, at=now))


def _concerned(update: AccountEvent, numbers: dict[str, Number]) -> list[Number]:
    if update.phone_number_id:
        return [number for id_, number in numbers.items() if id_ == update.phone_number_id]
    digits = _digits(update.value.get("display_phone_number") or update.value.get("phone_number"))
    own = [number for number in numbers.values() if update.waba_id in (number.waba_id, number.portfolio_id)]
    named = [number for number in own if digits and _digits(number.display) == digits]
    return named or own


def _digits(value: Any) -> str:
    return "".join(filter(str.isdigit, value)) if isinstance(value, str) else ""


def _act(db: Session, update: AccountEvent, number: Number, now: datetime) -> None:
    value = update.value
    match update.field:
        case "phone_number_quality_update":
            _quality(db, number, value, now)
        case "business_capability_update":
            limit = value.get("max_daily_conversations_per_business", value.get("max_daily_conversation_per_phone"))
            if isinstance(limit, int):
                _limit(db, number, "TIER_UNLIMITED" if limit < 0 else f"TIER_{limit}", now)
        case "phone_number_name_update" if value.get("decision") == "APPROVED":
            name = value.get("requested_verified_name")
            number.name = name if isinstance(name, str) else number.name
        case "account_update":
            _account(db, number, value, now)
        case "account_alerts" | "account_review_update" | "security":
            about = {"field": update.field, "number": number.display}
            incidents.tell(db, number.org_id, "PT-META-ALERT", Phrase("Meta sent {field} for {number}", **about), now)
        case _:
            pass  # kept as an event; nothing of ours changes


def _quality(db: Session, number: Number, value: dict[str, Any], now: datetime) -> None:
    match value.get("event"):
        case "THROUGHPUT_UPGRADE":
            number.rate_per_second = HIGH_THROUGHPUT_PER_SECOND
        case "FLAGGED":
            number.quality = "RED"
            low = Phrase("the quality of {number} is low", number=number.display)
            incidents.tell(db, number.org_id, "PT-NUMBER-QUALITY", low, now)
            campaigns.quality_fell(db, number, now)
        case "UNFLAGGED":
            number.quality = "GREEN"
            campaign_causes.is_better(db, number, now)
        case _:
            pass  # UPGRADE, DOWNGRADE and ONBOARDING speak of the limit below
    limit = value.get("current_limit")
    if isinstance(limit, str) and limit.startswith("TIER_"):
        _limit(db, number, limit, now)
    db.add(Event(org_id=number.org_id, kind="number:updated", payload={"number": number.id}, at=now))


def _limit(db: Session, number: Number, tier: str, now: datetime) -> None:
    """How many people a day it may write to first."""
    if number.tier != tier:
        number.tier = tier
        campaign_causes.is_gone(db, number, campaign_causes.QUOTA, now)


def _account(db: Session, number: Number, value: dict[str, Any], now: datetime) -> None:
    """Restrictions and bans, as `account_update` tells them."""
    ban = value.get("ban_info")
    if isinstance(ban, dict):
        _ban(db, number, str(ban.get("waba_ban_state")), now)
    restrictions = value.get("restriction_info")
    for restriction in restrictions if isinstance(restrictions, list) else ():
        if not isinstance(restriction, dict):
            continue
        kind, until = restriction.get("restriction_type"), _moment(restriction.get("expiration"))
        if kind in STOPS_ALL:
            number.stopped_at, number.stopped_until, number.stopped_reason = now, until, str(kind)
            number.stopped_code = None
        elif kind in STOPS_TEMPLATES:
            number.templates_stopped_until = until
        what = Phrase("Meta restricted {number}: {what}", number=number.display, what=str(kind))
        incidents.tell(db, number.org_id, "PT-NUMBER-RESTRICTED", what, now)


def _ban(db: Session, number: Number, state: str, now: datetime) -> None:
    if state == "REINSTATE":
        number.stopped_at = number.stopped_until = None
        number.stopped_reason = ""
    elif state == "DISABLE":
        number.stopped_at, number.stopped_until, number.stopped_reason = now, None, "the account is disabled by Meta"
        number.stopped_code = None
    what = Phrase("account of {number}: {state}", number=number.display, state=state)
    incidents.tell(db, number.org_id, "PT-ACCOUNT-BAN", what, now)


def _moment(value: Any) -> datetime | None:
    try:
        return datetime.fromtimestamp(int(value), UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return None
