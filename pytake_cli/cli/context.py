"""What a command works with: settings, store, organisation, clock, time zone, output options; one a process."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pytake_cli import clock, locale, secrets, settings
from pytake_cli.cli.line import Flags
from pytake_cli.errors import ConfigError, InvalidData, NotFound, UsageError

if TYPE_CHECKING:
    from pytake_cli.cli.noting import Witness
    from pytake_cli.store import Store
    from pytake_cli.store.organisations import Organisation

DEFAULT_TZ = "America/Sao_Paulo"
ROWS_ON_A_TERMINAL = 50


@dataclass(frozen=True, slots=True)
class Output:
    """How results are written."""

    form: str  # table, plain, tsv, csv, json, jsonl, format
    fields: str | None = None
    template: str | None = None
    jq: str | None = None
    header: bool | None = None
    color_out: bool = False
    color_err: bool = False
    quiet: bool = False
    tty: bool = False  # stdout is a terminal
    width: int = 80


@dataclass
class Context:
    """One command's surroundings; the store is opened when first asked for."""

    flags: Flags
    settings: settings.Settings
    output: Output
    now: datetime = field(default_factory=clock.now)
    makes_store: bool = False  # a SQLite file that is not there is made, not refused
    witness: Witness | None = None  # of what is changed in the store
    seen: tuple[str, str, dict[str, Any]] | None = None  # what personal data was shown: action, target, details

    @property
    def dry_run(self) -> bool:
        return self.flags.dry_run

    @property
    def yes(self) -> bool:
        return self.flags.yes

    @property
    def no_input(self) -> bool:
        """True if nobody can be asked."""
        return self.flags.no_input or self.settings.no_input or not (sys.stdin.isatty() and sys.stderr.isatty())

    @property
    def verbose(self) -> int:
        return self.flags.verbose

    @property
    def timeout_seconds(self) -> float:
        return self.settings.timeout

    @cached_property
    def store(self) -> Store:
        """The store of the settings, opened now; refused unless its tables are those of this program."""
        from pytake_cli.store import schema

        schema.check_current(self.unchecked_store)
        return self.unchecked_store

    @cached_property
    def unchecked_store(self) -> Store:
        """The store whatever its version: for the commands that look at that, or change it."""
        from pytake_cli.cli.noting import Witness
        from pytake_cli.store import Store

        store = Store(self.store_url, make=self.makes_store)
        self.witness = Witness(store)
        return store

    @property
    def store_url(self) -> str:
        """Where the store is, passwords filled in."""
        return secrets.fill(self.settings.store.url)

    @cached_property
    def org(self) -> Organisation:
        """The organisation to act on: the named one, or the only one."""
        from pytake_cli.store import organisations

        with self.store.read() as db:
            everyone = organisations.everyone(db)
        wanted = self.settings.org
        if wanted is None and len(everyone) == 1:
            return everyone[0]
        slugs = ", ".join(org.slug for org in everyone)
        if not everyone:
            raise NotFound("PT-ORG", "there is no organisation yet", fix="pytake init")
        if wanted is None:
            raise InvalidData(
                "PT-ORG-CHOICE",
                "which organisation? there are {slugs}",
                fix="pytake -o {first} …",
                slugs=slugs,
                first=everyone[0].slug,
            )
        for org in everyone:
            if org.slug == wanted:
                return org
        raise NotFound(
            "PT-ORG",
            "there is no organisation {wanted}",
            why="there are {slugs}",
            fix="pytake org list",
            wanted=wanted,
            slugs=slugs,
        )

    @property
    def org_id(self) -> int:
        """The organisation's id, for store.read(org) and store.write(org)."""
        assert self.org.id is not None
        return self.org.id

    @cached_property
    def tz(self) -> ZoneInfo:
        """The zone of --tz, the settings or the organisation."""
        name = self.settings.tz
        if name is None:
            try:
                name = self.org.tz
            except (NotFound, InvalidData, ConfigError):
                name = DEFAULT_TZ
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ConfigError(
                "PT-TZ", "there is no time zone {name}", fix="pytake --tz America/Sao_Paulo …", name=name
            ) from None

    def limit(self, given: int | None) -> int | None:
        """How many rows a list shows: as asked (0: all), else 50 on a terminal and all in a pipe."""
        if given is not None:
            return given or None
        return ROWS_ON_A_TERMINAL if self.output.tty and self.output.form == "table" else None

    def close(self) -> None:
        """Closes the store if it was opened."""
        if "unchecked_store" in self.__dict__:
            self.unchecked_store.close()


_current: Context | None = None


def context() -> Context:
    """The context of the running command."""
    if _current is None:
        return use(Flags())
    return _current


def use(flags: Flags) -> Context:
    """Reads the settings with these flags and makes them the context of this process."""
    global _current
    try:
        loaded = settings.load(_as_settings(flags))
    except ConfigError as error:
        if str(error.values.get("where", "")).startswith("--"):
            raise UsageError(
                "PT-USAGE-BAD", error.message, why=error.why, fix="pytake help flags", **error.values
            ) from None
        raise
    locale.only_ascii(loaded.ascii or locale.speaks_ascii())
    _current = Context(flags, loaded, _output(flags, loaded))
    return _current


def drop() -> None:
    """Forgets the context."""
    global _current
    if _current is not None:
        _current.close()
    _current = None


def _as_settings(flags: Flags) -> dict[str, Any]:
    return {
        "org": flags.org,
        "profile": flags.profile,
        "lang": flags.lang,
        "tz": flags.tz,
        "timeout": flags.timeout,
        "color": flags.color,
        "ascii": flags.ascii or None,
        "no_input": flags.no_input or None,
    }


def _output(flags: Flags, loaded: settings.Settings) -> Output:
    tty = sys.stdout.isatty()
    return Output(
        form=_form(flags, loaded, tty),
        fields=flags.fields,
        template=flags.format,
        jq=flags.jq,
        header=flags.header,
        color_out=_colored(sys.stdout, loaded.color) and not flags.plain,
        color_err=_colored(sys.stderr, loaded.color),
        quiet=flags.quiet,
        tty=tty,
        width=_width() if tty else 80,
    )


def _form(flags: Flags, loaded: settings.Settings, tty: bool) -> str:
    if flags.format is not None:
        return "format"
    for form in ("json", "jsonl", "tsv", "csv", "plain"):
        if getattr(flags, form):
            return form
    if flags.jq is not None:
        return "json"
    if loaded.output != "auto":
        return loaded.output
    return "table" if tty else "tsv"


def _colored(stream: Any, wanted: str) -> bool:
    if wanted != "auto":
        return wanted == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("CLICOLOR_FORCE", "0") not in ("", "0"):
        return True
    return bool(stream.isatty()) and os.environ.get("TERM") != "dumb"


def _width() -> int:
    import shutil

    return shutil.get_terminal_size().columns
