"""Campaigns: the states they go through, and what a campaign file says once it is read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Literal

DRAFT, FREEZING, SCHEDULED, RECURRING, RUNNING, PAUSED, FINISHED, CANCELLED = (
    "draft",
    "freezing",  # its ledger is being written
    "scheduled",
    "recurring",  # has no ledger: each of its runs is a campaign
    "running",
    "paused",
    "finished",
    "cancelled",
)
# state -> the states that may follow; changes are made by compare-and-swap in SQL
STATUSES: dict[str, tuple[str, ...]] = {
    DRAFT: (FREEZING, CANCELLED),
    FREEZING: (SCHEDULED, RECURRING, RUNNING),
    SCHEDULED: (RUNNING, PAUSED, CANCELLED),
    RECURRING: (PAUSED, FINISHED, CANCELLED),
    RUNNING: (PAUSED, FINISHED, CANCELLED),
    PAUSED: (SCHEDULED, RECURRING, RUNNING, FINISHED, CANCELLED),
    FINISHED: (RUNNING,),  # `campaign retry` gives it something to do again
    CANCELLED: (),
}
MARKETING, SERVICE = "marketing", "service"  # what people must have agreed to: marketing, or nothing of the kind
HOLDOUT = "holdout"  # the arm that gets nothing, to compare with
SHARES = 100

Consent = Literal["marketing", "service"]


def before(status: str) -> tuple[str, ...]:
    """The statuses from which a campaign may get to this one."""
    return tuple(each for each, following in STATUSES.items() if status in following)


@dataclass(frozen=True, slots=True)
class Money:
    """An amount to the millionth: `USD 800`."""

    micros: int
    currency: str

    @property
    def amount(self) -> str:
        """`525.75`: two places, or as many as it needs."""
        exact = (Decimal(self.micros) / 1_000_000).normalize()
        places = -int(exact.as_tuple().exponent)
        return f"{exact:.{max(places, 2)}f}"

    def to_json(self) -> dict[str, str]:
        return {"amount": self.amount, "currency": self.currency}

    def __str__(self) -> str:
        return f"{self.currency} {self.amount}"


@dataclass(frozen=True, slots=True)
class Audience:
    """Who it is for: `all`, a `where` expression, the name of a `segment`, or a `file`; `digest` is the file's hash."""

    kind: Literal["all", "where", "segment", "file"]
    text: str = ""
    digest: str = ""

    @property
    def query(self) -> str:
        """The audience in the segment language, as far as it can say it."""
        return {"all": "", "where": self.text, "segment": f"segment={self.text}", "file": ""}[self.kind]


@dataclass(frozen=True, slots=True)
class Arm:
    """A variant: which template, for which hundredths of the people, with which values of its own."""

    name: str = ""
    template: str = ""
    language: str = ""
    share: int = SHARES
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Quiet:
    """When nothing is sent, by the clock of the contact or of the organisation: `20:00-08:00`."""

    start: time
    end: time
    zone: Literal["contact", "org"] = "contact"


@dataclass(frozen=True, slots=True)
class Cap:
    """At most so many campaign messages to a person within so many days, those of other campaigns counted."""

    messages: int
    days: int


@dataclass(frozen=True, slots=True)
class Canary:
    """So many people first, then a wait in which the breaker may stop it."""

    size: int
    wait: timedelta


@dataclass(frozen=True, slots=True)
class Drip:
    """A later message, `after` the first one, unless the person has answered."""

    after: timedelta
    template: str
    language: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    unless_replied: bool = True


DEFAULT_CAP = Cap(messages=2, days=7)  # of marketing, unless the file says otherwise


def over_cap(drip: Sequence[Drip], cap: Cap | None) -> int | None:
    """Which later message, counted from 1, comes to a person who has had as many as the cap allows by then; or None."""
    if cap is None or cap.messages == 0:
        return None
    sent = [timedelta(0)]
    for place, one in enumerate(drip, 1):
        if sum(one.after - each < timedelta(days=cap.days) for each in sent) >= cap.messages:
            return place
        sent.append(one.after)
    return None


