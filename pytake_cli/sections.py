"""The sections of the settings: what can be set, its default, and the sentence that `pytake config` shows of it."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from pytake_cli.places import paths

MIB = 1024 * 1024


class Section(BaseModel):
    """One table of the file; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class StoreSettings(Section):
    url: str = Field(
        default_factory=lambda: f"sqlite:///{paths().data / 'pytake.db'}",
        description="Where the data is: sqlite:///FILE or postgresql://USER@HOST/DB; ${secret:NAME} is filled in.",
    )
    journal_days: int = Field(
        30, ge=8, description="Days that applied webhooks are kept as they came; Meta repeats for 7."
    )
    event_days: int = Field(30, ge=1, description="Days that events are kept for `logs tail` and `listen`.")


class WhatsAppSettings(Section):
    graph_url: str = Field(
        "https://graph.facebook.com", description="Where the Graph API is; `emulator` is the one of this home."
    )
    version: str = Field("v25.0", pattern=r"^v\d+\.\d+$", description="Version of the Graph API.")
    connect_timeout_seconds: float = Field(5, gt=0, description="How long to wait for a connection to Meta.")
    read_timeout_seconds: float = Field(30, gt=0, description="How long to wait for an answer of Meta.")


class ServeSettings(Section):
    host: str = Field("127.0.0.1", description="Address that the daemon listens on.")
    port: int = Field(8787, ge=0, le=65535, description="Port that the daemon listens on; 0 takes a free one.")
    public_url: str | None = Field(
        None, description="Address under which Meta reaches the daemon, shown by `webhook url`."
    )
    trusted_proxies: list[str] = Field([], description="Addresses or networks whose X-Forwarded-For is believed.")
    max_body_bytes: int = Field(4 * MIB, ge=1024, description="Largest request body that is read.")
    idle_seconds: float = Field(65, gt=0, description="Seconds that a connection of Meta's may idle between webhooks.")
    stop_seconds: float = Field(10, ge=0, description="How long a stop waits for what is in flight.")


class ApiSettings(Section):
    origins: list[str] = Field(
        [], description="Origins of web pages that may call the API, such as https://painel.loja.com.br; exact."
    )
    per_address: int = Field(
        100, ge=1, description="Requests a minute that one address may make without a login known to be good."
    )
    per_user: int = Field(1000, ge=1, description="Requests a minute that one user may make.")
    per_login: int = Field(10, ge=1, description="Tries a minute and address at passwords, codes and tokens.")


class AuthSettings(Section):
    password_scheme: Literal["bcrypt", "argon2id"] = Field(
        "bcrypt", description="How new passwords are hashed; older ones change over when their people log in."
    )


class SendSettings(Section):
    grace_seconds: float = Field(120, ge=0, description="How long an unconfirmed message waits for its status webhook.")
    default_rate: int = Field(
        80, ge=1, description="Messages a second for a number whose throughput Meta has not told."
    )
    live_reserve: float = Field(0.2, ge=0, le=1, description="Share of the rate kept free for live replies.")
    pair_interval_seconds: float = Field(6, ge=0, description="Seconds between two messages to the same person.")
    pair_burst: int = Field(45, ge=1, description="Messages that one person may get before that interval counts.")
    max_in_flight: int = Field(256, ge=1, description="Requests to Meta that one number may have open at once.")


class MediaSettings(Section):
    max_bytes: int = Field(100 * MIB, ge=1, description="Largest media file that is downloaded or uploaded.")


class ScheduleSettings(Section):
    at_once: int = Field(2, ge=1, le=32, description="Commands of schedules that the daemon runs at the same time.")
    late_seconds: int = Field(
        300, ge=10, description="How late a schedule still runs; later counts as missed, and its policy is followed."
    )
    most_seconds: int = Field(3600, ge=1, description="Longest that the command of a schedule may run.")


class RetentionSettings(Section):
    media_days: int = Field(0, ge=0, description="Days that files of conversations are kept; 0: for good.")
    contact_days: int = Field(30, ge=0, description="Days until a deleted contact is forgotten with all that it said.")
    job_days: int = Field(30, ge=1, description="Days that finished jobs are kept.")
    plan_days: int = Field(30, ge=1, description="Days that plans of campaigns and audience files are kept.")
    key_days: int = Field(30, ge=30, description="Days that idempotency keys are remembered.")
    run_days: int = Field(90, ge=1, description="Days that the history of schedules is kept.")
    automation_days: int = Field(90, ge=1, description="Days that the history of automations is kept.")
    import_days: int = Field(90, ge=1, description="Days that the history of imports is kept.")
    notification_days: int = Field(90, ge=1, description="Days that it is kept what users were told.")
    replay_days: int = Field(
        90, ge=1, description="Days that the steps of an ended flow session can be replayed; its figures stay."
    )
    draft_days: int = Field(90, ge=1, description="Days that an unsent draft is kept untouched.")
    login_days: int = Field(90, ge=1, description="Days that logins are listed once they are over.")
    quarantine_days: int = Field(90, ge=1, description="Days that what was settled in the quarantine is kept.")
    pace_days: int = Field(30, ge=1, description="Days that the pace of campaigns that send no more is kept.")
    ai_use_days: int = Field(90, ge=1, description="Days that it is kept what each contact and flow cost in models.")


