"""The first home: what `init` finds and what it makes, step by step; each step may be taken again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from pytake_cli import clock, nearby, secrets, settings
from pytake_cli.cli import tomlfile
from pytake_cli.cli.context import Context
from pytake_cli.emulator import defaults
from pytake_cli.errors import InvalidData, PytakeError
from pytake_cli.locale import language
from pytake_cli.services import accounts, numbers
from pytake_cli.store import Store, organisations, schema, users
from pytake_cli.store import numbers as number_rows
from pytake_cli.store.organisations import Organisation
from pytake_cli.whatsapp.numbers import Phone

EMULATED = Phone(
    id=defaults.PHONE_NUMBER_ID,
    display=defaults.DISPLAY_NUMBER,
    verified_name=defaults.VERIFIED_NAME,
    status="CONNECTED",
    quality="GREEN",
    platform="CLOUD_API",
    rate_per_second=80,
    tier="TIER_100K",
    daily_limit=100_000,
    is_on_biz_app=False,
    raw={},
)


@dataclass(frozen=True, slots=True)
class Plan:
    """How a home is, or should be; empty: not set."""

    exists: bool
    name: str
    tz: str
    lang: str
    owner: str
    store: str
    number: str  # emulator | meta | later
    config: Path

    def shown(self) -> dict[str, str]:
        """What people see of it, without a password."""
        return {
            "name": self.name,
            "tz": self.tz,
            "lang": self.lang,
            "owner": self.owner,
            "store": make_url(self.store).render_as_string(hide_password=True),
            "number": self.number,
            "config": str(self.config),
        }


def look(here: Context) -> Plan:
    """What is there; without a store, the defaults."""
    fresh = Plan(
        exists=False,
        name="",
        tz=here.settings.tz or "America/Sao_Paulo",
        lang=here.settings.lang or language(),
        owner="",
        store=here.settings.store.url,
        number="later",
        config=settings.paths().config / "config.toml",
    )
    url = make_url(here.settings.store.url)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
        return fresh
    try:
        org = here.org
    except PytakeError:
        return fresh
    with here.store.read(org.id) as db:
        admins = [user for user in users.everyone(db) if user.role in accounts.ADMINS and user.active]
        known = [row for row in numbers.listed(db, org.id or 0) if row.status != numbers.REMOVED]
    emulated = any(row.phone_number_id == defaults.PHONE_NUMBER_ID for row in known)
    return Plan(
        exists=True,
        name=org.name,
        tz=org.tz,
        lang=org.lang,
        owner=admins[0].email if admins else "",
        store=here.settings.store.url,
        number="emulator" if emulated else "meta" if known else "later",
        config=fresh.config,
    )


def store_url(given: str) -> str:
    """The URL of a store; a bare file name is an SQLite file, and relative ones count from here."""
    text = given if "://" in given else f"sqlite:///{given}"
    try:
        url = make_url(text)
        backend = url.get_backend_name()
    except (ArgumentError, ValueError):
        backend = ""
    if backend not in ("sqlite", "postgresql"):
        raise InvalidData(
            "PT-STORE-URL",
            "{url} is no store: sqlite:///FILE or postgresql://USER@HOST/DB",
            fix="--store sqlite:///pytake.db",
            url=given,
        )
    if backend == "sqlite":
        return f"sqlite:///{Path(url.database or 'pytake.db').expanduser().absolute()}"
    return text


def make(wanted: Plan, now_there: Plan, here: Context) -> list[str]:
    """Takes every step that is missing; returns what was made or changed."""
    for folder in (settings.paths().config, settings.paths().data, settings.paths().state, settings.paths().run):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    changed: list[str] = []
    kept_url = _without_password(wanted.store)
    store = Store(secrets.fill(kept_url))
    try:
        if schema.migrate(store, settings.paths().data / "backups", here.now).steps:
            changed.append("store")
        org = _organisation(store, wanted, here, changed)
        if wanted.number == "emulator":
            _emulated_number(store, org.id or 0, here, changed)
    finally:
        store.close()
    _settings(wanted, now_there, kept_url, org, changed)
    _secrets(wanted, changed)
    return changed


def _without_password(url: str) -> str:
    """Settings are no place for secrets: a password in the URL moves to the secret db_password."""
    parsed = make_url(url)
    if not parsed.password or "${secret:" in url:
        return url
    secrets.put("db_password", str(parsed.password))
    name, _, rest = url.partition("@")
    return f"{name.rpartition(':')[0]}:${{secret:db_password}}@{rest}"


def _organisation(store: Store, wanted: Plan, here: Context, changed: list[str]) -> Organisation:
    with store.write() as db:
        everyone = organisations.everyone(db)
        named = here.settings.org
        slug = named or accounts.slug_of(wanted.name)
        org = next((each for each in everyone if each.slug == slug), None)
        if org is None and named is None and len(everyone) == 1:
            org = everyone[0]
        fields = {"name": wanted.name, "tz": wanted.tz, "lang": wanted.lang}
        if org is None:
            org = accounts.create_organisation(db, **fields, slug=named, now=here.now)
            changed.append("organisation")
        elif accounts.set_organisation(db, org, fields):
            changed.append("organisation")
        assert org.id is not None
        if wanted.owner and _is_new(store, org.id, wanted.owner):
            accounts.invite(db, org_id=org.id, email=wanted.owner, role="ORG_ADMIN", now=here.now)
            changed.append("owner")
    return org


def _is_new(store: Store, org_id: int, email: str) -> bool:
    with store.read(org_id) as db:
        return users.by_email(db, email) is None


def _emulated_number(store: Store, org_id: int, here: Context, changed: list[str]) -> None:
    with store.write() as db:
        known = number_rows.by_phone_number_id(db, defaults.PHONE_NUMBER_ID)
        if known is not None and known.org_id == org_id and known.status != numbers.REMOVED:
            return
        numbers.add(
            db,
            org_id,
            EMULATED,
            here.now,
            waba_id=defaults.WABA_ID,
            portfolio_id=defaults.BUSINESS_ID,
            app_id=defaults.APP_ID,
        )
        changed.append("number")


def _settings(wanted: Plan, now_there: Plan, url: str, org: Organisation, changed: list[str]) -> None:
    """Writes what differs from the settings in force; a variable of the environment still wins over it."""
    before = tomlfile.read(wanted.config)
    text = tomlfile.put(before, "org", org.slug)
    if url != settings.current().store.url:
        text = tomlfile.put(text, "store.url", url)
    if wanted.number == "emulator":
        text = tomlfile.put(text, "whatsapp.graph_url", nearby.EMULATOR)
    elif now_there.number == "emulator" or settings.current().whatsapp.graph_url == nearby.EMULATOR:
        text = tomlfile.take(text, "whatsapp.graph_url") or text
    if text != before:
        tomlfile.write(wanted.config, text)
        wanted.config.chmod(0o600)
        changed.append("settings")


def _secrets(wanted: Plan, changed: list[str]) -> None:
    """Makes what the emulator and the daemon have to share, and a verify token for Meta; what is set stays."""
    made = {"emulator": ("app_secret", "verify_token", "access_token"), "meta": ("verify_token",)}
    for name in made.get(wanted.number, ()):
        if secrets.get(name) is None:
            secrets.put(name, f"pt_verify_{clock.token(24)}" if name == "verify_token" else clock.token())
            changed.append(name)


def number_of(here: Context) -> str:
    """The connected number, for the summary."""
    with here.store.read(here.org_id) as db:
        known = [row for row in numbers.listed(db, here.org_id) if row.status != numbers.REMOVED]
    return ", ".join(row.display for row in known)