@dataclass(frozen=True, slots=True)
class Definition:
    """A campaign file, read. `values` are texts of flows under the names that `template show` gives; `@x` is a column.

    name: black-friday
    number: "+551140001234"
    template: promo_bf
    language: pt_BR
    audience: {segment: vip-sp}
    values:
      nome: "{{ contact.first_name | default('cliente') }}"
      cupom: "@cupom"
    at: "2026-11-27 09:00"
    quiet_hours: "20:00-08:00"
    max_cost: USD 800
    """

    name: str
    audience: Audience
    number: str = ""  # empty: the only one
    arms: tuple[Arm, ...] = ()  # one without a name for a plain `template`; none for a flow
    holdout: int = 0  # of a hundred
    flow: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    consent: Consent | None = None  # None: as the template's category wants it
    at: datetime | None = None
    rate: float | None = None  # messages a second, at most
    quiet: Quiet | None = None
    max_cost: Money | None = None
    max_recipients: int | None = None
    cap: Cap | None = None  # None: DEFAULT_CAP for marketing; messages=0: none
    canary: Canary | None = None
    skip_open_conversations: bool = True
    on_missing: Literal["skip", "fail"] = "skip"
    recurrence: Mapping[str, Any] | None = None
    drip: tuple[Drip, ...] = ()

    def arm(self, name: str) -> Arm:
        """The variant of that name; KeyError when there is none."""
        return next(each for each in self.arms if each.name == name)

    def values_of(self, arm: Arm) -> Mapping[str, str]:
        """What an arm's template is filled with: its own values before the campaign's."""
        return {**self.values, **arm.values}

    def to_json(self) -> dict[str, Any]:
        """The one normal form, which plans and campaigns keep and hash; `of_json` reads it."""
        return {
            "name": self.name,
            "number": self.number,
            "audience": _filled(kind=self.audience.kind, text=self.audience.text, digest=self.audience.digest),
            "arms": [_arm(each) for each in self.arms],
            "holdout": self.holdout,
            "flow": self.flow,
            "values": dict(self.values),
            "consent": self.consent,
            "at": self.at.astimezone(UTC).isoformat() if self.at else None,
            "rate": self.rate,
            "quiet": _quiet(self.quiet) if self.quiet else None,
            "max_cost": [self.max_cost.micros, self.max_cost.currency] if self.max_cost else None,
            "max_recipients": self.max_recipients,
            "cap": [self.cap.messages, self.cap.days] if self.cap else None,
            "canary": [self.canary.size, self.canary.wait.total_seconds()] if self.canary else None,
            "skip_open_conversations": self.skip_open_conversations,
            "on_missing": self.on_missing,
            "recurrence": dict(self.recurrence) if self.recurrence else None,
            "drip": [_drip(each) for each in self.drip],
        }

    @classmethod
    def of_json(cls, found: Mapping[str, Any]) -> Definition:
        """What `to_json` wrote."""
        given = dict(found)
        given["audience"] = Audience(**given["audience"])
        given["arms"] = tuple(Arm(**each) for each in given["arms"])
        given["at"] = datetime.fromisoformat(given["at"]) if given["at"] else None
        if quiet := given["quiet"]:
            start, end = (time.fromisoformat(quiet[each]) for each in ("start", "end"))
            given["quiet"] = Quiet(start, end, quiet["zone"])
        given["max_cost"] = Money(*given["max_cost"]) if given["max_cost"] else None
        given["cap"] = Cap(*given["cap"]) if given["cap"] else None
        if canary := given["canary"]:
            given["canary"] = Canary(canary[0], timedelta(seconds=canary[1]))
        given["drip"] = tuple(Drip(timedelta(seconds=each.pop("after")), **each) for each in map(dict, given["drip"]))
        return cls(**given)

    @property
    def hash(self) -> str:
        """Of the normal form: the same campaign has the same, however its file is written."""
        return digest_of(self.to_json())


def digest_of(value: Any) -> str:
    """A hash of JSON whose maps have no order."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _arm(arm: Arm) -> dict[str, Any]:
    return {
        "name": arm.name,
        "template": arm.template,
        "language": arm.language,
        "share": arm.share,
        "values": dict(arm.values),
    }


def _quiet(quiet: Quiet) -> dict[str, str]:
    return {"start": quiet.start.isoformat("minutes"), "end": quiet.end.isoformat("minutes"), "zone": quiet.zone}


def _drip(drip: Drip) -> dict[str, Any]:
    return {
        "after": drip.after.total_seconds(),
        "template": drip.template,
        "language": drip.language,
        "values": dict(drip.values),
        "unless_replied": drip.unless_replied,
    }


def _filled(**values: str) -> dict[str, str]:
    return {name: value for name, value in values.items() if value}