class RoutingSettings(Section):
    available_by_inbox: bool = Field(
        True,
        description="Opening the inbox makes a person available for conversations.",
    )
    rating_again_days: int = Field(30, ge=0, description="Days in which a customer is asked for a rating only once.")
    rating_after_seconds: float = Field(
        30,
        ge=0,
        description="Seconds from resolving a conversation to asking for a rating; reopening calls it off.",
    )


class LogSettings(Section):
    level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least level that is logged.")
    format: Literal["text", "json"] = Field("text", description="key=value lines, or one JSON object a line.")


class EmulatorSettings(Section):
    host: str = Field("127.0.0.1", description="Address that the emulator listens on.")
    port: int = Field(8788, ge=0, le=65535, description="Port that the emulator listens on; 0 takes a free one.")
    webhook_url: str | None = Field(None, description="Where the emulator sends webhooks; by default to this daemon.")


class AiSettings(Section):
    provider: Literal["openai", "anthropic"] = Field(
        "openai", description="How the model is spoken to; openai stands for every endpoint that speaks its dialect."
    )
    base_url: str = Field("", description="Where the model is; by default the provider's own address.")
    model: str = Field("", description="The model of `ai` steps that name none; empty switches `ai` steps off.")
    price_in: float = Field(0, ge=0, description="Price of a million tokens that go in, for the caps in money.")
    price_out: float = Field(0, ge=0, description="Price of a million tokens that come out.")
    timeout_seconds: float = Field(20, gt=0, le=20, description="Longest that an `ai` step waits for the model.")
    max_input_chars: int = Field(12_000, ge=100, le=200_000, description="Longest input; the beginning is cut off.")
    max_output_tokens: int = Field(1024, ge=16, le=8192, description="Most tokens of one answer, whatever a step says.")
    at_once: int = Field(8, ge=1, le=100, description="Calls to the model that are open at the same time.")
    pseudonyms: bool = Field(True, description="Whether phones, CPFs, cards and e-mails are masked before they go out.")
    links: list[str] = Field(
        [], description="Hosts that a model's answers may link to, those below them too; other links are taken out."
    )
    tokens_by_contact: int = Field(50_000, ge=0, description="Tokens that one contact may cost in a day; 0: no cap.")
    tokens_by_flow: int = Field(1_000_000, ge=0, description="Tokens that one flow may cost in a day; 0: no cap.")
    tokens_by_org: int = Field(3_000_000, ge=0, description="Tokens that all flows may cost in a day; 0: no cap.")
    money_by_contact: float = Field(0, ge=0, description="Money that one contact may cost in a day; 0: no cap.")
    money_by_flow: float = Field(0, ge=0, description="Money that one flow may cost in a day; 0: no cap.")
    money_by_org: float = Field(0, ge=0, description="Money that all flows may cost in a day; 0: no cap.")


class InboxSettings(Section):
    customer_typing: bool = Field(
        True, description="Whether customers see that an agent answers; Meta shows them what they wrote as read then."
    )
    ring_command: str = Field(
        "", description="Command that the inbox runs for what rings, such as notify-send; the words come behind it."
    )


class MailSettings(Section):
    host: str = Field("", description="The mail server that `notify` steps use; empty: none.")
    port: int = Field(587, ge=1, le=65535, description="Its port.")
    tls: Literal["starttls", "tls", "none"] = Field("starttls", description="How the connection is protected.")
    user: str = Field("", description="Who logs in; the password is the secret mail_password.")
    sender: str = Field("", description="From whom the mails come.")


class Source(Section):
    """One source of `lookup` steps: a CSV file, or one table or view of a database."""

    kind: Literal["csv", "sqlite", "postgres"]
    path: str = ""  # of the file, for csv and sqlite
    url: str = ""  # postgresql://reader:${secret:crm_password}@db/crm
    table: str = ""  # "products" or "shop.products"
    columns: list[str] = Field(min_length=1)  # what comes back
    where: list[str] = []  # what may be asked for; empty: all columns
    delimiter: str = Field(",", min_length=1, max_length=1)


class Hours(Section):
    """One schedule: a list of spans for each day or range of days (`mon`, `mon-fri`), holidays, days that differ."""

    model_config = ConfigDict(extra="allow", frozen=True)
    __pydantic_extra__: dict[str, list[str]]

    tz: str | None = None  # by default the organisation's
    holidays: list[date] = []
    special: dict[date, list[str]] = {}


class Receiver(Section):
    """One receiver of `notify: {to: webhook:NAME}`; what it gets is signed with the secret webhook_NAME."""

    url: str


class FlowSettings(Section):
    dir: str = Field("flows", description="Folder of the flow files, seen from the file that says so.")
    auto_publish: bool = Field(False, description="Whether a flow file that passes its tests is published when saved.")
    allow_code: bool = Field(False, description="Whether `code` steps may run functions of this project.")
    code_memory_mib: int = Field(256, ge=64, le=4096, description="Memory of a `code` step.")
    http_allow: list[str] = Field(
        [], description="HOST or HOST:PORT that flows may call although it is private, or its port unusual."
    )
    opt_out_words: list[str] = Field(
        [],
        description="More words that stop everything automatic to who writes them, beside STOP, PARAR and SAIR.",
    )
    hours: dict[str, Hours] = Field({}, description="Business hours by name, for `hours` steps.")
    sources: dict[str, Source] = Field({}, description="What `lookup` steps may read, by name.")
    webhooks: dict[str, Receiver] = Field({}, description="Who `notify` steps may tell, by name.")
    ai: AiSettings = AiSettings()
    mail: MailSettings = MailSettings()
