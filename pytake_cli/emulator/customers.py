"""The people on the other side: who they are, under which ids they appear, and what each shares with a number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytake_cli.emulator.phones import canonical, country_of
from pytake_cli.emulator.wire import dumps

if TYPE_CHECKING:
    from pytake_cli.emulator.config import Config
    from pytake_cli.emulator.ids import Ids
    from pytake_cli.emulator.sent import Sent

FIRST_NAMES = (
    "Ana Bruno Carla Davi Elisa Fábio Gabi Heitor Iara João Karina Lucas Marina Nuno Olívia Paulo Rita Sofia Tiago Vera"
)
LAST_NAMES = (
    "Silva Souza Costa Santos Oliveira Pereira Lima Gomes Ribeiro Carvalho Almeida Ferreira Rocha Dias Nunes Moraes"
)
_FIRST, _LAST = FIRST_NAMES.split(), LAST_NAMES.split()


class Pair:
    """What one business number and one customer have between them."""

    __slots__ = ("arrival", "entry_until", "handler", "last_inbound", "last_sent", "referral_at")

    def __init__(self) -> None:
        self.last_inbound = 0.0  # opens the service window
        self.referral_at = 0.0  # the customer came from an ad
        self.entry_until = 0.0  # end of the free entry point window
        self.arrival = 0.0  # theoretical arrival time of the pair's rate limit
        self.handler = ""  # `app` once a message of ours took control from Meta Business Agent
        self.last_sent: Sent | None = None  # the latest message with something to tap on


class Customer:
    """One person. `mode` is how their ids appear; empty means as the emulator's `identity` says."""

    __slots__ = (
        "blocked",
        "country",
        "identity_hash",
        "mode",
        "name",
        "offline",
        "pairs",
        "parent_user_id",
        "shown",
        "stopped_marketing",
        "user_id",
        "username",
        "wa_id",
        "waiting",
    )

    def __init__(self, wa_id: str, name: str, user_id: str) -> None:
        self.wa_id = wa_id
        self.name = name
        self.user_id = user_id
        self.parent_user_id = ""
        self.username = ""
        self.country = user_id[:2]
        self.mode = ""
        self.identity_hash = ""
        self.blocked = False  # the customer blocked the business: sends stay at `sent`
        self.offline = False
        self.stopped_marketing = False
        self.pairs: dict[str, Pair] = {}
        self.waiting: list[Sent] = []
        self.shown: tuple[str, str, str] | None = (
            None  # contact and recipient members as JSON, kept until something changes
        )

    def pair(self, number_id: str) -> Pair:
        pair = self.pairs.get(number_id)
        if pair is None:
            pair = self.pairs[number_id] = Pair()
        return pair


class Customers:
    """Everybody, found by any id they go by; whoever is written to exists from then on."""

    def __init__(self, config: Config, ids: Ids) -> None:
        self._config = config
        self._ids = ids
        self.by_wa_id: dict[str, Customer] = {}
        self._by_user_id: dict[str, Customer] = {}
        self._foreign: set[str] = set()

    def __len__(self) -> int:
        return len(self.by_wa_id)

    def get(self, digits: str) -> Customer:
        """The person with these dialled digits, made up when unknown."""
        wa_id = canonical(digits, self._config)
        customer = self.by_wa_id.get(wa_id)
        return customer if customer is not None else self._create(wa_id)

    def find(self, reference: str) -> Customer | None:
        """By phone number, wa_id, BSUID, parent BSUID, @username or exact name."""
        found = self._by_user_id.get(reference)
        if found is not None:
            return found
        digits = "".join(letter for letter in reference if letter.isdigit())
        if digits and not reference.strip("+0123456789 -()"):
            return self.by_wa_id.get(canonical(digits, self._config))
        wanted = reference.lstrip("@").casefold()
        return next(
            (one for one in self.by_wa_id.values() if wanted in (one.username.casefold(), one.name.casefold())), None
        )

    def by_user_id(self, user_id: str) -> Customer | None:
        return self._by_user_id.get(user_id)

    def _create(self, wa_id: str) -> Customer:
        chosen = self._ids.derive(wa_id)
        name = f"{_FIRST[chosen % len(_FIRST)]} {_LAST[chosen // 64 % len(_LAST)]}"
        customer = Customer(wa_id, name, f"{country_of(wa_id)}.{chosen:020d}")
        customer.identity_hash = f"{chosen & 0xFFFFFFFF:08x}"
        self.by_wa_id[wa_id] = self._by_user_id[customer.user_id] = customer
        return customer

    def change(self, customer: Customer, values: dict[str, Any]) -> None:
        """Sets name, username, user_id, parent_user_id, mode, blocked, offline, stopped_marketing, identity_hash."""
        for name, value in values.items():
            if name in ("user_id", "parent_user_id") and value:
                self._by_user_id[str(value)] = customer
            setattr(customer, name, value)
        customer.shown = None

    def move(self, customer: Customer, wa_id: str, user_id: str | None = None) -> tuple[str, str]:
        """Gives the customer a new number and a regenerated BSUID; returns the old ones."""
        old = customer.wa_id, customer.user_id
        if wa_id != customer.wa_id:
            self.by_wa_id.pop(customer.wa_id, None)
            customer.wa_id = wa_id
            self.by_wa_id[wa_id] = customer
        fresh = user_id or f"{customer.country}.{self._ids.derive(wa_id + old[1]):020d}"
        self._by_user_id.pop(old[1], None)
        self.change(customer, {"user_id": fresh})
        return old

    def forget_shown(self) -> None:
        for customer in self.by_wa_id.values():
            customer.shown = None

    def contact(self, customer: Customer) -> str:
        """`contacts[0]` of a webhook."""
        return (customer.shown or self._show(customer))[0]

    def recipient(self, customer: Customer, *, by_phone: bool) -> str:
        """The recipient members of a status, with a leading comma, or nothing."""
        return (customer.shown or self._show(customer))[1 if by_phone else 2]

    def mode(self, customer: Customer) -> str:
        return customer.mode or self._config.identity

    def _show(self, customer: Customer) -> tuple[str, str, str]:
        mode = self.mode(customer)
        profile: dict[str, str] = {"name": customer.name}
        if customer.username:
            profile["username"] = ("@" if self._config.username_at else "") + customer.username
        contact: dict[str, Any] = {"profile": profile}
        if mode in ("phone", "both"):
            contact["wa_id"] = customer.wa_id
        users: dict[str, str] = {}
        if mode != "phone":
            contact["user_id"] = customer.user_id
            users["recipient_user_id"] = customer.user_id
            if customer.parent_user_id:
                contact["parent_user_id"] = customer.parent_user_id
                users["parent_recipient_user_id"] = customer.parent_user_id
        phone = {"recipient_id": customer.wa_id}
        hidden = users if mode in ("bsuid", "bsuid_from") else phone | users
        customer.shown = (dumps(contact), _members(phone | users), _members(hidden))
        return customer.shown


def _members(values: dict[str, str]) -> str:
    return "," + dumps(values)[1:-1] if values else ""
