"""Who is it: how a person's identities are read, compared and told apart (Meta: BSUID > wa_id > parent BSUID)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

# Meta redelivers webhooks for up to 7 days: what an abandoned number sends within them is late, not somebody else.
LATE = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Keys:
    """What finds a person within one portfolio; empty is unknown. `phone` is digits, the rest as Meta has it."""

    phone: str = ""
    bsuid: str = ""
    parent_bsuid: str = ""


def keys(wa_id: str | None, user_id: str | None, parent_user_id: str | None) -> Keys:
    """Keys as they are stored. A BSUID is never stripped to digits: it would look like a phone number."""
    phone = (wa_id or "").removeprefix("+")
    return Keys(phone if phone.isascii() and phone.isdigit() else "", stored(user_id), stored(parent_user_id))


def stored(value: str | None) -> str:
    """Text as a database takes it: PostgreSQL has no NUL."""
    return (value or "").replace("\0", "")


def username(value: str | None) -> str:
    """A username as it is compared: without `@`, in lower case (Meta: case-insensitive)."""
    return stored(value).strip().removeprefix("@").lower()


def still_theirs(retired_at: datetime | None, now: datetime) -> bool:
    """True while a phone number stands for the contact that has it; a number left long ago may be anybody's."""
    return retired_at is None or now - retired_at <= LATE


def display_name(
    *, name: str = "", profile_name: str = "", username: str = "", phone: str = "", bsuid: str = "", fallback: str = ""
) -> str:
    """What a contact is called on screens: our name, theirs, @username, phone, or the BSUID's last six characters."""
    if name or profile_name:
        return name or profile_name
    if username:
        return f"@{username}"
    if phone:
        return f"+{phone}"
    return f"WhatsApp user …{bsuid[-6:]}" if bsuid else fallback
