"""Everything about the emulator that can be chosen, at the start or while it runs."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

from pytake_cli.emulator import defaults
from pytake_cli.emulator.durations import Delay, seconds
from pytake_cli.errors import InvalidData

CHOICES: dict[str, tuple[str, ...]] = {
    "signature": ("ok", "wrong", "missing"),
    "batch_shape": ("changes", "entries", "merged"),
    "timestamps": ("string", "number", "milliseconds"),
    "identity": ("phone", "both", "bsuid", "bsuid_from"),
    "window_errors": ("async", "sync"),
    "prefixing": ("auto", "always", "never"),
    "review": ("auto", "manual"),
    "status_contacts": ("ok", "none", "all"),
    "ledger": ("full", "recent", "off"),
}


@dataclass(slots=True)
class Config:
    """Spans are seconds or text such as `300ms`; `p_…` are probabilities from 0 to 1."""

    # where and as whom
    host: str = defaults.HOST
    port: int = defaults.PORT
    seed: int | None = None  # None: a new one at every start, so that ids never repeat
    webhook_url: str | None = None
    app_secret: str = defaults.APP_SECRET
    verify_token: str = defaults.VERIFY_TOKEN
    home: str = ""  # whose it is, told to commands of other homes; empty: anybody's
    tokens: list[str] = field(default_factory=list)  # empty: any token but `expired` and revoked ones
    handshake: bool = True  # False: webhooks go out without asking first
    numbers: int = 1
    start_at: float | None = None  # Unix seconds the emulator's clock starts with; None: the present
    version: str = defaults.VERSION  # of webhooks

    # answers
    latency: Delay = field(default=Delay.read("0"))
    answer_first: bool = True  # False: the `sent` webhook goes out before the answer to the send

    # statuses
    statuses: bool = True  # False: nothing happens until deliver, read or fail is asked for
    sent_delay: Delay = field(default=Delay.read("100ms"))
    delivered_delay: Delay = field(default=Delay.read("300ms"))
    read_delay: Delay = field(default=Delay.read("1s"))
    played_delay: Delay = field(default=Delay.read("2s"))
    p_delivered: float = 1.0
    p_read: float = 1.0
    p_read_only: float = 0.0  # read without delivered
    p_late_delivered: float = 0.0  # delivered after read
    p_duplicate: float = 0.0
    p_failed: float = 0.0  # failed after sent
    failed_code: int = 131026

    # webhooks
    batch: int = 1  # updates a POST, up to 1,000
    batch_wait: float = 0.02  # seconds a batch may wait to fill
    batch_shape: str = "changes"
    p_lost: float = 0.0
    p_reordered: float = 0.0
    reorder_delay: Delay = field(default=Delay.read("50ms..2s"))
    webhook_connections: int = 16
    webhook_timeout: float = 20.0
    webhook_queue: int = 1_000_000  # updates held for a receiver that is down; the oldest go first
    retry_first: float = 1.0
    retry_factor: float = 2.0
    retry_cap: float = 300.0
    retry_max_age: float = 7 * 86400.0
    signature: str = "ok"
    timestamps: str = "string"
    status_contacts: str = "ok"  # which statuses carry `contacts`: sent, delivered and read; none (before 2026); all
    unknown_fields: bool = False  # adds members nobody has documented to every webhook
    hyphen_languages: bool = False  # template webhooks say en-US where the API says en_US

    # people
    identity: str = "both"
    username_at: bool = True
    brazil_ninth: bool = True  # wa_ids of Brazilian area codes outside the first regions lose their 9
    mexico_one: bool = True
    magic: bool = False  # the last three digits of a recipient choose its behaviour

    # rules
    window_errors: str = "async"
    limit_throughput: bool = True
    limit_pairs: bool = True
    limit_tier: bool = True
    tier_code: int = 131048
    test_mode: bool = False
    allow_list: list[str] = field(default_factory=list)  # at most five; anybody else gets 131030 in test mode
    prefixing: str = "auto"
    fetch_links: bool = False  # True: media links are really fetched
    direct_send: bool = False
    marketing_api: bool = True
    marketing_on_messages: bool = True  # False: /messages refuses marketing templates with 131063
    service_allowance: int = 1000  # free service messages per number and month since 2026-10-01
    calls_per_hour: int = 5000  # management calls; 80007 above; 0: no limit

    # templates
    review: str = "auto"
    review_delay: Delay = field(default=Delay.read("2s"))
    p_held: float = 0.0
    held_delay: Delay = field(default=Delay.read("30m"))  # then released, unless dropped or released by hand before

    # media and lists
    media_redirect: bool = False  # downloads answer with a redirect to another host name
    empty_page: bool = False  # lists begin with an empty page that has a `next`

    # memory
    keep_messages: int = 200_000
    keep_bodies: bool = True  # of accepted sends, for `ledger` and assertions
    keep_requests: int = 2_000
    keep_deliveries: int = 2_000
    ledger: str = "recent"
    keep_ledger: int = 100_000  # entries, when `recent`
    record: str | None = None  # a file that gets every request and webhook as JSON lines

    def apply(self, changes: dict[str, Any]) -> None:
        """Sets the named fields, reading text where a value has a unit; all or nothing."""
        known = {item.name: item for item in fields(self)}
        read: dict[str, Any] = {}
        for name, value in changes.items():
            if name not in known:
                raise InvalidData(
                    "PT-EMULATOR-VALUE", "the emulator has no setting {name}", fix="pytake emulator config", name=name
                )
            read[name] = _read(name, str(known[name].type), value)
        for name, value in read.items():
            setattr(self, name, value)

    def as_dict(self) -> dict[str, Any]:
        """The settings as JSON values; secrets stay out."""
        hidden = {"app_secret", "verify_token", "tokens", "home"}
        values = {item.name: getattr(self, item.name) for item in fields(self) if item.name not in hidden}
        return {name: str(value) if isinstance(value, Delay) else value for name, value in values.items()}


def _read(name: str, kind: str, value: Any) -> Any:
    if value is None and "None" in kind:
        return None
    if name in CHOICES and value not in CHOICES[name]:
        wanted = ", ".join(CHOICES[name])
        raise InvalidData(
            "PT-EMULATOR-VALUE",
            "{name} is one of {wanted}, not {value}",
            fix="pytake emulator config",
            name=name,
            wanted=wanted,
            value=value,
        )
    try:
        return _convert(kind, value)
    except (TypeError, ValueError) as error:
        raise InvalidData(
            "PT-EMULATOR-VALUE",
            "{value} does not fit the setting {name}",
            fix="pytake emulator config",
            name=name,
            value=value,
        ) from error


def _convert(kind: str, value: Any) -> Any:
    if kind == "Delay":
        return Delay.read(value)
    if kind == "bool":
        return (
            value if isinstance(value, bool) else {"true": True, "1": True, "yes": True}.get(str(value).lower(), False)
        )
    if kind.startswith("int"):
        return int(value)
    if kind.startswith("float"):
        return seconds(value)
    if kind.startswith("list"):
        return (
            [str(item) for item in value]
            if isinstance(value, list)
            else [part for part in str(value).split(",") if part]
        )
    return str(value)
