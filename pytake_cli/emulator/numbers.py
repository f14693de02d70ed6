"""Business numbers, their WABAs and their portfolio: state, limits and the rate each may send at."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pytake_cli.emulator import defaults
from pytake_cli.emulator.errors import GraphError
from pytake_cli.emulator.wire import dumps

TIERS: dict[str, int] = {
    "TIER_50": 50,
    "TIER_250": 250,
    "TIER_1K": 1_000,
    "TIER_2K": 2_000,
    "TIER_10K": 10_000,
    "TIER_100K": 100_000,
    "TIER_UNLIMITED": -1,
}
PAIR_INTERVAL = 6.0  # seconds; one message per number and customer
PAIR_BURST = 45
DAY = 86_400.0


@dataclass(slots=True)
class Business:
    """A portfolio: its messaging limit is shared by all its numbers."""

    id: str = defaults.BUSINESS_ID
    name: str = "PyTake Emulator Business"
    tier: str = "TIER_100K"
    reached: dict[str, float] = field(default_factory=dict)  # wa_id -> when, outside windows, the oldest first

    def reach(self, wa_id: str, now: float) -> bool:
        """Counts a customer against the moving 24-hour limit; False when the limit is hit."""
        reached = self.reached
        while reached:
            first = next(iter(reached))
            if reached[first] > now - DAY:
                break
            del reached[first]
        limit = TIERS.get(self.tier, -1)
        if wa_id not in reached and 0 <= limit <= len(reached):
            return False
        reached.pop(wa_id, None)
        reached[wa_id] = now
        return True


@dataclass(slots=True)
class Waba:
    """A WhatsApp business account."""

    id: str
    business: Business
    name: str = "PyTake Emulator"
    timezone_id: str = "25"
    currency: str = "BRL"
    country: str = "BR"
    subscribed: bool = True
    override_url: str | None = None
    insights: bool = False
    banned: bool = False
    restrictions: dict[str, float] = field(default_factory=dict)  # restriction_type -> end
    created_templates: list[float] = field(default_factory=list)
    calls: list[float] = field(default_factory=list)  # management calls of the last hour


@dataclass(slots=True)
class Number:
    """A business phone number."""

    id: str
    waba: Waba
    display: str
    verified_name: str = defaults.VERIFIED_NAME
    quality: str = "GREEN"
    throughput: int = 80  # messages per second; 1,000 is Meta's HIGH
    status: str = "CONNECTED"
    registered: bool = True
    verified: bool = True
    pin: str = ""
    payment_problem: bool = False
    maintenance: bool = False
    standby: bool = False  # Meta Business Agent answers: messages arrive in `standby`
    identity_check: bool = False
    override_url: str | None = None
    username: str = ""
    profile: dict[str, Any] = field(default_factory=lambda: {"about": "", "vertical": "OTHER", "websites": []})
    settings: dict[str, Any] = field(default_factory=dict)
    commerce: dict[str, bool] = field(default_factory=lambda: {"is_cart_enabled": True, "is_catalog_visible": False})
    automation: dict[str, Any] = field(default_factory=dict)
    blocked: dict[str, float] = field(default_factory=dict)  # wa_id -> when
    qr_codes: dict[str, dict[str, str]] = field(default_factory=dict)
    registrations: list[float] = field(default_factory=list)
    public_key: str = ""
    arrival: float = 0.0  # theoretical arrival time of the throughput limit
    service_month: str = ""
    service_count: int = 0
    frame: str = ""  # the constant beginning of `value` in its webhooks

    def __post_init__(self) -> None:
        self.frame = self.make_frame()

    def make_frame(self) -> str:
        metadata = {"display_phone_number": self.display.lstrip("+"), "phone_number_id": self.id}
        return dumps({"messaging_product": "whatsapp", "metadata": metadata})[1:-1]

    @property
    def digits(self) -> str:
        return self.display.lstrip("+")

    def as_dict(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "waba_id": self.waba.id,
            "display_phone_number": self.display,
            "quality": self.quality,
            "tier": self.waba.business.tier,
            "throughput": self.throughput,
            "status": self.status,
            "registered": self.registered,
            "standby": self.standby,
            "override_url": self.override_url,
        }

    def take(self, now: float) -> bool:
        """Takes one message of the number's throughput; False above it. A second's worth may come at once."""
        # an arrival further away than the burst is from before somebody set the clock back
        arrival = self.arrival if now < self.arrival <= now + 2.0 else now
        if arrival - now > 1.0 - 1.0 / self.throughput:
            return False
        self.arrival = arrival + 1.0 / self.throughput
        return True

    def refuse_if_closed(self, now: float) -> None:
        """Raises what Meta answers for a number that cannot send at all."""
        if (
            self.registered
            and self.status == "CONNECTED"
            and not (self.maintenance or self.payment_problem or self.waba.banned)
        ):
            return
        if self.waba.banned or self.status == "BANNED":
            raise GraphError(131031, "Business Account locked")
        if not self.registered:
            raise GraphError(133010, "The phone number is not registered on the WhatsApp Business Platform.")
        if self.maintenance:
            raise GraphError(131057, "Business Account is in maintenance mode")
        if self.payment_problem:
            raise GraphError(
                131042, "Message failed to send because there were one or more errors related to your payment method."
            )
        if self.status == "RATE_LIMITED":
            raise GraphError(130429, "Cloud API message throughput has been reached.")
        raise GraphError(131045, f"The phone number is {self.status}.")
