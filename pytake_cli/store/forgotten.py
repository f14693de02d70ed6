"""What campaigns keep of people who were forgotten: what became of their message, and nothing that tells who."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field

from pytake_cli.store.rows import Owned, primary_key, reference, time
from pytake_cli.store.types import BigId


class ForgottenRecipient(Owned, table=True):
    """One person of a ledger without the person, so that a report still adds up to what was sent."""

    __tablename__ = "forgotten_recipient"

    id: int | None = primary_key()
    org_id: int = reference("organisation.id")
    campaign_id: int = reference("campaign.id", index=True)
    arm: str = ""
    state: str  # the ledger's
    reason: str = ""  # slug of why it was skipped
    status: str = ""  # the message's; empty: there was none
    error_code: int | None = Field(default=None, sa_type=BigId)  # Meta's
    read: bool = False
    replied: bool = False
    opted_out: bool = False
    prefix: str = ""  # of the country, where Meta told a price: `BR.`, as its ids for people begin
    category: str = ""
    billable: bool = False
    priced: bool = False  # it was delivered, and Meta told what that costs
    delivered_at: datetime | None = time(nullable=True)  # the hour


forgotten_recipient = ForgottenRecipient.__table__  # type: ignore[attr-defined]
