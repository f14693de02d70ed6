"""Who is it: reading, comparing and linking the identities of people. BSUID before phone before parent BSUID (Meta)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pytake_cli.policy.phones import variants

PHONE, BSUID, PARENT_BSUID, USERNAME = "phone", "bsuid", "parent_bsuid", "username"

# Meta redelivers webhooks for up to 7 days: what an abandoned number sends within them is late, not somebody else's.
LATE = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Keys:
    """What finds a person within one portfolio; empty is unknown. `phone` is digits, the rest as Meta has it."""

    phone: str = ""
    bsuid: str = ""
    parent_bsuid: str = ""

    def pairs(self) -> Iterator[tuple[str, str]]:
        """The (kind, value) of each that is known, strongest first."""
        if self.bsuid:
            yield BSUID, self.bsuid
        if self.phone:
            yield PHONE, self.phone
        if self.parent_bsuid:
            yield PARENT_BSUID, self.parent_bsuid


def keys_of(wa_id: str | None, user_id: str | None, parent_user_id: str | None) -> Keys:
    """Keys as they are stored. A BSUID is never stripped to digits: it would look like a phone number."""
    phone = (wa_id or "").removeprefix("+")
    return Keys(phone if phone.isascii() and phone.isdigit() else "", storable(user_id), storable(parent_user_id))


def storable(value: str | None) -> str:
    """Text as a database takes it: PostgreSQL has no NUL, nobody has lone surrogates."""
    if value and value.isascii() and "\0" not in value:
        return value
    return (value or "").replace("\0", "").encode(errors="replace").decode()


def username_of(value: str | None) -> str:
    """A username as it is compared: without `@`, in lower case."""
    return storable(value).strip().removeprefix("@").lower()


def is_late(retired_at: datetime, now: datetime) -> bool:
    """True while traffic from a retired phone number may still be its old owner's."""
    return now - retired_at <= LATE


@dataclass(slots=True, eq=False)
class Someone:
    """A contact in a `Book`; `id` is None until it has a row."""

    id: int | None = None
    profile_name: str = ""
    renamed: bool = False
    _into: Someone | None = None

    def root(self) -> Someone:
        """This contact, or the one it was merged into."""
        return self if self._into is None else self._into.root()


@dataclass(slots=True, eq=False)
class Known:
    """An identity in a `Book`; `id` is None until it has a row."""

    kind: str
    value: str
    owner: Someone
    id: int | None = None
    retired_at: datetime | None = None
    last_seen_at: datetime | None = None
    seen: bool = False
    changed: bool = False  # has another owner, or is no longer retired


@dataclass(slots=True)
class Book:
    """The identities that a batch may touch and what it does to them; filled from rows, written back as rows."""

    now: datetime
    known: dict[tuple[str, str], Known] = field(default_factory=dict)
    contacts: dict[int, Someone] = field(default_factory=dict)
    merged: list[tuple[Someone, Someone]] = field(default_factory=list)  # (kept, given up), in order
    usernames: dict[str, Someone] = field(default_factory=dict)  # who showed it last

    def contact(self, contact_id: int, profile_name: str = "") -> Someone:
        """The contact of a row."""
        return self.contacts.setdefault(contact_id, Someone(contact_id, profile_name))

    def find(self, keys: Keys) -> Someone | None:
        """The contact that the strongest known key names; other spellings of a phone only if they name exactly one."""
        by_bsuid = self.known.get((BSUID, keys.bsuid))
        if by_bsuid is not None:
            return by_bsuid.owner.root()
        by_phone = self.known.get((PHONE, keys.phone))
        if by_phone is not None and (by_phone.retired_at is None or is_late(by_phone.retired_at, self.now)):
            return by_phone.owner.root()
        spellings = variants(keys.phone)[1:] if keys.phone and by_phone is None else ()
        alike = [self.known.get((PHONE, spelling)) for spelling in spellings]
        owners = {id(one.owner.root()): one.owner.root() for one in alike if one and one.retired_at is None}
        if len(owners) == 1:
            return next(iter(owners.values()))
        by_parent = self.known.get((PARENT_BSUID, keys.parent_bsuid))
        return by_parent.owner.root() if by_parent is not None else None

    def place(self, keys: Keys, *, name: str = "", username: str = "") -> Someone:
        """Finds or makes the contact and links what came with it; BSUID and phone together prove one person."""
        owner = self.find(keys) or Someone()
        by_phone = self.known.get((PHONE, keys.phone))
        if by_phone is not None and by_phone.retired_at is None:
            owner = self.merge(owner, by_phone.owner)
        for kind, value in keys.pairs():
            self.attach(owner, kind, value)
        if name and name != owner.profile_name:
            owner.profile_name, owner.renamed = name, True
        if username:
            self.usernames.pop(username, None)
            self.usernames[username] = owner
        return owner

    def attach(self, owner: Someone, kind: str, value: str) -> None:
        """Links an identity to `owner`. A phone that its last owner gave up moves; a parent BSUID stays where it is."""
        known = self.known.get((kind, value))
        if known is None:
            self.known[kind, value] = Known(kind, value, owner, seen=True)
            return
        known.seen = True
        theirs = known.owner.root() is owner
        if kind == PHONE and known.retired_at and not (theirs and is_late(known.retired_at, self.now)):
            known.owner, known.retired_at, known.changed = owner, None, True

    def merge(self, one: Someone, other: Someone) -> Someone:
        """Makes two contacts one, the older; returns it."""
        one, other = one.root(), other.root()
        if one is other:
            return one
        kept, given_up = (one, other) if (one.id or _YOUNGEST) <= (other.id or _YOUNGEST) else (other, one)
        given_up._into = kept
        if given_up.id is not None:
            self.merged.append((kept, given_up))
        return kept


_YOUNGEST = 1 << 63


def display_name(
    *,
    name: str = "",
    profile_name: str = "",
    username: str = "",
    phone: str = "",
    bsuid: str = "",
    contact_id: int | None = None,
) -> str:
    """What a contact is called on screens: our name, theirs, @username, phone, or the end of the BSUID."""
    if name or profile_name:
        return name or profile_name
    if username:
        return f"@{username}"
    if phone:
        return f"+{phone}"
    return f"WhatsApp user …{bsuid[-6:]}" if bsuid else f"contact:{contact_id}"
